/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files and folders of endorsements. What a file is is found by its first octets, never by its
 * name; what is not recognised is an error, for a file that is left out in silence is an endorser
 * who was not heard. A folder is taken whole or not at all.
 */
#include "endorsement/set.h"

#include "base/span.h"
#include "endorsement/bag.h"
#include "endorsement/corim.h"
#include "json/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Files of one folder, more than any fleet's operator keeps in one. */
#define MAX_FILES 65536

static const char step[] = "endorsement";

struct load {
    struct atls_batch batch;
    struct atls_corim_reading reading;
    const char *anchor_for; /* NAME@file: the format's name */
    struct atls_diag *diag;
};

/* found_name appends a file's name, of a long one its end. */
static void found_name(struct atls_diag *diag, const char *name)
{
    const size_t max = 90;
    const size_t len = strlen(name);
    atls_diag_found_text(diag, len > max ? "..." : "");
    atls_diag_found_text(diag, len > max ? &name[len - max] : name);
}

static enum atls_err refuse(const struct load *load, const char *path, const char *found,
                            const char *expected)
{
    atls_fail_texts(load->diag, ATLS_ERR_ENDORSEMENT, step, "file", found, expected);
    atls_diag_found_text(load->diag, " in ");
    found_name(load->diag, path);
    return ATLS_ERR_ENDORSEMENT;
}

static enum atls_err refuse_io(const struct load *load, const char *path, int error)
{
    char reason[100] = "";
    if (strerror_r(error, reason, sizeof reason) != 0) {
        reason[0] = '\0';
    }
    atls_fail_texts(load->diag, ATLS_ERR_FILE, step, "file", reason, "a file that can be read");
    atls_diag_found_text(load->diag, ": ");
    found_name(load->diag, path);
    return ATLS_ERR_FILE;
}

static bool starts_with(struct atls_bytes octets, const void *start, size_t len)
{
    return octets.len >= len && memcmp(octets.data, start, len) == 0;
}

/* kind_not_built names a kind of file that is known and not built; NULL for others. */
static const char *kind_not_built(struct atls_bytes octets)
{
    static const struct {
        uint8_t start[6];
        size_t len;
        const char *name;
    } kinds[] = {
        {{'['}, 1, "a JSON array"},
        {{0xd9, 0x02, 0x3b}, 3, "TCG Concise Evidence (tag 571)"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(kinds); i++) {
        if (starts_with(octets, kinds[i].start, kinds[i].len)) {
            return kinds[i].name;
        }
    }
    return NULL;
}

/* is_corim is true for what the reader of CoRIM takes or knows to refuse: tag 501, the bare map of
 * the dialect before 2025, and what a signed one starts with. */
static bool is_corim(struct atls_bytes octets)
{
    static const uint8_t tag[3] = {0xd9, 0x01, 0xf5};
    const bool is_map = octets.len > 0 && octets.data[0] >= 0xa0 && octets.data[0] <= 0xbb;
    return is_map || starts_with(octets, tag, sizeof tag) || atls_corim_is_signed(octets);
}

/* bag_of gives the bag of this loading, which is made when it is needed first. */
static enum atls_err bag_of(struct load *load, struct atls_collateral **out)
{
    enum atls_err err = ATLS_OK;
    if (load->batch.collateral == NULL) {
        err = atls_collateral_new(&load->batch.collateral, ATLS_MAX_COLLATERAL, load->diag);
    }
    *out = load->batch.collateral;
    return err;
}

static enum atls_err load_collateral(struct load *load, struct atls_bytes octets, const char *path)
{
    struct atls_collateral *bag = NULL;
    const enum atls_err err = bag_of(load, &bag);
    if (err != ATLS_OK) {
        return err;
    }
    return load->anchor_for != NULL
               ? atls_bag_add_anchor(bag, load->anchor_for, octets, path, load->diag)
               : atls_collateral_add(bag, octets, path, load->diag);
}

static enum atls_err load_octets(struct load *load, struct atls_bytes octets, const char *path)
{
    if (load->anchor_for != NULL || atls_bag_takes(octets)) {
        return load_collateral(load, octets, path);
    }
    if (is_corim(octets)) {
        return atls_corim_read(&load->batch, octets, path, &load->reading, load->diag);
    }
    const char *kind = kind_not_built(octets);
    if (kind == NULL) {
        return refuse(load, path, octets.len == 0 ? "nothing" : "something not recognised",
                      "a CoRIM, which starts with octets d9 01 f5, or collateral");
    }
    return refuse(load, path, kind,
                  "a CoRIM or collateral: this kind is not built in this version");
}

/* load_fd reads a regular file; anything else could keep us waiting. */
static enum atls_err load_fd(struct load *load, int fd, const char *path)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return refuse_io(load, path, errno);
    }
    if (!S_ISREG(status.st_mode)) {
        return refuse(load, path, "neither a file nor a folder", "files");
    }
    uint8_t *data = NULL;
    size_t len = 0;
    enum atls_err err = atls_file_read_fd(&data, &len, fd, path, ATLS_MAX_FILE_LEN, load->diag);
    if (err == ATLS_OK) {
        err = load_octets(load, atls_bytes_of(data, len), path);
        atls_file_free(data, len);
    }
    return err;
}

static enum atls_err load_file(struct load *load, const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return refuse_io(load, path, errno);
    }
    const enum atls_err err = load_fd(load, fd, path);
    close(fd);
    return err;
}

