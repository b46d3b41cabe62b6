/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key attestation bundle whose signatures a remote Verifier checks. Verifiers of today check no
 * more than these for it: that both structures hold the nonce, which key was certified and where it
 * may live is looked at here, in the very octets that are sent there.
 */
#include "appraiser/tpm2/tpm2.h"

#include "appraiser/input.h"
#include "appraiser/tpm2/unverified.h"
#include "base/span.h"

static enum atls_err fill(struct atls_submod *submod, const struct atls_tpm2_contents *contents,
                          const struct atls_digest *key, struct atls_diag *diag)
{
    memset(submod, 0, sizeof *submod);
    submod->format = atls_format_by_name(atls_bytes_text("tpm2"));
    submod->fresh = true;
    submod->has_reference_values = true;
    submod->key_binding = ATLS_KEY_BINDING_HARDWARE;
    submod->attested_key = *key;
    submod->machine = contents->kid;
    submod->measurements[0].name = atls_bytes_text("pcrs");
    submod->measurements[0].value = contents->quote.pcr_digest;
    submod->num_measurements = 1;
    atls_identities_add(&submod->identities, ATLS_REVOKED_UEID, "kid", contents->kid);
    atls_identities_add(&submod->identities, ATLS_REVOKED_SPKI, "attested key",
                        atls_digest_bytes(key));
    const struct atls_buf room = {submod->attested_spki, sizeof submod->attested_spki};
    return atls_tpm2_spki(room, &submod->attested_spki_len, &contents->public_area)
               ? ATLS_OK
               : atls_fail(diag, ATLS_ERR_ALGORITHM, ATLS_STEP_KEY_BINDING, "kat.pubArea");
}

enum atls_err atls_tpm2_read_unverified(struct atls_submod *out,
                                        const struct atls_appraisal_input *input,
                                        struct atls_diag *diag)
{
    enum atls_err err = atls_input_check_unverified(input, diag);
    if (err != ATLS_OK) {
        return err;
    }
    ATLS_AUTO(atls_tpm2_parsed_cleanup) struct atls_tpm2_parsed *parsed = NULL;
    struct atls_digest key = {{0}, 0};
    struct atls_submod submod;
    err = atls_tpm2_parse(&parsed, input->evidence, diag);
    if (err == ATLS_OK) {
        err = atls_tpm2_check_claims_unverified(&key, &parsed->contents, input, diag);
    }
    if (err == ATLS_OK) {
        err = fill(&submod, &parsed->contents, &key, diag);
    }
    if (err == ATLS_OK) {
        *out = submod;
    }
    return err;
}
