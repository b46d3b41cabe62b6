/* SPDX-License-Identifier: Apache-2.0 */
/* A list of what is revoked: refused with a sentence, or sorted entries of which each is found. */
#include "fuzz_check.h"

#include "base/span.h"
#include "json/revoked_json.h"

static void check_entry(const struct atls_revocations *list, size_t at)
{
    const struct atls_revoked_entry *entry = &list->entries[at];
    const enum atls_revoked_kind kind = (enum atls_revoked_kind)entry->kind;
    const struct atls_revoked_rule *rule = atls_revoked_rule(kind);
    struct atls_identities set;
    fuzz_require(rule != NULL && entry->len >= rule->min_len && entry->len <= rule->max_len);
    fuzz_require(at == 0 || atls_revoked_compare(&list->entries[at - 1], entry) <= 0);
    memset(&set, 0, sizeof set);
    atls_identities_add(&set, kind, "entry", atls_bytes_of(entry->value, entry->len));
    fuzz_require(!set.incomplete && set.num == 1);
    fuzz_require(atls_revocations_check(list, &set, entry->from_s, NULL) == ATLS_ERR_REVOKED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_revocations list;
    struct atls_diag diag;
    const enum atls_err err = atls_revocations_parse(&list, atls_bytes_of(data, size), &diag);
    if (err != ATLS_OK) {
        fuzz_require(err == ATLS_ERR_REVOKED_FILE && diag.err == err);
        return 0;
    }
    fuzz_require(list.num <= ATLS_MAX_REVOKED);
    for (size_t i = 0; i < list.num; i++) {
        check_entry(&list, i);
    }
    atls_revocations_cleanup(&list);
    return 0;
}
