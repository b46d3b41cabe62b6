/* SPDX-License-Identifier: Apache-2.0 */
#include "endorsement/intel.h"

#include "base/span.h"
#include "endorsement/corim.h"

/* Operators of expressions; 5 is not assigned. */
enum { OP_EQ, OP_GT, OP_GE, OP_LT, OP_LE, OP_MEMBER = 6, OP_NON_MEMBER, OP_SUBSET };
enum { OP_SUPERSET = OP_SUBSET + 1, OP_DISJOINT };

enum kind { DATE, NUMBER, OCTETS, TEXT, DIGESTS, TEXTS, COMPONENTS };
static const struct {
    int64_t key;
    const char *name;
    enum kind kind;
} keys[] = {
    {ATLS_INTEL_TCB_DATE, "tcbdate", DATE},
    {ATLS_INTEL_ISVSVN, "isvsvn", NUMBER},
    {ATLS_INTEL_INSTANCE_ID, "instanceid", OCTETS},
    {ATLS_INTEL_PCEID, "pceid", TEXT},
    {ATLS_INTEL_MISCSELECT, "miscselect", OCTETS},
    {ATLS_INTEL_ATTRIBUTES, "attributes", OCTETS},
    {ATLS_INTEL_MRTEE, "mrtee", DIGESTS},
    {ATLS_INTEL_MRSIGNER, "mrsigner", DIGESTS},
    {ATLS_INTEL_ISVPRODID, "isvprodid", NUMBER},
    {ATLS_INTEL_TCBEVALNUM, "tcbevalnum", NUMBER},
    {ATLS_INTEL_STATUS, "tcbstatus", TEXTS},
    {ATLS_INTEL_ADVISORIES, "advisoryids", TEXTS},
    {ATLS_INTEL_TCB_COMP_SVN, "tcbcompsvn", COMPONENTS},
};

/* row_of gives the row of a key; ATLS_ARRAY_LEN(keys) when there is none. */
static size_t row_of(int64_t key)
{
    size_t row = 0;
    while (row < ATLS_ARRAY_LEN(keys) && keys[row].key != key) {
        row++;
    }
    return row;
}

const char *atls_intel_name(int64_t key)
{
    const size_t row = row_of(key);
    return row < ATLS_ARRAY_LEN(keys) ? keys[row].name : NULL;
}

/* expression_of takes tag([operator, operand]) apart. */
static bool expression_of(const struct atls_cbor *item, uint64_t tag, uint64_t *op,
                          struct atls_cbor *operand)
{
    struct atls_cbor pair;
    struct atls_cbor first;
    return atls_cbor_tag(item, tag, &pair) && pair.type == ATLS_CBOR_ARRAY && pair.argument == 2 &&
           atls_cbor_at(&pair, 0, &first) && atls_cbor_u64(&first, op) &&
           atls_cbor_at(&pair, 1, operand);
}

/* number_of gives operator and number; a bare number is to be equal. */
static bool number_of(const struct atls_cbor *item, uint64_t *op, uint64_t *number)
{
    struct atls_cbor operand;
    *op = OP_EQ;
    if (atls_cbor_u64(item, number)) {
        return true;
    }
    return expression_of(item, ATLS_TAG_INTEL_NUMBER, op, &operand) &&
           atls_cbor_u64(&operand, number) && *op <= OP_LE;
}

static bool is_list_of(const struct atls_cbor *list, bool digests)
{
    struct atls_cbor item;
    struct atls_bytes text;
    struct atls_mdigest digest;
    if (list->type != ATLS_CBOR_ARRAY || list->argument == 0) {
        return false;
    }
    struct atls_cbor_iter items = atls_cbor_members(list);
    while (atls_cbor_next(&items, &item)) {
        if (digests ? !atls_mdigest_of(&item, &digest)
                    : !atls_cbor_text(&item, 1, SIZE_MAX, &text)) {
            return false;
        }
    }
    return true;
}

/* set_of gives operator and list of a set; a bare list has the element of Evidence in it. */
static bool set_of(const struct atls_cbor *item, bool digests, uint64_t *op, struct atls_cbor *list)
{
    *op = OP_MEMBER;
    *list = *item;
    if (item->type == ATLS_CBOR_TAG &&
        !expression_of(item, digests ? ATLS_TAG_INTEL_DIGESTS : ATLS_TAG_INTEL_TEXTS, op, list)) {
        return false;
    }
    return *op >= OP_MEMBER && *op <= OP_DISJOINT && is_list_of(list, digests);
}

