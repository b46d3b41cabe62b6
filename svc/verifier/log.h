/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service says: one line an event, for a person on standard error or, with --json, as an
 * object on standard output. No key, no nonce, no id of a session and no Evidence is in it.
 */
#ifndef SVC_VERIFIER_LOG_H
#define SVC_VERIFIER_LOG_H

#include "svc/verifier/recent.h"

struct verifier_log;

struct verifier_log *verifier_log_new(bool json); /* NULL without memory */
void verifier_log_free(struct verifier_log *log);

/* verifier_log_event writes one line and takes `fields`, an object or NULL. `why` is what went
 * wrong, or NULL. Any thread may call. */
void verifier_log_event(struct verifier_log *log, const char *event, const struct atls_diag *why,
                        json_t *fields);

/* verifier_log_recent gives the newest of the events, as verifier_recent_copy does. */
void verifier_log_recent(struct verifier_log *log, enum verifier_recent_kind kind,
                         struct verifier_recent_item out[VERIFIER_RECENT], size_t *out_num);
/* verifier_log_verdict keeps a verdict for verifier_log_recent: an object as the log has it. */
void verifier_log_verdict(struct verifier_log *log, struct atls_bytes line);
/* verifier_log_lines writes whole lines, which are of the kind that verifier_log_is_json says. */
void verifier_log_lines(struct verifier_log *log, struct atls_bytes lines);
/* verifier_log_lost counts the lines that did not go out: nobody read them, or could. */
uint64_t verifier_log_lost(struct verifier_log *log);
bool verifier_log_is_json(const struct verifier_log *log);

#endif