/* is_folder is false for what cannot be looked at: opening it says why. */
static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* join gives FOLDER/NAME in new memory; NULL without memory. */
static char *join(const char *folder, const char *name)
{
    const size_t folder_len = strlen(folder);
    const size_t name_len = strlen(name);
    char *path = malloc(folder_len + name_len + 2);
    if (path != NULL) {
        memcpy(path, folder, folder_len);
        path[folder_len] = '/';
        memcpy(&path[folder_len + 1], name, name_len);
        path[folder_len + 1 + name_len] = '\0';
    }
    return path;
}

static enum atls_err has_file(bool *out, const struct load *load, const char *folder,
                              const char *name)
{
    char *path = join(folder, name);
    if (path == NULL) {
        return atls_fail(load->diag, ATLS_ERR_MEMORY, step, "folder");
    }
    *out = access(path, F_OK) == 0;
    free(path);
    return ATLS_OK;
}

/* check_no_identity: a folder that keygen made has an endorsement in it, and keys that are none. */
static enum atls_err check_no_identity(const struct load *load, const char *path)
{
    bool is_identity = false;
    bool has_collateral = false;
    enum atls_err err = has_file(&is_identity, load, path, "attester.json");
    if (err == ATLS_OK && is_identity) {
        err = has_file(&has_collateral, load, path, "collateral.json");
    }
    if (err != ATLS_OK || !is_identity) {
        return err;
    }
    return refuse(load, path, "an identity that keygen made",
                  has_collateral
                      ? "its files for Verifiers, endorsement.corim and collateral.json in there"
                      : "its file for Verifiers, endorsement.corim in that folder");
}

/* load_entry loads one entry of a folder and counts it; subfolders are left out (the header says
 * so), which also covers "." and "..". */
static enum atls_err load_entry(struct load *load, const char *folder, const char *name,
                                size_t *num)
{
    char *path = join(folder, name);
    if (path == NULL) {
        return atls_fail(load->diag, ATLS_ERR_MEMORY, step, "folder");
    }
    enum atls_err err = ATLS_OK;
    if (!is_folder(path)) {
        (*num)++;
        err = load_file(load, path);
    }
    free(path);
    return err;
}

static enum atls_err load_folder(struct load *load, const char *path)
{
    struct dirent **entries = NULL;
    enum atls_err err = check_no_identity(load, path);
    if (err != ATLS_OK) {
        return err;
    }
    /* In the order of names, so that the first bad file is the same one each time. */
    const int num_entries = scandir(path, &entries, NULL, alphasort);
    if (num_entries < 0) {
        return refuse_io(load, path, errno);
    }
    size_t num_files = 0;
    for (int i = 0; i < num_entries; i++) {
        if (err == ATLS_OK && num_files == MAX_FILES) {
            err = refuse(load, path, "more than 65536 files", "fewer files in one folder");
        } else if (err == ATLS_OK) {
            err = load_entry(load, path, entries[i]->d_name, &num_files);
        }
        free(entries[i]);
    }
    free(entries);
    if (err == ATLS_OK && num_files == 0) {
        return refuse(load, path, "no file", "a folder with endorsements");
    }
    return err;
}

/* split reads NAME@file, a trust anchor of format NAME; what has no format's name before an '@' is
 * a path. */
static enum atls_err split(struct load *load, const char **path)
{
    static const char *const with_chains[] = {"snp", "tdx", "sgx", "nitro"};
    const char *at = strchr(*path, '@');
    const struct atls_bytes name = atls_bytes_of(*path, at != NULL ? (size_t)(at - *path) : 0);
    if (atls_format_by_name(name) == NULL && !atls_format_is_planned(name)) {
        return ATLS_OK;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(with_chains); i++) {
        if (atls_bytes_is_text(name, with_chains[i])) {
            load->anchor_for = with_chains[i];
        }
    }
    if (load->anchor_for == NULL) {
        return refuse(load, *path, "a trust anchor for a format without certificates",
                      "NAME@file with NAME snp, tdx, sgx or nitro");
    }
    if (load->reading.signers->count != 0) { /* not from whoever can write a file */
        return atls_fail_texts(load->diag, ATLS_ERR_ENDORSEMENT_SIGNATURE, step, "trust anchor",
                               "a bare certificate",
                               "one in a CoRIM that an endorsement key signed");
    }
    *path = at + 1;
    return is_folder(*path) ? refuse(load, *path, "a folder", "one file of certificates") : ATLS_OK;
}

enum atls_err atls_endorsements_load_at(struct atls_endorsements *set, const char *path,
                                        int64_t now_s, struct atls_diag *diag)
{
    struct load load = {.diag = diag};
    load.reading.signers = atls_endorsements_signers(set);
    load.reading.check_time = true;
    load.reading.now_s = now_s;
    enum atls_err err = split(&load, &path);
    if (err == ATLS_OK) {
        err = is_folder(path) ? load_folder(&load, path) : load_file(&load, path);
    }
    if (err == ATLS_OK) {
        err = atls_endorsements_add_batch(set, &load.batch, diag);
    }
    atls_batch_cleanup(&load.batch);
    return err;
}

enum atls_err atls_endorsements_load(struct atls_endorsements *set, const char *path,
                                     struct atls_diag *diag)
{
    return atls_endorsements_load_at(set, path, (int64_t)time(NULL), diag);
}
