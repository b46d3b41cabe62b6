/* SPDX-License-Identifier: Apache-2.0 */
/* Reference values of an enclave out of its own document (docs/endorsements.md, "nitro"). */
#include "attester/nitro/nitro.h"

#include "base/span.h"
#include "codec/cose.h"
#include "json/comid_json.h"
#include "json/references.h"

static const char step[] = "nitro attester";

#define PCR_LEN 48 /* "digest" is SHA384 in every document */

static enum atls_err refuse(const char *claim, const char *found, const char *expected,
                            struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_ATTESTER, step, claim, found, expected);
}

static enum atls_err find_pcrs(struct atls_cbor *out, struct atls_bytes document,
                               struct atls_diag *diag)
{
    struct atls_cose_sign1 message;
    struct atls_cbor payload;
    if (atls_cose_sign1_parse(&message, document, ATLS_COSE_ANY, step, NULL) != ATLS_OK ||
        atls_cbor_parse(&payload, message.payload, ATLS_CBOR_ALLOW_INDEFINITE, step, NULL) !=
            ATLS_OK ||
        !atls_cbor_get_text(&payload, "pcrs", out)) {
        return refuse("document", "something else", "an attestation document with pcrs", diag);
    }
    return ATLS_OK;
}

/* put_pcrs takes what the image is: its file, kernel, application, and who signed it if anybody
 * did. Where it runs (3 and 4) is not the image's. */
static enum atls_err put_pcrs(json_t **list, const struct atls_cbor *pcrs, struct atls_diag *diag)
{
    static const int64_t indices[] = {0, 1, 2, 8};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(indices); i++) {
        struct atls_cbor item;
        struct atls_bytes value;
        const bool is_signer = indices[i] == 8;
        const bool found = atls_cbor_get(pcrs, indices[i], &item) &&
                           atls_cbor_bytes(&item, PCR_LEN, PCR_LEN, &value);
        if (!found && !is_signer) {
            return refuse("pcrs", "a PCR that is absent, or of another length",
                          "PCR 0, 1 and 2 of 48 octets", diag);
        }
        if (found && atls_is_zero(value) && !is_signer) {
            return refuse("pcrs", "PCRs that are all zero: the enclave runs in debug mode",
                          "an enclave that is measured", diag);
        }
        if (found && !atls_is_zero(value)) {
            atls_comid_append(list, atls_reference_pcr((uint64_t)indices[i], value));
        }
    }
    return ATLS_OK;
}

enum atls_err atls_nitro_comid(char **out, struct atls_bytes document, struct atls_diag *diag)
{
    struct atls_cbor pcrs;
    json_t *list = json_array();
    enum atls_err err = find_pcrs(&pcrs, document, diag);
    if (err == ATLS_OK) {
        err = put_pcrs(&list, &pcrs, diag);
    }
    if (err != ATLS_OK) {
        json_decref(list);
        return err;
    }
    json_t *triples = json_pack("{s:o}", "reference-values", atls_references_nitro(list));
    return atls_comid_of(out, triples, step, diag);
}
