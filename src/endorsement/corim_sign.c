/* SPDX-License-Identifier: Apache-2.0 */
#include "endorsement/corim_sign.h"

#include "base/span.h"
#include "codec/cose.h"
#include "crypto/cert.h"
#include "crypto/crypto.h"
#include "crypto/key.h"
#include "endorsement/corim.h"

#include <stdlib.h>

static const char step[] = "signing a CoRIM";

/* Everything but headers and payload: heads, tag and the longest signature. */
#define MAX_COSE_FRAME 1100

static enum atls_err refuse(struct atls_diag *diag, const char *claim, const char *found,
                            const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, step, claim, found, expected);
}

/* check_corim: what is signed is a CoRIM with id and tags, whatever its profile says. */
static enum atls_err check_corim(struct atls_bytes corim, struct atls_diag *diag)
{
    struct atls_cbor outer;
    struct atls_cbor map;
    struct atls_cbor member;
    if (atls_corim_is_signed(corim)) {
        return refuse(diag, "CoRIM", "a signed CoRIM", "an unsigned one");
    }
    enum atls_err err = atls_cbor_parse(&outer, corim, ATLS_CBOR_STRICT, step, diag);
    if (err != ATLS_OK) {
        if (diag != NULL) {
            diag->err = ATLS_ERR_ENDORSEMENT;
        }
        return ATLS_ERR_ENDORSEMENT;
    }
    if (!atls_cbor_tag(&outer, ATLS_TAG_CORIM, &map) || !atls_cbor_get(&map, 0, &member) ||
        !atls_cbor_get(&map, 1, &member)) {
        return refuse(diag, "CoRIM", "something else", "tag 501 with a map that has id and tags");
    }
    return ATLS_OK;
}

static enum atls_err check_signing(const struct atls_corim_signing *s, struct atls_diag *diag)
{
    if (s->signer == NULL || s->signer[0] == '\0') {
        return refuse(diag, "signer", "no name", "a name");
    }
    if (s->not_after_s == INT64_MAX && s->not_before_s != INT64_MIN) {
        return refuse(diag, "validity", "a beginning without an end", "both or the end alone");
    }
    if (s->not_before_s > s->not_after_s) {
        return refuse(diag, "validity", "an end before the beginning", "dates in order");
    }
    if (s->chain_len == 0) {
        return ATLS_OK;
    }
    uint8_t of_cert[ATLS_MAX_SPKI_LEN];
    uint8_t of_key[ATLS_MAX_SPKI_LEN];
    const struct atls_buf cert_room = {of_cert, sizeof of_cert};
    const struct atls_buf key_room = {of_key, sizeof of_key};
    size_t cert_len = 0;
    size_t key_len = 0;
    enum atls_err err = atls_cert_spki(s->chain[0], cert_room, &cert_len, diag);
    if (err == ATLS_OK) {
        err = atls_key_spki(s->key, key_room, &key_len);
    }
    if (err == ATLS_OK &&
        !atls_bytes_equal(atls_bytes_of(of_cert, cert_len), atls_bytes_of(of_key, key_len))) {
        err = atls_fail_texts(diag, ATLS_ERR_KEY, step, "certificate", "one of another key",
                              "the certificate of the signing key first");
    }
    return err;
}

static void put_date(struct atls_writer *w, uint64_t key, int64_t seconds)
{
    atls_cbor_put_uint(w, key);
    atls_cbor_put_tag(w, ATLS_TAG_EPOCH);
    atls_cbor_put_int(w, seconds);
}

/* put_meta writes a corim-meta-map. */
static void put_meta(struct atls_writer *w, const struct atls_corim_signing *s)
{
    const bool has_start = s->not_before_s != INT64_MIN;
    const bool has_end = s->not_after_s != INT64_MAX;
    atls_cbor_put_map(w, has_end ? 2 : 1);
    atls_cbor_put_uint(w, 0);
    atls_cbor_put_map(w, s->signer_uri != NULL ? 2 : 1);
    atls_cbor_put_uint(w, 0);
    atls_cbor_put_str(w, s->signer);
    if (s->signer_uri != NULL) {
        atls_cbor_put_uint(w, 1);
        atls_cbor_put_tag(w, ATLS_TAG_URI);
        atls_cbor_put_str(w, s->signer_uri);
    }
    if (has_end) {
        atls_cbor_put_uint(w, 1);
        atls_cbor_put_map(w, has_start ? 2 : 1);
        if (has_start) {
            put_date(w, 0, s->not_before_s);
        }
        put_date(w, 1, s->not_after_s);
    }
}

