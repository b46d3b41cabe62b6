/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two sorted arrays of one kind of entry: by instance and by class. They are put in order when
 * someone asks after a change, which is seldom beside the questions. The caller locks.
 */
#include "svc/verifier/index.h"

#include "base/span.h"

#include <stdlib.h>

struct entry {
    const struct atls_format *format;
    uint64_t generation;
    uint8_t instance_len, class_len;
    uint8_t instance[VERIFIER_MAX_KEY_LEN];
    uint8_t class_id[VERIFIER_MAX_KEY_LEN];
};

struct document {
    struct atls_bytes id; /* owned */
    uint64_t generation;
};

struct verifier_index {
    struct document *documents;
    size_t num_documents, cap_documents;
    struct entry *entries;
    size_t num_entries, cap_entries;
    /* orders of `entries` */
    const struct entry **by_instance;
    const struct entry **by_class;
};

struct verifier_index *verifier_index_new(void)
{
    return calloc(1, sizeof(struct verifier_index));
}

static void forget_order(struct verifier_index *index)
{
    free(index->by_instance);
    free(index->by_class);
    index->by_instance = index->by_class = NULL;
}

void verifier_index_free(struct verifier_index *index)
{
    if (index != NULL) {
        for (size_t i = 0; i < index->num_documents; i++) {
            free((void *)(uintptr_t)index->documents[i].id.data);
        }
        forget_order(index);
        free(index->documents);
        free(index->entries);
        free(index);
    }
}

size_t verifier_index_count(const struct verifier_index *index)
{
    return index->num_documents;
}

static struct atls_bytes instance_of(const struct entry *entry)
{
    return atls_bytes_of(entry->instance, entry->instance_len);
}

static struct atls_bytes class_of(const struct entry *entry)
{
    return atls_bytes_of(entry->class_id, entry->class_len);
}

/* order of octets: the shorter first, then by content; any order would do. */
static int compare_octets(struct atls_bytes a, struct atls_bytes b)
{
    if (a.len != b.len) {
        return a.len < b.len ? -1 : 1;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (a.data[i] != b.data[i]) {
            return a.data[i] < b.data[i] ? -1 : 1;
        }
    }
    return 0;
}

static int compare(const struct entry *entry, const struct atls_format *format,
                   struct atls_bytes key, bool by_class)
{
    const uintptr_t a = (uintptr_t)entry->format, b = (uintptr_t)format;
    if (a != b) {
        return a < b ? -1 : 1;
    }
    return compare_octets(by_class ? class_of(entry) : instance_of(entry), key);
}

static int compare_by_instance(const void *a, const void *b)
{
    const struct entry *second = *(const struct entry *const *)b;
    return compare(*(const struct entry *const *)a, second->format, instance_of(second), false);
}

static int compare_by_class(const void *a, const void *b)
{
    const struct entry *second = *(const struct entry *const *)b;
    return compare(*(const struct entry *const *)a, second->format, class_of(second), true);
}

static const struct entry **sorted(const struct verifier_index *index,
                                   int (*order)(const void *, const void *))
{
    const struct entry **out = calloc(index->num_entries + 1, sizeof *out);
    for (size_t i = 0; out != NULL && i < index->num_entries; i++) {
        out[i] = &index->entries[i];
    }
    if (out != NULL) {
        qsort(out, index->num_entries, sizeof *out, order);
    }
    return out;
}

static void *grown(void *array, size_t need, size_t *cap, size_t size)
{
    if (need <= *cap) {
        return array;
    }
    const size_t more = need < 2 * *cap ? 2 * *cap : need + 16;
    void *bigger = more <= SIZE_MAX / size ? realloc(array, more * size) : NULL;
    if (bigger != NULL) {
        *cap = more;
    }
    return bigger;
}

/* drop removes what an older version of a document said. */
static void drop(struct verifier_index *index, uint64_t generation)
{
    size_t kept = 0;
    for (size_t i = 0; i < index->num_entries; i++) {
        if (index->entries[i].generation != generation) {
            index->entries[kept++] = index->entries[i];
        }
    }
    index->num_entries = kept;
}

