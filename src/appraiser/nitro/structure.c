/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structure of an attestation document: COSE_Sign1 with or without tag 18, ES384 and nothing but,
 * and the certificates in its payload. Older NSMs write the payload as a map of known length,
 * newer ones as an indefinite one; what is verified are the octets as received.
 */
#include "appraiser/nitro/nitro.h"

#include "appraiser/input.h"
#include "appraiser/nitro/unverified.h"
#include "base/diag.h"
#include "base/span.h"

#include <stdlib.h>

#define SIGNATURE_LEN 96

void atls_nitro_parsed_free(struct atls_nitro_parsed *parsed)
{
    free(parsed);
}

void atls_nitro_parsed_cleanup(struct atls_nitro_parsed **parsed)
{
    atls_nitro_parsed_free(*parsed);
}

static enum atls_err refuse(const char *claim, const char *found, const char *expected,
                            struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE, claim, found,
                           expected);
}

static enum atls_err refuse_len(const char *claim, size_t found, const char *expected,
                                struct atls_diag *diag)
{
    refuse(claim, NULL, expected, diag);
    atls_diag_found_int(diag, (int64_t)found);
    return ATLS_ERR_EVIDENCE_MALFORMED;
}

static enum atls_err check_label(struct atls_bytes media_type, struct atls_diag *diag)
{
    const struct atls_format *format = atls_format_by_name(atls_bytes_text("nitro"));
    if (media_type.len == 0 || atls_media_type_is(media_type, format->media_type)) {
        return ATLS_OK;
    }
    atls_fail_texts(diag, ATLS_ERR_EVIDENCE_TYPE, ATLS_STEP_STRUCTURE, "media type", NULL,
                    format->media_type);
    atls_diag_found_peer_text(diag, media_type);
    return ATLS_ERR_EVIDENCE_TYPE;
}

/* check_alg: the NSM signs by one algorithm, under the number that it has always had. */
static enum atls_err check_alg(const struct atls_cose_sign1 *message, struct atls_diag *diag)
{
    struct atls_cbor value;
    int64_t number = 0;
    if (atls_cbor_get(&message->headers, 1, &value) && atls_cbor_int(&value, &number) &&
        number == ATLS_ALG_ES384) {
        return ATLS_OK;
    }
    atls_fail_texts(diag, ATLS_ERR_ALGORITHM, ATLS_STEP_STRUCTURE, "alg", NULL, "ES384 (-35)");
    atls_diag_found_int(diag, number);
    return ATLS_ERR_ALGORITHM;
}

