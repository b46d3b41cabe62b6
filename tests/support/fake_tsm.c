/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_tsm.h"

#include "base/span.h"
#include "support/cca_maker.h"
#include "support/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SNP_LEN = 1184, TDX_LEN = 5000 };

static bool is(const struct fake_tsm *fake, const char *provider)
{
    return fake->provider != NULL && strcmp(fake->provider, provider) == 0;
}

/* fault gives the error number that was asked for at this place. */
static int fault(struct fake_tsm *fake, const char *operation, const char *attribute)
{
    if (fake->fault_times == 0 || strcmp(fake->fault_operation, operation) != 0 ||
        strcmp(fake->fault_attribute, attribute) != 0) {
        return 0;
    }
    fake->fault_times--;
    return fake->fault_error;
}

static struct fake_tsm_object *find(struct fake_tsm *fake, const char *path, const char **attribute)
{
    const char *slash = strrchr(path, '/');
    assert_non_null(slash);
    *attribute = &slash[1];
    const size_t len = (size_t)(slash - path);
    for (size_t i = 0; i < FAKE_TSM_OBJECTS; i++) {
        struct fake_tsm_object *object = &fake->objects[i];
        if (object->live && strlen(object->path) == len && memcmp(object->path, path, len) == 0) {
            return object;
        }
    }
    return NULL;
}

/* ---- objects ---- */

static int make_locked(struct fake_tsm *fake, const char *path)
{
    const int error = fault(fake, "make", "");
    if (error != 0 || fake->provider == NULL) {
        return error != 0 ? error : ENXIO;
    }
    for (size_t i = 0; i < FAKE_TSM_OBJECTS; i++) {
        struct fake_tsm_object *object = &fake->objects[i];
        if (!object->live) {
            memset(object, 0, sizeof *object);
            object->live = true;
            (void)snprintf(object->path, sizeof object->path, "%s", path);
            (void)snprintf(fake->last_path, sizeof fake->last_path, "%s", path);
            fake->num_made++;
            return 0;
        }
    }
    return ENOMEM;
}

static int remove_locked(struct fake_tsm *fake, const char *path)
{
    const int error = fault(fake, "remove", "");
    if (error != 0) {
        return error;
    }
    for (size_t i = 0; i < FAKE_TSM_OBJECTS; i++) {
        struct fake_tsm_object *object = &fake->objects[i];
        if (object->live && strcmp(object->path, path) == 0) {
            object->live = false;
            fake->num_removed++;
            return 0;
        }
    }
    return ENOENT;
}

/* ---- attributes ---- */

static int store_inblob(struct fake_tsm *fake, struct fake_tsm_object *object,
                        struct atls_bytes value)
{
    if (value.len > sizeof object->inblob) {
        return EFBIG;
    }
    if (fake->held_writes > 0) {
        fake->held_writes--;
        return 0; /* and nothing has arrived */
    }
    memcpy(object->inblob, value.data, value.len);
    object->inblob_len = value.len;
    object->written++;
    return 0;
}

static int store_privlevel(struct fake_tsm *fake, struct fake_tsm_object *object,
                           struct atls_bytes value)
{
    if (is(fake, "tdx_guest")) {
        return ENOENT;
    }
    char text[8] = "";
    if (value.len >= sizeof text) {
        return EINVAL;
    }
    memcpy(text, value.data, value.len);
    const int level = atoi(text);
    if (level < fake->privlevel_floor || level > 3) {
        return EINVAL;
    }
    object->privlevel = level;
    object->written++;
    return 0;
}

static int write_locked(struct fake_tsm *fake, const char *path, struct atls_bytes value)
{
    const char *attribute;
    struct fake_tsm_object *object = find(fake, path, &attribute);
    if (object == NULL) {
        return ENOENT;
    }
    const int error = fault(fake, "write", attribute);
    if (error != 0) {
        return error;
    }
    return strcmp(attribute, "inblob") == 0      ? store_inblob(fake, object, value)
           : strcmp(attribute, "privlevel") == 0 ? store_privlevel(fake, object, value)
                                                 : EACCES;
}

/* put_report writes a report of the provider about `data`; all but a CCA token can be cut. */
static void put_report(const struct fake_tsm *fake, struct fake_tsm_object *object,
                       const uint8_t *data)
{
    memset(object->report, fake->filler, sizeof object->report);
    if (is(fake, "arm_cca_guest")) {
        const struct test_cca_shape shape = {.tag = 907, .in_record = true, .challenge_len = 64};
        const struct atls_buf room = {object->report, sizeof object->report};
        object->report_len = test_cca_token(room, &shape, data).len;
        return;
    }
    const bool snp = is(fake, "sev_guest");
    const size_t own = snp ? (size_t)SNP_LEN : (size_t)TDX_LEN;
    const size_t at = snp ? 0x50 : fake->quote_version == 5 ? 0x23e : 0x238;
    object->report_len = fake->report_len != 0 ? fake->report_len : own;
    object->report[0] = (uint8_t)(snp ? 2 : fake->quote_version);
    object->report[1] = 0;
    object->report[0x30] = (uint8_t)(snp ? object->privlevel : 0);
    memcpy(&object->report[at], data, sizeof object->inblob);
}

