/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of src/handshake share: schemes in one line, and whole sentences. */
#ifndef TEST_HANDSHAKE_TEST_H
#define TEST_HANDSHAKE_TEST_H

#include "support/check.h"
#include "support/memory.h"
#include "support/mutate.h"

#include "handshake/remote_attestation.h"

/* assert_sentence compares the whole sentence of a refusal. */
static inline void assert_sentence(const struct atls_diag *diag, const char *expected)
{
    char found[600];
    (void)atls_diag_sentence(found, sizeof found, diag);
    assert_string_equal(found, expected);
}

static inline struct atls_scheme by_format(uint16_t content_format)
{
    struct atls_scheme scheme = {.mechanism = ATLS_MECHANISM_EVIDENCE,
                                 .by_content_format = true,
                                 .content_format = content_format};
    return scheme;
}

static inline struct atls_scheme by_media(const char *media_type)
{
    struct atls_scheme scheme = {.mechanism = ATLS_MECHANISM_EVIDENCE,
                                 .text = atls_bytes_text(media_type)};
    return scheme;
}

static inline struct atls_scheme by_verifier(const char *identity)
{
    struct atls_scheme scheme = {.mechanism = ATLS_MECHANISM_RESULT,
                                 .text = atls_bytes_text(identity)};
    return scheme;
}

#endif
