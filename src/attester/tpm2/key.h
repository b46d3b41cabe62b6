/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS key: an ECDSA key that was made in the TPM and never leaves it. Shared by the attester,
 * by the EVP_PKEYs that stand for it and by jobs; a key does not change, but for what the TPM's
 * thread remembers of it.
 */
#ifndef ATTESTER_TPM2_KEY_H
#define ATTESTER_TPM2_KEY_H

#include "attester/tpm2/key_file.h"
#include "attester/tpm2/public.h"
#include "attester/tpm2/queue.h"

#include <stdatomic.h>

struct atls_tpm_key {
    atomic_uint refs;
    uint64_t id; /* never used twice in a process */
    struct atls_tpm *tpm;
    struct atls_tpm_key_file file;
    struct atls_tpm_point point;
    uint8_t spki[ATLS_TPM_MAX_SPKI];
    size_t spki_len;
    TPMS_CONTEXT *saved; /* the TPM's thread only; may be NULL */
};

/* atls_tpm_key_new makes the key of a file and loads it once, so that one that this TPM does not
 * take is refused here. Keeps a reference of its own to `tpm`. */
ATLS_NODISCARD enum atls_err atls_tpm_key_new(struct atls_tpm_key **out, struct atls_tpm *tpm,
                                              const struct atls_tpm_key_file *file,
                                              struct atls_diag *diag);
struct atls_tpm_key *atls_tpm_key_ref(struct atls_tpm_key *key);
/* atls_tpm_key_unref frees with the last reference; NULL is fine. */
void atls_tpm_key_unref(struct atls_tpm_key *key);

static inline struct atls_bytes atls_tpm_key_spki(const struct atls_tpm_key *key)
{
    struct atls_bytes spki = {key->spki, key->spki_len};
    return spki;
}

/*
 * atls_tpm_key_sign signs a digest: ECDSA, as DER (RFC 3279, 2.2.3). `hash` is the TPM's number of
 * the hash that made the digest. Blocks, or pauses the fiber.
 */
ATLS_NODISCARD enum atls_err atls_tpm_key_sign(struct atls_tpm_key *key, TPM2_ALG_ID hash,
                                               struct atls_bytes digest, struct atls_buf out,
                                               size_t *out_len, struct atls_diag *diag);
/* atls_tpm_key_signature_cap gives the octets of the longest signature. */
size_t atls_tpm_key_signature_cap(const struct atls_tpm_key *key);

#endif
