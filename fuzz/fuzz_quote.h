/* SPDX-License-Identifier: Apache-2.0 */
/* What the targets of quotes share: platforms and collateral of tests/kat, since chains and what
 * Intel says of platforms are verified all the same. */
#ifndef FUZZ_QUOTE_H
#define FUZZ_QUOTE_H

#include "fuzz_appraiser.h"

static inline void fuzz_load(struct atls_endorsements *set, const char *path)
{
    fuzz_require(atls_endorsements_load_at(set, path, 1790000000, NULL) == ATLS_OK);
}

/* fuzz_quote_endorsements loads what is in FUZZ_SOURCE_DIR "/tests/kat/FORMAT". */
#define FUZZ_QUOTE_KAT(format, file) FUZZ_SOURCE_DIR "/tests/kat/" format "/" file
#define fuzz_quote_endorsements(format)                                                            \
    fuzz_quote_set(FUZZ_QUOTE_KAT(format, "endorsement.corim"),                                    \
                   FUZZ_QUOTE_KAT(format, "collateral-1.json"),                                    \
                   FUZZ_QUOTE_KAT(format, "collateral-2.json"))

static inline struct atls_endorsements *fuzz_quote_set(const char *corim, const char *first,
                                                       const char *second)
{
    struct atls_endorsements *set = NULL;
    fuzz_require(atls_endorsements_new(&set, NULL) == ATLS_OK);
    fuzz_load(set, corim);
    fuzz_load(set, first);
    fuzz_load(set, second);
    return set;
}

#endif
