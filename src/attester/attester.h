/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways into an attester, and the only ones: Evidence for a handshake, where the
 * binder is computed here from the transcript and the key, and Evidence over a nonce from outside,
 * whose length shows that it can be no binder.
 */
#ifndef ATTESTER_ATTESTER_H
#define ATTESTER_ATTESTER_H

#include "atls/attester.h"
#include "base/crypto_ops.h"
#include "base/diag.h"
#include "base/formats.h"

/* atls_attester_check refuses a table with a missing entry, another abi or size, or no format. */
ATLS_NODISCARD enum atls_err atls_attester_check(const struct atls_attester_ops *ops,
                                                 struct atls_diag *diag);

/* What a handshake supplies; the binder function is handshake/binder.h's, handed in so that this
 * room does not depend on that one. */
typedef enum atls_err atls_binder_function(const struct atls_crypto_ops *ops, int32_t hash_alg,
                                           const struct atls_digest *transcript_hash,
                                           struct atls_bytes spki, struct atls_digest *out,
                                           struct atls_diag *diag);

ATLS_NODISCARD enum atls_err
atls_attester_for_handshake(const struct atls_attester_ops *ops, struct atls_attester *attester,
                            const struct atls_crypto_ops *crypto, atls_binder_function *binder,
                            int32_t hash_alg, const struct atls_digest *transcript_hash,
                            struct atls_bytes spki, uint32_t timeout_ms, struct atls_buf out,
                            size_t *out_len, struct atls_diag *diag);

/* atls_attester_for_nonce refuses 32 and 48 octets, and 64 octets that end in 16 zero octets: those
 * could be binders. Lengths that no root of trust takes (0, more than 64) are refused too. */
ATLS_NODISCARD enum atls_err
atls_attester_for_nonce(const struct atls_attester_ops *ops, struct atls_attester *attester,
                        struct atls_bytes nonce, struct atls_bytes spki, uint32_t timeout_ms,
                        struct atls_buf out, size_t *out_len, struct atls_diag *diag);

/*
 * atls_attester_for_passport makes what a Verifier of passports is sent, over its nonce, with the
 * rule of atls_attester_for_nonce: Evidence itself where it names the TLS key `spki`, else a bundle
 * (row "kat") of that Evidence and a token about the key. The bundle's key (kak) is made for it and
 * forgotten, and the nonce of the Evidence inside is the SHA-256 of it, in which nobody outside has
 * a say. NOT_BUILT for Evidence that can be neither.
 */
ATLS_NODISCARD enum atls_err
atls_attester_for_passport(const struct atls_attester_ops *ops, struct atls_attester *attester,
                           const struct atls_crypto_ops *crypto, struct atls_bytes nonce,
                           struct atls_bytes spki, uint32_t timeout_ms, struct atls_buf out,
                           size_t *out_len, struct atls_diag *diag);
/*
 * atls_attester_for_key_broker makes Evidence for Trustee's key broker (json/runtime_data.h): over
 * SHA-384 or SHA-512 of JSON with the broker's nonce, a text, and our TLS key. 48 octets and zeros
 * are what a handshake of a SHA-384 suite has there, so this hash is made here, of octets that only
 * this way hashes: whoever wants Evidence of a handshake by it needs a nonce for which this hash is
 * that handshake's binder. The binder is an HMAC, whose outer hash is of the block of its padded
 * key, 80 octets of which are 0x5c ('\\'), and there is none of these in the JSON; so the two are
 * hashes of different octets, always, and equal by a collision of SHA-384 alone.
 */
ATLS_NODISCARD enum atls_err
atls_attester_for_key_broker(const struct atls_attester_ops *ops, struct atls_attester *attester,
                             const struct atls_crypto_ops *crypto, int32_t hash_alg,
                             const char *nonce, struct atls_bytes spki, uint32_t timeout_ms,
                             struct atls_buf out, size_t *out_len, struct atls_diag *diag);
/* atls_attester_passport_format gives the row of what that makes; NULL: nothing. */
const struct atls_format *atls_attester_passport_format(const struct atls_attester_ops *ops);

/* atls_attester_no_key is `load_key` of a root of trust that keeps no TLS keys: ATLS_ERR_KEY. */
ATLS_NODISCARD enum atls_err atls_attester_no_key(struct atls_attester *attester,
                                                  struct evp_pkey_st **out, struct atls_bytes pem,
                                                  struct atls_diag *diag);

/* How Evidence stands in a certificate: verifier/certificate.h has the rules. */
enum atls_certificate_form {
    ATLS_CERTIFICATE_CMW,    /* id-pe-cmw: the CMW itself */
    ATLS_CERTIFICATE_INTEROP /* 2.23.133.5.4.9: interoperable RA-TLS, for snp, tdx and sgx */
};

/* atls_attester_for_certificate gives the content of the extension for a certificate of `spki`. No
 * nonce is handed in: it is a hash of the key, made here. */
ATLS_NODISCARD enum atls_err
atls_attester_for_certificate(const struct atls_attester_ops *ops, struct atls_attester *attester,
                              const struct atls_crypto_ops *crypto, enum atls_certificate_form form,
                              struct atls_bytes spki, uint32_t timeout_ms, struct atls_buf out,
                              size_t *out_len, struct atls_diag *diag);

#endif
