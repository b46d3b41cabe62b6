/* SPDX-License-Identifier: Apache-2.0 */
#include "support/mutate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* hand_over calls fn with a private copy: a callback that writes or keeps it disturbs nothing. */
static void hand_over(const uint8_t *data, size_t len, size_t at, test_mutant_fn *fn, void *context)
{
    uint8_t *block = malloc(len);
    if (block == NULL && len != 0) {
        fprintf(stderr, "no memory for a mutant\n");
        exit(1);
    }
    if (len != 0) {
        memcpy(block, data, len);
    }
    const struct atls_bytes mutant = {block, len};
    fn(mutant, at, context);
    free(block);
}

void test_each_truncation(struct atls_bytes input, test_mutant_fn *fn, void *context)
{
    for (size_t len = 0; len < input.len; len++) {
        hand_over(input.data, len, len, fn, context);
    }
}

/* each_change hands over the input with octet `at` set to `value`. */
static void each_change(struct atls_bytes input, size_t at, uint8_t value, test_mutant_fn *fn,
                        void *context)
{
    uint8_t *changed = malloc(input.len);
    if (changed == NULL) {
        fprintf(stderr, "no memory for a mutant\n");
        exit(1);
    }
    memcpy(changed, input.data, input.len);
    changed[at] = value;
    hand_over(changed, input.len, at, fn, context);
    free(changed);
}

void test_each_bit_flip(struct atls_bytes input, test_mutant_fn *fn, void *context)
{
    for (size_t at = 0; at < input.len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            each_change(input, at, (uint8_t)(input.data[at] ^ (1u << bit)), fn, context);
        }
    }
}

void test_each_octet_set(struct atls_bytes input, test_mutant_fn *fn, void *context)
{
    static const uint8_t values[] = {0x00, 0xff};
    for (size_t at = 0; at < input.len; at++) {
        for (size_t i = 0; i < sizeof values; i++) {
            if (input.data[at] != values[i]) {
                each_change(input, at, values[i], fn, context);
            }
        }
    }
}

void test_each_mutant(struct atls_bytes input, test_mutant_fn *fn, void *context)
{
    test_each_truncation(input, fn, context);
    test_each_bit_flip(input, fn, context);
    test_each_octet_set(input, fn, context);
}
