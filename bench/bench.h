/* SPDX-License-Identifier: Apache-2.0 */
/* The benchmark of handshakes: both sides in one thread over memory, so that what is counted is
 * what the two TLS stacks and atls compute. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "atls/post.h"

/* One configuration of both sides. */
struct bench_pair {
    SSL_CTX *client, *server;
    SSL_SESSION **newest; /* what the client got last, to be resumed; NULL: full handshakes */
};

enum bench_attests { BENCH_NOBODY = 0, BENCH_SERVER = 1, BENCH_CLIENT = 2, BENCH_BOTH = 3 };

struct bench_material; /* CA, leaves, keys, attesters, endorsements */

/* bench_material_new exits the program with a sentence when anything fails: there is nothing to
 * measure then. */
struct bench_material *bench_material_new(void);
void bench_material_free(struct bench_material *material);
size_t bench_evidence_len(const struct bench_material *material);

/* Plain TLS of OpenSSL, with a client certificate when `mutual`: `as_ours` takes the same version,
 * suite, group, tickets and compression as atls; else OpenSSL's defaults. */
struct bench_pair bench_plain(const struct bench_material *material, bool mutual, bool as_ours);
/* The same as ours, and with tickets: each handshake but the first is resumed. */
struct bench_pair bench_plain_resumed(const struct bench_material *material, bool mutual);
/* The same with atls enabled on both sides. */
struct bench_pair bench_attested(const struct bench_material *material, enum bench_attests attests,
                                 bool mutual, bool resumes);
/* The same, at another moment than in the handshake. */
struct bench_pair bench_attested_when(const struct bench_material *material,
                                      enum bench_attests attests, enum atls_timing timing);
/* The server attests after the handshake, and again whenever the client asks; data are framed. */
struct bench_pair bench_reattested(const struct bench_material *material);
/* bench_resume makes a pair resume: the client keeps its newest session, and uses it. */
void bench_resume(struct bench_pair *pair);
void bench_pair_free(struct bench_pair *pair);

/* bench_handshake runs one handshake and 1 octet in each direction; false when refused, and when it
 * was to be resumed and is not. */
bool bench_handshake(const struct bench_pair *pair);

struct bench_times {
    double cpu_us, wall_us;
};
/* bench_batch runs `count` handshakes; the CPU time is that of the whole process, workers included.
 */
struct bench_times bench_batch(const struct bench_pair *pair, unsigned count);

double bench_median(double *values, size_t count); /* sorts them */

#endif
