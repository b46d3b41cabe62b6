/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy v1 (docs/policy.schema.json). A key that is left out demands what atls_policy_default
 * does; a list that is there and empty would accept nobody, and is refused as a mistake.
 */
#include "json/policy_json.h"

#include "base/span.h"
#include "json/base64.h"
#include "json/json.h"
#include "json/policy_callers.h"
#include "result/vector.h"

#include <stdlib.h>

static const char step[] = "policy";

enum { MAX_NAME_LEN = 64, MAX_MACHINE_LEN = 64, MAX_RESULT_AGE_S = 31536000 };

/* What is being built, and the octets that its spans point into: never more than the JSON text has,
 * since neither an escape nor a pair of hex digits is shorter than what it stands for. */
struct building {
    struct atls_policy policy;
    uint8_t *room;
    size_t used, cap;
};

static enum atls_err refuse(struct atls_diag *diag, const char *key, const char *found,
                            const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_POLICY_FILE, step, key, found, expected);
}

/* found_quoted appends a text from the file, so that an empty one shows. */
static void found_quoted(struct atls_diag *diag, struct atls_bytes text)
{
    atls_diag_found_text(diag, "\"");
    atls_diag_found_peer_text(diag, text);
    atls_diag_found_text(diag, "\"");
}

static struct atls_buf room_left(const struct building *b)
{
    const struct atls_buf left = {b->room + b->used, b->cap - b->used};
    return left;
}

static struct atls_bytes take_room(struct building *b, size_t len)
{
    const struct atls_bytes taken = atls_bytes_of(b->room + b->used, len);
    b->used += len;
    return taken;
}

/* keep_text copies a text; false when it does not fit, which the size of `room` excludes. */
static bool keep_text(struct building *b, const char *text, struct atls_bytes *out)
{
    const struct atls_bytes bytes = atls_bytes_text(text);
    if (bytes.len > b->cap - b->used) {
        return false;
    }
    memcpy(b->room + b->used, bytes.data, bytes.len);
    *out = take_room(b, bytes.len);
    return true;
}

/* keep_hex decodes a JSON string of at most `max` octets of hex. */
static bool keep_hex(struct building *b, const json_t *value, size_t max, struct atls_bytes *out)
{
    struct atls_bytes text;
    struct atls_buf room = room_left(b);
    size_t len = 0;
    room.cap = room.cap < max ? room.cap : max;
    if (!atls_json_text_of(value, &text) || !atls_hex_decode(text, room, &len) || len == 0) {
        return false;
    }
    *out = take_room(b, len);
    return true;
}

/* Words: a list of names, and the place of a JSON string in it. */

struct words {
    const char *const *names;
    size_t num;
};

static enum atls_err refuse_word(struct atls_diag *diag, const char *key, const json_t *value,
                                 struct words words)
{
    struct atls_bytes text;
    refuse(diag, key, NULL, NULL);
    if (atls_json_text_of(value, &text)) {
        found_quoted(diag, text);
    } else {
        atls_diag_found_text(diag, atls_json_type_name(value));
    }
    for (size_t i = 0; i < words.num; i++) {
        atls_diag_expected_text(diag, i == 0 ? "" : " or ");
        atls_diag_expected_text(diag, words.names[i]);
    }
    return ATLS_ERR_POLICY_FILE;
}

static enum atls_err read_word(size_t *out, const char *key, const json_t *value,
                               struct words words, struct atls_diag *diag)
{
    struct atls_bytes text;
    if (atls_json_text_of(value, &text)) {
        for (size_t i = 0; i < words.num; i++) {
            if (atls_bytes_is_text(text, words.names[i])) {
                *out = i;
                return ATLS_OK;
            }
        }
    }
    return refuse_word(diag, key, value, words);
}

