/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed CoRIM (draft-ietf-rats-corim-11, 4.2): who may sign, what the headers say, and the
 * one way from a signed file to its payload, which goes through the signature.
 */
#ifndef ENDORSEMENT_SIGNER_H
#define ENDORSEMENT_SIGNER_H

#include "crypto/cert_path.h"
#include "endorsement/endorsement.h"

/* Headers of COSE that a signed CoRIM has, and the one content type (4.2.2). */
enum {
    ATLS_CORIM_HEADER_ALG = 1,
    ATLS_CORIM_HEADER_CONTENT_TYPE = 3,
    ATLS_CORIM_HEADER_KID = 4,
    ATLS_CORIM_HEADER_META = 8,
    ATLS_CORIM_HEADER_CWT = 15,
    ATLS_CORIM_HEADER_X5CHAIN = 33
};
#define ATLS_CORIM_CONTENT_TYPE "application/rim+cbor"

/* Bound of the keys that one side takes endorsements from. */
#define ATLS_MAX_SIGNERS 64

/* One key, or one certificate, whose key counts too where its key usage allows signatures. */
struct atls_signer {
    struct atls_key *key;   /* NULL: the certificate stands for what it issues only */
    struct atls_bytes cert; /* DER, owned; empty for a bare key */
    int64_t not_before_s;   /* of the certificate */
    int64_t not_after_s;
};

/* Those whose signatures count. All zero: none, and then no signed file is taken. */
struct atls_signers {
    struct atls_signer items[ATLS_MAX_SIGNERS];
    size_t count;
};

/* What a file of signers may hold. */
enum atls_signer_kind { ATLS_SIGNER_ANY, ATLS_SIGNER_CERTIFICATES };

/*
 * atls_signers_add adds what `file` holds: one public key as PEM, or certificates as PEM or DER.
 * ATLS_ERR_KEY for everything else, a private key among it: who verifies must not hold one.
 */
ATLS_NODISCARD enum atls_err atls_signers_add(struct atls_signers *signers, struct atls_bytes file,
                                              enum atls_signer_kind kind, struct atls_diag *diag);
void atls_signers_cleanup(struct atls_signers *signers);

/* What the headers say. Spans borrow the file. */
struct atls_corim_signature {
    int32_t alg;
    struct atls_bytes kid;                       /* empty when absent */
    struct atls_bytes signer;                    /* name of corim-meta, or iss */
    struct atls_bytes signer_uri;                /* empty when absent */
    int64_t not_before_s;                        /* INT64_MIN: none */
    int64_t not_after_s;                         /* INT64_MAX: none */
    struct atls_bytes chain[ATLS_MAX_CERT_PATH]; /* x5chain, the leaf first */
    size_t chain_len;
    struct atls_bytes payload; /* tag 501, or the bare map of the dialect before 2025 */
};

/* atls_corim_is_signed is true for what starts as a signed CoRIM does. */
bool atls_corim_is_signed(struct atls_bytes octets);

/*
 * atls_corim_signature_verify reads a signed CoRIM and gives *out when one of `signers` signed it
 * and its dates hold at `now_s`. Otherwise ATLS_ERR_ENDORSEMENT_SIGNATURE, with *out untouched.
 */
ATLS_NODISCARD enum atls_err atls_corim_signature_verify(struct atls_corim_signature *out,
                                                         struct atls_bytes octets,
                                                         const struct atls_signers *signers,
                                                         int64_t now_s, struct atls_diag *diag);
/* atls_corim_signature_peek reads the same without any check of who signed: to show, never to
 * trust. */
ATLS_NODISCARD enum atls_err atls_corim_signature_peek(struct atls_corim_signature *out,
                                                       struct atls_bytes octets,
                                                       struct atls_diag *diag);

#endif
