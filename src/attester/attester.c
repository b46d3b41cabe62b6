/* SPDX-License-Identifier: Apache-2.0 */
/* The table of an attester checked once, and the nonce rule that keeps its two uses apart. */
#include "attester/attester.h"

#include "attester/ways.h"
#include "base/span.h"

#include <stdlib.h>

static const char step[] = "attester";
static const char nonce_step[] = "attester nonce";

static enum atls_err refuse_table(const char *claim, const char *found, const char *expected,
                                  struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, claim, found, expected);
}

static enum atls_err refuse_number(const char *claim, int64_t found, int64_t expected,
                                   struct atls_diag *diag)
{
    atls_fail(diag, ATLS_ERR_ARGUMENT, step, claim);
    atls_diag_found_int(diag, found);
    atls_diag_expected_int(diag, expected);
    return ATLS_ERR_ARGUMENT;
}

static bool is_text(const char *text)
{
    return text != NULL && text[0] != '\0';
}

enum atls_err atls_attester_check(const struct atls_attester_ops *ops, struct atls_diag *diag)
{
    static const char wanted[] = "every entry: nothing to do is a function too";
    if (ops == NULL) {
        return refuse_table("table", "none", "a table of operations", diag);
    }
    /* The abi comes first: of a table of another one nothing else can be read. */
    if (ops->abi != ATLS_ATTESTER_ABI) {
        return refuse_number("abi", ops->abi, ATLS_ATTESTER_ABI, diag);
    }
    if (ops->size != sizeof *ops) {
        return refuse_number("size", ops->size, (int64_t)sizeof *ops, diag);
    }
    if (!is_text(ops->name) || !is_text(ops->format)) {
        return refuse_table("name and format", "an empty one", "both", diag);
    }
    if (ops->padded_len != 0 && ops->padded_len != ATLS_MAX_NONCE_LEN) {
        return refuse_number("padded_len", (int64_t)ops->padded_len, ATLS_MAX_NONCE_LEN, diag);
    }
    const struct {
        const char *name;
        bool present;
    } entries[] = {
        {"open", ops->open != NULL},           {"close", ops->close != NULL},
        {"max_nonce", ops->max_nonce != NULL}, {"attest", ops->attest != NULL},
        {"load_key", ops->load_key != NULL},   {"provision", ops->provision != NULL},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(entries); i++) {
        if (!entries[i].present) {
            return refuse_table(entries[i].name, "none", wanted, diag);
        }
    }
    return ATLS_OK;
}

static enum atls_err refuse_nonce(size_t found, const char *expected, struct atls_diag *diag)
{
    atls_fail_texts(diag, ATLS_ERR_NONCE_LENGTH, nonce_step, "nonce", NULL, expected);
    atls_diag_found_int(diag, (int64_t)found);
    atls_diag_found_text(diag, " octets");
    return ATLS_ERR_NONCE_LENGTH;
}

