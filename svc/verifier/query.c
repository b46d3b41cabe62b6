/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/query.h"

#include "base/span.h"
#include "json/base64.h"

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 0x20) : c;
}

static bool same_without_case(struct atls_bytes a, struct atls_bytes b)
{
    bool same = a.len == b.len;
    for (size_t i = 0; same && i < a.len; i++) {
        same = lower(a.data[i]) == lower(b.data[i]);
    }
    return same;
}

/* after_authority gives what an absolute target has behind its scheme and host, which are those of
 * a proxy in front; servers have to take that form (RFC 9112, 3.2.2). Others stay as they are. */
static struct atls_bytes after_authority(struct atls_bytes target)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(schemes); i++) {
        const struct atls_bytes scheme = atls_bytes_text(schemes[i]);
        size_t at = scheme.len;
        if (target.len <= at || !same_without_case(atls_bytes_of(target.data, at), scheme)) {
            continue;
        }
        while (at < target.len && target.data[at] != '/' && target.data[at] != '?') {
            at++;
        }
        if (at == scheme.len) {
            return target; /* no host */
        }
        return at < target.len && target.data[at] == '/'
                   ? atls_bytes_of(&target.data[at], target.len - at)
                   : atls_bytes_text("/");
    }
    return target;
}

bool verifier_target_split(struct atls_bytes target, struct atls_bytes *out_path,
                           struct atls_bytes *out_query)
{
    if (target.len > VERIFIER_MAX_TARGET_LEN) {
        return false;
    }
    target = after_authority(target);
    if (target.len == 0 || target.data[0] != '/') {
        return false;
    }
    size_t at = 0;
    while (at < target.len && target.data[at] != '?') {
        if (target.data[at] <= 0x20 || target.data[at] >= 0x7f) {
            return false;
        }
        at++;
    }
    *out_path = atls_bytes_of(target.data, at);
    *out_query = at < target.len ? atls_bytes_of(&target.data[at + 1], target.len - at - 1)
                                 : atls_bytes_of(NULL, 0);
    return true;
}

bool verifier_path_below(struct atls_bytes path, const char *prefix, struct atls_bytes *out_rest)
{
    const struct atls_bytes before = atls_bytes_text(prefix);
    if (path.len <= before.len || !atls_bytes_equal(atls_bytes_of(path.data, before.len), before)) {
        return false;
    }
    *out_rest = atls_bytes_of(&path.data[before.len], path.len - before.len);
    return true;
}

/* cut gives what is before the next `separator` and moves `rest` behind it. */
static struct atls_bytes cut(struct atls_bytes *rest, uint8_t separator)
{
    const uint8_t *found = rest->len != 0 ? memchr(rest->data, separator, rest->len) : NULL;
    const size_t at = found != NULL ? (size_t)(found - rest->data) : rest->len;
    const struct atls_bytes part = atls_bytes_of(rest->data, at);
    const size_t skip = at < rest->len ? at + 1 : at;
    *rest = rest->len == skip ? atls_bytes_of(NULL, 0)
                              : atls_bytes_of(&rest->data[skip], rest->len - skip);
    return part;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* unescape decodes %XX (RFC 3986, 2.1) and '+', which forms use for a blank; false for a broken or
 * over-long text. */
static bool unescape(struct atls_bytes text, struct atls_buf out, size_t *out_len)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c == '%') {
            const int high = i + 2 < text.len ? hex_digit(text.data[i + 1]) : -1;
            const int low = i + 2 < text.len ? hex_digit(text.data[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return false;
            }
            c = (uint8_t)(high << 4 | low);
            i += 2;
        }
        if (len == out.cap) {
            return false;
        }
        out.data[len++] = c;
    }
    *out_len = len;
    return true;
}

bool verifier_base64_any(struct atls_bytes text, struct atls_buf out, size_t *out_len)
{
    uint8_t plain[256];
    size_t len = text.len;
    while (len != 0 && text.len - len < 2 && text.data[len - 1] == '=') {
        len--;
    }
    if (len > sizeof plain || (len != text.len && text.len % 4 != 0)) {
        return false;
    }
    if (atls_base64url_decode(atls_bytes_of(text.data, len), out, out_len)) {
        return true;
    }
    for (size_t i = 0; i < len; i++) {
        const uint8_t c = text.data[i];
        if (c == '-' || c == '_') {
            return false; /* with nothing else it would have been base64url */
        }
        plain[i] = c == '+' || c == ' ' ? '-' : c == '/' ? '_' : c;
    }
    return atls_base64url_decode(atls_bytes_of(plain, len), out, out_len);
}

