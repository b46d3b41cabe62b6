/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wrong inputs made of right ones. Each is handed over in a heap block of exactly its size, so
 * that ASan sees a read past its end.
 */
#ifndef SUPPORT_MUTATE_H
#define SUPPORT_MUTATE_H

#include "atls/bytes.h"

/* test_mutant_fn gets one mutant; `at` is the octet that was changed, or the prefix's length. */
typedef void test_mutant_fn(struct atls_bytes mutant, size_t at, void *context);

/* Every proper prefix, the empty one first. */
void test_each_truncation(struct atls_bytes input, test_mutant_fn *fn, void *context);
/* Every bit flipped, one at a time. */
void test_each_bit_flip(struct atls_bytes input, test_mutant_fn *fn, void *context);
/* Every octet set to 00 and to ff, one at a time, where that changes it. */
void test_each_octet_set(struct atls_bytes input, test_mutant_fn *fn, void *context);
/* All three. */
void test_each_mutant(struct atls_bytes input, test_mutant_fn *fn, void *context);

#endif
