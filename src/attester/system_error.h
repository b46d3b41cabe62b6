/* SPDX-License-Identifier: Apache-2.0 */
/* What an error number of the system means at the place where it came, as a sentence. */
#ifndef ATTESTER_SYSTEM_ERROR_H
#define ATTESTER_SYSTEM_ERROR_H

#include "base/diag.h"

struct atls_system_error {
    const char *where; /* NULL: anywhere */
    int number;
    enum atls_err err;
    const char *found;
    const char *expected; /* NULL: nothing to say */
};

struct atls_system_errors {
    const char *step;
    const struct atls_system_error *rows; /* the first that fits is taken */
    size_t num_rows;
    const char *found; /* before the number, when no row fits; the error is then ATTESTER */
    const char *expected;
};

/* atls_system_refuse gives the error of the row for `number` at `where`. `where` is not NULL. */
enum atls_err atls_system_refuse(const struct atls_system_errors *errors, const char *where,
                                 const char *claim, int number, struct atls_diag *diag);

#endif
