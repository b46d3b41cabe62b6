/* SPDX-License-Identifier: Apache-2.0 */
/* Product lines: which processors are of which, and what their reports look like. */
#include "appraiser/snp/snp.h"

#include "appraiser/input.h"
#include "base/diag.h"
#include "base/span.h"

enum { MILAN, GENOA, TURIN };
static const struct atls_snp_product products[] = {
    [MILAN] = {"Milan", false, 64},
    [GENOA] = {"Genoa", false, 64}, /* Bergamo and Siena too */
    [TURIN] = {"Turin", true, 8},
};

/* CPUID Fn8000_0001 of the processors of a line: family with the extended one, models. */
static const struct {
    uint8_t family, first, last, product;
} processors[] = {
    {0x19, 0x00, 0x0f, MILAN},
    {0x19, 0x10, 0x1f, GENOA},
    {0x19, 0xa0, 0xaf, GENOA},
    {0x1a, 0x00, 0x11, TURIN},
};

const struct atls_snp_product *atls_snp_product_by_name(const char *name)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(products); i++) {
        if (atls_bytes_is_text(atls_bytes_text(name), products[i].name)) {
            return &products[i];
        }
    }
    return NULL;
}

enum atls_err atls_snp_report_product(const struct atls_snp_product **out,
                                      const struct atls_snp_report *report, struct atls_diag *diag)
{
    if (report->version < 3) {
        *out = NULL;
        return ATLS_OK;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(processors); i++) {
        if (report->family == processors[i].family && report->model >= processors[i].first &&
            report->model <= processors[i].last) {
            *out = &products[processors[i].product];
            return ATLS_OK;
        }
    }
    const uint8_t cpuid[] = {report->family, report->model};
    atls_fail_texts(diag, ATLS_ERR_CLAIM, ATLS_STEP_CLAIMS, "CPUID_FAM_ID and CPUID_MOD_ID", NULL,
                    "a processor of the lines Milan, Genoa or Turin");
    atls_diag_found_bytes(diag, atls_bytes_of(cpuid, sizeof cpuid));
    return ATLS_ERR_CLAIM;
}

struct atls_amd_tcb atls_snp_tcb_of(struct atls_bytes octets,
                                    const struct atls_snp_product *product)
{
    const uint8_t *o = octets.data;
    const struct atls_amd_tcb turin = {true, o[0], o[1], o[2], o[3], o[7], {0, o[4], o[5], o[6]}};
    const struct atls_amd_tcb other = {false, 0, o[0], o[1], o[6], o[7], {o[2], o[3], o[4], o[5]}};
    return product->has_fmc ? turin : other;
}