/* make_report is the slow path: only when something was written since the last report. */
static int make_report(struct fake_tsm *fake, struct fake_tsm_object *object)
{
    const int error = fault(fake, "report", "");
    if (object->inblob_len == 0) {
        return EINVAL;
    }
    if (object->has_report && object->report_of == object->written) {
        return 0;
    }
    if (error != 0) {
        return error;
    }
    if (object->inblob_len != sizeof object->inblob) {
        return EINVAL;
    }
    if (!fake->has_first) {
        memcpy(fake->first, object->inblob, sizeof fake->first);
        fake->has_first = true;
    }
    put_report(fake, object, fake->stale ? fake->first : object->inblob);
    object->has_report = true;
    object->report_of = object->written;
    fake->num_reports++;
    return 0;
}

static int give(struct atls_buf out, size_t *out_len, const void *data, size_t len)
{
    if (len > out.cap) {
        return EFBIG;
    }
    memcpy(out.data, data, len);
    *out_len = len;
    return 0;
}

static int read_blob(struct fake_tsm *fake, struct fake_tsm_object *object, const char *attribute,
                     struct atls_buf out, size_t *out_len)
{
    const bool aux = strcmp(attribute, "auxblob") == 0;
    if (aux && is(fake, "tdx_guest")) {
        return ENOENT;
    }
    const int error = make_report(fake, object);
    if (error != 0) {
        return error;
    }
    if (!aux) {
        return give(out, out_len, object->report, object->report_len);
    }
    uint8_t *table = calloc(1, fake->auxblob_len + 1);
    assert_non_null(table);
    memset(table, 0xab, fake->auxblob_len);
    const int given = give(out, out_len, table, fake->auxblob_len);
    free(table);
    return given;
}

static int read_attribute(struct fake_tsm *fake, struct fake_tsm_object *object,
                          const char *attribute, struct atls_buf out, size_t *out_len)
{
    char text[64];
    if (strcmp(attribute, "provider") == 0) {
        const int len = snprintf(text, sizeof text, "%s\n", fake->provider);
        return give(out, out_len, text, (size_t)len);
    }
    if (strcmp(attribute, "generation") == 0) {
        const int len = snprintf(text, sizeof text, "%lu\n", object->written);
        return give(out, out_len, text, (size_t)len);
    }
    const bool blob = strcmp(attribute, "outblob") == 0 || strcmp(attribute, "auxblob") == 0;
    return blob ? read_blob(fake, object, attribute, out, out_len) : ENOENT;
}

static int read_locked(struct fake_tsm *fake, const char *path, struct atls_buf out,
                       size_t *out_len)
{
    const char *attribute;
    struct fake_tsm_object *object = find(fake, path, &attribute);
    if (object == NULL) {
        return ENOENT;
    }
    int error = fault(fake, "read", attribute);
    if (error == 0) {
        error = read_attribute(fake, object, attribute, out, out_len);
    }
    if (fake->meddle_times > 0 && strcmp(attribute, fake->meddle_after) == 0) {
        fake->meddle_times--;
        memset(object->inblob, 0x66, sizeof object->inblob);
        object->inblob_len = sizeof object->inblob;
        object->written++;
    }
    return error;
}

/* ---- the table ---- */

static int fake_make(void *arg, const char *object)
{
    struct fake_tsm *fake = arg;
    pthread_mutex_lock(&fake->mutex);
    const int error = make_locked(fake, object);
    pthread_mutex_unlock(&fake->mutex);
    return error;
}

static int fake_remove(void *arg, const char *object)
{
    struct fake_tsm *fake = arg;
    pthread_mutex_lock(&fake->mutex);
    const int error = remove_locked(fake, object);
    pthread_mutex_unlock(&fake->mutex);
    return error;
}

static int fake_write(void *arg, const char *path, struct atls_bytes value)
{
    struct fake_tsm *fake = arg;
    pthread_mutex_lock(&fake->mutex);
    const int error = write_locked(fake, path, value);
    pthread_mutex_unlock(&fake->mutex);
    return error;
}

static int fake_read(void *arg, const char *path, struct atls_buf out, size_t *out_len)
{
    struct fake_tsm *fake = arg;
    pthread_mutex_lock(&fake->mutex);
    const int error = read_locked(fake, path, out, out_len);
    pthread_mutex_unlock(&fake->mutex);
    return error;
}

void fake_tsm_init(struct fake_tsm *fake, const char *provider)
{
    memset(fake, 0, sizeof *fake);
    pthread_mutex_init(&fake->mutex, NULL);
    fake->provider = provider;
    fake->quote_version = 4;
    fake->fs.make = fake_make;
    fake->fs.remove = fake_remove;
    fake->fs.write = fake_write;
    fake->fs.read = fake_read;
    fake->fs.arg = fake;
}

unsigned fake_tsm_num_live(const struct fake_tsm *fake)
{
    unsigned num = 0;
    for (size_t i = 0; i < FAKE_TSM_OBJECTS; i++) {
        num += fake->objects[i].live ? 1u : 0u;
    }
    return num;
}