static struct document *find_document(struct verifier_index *index, struct atls_bytes id)
{
    for (size_t i = 0; i < index->num_documents; i++) {
        if (atls_bytes_equal(index->documents[i].id, id)) {
            return &index->documents[i];
        }
    }
    return NULL;
}

static struct document *new_document(struct verifier_index *index, struct atls_bytes id)
{
    struct document *room =
        grown(index->documents, index->num_documents + 1, &index->cap_documents, sizeof *room);
    if (room == NULL) {
        return NULL;
    }
    index->documents = room;
    uint8_t *copy = malloc(id.len + 1);
    if (copy == NULL) {
        return NULL;
    }
    memcpy(copy, id.data, id.len);
    struct document *document = &index->documents[index->num_documents++];
    document->id = atls_bytes_of(copy, id.len);
    document->generation = 0;
    return document;
}

static void fill(struct entry *entry, const struct verifier_match *match, uint64_t generation)
{
    memset(entry, 0, sizeof *entry);
    entry->format = match->format;
    entry->generation = generation;
    entry->instance_len = (uint8_t)match->instance.len;
    entry->class_len = (uint8_t)match->class_id.len;
    if (match->instance.len != 0) {
        memcpy(entry->instance, match->instance.data, match->instance.len);
    }
    if (match->class_id.len != 0) {
        memcpy(entry->class_id, match->class_id.data, match->class_id.len);
    }
}

enum atls_err verifier_index_add(struct verifier_index *index, struct atls_bytes id,
                                 uint64_t generation, const struct verifier_match *matches,
                                 size_t num, struct atls_diag *diag)
{
    for (size_t i = 0; i < num; i++) {
        if (matches[i].instance.len > VERIFIER_MAX_KEY_LEN ||
            matches[i].class_id.len > VERIFIER_MAX_KEY_LEN || matches[i].format == NULL) {
            return atls_fail(diag, ATLS_ERR_ARGUMENT, "endorsements", "index");
        }
    }
    struct entry *room =
        grown(index->entries, index->num_entries + num + 1, &index->cap_entries, sizeof *room);
    if (room == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "endorsements", "index");
    }
    index->entries = room;
    forget_order(index); /* its pointers may be old ones now */
    struct document *document = find_document(index, id);
    document = document != NULL ? document : new_document(index, id);
    if (document == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "endorsements", "index");
    }
    if (document->generation != 0) {
        drop(index, document->generation);
    }
    document->generation = generation;
    for (size_t i = 0; i < num; i++) {
        fill(&index->entries[index->num_entries++], &matches[i], generation);
    }
    return ATLS_OK;
}

void verifier_index_remove(struct verifier_index *index, struct atls_bytes id)
{
    struct document *document = find_document(index, id);
    if (document != NULL) {
        drop(index, document->generation);
        forget_order(index);
        free((void *)(uintptr_t)document->id.data);
        *document = index->documents[--index->num_documents];
    }
}

/* What one question has found so far. */
struct finding {
    uint64_t *out;
    size_t max, num;
    bool too_many;
};

static void found(struct finding *finding, uint64_t generation)
{
    size_t at = finding->num;
    while (at > 0 && finding->out[at - 1] >= generation) {
        at--;
    }
    if (at < finding->num && finding->out[at] == generation) {
        return;
    }
    if (finding->num == finding->max) {
        finding->too_many = true;
        return;
    }
    memmove(&finding->out[at + 1], &finding->out[at], (finding->num - at) * sizeof finding->out[0]);
    finding->out[at] = generation;
    finding->num++;
}

