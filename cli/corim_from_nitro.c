/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reference values out of an attestation document of AWS Nitro Enclaves. It brings the path to its
 * root along, so its signature is checked: as of its own time, since the age of what is known to be
 * right does not matter.
 */
#include "corim_from_nitro.h"

#include "appraiser/nitro/nitro.h"
#include "base/span.h"
#include "crypto/crypto.h"
#include "json/json.h"
#include "verifier/verifier.h"

#include <stdlib.h>

static const char step[] = "corim create --from";

static bool read_claims(struct atls_nitro_claims *out, struct atls_bytes document)
{
    ATLS_AUTO(atls_nitro_parsed_cleanup) struct atls_nitro_parsed *parsed = NULL;
    static const struct atls_bytes any = {NULL, 0};
    return atls_nitro_parse(&parsed, document, any, NULL) == ATLS_OK &&
           atls_nitro_claims_read_unverified(out, parsed, NULL) == ATLS_OK;
}

/* appraise gives the verified claims: who sees to the measurements is whoever runs this. */
static enum atls_err appraise(json_t **out, const struct atls_verify_request *request,
                              struct atls_diag *diag)
{
    struct atls_appraisal *appraisal = calloc(1, sizeof *appraisal);
    if (appraisal == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    enum atls_err err = atls_verify(appraisal, request, diag);
    if (err == ATLS_OK) {
        err = atls_json_parse(out, atls_bytes_text(appraisal->submods[0].claims_json), step, diag);
    }
    atls_appraisal_cleanup(appraisal, free);
    free(appraisal);
    return err;
}

enum atls_err cli_corim_read_nitro(struct cli_corim_from *from, struct atls_bytes document,
                                   struct atls_diag *diag)
{
    struct atls_nitro_claims claims;
    struct atls_endorsements *set = NULL;
    enum atls_err err = cli_corim_no_ak(from, "a document", diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (!read_claims(&claims, document)) {
        return atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, step, "--from", "something else",
                               "an attestation document of an enclave");
    }
    err = atls_endorsements_new(&set, diag);
    const struct atls_verify_request request = {.crypto = atls_crypto_openssl(),
                                                .endorsements = set,
                                                .format = from->format,
                                                .cmw = from->cmw,
                                                .no_nonce = true,
                                                .now_s = claims.timestamp_ms / 1000,
                                                .want_claims = true};
    if (err == ATLS_OK) {
        err = appraise(&from->claims, &request, diag);
    }
    atls_endorsements_unref(set);
    from->checked = err == ATLS_OK;
    return err;
}
