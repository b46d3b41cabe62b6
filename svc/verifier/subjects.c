/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/subjects.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "endorsement/order.h"

#include <stdio.h>
#include <stdlib.h>

static const char step[] = "endorsement";

/* What a scope is about. KEYS and REFERENCES are followed by what the name says. */
enum kind {
    INSTANCE = 1,
    KEYS_OF_CLASS,
    KEYS_OF_SOME_CLASS,
    KEYS_OF_EVERY_CLASS,
    REFERENCES_OF_CLASS,
    REFERENCES_OF_SOME_CLASS,
    REFERENCES_OF_EVERY_CLASS
};

struct item {
    struct verifier_subject subject;
    uint32_t match;
    bool also;
};

/* Every match says three things at most, and one more to compare. */
enum { PER_MATCH = 4 };

struct making {
    struct item *items;
    size_t num;
};

/* scope_of hashes kind, format and octets; the lengths keep them apart. */
static enum atls_err scope_of(uint8_t out[32], enum kind kind, const struct atls_format *format,
                              struct atls_bytes octets)
{
    uint8_t text[1 + 64 + 1 + VERIFIER_MAX_KEY_LEN];
    struct atls_digest digest;
    const size_t name_len = strlen(format->name);
    size_t len = 0;
    if (name_len > 63 || octets.len > VERIFIER_MAX_KEY_LEN) {
        return ATLS_ERR_BUFFER;
    }
    text[len++] = (uint8_t)kind;
    text[len++] = (uint8_t)name_len;
    memcpy(text + len, format->name, name_len);
    len += name_len;
    if (octets.len != 0) {
        memcpy(text + len, octets.data, octets.len);
        len += octets.len;
    }
    const enum atls_err err =
        atls_crypto_openssl()->hash(ATLS_ALG_SHA256, atls_bytes_of(text, len), &digest);
    if (err == ATLS_OK) {
        memcpy(out, digest.data, 32);
    }
    return err;
}

static enum atls_err add(struct making *making, enum kind kind, const struct verifier_match *match,
                         size_t number, struct atls_bytes octets, bool also)
{
    struct item *item = &making->items[making->num++];
    item->match = (uint32_t)number;
    item->also = also;
    if (kind == INSTANCE) {
        memcpy(item->subject.value, match->key.data, 32);
    } else if (!also && (kind == KEYS_OF_SOME_CLASS || kind == REFERENCES_OF_SOME_CLASS)) {
        item->subject.value[31] = 1; /* of many endorsers, unless one speaks for every class */
    }
    return scope_of(item->subject.scope, kind, match->format, octets);
}

/* add_class: who speaks for one class meets who speaks for every class, and the other way. */
static enum atls_err add_class(struct making *making, const struct verifier_match *match,
                               size_t number)
{
    const struct atls_bytes none = {NULL, 0};
    const enum kind one = match->key.len != 0 ? KEYS_OF_CLASS : REFERENCES_OF_CLASS;
    const enum kind some = (enum kind)(one + 1), every = (enum kind)(one + 2);
    if (match->class_id.len == 0) {
        const enum atls_err err = add(making, every, match, number, none, false);
        return err == ATLS_OK ? add(making, some, match, number, none, true) : err;
    }
    enum atls_err err = add(making, one, match, number, match->class_id, false);
    if (err == ATLS_OK) {
        err = add(making, some, match, number, none, false);
    }
    return err == ATLS_OK ? add(making, every, match, number, none, true) : err;
}

static struct atls_bytes scope_bytes(const struct item *item)
{
    return atls_bytes_of(item->subject.scope, sizeof item->subject.scope);
}

static struct atls_bytes value_bytes(const struct item *item)
{
    return atls_bytes_of(item->subject.value, sizeof item->subject.value);
}

static int compare(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->also != y->also) {
        return x->also ? 1 : -1;
    }
    const int by_scope = atls_octets_compare(scope_bytes(x), scope_bytes(y));
    return by_scope != 0 ? by_scope : atls_octets_compare(value_bytes(x), value_bytes(y));
}

