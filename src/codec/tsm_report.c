/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/tsm_report.h"

#include "base/diag.h"
#include "base/span.h"

static const char step[] = "TSM report";

enum { AUXBLOB, OUTBLOB, PROVIDER, MANIFESTBLOB, SERVICE_PROVIDER, NUM_MEMBERS };

/* In the order of deterministic CBOR. Names of the kernel's providers and services are a word. */
enum { MAX_NAME_LEN = 64 };
static const struct {
    const char *name;
    bool is_text;
} members[NUM_MEMBERS] = {
    [AUXBLOB] = {"auxblob", false},
    [OUTBLOB] = {"outblob", false},
    [PROVIDER] = {"provider", true},
    [MANIFESTBLOB] = {"manifestblob", false},
    [SERVICE_PROVIDER] = {"service_provider", true},
};

static struct atls_bytes *span_of(struct atls_tsm_report *report, size_t member)
{
    switch (member) {
    case AUXBLOB:
        return &report->auxblob;
    case OUTBLOB:
        return &report->outblob;
    case PROVIDER:
        return &report->provider;
    case MANIFESTBLOB:
        return &report->manifestblob;
    default:
        return &report->service_provider;
    }
}

/* without_newline: configfs ends a text attribute with one, and who copies the file keeps it. */
static struct atls_bytes without_newline(struct atls_bytes text)
{
    const bool has = text.len != 0 && text.data[text.len - 1] == '\n';
    return atls_bytes_of(text.data, text.len - (has ? 1 : 0));
}

static size_t find_member(const struct atls_cbor *key)
{
    size_t i = 0;
    while (i < NUM_MEMBERS && !atls_cbor_is_text(key, members[i].name)) {
        i++;
    }
    return i;
}

static enum atls_err read_member(struct atls_tsm_report *report, const struct atls_cbor *key,
                                 const struct atls_cbor *value, struct atls_diag *diag)
{
    const size_t i = find_member(key);
    if (i == NUM_MEMBERS) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "member",
                               "one without a meaning here",
                               "provider, outblob, auxblob, manifestblob or service_provider");
    }
    struct atls_bytes octets;
    if (!members[i].is_text) {
        if (!atls_cbor_bytes(value, 0, SIZE_MAX, &octets)) {
            return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, members[i].name, "another type",
                                   "a byte string");
        }
    } else if (atls_cbor_text(value, 1, MAX_NAME_LEN, &octets)) {
        octets = without_newline(octets);
    } else {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, members[i].name,
                               "another type or length", "a text of 1 to 64 octets");
    }
    *span_of(report, i) = octets;
    return ATLS_OK;
}

/* check_whole: what a report cannot be without, and what it has only with something else. */
static enum atls_err check_whole(const struct atls_tsm_report *report, struct atls_diag *diag)
{
    if (report->provider.len == 0) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "provider", "none",
                               "the name of the kernel's provider");
    }
    if (report->outblob.len == 0) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "outblob", "none",
                               "what the provider signed");
    }
    if (report->manifestblob.len != 0 && report->service_provider.len == 0) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "service_provider",
                               "none, beside a manifestblob", "the service that gave the manifest");
    }
    return ATLS_OK;
}

enum atls_err atls_tsm_report_parse(struct atls_tsm_report *out, struct atls_bytes input,
                                    struct atls_diag *diag)
{
    struct atls_cbor map;
    enum atls_err err = atls_cbor_parse(&map, input, ATLS_CBOR_STRICT, step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (map.type != ATLS_CBOR_MAP) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, NULL, "another type", "a map");
    }
    struct atls_tsm_report report = {.provider = {NULL, 0}};
    struct atls_cbor_iter iter = atls_cbor_members(&map);
    struct atls_cbor key;
    struct atls_cbor value;
    while (err == ATLS_OK && atls_cbor_next_pair(&iter, &key, &value)) {
        err = read_member(&report, &key, &value, diag);
    }
    if (err == ATLS_OK) {
        err = check_whole(&report, diag);
    }
    if (err == ATLS_OK) {
        *out = report;
    }
    return err;
}

static void put_text(struct atls_writer *w, struct atls_bytes text)
{
    uint8_t line[MAX_NAME_LEN];
    const size_t len = text.len < MAX_NAME_LEN ? text.len : MAX_NAME_LEN - 1;
    memcpy(line, text.data, len);
    line[len] = '\n';
    w->failed = w->failed || text.len >= MAX_NAME_LEN;
    atls_cbor_put_text(w, atls_bytes_of(line, len + 1));
}

void atls_tsm_report_put(struct atls_writer *w, const struct atls_tsm_report *report)
{
    struct atls_tsm_report copy = *report;
    uint64_t num = 0;
    for (size_t i = 0; i < NUM_MEMBERS; i++) {
        num += span_of(&copy, i)->len != 0 ? 1 : 0;
    }
    atls_cbor_put_map(w, num);
    for (size_t i = 0; i < NUM_MEMBERS; i++) {
        const struct atls_bytes value = *span_of(&copy, i);
        if (value.len == 0) {
            continue;
        }
        atls_cbor_put_str(w, members[i].name);
        if (members[i].is_text) {
            put_text(w, value);
        } else {
            atls_cbor_put_bytes(w, value);
        }
    }
}
