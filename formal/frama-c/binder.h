/* SPDX-License-Identifier: Apache-2.0 */
/* What goes into HKDF-Expand-Label (RFC 8446, 7.1) and the binder: docs/proofs.md. */
#ifndef FORMAL_BINDER_H
#define FORMAL_BINDER_H

#include "base/span.h"
#include "handshake/binder.h"

/*@ predicate readable{L}(struct atls_bytes bytes) =
        bytes.len > 0 ==> \valid_read(bytes.data + (0 .. bytes.len - 1));

    predicate same_digest{K, L}(struct atls_digest *d) =
        \at(d->len, L) == \at(d->len, K) &&
        \forall integer i; 0 <= i < ATLS_MAX_HASH_LEN ==> \at(d->data[i], L) == \at(d->data[i], K);

    logic integer hash_len(integer alg) =
        alg == ATLS_ALG_SHA256 ? 32 : alg == ATLS_ALG_SHA384 ? 48 : alg == ATLS_ALG_SHA512 ? 64 : 0;
*/

/*@ assigns \nothing;
    ensures \result.data == (uint8_t *)data && \result.len == len;
*/
static inline struct atls_bytes atls_bytes_of(const void *data, size_t len);

/*@ requires valid_read_string(text) && strlen(text) < SIZE_MAX;
    assigns \nothing;
    ensures \result == strlen(text);
*/
static inline size_t atls_text_len(const char *text);

/*@ requires valid_read_string(text) && strlen(text) < SIZE_MAX;
    assigns \nothing;
    ensures \result.data == (uint8_t *)text && \result.len == strlen(text) && readable(\result);
*/
static inline struct atls_bytes atls_bytes_text(const char *text);

/*@ assigns \nothing;
    ensures \result == hash_len(alg);
*/
static inline size_t atls_hash_len(int32_t alg);

/*@ requires \valid_read(digest);
    assigns \nothing;
    ensures \result.data == (uint8_t *)digest->data && \result.len == digest->len;
*/
static inline struct atls_bytes atls_digest_bytes(const struct atls_digest *digest);

// What it is given here is one digest; the barrier behind its memset is beyond what WP reads.
/*@ requires len == sizeof(struct atls_digest) && \valid((struct atls_digest *)data);
    assigns *((struct atls_digest *)data);
*/
void atls_wipe(void *data, size_t len);

/*@ assigns *diag;
    ensures \result == err;
*/
enum atls_err atls_fail(struct atls_diag *diag, enum atls_err err, const char *step,
                        const char *claim);
/*@ assigns *diag;
    ensures \result == err;
*/
enum atls_err atls_fail_texts(struct atls_diag *diag, enum atls_err err, const char *step,
                              const char *claim, const char *found, const char *expected);
/*@ assigns *diag; */
void atls_diag_found_int(struct atls_diag *diag, int64_t value);
/*@ assigns *diag; */
void atls_diag_found_text(struct atls_diag *diag, const char *text);
/*@ assigns *diag; */
void atls_diag_expected_int(struct atls_diag *diag, int64_t value);
/*@ assigns *diag; */
void atls_diag_expected_text(struct atls_diag *diag, const char *text);

// What the last HMAC was asked for.
struct formal_sent {
    size_t len;
    struct atls_bytes secret, label, context;
};
//@ ghost struct formal_sent sent;

/*@ // HkdfLabel, in the parts that are its fields, and the counter 1 of HKDF-Expand: every length
    // says what stands behind it, so that no two splits of the same octets are one. That the second
    // part is "tls13 " is for the known answers: a text is not octets to WP.
    predicate octets_there{L}(struct atls_bytes *parts) =
        \valid_read(parts + (0 .. 5)) && readable(parts[0]) && readable(parts[1]) &&
        readable(parts[2]) && readable(parts[3]) && readable(parts[4]) && readable(parts[5]);

    predicate hkdf_lengths{L}(struct atls_bytes *parts) =
        parts[0].len == 3 && parts[1].len == 6 && parts[3].len == 1 && parts[5].len == 1 &&
        1 <= parts[2].len <= 249 && parts[4].len <= 255;

    predicate hkdf_octets{L}(struct atls_bytes *parts) =
        parts[0].data[0] == 0 && 1 <= parts[0].data[1] <= ATLS_MAX_HASH_LEN &&
        parts[0].data[2] == 6 + parts[2].len &&
        parts[3].data[0] == parts[4].len && parts[5].data[0] == 1;
*/

