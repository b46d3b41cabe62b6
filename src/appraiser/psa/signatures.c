/* SPDX-License-Identifier: Apache-2.0 */
/* The one signature of a PSA token, by the attestation key that an endorsement names. */
#include "appraiser/psa/psa.h"

#include "appraiser/input.h"
#include "appraiser/psa/unverified.h"
#include "base/diag.h"
#include "base/span.h"

#include <stdlib.h>

struct atls_psa_verified {
    enum atls_psa_profile profile;
    const struct atls_cbor_index *payload; /* borrowed */
    const struct atls_trust_anchor *anchor;
};

void atls_psa_verified_free(struct atls_psa_verified *verified)
{
    free(verified);
}

void atls_psa_verified_cleanup(struct atls_psa_verified **verified)
{
    atls_psa_verified_free(*verified);
}

const struct atls_trust_anchor *atls_psa_anchor(const struct atls_psa_verified *verified)
{
    return verified->anchor;
}

enum atls_psa_profile atls_psa_profile(const struct atls_psa_verified *verified)
{
    return verified->profile;
}

const struct atls_cbor_index *atls_psa_payload(const struct atls_psa_verified *verified)
{
    return verified->payload;
}

/* Keys come from the endorsements only: x5chain or a key inside the token is never looked at
 * . The instance-id is a look-up key, not a hash to recompute: in published tokens it is
 * often another value than the hash of the key. */
static enum atls_err find_anchor(const struct atls_trust_anchor **out,
                                 const struct atls_psa_parsed *parsed,
                                 const struct atls_endorsements *endorsements, int64_t now_s,
                                 struct atls_diag *diag)
{
    const struct atls_format *format = atls_format_by_name(atls_bytes_text("psa"));
    const struct atls_trust_anchor *anchor = atls_endorsements_find_key(
        endorsements, format, parsed->instance_id, parsed->implementation_id);
    if (anchor == NULL) {
        atls_fail(diag, ATLS_ERR_NOT_ENDORSED, ATLS_STEP_ENDORSEMENT, "psa-instance-id");
        atls_diag_found_bytes(diag, parsed->instance_id);
        atls_diag_expected_text(diag, "one with an attestation key for implementation-id ");
        atls_diag_expected_bytes(diag, parsed->implementation_id);
        return ATLS_ERR_NOT_ENDORSED;
    }
    *out = anchor;
    return atls_input_check_anchor(anchor, now_s, diag);
}

enum atls_err atls_psa_verify(struct atls_psa_verified **out, const struct atls_psa_parsed *parsed,
                              const struct atls_crypto_ops *crypto,
                              const struct atls_endorsements *endorsements, int64_t now_s,
                              struct atls_diag *diag)
{
    const struct atls_trust_anchor *anchor = NULL;
    enum atls_err err = find_anchor(&anchor, parsed, endorsements, now_s, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_bytes none = {NULL, 0};
    err = atls_cose_sign1_verify(crypto, anchor->key, &parsed->message, none, none,
                                 ATLS_STEP_SIGNATURE, diag);
    if (err != ATLS_OK) {
        atls_diag_expected_text(diag, "one by the attestation key from ");
        atls_diag_expected_text(diag, anchor->source != NULL ? anchor->source : "the endorsements");
        return err;
    }
    struct atls_psa_verified *verified = calloc(1, sizeof *verified);
    if (verified == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_STEP_SIGNATURE, "PSA token");
    }
    verified->profile = parsed->profile;
    verified->payload = &parsed->claims;
    verified->anchor = anchor;
    *out = verified;
    return ATLS_OK;
}
