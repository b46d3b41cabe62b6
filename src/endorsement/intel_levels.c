/* SPDX-License-Identifier: Apache-2.0 */
/* The levels of TCB info and of identities of enclaves, and the members that both have. */
#include "endorsement/intel_read.h"

#include "base/rfc3339.h"
#include "base/span.h"

#include <stdio.h>

static const char step[] = "Intel collateral";

static const struct {
    enum atls_intel_status status;
    const char *name;
} statuses[] = {
    {ATLS_INTEL_UP_TO_DATE, "UpToDate"},
    {ATLS_INTEL_SW_HARDENING_NEEDED, "SWHardeningNeeded"},
    {ATLS_INTEL_CONFIGURATION_NEEDED, "ConfigurationNeeded"},
    {ATLS_INTEL_CONFIGURATION_AND_SW_HARDENING_NEEDED, "ConfigurationAndSWHardeningNeeded"},
    {ATLS_INTEL_OUT_OF_DATE, "OutOfDate"},
    {ATLS_INTEL_OUT_OF_DATE_CONFIGURATION_NEEDED, "OutOfDateConfigurationNeeded"},
    {ATLS_INTEL_REVOKED, "Revoked"},
};

const char *atls_intel_status_name(enum atls_intel_status status)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(statuses); i++) {
        if (statuses[i].status == status) {
            return statuses[i].name;
        }
    }
    return "unknown";
}

enum atls_err atls_intel_octets(struct atls_buf out, const json_t *object, const char *key,
                                struct atls_diag *diag)
{
    size_t len = 0;
    return atls_json_hex(out, &len, out.cap, object, key, step, diag);
}

enum atls_err atls_intel_u16(uint16_t *out, const json_t *object, const char *key,
                             struct atls_diag *diag)
{
    int64_t number = 0;
    const enum atls_err err = atls_json_int(&number, object, key, 0, UINT16_MAX, step, diag);
    if (err == ATLS_OK) {
        *out = (uint16_t)number;
    }
    return err;
}

static enum atls_err read_time(int64_t *out, const json_t *object, const char *key,
                               struct atls_diag *diag)
{
    struct atls_bytes text = {NULL, 0};
    const enum atls_err err = atls_json_text(&text, object, key, step, diag);
    if (err == ATLS_OK && !atls_rfc3339_parse(text, out)) {
        atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, key, NULL, "a time of RFC 3339");
        atls_diag_found_peer_text(diag, text);
        return ATLS_ERR_MALFORMED;
    }
    return err;
}

enum atls_err atls_intel_head(struct atls_intel_dates *dates, int64_t *evaluation,
                              const json_t *object, struct atls_diag *diag)
{
    enum atls_err err = read_time(&dates->issue_s, object, "issueDate", diag);
    if (err == ATLS_OK) {
        err = read_time(&dates->next_update_s, object, "nextUpdate", diag);
    }
    if (err == ATLS_OK && dates->next_update_s < dates->issue_s) {
        err = atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "nextUpdate",
                              "a time before issueDate", "one behind it");
    }
    if (err == ATLS_OK) {
        err =
            atls_json_int(evaluation, object, "tcbEvaluationDataNumber", 0, UINT32_MAX, step, diag);
    }
    return err;
}

static enum atls_err read_status(enum atls_intel_status *out, const json_t *object,
                                 struct atls_diag *diag)
{
    struct atls_bytes text = {NULL, 0};
    const enum atls_err err = atls_json_text(&text, object, "tcbStatus", step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(statuses); i++) {
        if (atls_bytes_is_text(text, statuses[i].name)) {
            *out = statuses[i].status;
            return ATLS_OK;
        }
    }
    atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "tcbStatus", NULL,
                    "a status of PCS API version 4, such as UpToDate");
    atls_diag_found_peer_text(diag, text);
    return ATLS_ERR_MALFORMED;
}

/* Names of advisories go into verdicts: they are of printable ASCII, and short. */
static bool is_advisory(struct atls_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] <= ' ' || text.data[i] > '~') {
            return false;
        }
    }
    return text.len != 0 && text.len <= 64;
}

static enum atls_err read_advisories(struct atls_intel_level *level, struct atls_intel_store *store,
                                     const json_t *object, struct atls_diag *diag)
{
    const json_t *list = NULL;
    if (!atls_json_has(object, "advisoryIDs")) {
        return ATLS_OK;
    }
    const enum atls_err err = atls_json_array(&list, object, "advisoryIDs", step, diag);
    if (err != ATLS_OK || json_array_size(list) == 0) {
        return err;
    }
    const size_t num = json_array_size(list);
    if (num > ATLS_INTEL_MAX_ADVISORIES) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "advisoryIDs", "more than 64",
                               "at most 64");
    }
    struct atls_bytes *texts = atls_intel_take(store, num, sizeof *texts);
    if (texts == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "advisoryIDs");
    }
    for (size_t i = 0; i < num; i++) {
        if (!atls_json_text_of(json_array_get(list, i), &texts[i]) || !is_advisory(texts[i])) {
            return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "advisoryIDs", "something else",
                                   "names such as INTEL-SA-00615");
        }
    }
    level->advisories = texts;
    level->num_advisories = num;
    return ATLS_OK;
}