static void put_cwt(struct atls_writer *w, const struct atls_corim_signing *s)
{
    const bool has_start = s->not_before_s != INT64_MIN;
    const bool has_end = s->not_after_s != INT64_MAX;
    atls_cbor_put_uint(w, ATLS_CORIM_HEADER_CWT);
    atls_cbor_put_map(w, 1u + has_end + has_start);
    atls_cbor_put_uint(w, 1);
    atls_cbor_put_str(w, s->signer);
    if (has_end) {
        atls_cbor_put_uint(w, 4);
        atls_cbor_put_int(w, s->not_after_s);
    }
    if (has_start) {
        atls_cbor_put_uint(w, 5);
        atls_cbor_put_int(w, s->not_before_s);
    }
}

/* put_headers writes the pairs after alg, in ascending order; gives their number. */
static uint64_t put_headers(struct atls_writer *w, const struct atls_corim_signing *s)
{
    struct atls_writer count = atls_writer_counting();
    uint64_t num = 2;
    atls_cbor_put_uint(w, ATLS_CORIM_HEADER_CONTENT_TYPE);
    atls_cbor_put_str(w, ATLS_CORIM_CONTENT_TYPE);
    if (s->kid.len != 0) {
        atls_cbor_put_uint(w, ATLS_CORIM_HEADER_KID);
        atls_cbor_put_bytes(w, s->kid);
        num++;
    }
    put_meta(&count, s);
    atls_cbor_put_uint(w, ATLS_CORIM_HEADER_META);
    atls_cbor_put_bytes_head(w, count.len);
    put_meta(w, s);
    if (s->cwt) {
        put_cwt(w, s);
        num++;
    }
    if (s->chain_len != 0) {
        atls_cbor_put_uint(w, ATLS_CORIM_HEADER_X5CHAIN);
        if (s->chain_len > 1) {
            atls_cbor_put_array(w, s->chain_len);
        }
        for (size_t i = 0; i < s->chain_len; i++) {
            atls_cbor_put_bytes(w, s->chain[i]);
        }
        num++;
    }
    return num;
}

/* write_signed makes the headers, of `headers_len` octets, and signs. */
static enum atls_err write_signed(struct atls_buf room, size_t headers_len, size_t *out_len,
                                  struct atls_bytes corim, const struct atls_corim_signing *s,
                                  struct atls_diag *diag)
{
    uint8_t *headers = malloc(headers_len);
    const struct atls_buf headers_room = {headers, headers_len};
    struct atls_writer w = atls_writer_of(headers_room);
    size_t len = 0;
    if (headers == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    const uint64_t num = put_headers(&w, s);
    enum atls_err err = atls_writer_finish(&w, &len)
                            ? atls_cose_sign1_write(atls_crypto_openssl(), room, out_len, true,
                                                    atls_key_default_alg(s->key), s->key,
                                                    atls_bytes_of(headers, len), num, corim, diag)
                            : atls_fail(diag, ATLS_ERR_BUFFER, step, NULL);
    free(headers);
    return err;
}

/* check_result reads what was written as a Verifier would, who signed apart: a name that is no
 * text is found here. */
static enum atls_err check_result(struct atls_bytes octets, struct atls_diag *diag)
{
    struct atls_corim_signature signature;
    enum atls_err err = atls_corim_signature_peek(&signature, octets, diag);
    if (err == ATLS_ERR_ENDORSEMENT_SIGNATURE) {
        err = ATLS_ERR_ENDORSEMENT;
        if (diag != NULL) {
            diag->err = err;
        }
    }
    return err;
}

enum atls_err atls_corim_sign(uint8_t **out, size_t *out_len, struct atls_bytes corim,
                              const struct atls_corim_signing *signing, struct atls_diag *diag)
{
    enum atls_err err = check_corim(corim, diag);
    if (err == ATLS_OK) {
        err = check_signing(signing, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_writer count = atls_writer_counting();
    (void)put_headers(&count, signing);
    struct atls_buf room = {NULL, count.len + corim.len + MAX_COSE_FRAME};
    size_t len = 0;
    room.data = malloc(room.cap);
    if (room.data == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    err = write_signed(room, count.len, &len, corim, signing, diag);
    if (err == ATLS_OK) {
        err = check_result(atls_bytes_of(room.data, len), diag);
    }
    if (err != ATLS_OK) {
        free(room.data);
        return err;
    }
    *out = room.data;
    *out_len = len;
    return ATLS_OK;
}
