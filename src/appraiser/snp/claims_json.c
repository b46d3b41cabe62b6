/* SPDX-License-Identifier: Apache-2.0 */
/* Verified claims of an SNP report under the names of its fields; octets as hex, numbers of 64 bits
 * too, as they are read: most significant digit first. */
#include "appraiser/snp/snp.h"

#include "appraiser/claims_text.h"
#include "appraiser/endorsed.h"
#include "base/span.h"

#include <inttypes.h>
#include <stdio.h>

static void put_bits(struct atls_claims_text *text, const char *name, uint64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "0x%" PRIx64, value);
    atls_claims_put_text(text, name, atls_bytes_text(digits));
}

static void put_version(struct atls_claims_text *text, const char *name, const uint8_t version[3])
{
    char digits[16];
    snprintf(digits, sizeof digits, "%u.%u.%u", version[0], version[1], version[2]);
    atls_claims_put_text(text, name, atls_bytes_text(digits));
}

static void put_tcb(struct atls_claims_text *text, const char *name, struct atls_bytes octets,
                    const struct atls_snp_product *product)
{
    const struct atls_amd_tcb tcb = atls_snp_tcb_of(octets, product);
    atls_claims_open_object(text, name);
    atls_claims_put_hex(text, "octets", octets);
    if (tcb.has_fmc) {
        atls_claims_put_int(text, "fmc", tcb.fmc);
    }
    atls_claims_put_int(text, "bootloader", tcb.bootloader);
    atls_claims_put_int(text, "tee", tcb.tee);
    atls_claims_put_int(text, "snp", tcb.snp);
    atls_claims_put_int(text, "microcode", tcb.microcode);
    atls_claims_close_object(text);
}

static void put_guest(struct atls_claims_text *text, const struct atls_snp_report *r)
{
    atls_claims_put_int(text, "version", r->version);
    atls_claims_put_int(text, "guest_svn", r->guest_svn);
    put_bits(text, "policy", r->policy);
    atls_claims_put_hex(text, "family_id", r->family_id);
    atls_claims_put_hex(text, "image_id", r->image_id);
    atls_claims_put_int(text, "vmpl", r->vmpl);
    put_bits(text, "platform_info", r->platform_info);
    atls_claims_put_bool(text, "author_key_en", r->author_key_en);
    atls_claims_put_bool(text, "mask_chip_key", r->mask_chip_key);
    atls_claims_put_hex(text, "report_data", r->report_data);
    atls_claims_put_hex(text, "measurement", r->measurement);
    atls_claims_put_hex(text, "host_data", r->host_data);
    atls_claims_put_hex(text, "id_key_digest", r->id_key_digest);
    atls_claims_put_hex(text, "author_key_digest", r->author_key_digest);
    atls_claims_put_hex(text, "report_id", r->report_id);
    atls_claims_put_hex(text, "report_id_ma", r->report_id_ma);
    atls_claims_put_hex(text, "chip_id", r->chip_id);
}

static void put_platform(struct atls_claims_text *text, const struct atls_snp_verified *verified)
{
    const struct atls_snp_report *r = atls_snp_report(verified);
    const struct atls_snp_product *product = atls_snp_product(verified);
    const struct atls_amd_cert *cert = atls_snp_cert(verified);
    atls_claims_put_text(text, "product", atls_bytes_text(product->name));
    atls_claims_put_text(text, "signing_key",
                         atls_bytes_text(cert->kind == ATLS_AMD_VCEK ? "VCEK" : "VLEK"));
    if (cert->kind == ATLS_AMD_VLEK) {
        atls_claims_put_text(text, "csp_id", atls_bytes_text(cert->csp));
    }
    put_tcb(text, "current_tcb", r->current_tcb, product);
    put_tcb(text, "reported_tcb", r->reported_tcb, product);
    put_tcb(text, "committed_tcb", r->committed_tcb, product);
    put_tcb(text, "launch_tcb", r->launch_tcb, product);
    put_version(text, "current_version", r->current_version);
    put_version(text, "committed_version", r->committed_version);
    if (r->version >= 5) {
        put_bits(text, "launch_mit_vector", r->launch_mit_vector);
        put_bits(text, "current_mit_vector", r->current_mit_vector);
    }
}

enum atls_err atls_snp_claims_json(char **out, const struct atls_snp_verified *verified,
                                   const struct atls_additions *endorsed, struct atls_diag *diag)
{
    ATLS_AUTO(atls_claims_text_cleanup) struct atls_claims_text text = atls_claims_text_new();
    put_guest(&text, atls_snp_report(verified));
    put_platform(&text, verified);
    atls_endorsed_put(&text, endorsed);
    return atls_claims_text_finish(out, &text, diag);
}
