/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder: {"version":1,"path":...,"fetched":...,"chain":...,"body":base64}, one file an item.
 * Nothing in it is trusted: who can write there can do no more than a server can.
 */
#include "base/rfc3339.h"
#include "base/span.h"
#include "collateral/item.h"
#include "crypto/crypto.h"
#include "json/base64.h"
#include "json/file.h"
#include "json/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char step[] = "collateral file";
static const char suffix[] = ".collateral";

/* Body and chain in base64 and JSON's escapes. */
#define MAX_FILE_LEN   ((size_t)2 * ATLS_DEPOT_MAX_BODY)
#define MAX_FOLDER_LEN 1024
#define NAME_LEN       (64 + sizeof suffix - 1)

bool depot_file_is_ours(const char *name)
{
    return strlen(name) == NAME_LEN && strspn(name, "0123456789abcdef") == 64 &&
           strcmp(&name[64], suffix) == 0;
}

/* name_of writes FOLDER/HASH.collateral; false when it does not fit. */
static bool name_of(char out[static MAX_FOLDER_LEN], const char *folder, const char *path)
{
    struct atls_digest digest;
    char hex[ATLS_HEX_SIZE(32)];
    if (atls_crypto_openssl()->hash(ATLS_ALG_SHA256, atls_bytes_text(path), &digest) != ATLS_OK ||
        !atls_hex_encode(atls_bytes_of(digest.data, digest.len), hex, sizeof hex)) {
        return false;
    }
    const int len = snprintf(out, MAX_FOLDER_LEN, "%s/%s%s", folder, hex, suffix);
    return len > 0 && len < MAX_FOLDER_LEN;
}

static bool is_member(const json_t *object, const char *key, const char *expected)
{
    struct atls_bytes text;
    return atls_json_text(&text, object, key, step, NULL) == ATLS_OK &&
           atls_bytes_is_text(text, expected);
}

static struct atls_lease *read_object(const json_t *object, const char *path, int64_t now_s)
{
    struct atls_lease *item = NULL;
    struct atls_bytes fetched;
    struct atls_bytes chain;
    struct atls_bytes body;
    int64_t fetched_s = 0;
    int64_t version = 0;
    if (atls_json_int(&version, object, "version", 1, 1, step, NULL) != ATLS_OK ||
        !is_member(object, "path", path) ||
        atls_json_text(&fetched, object, "fetched", step, NULL) != ATLS_OK ||
        atls_json_text(&chain, object, "chain", step, NULL) != ATLS_OK ||
        atls_json_text(&body, object, "body", step, NULL) != ATLS_OK ||
        !atls_rfc3339_parse(fetched, &fetched_s)) {
        return NULL;
    }
    const struct atls_buf octets = {malloc(ATLS_BASE64_DECODED_SIZE(body.len)),
                                    ATLS_BASE64_DECODED_SIZE(body.len)};
    size_t len = 0;
    if (octets.data != NULL && atls_base64_decode(body, octets, &len) && len != 0 &&
        depot_item_new(&item, path, (const char *)chain.data, atls_bytes_of(octets.data, len),
                       fetched_s, now_s, NULL) != ATLS_OK) {
        item = NULL;
    }
    free(octets.data);
    return item;
}

struct atls_lease *depot_file_read(const char *folder, const char *path, int64_t now_s)
{
    char name[MAX_FOLDER_LEN];
    uint8_t *text = NULL;
    size_t len = 0;
    json_t *object ATLS_AUTO(atls_json_cleanup) = NULL;
    if (!name_of(name, folder, path) ||
        atls_file_read(&text, &len, name, MAX_FILE_LEN, NULL) != ATLS_OK) {
        return NULL;
    }
    struct atls_lease *item = NULL;
    if (atls_json_parse(&object, atls_bytes_of(text, len), step, NULL) == ATLS_OK) {
        item = read_object(object, path, now_s);
    }
    atls_file_free(text, len);
    if (item == NULL) {
        unlink(name); /* corrupted or ended: fetched again */
        return NULL;
    }
    atomic_store(&item->is_kept, true);
    return item;
}

/* locate says what a file is the answer to; false when its name does not say the same. */
static bool locate(struct depot_location *out, const char *folder, const char *name)
{
    char path[MAX_FOLDER_LEN];
    char expected[MAX_FOLDER_LEN];
    uint8_t *text = NULL;
    size_t len = 0;
    struct atls_bytes where;
    json_t *object ATLS_AUTO(atls_json_cleanup) = NULL;
    const int written = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (written < 0 || (size_t)written >= sizeof path ||
        atls_file_read(&text, &len, path, MAX_FILE_LEN, NULL) != ATLS_OK) {
        return false;
    }
    const bool found = atls_json_parse(&object, atls_bytes_of(text, len), step, NULL) == ATLS_OK &&
                       atls_json_text(&where, object, "path", step, NULL) == ATLS_OK &&
                       depot_locate_path(out, (const char *)where.data) &&
                       name_of(expected, folder, out->path) && strcmp(path, expected) == 0;
    atls_file_free(text, len);
    return found;
}

