/* SPDX-License-Identifier: Apache-2.0 */
/* How programs show the verdict of a connection. */
#ifndef CLI_VERDICT_H
#define CLI_VERDICT_H

#include "atls/openssl.h"
#include "json/output.h"

/* cli_verdict_result gives {"verdict": {...}|null}. */
json_t *cli_verdict_result(const SSL *ssl);
/* cli_verdict_line writes one line: what the peer proved, over which channel. */
void cli_verdict_line(char *out, size_t cap, const SSL *ssl);
/* cli_note_verdict prints that line on stderr. */
void cli_note_verdict(const char *verb, const SSL *ssl);

#endif
