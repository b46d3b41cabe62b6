/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signer: the one process that has the private keys. It makes the ids and nonces of sessions,
 * and signs one Result for each, in which iss, iat, exp and eat_nonce are its own. It takes no text
 * to sign: a Result is made here, from an appraisal whose every field has a type and a range.
 */
#ifndef SVC_VERIFIER_SIGNER_H
#define SVC_VERIFIER_SIGNER_H

#include "base/diag.h"

enum { VERIFIER_MAX_SIGNING_KEYS = 8 };

struct verifier_signer_config {
    const char *key_files[VERIFIER_MAX_SIGNING_KEYS]; /* the first signs, all are published */
    size_t num_keys;
    const char *issuer;    /* absolute URI */
    bool ietf;             /* flavour of the Results: draft 04 instead of Veraison's */
    uint32_t result_ttl_s; /* exp - iat */
    size_t max_sessions;
};

/* verifier_signer_run serves `fd` until the other side closes it; gives the exit status. It enters
 * the sandbox when the keys are read. */
int verifier_signer_run(int fd, const struct verifier_signer_config *config);

#endif