size_t depot_folder_due(struct depot_due out[static DEPOT_MAX_DUE], const char *folder,
                        int64_t now_s)
{
    size_t num = 0;
    const struct dirent *entry = NULL;
    DIR *dir = opendir(folder);
    while (dir != NULL && num < DEPOT_MAX_DUE && (entry = readdir(dir)) != NULL) {
        struct depot_due *due = &out[num];
        if (!depot_file_is_ours(entry->d_name) || !locate(&due->location, folder, entry->d_name)) {
            continue;
        }
        due->item = depot_file_read(folder, due->location.path, now_s);
        if (due->item == NULL || depot_item_is_due(due->item, now_s)) {
            num++;
        } else {
            depot_item_release(due->item);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return num;
}

/* make_room removes the oldest file where there are too many. */
static void make_room(const char *folder)
{
    DIR *dir = opendir(folder);
    size_t num = 0;
    char oldest[NAME_LEN + 1] = "";
    struct timespec oldest_at = {0, 0};
    const struct dirent *entry = NULL;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        struct stat status;
        if (!depot_file_is_ours(entry->d_name) ||
            fstatat(dirfd(dir), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        num++;
        if (oldest[0] == '\0' || status.st_mtim.tv_sec < oldest_at.tv_sec) {
            memcpy(oldest, entry->d_name, sizeof oldest);
            oldest_at = status.st_mtim;
        }
    }
    if (num >= ATLS_DEPOT_MAX_FILES) {
        unlinkat(dirfd(dir), oldest, 0);
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

void depot_file_write(const char *folder, struct atls_lease *item)
{
    char name[MAX_FOLDER_LEN];
    char fetched[ATLS_RFC3339_LEN];
    if (atomic_exchange(&item->is_kept, true) || !name_of(name, folder, item->path)) {
        return;
    }
    atls_rfc3339_write(fetched, item->fetched_s);
    char *body = atls_base64_new(atls_bytes_of(item->body, item->body_len));
    json_t *object ATLS_AUTO(atls_json_cleanup) =
        json_pack("{s:i, s:s, s:s, s:s, s:s}", "version", 1, "path", item->path, "fetched", fetched,
                  "chain", item->chain, "body", body != NULL ? body : "");
    char *text = object != NULL && body != NULL ? atls_json_dump(object) : NULL;
    if (text != NULL) {
        make_room(folder);
    }
    if (text == NULL ||
        atls_file_write(name, atls_bytes_text(text), ATLS_FILE_SECRET, NULL) != ATLS_OK) {
        atomic_store(&item->is_kept, false); /* the next appraisal tries again */
    }
    free(text);
    free(body);
}

static enum atls_err load_file(struct atls_collateral **loaded, const char *folder,
                               const char *name, struct atls_diag *diag)
{
    char path[1024];
    const int len = snprintf(path, sizeof path, "%s/%s", folder, name);
    struct stat status;
    if (len < 0 || (size_t)len >= sizeof path || stat(path, &status) != 0 ||
        !S_ISREG(status.st_mode)) {
        return ATLS_OK; /* subfolders, "." and ".." */
    }
    uint8_t *data = NULL;
    size_t data_len = 0;
    enum atls_err err = atls_file_read(&data, &data_len, path, ATLS_DEPOT_MAX_BODY, diag);
    if (err == ATLS_OK && *loaded == NULL) {
        err = atls_collateral_new(loaded, ATLS_MAX_COLLATERAL, diag);
    }
    if (err == ATLS_OK) {
        err = atls_collateral_add(*loaded, atls_bytes_of(data, data_len), path, diag);
    }
    atls_file_free(data, data_len);
    return err;
}

static enum atls_err fail_folder(const char *folder, struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_FILE, "collateral", "folder", folder,
                           "a folder that can be read and written");
}

enum atls_err depot_folder_open(struct atls_collateral **out_loaded, const char *folder,
                                struct atls_diag *diag)
{
    struct dirent **entries = NULL;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return fail_folder(folder, diag);
    }
    const int num = scandir(folder, &entries, NULL, alphasort);
    if (num < 0) {
        return fail_folder(folder, diag);
    }
    enum atls_err err = ATLS_OK;
    for (int i = 0; i < num; i++) {
        if (err == ATLS_OK && !depot_file_is_ours(entries[i]->d_name)) {
            err = load_file(out_loaded, folder, entries[i]->d_name, diag);
        }
        free(entries[i]);
    }
    free(entries);
    return err;
}