/* attest asks for Evidence over a nonce that fits; nothing is truncated or hashed to fit. */
enum atls_err attester_attest(const struct atls_attester_ops *ops, struct atls_attester *attester,
                              struct atls_bytes nonce, struct atls_bytes spki, uint32_t timeout_ms,
                              struct atls_buf out, size_t *out_len, struct atls_diag *diag)
{
    const size_t max = ops->max_nonce(attester);
    if (nonce.len > max) {
        refuse_nonce(nonce.len, "at most ", diag);
        atls_diag_expected_int(diag, (int64_t)max);
        atls_diag_expected_text(diag, ", which is what ");
        atls_diag_expected_text(diag, ops->name);
        atls_diag_expected_text(diag, " can bind");
        return ATLS_ERR_NONCE_LENGTH;
    }
    const struct atls_attest_request request = {nonce, spki, timeout_ms};
    size_t len = 0;
    enum atls_err err = ops->attest(attester, out, &len, &request, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (len == 0 || len > out.cap) {
        return atls_fail_texts(diag, ATLS_ERR_ATTESTER, step, "Evidence", "a length that cannot be",
                               "octets that fit the buffer");
    }
    *out_len = len;
    return ATLS_OK;
}

enum atls_err
atls_attester_for_handshake(const struct atls_attester_ops *ops, struct atls_attester *attester,
                            const struct atls_crypto_ops *crypto, atls_binder_function *binder,
                            int32_t hash_alg, const struct atls_digest *transcript_hash,
                            struct atls_bytes spki, uint32_t timeout_ms, struct atls_buf out,
                            size_t *out_len, struct atls_diag *diag)
{
    enum atls_err err = atls_attester_check(ops, diag);
    if (err != ATLS_OK) {
        return err;
    }
    /* the binder is made here, of the transcript and our own key; nobody hands one in. */
    struct atls_digest nonce = {{0}, 0};
    err = binder(crypto, hash_alg, transcript_hash, spki, &nonce, diag);
    if (err != ATLS_OK) {
        return err;
    }
    return attester_attest(ops, attester, atls_digest_bytes(&nonce), spki, timeout_ms, out, out_len,
                           diag);
}

/* ends_padded is true for 64 octets that end as a binder does, which has 48 at most, when it is
 * padded with zeros; a shorter nonce is seen as it would be padded. */
static bool ends_padded(struct atls_bytes nonce)
{
    return nonce.len <= ATLS_MAX_BINDER_LEN ||
           atls_is_zero(
               atls_bytes_of(&nonce.data[ATLS_MAX_BINDER_LEN], nonce.len - ATLS_MAX_BINDER_LEN));
}

/*
 * attester_check_outside_nonce refuses what a handshake would take for its binder: 32
 * and 48 octets, which are Hash.length of the suites, and 64 octets that end as one of those does
 * when it is padded with zeros. Where the attester pads by itself, a shorter nonce would become
 * such: 33 octets that end in a zero are a padded binder of 32, and 31 are one in 256 of them.
 */
enum atls_err attester_check_outside_nonce(struct atls_bytes nonce, size_t padded_len,
                                           struct atls_diag *diag)
{
    if (nonce.len == 0 || nonce.len > ATLS_MAX_NONCE_LEN) {
        return refuse_nonce(nonce.len, "1 to 64 octets", diag);
    }
    if (nonce.len == 32 || nonce.len == 48) {
        return refuse_nonce(nonce.len, "another length: a handshake takes this one for its binder",
                            diag);
    }
    if ((nonce.len == 64 || padded_len != 0) && ends_padded(nonce)) {
        refuse_nonce(nonce.len, "64 octets that a handshake cannot take for a padded binder", diag);
        atls_diag_found_text(diag, nonce.len == 64 ? " that end in 16 zero octets"
                                                   : " that are padded to end in 16 zero octets");
        return ATLS_ERR_NONCE_LENGTH;
    }
    return ATLS_OK;
}

enum atls_err atls_attester_for_nonce(const struct atls_attester_ops *ops,
                                      struct atls_attester *attester, struct atls_bytes nonce,
                                      struct atls_bytes spki, uint32_t timeout_ms,
                                      struct atls_buf out, size_t *out_len, struct atls_diag *diag)
{
    enum atls_err err = atls_attester_check(ops, diag);
    if (err == ATLS_OK) {
        err = attester_check_outside_nonce(nonce, ops->padded_len, diag);
    }
    return err == ATLS_OK
               ? attester_attest(ops, attester, nonce, spki, timeout_ms, out, out_len, diag)
               : err;
}

/* wipe_text: a configuration or a key may be in it. */
static void wipe_text(char *text)
{
    if (text != NULL) {
        atls_wipe(text, strlen(text));
        free(text);
    }
}

void atls_provision_cleanup(struct atls_provision *provision)
{
    if (provision == NULL) {
        return;
    }
    wipe_text(provision->config_json);
    wipe_text(provision->key_pem);
    wipe_text(provision->comid_json);
    wipe_text(provision->collateral_json);
    memset(provision, 0, sizeof *provision);
}
