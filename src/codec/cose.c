/* SPDX-License-Identifier: Apache-2.0 */
/* The structure of COSE_Sign1 (RFC 9052, 3 and 4.2). */
#include "codec/cose.h"

#include "base/diag.h"
#include "base/span.h"

enum { LABEL_ALG = 1, LABEL_CRIT = 2, LABEL_CONTENT_TYPE = 3, LABEL_KID = 4 };
enum { TAG_SIGN1 = 18 };

static enum atls_err refuse(struct atls_diag *diag, const char *what, const char *claim,
                            const char *found, const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_MALFORMED, what, claim, found, expected);
}

/* The numbers of RFC 9053 and the fully specified ones of RFC 9864. The curve of EdDSA is the key's
 * affair: -19 says Ed25519, and an Ed448 key beside it is not told apart here. */
static int32_t known_algorithm(int64_t number)
{
    switch (number) {
    case -7:
    case -9:
        return ATLS_ALG_ES256;
    case -35:
    case -51:
        return ATLS_ALG_ES384;
    case -36:
    case -52:
        return ATLS_ALG_ES512;
    case -8:
    case -19:
        return ATLS_ALG_EDDSA;
    case -37:
        return ATLS_ALG_PS256;
    default:
        return ATLS_ALG_NONE;
    }
}

/* parse_alg: R-44, and RFC 9052, 3.1; an algorithm that nothing signs is as good as none. */
static enum atls_err parse_alg(int32_t *out, const struct atls_cose_sign1 *message,
                               const char *what, struct atls_diag *diag)
{
    struct atls_cbor value;
    int64_t number = 0;
    if (!atls_cbor_get(&message->headers, LABEL_ALG, &value)) {
        return atls_fail_texts(diag, ATLS_ERR_ALGORITHM, what, "alg", "none",
                               "one in the protected header");
    }
    if (value.type == ATLS_CBOR_TEXT) {
        atls_fail_texts(diag, ATLS_ERR_ALGORITHM, what, "alg", NULL, "a COSE number");
        atls_diag_found_peer_text(diag, value.content);
        return ATLS_ERR_ALGORITHM;
    }
    if (!atls_cbor_int(&value, &number)) {
        return refuse(diag, what, "alg", "another type", "an integer");
    }
    *out = known_algorithm(number);
    if (*out == ATLS_ALG_NONE) {
        atls_fail_texts(diag, ATLS_ERR_ALGORITHM, what, "alg", NULL,
                        "ES256, ES384, ES512, EdDSA or PS256");
        atls_diag_found_int(diag, number);
        return ATLS_ERR_ALGORITHM;
    }
    return ATLS_OK;
}

/* is_processed names the labels that this file, or whoever asks it, acts upon (RFC 9052, 3.1). */
static bool is_processed(const struct atls_cbor *label)
{
    int64_t number = 0;
    return atls_cbor_int(label, &number) &&
           (number == LABEL_ALG || number == LABEL_CONTENT_TYPE || number == LABEL_KID);
}

/* The labels of one header. Messages have two or three; a bound, and one walk for each map, keep
 * what nobody has signed yet from costing more than its octets. */
#define MAX_LABELS 16

struct labels {
    struct atls_bytes encoded[MAX_LABELS];
    size_t num;
};

/* has_label looks a label of any type up by its octets: both maps are in strict form. */
static bool has_label(const struct labels *labels, struct atls_bytes encoded)
{
    for (size_t i = 0; i < labels->num; i++) {
        if (atls_bytes_equal(labels->encoded[i], encoded)) {
            return true;
        }
    }
    return false;
}

