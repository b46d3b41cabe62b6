/* SPDX-License-Identifier: Apache-2.0 */
/* Comparison of measured values (draft-ietf-rats-corim-11, 8): one function a member. All of it is
 * public, so nothing here is in constant time. */
#include "endorsement/measured.h"

#include "base/span.h"
#include "endorsement/intel.h"

bool atls_mkey_matches(const struct atls_mkey *c, const struct atls_mkey *e)
{
    if (c->kind != e->kind) {
        return false;
    }
    switch (c->kind) {
    case ATLS_MKEY_UINT:
        return c->number == e->number;
    case ATLS_MKEY_TEXT:
        return atls_bytes_equal(c->text, e->text);
    case ATLS_MKEY_TAGGED:
        return atls_tagged_equal(&c->tagged, &e->tagged);
    case ATLS_MKEY_NONE:
        break;
    }
    return true;
}

static bool same_alg(const struct atls_mdigest *a, const struct atls_mdigest *b)
{
    return a->number != 0 || b->number != 0 ? a->number == b->number
                                            : atls_bytes_equal(a->name, b->name);
}

/* find gives how often an algorithm is in a list, and the last digest of it. */
static size_t find(const struct atls_mdigest_list *list, const struct atls_mdigest *alg,
                   struct atls_mdigest *out)
{
    size_t cursor = 0;
    size_t num = 0;
    struct atls_mdigest digest;
    while (atls_mdigest_next(list, &cursor, &digest)) {
        if (same_alg(&digest, alg)) {
            *out = digest;
            num++;
        }
    }
    return num;
}

/* has_twice: an algorithm with two digests leaves open which of them is meant. */
static bool has_twice(const struct atls_mdigest_list *list)
{
    size_t cursor = 0;
    struct atls_mdigest digest;
    struct atls_mdigest other;
    while (atls_mdigest_next(list, &cursor, &digest)) {
        if (find(list, &digest, &other) != 1) {
            return true;
        }
    }
    return false;
}

bool atls_mdigests_match(const struct atls_mdigest_list *c, const struct atls_mdigest_list *e)
{
    size_t cursor = 0;
    size_t num_common = 0;
    struct atls_mdigest expected;
    struct atls_mdigest found;
    if (has_twice(c) || has_twice(e)) {
        return false;
    }
    while (atls_mdigest_next(c, &cursor, &expected)) {
        if (find(e, &expected, &found) == 0) {
            continue;
        }
        if (!atls_bytes_equal(expected.value, found.value)) {
            return false;
        }
        num_common++;
    }
    return num_common > 0;
}

/* svn_matches: an SVN that Evidence gives as a minimum is not known to be any number. */
static bool svn_matches(const struct atls_measured *c, const struct atls_measured *e)
{
    if (e->svn_is_min) {
        return c->svn_is_min && c->svn == e->svn;
    }
    return c->svn_is_min ? e->svn >= c->svn : e->svn == c->svn;
}

static bool flags_match(const struct atls_measured *c, const struct atls_measured *e)
{
    return (c->flags & ~e->flags) == 0 && ((c->flags_set ^ e->flags_set) & c->flags) == 0;
}

/* raw_matches compares the bits of the condition's mask. A bit that Evidence masks out is one that
 * it does not say. */
static bool raw_matches(const struct atls_measured *c, const struct atls_measured *e)
{
    if (c->raw.len != e->raw.len || (c->raw_mask.len != 0 && c->raw_mask.len != c->raw.len) ||
        (e->raw_mask.len != 0 && e->raw_mask.len != e->raw.len)) {
        return false;
    }
    for (size_t i = 0; i < c->raw.len; i++) {
        const unsigned mask = c->raw_mask.len != 0 ? c->raw_mask.data[i] : 0xffu;
        const unsigned said = e->raw_mask.len != 0 ? e->raw_mask.data[i] : 0xffu;
        if ((mask & ~said) != 0 || (((unsigned)c->raw.data[i] ^ e->raw.data[i]) & mask) != 0) {
            return false;
        }
    }
    return true;
}