/* read_number reads up to `digits` decimal ones. */
static bool read_number(uint64_t *out, struct atls_bytes value, size_t digits)
{
    uint64_t number = 0;
    if (value.len == 0 || value.len > digits) {
        return false;
    }
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            return false;
        }
        number = 10 * number + (uint64_t)(value.data[i] - '0');
    }
    *out = number;
    return true;
}

bool verifier_query_number(uint64_t *out, struct atls_bytes query, const char *name)
{
    uint64_t number = *out;
    bool has_one = false;
    while (query.len != 0) {
        struct atls_bytes value = cut(&query, '&');
        if (!atls_bytes_is_text(cut(&value, '='), name)) {
            continue;
        }
        if (has_one || !read_number(&number, value, 18)) {
            return false;
        }
        has_one = true;
    }
    *out = number;
    return true;
}

static bool read_size(uint8_t *out, struct atls_bytes value)
{
    uint64_t number = 0;
    if (!read_number(&number, value, 2)) {
        return false;
    }
    *out = (uint8_t)number;
    return number >= 8 && number <= ATLS_MAX_NONCE_LEN;
}

static bool read_nonce(struct verifier_nonce_query *out, struct atls_bytes value)
{
    uint8_t text[256];
    const struct atls_buf room = {text, sizeof text};
    const struct atls_buf nonce = {out->nonce, sizeof out->nonce};
    size_t len = 0;
    return unescape(value, room, &len) &&
           verifier_base64_any(atls_bytes_of(text, len), nonce, &out->nonce_len) &&
           out->nonce_len >= 8;
}

bool verifier_query_nonce(struct verifier_nonce_query *out, struct atls_bytes query,
                          const char **why)
{
    struct verifier_nonce_query q;
    memset(&q, 0, sizeof q);
    while (query.len != 0) {
        struct atls_bytes value = cut(&query, '&');
        const struct atls_bytes name = cut(&value, '=');
        if (atls_bytes_is_text(name, "nonce")) {
            if (q.has_nonce || !read_nonce(&q, value)) {
                *why = q.has_nonce ? "nonce is given twice"
                                   : "nonce must be base64url of 8 to 64 octets";
                return false;
            }
            q.has_nonce = true;
        } else if (atls_bytes_is_text(name, "nonceSize")) {
            if (q.has_size || !read_size(&q.size, value)) {
                *why = q.has_size ? "nonceSize is given twice"
                                  : "nonceSize must be a number from 8 to 64";
                return false;
            }
            q.has_size = true;
        }
    }
    if (q.has_nonce && q.has_size) {
        *why = "nonce and nonceSize exclude each other";
        return false;
    }
    *out = q;
    return true;
}

static struct atls_bytes trim(struct atls_bytes text)
{
    while (text.len != 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = atls_bytes_of(text.len == 1 ? NULL : &text.data[1], text.len - 1);
    }
    while (text.len != 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t')) {
        text.len--;
    }
    return text;
}

/* is_zero_weight: q=0, q=0.0 and so on: "not this one". */
static bool is_zero_weight(struct atls_bytes parameters)
{
    while (parameters.len != 0) {
        struct atls_bytes value = trim(cut(&parameters, ';'));
        const struct atls_bytes name = trim(cut(&value, '='));
        if (!same_without_case(name, atls_bytes_text("q"))) {
            continue;
        }
        value = trim(value);
        bool zero = value.len != 0;
        for (size_t i = 0; i < value.len; i++) {
            zero = zero && (value.data[i] == '0' || value.data[i] == '.');
        }
        return zero;
    }
    return false;
}

enum { NAMED = 3 };

/* How closely a range of Accept names a type: 0 not at all. */
static int fit_of(struct atls_bytes range, struct atls_bytes type)
{
    if (same_without_case(range, type)) {
        return NAMED;
    }
    struct atls_bytes rest = type;
    const struct atls_bytes main = cut(&rest, '/');
    if (range.len == main.len + 2 && range.data[main.len] == '/' &&
        range.data[main.len + 1] == '*' &&
        same_without_case(atls_bytes_of(range.data, main.len), main)) {
        return 2;
    }
    return atls_bytes_is_text(range, "*/*") ? 1 : 0;
}