/* octets_of gives octets and mask: bare, in tag 560, or in 563 with its mask. */
static bool octets_of(const struct atls_cbor *item, struct atls_bytes *value,
                      struct atls_bytes *mask)
{
    struct atls_cbor inner;
    struct atls_cbor part;
    *mask = atls_bytes_of(NULL, 0);
    if (atls_cbor_bytes(item, 1, SIZE_MAX, value)) {
        return true;
    }
    if (atls_cbor_tag(item, ATLS_TAG_BYTES, &inner)) {
        return atls_cbor_bytes(&inner, 1, SIZE_MAX, value);
    }
    return atls_cbor_tag(item, ATLS_TAG_MASKED, &inner) && inner.type == ATLS_CBOR_ARRAY &&
           inner.argument == 2 && atls_cbor_at(&inner, 0, &part) &&
           atls_cbor_bytes(&part, 1, SIZE_MAX, value) && atls_cbor_at(&inner, 1, &part) &&
           atls_cbor_bytes(&part, value->len, value->len, mask);
}

static bool is_date(const struct atls_cbor *item)
{
    struct atls_cbor inner;
    int64_t seconds;
    return atls_cbor_tag(item, ATLS_TAG_EPOCH, &inner) && atls_cbor_int(&inner, &seconds);
}

static bool are_components(const struct atls_cbor *list)
{
    uint64_t op;
    uint64_t number;
    struct atls_cbor item;
    if (list->type != ATLS_CBOR_ARRAY || list->argument != ATLS_INTEL_NUM_COMPONENTS) {
        return false;
    }
    struct atls_cbor_iter items = atls_cbor_members(list);
    while (atls_cbor_next(&items, &item)) {
        if (!number_of(&item, &op, &number)) {
            return false;
        }
    }
    return true;
}

bool atls_intel_well_formed(int64_t key, const struct atls_cbor *value)
{
    const size_t row = row_of(key);
    uint64_t op;
    uint64_t number;
    struct atls_cbor list;
    struct atls_bytes octets;
    struct atls_bytes mask;
    if (row == ATLS_ARRAY_LEN(keys)) {
        return false;
    }
    switch (keys[row].kind) {
    case DATE:
        return is_date(value);
    case NUMBER:
        return number_of(value, &op, &number);
    case OCTETS:
        return octets_of(value, &octets, &mask);
    case TEXT:
        return atls_cbor_text(value, 1, SIZE_MAX, &octets);
    case DIGESTS:
        return set_of(value, true, &op, &list);
    case TEXTS:
        return set_of(value, false, &op, &list);
    case COMPONENTS:
        break;
    }
    return are_components(value);
}

static bool compare_numbers(uint64_t found, uint64_t op, uint64_t expected)
{
    switch (op) {
    case OP_EQ:
        return found == expected;
    case OP_GT:
        return found > expected;
    case OP_GE:
        return found >= expected;
    case OP_LT:
        return found < expected;
    case OP_LE:
        return found <= expected;
    default:
        return false;
    }
}

static bool number_matches(const struct atls_cbor *c, uint64_t found)
{
    uint64_t op;
    uint64_t number;
    return number_of(c, &op, &number) && compare_numbers(found, op, number);
}

static bool octets_match(const struct atls_cbor *c, struct atls_bytes found)
{
    struct atls_measured expected = {.has = ATLS_HAS_RAW};
    const struct atls_measured evidence = {.has = ATLS_HAS_RAW, .raw = found};
    return octets_of(c, &expected.raw, &expected.raw_mask) &&
           atls_measured_matches(&expected, &evidence);
}

/* holds compares the sizes that the elements of Evidence and of the list have in common: `in` of
 * `num` are in the list, and `covered` of the list's `len` are in Evidence. */
static bool holds(uint64_t op, size_t num, size_t in, size_t len, size_t covered)
{
    switch (op) {
    case OP_MEMBER:
        return num > 0 && in == num;
    case OP_SUBSET:
        return in == num;
    case OP_NON_MEMBER:
    case OP_DISJOINT:
        return in == 0;
    case OP_SUPERSET:
        return covered == len;
    default:
        return false;
    }
}