/* pack leaves out what is there twice, and refuses two values of one subject. */
static enum atls_err pack(struct making *making, struct atls_diag *diag)
{
    size_t kept = 0;
    for (size_t i = 0; i < making->num; i++) {
        const struct item *item = &making->items[i];
        if (kept == 0 || making->items[kept - 1].also != item->also ||
            !atls_bytes_equal(scope_bytes(&making->items[kept - 1]), scope_bytes(item))) {
            making->items[kept++] = *item;
        } else if (!atls_bytes_equal(value_bytes(&making->items[kept - 1]), value_bytes(item))) {
            return atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, step, "attestation key",
                                   "two for one instance", "one key for each instance");
        }
    }
    making->num = kept;
    return ATLS_OK;
}

static enum atls_err hand_over(struct verifier_subjects *out, const struct making *making,
                               struct atls_diag *diag)
{
    struct verifier_subjects subjects = {
        .items = calloc(making->num + 1, sizeof *subjects.items),
        .matches = calloc(making->num + 1, sizeof *subjects.matches),
    };
    if (subjects.items == NULL || subjects.matches == NULL) {
        verifier_subjects_cleanup(&subjects);
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    for (size_t i = 0; i < making->num; i++) {
        subjects.items[i] = making->items[i].subject;
        subjects.matches[i] = making->items[i].match;
        subjects.num_items += making->items[i].also ? 0 : 1;
        subjects.num_also += making->items[i].also ? 1 : 0;
    }
    *out = subjects;
    return ATLS_OK;
}

enum atls_err verifier_subjects_of(struct verifier_subjects *out,
                                   const struct verifier_examined *examined, struct atls_diag *diag)
{
    struct making making = {calloc(examined->num_matches * PER_MATCH + 1, sizeof *making.items), 0};
    enum atls_err err =
        making.items != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    for (size_t i = 0; err == ATLS_OK && i < examined->num_matches; i++) {
        const struct verifier_match *match = &examined->matches[i];
        if (match->key.len != 0 && match->instance.len != 0) {
            err = add(&making, INSTANCE, match, i, match->instance, false);
        }
        if (err == ATLS_OK) {
            err = add_class(&making, match, i);
        }
        if (err != ATLS_OK) {
            err = atls_fail(diag, ATLS_ERR_CRYPTO, step, "hash of what it says");
        }
    }
    if (err == ATLS_OK) {
        qsort(making.items, making.num, sizeof *making.items, compare);
        err = pack(&making, diag);
    }
    if (err == ATLS_OK) {
        err = hand_over(out, &making, diag);
    }
    free(making.items);
    return err;
}

void verifier_subjects_cleanup(struct verifier_subjects *subjects)
{
    free(subjects->items);
    free(subjects->matches);
    memset(subjects, 0, sizeof *subjects);
}

void verifier_subjects_name(struct atls_diag *diag, const struct verifier_subjects *subjects,
                            const struct verifier_examined *examined, size_t number)
{
    static const uint8_t zero[32];
    if (diag == NULL || number >= subjects->num_items + subjects->num_also ||
        subjects->matches[number] >= examined->num_matches) {
        return;
    }
    const struct verifier_match *match = &examined->matches[subjects->matches[number]];
    const bool is_key = !atls_bytes_equal(atls_bytes_of(subjects->items[number].value, 32),
                                          atls_bytes_of(zero, 32));
    const struct atls_bytes named = is_key ? match->instance : match->class_id;
    char hex[2 * 16 + 1] = "";
    for (size_t i = 0; i < named.len && i < 16; i++) {
        (void)snprintf(&hex[2 * i], 3, "%02x", named.data[i]);
    }
    (void)snprintf(diag->claim, sizeof diag->claim, "%s %s",
                   is_key                ? "key of instance"
                   : match->key.len != 0 ? "keys of class"
                                         : "references of class",
                   named.len != 0 ? hex : "any");
}
