/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs of `atls` share: one file a verb, each ends in cli_finish or cli_fail. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "atls/error.h"
#include "json/output.h"

/* A row of the table of verbs: what `atls -h` prints, and what runs. */
struct cli_verb {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the verb; gives the exit status */
    const char *line;
};

int cli_version(int argc, char **argv);
int cli_demo(int argc, char **argv);
int cli_keygen(int argc, char **argv);
int cli_serve(int argc, char **argv);
int cli_connect(int argc, char **argv);
int cli_attest(int argc, char **argv);
int cli_appraise(int argc, char **argv);
int cli_corim(int argc, char **argv);
int cli_inspect(int argc, char **argv);
int cli_passport(int argc, char **argv); /* with ATLS_NET */
int cli_verifier(int argc, char **argv); /* with ATLS_VERIFIER */

/*
 * cli_finish ends a verb: with --json the one object on stdout, else the sentence of an error on
 * stderr as "atls VERB: SENTENCE". Takes `result`. Gives the exit status.
 */
int cli_finish(const char *verb, bool json, const struct atls_diag *diag, json_t *result);
/* cli_event writes one line of a stream on stdout (only with --json). Takes `result`. */
void cli_event(const char *verb, const char *event, const struct atls_diag *diag, json_t *result);
/* cli_event_last is cli_event for the line that ends a stream: it says the exit status. */
void cli_event_last(const char *verb, const char *event, int status, json_t *result);
/* cli_note writes one line on stderr, "atls VERB: ...". */
void cli_note(const char *verb, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* cli_note_error writes the sentence of a diag on stderr. */
void cli_note_error(const char *verb, const struct atls_diag *diag);

#endif
