/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The id of a session as clients see it: the ticket of the signer (ticket.h), under which the store
 * has the session, and behind it the nonce in base64url. So who has the id has all that a session
 * is before its Evidence comes, and no node needs to have kept it. Nothing here is proven: only a
 * signer tells an id that it made.
 */
#ifndef SVC_VERIFIER_SESSION_ID_H
#define SVC_VERIFIER_SESSION_ID_H

#include "atls/limits.h"
#include "svc/verifier/ticket.h"

enum { VERIFIER_ID_TEXT_SIZE = VERIFIER_TICKET_TEXT_LEN + (ATLS_MAX_NONCE_LEN * 4 + 2) / 3 + 4 };

struct verifier_session_id {
    char ticket[VERIFIER_TICKET_TEXT_LEN + 1];
    uint8_t nonce[ATLS_MAX_NONCE_LEN];
    size_t nonce_len;
    int64_t end_s; /* no Evidence is taken from then on */
};

/* verifier_session_id_write gives the text, NUL-terminated; false for what is no ticket or nonce.
 */
ATLS_NODISCARD bool verifier_session_id_write(char out[VERIFIER_ID_TEXT_SIZE],
                                              struct atls_bytes ticket, struct atls_bytes nonce);
/* verifier_session_id_read is false for a text that is not in the form; *out is then untouched. */
ATLS_NODISCARD bool verifier_session_id_read(struct verifier_session_id *out,
                                             struct atls_bytes text);

#endif
