/* SPDX-License-Identifier: Apache-2.0 */
#include "store/check.h"

#include "base/utf8.h"

enum atls_err store_check_size(uint64_t found, uint64_t min, uint64_t max, const char *claim,
                               struct atls_diag *diag)
{
    if (found >= min && found <= max) {
        return ATLS_OK;
    }
    atls_fail(diag, ATLS_ERR_ARGUMENT, "store", claim);
    atls_diag_found_int(diag, found > INT64_MAX ? INT64_MAX : (int64_t)found);
    atls_diag_expected_int(diag, (int64_t)min);
    atls_diag_expected_text(diag, " to ");
    atls_diag_expected_int(diag, (int64_t)max);
    return ATLS_ERR_ARGUMENT;
}

static bool is_id_character(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

enum atls_err store_check_id(const char *id, struct atls_diag *diag)
{
    const size_t len = strnlen(id, VERIFIER_MAX_ID_LEN + 1);
    const enum atls_err err =
        store_check_size(len, 1, VERIFIER_MAX_ID_LEN, "octets of the id", diag);
    for (size_t i = 0; err == ATLS_OK && i < len; i++) {
        if (!is_id_character(id[i])) {
            /* what is shown of it is no secret: no id has this character */
            atls_fail(diag, ATLS_ERR_ARGUMENT, "store", "id");
            atls_diag_found_peer_text(diag, atls_bytes_of(&id[i], 1));
            atls_diag_expected_text(diag, "letters, digits, \"-\" and \"_\"");
            return ATLS_ERR_ARGUMENT;
        }
    }
    return err;
}

enum atls_err store_check_text(const char *text, size_t min, size_t max, const char *claim,
                               struct atls_diag *diag)
{
    const size_t len = strnlen(text, max + 1);
    const enum atls_err err = store_check_size(len, min, max, claim, diag);
    if (err != ATLS_OK) {
        return err;
    }
    bool is_clean = atls_utf8_is_valid(atls_bytes_of(text, len));
    for (size_t i = 0; is_clean && i < len; i++) {
        is_clean = (unsigned char)text[i] >= 0x20 && text[i] != 0x7f;
    }
    if (!is_clean) {
        atls_fail(diag, ATLS_ERR_ARGUMENT, "store", claim);
        atls_diag_found_peer_text(diag, atls_bytes_of(text, len));
        atls_diag_expected_text(diag, "UTF-8 without control characters");
        return ATLS_ERR_ARGUMENT;
    }
    return ATLS_OK;
}

enum atls_err store_check_period(int64_t period_ms, const char *claim, struct atls_diag *diag)
{
    return store_check_size(period_ms < 0 ? 0 : (uint64_t)period_ms, 1, VERIFIER_MAX_PERIOD_MS,
                            claim, diag);
}

enum atls_err store_damaged(struct atls_diag *diag, const char *claim)
{
    return atls_fail_texts(diag, ATLS_ERR_STORE, "store", claim, "a row that atls did not write",
                           NULL);
}

bool store_copy_text(char *out, size_t cap, const struct store_value *value)
{
    if (value->type != STORE_TEXT || value->octets.len >= cap) {
        return false;
    }
    if (value->octets.len != 0) {
        memcpy(out, value->octets.data, value->octets.len);
    }
    out[value->octets.len] = '\0';
    return true;
}
