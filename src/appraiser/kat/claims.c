/* SPDX-License-Identifier: Apache-2.0 */
/* What the kat says, once its signature holds: the nonce of the exchange, and whose bundle it is.
 */
#include "appraiser/kat/unverified.h"

#include "appraiser/input.h"
#include "appraiser/outcome.h"
#include "base/diag.h"
#include "base/formats.h"
#include "base/span.h"

/* The row says where its nonce is. */
static const char *nonce_field(void)
{
    return atls_format_by_name(atls_bytes_text("kat"))->binder_field;
}

/* take_key puts the key of cnf into the submod, as SubjectPublicKeyInfo. */
static enum atls_err take_key(struct atls_submod *submod, const struct atls_cose_key *identity,
                              const struct atls_crypto_ops *crypto, struct atls_diag *diag)
{
    ATLS_AUTO(atls_key_cleanup) struct atls_key *key = NULL;
    const struct atls_buf room = {submod->attested_spki, sizeof submod->attested_spki};
    enum atls_err err = atls_evidence_recode(atls_key_from_cose(&key, identity, diag), diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (atls_key_spki(key, room, &submod->attested_spki_len) != ATLS_OK) {
        return atls_fail_texts(diag, ATLS_ERR_ALGORITHM, ATLS_STEP_KEY_BINDING, "cnf",
                               "a key that is too long", "RSA of 4096 bits at most");
    }
    err = crypto->hash(ATLS_ALG_SHA256,
                       atls_bytes_of(submod->attested_spki, submod->attested_spki_len),
                       &submod->attested_key);
    return err == ATLS_OK ? ATLS_OK : atls_fail(diag, err, ATLS_STEP_KEY_BINDING, "cnf");
}

/* check_key: R-03, compared as SubjectPublicKeyInfo. */
static enum atls_err check_key(const struct atls_submod *submod,
                               const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    const struct atls_bytes named = atls_bytes_of(submod->attested_spki, submod->attested_spki_len);
    struct atls_digest tls;
    if (input->tls_spki.len == 0 || atls_bytes_equal(named, input->tls_spki)) {
        return ATLS_OK;
    }
    atls_fail_texts(diag, ATLS_ERR_KEY_BINDING, ATLS_STEP_KEY_BINDING, "cnf", "a key with SHA-256 ",
                    "the TLS key, ");
    atls_diag_found_bytes(diag, atls_digest_bytes(&submod->attested_key));
    if (input->crypto->hash(ATLS_ALG_SHA256, input->tls_spki, &tls) == ATLS_OK) {
        atls_diag_expected_bytes(diag, atls_digest_bytes(&tls));
    }
    return ATLS_ERR_KEY_BINDING;
}

static enum atls_err read_kat(struct atls_kat_claims *out, struct atls_kat_verified *verified,
                              const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    enum atls_err err =
        atls_evidence_recode(atls_kat_claims_parse(out, &verified->claims, diag), diag);
    if (err == ATLS_OK) {
        err = atls_input_compare_nonce(input, out->nonce, nonce_field(), diag);
    }
    if (err == ATLS_OK) {
        err = take_key(&verified->submod, &out->identity, input->crypto, diag);
    }
    return err == ATLS_OK ? check_key(&verified->submod, input, diag) : err;
}

/*
 * describe: the pat is as old as the kak, and only the kat is of now. That the key belongs to the
 * machine, the attested software says, by a kak that is its own: "challenge", and no more.
 */
static void describe(struct atls_submod *submod, const struct atls_kat_verified *verified,
                     const struct atls_appraisal_input *input)
{
    submod->fresh = !input->no_nonce;
    submod->key_binding = ATLS_KEY_BINDING_CHALLENGE;
    atls_identities_add(&submod->identities, ATLS_REVOKED_SPKI, "key attestation key",
                        atls_digest_bytes(&verified->kak_spki_sha256));
    atls_identities_add(&submod->identities, ATLS_REVOKED_SPKI, "attested key",
                        atls_digest_bytes(&submod->attested_key));
    if (input->no_nonce) {
        atls_outcome_not_fresh(submod, nonce_field());
        /* Of two warnings, the simulation is the one that a policy may set aside. */
        if (submod->reason.err == ATLS_ERR_SIMULATED) {
            submod->reason_what = NULL;
            atls_fail_texts(&submod->reason, ATLS_ERR_FRESHNESS, ATLS_STEP_FRESHNESS, nonce_field(),
                            "no nonce to compare it", "a nonce");
        }
    }
}

enum atls_err atls_kat_take(struct atls_submod *out, struct atls_kat_verified *verified,
                            const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    struct atls_kat_claims claims;
    struct atls_submod *submod = &verified->submod;
    enum atls_err err = read_kat(&claims, verified, input, diag);
    if (err == ATLS_OK && input->want_claims && submod->claims_json != NULL) {
        err = atls_kat_claims_json(&submod->claims_json, &claims, verified->kak_octets,
                                   atls_bytes_of(submod->attested_spki, submod->attested_spki_len),
                                   diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    describe(submod, verified, input);
    *out = *submod;
    submod->claims_json = NULL; /* handed over */
    return ATLS_OK;
}
