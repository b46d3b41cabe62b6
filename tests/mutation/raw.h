/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The raw run: mutants of signed Evidence, none of which may pass but where FORMAT.regions lists
 * the reason. And the unsigned run: the same mutants, with every signature taken for good, so that
 * they reach what is behind it; the policy may accept none whose claims it must not.
 */
#ifndef MUTATION_RAW_H
#define MUTATION_RAW_H

#include "mutation/format.h"
#include "mutation/outcome.h"

struct raw_settings {
    uint64_t seed; /* of the first mutant; the next has the next number */
    uint64_t num_mutants;
    const struct atls_crypto_ops *crypto; /* not OpenSSL's only where the run must fail */
    bool want_every_region;               /* a region in which nothing was accepted is a failure */
    uint64_t max_failures;                /* end after so many */
    bool is_unsigned;                     /* judge by format->may_accept, not by regions */
    bool count_only;                      /* print and write no mutant */
};

/* raw_run prints what it found and gives the number of failures. */
uint64_t raw_run(const struct mutation_format *format, const struct raw_settings *settings);

#endif