static enum atls_err read_svn(uint8_t *out, const json_t *object, const char *key,
                              struct atls_diag *diag)
{
    int64_t svn = 0;
    const enum atls_err err = atls_json_int(&svn, object, key, 0, UINT8_MAX, step, diag);
    if (err == ATLS_OK) {
        *out = (uint8_t)svn;
    }
    return err;
}

/* Version 2 has a member for each component. */
static enum atls_err read_numbered(uint8_t *out, const json_t *tcb, struct atls_diag *diag)
{
    enum atls_err err = ATLS_OK;
    for (unsigned i = 0; i < ATLS_INTEL_COMPONENTS && err == ATLS_OK; i++) {
        char key[sizeof "sgxtcbcomp01svn"];
        snprintf(key, sizeof key, "sgxtcbcomp%02usvn", (i + 1) % 100);
        err = read_svn(&out[i], tcb, key, diag);
    }
    return err;
}

/* Version 3 has a list; what a component is called there is for people. */
static enum atls_err read_components(uint8_t *out, const json_t *tcb, const char *key,
                                     struct atls_diag *diag)
{
    const json_t *list = NULL;
    enum atls_err err = atls_json_array(&list, tcb, key, step, diag);
    if (err == ATLS_OK && json_array_size(list) != ATLS_INTEL_COMPONENTS) {
        atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, key, NULL, "16 components");
        atls_diag_found_int(diag, (int64_t)json_array_size(list));
        return ATLS_ERR_MALFORMED;
    }
    for (size_t i = 0; i < ATLS_INTEL_COMPONENTS && err == ATLS_OK; i++) {
        const json_t *component = json_array_get(list, i);
        err = json_is_object(component)
                  ? read_svn(&out[i], component, "svn", diag)
                  : atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, key,
                                    atls_json_type_name(component), "objects with an svn");
    }
    return err;
}

static enum atls_err read_tcb(struct atls_intel_level *level, const json_t *object,
                              enum atls_intel_list list, struct atls_diag *diag)
{
    const json_t *tcb = NULL;
    enum atls_err err = atls_json_object(&tcb, object, "tcb", step, diag);
    if (err == ATLS_OK && list == ATLS_LIST_ISV_SVN) {
        return atls_intel_u16(&level->isv_svn, tcb, "isvsvn", diag);
    }
    if (err == ATLS_OK) {
        err = atls_intel_u16(&level->pcesvn, tcb, "pcesvn", diag);
    }
    if (err == ATLS_OK) {
        err = list == ATLS_LIST_SGX_2 ? read_numbered(level->sgx, tcb, diag)
                                      : read_components(level->sgx, tcb, "sgxtcbcomponents", diag);
    }
    level->has_tdx = list == ATLS_LIST_TDX_3;
    if (err == ATLS_OK && level->has_tdx) {
        err = read_components(level->tdx, tcb, "tdxtcbcomponents", diag);
    }
    return err;
}

static enum atls_err read_level(struct atls_intel_level *level, struct atls_intel_store *store,
                                const json_t *object, enum atls_intel_list list,
                                struct atls_diag *diag)
{
    if (!json_is_object(object)) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "tcbLevels",
                               atls_json_type_name(object), "objects");
    }
    enum atls_err err = read_tcb(level, object, list, diag);
    if (err == ATLS_OK) {
        err = read_status(&level->status, object, diag);
    }
    if (err == ATLS_OK) {
        err = read_time(&level->date_s, object, "tcbDate", diag);
    }
    return err == ATLS_OK ? read_advisories(level, store, object, diag) : err;
}

enum atls_err atls_intel_levels_read(struct atls_intel_levels *out, struct atls_intel_store *store,
                                     const json_t *object, enum atls_intel_list list,
                                     struct atls_diag *diag)
{
    const json_t *array = NULL;
    enum atls_err err = atls_json_array(&array, object, "tcbLevels", step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const size_t num = json_array_size(array);
    if (num == 0 || num > ATLS_INTEL_MAX_LEVELS) {
        atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "tcbLevels", NULL, "1 to 128 levels");
        atls_diag_found_int(diag, (int64_t)num);
        return ATLS_ERR_MALFORMED;
    }
    struct atls_intel_level *items = atls_intel_take(store, num, sizeof *items);
    if (items == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "tcbLevels");
    }
    for (size_t i = 0; i < num && err == ATLS_OK; i++) {
        err = read_level(&items[i], store, json_array_get(array, i), list, diag);
    }
    *out = (struct atls_intel_levels){items, num};
    return err;
}