/* parse_message reads the envelope; nothing but the algorithm stands in a header. */
static enum atls_err parse_message(struct atls_nitro_parsed *parsed, struct atls_bytes evidence,
                                   struct atls_diag *diag)
{
    struct atls_cose_sign1 *message = &parsed->message;
    enum atls_err err = atls_evidence_recode(
        atls_cose_sign1_parse(message, evidence, ATLS_COSE_ANY, ATLS_STEP_STRUCTURE, diag), diag);
    if (err == ATLS_OK) {
        err = check_alg(message, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    if (message->headers.argument != 1) {
        return refuse("protected header", "more than the algorithm", "the algorithm alone", diag);
    }
    if (message->unprotected.argument != 0) {
        return refuse("unprotected header", "a header that nobody signed", "an empty map", diag);
    }
    if (message->signature.len != SIGNATURE_LEN) {
        return refuse_len("octets of the signature", message->signature.len, "96", diag);
    }
    if (message->detached) {
        return refuse("payload", "none", "the document", diag);
    }
    if (message->payload.len > ATLS_NITRO_MAX_PAYLOAD_LEN) {
        return refuse_len("octets of the payload", message->payload.len, "at most 16384", diag);
    }
    return ATLS_OK;
}

static enum atls_err parse_payload(struct atls_nitro_parsed *parsed, struct atls_diag *diag)
{
    struct atls_cbor value;
    enum atls_err err = atls_cbor_parse(&parsed->claims, parsed->message.payload,
                                        ATLS_CBOR_ALLOW_INDEFINITE, ATLS_STEP_STRUCTURE, diag);
    if (err != ATLS_OK) {
        return atls_evidence_recode(err, diag);
    }
    if (parsed->claims.type != ATLS_CBOR_MAP) {
        return refuse("payload", "another type", "a map", diag);
    }
    if (atls_cbor_get_text(&parsed->claims, "nitrotpm_pcrs", &value)) {
        return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_TYPE, ATLS_STEP_STRUCTURE, "nitrotpm_pcrs",
                               "a document of the NitroTPM of an instance",
                               "one of an enclave, which has pcrs");
    }
    return ATLS_OK;
}

static enum atls_err take_cert(struct atls_nitro_parsed *parsed, const struct atls_cbor *value,
                               const char *claim, struct atls_diag *diag)
{
    struct atls_bytes *out = &parsed->path[parsed->path_len];
    if (value->type != ATLS_CBOR_BYTES) {
        return refuse(claim, "another type", "a certificate of 1 to 1024 octets", diag);
    }
    if (!atls_cbor_bytes(value, 1, ATLS_NITRO_MAX_CERT_LEN, out)) {
        refuse_len(claim, value->content.len, "a certificate of 1 to 1024 octets", diag);
        atls_diag_found_text(diag, " octets");
        return ATLS_ERR_EVIDENCE_MALFORMED;
    }
    parsed->path_len++;
    return ATLS_OK;
}

/* take_bundle: cabundle begins at the root, a path at the leaf (attestation_process.md, 3.2.3). */
static enum atls_err take_bundle(struct atls_nitro_parsed *parsed, const struct atls_cbor *bundle,
                                 struct atls_diag *diag)
{
    if (bundle->type != ATLS_CBOR_ARRAY || bundle->argument == 0) {
        return refuse("cabundle", bundle->type != ATLS_CBOR_ARRAY ? "another type" : "an empty one",
                      "1 to 6 certificates", diag);
    }
    if (bundle->argument > ATLS_NITRO_MAX_BUNDLE) {
        refuse("cabundle", NULL, "1 to 6 certificates", diag);
        atls_diag_found_int(diag, (int64_t)bundle->argument);
        return ATLS_ERR_EVIDENCE_MALFORMED;
    }
    for (uint64_t left = bundle->argument; left > 0; left--) {
        struct atls_cbor item;
        if (!atls_cbor_at(bundle, left - 1, &item)) {
            return refuse("cabundle", "fewer", "as many as it says", diag);
        }
        const enum atls_err err = take_cert(parsed, &item, "cabundle", diag);
        if (err != ATLS_OK) {
            return err;
        }
    }
    return ATLS_OK;
}

static enum atls_err find_path(struct atls_nitro_parsed *parsed, struct atls_diag *diag)
{
    struct atls_cbor certificate;
    struct atls_cbor bundle;
    if (!atls_cbor_get_text(&parsed->claims, "certificate", &certificate)) {
        return refuse("certificate", "none", "a certificate of 1 to 1024 octets", diag);
    }
    if (!atls_cbor_get_text(&parsed->claims, "cabundle", &bundle)) {
        return refuse("cabundle", "none", "1 to 6 certificates", diag);
    }
    const enum atls_err err = take_cert(parsed, &certificate, "certificate", diag);
    return err == ATLS_OK ? take_bundle(parsed, &bundle, diag) : err;
}

static enum atls_err read_document(struct atls_nitro_parsed *parsed, struct atls_bytes evidence,
                                   struct atls_bytes media_type, struct atls_diag *diag)
{
    enum atls_err err = check_label(media_type, diag);
    if (err == ATLS_OK) {
        err = parse_message(parsed, evidence, diag);
    }
    if (err == ATLS_OK) {
        err = parse_payload(parsed, diag);
    }
    return err == ATLS_OK ? find_path(parsed, diag) : err;
}

enum atls_err atls_nitro_parse(struct atls_nitro_parsed **out, struct atls_bytes evidence,
                               struct atls_bytes media_type, struct atls_diag *diag)
{
    struct atls_nitro_parsed *parsed = calloc(1, sizeof *parsed);
    if (parsed == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_STEP_STRUCTURE, "attestation document");
    }
    const enum atls_err err = read_document(parsed, evidence, media_type, diag);
    if (err != ATLS_OK) {
        atls_nitro_parsed_free(parsed);
        return err;
    }
    *out = parsed;
    return ATLS_OK;
}
