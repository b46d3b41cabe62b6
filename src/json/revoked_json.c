/* SPDX-License-Identifier: Apache-2.0 */
#include "json/revoked_json.h"

#include "base/rfc3339.h"
#include "base/span.h"
#include "json/base64.h"
#include "json/json.h"

#include <stdlib.h>

static const char step[] = "revocation list";

static enum atls_err refuse(struct atls_diag *diag, const char *claim, const char *found,
                            const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_REVOKED_FILE, step, claim, found, expected);
}

/* found_quoted appends a text from the file, so that an empty one shows. */
static void found_quoted(struct atls_diag *diag, struct atls_bytes text)
{
    atls_diag_found_text(diag, "\"");
    atls_diag_found_peer_text(diag, text);
    atls_diag_found_text(diag, "\"");
}

static enum atls_err read_kind(struct atls_revoked_entry *out, const json_t *item,
                               struct atls_diag *diag)
{
    struct atls_bytes word;
    enum atls_revoked_kind kind;
    const enum atls_err err = atls_json_text(&word, item, "kind", step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (atls_revoked_kind_by_word(word, &kind)) {
        out->kind = (uint8_t)kind;
        return ATLS_OK;
    }
    refuse(diag, "kind", NULL, NULL);
    found_quoted(diag, word);
    for (unsigned i = 0; i < ATLS_NUM_REVOKED_KINDS; i++) {
        atls_diag_expected_text(diag, i == 0 ? "" : " or ");
        atls_diag_expected_text(diag, atls_revoked_rule((enum atls_revoked_kind)i)->word);
    }
    return ATLS_ERR_REVOKED_FILE;
}

/* drop_zeros: 00a1 and a1 are one serial number. */
static void drop_zeros(struct atls_revoked_entry *entry)
{
    size_t zeros = 0;
    while (zeros + 1 < entry->len && entry->value[zeros] == 0) {
        zeros++;
    }
    entry->len = (uint8_t)(entry->len - zeros);
    memmove(entry->value, &entry->value[zeros], entry->len);
    memset(&entry->value[entry->len], 0, zeros);
}

static enum atls_err read_value(struct atls_revoked_entry *out, const json_t *item,
                                struct atls_diag *diag)
{
    const struct atls_revoked_rule *rule = atls_revoked_rule((enum atls_revoked_kind)out->kind);
    const struct atls_buf room = {out->value, sizeof out->value};
    struct atls_bytes text;
    size_t len = 0;
    const enum atls_err err = atls_json_text(&text, item, "value", step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (!atls_hex_decode(text, room, &len) || len < rule->min_len || len > rule->max_len) {
        refuse(diag, "value", NULL, "for ");
        found_quoted(diag, text);
        atls_diag_expected_text(diag, rule->word);
        atls_diag_expected_text(diag, " hex of ");
        if (rule->min_len != rule->max_len) {
            atls_diag_expected_int(diag, (int64_t)rule->min_len);
            atls_diag_expected_text(diag, " to ");
        }
        atls_diag_expected_int(diag, (int64_t)rule->max_len);
        atls_diag_expected_text(diag, " octets");
        return ATLS_ERR_REVOKED_FILE;
    }
    out->len = (uint8_t)len;
    if (out->kind == ATLS_REVOKED_CERT_SERIAL) {
        drop_zeros(out);
    }
    return ATLS_OK;
}

static enum atls_err read_from(struct atls_revoked_entry *out, const json_t *item,
                               struct atls_diag *diag)
{
    struct atls_bytes text;
    const enum atls_err err = atls_json_text(&text, item, "from", step, diag);
    if (err != ATLS_OK || atls_rfc3339_parse(text, &out->from_s)) {
        return err;
    }
    refuse(diag, "from", NULL, "an RFC 3339 time such as 2026-11-21T17:00:00Z");
    found_quoted(diag, text);
    return ATLS_ERR_REVOKED_FILE;
}

static enum atls_err read_entry(struct atls_revoked_entry *out, const json_t *item,
                                struct atls_diag *diag)
{
    static const char *const keys[] = {"kind", "value", "from", NULL};
    enum atls_err err = atls_json_only_keys(item, keys, step, diag);
    if (err == ATLS_OK) {
        err = read_kind(out, item, diag);
    }
    if (err == ATLS_OK) {
        err = read_value(out, item, diag);
    }
    return err == ATLS_OK ? read_from(out, item, diag) : err;
}

static int compare(const void *a, const void *b)
{
    return atls_revoked_compare(a, b);
}

static enum atls_err read_list(struct atls_revocations *list, const json_t *root,
                               struct atls_diag *diag)
{
    if (!json_is_array(root)) {
        return refuse(diag, NULL, atls_json_type_name(root), "a list of entries, [] for none");
    }
    const size_t num = json_array_size(root);
    if (num > ATLS_MAX_REVOKED) {
        return refuse(diag, NULL, "too many entries", "at most 32768");
    }
    list->entries = calloc(num + 1, sizeof *list->entries);
    if (list->entries == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    for (size_t i = 0; i < num; i++) {
        const enum atls_err err = read_entry(&list->entries[i], json_array_get(root, i), diag);
        if (err != ATLS_OK) {
            atls_diag_found_text(diag, " in entry ");
            atls_diag_found_int(diag, (int64_t)i + 1);
            return err;
        }
    }
    list->num = num;
    qsort(list->entries, num, sizeof *list->entries, compare);
    return ATLS_OK;
}

enum atls_err atls_revocations_parse(struct atls_revocations *out, struct atls_bytes json,
                                     struct atls_diag *diag)
{
    struct atls_revocations list = {NULL, 0};
    ATLS_AUTO(atls_json_cleanup) json_t *root = NULL;
    enum atls_err err = atls_json_parse(&root, json, step, diag);
    if (err == ATLS_OK) {
        err = read_list(&list, root, diag);
    }
    if (err != ATLS_OK) {
        atls_revocations_cleanup(&list);
        return atls_json_recode(err, ATLS_ERR_REVOKED_FILE, diag);
    }
    *out = list;
    return ATLS_OK;
}

void atls_revocations_cleanup(struct atls_revocations *list)
{
    if (list != NULL) {
        free(list->entries);
        memset(list, 0, sizeof *list);
    }
}
