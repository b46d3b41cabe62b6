/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Verifier of the challenge-response API (version 1) sends: the session, as its
 * implementations write it today and wrote it before.
 */
#ifndef VERIFIER_CHALLENGE_H
#define VERIFIER_CHALLENGE_H

#include "atls/limits.h"
#include "base/diag.h"

#include <stdbool.h>

/* Octets of a session resource: it may repeat the Evidence in base64, beside a Result. */
#define VERIFIER_MAX_SESSION_LEN 262144

enum verifier_session_state {
    VERIFIER_SESSION_WAITING = 1,
    VERIFIER_SESSION_PROCESSING,
    VERIFIER_SESSION_COMPLETE,
    VERIFIER_SESSION_FAILED
};

struct verifier_challenge {
    enum verifier_session_state state;
    bool has_nonce;
    uint8_t nonce[ATLS_MAX_NONCE_LEN];
    size_t nonce_len;
    bool says_accepts; /* it lists media types */
    bool accepts;      /* and the one asked for is among them, leniently compared */
    char *result;      /* a compact JWT, owned; NULL: none */
};

/*
 * verifier_challenge_read reads a session resource. Both alphabets of base64 are taken, with and
 * without padding; "state" for "status"; members that are not known are ignored. `media_type` is
 * what "accept" is searched for. VERIFIER_ANSWER otherwise.
 */
ATLS_NODISCARD enum atls_err verifier_challenge_read(struct verifier_challenge *out,
                                                     struct atls_bytes json, const char *media_type,
                                                     struct atls_diag *diag);
void verifier_challenge_cleanup(struct verifier_challenge *challenge);

/* verifier_base64_decode takes both alphabets, also mixed, padded or not. */
ATLS_NODISCARD bool verifier_base64_decode(struct atls_bytes text, struct atls_buf out,
                                           size_t *out_len);

#endif
