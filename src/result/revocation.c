/* SPDX-License-Identifier: Apache-2.0 */
#include "result/revocation.h"

#include "base/rfc3339.h"
#include "base/span.h"

#define SHA256_LEN 32
/* RFC 5280, 4.1.2.2: up to 20 octets. */
#define MAX_SERIAL_LEN 20

/* A UEID has 7 to 33 octets (RFC 9711, 4.2.1); a kid of a TPM's bundle up to 64. The chip_id of
 * SEV-SNP has 64, other processors' identifiers fewer. */
static const struct atls_revoked_rule rules[ATLS_NUM_REVOKED_KINDS] = {
    [ATLS_REVOKED_SPKI] = {"spki", SHA256_LEN, SHA256_LEN},
    [ATLS_REVOKED_CERT_SERIAL] = {"cert-serial", 1, MAX_SERIAL_LEN},
    [ATLS_REVOKED_UEID] = {"ueid", 1, ATLS_MAX_REVOKED_VALUE_LEN},
    [ATLS_REVOKED_CHIP] = {"chip", 1, ATLS_MAX_REVOKED_VALUE_LEN},
    [ATLS_REVOKED_VERIFIER_KEY] = {"verifier-key", SHA256_LEN, SHA256_LEN},
};

const struct atls_revoked_rule *atls_revoked_rule(enum atls_revoked_kind kind)
{
    const unsigned index = (unsigned)kind;
    return index < ATLS_NUM_REVOKED_KINDS ? &rules[index] : NULL;
}

bool atls_revoked_kind_by_word(struct atls_bytes word, enum atls_revoked_kind *out)
{
    for (unsigned i = 0; i < ATLS_NUM_REVOKED_KINDS; i++) {
        if (atls_bytes_is_text(word, rules[i].word)) {
            *out = (enum atls_revoked_kind)i;
            return true;
        }
    }
    return false;
}

void atls_identities_add(struct atls_identities *set, enum atls_revoked_kind kind, const char *what,
                         struct atls_bytes value)
{
    const struct atls_revoked_rule *rule = atls_revoked_rule(kind);
    if (rule == NULL || value.len < rule->min_len || value.len > rule->max_len ||
        set->num >= ATLS_MAX_IDENTITIES) {
        set->incomplete = true;
        return;
    }
    struct atls_identity *item = &set->items[set->num++];
    item->what = what;
    item->kind = (uint8_t)kind;
    item->len = (uint8_t)value.len;
    memcpy(item->value, value.data, value.len);
}

void atls_identities_add_key(struct atls_identities *set, enum atls_revoked_kind kind,
                             const char *what, const struct atls_crypto_ops *crypto,
                             struct atls_bytes spki)
{
    struct atls_digest digest = {.len = 0};
    if (spki.len == 0 || crypto->hash(ATLS_ALG_SHA256, spki, &digest) != ATLS_OK) {
        set->incomplete = true;
        return;
    }
    atls_identities_add(set, kind, what, atls_digest_bytes(&digest));
}

void atls_identities_add_serial(struct atls_identities *set, const char *what,
                                struct atls_bytes serial)
{
    while (serial.len > 1 && serial.data[0] == 0) {
        serial = atls_bytes_of(serial.data + 1, serial.len - 1);
    }
    if (serial.len != 0 && serial.len <= MAX_SERIAL_LEN) {
        atls_identities_add(set, ATLS_REVOKED_CERT_SERIAL, what, serial);
    }
}

/* compare_named orders by kind, length and octets. */
static int compare_named(uint8_t kind, const uint8_t *value, uint8_t len,
                         const struct atls_revoked_entry *entry)
{
    if (kind != entry->kind) {
        return kind < entry->kind ? -1 : 1;
    }
    if (len != entry->len) {
        return len < entry->len ? -1 : 1;
    }
    return memcmp(value, entry->value, len); /* identifiers, not secrets */
}

int atls_revoked_compare(const struct atls_revoked_entry *a, const struct atls_revoked_entry *b)
{
    const int difference = compare_named(a->kind, a->value, a->len, b);
    if (difference != 0) {
        return difference;
    }
    return a->from_s < b->from_s ? -1 : a->from_s > b->from_s;
}

/* find gives the earliest entry that names `item`. */
static const struct atls_revoked_entry *find(const struct atls_revocations *list,
                                             const struct atls_identity *item)
{
    size_t low = 0;
    size_t high = list->num;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (compare_named(item->kind, item->value, item->len, &list->entries[middle]) > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const bool found = low < list->num &&
                       compare_named(item->kind, item->value, item->len, &list->entries[low]) == 0;
    return found ? &list->entries[low] : NULL;
}

static enum atls_err refuse(const struct atls_identity *item,
                            const struct atls_revoked_entry *entry, struct atls_diag *diag)
{
    const struct atls_revoked_rule *rule = atls_revoked_rule((enum atls_revoked_kind)item->kind);
    const size_t first = item->len < SHA256_LEN ? item->len : SHA256_LEN;
    char since[ATLS_RFC3339_LEN];
    atls_rfc3339_write(since, entry->from_s);
    atls_fail_texts(diag, ATLS_ERR_REVOKED, "revocation", item->what, rule->word, NULL);
    atls_diag_found_text(diag, " ");
    /* In two parts, since one call shows 34 octets at most. */
    atls_diag_found_bytes(diag, atls_bytes_of(item->value, first));
    atls_diag_found_bytes(diag, atls_bytes_of(item->value + first, item->len - first));
    atls_diag_found_text(diag, ", revoked since ");
    atls_diag_found_text(diag, since);
    atls_diag_expected_text(diag, "one that --revoked does not name");
    return ATLS_ERR_REVOKED;
}

enum atls_err atls_revocations_check(const struct atls_revocations *list,
                                     const struct atls_identities *set, int64_t now_s,
                                     struct atls_diag *diag)
{
    if (set->incomplete || set->num > ATLS_MAX_IDENTITIES) {
        return atls_fail_texts(diag, ATLS_ERR_STATE, "revocation", "identities",
                               "a set that is incomplete", "all that could be revoked");
    }
    for (size_t i = 0; list != NULL && i < set->num; i++) {
        const struct atls_revoked_entry *entry = find(list, &set->items[i]);
        if (entry != NULL && entry->from_s <= now_s) {
            return refuse(&set->items[i], entry, diag);
        }
    }
    return ATLS_OK;
}
