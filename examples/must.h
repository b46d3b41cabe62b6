/* SPDX-License-Identifier: Apache-2.0 */
/* What every example does with an error: it says why in one sentence, and ends. */
#ifndef EXAMPLES_MUST_H
#define EXAMPLES_MUST_H

#include <atls/bytes.h>
#include <atls/error.h>

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

static struct atls_diag diag; /* why the last call of atls failed */

/* must takes what a function of atls returned. Its sentence says which step refused, which claim,
 * what was found and what was expected; the exit status says whose fault it is. */
static inline void must(enum atls_err err)
{
    if (err != ATLS_OK) {
        char sentence[ATLS_MAX_SENTENCE_LEN + 1];
        atls_diag_sentence(sentence, sizeof sentence, &diag);
        fprintf(stderr, "%s\n", sentence);
        exit(atls_err_exit(err));
    }
}

/* must_do is for everything else; OpenSSL's own reasons follow where there are some. */
static inline void must_do(int ok, const char *what)
{
    if (ok != 1) {
        fprintf(stderr, "failed: %s\n", what);
        ERR_print_errors_fp(stderr);
        exit(1);
    }
}

/* must_read gives a whole file, in storage that the next call uses again. */
static inline struct atls_bytes must_read(const char *path)
{
    static uint8_t data[65536];
    FILE *file = fopen(path, "rb");
    const size_t len = file != NULL ? fread(data, 1, sizeof data, file) : 0;
    must_do(len > 0 && len < sizeof data, path);
    fclose(file);
    return (struct atls_bytes){data, len};
}

#endif
