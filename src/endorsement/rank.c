/* SPDX-License-Identifier: Apache-2.0 */
#include "endorsement/rank.h"

#include "base/span.h"

#include <stdlib.h>

static const char step[] = "endorsement";

struct ranked {
    struct atls_corim_source *file;
    size_t at; /* place in the order of loading */
};

static int compare_id(const struct atls_corim_source *a, const struct atls_corim_source *b)
{
    if (a->id.len != b->id.len) {
        return a->id.len < b->id.len ? -1 : 1;
    }
    return a->id.len == 0 ? 0 : memcmp(a->id.data, b->id.data, a->id.len);
}

/* compare: by id, the highest version first, of one version that which ends last (it was signed
 * anew), then in the order of loading. */
static int compare(const void *left, const void *right)
{
    const struct ranked *a = left;
    const struct ranked *b = right;
    const int by_id = compare_id(a->file, b->file);
    if (by_id != 0) {
        return by_id;
    }
    if (a->file->version != b->file->version) {
        return a->file->version > b->file->version ? -1 : 1;
    }
    if (a->file->not_after_s != b->file->not_after_s) {
        return a->file->not_after_s > b->file->not_after_s ? -1 : 1;
    }
    return a->at < b->at ? -1 : a->at > b->at ? 1 : 0;
}

static size_t count(const struct atls_corim_source *list)
{
    size_t num = 0;
    for (; list != NULL; list = list->next) {
        num++;
    }
    return num;
}

/* name_shown is the end of a long file name: two must fit. */
static const char *name_shown(const char *name)
{
    const size_t max = 60;
    const size_t len = strlen(name);
    return len > max ? &name[len - max] : name;
}

static enum atls_err refuse(const struct atls_corim_source *a, const struct atls_corim_source *b,
                            struct atls_diag *diag)
{
    atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, step, "CoRIM id", "two contents of version ",
                    "one content for each id and version (tag-version of its CoMIDs)");
    atls_diag_found_int(diag, a->version > INT64_MAX ? INT64_MAX : (int64_t)a->version);
    atls_diag_found_text(diag, ", in ");
    atls_diag_found_text(diag, name_shown(a->name));
    atls_diag_found_text(diag, " and ");
    atls_diag_found_text(diag, name_shown(b->name));
    return ATLS_ERR_ENDORSEMENT;
}

/* check_group looks at the files of one id, in order: the first counts. */
static enum atls_err check_group(const struct ranked *group, size_t num, struct atls_diag *diag)
{
    for (size_t i = 1; i < num && group[i].file->version == group[0].file->version; i++) {
        if (!atls_bytes_equal(group[i].file->content, group[0].file->content)) {
            return refuse(group[0].file, group[i].file, diag);
        }
    }
    return ATLS_OK;
}

static size_t group_len(const struct ranked *all, size_t num)
{
    size_t len = 1;
    while (len < num && compare_id(all[0].file, all[len].file) == 0) {
        len++;
    }
    return len;
}

static enum atls_err rank(const struct ranked *all, size_t num, struct atls_diag *diag)
{
    size_t len = 0;
    for (size_t start = 0; start < num; start += len) {
        len = group_len(&all[start], num - start);
        const enum atls_err err = check_group(&all[start], len, diag);
        if (err != ATLS_OK) {
            return err;
        }
    }
    for (size_t start = 0; start < num; start += len) {
        len = group_len(&all[start], num - start);
        for (size_t i = 0; i < len; i++) {
            all[start + i].file->superseded = i > 0;
        }
    }
    return ATLS_OK;
}

enum atls_err atls_rank_files(struct atls_corim_source *set, struct atls_corim_source *more,
                              struct atls_diag *diag)
{
    const size_t num = count(set) + count(more);
    struct ranked *all = calloc(num + 1, sizeof *all);
    if (all == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "set");
    }
    struct atls_corim_source *const lists[] = {set, more};
    size_t at = 0;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(lists); i++) {
        for (struct atls_corim_source *file = lists[i]; file != NULL; file = file->next, at++) {
            all[at].file = file;
            all[at].at = at;
        }
    }
    qsort(all, num, sizeof *all, compare);
    const enum atls_err err = rank(all, num, diag);
    free(all);
    return err;
}
