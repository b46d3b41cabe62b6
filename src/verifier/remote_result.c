/* SPDX-License-Identifier: Apache-2.0 */
/* The Result of a remote Verifier: by whose keys it verifies, and that it is of now. */
#include "base/span.h"
#include "json/base64.h"
#include "result/ear_form.h"
#include "verifier/remote_internal.h"
#include "verifier/result_keys.h"
#include "verifier/trust.h"

#include <stdlib.h>

static const char step[] = "Verifier";
static const struct atls_bytes whole = {NULL, 0};

static struct atls_result_request terms_of(const struct verifier_reading *reading,
                                           const char *issuer)
{
    const struct atls_verify_request *request = reading->request;
    const struct atls_result_request terms = {
        .crypto = request->crypto,
        .no_key =
            true, /* the Evidence is bound to the connection, and names the key where it can */
        .terms = {.now_s = request->now_s,
                  .max_age_s = request->max_result_age_s,
                  .nonce = reading->verifier->api->has_sessions ? request->expected_nonce : whole,
                  .issuer = reading->issuer.len != 0 ? issuer : NULL,
                  /* what of the rest is taken is the policy's to say */
                  .least = ATLS_TIER_WARNING,
                  .simulated = true},
    };
    return terms;
}

static enum atls_err verify_by(struct atls_ear_token **out, const struct verifier_reading *reading,
                               const struct atls_jwk_set *all, const char *issuer,
                               struct atls_diag *diag)
{
    const struct atls_result_request terms = terms_of(reading, issuer);
    return verifier_result_by(out, atls_result_verify, reading->token, &terms, all,
                              reading->request, diag);
}

/* is_about_keys: another key might verify it. */
static bool is_about_keys(enum atls_err err)
{
    return err == ATLS_ERR_RESULT_SIGNATURE || err == ATLS_ERR_ALGORITHM;
}

/* check_id: the document with the keys of a listed Verifier may say whose they are. */
static enum atls_err check_id(const struct verifier_keys *keys, const char *identity,
                              struct atls_diag *diag)
{
    if (identity == NULL || keys->id[0] == '\0' || strcmp(keys->id, identity) == 0) {
        return ATLS_OK;
    }
    atls_fail_texts(diag, ATLS_ERR_VERIFIER_IDENTITY, step, "verifier-id", NULL, identity);
    atls_diag_found_peer_text(diag, atls_bytes_text(keys->id));
    return ATLS_ERR_VERIFIER_IDENTITY;
}

/* listed_identity gives NULL for the Verifier that nobody listed. */
static const char *listed_identity(const struct atls_verifier *verifier, size_t at)
{
    return verifier->discovered ? NULL : verifier_trust_identity(verifier->trust, at);
}

/* verify_with takes a Result of the Verifier at a place, whose keys these are: one that names its
 * issuer is of the identity that is listed, or of that which discovery says. */
static enum atls_err verify_with(struct atls_ear_token **out,
                                 const struct verifier_reading *reading, size_t at,
                                 const struct verifier_keys *keys, struct atls_diag *diag)
{
    const struct atls_verifier *verifier = reading->verifier;
    const char *listed = listed_identity(verifier, at);
    const char *said = keys->id[0] != '\0' ? keys->id : NULL;
    const enum atls_err err = check_id(keys, listed, diag);
    return err == ATLS_OK
               ? verify_by(out, reading, &keys->set, listed != NULL ? listed : said, diag)
               : err;
}

static enum atls_err verify_at(struct atls_ear_token **out, const struct verifier_reading *reading,
                               size_t at, struct atls_diag *diag)
{
    struct verifier_trust *trust = reading->verifier->trust;
    enum atls_err err = ATLS_ERR_RESULT_SIGNATURE;
    for (int renew = 0; renew <= 1 && is_about_keys(err); renew++) {
        struct verifier_keys *keys = NULL;
        struct atls_diag why = {.err = ATLS_OK};
        const enum atls_err taken =
            verifier_trust_take(&keys, trust, at, renew != 0, reading->line, &why);
        if (taken != ATLS_OK && renew == 0) {
            *diag = why;
            return taken;
        }
        if (keys == NULL) { /* no newer ones to be had: it stays at what was found before */
            break;
        }
        err = verify_with(out, reading, at, keys, diag);
        verifier_keys_release(keys);
    }
    return err;
}

static enum atls_err read_result(struct atls_ear_token **out, struct verifier_reading *reading,
                                 struct atls_diag *diag)
{
    struct verifier_trust *trust = reading->verifier->trust;
    ATLS_AUTO(atls_ear_token_cleanup) struct atls_ear_token *claimed = NULL;
    size_t at = 0;
    enum atls_err err = atls_ear_open_unverified(&claimed, reading->token, diag);
    if (err != ATLS_OK) {
        return err;
    }
    reading->issuer = atls_ear_token_get(claimed)->issuer;
    /* Trustee calls itself by a name, which is nobody's identity: then it is the key that counts.
     */
    if (!reading->verifier->api->has_sessions && !verifier_names_identity(reading->issuer)) {
        reading->issuer = whole;
    }
    if (reading->issuer.len != 0 && !reading->verifier->discovered) {
        if (verifier_trust_find(trust, reading->issuer, &at)) {
            return verify_at(out, reading, at, diag);
        }
        err = atls_ear_refuse(diag, whole, "iss", NULL, "a Verifier of --trust-verifier");
        atls_diag_found_peer_text(diag, reading->issuer);
        return err;
    }
    err = ATLS_ERR_RESULT_SIGNATURE;
    for (at = 0; at < verifier_trust_count(trust) && is_about_keys(err); at++) {
        err = verify_at(out, reading, at, diag);
    }
    return err;
}

enum atls_err verifier_read_result(struct atls_ear_token **out, struct verifier_reading *reading,
                                   struct atls_diag *diag)
{
    uint8_t *storage = NULL;
    const struct atls_bytes text = reading->token;
    enum atls_err err = verifier_result_octets(&reading->token, &storage, text, diag);
    if (err == ATLS_OK) {
        err = read_result(out, reading, diag);
    }
    reading->token = text;
    free(storage);
    return err;
}

enum atls_err verifier_result_octets(struct atls_bytes *out, uint8_t **storage,
                                     struct atls_bytes text, struct atls_diag *diag)
{
    size_t len = text.len;
    *storage = NULL;
    *out = text;
    if (text.len == 0 || memchr(text.data, '.', text.len) != NULL) {
        return ATLS_OK;
    }
    uint8_t *octets = malloc(len);
    if (octets == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    const struct atls_buf room = {octets, len};
    if (!atls_base64url_decode(text, room, &len)) {
        free(octets);
        return ATLS_OK; /* neither: it is refused as what it is */
    }
    *storage = octets;
    *out = atls_bytes_of(octets, len);
    return ATLS_OK;
}

enum atls_err verifier_fetch_first(struct atls_verifier *verifier, const struct verifier_line *line,
                                   struct atls_diag *diag)
{
    struct verifier_keys *keys = NULL;
    if (verifier_trust_count(verifier->trust) != 1) {
        return ATLS_OK;
    }
    enum atls_err err = verifier_trust_take(&keys, verifier->trust, 0, false, line, diag);
    if (err == ATLS_OK) {
        err = check_id(keys, listed_identity(verifier, 0), diag);
        verifier_keys_release(keys);
    }
    return err;
}
