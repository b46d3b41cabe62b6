/* SPDX-License-Identifier: Apache-2.0 */
/* What a framed connection is, for framed.c and framed_io.c. */
#ifndef STACK_OPENSSL_FRAMED_H
#define STACK_OPENSSL_FRAMED_H

#include "stack/openssl/frames.h"

enum {
    MAX_READ_AHEAD = 65536,
    MAX_FRAMES_A_CALL = 64, /* then the application gets its turn */
    /* What a peer may ask of us: eight rounds at once, and one a second. */
    ANSWER_INTERVAL_MS = 1000,
    ANSWER_BURST = 8
};

struct openssl_framed {
    int64_t (*clock_ms)(void);
    int shutdown; /* what OpenSSL says, while the application sees a connection that is shut */
    bool ended;   /* our close_notify went, or is to go */
    bool peer_ended;
    bool wants_round; /* the application's */
    bool late;
    bool out_blocked;
    int64_t round_ms, stop_ms; /* when a round begins by itself, and when data stop; 0: never */
    uint64_t accepted, answered;
    /* A request of the peer's that waits for its time. */
    uint8_t *request;
    size_t request_len;
    int64_t answers_ms; /* the interval of each answer so far ends here */
    /* Data of the peer's. */
    uint8_t *data;
    size_t data_at, data_len, data_cap;
    size_t writing; /* octets of the application's in the frame that goes, not yet told */
};

/* openssl_framed_turn moves rounds and frames on as far as they go: IO_DONE, IO_WANT_ or IO_FAILED.
 * With `ahead` it reads past data that nobody has asked for. */
enum openssl_io openssl_framed_turn(SSL *ssl, struct openssl_prelude *p, bool ahead);
/* openssl_framed_flush sends what waits, and behind it what is due of rounds. */
enum openssl_io openssl_framed_flush(SSL *ssl, struct openssl_prelude *p, struct atls_diag *diag);
/* openssl_framed_reads_on: without data for the application; or ahead of it, to an answer that is
 * waited for, or to a request, where somebody has time for that. */
bool openssl_framed_reads_on(const struct openssl_prelude *p, bool ahead);
/* openssl_framed_give_data moves data out, and says how many octets. */
size_t openssl_framed_give_data(struct openssl_framed *f, void *into, size_t cap);
/* openssl_framed_answer_at gives when the next request may be answered. */
int64_t openssl_framed_answer_at(const struct openssl_framed *f);
/* openssl_framed_context gives the context that decides. */
const struct atls_context *openssl_framed_context(const SSL *ssl);

#endif
