/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of a head that matter here (RFC 9110): Content-Type, Location, Retry-After. A field
 * that stands twice with two values is refused, since whoever reads the other one sees another
 * answer. Names are compared without case.
 */
#include "net/answer.h"

#include "base/span.h"

#include <stdlib.h>

static bool fail(struct net_intake *intake, enum atls_fetch_outcome outcome, const char *why)
{
    intake->failed = outcome;
    intake->why = why;
    return false;
}

static uint8_t lower(uint8_t octet)
{
    return octet >= 'A' && octet <= 'Z' ? (uint8_t)(octet + ('a' - 'A')) : octet;
}

static bool is_named(struct atls_bytes line, const char *name)
{
    const size_t len = atls_text_len(name);
    if (line.len <= len || line.data[len] != ':') {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (lower(line.data[i]) != (uint8_t)name[i]) {
            return false;
        }
    }
    return true;
}

static bool is_blank(uint8_t octet)
{
    return octet == ' ' || octet == '\t' || octet == '\r' || octet == '\n';
}

/* value_of gives what stands behind the colon, without blanks around it. */
static struct atls_bytes value_of(struct atls_bytes line, const char *name)
{
    size_t from = atls_text_len(name) + 1;
    size_t to = line.len;
    while (from < to && is_blank(line.data[from])) {
        from++;
    }
    while (to > from && is_blank(line.data[to - 1])) {
        to--;
    }
    return atls_bytes_of(&line.data[from], to - from);
}

/* keep copies a value of printable ASCII. */
static bool keep(struct net_intake *intake, char *out, size_t cap, struct atls_bytes value,
                 const char *why)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < 0x20 || value.data[i] > 0x7e) {
            return fail(intake, ATLS_FETCH_MALFORMED, why);
        }
    }
    if (value.len >= cap) {
        return fail(intake, ATLS_FETCH_OVERSIZED, why);
    }
    if (out[0] != '\0' && !atls_bytes_is_text(value, out)) {
        return fail(intake, ATLS_FETCH_MALFORMED, why);
    }
    if (value.len != 0) {
        memcpy(out, value.data, value.len);
    }
    out[value.len] = '\0';
    return true;
}

/* keep_seconds reads delay-seconds; a date, and what is longer than a day, is left out. */
static void keep_seconds(struct atls_fetch_answer *answer, struct atls_bytes value)
{
    uint32_t seconds = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9' || i == 5) {
            return;
        }
        seconds = seconds * 10 + (uint32_t)(value.data[i] - '0');
    }
    answer->has_retry_after = value.len != 0;
    answer->retry_after_s = seconds;
}

/* begin forgets the head of an interim answer (RFC 9110, 15.2): another one follows. */
static void begin(struct atls_fetch_answer *answer)
{
    answer->content_type[0] = '\0';
    answer->location[0] = '\0';
    answer->has_retry_after = false;
    answer->field[0] = '\0';
}

bool net_take_field(struct net_intake *intake, struct atls_bytes line)
{
    static const char content_type[] = "content-type";
    static const char location[] = "location";
    static const char retry_after[] = "retry-after";
    static const char encoding[] = "content-encoding";
    struct atls_fetch_answer *answer = intake->answer;
    if (line.len > NET_MAX_HEAD_LEN - intake->head_len) {
        return fail(intake, ATLS_FETCH_OVERSIZED, "a head of more than 16384 octets");
    }
    intake->head_len += line.len;
    if (answer->body != NULL) {
        return true; /* a trailer */
    }
    if (line.len >= 5 && atls_bytes_is_text(atls_bytes_of(line.data, 5), "HTTP/")) {
        begin(answer);
    } else if (is_named(line, content_type)) {
        return keep(intake, answer->content_type, sizeof answer->content_type,
                    value_of(line, content_type), "a Content-Type that is not one");
    } else if (is_named(line, location)) {
        return keep(intake, answer->location, sizeof answer->location, value_of(line, location),
                    "a Location that is not one");
    } else if (is_named(line, retry_after)) {
        keep_seconds(answer, value_of(line, retry_after));
    } else if (intake->field != NULL && is_named(line, intake->field)) {
        return keep(intake, answer->field, sizeof answer->field, value_of(line, intake->field),
                    "a field that was asked for, and is not one");
    } else if (is_named(line, encoding) &&
               !atls_bytes_is_text(value_of(line, encoding), "identity")) {
        return fail(intake, ATLS_FETCH_MALFORMED,
                    "a body that is packed, and nothing was asked "
                    "to be"); /* */
    }
    return true;
}

/* grow makes room for `len` octets and a NUL, by doubling up to the bound. */
static bool grow(struct net_intake *intake, size_t len)
{
    if (intake->answer->body != NULL && len < intake->body_cap) {
        return true;
    }
    size_t cap = intake->body_cap < 1024 ? 1024 : intake->body_cap;
    while (cap <= len) {
        cap *= 2;
    }
    uint8_t *body = realloc(intake->answer->body, cap);
    if (body == NULL) {
        intake->no_memory = true;
        return false;
    }
    intake->answer->body = body;
    intake->body_cap = cap;
    return true;
}

bool net_take_body(struct net_intake *intake, struct atls_bytes octets)
{
    struct atls_fetch_answer *answer = intake->answer;
    if (octets.len > intake->max_body - answer->body_len) {
        return fail(intake, ATLS_FETCH_OVERSIZED, "a body that is larger than it may be");
    }
    if (!grow(intake, answer->body_len + octets.len)) {
        return false;
    }
    if (octets.len != 0) {
        memcpy(&answer->body[answer->body_len], octets.data, octets.len);
    }
    answer->body_len += octets.len;
    answer->body[answer->body_len] = '\0';
    return true;
}
