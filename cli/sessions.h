/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions that `connect --resume` keeps from one run to the next: one file for each server and
 * name, with mode 0600, in $XDG_STATE_HOME/atls/sessions or ~/.local/state/atls/sessions. A session
 * is a secret; its file is taken away before it is used, so that it is used once.
 *
 * Resumption saves time and nothing else: what goes wrong here is a note, and a full handshake.
 */
#ifndef CLI_SESSIONS_H
#define CLI_SESSIONS_H

#include "atls/openssl.h"

struct cli_sessions {
    const char *verb; /* for notes */
    char path[1200];  /* of the file; empty: sessions are not kept */
};

/* cli_sessions_open finds the place for sessions with one server; `name` is the expected one. */
void cli_sessions_open(struct cli_sessions *out, const char *verb, const char *host,
                       const char *port, const char *name);
/* cli_sessions_offer gives a kept session to a connection whose name is set, if there is one that
 * still holds, and has what it gets from the server kept. `sessions` must outlive it. */
void cli_sessions_offer(struct cli_sessions *sessions, SSL *ssl);

#endif