/* first_of gives the place of the first entry with this key, or where it would be. */
static size_t first_of(const struct verifier_index *index, const struct atls_format *format,
                       struct atls_bytes key, bool by_class)
{
    const struct entry **order = by_class ? index->by_class : index->by_instance;
    size_t low = 0, high = index->num_entries;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (compare(order[middle], format, key, by_class) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void find_class(struct finding *finding, const struct verifier_index *index,
                       const struct atls_format *format, struct atls_bytes class_id)
{
    for (size_t i = first_of(index, format, class_id, true);
         i < index->num_entries && compare(index->by_class[i], format, class_id, true) == 0; i++) {
        /* a key of another machine of this class is of no use */
        if (index->by_class[i]->instance_len == 0) {
            found(finding, index->by_class[i]->generation);
        }
    }
}

static void find_instance(struct finding *finding, const struct verifier_index *index,
                          const struct verifier_match *wanted)
{
    for (size_t i = first_of(index, wanted->format, wanted->instance, false);
         i < index->num_entries &&
         compare(index->by_instance[i], wanted->format, wanted->instance, false) == 0;
         i++) {
        const struct entry *entry = index->by_instance[i];
        found(finding, entry->generation);
        find_class(finding, index, wanted->format, class_of(entry));
    }
}

static void find_format(struct finding *finding, const struct verifier_index *index,
                        const struct atls_format *format)
{
    for (size_t i = 0; i < index->num_entries; i++) {
        if (index->entries[i].format == format) {
            found(finding, index->entries[i].generation);
        }
    }
}

static bool put_in_order(struct verifier_index *index)
{
    if (index->by_instance == NULL) {
        index->by_instance = sorted(index, compare_by_instance);
    }
    if (index->by_class == NULL) {
        index->by_class = sorted(index, compare_by_class);
    }
    return index->by_instance != NULL && index->by_class != NULL;
}

enum atls_err verifier_index_find(struct verifier_index *index, const struct verifier_match *wanted,
                                  uint64_t *out, size_t max, size_t *out_num,
                                  struct atls_diag *diag)
{
    struct finding finding = {.out = out, .max = max};
    if (!put_in_order(index)) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "endorsements", "index");
    }
    if (wanted->format != NULL && index->num_entries != 0) {
        if (wanted->instance.len == 0 && wanted->class_id.len == 0) {
            find_format(&finding, index, wanted->format);
        } else {
            const struct atls_bytes every = {NULL, 0};
            find_class(&finding, index, wanted->format, every);
            find_class(&finding, index, wanted->format, wanted->class_id);
            if (wanted->instance.len != 0) {
                find_instance(&finding, index, wanted);
            }
        }
    }
    if (finding.too_many) {
        return atls_fail_texts(diag, ATLS_ERR_STORE, "endorsements", "matching Evidence",
                               "too many", "256 at most");
    }
    *out_num = finding.num;
    return ATLS_OK;
}

/* insert_newest keeps `out` in order, the newest first. */
static void insert_newest(struct verifier_indexed *out, size_t max, size_t *num,
                          uint64_t generation)
{
    size_t at = *num;
    while (at > 0 && out[at - 1].generation < generation) {
        at--;
    }
    if (at == max) {
        return;
    }
    *num += *num < max ? 1 : 0;
    memmove(&out[at + 1], &out[at], (*num - at - 1) * sizeof *out);
    memset(&out[at], 0, sizeof out[at]);
    out[at].generation = generation;
}

static struct verifier_indexed *find_indexed(struct verifier_indexed *out, size_t num,
                                             uint64_t generation)
{
    size_t low = 0, high = num;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (out[middle].generation > generation) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < num && out[low].generation == generation ? &out[low] : NULL;
}

void verifier_index_newest(const struct verifier_index *index, struct verifier_indexed *out,
                           size_t max, size_t *out_num)
{
    size_t num = 0;
    for (size_t i = 0; i < index->num_documents; i++) {
        insert_newest(out, max, &num, index->documents[i].generation);
    }
    for (size_t i = 0; i < index->num_entries; i++) {
        const struct entry *entry = &index->entries[i];
        struct verifier_indexed *found = find_indexed(out, num, entry->generation);
        if (found == NULL) {
            continue;
        }
        found->format = entry->format;
        found->num_keys += entry->instance_len != 0 ? 1 : 0;
        found->num_references += entry->instance_len == 0 ? 1 : 0;
        if (found->class_len == 0 && entry->class_len != 0) {
            memcpy(found->class_id, entry->class_id, entry->class_len);
            found->class_len = entry->class_len;
        }
    }
    *out_num = num;
}
