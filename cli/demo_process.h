/* SPDX-License-Identifier: Apache-2.0 */
/* Children of the demo: started, read line by line, waited for, each within a bound. */
#ifndef CLI_DEMO_PROCESS_H
#define CLI_DEMO_PROCESS_H

#include "atls/error.h"

#include <jansson.h>
#include <sys/types.h>

struct demo_child {
    pid_t pid;
    int out_fd; /* its standard output */
    char buffer[65536];
    size_t used;
};

/* demo_spawn starts argv[0] with `input` (may be NULL: nothing) on its standard input; its standard
 * error goes to the file `log`. */
ATLS_NODISCARD bool demo_spawn(struct demo_child *out, char *const argv[], const char *input,
                               const char *log);
/* demo_next_event gives the next line of its output as JSON (caller: json_decref); NULL at its end,
 * at the deadline, or when the line is no JSON. */
json_t *demo_next_event(struct demo_child *child, int64_t deadline_ms);
/* demo_wait gives its exit status; after the deadline it is killed, which gives -1. */
int demo_wait(struct demo_child *child, int64_t deadline_ms);

#endif
