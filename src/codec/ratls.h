/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence in X.509 certificates as RA-TLS has it, inside of the extension: the interoperable form
 * (CCC Attestation SIG, interoperable RA-TLS), tag([evidence, claims]) in CBOR, and the header of
 * Open Enclave. Bytes to structs and back; what they mean is for crypto/ and appraisers to say.
 */
#ifndef CODEC_RATLS_H
#define CODEC_RATLS_H

#include "base/crypto_ops.h"
#include "codec/cbor.h"

/* What the tag says of the evidence. */
enum atls_ratls_kind {
    ATLS_RATLS_INTEL_QUOTE = 60000,
    ATLS_RATLS_INTEL_REPORT = 60001,
    ATLS_RATLS_SGX_LEGACY_REPORT = 60002,
    ATLS_RATLS_SEV_SNP = 0x1a7504 /* of rats-tls, private */
};

struct atls_ratls {
    uint64_t kind;              /* the tag, known or not */
    struct atls_bytes evidence; /* such as a quote */
    struct atls_bytes claims;   /* as received: what report_data is the hash of */
    int32_t hash_alg;           /* of the key's hash: a hash of enum atls_cose_alg */
    struct atls_bytes key_hash; /* "pubkey-hash": hash of the SubjectPublicKeyInfo */
    bool has_nonce;
    struct atls_bytes nonce; /* "nonce" */
};

/* atls_ratls_parse reads the content of the extension: MALFORMED for another structure, ALGORITHM
 * for another hash than sha-256, sha-384 and sha-512. Claims that are not known are ignored. Spans
 * borrow `input`. */
ATLS_NODISCARD enum atls_err atls_ratls_parse(struct atls_ratls *out, struct atls_bytes input,
                                              struct atls_diag *diag);

/* atls_ratls_put_claims writes {"pubkey-hash": <<[alg, hash]>>}. */
void atls_ratls_put_claims(struct atls_writer *w, int32_t hash_alg, struct atls_bytes key_hash);
/* atls_ratls_put writes the content of the extension. */
void atls_ratls_put(struct atls_writer *w, enum atls_ratls_kind kind, struct atls_bytes evidence,
                    struct atls_bytes claims);

/* The content of id-pe-cmw (RFC 9999): a CHOICE of OCTET STRING with CBOR and UTF8String with JSON,
 * in DER. The first is written and read; MALFORMED for anything else. */
void atls_ratls_put_cmw(struct atls_writer *w, struct atls_bytes cmw);
ATLS_NODISCARD enum atls_err atls_ratls_open_cmw(struct atls_bytes *out_cmw,
                                                 struct atls_bytes input, struct atls_diag *diag);
/* atls_ratls_open_octets opens an OCTET STRING in DER, with nothing behind it. `claim` and
 * `expected` are for the sentence of what is none; MALFORMED. */
ATLS_NODISCARD enum atls_err atls_ratls_open_octets(struct atls_bytes *out, struct atls_bytes input,
                                                    const char *claim, const char *expected,
                                                    struct atls_diag *diag);

/* atls_ratls_open_enclave finds the quote behind Open Enclave's header: version 1, type 2, size,
 * all little-endian, and nothing behind. MALFORMED otherwise. */
ATLS_NODISCARD enum atls_err atls_ratls_open_enclave(struct atls_bytes *out_quote,
                                                     struct atls_bytes input,
                                                     struct atls_diag *diag);
/* atls_ratls_open_enclave_evidence finds quote and custom claims behind Open Enclave's other
 * header: version 3, the UUID of its format, size. MALFORMED for another structure or format. */
ATLS_NODISCARD enum atls_err atls_ratls_open_enclave_evidence(struct atls_bytes *out_quote,
                                                              struct atls_bytes *out_claims,
                                                              struct atls_bytes input,
                                                              struct atls_diag *diag);

/* The endorsements that may stand beside the interoperable form: collateral of Intel's, as texts,
 * which end in a NUL where their maker is in C, and lists. */
#define ATLS_RATLS_NUM_ENDORSEMENTS 7
struct atls_ratls_endorsements {
    struct atls_bytes part[ATLS_RATLS_NUM_ENDORSEMENTS]; /* without NULs at the end */
    size_t num;
};
/* atls_ratls_endorsements_parse reads the content of the extension, tag([version, ...]); what is
 * of another tag than Intel's quotes has no parts. MALFORMED. Spans borrow `input`. */
ATLS_NODISCARD enum atls_err atls_ratls_endorsements_parse(struct atls_ratls_endorsements *out,
                                                           struct atls_bytes input,
                                                           struct atls_diag *diag);

#endif