/* best_fit gives how closely the closest range of a header names a type, 0 where that says no. */
static int best_fit(struct atls_bytes list, const char *type)
{
    int best = 0;
    bool taken = false;
    if (list.len > VERIFIER_MAX_HEADER_LEN) {
        return 0;
    }
    while (list.len != 0) {
        struct atls_bytes parameters = cut(&list, ',');
        const struct atls_bytes range = trim(cut(&parameters, ';'));
        const int fit = fit_of(range, atls_bytes_text(type));
        if (fit > best) { /* the closest range decides */
            best = fit;
            taken = !is_zero_weight(parameters);
        }
    }
    return taken ? best : 0;
}

bool verifier_accepts(const char *header, const char *type)
{
    const struct atls_bytes list =
        header != NULL ? atls_bytes_text(header) : atls_bytes_of(NULL, 0);
    return trim(list).len == 0 || best_fit(list, type) != 0;
}

bool verifier_names(const char *header, const char *type)
{
    return header != NULL && best_fit(atls_bytes_text(header), type) == NAMED;
}

/* is_token: what needs no quotes (RFC 9110, 5.6.2). */
static bool is_token(uint8_t c)
{
    static const char separators[] = "()<>@,;:\\\"/[]?={}";
    return c > 0x20 && c < 0x7f && strchr(separators, c) == NULL;
}

/* needs_quotes: a value that no token is, and that could stand between quotes as it is. */
static bool needs_quotes(struct atls_bytes value)
{
    bool plain = true;
    for (size_t i = 0; i < value.len; i++) {
        const uint8_t c = value.data[i];
        if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\\') {
            return false;
        }
        plain = plain && is_token(c);
    }
    return !plain;
}

/* put adds text, in front of the NUL that is always there; false when it does not fit. */
static bool put(char *out, size_t cap, struct atls_bytes text)
{
    const size_t len = strlen(out);
    if (text.len >= cap - len) {
        return false;
    }
    if (text.len != 0) {
        memcpy(&out[len], text.data, text.len);
    }
    out[len + text.len] = '\0';
    return true;
}

/* quotes_are_missing is true when any value of a parameter needs them. */
static bool quotes_are_missing(struct atls_bytes content_type)
{
    bool missing = false;
    (void)cut(&content_type, ';');
    while (!missing && content_type.len != 0) {
        struct atls_bytes value = cut(&content_type, ';');
        (void)cut(&value, '=');
        missing = needs_quotes(trim(value));
    }
    return missing;
}

bool verifier_type_quote(char *out, size_t cap, const char *content_type)
{
    const struct atls_bytes quote = atls_bytes_text("\"");
    struct atls_bytes rest = atls_bytes_text(content_type);
    out[0] = '\0';
    if (!quotes_are_missing(rest)) { /* as it is, whatever that may be */
        return put(out, cap, rest);
    }
    bool fits = put(out, cap, cut(&rest, ';'));
    while (fits && rest.len != 0) {
        struct atls_bytes value = cut(&rest, ';');
        const struct atls_bytes name = cut(&value, '=');
        const bool needs = needs_quotes(trim(value));
        fits = put(out, cap, atls_bytes_text(";")) && put(out, cap, name) &&
               put(out, cap, atls_bytes_text("=")) && (!needs || put(out, cap, quote)) &&
               put(out, cap, needs ? trim(value) : value) && (!needs || put(out, cap, quote));
    }
    return fits;
}

bool verifier_type_is(struct atls_bytes content_type, const char *type)
{
    return same_without_case(trim(cut(&content_type, ';')), atls_bytes_text(type));
}

bool verifier_type_parameter(struct atls_bytes content_type, const char *name,
                             struct atls_bytes *out)
{
    (void)cut(&content_type, ';');
    while (content_type.len != 0) {
        struct atls_bytes value = trim(cut(&content_type, ';'));
        const struct atls_bytes found = trim(cut(&value, '='));
        value = trim(value);
        if (!same_without_case(found, atls_bytes_text(name))) {
            continue;
        }
        if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"') {
            value = atls_bytes_of(&value.data[1], value.len - 2);
        }
        *out = value;
        return value.len != 0;
    }
    return false;
}