static enum atls_err check_crit(const struct atls_cose_sign1 *message, const struct labels *headers,
                                const char *what, struct atls_diag *diag)
{
    struct atls_cbor crit;
    if (atls_cbor_get(&message->unprotected, LABEL_CRIT, &crit)) {
        return refuse(diag, what, "crit", "it in the unprotected header",
                      "it in the protected header");
    }
    if (!atls_cbor_get(&message->headers, LABEL_CRIT, &crit)) {
        return ATLS_OK;
    }
    if (crit.type != ATLS_CBOR_ARRAY || crit.argument == 0) {
        return refuse(diag, what, "crit", "no list", "a list of one label or more");
    }
    if (crit.argument > MAX_LABELS) {
        return refuse(diag, what, "crit", "more labels", "at most 16");
    }
    struct atls_cbor_iter iter = atls_cbor_members(&crit);
    struct atls_cbor label;
    while (atls_cbor_next(&iter, &label)) {
        if (!is_processed(&label)) {
            return refuse(diag, what, "crit", "a critical header that is not known",
                          "only known ones");
        }
        if (!has_label(headers, label.encoded)) {
            return refuse(diag, what, "crit", "a label that the protected header lacks",
                          "labels of the protected header");
        }
    }
    return ATLS_OK;
}

static enum atls_err read_labels(struct labels *out, const struct atls_cbor *map, const char *what,
                                 const char *header, struct atls_diag *diag)
{
    struct atls_cbor_iter iter = atls_cbor_members(map);
    struct atls_cbor key;
    struct atls_cbor value;
    out->num = 0;
    if (map->argument > MAX_LABELS) {
        return refuse(diag, what, header, "more labels", "at most 16");
    }
    while (out->num < MAX_LABELS && atls_cbor_next_pair(&iter, &key, &value)) {
        int64_t number = 0;
        if (key.type != ATLS_CBOR_TEXT && !atls_cbor_int(&key, &number)) {
            return refuse(diag, what, header, "a label of another type", "integers or text");
        }
        const bool is_content_type = number == LABEL_CONTENT_TYPE && key.type != ATLS_CBOR_TEXT;
        if (is_content_type && value.type != ATLS_CBOR_UINT && value.type != ATLS_CBOR_TEXT) {
            return refuse(diag, what, "content type", "another type", "a number or text");
        }
        out->encoded[out->num++] = key.encoded;
    }
    return ATLS_OK;
}

