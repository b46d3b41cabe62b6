/* SPDX-License-Identifier: Apache-2.0 */
#include "endorsement/batch.h"

#include "base/span.h"
#include "crypto/key.h"

#include <stdio.h>
#include <stdlib.h>

static const char step[] = "endorsement";

void atls_anchor_entry_free(struct atls_anchor_entry *entry)
{
    if (entry != NULL) {
        atls_key_free(entry->key);
        free(entry->spki);
        free(entry);
    }
}

void atls_authority_entry_free(struct atls_authority_entry *entry)
{
    if (entry != NULL) {
        free(entry->cert);
        free(entry->spki);
        free(entry);
    }
}

static void notes_free(struct atls_note *note)
{
    while (note != NULL) {
        struct atls_note *next = note->next;
        free(note);
        note = next;
    }
}

static void sources_free(struct atls_corim_source *source)
{
    while (source != NULL) {
        struct atls_corim_source *next = source->next;
        free(source->name);
        free(source->data);
        notes_free(source->notes);
        free(source);
        source = next;
    }
}

void atls_batch_cleanup(struct atls_batch *batch)
{
    for (size_t i = 0; i < batch->num_anchors; i++) {
        atls_anchor_entry_free(batch->anchors[i]);
    }
    for (size_t i = 0; i < batch->num_references; i++) {
        free(batch->references[i]);
    }
    for (size_t i = 0; i < batch->num_statements; i++) {
        free(batch->statements[i]);
    }
    for (size_t i = 0; i < batch->num_authorities; i++) {
        atls_authority_entry_free(batch->authorities[i]);
    }
    free(batch->anchors);
    free(batch->references);
    free(batch->statements);
    free(batch->authorities);
    free(batch->shown_anchors);
    free(batch->shown_references);
    sources_free(batch->sources);
    atls_collateral_free(batch->collateral);
    memset(batch, 0, sizeof *batch);
}

/* copy_of gives a copy with a NUL behind it; NULL without memory. */
static uint8_t *copy_of(struct atls_bytes octets)
{
    uint8_t *copy = malloc(octets.len + 1);
    if (copy != NULL) {
        if (octets.len > 0) {
            memcpy(copy, octets.data, octets.len);
        }
        copy[octets.len] = '\0';
    }
    return copy;
}

enum atls_err atls_batch_add_source(struct atls_batch *batch, struct atls_corim_source **out,
                                    struct atls_bytes octets, const char *name,
                                    struct atls_diag *diag)
{
    struct atls_corim_source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "file");
    }
    source->data = copy_of(octets);
    source->len = octets.len;
    source->not_after_s = INT64_MAX;
    source->name = (char *)copy_of(atls_bytes_text(name));
    if (source->data == NULL || source->name == NULL) {
        sources_free(source);
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "file");
    }
    source->next = batch->sources;
    batch->sources = source;
    *out = source;
    return ATLS_OK;
}

/* grown gives room for at least one more of `num` pointers: `array` itself or its successor. NULL
 * without memory, and then `array` is as it was. */
static void *grown(void *array, size_t num, size_t *cap)
{
    if (num < *cap) {
        return array;
    }
    const size_t more = *cap == 0 ? 16 : 2 * *cap;
    if (more > SIZE_MAX / sizeof(void *)) {
        return NULL;
    }
    void *bigger = realloc(array, more * sizeof(void *));
    if (bigger != NULL) {
        *cap = more;
    }
    return bigger;
}

/* entry_of makes the entry without its key; NULL without memory or when the key has no DER form. */
static struct atls_anchor_entry *entry_of(const struct atls_trust_anchor *anchor,
                                          const struct atls_key *key)
{
    uint8_t spki[ATLS_MAX_SPKI_LEN];
    const struct atls_buf room = {spki, sizeof spki};
    size_t len = 0;
    struct atls_anchor_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL || atls_key_spki(key, room, &len) != ATLS_OK) {
        free(entry);
        return NULL;
    }
    entry->spki = copy_of(atls_bytes_of(spki, len));
    if (entry->spki == NULL) {
        free(entry);
        return NULL;
    }
    entry->anchor = *anchor;
    entry->anchor.key = key;
    entry->anchor.spki = atls_bytes_of(entry->spki, len);
    return entry;
}

enum atls_err atls_batch_add_anchor(struct atls_batch *batch,
                                    const struct atls_trust_anchor *anchor, struct atls_key *key,
                                    struct atls_diag *diag)
{
    struct atls_anchor_entry **room =
        grown(batch->anchors, batch->num_anchors, &batch->cap_anchors);
    if (room == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "trust anchor");
    }
    batch->anchors = room;
    struct atls_anchor_entry *entry = entry_of(anchor, key);
    if (entry == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "trust anchor");
    }
    entry->key = key;
    batch->anchors[batch->num_anchors++] = entry;
    return ATLS_OK;
}

enum atls_err atls_batch_add_reference(struct atls_batch *batch,
                                       const struct atls_reference *reference,
                                       struct atls_diag *diag)
{
    struct atls_reference **room =
        grown(batch->references, batch->num_references, &batch->cap_references);
    if (room == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "reference value");
    }
    batch->references = room;
    struct atls_reference *entry = malloc(sizeof *entry);
    if (entry == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "reference value");
    }
    *entry = *reference;
    batch->references[batch->num_references++] = entry;
    return ATLS_OK;
}

enum atls_err atls_batch_add_statement(struct atls_batch *batch,
                                       const struct atls_statement *statement,
                                       struct atls_diag *diag)
{
    struct atls_statement **room =
        grown(batch->statements, batch->num_statements, &batch->cap_statements);
    if (room == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "statement");
    }
    batch->statements = room;
    struct atls_statement *entry = malloc(sizeof *entry);
    if (entry == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "statement");
    }
    *entry = *statement;
    batch->statements[batch->num_statements++] = entry;
    return ATLS_OK;
}

enum atls_err atls_batch_add_authority(struct atls_batch *batch,
                                       const struct atls_authority *authority,
                                       struct atls_diag *diag)
{
    struct atls_authority_entry **room =
        grown(batch->authorities, batch->num_authorities, &batch->cap_authorities);
    if (room == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "authority");
    }
    batch->authorities = room;
    struct atls_authority_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "authority");
    }
    entry->authority = *authority;
    entry->cert = copy_of(authority->cert);
    entry->spki = copy_of(authority->spki);
    if (entry->cert == NULL || entry->spki == NULL) {
        atls_authority_entry_free(entry);
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "authority");
    }
    entry->authority.cert = atls_bytes_of(entry->cert, authority->cert.len);
    entry->authority.spki = atls_bytes_of(entry->spki, authority->spki.len);
    batch->authorities[batch->num_authorities++] = entry;
    return ATLS_OK;
}

enum atls_err atls_batch_add_note(struct atls_corim_source *source, const char *what,
                                  const char *why, struct atls_diag *diag)
{
    const size_t max = 120;
    const size_t len = strlen(source->name);
    struct atls_note **last = &source->notes;
    struct atls_note *note = calloc(1, sizeof *note);
    if (note == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "note");
    }
    snprintf(note->text, sizeof note->text, "%s%s: %s: %s", len > max ? "..." : "",
             len > max ? &source->name[len - max] : source->name, what, why);
    while (*last != NULL && strcmp((*last)->text, note->text) != 0) {
        last = &(*last)->next;
    }
    if (*last == NULL) {
        *last = note;
    } else {
        free(note);
    }
    return ATLS_OK;
}
