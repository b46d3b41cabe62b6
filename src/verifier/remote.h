/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A remote Verifier, by the challenge-response API of Veraison, or, with "trustee+" before its URL,
 * by the APIs of Trustee: of its Attestation Service, and for passports of its key broker. What it
 * may be believed: that signatures, endorsements and reference values hold, once its Result
 * verifies by a key that is its own. What it is not asked: whether the Evidence is of this
 * connection, since most Verifiers repeat a nonce without looking for it; that is compared
 * here, before anything is sent.
 */
#ifndef VERIFIER_REMOTE_H
#define VERIFIER_REMOTE_H

#include "verifier/operations.h"

struct verifier_trust;

struct atls_remote_options {
    const struct atls_fetcher_ops *fetcher;
    const char *url;
    struct atls_bytes ca_pem; /* of the https server; empty with plain HTTP */
    bool plain_http;          /* http:// to this machine is taken */
};

/*
 * atls_remote_new opens one, and nothing is sent yet. It takes `trust` when it succeeds: with
 * nobody in it, the Verifier's own discovery document says the keys. CONFIG for a URL that is not
 * taken, ARGUMENT for a table with a hole, FILE for certificates that are none.
 */
ATLS_NODISCARD enum atls_err atls_remote_new(struct atls_verifier **out,
                                             const struct atls_remote_options *options,
                                             struct verifier_trust *trust, struct atls_diag *diag);

/* atls_remote_takes is false for a format of which it certainly takes no Evidence. */
bool atls_remote_takes(const struct atls_verifier *verifier, const struct atls_format *format);

/*
 * atls_remote_appraise is the `appraise` of its table for Evidence from a file, which is about no
 * connection: request->tls_spki is empty, and a Result that names a key must name that of the
 * Evidence. *out_result is the Result as the Verifier signed it (caller: free), also for Evidence
 * that is contraindicated (STATUS); NULL where there is none that verifies.
 */
ATLS_NODISCARD enum atls_err atls_remote_appraise(struct atls_verifier *verifier,
                                                  struct atls_appraisal *out, char **out_result,
                                                  const struct atls_verify_request *request,
                                                  const struct atls_verifier_wait *wait,
                                                  struct atls_diag *diag);

/* verifier_result_octets gives the Result that a session's text is: a JWT as it is, a CWT from
 * base64url; *storage (caller: free) holds that. What is neither stays as it is. Error: MEMORY. */
ATLS_NODISCARD enum atls_err verifier_result_octets(struct atls_bytes *out, uint8_t **storage,
                                                    struct atls_bytes text, struct atls_diag *diag);

/* atls_remote_hashes_key is true where the Evidence for a passport is over a hash of the TLS key,
 * so that none has to name it by itself. */
bool atls_remote_hashes_key(const struct atls_verifier *verifier);

/* What a Result is wanted for: a passport about a TLS key of our own. */
struct verifier_passport_question {
    const struct atls_format *format; /* of the Evidence */
    struct atls_bytes tls_spki;       /* the Result must name this key */
    size_t nonce_size;                /* of the Verifier's nonce */
    /* attest writes the CMW of Evidence over the nonce, at most ATLS_MAX_CMW_LEN octets. */
    enum atls_err (*attest)(void *arg, struct atls_bytes nonce, struct atls_buf out,
                            size_t *out_len, struct atls_diag *diag);
    /* ... and attest_hashed over a hash of the nonce, a text, and of the key (json/runtime_data.h).
     */
    enum atls_err (*attest_hashed)(void *arg, int32_t hash_alg, const char *nonce,
                                   struct atls_buf out, size_t *out_len, struct atls_diag *diag);
    void *arg;
};

/*
 * atls_remote_obtain has Evidence of our own appraised, and gives the Result (a JWT, caller: free)
 * once it has verified as a peer would: by a listed key, about our TLS key, valid at
 * request->now_s, over the nonce of this exchange, and not contraindicated. *exp_s is when it ends.
 * Of the request crypto, now_s and revoked are looked at.
 */
ATLS_NODISCARD enum atls_err atls_remote_obtain(struct atls_verifier *verifier, char **out,
                                                int64_t *exp_s,
                                                const struct verifier_passport_question *question,
                                                const struct atls_verify_request *request,
                                                const struct atls_verifier_wait *wait,
                                                struct atls_diag *diag);

#endif