static bool digests_match(const struct atls_cbor *c, const struct atls_mdigest *found)
{
    uint64_t op;
    struct atls_mdigest_list list = {.items = NULL};
    struct atls_mdigest digest;
    size_t cursor = 0;
    size_t equal = 0;
    size_t len = 0;
    if (found->value.len == 0 || !set_of(c, true, &op, &list.encoded)) {
        return false;
    }
    while (atls_mdigest_next(&list, &cursor, &digest)) {
        equal += digest.number != 0 && digest.number == found->number &&
                 atls_bytes_equal(digest.value, found->value);
        len++;
    }
    return holds(op, 1, equal > 0, len, equal);
}

static bool text_in(struct atls_bytes text, const struct atls_cbor *list)
{
    struct atls_cbor item;
    struct atls_cbor_iter items = atls_cbor_members(list);
    while (atls_cbor_next(&items, &item)) {
        if (item.type == ATLS_CBOR_TEXT && atls_bytes_equal(item.content, text)) {
            return true;
        }
    }
    return false;
}

static bool text_among(struct atls_bytes text, const struct atls_mextension *found)
{
    for (size_t i = 0; i < found->num_texts; i++) {
        if (atls_bytes_equal(found->texts[i], text)) {
            return true;
        }
    }
    return false;
}

static bool texts_match(const struct atls_cbor *c, const struct atls_mextension *found)
{
    uint64_t op;
    struct atls_cbor list;
    struct atls_cbor item;
    size_t in = 0;
    size_t covered = 0;
    if (!set_of(c, false, &op, &list)) {
        return false;
    }
    for (size_t i = 0; i < found->num_texts; i++) {
        in += text_in(found->texts[i], &list);
    }
    struct atls_cbor_iter items = atls_cbor_members(&list);
    while (atls_cbor_next(&items, &item)) {
        covered += text_among(item.content, found);
    }
    return holds(op, found->num_texts, in, (size_t)list.argument, covered);
}

static bool components_match(const struct atls_cbor *c, const struct atls_mextension *found)
{
    struct atls_cbor item;
    size_t at = 0;
    struct atls_cbor_iter items = atls_cbor_members(c);
    while (atls_cbor_next(&items, &item)) {
        if (at >= found->num_numbers || !number_matches(&item, found->numbers[at])) {
            return false;
        }
        at++;
    }
    return at == ATLS_INTEL_NUM_COMPONENTS;
}

static bool one_matches(enum kind kind, const struct atls_cbor *c,
                        const struct atls_mextension *found)
{
    struct atls_cbor inner;
    int64_t seconds;
    switch (kind) {
    case DATE:
        return atls_cbor_tag(c, ATLS_TAG_EPOCH, &inner) && atls_cbor_int(&inner, &seconds) &&
               seconds >= 0 && (uint64_t)seconds == found->number;
    case NUMBER:
        return number_matches(c, found->number);
    case OCTETS:
        return octets_match(c, found->octets);
    case TEXT:
        return c->type == ATLS_CBOR_TEXT && atls_bytes_equal(c->content, found->octets);
    case DIGESTS:
        return digests_match(c, &found->digest);
    case TEXTS:
        return texts_match(c, found);
    case COMPONENTS:
        break;
    }
    return components_match(c, found);
}

/* extension_matches compares one key of a CoRIM with what Evidence or another CoRIM says. */
static bool extension_matches(int64_t key, const struct atls_cbor *c,
                              const struct atls_mextensions *e)
{
    const size_t row = row_of(key);
    struct atls_cbor said;
    if (row == ATLS_ARRAY_LEN(keys)) {
        return false;
    }
    for (size_t i = 0; e->items != NULL && i < e->num; i++) {
        if (e->items[i].key == key) {
            return one_matches(keys[row].kind, c, &e->items[i]);
        }
    }
    return e->items == NULL && atls_cbor_get(&e->encoded, key, &said) &&
           atls_bytes_equal(said.encoded, c->encoded);
}

bool atls_intel_matches(const struct atls_mextensions *c, const struct atls_mextensions *e)
{
    struct atls_cbor key;
    struct atls_cbor value;
    size_t num = 0;
    if (c->encoded.type != ATLS_CBOR_MAP) {
        return false;
    }
    struct atls_cbor_iter pairs = atls_cbor_members(&c->encoded);
    while (atls_cbor_next_pair(&pairs, &key, &value)) {
        int64_t number;
        if (!atls_cbor_int(&key, &number) || number >= 0) {
            continue;
        }
        if (!extension_matches(number, &value, e)) {
            return false;
        }
        num++;
    }
    return num > 0;
}