static enum atls_err read_list(const json_t **out, const json_t *object, const char *key,
                               struct atls_diag *diag)
{
    const json_t *list = NULL;
    const enum atls_err err = atls_json_array(&list, object, key, step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (json_array_size(list) == 0) {
        return refuse(diag, key, "an empty list, which would accept nobody",
                      "at least one member, or no such key");
    }
    *out = list;
    return ATLS_OK;
}

/* read_words gives the set of words in a list as bits. A word that comes twice is a mistake. */
static enum atls_err read_words(unsigned *out_bits, const json_t *object, const char *key,
                                struct words words, struct atls_diag *diag)
{
    const json_t *list = NULL;
    enum atls_err err = read_list(&list, object, key, diag);
    unsigned bits = 0;
    for (size_t i = 0; err == ATLS_OK && i < json_array_size(list); i++) {
        size_t at = 0;
        err = read_word(&at, key, json_array_get(list, i), words, diag);
        if (err == ATLS_OK && (bits & 1u << at) != 0) {
            err = refuse(diag, key, "twice the word ", "each word once");
            atls_diag_found_text(diag, words.names[at]);
        }
        bits |= 1u << at;
    }
    if (err == ATLS_OK) {
        *out_bits = bits;
    }
    return err;
}

/* The keys, one function each. They are called only when the key is there. */

static enum atls_err read_id(struct building *b, const json_t *root, struct atls_diag *diag)
{
    struct atls_bytes id;
    const enum atls_err err = atls_json_text(&id, root, "id", step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (id.len == 0 || id.len >= sizeof b->policy.id) {
        refuse(diag, "id", NULL, "1 to 63 octets");
        atls_diag_found_int(diag, (int64_t)id.len);
        atls_diag_found_text(diag, " octets");
        return ATLS_ERR_POLICY_FILE;
    }
    memset(b->policy.id, 0, sizeof b->policy.id);
    memcpy(b->policy.id, id.data, id.len);
    return ATLS_OK;
}

static enum atls_err read_formats(struct building *b, const json_t *require, struct atls_diag *diag)
{
    const char *names[ATLS_ARRAY_LEN(b->policy.formats)];
    const struct words words = {names, atls_num_formats};
    unsigned bits = 0;
    if (atls_num_formats > ATLS_ARRAY_LEN(names)) {
        return refuse(diag, "formats", "a table of names that is too long", NULL);
    }
    for (size_t i = 0; i < atls_num_formats; i++) {
        names[i] = atls_formats[i].name;
    }
    const enum atls_err err = read_words(&bits, require, "formats", words, diag);
    for (size_t i = 0; err == ATLS_OK && i < atls_num_formats; i++) {
        if ((bits & 1u << i) != 0 && atls_formats[i].submod == NULL) {
            return refuse(diag, "formats", atls_formats[i].name,
                          "the format of the bundle's platform: its Result is about that");
        }
        if ((bits & 1u << i) != 0) {
            b->policy.formats[b->policy.num_formats++] = &atls_formats[i];
        }
    }
    return err;
}

static enum atls_err read_require(struct building *b, const json_t *root, struct atls_diag *diag)
{
    static const char *const keys[] = {"formats", "identity", NULL};
    static const char *const identities[] = {"pkix", "key"};
    static const struct words words = {identities, ATLS_ARRAY_LEN(identities)};
    const json_t *require = NULL;
    enum atls_err err = atls_json_object(&require, root, "require", step, diag);
    if (err == ATLS_OK) {
        err = atls_json_only_keys(require, keys, step, diag);
    }
    if (err == ATLS_OK && atls_json_has(require, "formats")) {
        err = read_formats(b, require, diag);
    }
    if (err == ATLS_OK && atls_json_has(require, "identity")) {
        size_t at = 0;
        err = read_word(&at, "identity", json_object_get(require, "identity"), words, diag);
        b->policy.identity = at == 0 ? ATLS_IDENTITY_PKIX : ATLS_IDENTITY_KEY;
    }
    return err;
}

/* jansson's iterators take no const object, though they change none. */
static json_t *walked(const json_t *object)
{
    return (json_t *)(uintptr_t)object;
}

static enum atls_err read_min_tier(struct building *b, const json_t *root, struct atls_diag *diag)
{
    /* "contraindicated" would demand nothing, and no policy accepts it. */
    static const char *const names[] = {"none", "warning", "affirming"};
    static const enum atls_tier tiers[] = {ATLS_TIER_NONE, ATLS_TIER_WARNING, ATLS_TIER_AFFIRMING};
    static const struct words words = {names, ATLS_ARRAY_LEN(names)};
    const json_t *object = NULL;
    enum atls_err err = atls_json_object(&object, root, "min_tier", step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const char *name;
    json_t *value;
    json_object_foreach(walked(object), name, value)
    {
        enum atls_trust_claim claim;
        size_t at = 0;
        if (!atls_trust_claim_by_name(atls_bytes_text(name), &claim)) {
            refuse(diag, "min_tier", NULL, "a trustworthiness claim, such as hardware");
            found_quoted(diag, atls_bytes_text(name));
            return ATLS_ERR_POLICY_FILE;
        }
        err = read_word(&at, "min_tier", value, words, diag);
        if (err != ATLS_OK) {
            return err;
        }
        b->policy.min_tier_set[claim] = true;
        b->policy.min_tier[claim] = tiers[at];
    }
    return ATLS_OK;
}

static bool is_digest_len(size_t len)
{
    return len == 32 || len == 48 || len == 64;
}

static enum atls_err read_digests(struct building *b, struct atls_bytes name, const json_t *list,
                                  struct atls_diag *diag)
{
    if (!json_is_array(list) || json_array_size(list) == 0) {
        return refuse(diag, "measurements", "a name without digests",
                      "a list of one or more digests for each name");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (b->policy.num_measurements == ATLS_MAX_POLICY_ITEMS) {
            return refuse(diag, "measurements", "too many digests", "at most 64 in all");
        }
        struct atls_bytes value;
        if (!keep_hex(b, json_array_get(list, i), ATLS_MAX_HASH_LEN, &value) ||
            !is_digest_len(value.len)) {
            return refuse(diag, "measurements", "something that is no digest",
                          "hex of 32, 48 or 64 octets");
        }
        struct atls_policy_measurement *entry =
            &b->policy.measurements[b->policy.num_measurements++];
        entry->name = name;
        entry->value = value;
    }
    return ATLS_OK;
}

static enum atls_err read_measurements(struct building *b, const json_t *root,
                                       struct atls_diag *diag)
{
    const json_t *object = NULL;
    enum atls_err err = atls_json_object(&object, root, "measurements", step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (json_object_size(object) == 0) {
        return refuse(diag, "measurements", "no name", "at least one name, or no such key");
    }
    const char *name;
    json_t *list;
    json_object_foreach(walked(object), name, list)
    {
        struct atls_bytes kept;
        const size_t len = strlen(name);
        if (len == 0 || len > MAX_NAME_LEN || !keep_text(b, name, &kept)) {
            return refuse(diag, "measurements", "a name of unusable length", "1 to 64 octets");
        }
        err = read_digests(b, kept, list, diag);
        if (err != ATLS_OK) {
            return err;
        }
    }
    return ATLS_OK;
}

static enum atls_err read_machines(struct building *b, const json_t *root, struct atls_diag *diag)
{
    const json_t *list = NULL;
    const enum atls_err err = read_list(&list, root, "machines", diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (json_array_size(list) > ATLS_MAX_POLICY_ITEMS) {
        return refuse(diag, "machines", "too many", "at most 64");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!keep_hex(b, json_array_get(list, i), MAX_MACHINE_LEN,
                      &b->policy.machines[b->policy.num_machines])) {
            return refuse(diag, "machines", "something that is no identifier",
                          "hex of 1 to 64 octets");
        }
        b->policy.num_machines++;
    }
    b->policy.machines_set = true;
    return ATLS_OK;
}

static enum atls_err read_callers(struct building *b, const json_t *root, struct atls_diag *diag)
{
    const json_t *list = NULL;
    const enum atls_err err = read_list(&list, root, "callers", diag);
    return err == ATLS_OK ? atls_policy_read_callers(&b->policy, list, diag) : err;
}

static enum atls_err read_key_binding(struct building *b, const json_t *root,
                                      struct atls_diag *diag)
{
    static const char *const names[] = {"hardware", "challenge"};
    static const struct words words = {names, ATLS_ARRAY_LEN(names)};
    unsigned bits = 0;
    const enum atls_err err = read_words(&bits, root, "key_binding", words, diag);
    if (err == ATLS_OK) {
        b->policy.key_binding_hardware = (bits & 1u) != 0;
        b->policy.key_binding_challenge = (bits & 2u) != 0;
    }
    return err;
}

static enum atls_err read_debug(struct building *b, const json_t *root, struct atls_diag *diag)
{
    return atls_json_bool(&b->policy.debug, root, "debug", step, diag);
}

static enum atls_err read_simulated(struct building *b, const json_t *root, struct atls_diag *diag)
{
    return atls_json_bool(&b->policy.simulated, root, "simulated", step, diag);
}

static enum atls_err read_timing(struct building *b, const json_t *root, struct atls_diag *diag)
{
    /* In the order of enum atls_timing, whose 0 has no word. */
    static const char *const names[] = {"handshake", "post", "both", "certificate"};
    static const struct words words = {names, ATLS_ARRAY_LEN(names)};
    unsigned bits = 0;
    const enum atls_err err = read_words(&bits, root, "timing", words, diag);
    if (err == ATLS_OK) {
        b->policy.timings = bits << ATLS_TIMING_HANDSHAKE;
    }
    return err;
}

static enum atls_err read_max_result_age(struct building *b, const json_t *root,
                                         struct atls_diag *diag)
{
    int64_t seconds = 0;
    const enum atls_err err =
        atls_json_int(&seconds, root, "max_result_age_s", 1, MAX_RESULT_AGE_S, step, diag);
    if (err == ATLS_OK) {
        b->policy.max_result_age_s = (uint32_t)seconds;
    }
    return err;
}

static enum atls_err read_ensemble(struct building *b, const json_t *root, struct atls_diag *diag)
{
    static const char *const names[] = {"all", "any"};
    static const struct words words = {names, ATLS_ARRAY_LEN(names)};
    size_t at = 0;
    const enum atls_err err =
        read_word(&at, "ensemble", json_object_get(root, "ensemble"), words, diag);
    b->policy.ensemble_any = at == 1;
    return err;
}

static const struct {
    const char *key;
    enum atls_err (*read)(struct building *b, const json_t *root, struct atls_diag *diag);
} optional[] = {
    {"require", read_require},
    {"min_tier", read_min_tier},
    {"measurements", read_measurements},
    {"machines", read_machines},
    {"callers", read_callers},
    {"key_binding", read_key_binding},
    {"debug", read_debug},
    {"simulated", read_simulated},
    {"timing", read_timing},
    {"max_result_age_s", read_max_result_age},
    {"ensemble", read_ensemble},
};

static enum atls_err check_keys(const json_t *root, struct atls_diag *diag)
{
    const char *names[ATLS_ARRAY_LEN(optional) + 3] = {"version", "id"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(optional); i++) {
        names[i + 2] = optional[i].key;
    }
    return atls_json_only_keys(root, names, step, diag);
}

static enum atls_err read_policy(struct building *b, const json_t *root, struct atls_diag *diag)
{
    int64_t version = 0;
    enum atls_err err = check_keys(root, diag);
    if (err == ATLS_OK) {
        err = atls_json_int(&version, root, "version", 1, 1, step, diag);
    }
    if (err == ATLS_OK) {
        b->policy.version = (uint32_t)version;
        err = read_id(b, root, diag);
    }
    for (size_t i = 0; err == ATLS_OK && i < ATLS_ARRAY_LEN(optional); i++) {
        if (atls_json_has(root, optional[i].key)) {
            err = optional[i].read(b, root, diag);
        }
    }
    return err;
}

enum atls_err atls_policy_parse(struct atls_policy *out, struct atls_bytes json,
                                struct atls_diag *diag)
{
    struct building b;
    memset(&b, 0, sizeof b);
    atls_policy_default(&b.policy);
    ATLS_AUTO(atls_json_cleanup) json_t *root = NULL;
    enum atls_err err = atls_json_parse(&root, json, step, diag);
    if (err == ATLS_OK) {
        b.room = malloc(json.len);
        b.cap = json.len;
        err = b.room != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    if (err == ATLS_OK) {
        err = read_policy(&b, root, diag);
    }
    if (err != ATLS_OK) {
        free(b.room);
        return atls_json_recode(err, ATLS_ERR_POLICY_FILE, diag);
    }
    b.policy.storage = b.room;
    *out = b.policy;
    return ATLS_OK;
}

void atls_policy_cleanup(struct atls_policy *policy)
{
    if (policy != NULL) {
        free(policy->storage);
        memset(policy, 0, sizeof *policy); /* a policy of zeros accepts nobody */
    }
}
