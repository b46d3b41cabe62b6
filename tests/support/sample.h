/* SPDX-License-Identifier: Apache-2.0 */
/* The samples of Evidence in tests/kat/FORMAT (link room_endorsement). */
#ifndef SUPPORT_SAMPLE_H
#define SUPPORT_SAMPLE_H

#include "base/formats.h"
#include "endorsement/endorsement.h"

#define TEST_MAX_SAMPLES 32
/* When samples are appraised: 2026-09-21T14:13:20Z. */
#define TEST_SAMPLE_NOW INT64_C(1790000000)

struct test_sample {
    char name[64];
    const struct atls_format *format;
    struct atls_bytes cmw;
    struct atls_bytes evidence; /* bare: the value of the CMW */
    struct atls_bytes nonce;
    struct atls_bytes tls_spki;
    const char *expected; /* JSON */
};

/* test_samples reads all samples of a format in the order of their names, at least one; what is
 * not there or too much ends the test program with a failure. */
size_t test_samples(struct test_sample out[TEST_MAX_SAMPLES], const char *source_dir,
                    const char *format);
/* test_sample_endorsements gives the set that endorses them, freed when the program ends;
 * test_sample_endorse adds to a set. */
struct atls_endorsements *test_sample_endorsements(const char *source_dir, const char *format);
void test_sample_endorse(struct atls_endorsements *set, const char *source_dir, const char *format);

#endif