/* Any function of the table of operations that keeps its contract. */
/*@ requires num_parts == 6 && readable(key) && \valid(out);
    requires octets_there(parts);
    requires lengths: hkdf_lengths(parts);
    requires octets: hkdf_octets(parts);
    assigns *out, sent;
    ensures asked: sent.len == \old(parts[0].data[1]) && sent.secret == key;
    ensures asked: sent.label == \old(parts[2]) && sent.context == \old(parts[4]);
    ensures \result == ATLS_OK ==> out->len <= ATLS_MAX_HASH_LEN;
*/
enum atls_err formal_hmac(int32_t hash_alg, struct atls_bytes key, const struct atls_bytes *parts,
                          size_t num_parts, struct atls_digest *out);

/*@ requires readable(data) && \valid(out);
    assigns *out;
    ensures \result == ATLS_OK ==> out->len == hash_len(alg);
*/
enum atls_err formal_hash(int32_t alg, struct atls_bytes data, struct atls_digest *out);

/*@ predicate sound_ops{L}(struct atls_crypto_ops *ops) =
        \valid_read(ops) && ops->hmac == &formal_hmac && ops->hash == &formal_hash;
*/

/*@ requires sound_ops(ops) && \valid(out) && \separated(out, ops);
    requires readable(secret) && readable(label) && readable(context);
    requires 1 <= len <= ATLS_MAX_HASH_LEN && 1 <= label.len <= 249 && context.len <= 255;
    assigns *out, sent;
    ensures asked: sent.len == len && sent.secret == secret;
    ensures asked: sent.label == label && sent.context == context;
    ensures \result == ATLS_OK ==> out->len <= ATLS_MAX_HASH_LEN;
*/
static enum atls_err expand_one_block(const struct atls_crypto_ops *ops, int32_t hash_alg,
                                      struct atls_bytes secret, struct atls_bytes label,
                                      struct atls_bytes context, size_t len,
                                      struct atls_digest *out);

/*@ requires sound_ops(ops) && \valid(out) && \separated(out, ops);
    requires readable(secret) && readable(context);
    requires valid_read_string(label) && strlen(label) < SIZE_MAX;
    assigns *out, sent;
    ensures bounds: \result == ATLS_OK ==> 1 <= len <= hash_len(hash_alg) && out->len == len;
    ensures bounds: \result == ATLS_OK ==> 1 <= strlen(label) <= 249 && context.len <= 255;
    ensures asked: \result == ATLS_OK ==>
            sent.len == len && sent.secret == secret && sent.context == context &&
            sent.label.data == (uint8_t *)label && sent.label.len == strlen(label);
    ensures kept: \result != ATLS_OK ==> same_digest{Pre, Post}(out);
*/
enum atls_err atls_hkdf_expand_label(const struct atls_crypto_ops *ops, int32_t hash_alg,
                                     struct atls_bytes secret, const char *label,
                                     struct atls_bytes context, size_t len,
                                     struct atls_digest *out);

/*@ requires \valid_read(transcript_hash) && (diag == \null || \valid(diag));
    requires \separated(diag, transcript_hash);
    assigns *diag;
    ensures inputs: \result == ATLS_OK ==>
            hash_alg == ATLS_ALG_SHA256 || hash_alg == ATLS_ALG_SHA384;
    ensures inputs: \result == ATLS_OK ==> transcript_hash->len == hash_len(hash_alg) &&
                                   1 <= spki.len <= ATLS_MAX_SPKI_LEN;
*/
static enum atls_err check_inputs(int32_t hash_alg, const struct atls_digest *transcript_hash,
                                  struct atls_bytes spki, struct atls_diag *diag);

/*@ requires sound_ops(ops) && \valid(out) && \separated(out, ops);
    requires \valid_read(transcript_hash) && \separated(out, transcript_hash) && readable(spki);
    requires hash_alg == ATLS_ALG_SHA256 || hash_alg == ATLS_ALG_SHA384;
    requires transcript_hash->len == hash_len(hash_alg);
    assigns *out, sent;
    ensures asked: \result == ATLS_OK ==> out->len == hash_len(hash_alg) && sent.len == out->len &&
                                   sent.context.len == out->len && sent.secret.len == out->len;
*/
static enum atls_err derive(const struct atls_crypto_ops *ops, int32_t hash_alg,
                            const struct atls_digest *transcript_hash, struct atls_bytes spki,
                            struct atls_digest *out);

/*@ requires sound_ops(ops) && \valid(out) && \separated(out, ops);
    requires \valid_read(transcript_hash) && \separated(out, transcript_hash) && readable(spki);
    requires diag == \null || \valid(diag);
    requires \separated(diag, out, ops, transcript_hash);
    assigns *out, *diag, sent;
    ensures asked: \result == ATLS_OK ==> out->len == hash_len(hash_alg) && sent.len == out->len;
*/
enum atls_err atls_binder(const struct atls_crypto_ops *ops, int32_t hash_alg,
                          const struct atls_digest *transcript_hash, struct atls_bytes spki,
                          struct atls_digest *out, struct atls_diag *diag);

#endif
