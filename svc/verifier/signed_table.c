/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open hash table with linear probing. The random octets of an id are their own hash. Entries
 * are never taken out one by one: when the table is half full, it is built anew without those that
 * have ended.
 */
#include "svc/verifier/signed_table.h"

#include "base/span.h"

#include <stdlib.h>

struct entry {
    struct verifier_ticket ticket; /* end_s 0: free */
};

struct verifier_signed_table {
    struct entry *entries;
    size_t size; /* a power of two, at least twice `max` */
    size_t max;
    size_t count;
    int64_t rebuilt_s; /* a full table is looked through once a second */
};

struct verifier_signed_table *verifier_signed_table_new(size_t max)
{
    struct verifier_signed_table *table = calloc(1, sizeof *table);
    if (table == NULL) {
        return NULL;
    }
    table->max = max;
    table->size = 64;
    table->entries = calloc(table->size, sizeof *table->entries);
    if (table->entries == NULL) {
        free(table);
        return NULL;
    }
    return table;
}

void verifier_signed_table_free(struct verifier_signed_table *table)
{
    if (table != NULL) {
        free(table->entries);
        free(table);
    }
}

size_t verifier_signed_table_count(const struct verifier_signed_table *table)
{
    return table->count;
}

/* find gives the entry of a session, or the free one where it belongs. */
static struct entry *find(struct entry *entries, size_t size, const struct verifier_ticket *ticket)
{
    uint64_t at = 0;
    memcpy(&at, ticket->random, sizeof at);
    for (;; at++) {
        struct entry *entry = &entries[at & (size - 1)];
        if (entry->ticket.end_s == 0 ||
            atls_bytes_equal(atls_bytes_of(entry->ticket.random, sizeof entry->ticket.random),
                             atls_bytes_of(ticket->random, sizeof ticket->random))) {
            return entry;
        }
    }
}

/* rebuild leaves out what has ended, in a table of the size that the rest needs. */
static bool rebuild(struct verifier_signed_table *table, int64_t now_s)
{
    size_t live = 0;
    for (size_t i = 0; i < table->size; i++) {
        live += table->entries[i].ticket.end_s >= now_s;
    }
    size_t size = 64;
    while (size < 4 * (live + 1)) {
        size *= 2;
    }
    struct entry *entries = calloc(size, sizeof *entries);
    if (entries == NULL) {
        return false;
    }
    for (size_t i = 0; i < table->size; i++) {
        if (table->entries[i].ticket.end_s >= now_s) {
            *find(entries, size, &table->entries[i].ticket) = table->entries[i];
        }
    }
    free(table->entries);
    table->entries = entries;
    table->size = size;
    table->count = live;
    table->rebuilt_s = now_s;
    return true;
}

enum atls_err verifier_signed_table_add(struct verifier_signed_table *table,
                                        const struct verifier_ticket *ticket, int64_t now_s,
                                        struct atls_diag *diag)
{
    if (ticket->end_s <= 0) {
        return atls_fail(diag, ATLS_ERR_ARGUMENT, "session", "end");
    }
    /* At most half of the entries are used, so the search ends. */
    if (find(table->entries, table->size, ticket)->ticket.end_s != 0) {
        return atls_fail_texts(diag, ATLS_ERR_CONFLICT, "session", "Result",
                               "one that was signed already", "one for each session");
    }
    const bool is_full = table->count >= table->max && table->rebuilt_s != now_s;
    if ((2 * (table->count + 1) > table->size || is_full) && !rebuild(table, now_s)) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "session", NULL);
    }
    if (table->count >= table->max) {
        return atls_fail_texts(diag, ATLS_ERR_BUSY, "session", NULL,
                               "as many Results as may be open", "fewer");
    }
    find(table->entries, table->size, ticket)->ticket = *ticket;
    table->count++;
    return ATLS_OK;
}
