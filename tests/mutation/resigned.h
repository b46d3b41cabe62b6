/* SPDX-License-Identifier: Apache-2.0 */
/* The re-signed run: each field made wrong in each way, signed by an endorsed root, and compared
 * with the verdict in FORMAT.fields. */
#ifndef MUTATION_RESIGNED_H
#define MUTATION_RESIGNED_H

#include "mutation/format.h"

struct resigned_settings {
    bool no_table;   /* as if FORMAT.fields were empty; counts, and says no more */
    bool print_only; /* print a table of what came out, for whoever writes one */
};

/* resigned_run prints what it found and gives the number of failures. */
unsigned resigned_run(const struct mutation_format *format,
                      const struct resigned_settings *settings);

#endif
