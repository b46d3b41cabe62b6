/* SPDX-License-Identifier: Apache-2.0 */
/* The files of --passport: read at the start, and again when another one stands in their place. */
#ifndef CLI_PASSPORT_FILE_H
#define CLI_PASSPORT_FILE_H

#include "atls/openssl.h"
#include "options.h"

#include <sys/stat.h>

struct cli_passport_file {
    char *identity; /* owned; NULL: the Result says whose it is */
    uint8_t *result;
    size_t len;
};

/* cli_passport_read takes FILE, or URI=FILE for a Result that does not say whose it is. */
ATLS_NODISCARD enum atls_err cli_passport_read(struct cli_passport_file *out, const char *text,
                                               struct atls_diag *diag);
void cli_passport_file_cleanup(struct cli_passport_file *file);

/* What stood in the files when they were last looked at. */
struct cli_passport_watch {
    const struct cli_list *files;
    struct stat seen[CLI_MAX_LIST]; /* all zero: there was none */
    int64_t next_ms;
};

/* cli_passport_watch_start remembers the files as they are; call it before they are read. */
void cli_passport_watch_start(struct cli_passport_watch *watch, const struct cli_list *files);
/*
 * cli_passport_watch_look reads those that have changed into the context of `ctx`, at most once a
 * second, and says so. What cannot be used is said once, and the one before stays.
 */
void cli_passport_watch_look(struct cli_passport_watch *watch, SSL_CTX *ctx, const char *verb);

#endif
