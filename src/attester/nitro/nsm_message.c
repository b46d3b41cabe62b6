/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the NSM, and what it answers. */
#include "attester/nitro/nsm.h"

#include "base/span.h"
#include "codec/cbor.h"

static const char step[] = "nitro attester";

static void put_optional(struct atls_writer *w, const char *name, struct atls_bytes octets)
{
    atls_cbor_put_str(w, name);
    if (octets.len != 0) {
        atls_cbor_put_bytes(w, octets);
    } else {
        atls_cbor_put_null(w);
    }
}

enum atls_err atls_nsm_put_request(struct atls_buf out, size_t *out_len, struct atls_bytes nonce,
                                   struct atls_bytes public_key, struct atls_diag *diag)
{
    static const struct atls_bytes none = {NULL, 0};
    struct atls_writer w = atls_writer_of(out);
    atls_cbor_put_map(&w, 1);
    atls_cbor_put_str(&w, "Attestation");
    atls_cbor_put_map(&w, 3);
    put_optional(&w, "user_data", none);
    put_optional(&w, "nonce", nonce);
    put_optional(&w, "public_key", public_key);
    return atls_writer_finish(&w, out_len) ? ATLS_OK
                                           : atls_fail(diag, ATLS_ERR_BUFFER, step, "request");
}

static enum atls_err refuse(const char *claim, const char *found, const char *expected,
                            struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_ATTESTER, step, claim, found, expected);
}

/* recode: what our own device says badly is our fault, not a peer's. */
static enum atls_err recode(struct atls_diag *diag)
{
    if (diag != NULL) {
        diag->err = ATLS_ERR_ATTESTER;
    }
    return ATLS_ERR_ATTESTER;
}

enum atls_err atls_nsm_read_response(struct atls_bytes *out_document, struct atls_bytes response,
                                     struct atls_diag *diag)
{
    struct atls_cbor map;
    struct atls_cbor answer;
    struct atls_cbor document;
    if (atls_cbor_parse(&map, response, ATLS_CBOR_ALLOW_INDEFINITE, step, diag) != ATLS_OK) {
        return recode(diag);
    }
    if (atls_cbor_get_text(&map, "Error", &answer)) {
        refuse("answer of the NSM", "the error ", "an attestation document", diag);
        if (answer.type == ATLS_CBOR_TEXT) {
            atls_diag_found_peer_text(diag, answer.content);
        }
        return ATLS_ERR_ATTESTER;
    }
    if (!atls_cbor_get_text(&map, "Attestation", &answer) ||
        !atls_cbor_get_text(&answer, "document", &document)) {
        return refuse("answer of the NSM", "another answer", "an attestation document", diag);
    }
    return atls_cbor_bytes(&document, 1, SIZE_MAX, out_document)
               ? ATLS_OK
               : refuse("answer of the NSM", "a document that is none", "octets", diag);
}
