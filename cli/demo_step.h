/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of the demo: processes of this program are run, and how they end is compared with how they
 * were to end. */
#ifndef CLI_DEMO_STEP_H
#define CLI_DEMO_STEP_H

#include "demo.h"

enum { DEMO_STEP_MS = 30000 };

/* One connection: what both sides are started with, and how it must end. The words "@format",
 * "@verifier" (its URL) and "@trust" (its identity and key) stand for those of this demo. */
struct demo_connection {
    const char *name;
    const char *server[17]; /* after: serve 127.0.0.1:0 --once --json */
    const char *client[17]; /* after: connect ADDRESS --json */
    enum atls_err expected; /* of the client; ATLS_OK: "hello" comes back */
};

/* demo_report prints one step and counts it. `sentence` is what the program itself said. */
void demo_report(struct demo *demo, const char *name, bool ok, const char *expected,
                 const char *outcome, int64_t ms, const char *sentence);

typedef enum atls_err demo_function(struct demo *demo, struct atls_diag *diag);
/* demo_prepare runs a step that is no connection, and reports it. */
bool demo_prepare(struct demo *demo, const char *name, demo_function *function);

/* demo_start runs this program with the words of `head`, then those of `tail` (may be NULL), where
 * "@..." is replaced; both end with NULL. */
ATLS_NODISCARD bool demo_start(const struct demo *demo, struct demo_child *out,
                               const char *const *head, const char *const *tail, const char *input,
                               const char *log);
/* demo_wait_address reads its output up to the event "listening". */
ATLS_NODISCARD bool demo_wait_address(struct demo_child *child, char *address, size_t cap);
/* demo_serve starts a server and gives its address; *server is to be waited for, also when it
 * fails. */
ATLS_NODISCARD bool demo_serve(const struct demo *demo, const char *const *arguments,
                               struct demo_child *server, char *address, size_t cap);
/* demo_connect runs server and client of a step, and reports it. */
void demo_connect(struct demo *demo, const struct demo_connection *step);
/* demo_connect_to runs the client of a step; `play` is its server, within this process. */
void demo_connect_to(struct demo *demo, const struct demo_connection *step, const char *address,
                     void (*play)(void *arg), void *arg);
/* demo_replay (demo.c) steals the Evidence of the server's connection with somebody else, for the
 * attacker who is the server of `step`. */
void demo_replay(struct demo *demo, const struct demo_connection *step);

#endif
