/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of this room share. */
#ifndef ENDORSEMENT_SAMPLES_H
#define ENDORSEMENT_SAMPLES_H

#include "support/check.h"
#include "support/file.h"
#include "support/memory.h"

#include "endorsement/endorsement.h"

#include <stdio.h>

/* 2026-07-15: the self-made files are valid then, but for those that are meant not to be. */
#define NOW        INT64_C(1784073600)
#define KAT_FOLDER TEST_SOURCE_DIR "/tests/kat/corim"

/* kat gives the self-made file NAME.cbor. */
static inline struct atls_bytes kat(const char *name)
{
    char path[600];
    const int len = snprintf(path, sizeof path, "%s/%s.cbor", KAT_FOLDER, name);
    assert_true(len > 0 && (size_t)len < sizeof path);
    return test_file(path);
}

static inline struct atls_endorsements *new_set(void)
{
    struct atls_endorsements *set = NULL;
    assert_err(atls_endorsements_new(&set, NULL), OK);
    return set;
}

/* edited gives a file with one place of it changed: `to` has the length of `from`. */
static inline struct atls_bytes edited(struct atls_bytes file, struct atls_bytes from,
                                       struct atls_bytes to)
{
    const struct atls_bytes copy = test_copy(file);
    assert_int_equal(from.len, to.len);
    for (size_t i = 0; i + from.len <= copy.len; i++) {
        if (memcmp(&copy.data[i], from.data, from.len) == 0) {
            memcpy((uint8_t *)(uintptr_t)&copy.data[i], to.data, to.len);
            return copy;
        }
    }
    fail_msg("the file does not have what is to be changed");
    return copy;
}

/* renamed gives a file of psa.diag another CoRIM id, of 12 letters. */
static inline struct atls_bytes renamed(struct atls_bytes file, const char *id)
{
    return edited(file, atls_bytes_text("atls-kat-psa"), atls_bytes_text(id));
}

/* show prints why something failed that should not have. */
static inline void show(enum atls_err err, const struct atls_diag *diag)
{
    if (err != ATLS_OK) {
        char sentence[700];
        atls_diag_sentence(sentence, sizeof sentence, diag);
        print_message("%s\n", sentence);
    }
}

static inline void add(struct atls_endorsements *set, struct atls_bytes corim, const char *source)
{
    struct atls_diag diag = {.err = ATLS_OK};
    const enum atls_err err = atls_endorsements_add_corim(set, corim, source, NOW, &diag);
    show(err, &diag);
    assert_err(err, OK);
}

/* assert_says compares a part of the sentence. */
static inline void assert_says(const struct atls_diag *diag, const char *part)
{
    char sentence[700];
    atls_diag_sentence(sentence, sizeof sentence, diag);
    if (strstr(sentence, part) == NULL) {
        print_message("found:    %s\nexpected: %s\n", sentence, part);
    }
    assert_non_null(strstr(sentence, part));
}

/* Rows of the table of names. */
static inline const struct atls_format *psa(void)
{
    return atls_format_by_name(atls_bytes_text("psa"));
}

static inline const struct atls_format *tpm2(void)
{
    return atls_format_by_name(atls_bytes_text("tpm2"));
}

/* What psa.diag and tpm2.diag name. */
static inline struct atls_bytes psa_class(void)
{
    return test_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
}

static inline struct atls_bytes psa_instance(void)
{
    return test_hex("01a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf");
}

static inline struct atls_bytes tpm2_class(void)
{
    return test_hex("cd1f0e5526f9460db9d8f7fde171787c");
}

static inline struct atls_bytes tpm2_instance(void)
{
    return test_hex("01c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf");
}

static inline struct atls_bytes no_octets(void)
{
    return atls_bytes_of(NULL, 0);
}

#endif
