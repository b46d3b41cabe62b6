/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened last, for the status page: verdicts, submissions, failures, in the memory of the
 * front. Their number and the length of each text have a bound; the oldest makes room. Nothing is
 * in it that the log would not have.
 */
#ifndef SVC_VERIFIER_RECENT_H
#define SVC_VERIFIER_RECENT_H

#include "base/diag.h"

#include <jansson.h>

enum {
    VERIFIER_RECENT = 64, /* of each kind */
    VERIFIER_MAX_RECENT_SUBMODS = 4
};

enum verifier_recent_kind { VERIFIER_RECENT_VERDICT, VERIFIER_RECENT_EVENT };

struct verifier_recent_submod {
    char name[40], status[20], machine[72], reason[400];
    bool simulated, debug;
};

struct verifier_recent_item {
    int64_t time_s;
    char event[16]; /* as in the log */
    char status[20], format[24], peer[72];
    char submitter[100], id[100]; /* of an endorsement */
    int64_t version;              /* of the same; below 0: none */
    int64_t endorsements, microseconds;
    char why[400]; /* what went wrong; else empty */
    struct verifier_recent_submod submods[VERIFIER_MAX_RECENT_SUBMODS];
    size_t num_submods;
};

/* All zero is empty. The caller locks. */
struct verifier_recent {
    struct verifier_recent_item *items[2]; /* VERIFIER_RECENT each, owned */
    size_t next[2];
    size_t num[2];
};

/* verifier_recent_note takes note of an event of the log; of those that no page shows, and where
 * there is no memory, it does nothing. */
void verifier_recent_note(struct verifier_recent *recent, int64_t time_s, const char *event,
                          const struct atls_diag *why, const json_t *fields);
/* verifier_recent_copy gives the newest first: *out_num, VERIFIER_RECENT at most. */
void verifier_recent_copy(const struct verifier_recent *recent, enum verifier_recent_kind kind,
                          struct verifier_recent_item out[VERIFIER_RECENT], size_t *out_num);
void verifier_recent_cleanup(struct verifier_recent *recent);

#endif
