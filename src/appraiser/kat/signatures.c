/* SPDX-License-Identifier: Apache-2.0 */
/* Who vouches for what: the platform for the kak, and the kak for the kat. */
#include "appraiser/kat/unverified.h"

#include "appraiser/input.h"
#include "base/diag.h"
#include "base/span.h"

#include <stdlib.h>

void atls_kat_verified_free(struct atls_kat_verified *verified)
{
    if (verified != NULL) {
        free(verified->submod.claims_json);
        free(verified);
    }
}

void atls_kat_verified_cleanup(struct atls_kat_verified **verified)
{
    atls_kat_verified_free(*verified);
}

/*
 * check_pat: the draft has the nonce of the pat as a hash of kak-pub as received, and its examples
 * as SHA-256; a format that takes more octets pads it with zeros, as it does a binder. It is
 * compared whatever the caller says of the bundle's own nonce: it is not about time, but about
 * which kak the platform vouches for.
 */
static enum atls_err check_pat(struct atls_kat_verified *verified,
                               const struct atls_kat_parsed *parsed,
                               const struct atls_appraisal_input *input, enum atls_kat_pat how,
                               struct atls_diag *diag)
{
    struct atls_digest link;
    struct atls_diag why = {.err = ATLS_OK};
    enum atls_err err = input->crypto->hash(ATLS_ALG_SHA256, parsed->bundle.kak_octets, &link);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, ATLS_STEP_CLAIMS, "kak-pub");
    }
    struct atls_appraisal_input pat = *input;
    pat.evidence = parsed->bundle.pat.value;
    pat.media_type = parsed->bundle.pat.media_type; /* empty when by content format */
    pat.expected_nonce = atls_digest_bytes(&link);
    pat.no_nonce = false;
    pat.tls_spki = atls_bytes_of(NULL, 0); /* which key is for the kat to say */
    err = how == ATLS_KAT_APPRAISE_PAT
              ? parsed->pat_ops->appraise(&verified->submod, &pat, &why)
              : parsed->pat_ops->read_unverified(&verified->submod, &pat, &why);
    if (err == ATLS_ERR_FRESHNESS) {
        return atls_fail_texts(diag, ATLS_ERR_CLAIM, ATLS_STEP_CLAIMS, why.claim,
                               "of the pat: another value",
                               "SHA-256 of kak-pub, both being of one bundle");
    }
    if (err != ATLS_OK && diag != NULL) {
        *diag = why;
    }
    return err;
}

static enum atls_err verify(struct atls_kat_verified *verified,
                            const struct atls_kat_parsed *parsed,
                            const struct atls_appraisal_input *input, enum atls_kat_pat how,
                            struct atls_diag *diag)
{
    const struct atls_bytes none = {NULL, 0};
    uint8_t spki[ATLS_MAX_SPKI_LEN];
    size_t spki_len = 0;
    enum atls_err err = check_pat(verified, parsed, input, how, diag);
    if (err != ATLS_OK) {
        return err;
    }
    err = atls_cose_sign1_verify(input->crypto, parsed->kak, &parsed->bundle.kat, none, none,
                                 ATLS_STEP_SIGNATURE, diag);
    if (err != ATLS_OK) {
        atls_diag_expected_text(diag, "one of the kat by the key of its own kak-pub");
        return err;
    }
    err = atls_key_spki(parsed->kak, (struct atls_buf){spki, sizeof spki}, &spki_len);
    if (err == ATLS_OK) {
        err = input->crypto->hash(ATLS_ALG_SHA256, atls_bytes_of(spki, spki_len),
                                  &verified->kak_spki_sha256);
    }
    if (err != ATLS_OK) {
        return atls_fail(diag, err, ATLS_STEP_SIGNATURE, "kak-pub");
    }
    verified->claims = parsed->bundle.claims;
    verified->kak_octets = parsed->bundle.kak_octets;
    return ATLS_OK;
}

enum atls_err atls_kat_verify(struct atls_kat_verified **out, const struct atls_kat_parsed *parsed,
                              const struct atls_appraisal_input *input, enum atls_kat_pat how,
                              struct atls_diag *diag)
{
    struct atls_kat_verified *verified = calloc(1, sizeof *verified);
    if (verified == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_STEP_SIGNATURE, "KAT bundle");
    }
    const enum atls_err err = verify(verified, parsed, input, how, diag);
    if (err != ATLS_OK) {
        atls_kat_verified_free(verified);
        return err;
    }
    *out = verified;
    return ATLS_OK;
}
