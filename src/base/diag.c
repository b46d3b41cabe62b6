/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#undef atls_fail /* the macros are for the analyser of the callers */
#undef atls_fail_at
#undef atls_fail_texts

#include "base/rfc3339.h"
#include "base/span.h"

/* character_start goes back from `at` to the first octet of the character that `at` is in. */
static size_t character_start(const char *text, size_t at)
{
    while (at > 0 && ((uint8_t)text[at] & 0xc0) == 0x80) {
        at--;
    }
    return at;
}

/* mark_cut: who reads is told that there was more. */
static void mark_cut(char *text, size_t cap)
{
    static const char mark[] = "...";
    if (cap >= 4 * sizeof mark) {
        const size_t len = atls_text_len(text);
        const size_t last = cap - sizeof mark;
        const size_t at = len <= last ? len : character_start(text, last);
        memcpy(text + at, mark, sizeof mark);
    }
}

/* append adds `len` octets to a NUL-terminated text in `cap` octets, as many whole characters of
 * UTF-8 as fit. */
static void append(char *text, size_t cap, const char *more, size_t len)
{
    const size_t used = atls_text_len(text);
    const size_t room = cap - 1 - used;
    const size_t fits = len <= room ? len : character_start(more, room);
    memcpy(text + used, more, fits);
    text[used + fits] = '\0';
    if (fits < len) {
        mark_cut(text, cap);
    }
}

static void append_text(char *text, size_t cap, const char *more)
{
    append(text, cap, more, atls_text_len(more));
}

static void append_hex(char *text, size_t cap, struct atls_bytes octets)
{
    static const char digits[] = "0123456789abcdef";
    enum { most = 34 }; /* a UEID and a TPM Name are whole: they are what an operator copies */
    const size_t shown = octets.len < most ? octets.len : most;
    for (size_t i = 0; i < shown; i++) {
        const char pair[2] = {digits[octets.data[i] >> 4], digits[octets.data[i] & 15]};
        append(text, cap, pair, 2);
    }
    if (shown < octets.len) {
        append_text(text, cap, "...");
    }
}

static void append_int(char *text, size_t cap, int64_t value)
{
    char digits[21] = {0};
    size_t at = sizeof digits;
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude != 0);
    if (value < 0) {
        digits[--at] = '-';
    }
    append(text, cap, &digits[at], sizeof digits - at);
}

enum atls_err atls_fail(struct atls_diag *diag, enum atls_err err, const char *step,
                        const char *claim)
{
    if (diag != NULL) {
        memset(diag, 0, sizeof *diag);
        diag->err = err;
        append_text(diag->step, sizeof diag->step, step);
        append_text(diag->claim, sizeof diag->claim, claim != NULL ? claim : "");
    }
    return err;
}

enum atls_err atls_fail_at(struct atls_diag *diag, enum atls_err err, const char *step,
                           const char *claim, size_t offset, const char *expected)
{
    atls_fail(diag, err, step, claim);
    if (diag != NULL) {
        diag->offset = offset;
        append_text(diag->expected, sizeof diag->expected, expected);
    }
    return err;
}

enum atls_err atls_fail_texts(struct atls_diag *diag, enum atls_err err, const char *step,
                              const char *claim, const char *found, const char *expected)
{
    atls_fail(diag, err, step, claim);
    if (found != NULL) {
        atls_diag_found_text(diag, found);
    }
    if (expected != NULL) {
        atls_diag_expected_text(diag, expected);
    }
    return err;
}

void atls_diag_found_text(struct atls_diag *diag, const char *text)
{
    if (diag != NULL) {
        append_text(diag->found, sizeof diag->found, text);
    }
}

void atls_diag_found_bytes(struct atls_diag *diag, struct atls_bytes octets)
{
    if (diag != NULL) {
        append_hex(diag->found, sizeof diag->found, octets);
    }
}

void atls_diag_found_peer_text(struct atls_diag *diag, struct atls_bytes text)
{
    if (diag == NULL) {
        return;
    }
    const size_t shown_len = text.len < sizeof diag->found ? text.len : sizeof diag->found;
    for (size_t i = 0; i < shown_len; i++) {
        const uint8_t octet = text.data[i];
        const char shown = octet >= 0x20 && octet < 0x7f ? (char)octet : '?';
        append(diag->found, sizeof diag->found, &shown, 1);
    }
}

void atls_diag_found_int(struct atls_diag *diag, int64_t value)
{
    if (diag != NULL) {
        append_int(diag->found, sizeof diag->found, value);
    }
}

void atls_diag_expected_text(struct atls_diag *diag, const char *text)
{
    if (diag != NULL) {
        append_text(diag->expected, sizeof diag->expected, text);
    }
}

void atls_diag_expected_bytes(struct atls_diag *diag, struct atls_bytes octets)
{
    if (diag != NULL) {
        append_hex(diag->expected, sizeof diag->expected, octets);
    }
}

void atls_diag_expected_int(struct atls_diag *diag, int64_t value)
{
    if (diag != NULL) {
        append_int(diag->expected, sizeof diag->expected, value);
    }
}

static void append_time(char *to, size_t size, int64_t seconds)
{
    char date[ATLS_RFC3339_LEN];
    atls_rfc3339_write(date, seconds);
    if (date[0] == '?') {
        append_int(to, size, seconds);
    } else {
        append_text(to, size, date);
    }
}

void atls_diag_found_time(struct atls_diag *diag, int64_t seconds)
{
    if (diag != NULL) {
        append_time(diag->found, sizeof diag->found, seconds);
    }
}

void atls_diag_expected_time(struct atls_diag *diag, int64_t seconds)
{
    if (diag != NULL) {
        append_time(diag->expected, sizeof diag->expected, seconds);
    }
}

size_t atls_diag_sentence(char *out, size_t cap, const struct atls_diag *diag)
{
    if (cap == 0) {
        return 0;
    }
    out[0] = '\0';
    if (diag->step[0] != '\0') {
        append_text(out, cap, diag->step);
        append_text(out, cap, ": ");
    }
    append_text(out, cap, atls_err_text(diag->err));
    const bool detailed = diag->claim[0] != '\0' || diag->found[0] != '\0' ||
                          diag->expected[0] != '\0' || diag->offset != 0;
    if (!detailed) {
        return atls_text_len(out);
    }
    const char *separator = "";
    append_text(out, cap, " (");
    if (diag->claim[0] != '\0') {
        append_text(out, cap, diag->claim);
        separator = ": ";
    }
    if (diag->found[0] != '\0') {
        append_text(out, cap, separator);
        append_text(out, cap, "found ");
        append_text(out, cap, diag->found);
        separator = ", ";
    }
    if (diag->expected[0] != '\0') {
        append_text(out, cap, separator);
        append_text(out, cap, "expected ");
        append_text(out, cap, diag->expected);
        separator = ", ";
    }
    if (diag->offset != 0) {
        append_text(out, cap, separator);
        append_text(out, cap, "at octet ");
        append_int(out, cap, (int64_t)diag->offset);
    }
    append_text(out, cap, ")");
    return atls_text_len(out);
}
