/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reference values out of a quote of TDX or SGX: all that is measured, and what whoever started it
 * said of it, where that is not zero: the appraiser wants a reference value for it then.
 */
#include "endorsement/corim_claims.h"

#include "base/span.h"
#include "json/references.h"

#define MR_LEN 48 /* of a trust domain */

/* A claim, and the key of its measurement. */
struct row {
    const char *claim;
    const char *key;
    size_t len;
};

static enum atls_err read_named(struct atls_named_value *out, struct atls_corim_octets *octets,
                                const json_t *claims, const struct row *rows, size_t num_rows,
                                struct atls_diag *diag)
{
    for (size_t i = 0; i < num_rows; i++) {
        const enum atls_err err =
            atls_corim_read_octets(&octets[i], claims, rows[i].claim, rows[i].len, diag);
        if (err != ATLS_OK) {
            return err;
        }
        out[i] = (struct atls_named_value){rows[i].key, atls_corim_octets(&octets[i])};
    }
    return ATLS_OK;
}

enum atls_err atls_corim_from_td(json_t **out, const json_t *claims, struct atls_diag *diag)
{
    /* measured first; then what is only said; mr_servicetd has been there since TD 1.5 */
    static const struct row rows[] = {
        {"mr_td", "", MR_LEN},
        {"rtmr0", "", MR_LEN},
        {"rtmr1", "", MR_LEN},
        {"rtmr2", "", MR_LEN},
        {"rtmr3", "", MR_LEN},
        {"td_attributes", "", 8},
        {"mr_config_id", "mr_config_id", MR_LEN},
        {"mr_owner", "mr_owner", MR_LEN},
        {"mr_owner_config", "mr_owner_config", MR_LEN},
        {"mr_servicetd", "mr_servicetd", MR_LEN},
    };
    enum { NUM = ATLS_ARRAY_LEN(rows), FIRST_NAMED = 6 };
    struct atls_corim_octets octets[NUM];
    struct atls_named_value values[NUM];
    const bool is_1_5 = json_object_get(claims, "mr_servicetd") != NULL;
    const size_t num = is_1_5 ? NUM : NUM - 1;
    const enum atls_err err = read_named(values, octets, claims, rows, num, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_td_references td = {
        .mr_td = values[0].value,
        .rtmr = {values[1].value, values[2].value, values[3].value, values[4].value},
        .attributes = values[5].value,
        .named = &values[FIRST_NAMED],
        .num_named = num - FIRST_NAMED,
    };
    *out = atls_references_td(&td);
    return ATLS_OK;
}

enum atls_err atls_corim_from_enclave(json_t **out, const json_t *claims, struct atls_diag *diag)
{
    static const struct row rows[] = {
        {"mr_enclave", "", 32},
        {"mr_signer", "", 32},
        {"attributes", "", 16},
        {"config_id", "config_id", 64},
        {"isv_family_id", "family_id", 16},
        {"isv_ext_prod_id", "ext_prod_id", 16},
    };
    static const char *const numbers[] = {"isv_prod_id", "isv_svn", "config_svn"};
    enum { NUM = ATLS_ARRAY_LEN(rows), FIRST_NAMED = 3 };
    struct atls_corim_octets octets[NUM];
    struct atls_named_value values[NUM];
    uint64_t number[ATLS_ARRAY_LEN(numbers)] = {0};
    enum atls_err err = read_named(values, octets, claims, rows, NUM, diag);
    for (size_t i = 0; err == ATLS_OK && i < ATLS_ARRAY_LEN(numbers); i++) {
        err = atls_corim_read_number(&number[i], claims, numbers[i], UINT16_MAX, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_enclave_references enclave = {
        .mr_enclave = values[0].value,
        .mr_signer = values[1].value,
        .attributes = values[2].value,
        .prod_id = (uint16_t)number[0],
        .svn = (uint16_t)number[1],
        .config_svn = (uint16_t)number[2],
        .named = &values[FIRST_NAMED],
        .num_named = NUM - FIRST_NAMED,
    };
    *out = atls_references_enclave(&enclave);
    return ATLS_OK;
}