static bool keys_match(const struct atls_mkeys *c, const struct atls_mkeys *e)
{
    size_t c_cursor = 0;
    size_t e_cursor = 0;
    struct atls_tagged expected;
    struct atls_tagged found;
    while (atls_mkeys_next(c, &c_cursor, &expected)) {
        if (!atls_mkeys_next(e, &e_cursor, &found) || !atls_tagged_equal(&expected, &found)) {
            return false;
        }
    }
    return c_cursor > 1 && !atls_mkeys_next(e, &e_cursor, &found);
}

static bool find_register(const struct atls_mregisters *list, const struct atls_mregister *wanted,
                          struct atls_mregister *out)
{
    size_t cursor = 0;
    while (atls_mregister_next(list, &cursor, out)) {
        if (out->is_text == wanted->is_text && out->number == wanted->number &&
            (!out->is_text || atls_bytes_equal(out->text, wanted->text))) {
            return true;
        }
    }
    return false;
}

static bool registers_match(const struct atls_mregisters *c, const struct atls_mregisters *e)
{
    size_t cursor = 0;
    struct atls_mregister expected;
    struct atls_mregister found;
    while (atls_mregister_next(c, &cursor, &expected)) {
        if (!find_register(e, &expected, &found) ||
            !atls_mdigests_match(&expected.digests, &found.digests)) {
            return false;
        }
    }
    return cursor > 1;
}

static bool range_matches(const struct atls_mrange *c, const struct atls_mrange *e)
{
    if (e->is_range || !c->is_range) {
        return c->is_range == e->is_range && c->min == e->min && c->max == e->max;
    }
    return c->min <= e->min && e->min <= c->max;
}

/* strings_match: the members that are compared octet by octet. */
static bool strings_match(const struct atls_measured *c, const struct atls_measured *e)
{
    const struct {
        uint32_t has;
        struct atls_bytes expected, found;
    } strings[] = {
        {ATLS_HAS_VERSION, c->version, e->version},
        {ATLS_HAS_MAC, c->mac, e->mac},
        {ATLS_HAS_IP, c->ip, e->ip},
        {ATLS_HAS_SERIAL, c->serial, e->serial},
        {ATLS_HAS_UEID, c->ueid, e->ueid},
        {ATLS_HAS_UUID, c->uuid, e->uuid},
        {ATLS_HAS_NAME, c->name, e->name},
        {ATLS_HAS_CERT_NUM, c->cert_num, e->cert_num},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(strings); i++) {
        if ((c->has & strings[i].has) != 0 &&
            !atls_bytes_equal(strings[i].expected, strings[i].found)) {
            return false;
        }
    }
    return true;
}

bool atls_measured_matches(const struct atls_measured *c, const struct atls_measured *e)
{
    const uint32_t has = c->has;
    if (has == 0 || (has & ~e->has) != 0) {
        return false;
    }
    return strings_match(c, e) &&
           ((has & ATLS_HAS_VERSION_SCHEME) == 0 || c->version_scheme == e->version_scheme) &&
           ((has & ATLS_HAS_SVN) == 0 || svn_matches(c, e)) &&
           ((has & ATLS_HAS_DIGESTS) == 0 || atls_mdigests_match(&c->digests, &e->digests)) &&
           ((has & ATLS_HAS_FLAGS) == 0 || flags_match(c, e)) &&
           ((has & ATLS_HAS_RAW) == 0 || raw_matches(c, e)) &&
           ((has & ATLS_HAS_CRYPTOKEYS) == 0 || keys_match(&c->cryptokeys, &e->cryptokeys)) &&
           ((has & ATLS_HAS_REGISTERS) == 0 || registers_match(&c->registers, &e->registers)) &&
           ((has & ATLS_HAS_RANGE) == 0 || range_matches(&c->range, &e->range)) &&
           ((has & ATLS_HAS_EXTENSIONS) == 0 || atls_intel_matches(&c->extensions, &e->extensions));
}
