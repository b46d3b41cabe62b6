/* SPDX-License-Identifier: Apache-2.0 */
/* What every fuzz target needs: the entry point, and a check that ends the run. */
#ifndef FUZZ_CHECK_H
#define FUZZ_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* fuzz_require is an oracle: when it does not hold, the fuzzer has found a bug. */
static inline void fuzz_require(bool holds)
{
    if (!holds) {
        abort();
    }
}

#endif