/* check_headers: labels are integers or text, and no label is in both maps (RFC 9052, 3). */
static enum atls_err check_headers(const struct atls_cose_sign1 *message, const char *what,
                                   struct atls_diag *diag)
{
    struct labels headers;
    struct labels unprotected;
    enum atls_err err = read_labels(&headers, &message->headers, what, "protected header", diag);
    if (err == ATLS_OK) {
        err = read_labels(&unprotected, &message->unprotected, what, "unprotected header", diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    for (size_t i = 0; i < unprotected.num; i++) {
        if (has_label(&headers, unprotected.encoded[i])) {
            return refuse(diag, what, "headers", "a label in both headers", "it in one of them");
        }
    }
    return check_crit(message, &headers, what, diag);
}

static enum atls_err parse_kid(struct atls_cose_sign1 *message, const char *what,
                               struct atls_diag *diag)
{
    struct atls_cbor value;
    if (!atls_cbor_get(&message->headers, LABEL_KID, &value) &&
        !atls_cbor_get(&message->unprotected, LABEL_KID, &value)) {
        return ATLS_OK;
    }
    if (!atls_cbor_bytes(&value, 0, SIZE_MAX, &message->kid)) {
        return refuse(diag, what, "kid", "another type", "a byte string");
    }
    return ATLS_OK;
}

static enum atls_err parse_protected(struct atls_cose_sign1 *message, const char *what,
                                     struct atls_diag *diag)
{
    if (message->protect.len == 0) { /* RFC 9052, 3: how an empty map is written */
        static const uint8_t empty_map[] = {0xa0};
        return atls_cbor_parse(&message->headers, atls_bytes_of(empty_map, 1), ATLS_CBOR_STRICT,
                               what, diag);
    }
    struct atls_cbor headers;
    enum atls_err err = atls_cbor_parse(&headers, message->protect, ATLS_CBOR_STRICT, what, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (headers.type != ATLS_CBOR_MAP) {
        return refuse(diag, what, "protected header", "another type", "an encoded map");
    }
    message->headers = headers;
    return ATLS_OK;
}

/* parse_array reads the four members of COSE_Sign1 (RFC 9052, 4.2). */
static enum atls_err parse_array(struct atls_cose_sign1 *message, const struct atls_cbor *array,
                                 const char *what, struct atls_diag *diag)
{
    if (array->type != ATLS_CBOR_ARRAY || array->argument != 4) {
        return refuse(diag, what, "COSE_Sign1", "another structure", "an array of four");
    }
    struct atls_cbor_iter iter = atls_cbor_members(array);
    struct atls_cbor member;
    if (!atls_cbor_next(&iter, &member) ||
        !atls_cbor_bytes(&member, 0, SIZE_MAX, &message->protect)) {
        return refuse(diag, what, "protected header", "another type", "a byte string");
    }
    if (!atls_cbor_next(&iter, &message->unprotected) ||
        message->unprotected.type != ATLS_CBOR_MAP) {
        return refuse(diag, what, "unprotected header", "another type", "a map");
    }
    if (!atls_cbor_next(&iter, &member)) {
        return refuse(diag, what, "payload", "nothing", "a byte string or null");
    }
    message->detached = atls_cbor_is_null(&member);
    if (!message->detached && !atls_cbor_bytes(&member, 0, SIZE_MAX, &message->payload)) {
        return refuse(diag, what, "payload", "another type", "a byte string or null");
    }
    if (!atls_cbor_next(&iter, &member) ||
        !atls_cbor_bytes(&member, 1, SIZE_MAX, &message->signature)) {
        return refuse(diag, what, "signature", "none, or another type", "a byte string");
    }
    return ATLS_OK;
}

/* untag removes tag 18 where it is, and judges whether it may or must be there. */
static enum atls_err untag(struct atls_cbor *array, bool *out_tagged, const struct atls_cbor *item,
                           enum atls_cose_tagging tagging, const char *what, struct atls_diag *diag)
{
    *out_tagged = item->type == ATLS_CBOR_TAG;
    if (*out_tagged && tagging == ATLS_COSE_UNTAGGED) {
        return refuse(diag, what, "tag", "a tag", "none");
    }
    if (!*out_tagged && tagging == ATLS_COSE_TAGGED) {
        return refuse(diag, what, "tag", "none", "tag 18");
    }
    if (!*out_tagged) {
        *array = *item;
        return ATLS_OK;
    }
    if (!atls_cbor_tag(item, TAG_SIGN1, array)) {
        return refuse(diag, what, "tag", "another tag", "tag 18");
    }
    return ATLS_OK;
}

enum atls_err atls_cose_sign1_parse_item(struct atls_cose_sign1 *out, const struct atls_cbor *item,
                                         enum atls_cose_tagging tagging, const char *what,
                                         struct atls_diag *diag)
{
    struct atls_cose_sign1 message = {0};
    struct atls_cbor array;
    enum atls_err err = untag(&array, &message.tagged, item, tagging, what, diag);
    if (err == ATLS_OK) {
        err = parse_array(&message, &array, what, diag);
    }
    if (err == ATLS_OK) {
        err = parse_protected(&message, what, diag);
    }
    if (err == ATLS_OK) {
        err = check_headers(&message, what, diag);
    }
    if (err == ATLS_OK) {
        err = parse_alg(&message.alg, &message, what, diag);
    }
    if (err == ATLS_OK) {
        err = parse_kid(&message, what, diag);
    }
    if (err == ATLS_OK) {
        *out = message;
    }
    return err;
}

enum atls_err atls_cose_sign1_parse(struct atls_cose_sign1 *out, struct atls_bytes input,
                                    enum atls_cose_tagging tagging, const char *what,
                                    struct atls_diag *diag)
{
    struct atls_cbor item;
    enum atls_err err = atls_cbor_parse(&item, input, ATLS_CBOR_STRICT, what, diag);
    if (err != ATLS_OK) {
        return err;
    }
    return atls_cose_sign1_parse_item(out, &item, tagging, what, diag);
}
