/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COSE_Sign1 (RFC 9052, 4.2), tagged (18) or not, and COSE_Key (RFC 9052, 7).
 *
 * Algorithms: ES256, ES384, ES512, EdDSA, PS256; the fully specified numbers of RFC 9864 (-9, -51,
 * -52, -19) are read as ES256, ES384, ES512 and EdDSA. The algorithm must be in the protected
 * header; an unknown `crit` label is refused; a label in both headers is refused. Labels that
 * `crit` may name are alg, content type and kid: no other is acted upon here.
 *
 * ATLS_ERR_ALGORITHM for an algorithm that is absent, misplaced or not taken, ATLS_ERR_MALFORMED
 * for everything else that the structure does wrong.
 */
#ifndef CODEC_COSE_H
#define CODEC_COSE_H

#include "base/crypto_ops.h"
#include "codec/cbor.h"

struct atls_cose_sign1 {
    bool tagged;
    int32_t alg;               /* one of enum atls_cose_alg */
    struct atls_bytes protect; /* content of the protected bstr, as received */
    struct atls_cbor headers;  /* the protected map (type MAP, possibly empty) */
    struct atls_cbor unprotected;
    struct atls_bytes kid; /* empty when absent; protected, else unprotected */
    bool detached;         /* payload is nil */
    struct atls_bytes payload;
    struct atls_bytes signature;
};

enum atls_cose_tagging { ATLS_COSE_ANY = 0, ATLS_COSE_TAGGED = 1, ATLS_COSE_UNTAGGED = 2 };

/* atls_cose_sign1_parse reads structure only; nothing in the payload may be used before
 * atls_cose_sign1_verify. Spans borrow `input`. */
ATLS_NODISCARD enum atls_err atls_cose_sign1_parse(struct atls_cose_sign1 *out,
                                                   struct atls_bytes input,
                                                   enum atls_cose_tagging tagging, const char *what,
                                                   struct atls_diag *diag);

/* atls_cose_sign1_parse_item is the same for an item inside a larger structure. */
ATLS_NODISCARD enum atls_err atls_cose_sign1_parse_item(struct atls_cose_sign1 *out,
                                                        const struct atls_cbor *item,
                                                        enum atls_cose_tagging tagging,
                                                        const char *what, struct atls_diag *diag);

/* atls_cose_sign1_verify checks the signature over Sig_structure with the received octets. A
 * detached payload is given in `detached_payload`, else that is empty. */
ATLS_NODISCARD enum atls_err atls_cose_sign1_verify(const struct atls_crypto_ops *ops,
                                                    const struct atls_key *key,
                                                    const struct atls_cose_sign1 *message,
                                                    struct atls_bytes external_aad,
                                                    struct atls_bytes detached_payload,
                                                    const char *what, struct atls_diag *diag);

/*
 * atls_cose_sign1_write signs `payload`. `extra_headers` are encoded label-value pairs (num_extra
 * of them) that follow label 1 in the protected map; may be empty.
 */
ATLS_NODISCARD enum atls_err
atls_cose_sign1_write(const struct atls_crypto_ops *ops, struct atls_buf out, size_t *out_len,
                      bool tagged, int32_t alg, const struct atls_key *key,
                      struct atls_bytes extra_headers, uint64_t num_extra,
                      struct atls_bytes payload, struct atls_diag *diag);

/* COSE_Key: EC2 on P-256, P-384, P-521; OKP Ed25519, Ed448; RSA. Coordinates have full width and
 * are not compressed; private parts are refused; alg and key_ops, where present, must allow that
 * the key verifies signatures. That a point is on its curve is judged where the key is made. */
enum { ATLS_KTY_OKP = 1, ATLS_KTY_EC2 = 2, ATLS_KTY_RSA = 3 };
enum {
    ATLS_CRV_P256 = 1,
    ATLS_CRV_P384 = 2,
    ATLS_CRV_P521 = 3,
    ATLS_CRV_ED25519 = 6,
    ATLS_CRV_ED448 = 7
};
struct atls_cose_key {
    int32_t kty;
    int32_t crv;
    struct atls_bytes x, y; /* EC2; OKP has x only */
    struct atls_bytes n, e; /* RSA */
};
ATLS_NODISCARD enum atls_err atls_cose_key_parse(struct atls_cose_key *out,
                                                 const struct atls_cbor *map, const char *what,
                                                 struct atls_diag *diag);
/* atls_cose_key_put writes the deterministic form with the required members only (RFC 9679). */
void atls_cose_key_put(struct atls_writer *w, const struct atls_cose_key *key);

#endif
