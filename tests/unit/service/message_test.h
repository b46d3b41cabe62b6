/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of messages share: parts of them, and damage. */
#ifndef UNIT_SERVICE_MESSAGE_TEST_H
#define UNIT_SERVICE_MESSAGE_TEST_H

#include "support/check.h"
#include "support/mutate.h"

#include "svc/verifier/message.h"

#include <stdlib.h>

typedef enum atls_err read_function(struct atls_bytes octets);

/* refuse_damage reads every prefix, which must fail, and every bit flip, which must not crash. */
struct damage {
    read_function *read;
    size_t len;
};

static inline void read_one(struct atls_bytes mutant, size_t at, void *context)
{
    const struct damage *damage = context;
    (void)at;
    const enum atls_err err = damage->read(mutant);
    if (mutant.len < damage->len) {
        assert_string_equal(atls_err_name(err), "MALFORMED");
    }
}

static inline void damage(const struct verifier_octets *octets, read_function *read)
{
    struct damage context = {read, octets->len};
    uint8_t *longer = malloc(octets->len + 1);
    assert_non_null(longer);
    memcpy(longer, octets->data, octets->len);
    longer[octets->len] = 0;
    assert_err(read(atls_bytes_of(octets->data, octets->len)), OK);
    assert_err(read(atls_bytes_of(longer, octets->len + 1)), MALFORMED);
    test_each_mutant(atls_bytes_of(octets->data, octets->len), read_one, &context);
    free(longer);
}

static inline struct atls_bytes text(const char *text)
{
    return atls_bytes_text(text);
}

static inline struct verifier_match a_match(void)
{
    const struct verifier_match match = {
        .format = &atls_formats[0], .instance = text("instance"), .class_id = text("class")};
    return match;
}

/* Every member other than zero. */
static inline struct atls_collateral_wanted a_question(void)
{
    struct atls_collateral_wanted wanted = {.kind = ATLS_WANTED_AMD_LEAF,
                                            .amd_key = ATLS_AMD_VLEK,
                                            .product = "Milan",
                                            .chip_id_len = 8,
                                            .tcb = {true, 1, 2, 3, 4, 5, {0}},
                                            .fmspc = {1, 2, 3, 4, 5, 6},
                                            .tee = ATLS_INTEL_TDX,
                                            .enclave = ATLS_INTEL_QVE,
                                            .platform_ca = true};
    memset(wanted.chip_id, 0xab, wanted.chip_id_len);
    return wanted;
}

static inline enum atls_err read_report(struct atls_bytes octets)
{
    struct verifier_report m;
    return verifier_report_read(&m, octets);
}

#endif
