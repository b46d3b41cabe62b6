/* SPDX-License-Identifier: Apache-2.0 */
#include "json/ear_key.h"

#include "base/span.h"
#include "codec/cose.h"
#include "crypto/key.h"
#include "json/jwk.h"
#include "result/ear_form.h"

/* A COSE_Key of RSA-16384, the largest there is, with its heads. */
#define MAX_COSE_KEY_LEN (ATLS_MAX_RSA_BITS / 8 + 32)

static enum atls_err refuse(struct atls_diag *diag, const char *claim, const char *found)
{
    return atls_fail_texts(diag, ATLS_ERR_KEY_BINDING, ATLS_EAR_STEP, claim, found,
                           "the key of this connection");
}

enum atls_err atls_cose_key_thumbprint(struct atls_digest *out,
                                       const struct atls_crypto_ops *crypto,
                                       const struct atls_key *key, struct atls_diag *diag)
{
    uint8_t room[MAX_COSE_KEY_LEN];
    const struct atls_buf buf = {room, sizeof room};
    struct atls_writer w = atls_writer_of(buf);
    struct atls_cose_key parts;
    size_t len = 0;
    atls_key_to_cose(key, &parts);
    atls_cose_key_put(&w, &parts);
    if (!atls_writer_finish(&w, &len)) {
        return atls_fail(diag, ATLS_ERR_BUFFER, ATLS_EAR_STEP, "COSE_Key");
    }
    const enum atls_err err = crypto->hash(ATLS_ALG_SHA256, atls_bytes_of(room, len), out);
    return err == ATLS_OK ? ATLS_OK : atls_fail(diag, err, ATLS_EAR_STEP, "ckt");
}

static enum atls_err check_akpub(const struct atls_ear *ear, struct atls_bytes spki, size_t *named,
                                 struct atls_diag *diag)
{
    for (size_t i = 0; i < ear->num_submods; i++) {
        const struct atls_bytes akpub = ear->submods[i].akpub;
        if (akpub.len == 0) {
            continue;
        }
        if (!atls_bytes_equal(akpub, spki)) {
            return refuse(diag, "ear_veraison_key_attestation", "another key");
        }
        ++*named;
    }
    return ATLS_OK;
}

static enum atls_err check_cnf_key(const struct atls_ear_cnf *cnf, const struct atls_key *peer,
                                   size_t *named, struct atls_diag *diag)
{
    struct atls_key *key = NULL;
    if (!cnf->has_key) {
        return ATLS_OK;
    }
    if (atls_key_from_cose(&key, &cnf->key, NULL) != ATLS_OK) {
        return refuse(diag, "cnf", "no key that can be used");
    }
    const bool equal = atls_key_equal(key, peer);
    atls_key_free(key);
    if (!equal) {
        return refuse(diag, "cnf", "another key");
    }
    ++*named;
    return ATLS_OK;
}

static enum atls_err check_thumbprints(const struct atls_ear_cnf *cnf,
                                       const struct atls_crypto_ops *crypto,
                                       const struct atls_key *peer, size_t *named,
                                       struct atls_diag *diag)
{
    struct atls_digest ckt;
    struct atls_digest jkt;
    enum atls_err err = atls_cose_key_thumbprint(&ckt, crypto, peer, diag);
    if (err == ATLS_OK) {
        err = atls_jwk_thumbprint(&jkt, crypto, peer, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    if (cnf->ckt.len != 0 && !atls_bytes_equal(cnf->ckt, atls_digest_bytes(&ckt))) {
        return refuse(diag, "cnf ckt", "the thumbprint of another key");
    }
    if (cnf->jkt.len != 0 && !atls_bytes_equal(cnf->jkt, atls_digest_bytes(&jkt))) {
        return refuse(diag, "cnf jkt", "the thumbprint of another key");
    }
    *named += (cnf->ckt.len != 0 ? 1u : 0u) + (cnf->jkt.len != 0 ? 1u : 0u);
    return ATLS_OK;
}

/* runtime_key_of gives the "tee-pubkey" of a submod; NULL: none. Trustee alone is known to have
 * compared a hash of it with the Evidence: in the claims of others it would be the peer's word. */
static const json_t *runtime_key_of(const struct atls_ear *ear,
                                    const struct atls_ear_submod *submod)
{
    const json_t *claims = submod->attester_claims.json;
    return ear->profile == ATLS_EAR_TRUSTEE
               ? json_object_get(json_object_get(claims, "runtime_data_claims"), "tee-pubkey")
               : NULL;
}

bool atls_ear_names_runtime_key(const struct atls_ear *ear, const struct atls_ear_submod *submod)
{
    return runtime_key_of(ear, submod) != NULL;
}

/* is_jwk_of compares the members that make the key, and no others: "alg" there says what the key
 * broker would use it for. */
static bool is_jwk_of(const json_t *found, const json_t *expected)
{
    const char *name = NULL;
    const json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)expected, name, value)
    {
        if (!json_equal(json_object_get(found, name), value)) {
            return false;
        }
    }
    return true;
}

static enum atls_err check_runtime_keys(const struct atls_ear *ear, struct atls_bytes spki,
                                        size_t *named, struct atls_diag *diag)
{
    static const char claim[] = "runtime_data_claims tee-pubkey";
    struct atls_key *peer = NULL;
    json_t *expected = NULL;
    enum atls_err err = ATLS_OK;
    for (size_t i = 0; err == ATLS_OK && i < ear->num_submods; i++) {
        const json_t *found = runtime_key_of(ear, &ear->submods[i]);
        if (found == NULL) {
            continue;
        }
        if (peer == NULL && atls_key_from_spki_der(&peer, spki, NULL) != ATLS_OK) {
            err = refuse(diag, claim, "a key, while that of this connection has no such form");
        }
        if (err == ATLS_OK && expected == NULL) {
            err = atls_key_to_bare_jwk(&expected, peer, diag);
        }
        if (err == ATLS_OK && !is_jwk_of(found, expected)) {
            err = refuse(diag, claim, "another key");
        }
        ++*named;
    }
    json_decref(expected);
    atls_key_free(peer);
    return err;
}

enum atls_err atls_ear_check_key(const struct atls_ear *ear, const struct atls_crypto_ops *crypto,
                                 struct atls_bytes spki, struct atls_diag *diag)
{
    struct atls_key *peer = NULL;
    size_t named = 0;
    enum atls_err err = check_akpub(ear, spki, &named, diag);
    const bool has_cnf = ear->cnf.has_key || ear->cnf.ckt.len != 0 || ear->cnf.jkt.len != 0;
    if (err == ATLS_OK && has_cnf && atls_key_from_spki_der(&peer, spki, NULL) != ATLS_OK) {
        err = refuse(diag, "cnf", "a key, while that of this connection has no such form");
    }
    if (err == ATLS_OK && has_cnf) {
        err = check_cnf_key(&ear->cnf, peer, &named, diag);
    }
    if (err == ATLS_OK && has_cnf) {
        err = check_thumbprints(&ear->cnf, crypto, peer, &named, diag);
    }
    atls_key_free(peer);
    if (err == ATLS_OK) {
        err = check_runtime_keys(ear, spki, &named, diag);
    }
    if (err == ATLS_OK && named == 0) {
        err = refuse(diag, "key attestation, cnf", "neither");
    }
    return err;
}
