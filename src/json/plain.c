/* SPDX-License-Identifier: Apache-2.0 */
#include "json/plain.h"

#include "base/span.h"
#include "base/utf8.h"
#include "json/eight.h"

enum { MAX_DIGITS = 18 /* fits 64 bits, whatever they are */ };

/* An object or array that is open. */
struct level {
    bool is_object;
    size_t first_name; /* of those in `names` */
};

struct scan {
    const uint8_t *at, *end;
    struct level levels[ATLS_MAX_PLAIN_DEPTH];
    size_t depth;
    struct atls_bytes names[ATLS_MAX_PLAIN_DEPTH * ATLS_MAX_PLAIN_MEMBERS]; /* of open objects */
    size_t num_names;
};

static bool take(struct scan *s, char wanted)
{
    if (s->at == s->end || *s->at != (uint8_t)wanted) {
        return false;
    }
    s->at++;
    return true;
}

static bool take_word(struct scan *s, const char *word)
{
    const size_t len = strlen(word);
    if ((size_t)(s->end - s->at) < len || !atls_bytes_is_text(atls_bytes_of(s->at, len), word)) {
        return false;
    }
    s->at += len;
    return true;
}

static bool take_string(struct scan *s, struct atls_bytes *out)
{
    if (!take(s, '"')) {
        return false;
    }
    const uint8_t *begin = s->at;
    while (s->end - s->at >= 8 && atls_json_rare(s->at) == 0) {
        s->at += 8;
    }
    while (s->at != s->end && *s->at >= 0x20 && *s->at != '"' && *s->at != '\\') {
        s->at++;
    }
    *out = atls_bytes_of(begin, (size_t)(s->at - begin));
    return take(s, '"');
}

/* take_number: no zero in front of other digits, nor below zero; a fraction or exponent is no end
 * of a value. */
static bool take_number(struct scan *s)
{
    const bool negative = take(s, '-');
    const uint8_t *begin = s->at;
    while (s->at != s->end && *s->at >= '0' && *s->at <= '9') {
        s->at++;
    }
    const size_t digits = (size_t)(s->at - begin);
    return digits != 0 && digits <= MAX_DIGITS && (*begin != '0' || (digits == 1 && !negative));
}

static bool open_level(struct scan *s, bool is_object)
{
    if (s->depth == ATLS_MAX_PLAIN_DEPTH) {
        return false;
    }
    s->at++;
    s->levels[s->depth++] = (struct level){is_object, s->num_names};
    return true;
}

/* take_name: true too where the innermost level is an array, which has none. */
static bool take_name(struct scan *s)
{
    const struct level *level = &s->levels[s->depth - 1];
    struct atls_bytes name;
    if (!level->is_object) {
        return true;
    }
    if (s->num_names - level->first_name == ATLS_MAX_PLAIN_MEMBERS || !take_string(s, &name)) {
        return false;
    }
    for (size_t i = level->first_name; i < s->num_names; i++) {
        if (atls_bytes_equal(s->names[i], name)) {
            return false;
        }
    }
    s->names[s->num_names++] = name;
    return take(s, ':');
}

/* take_scalar takes a value that is no object and no array. */
static bool take_scalar(struct scan *s)
{
    struct atls_bytes text;
    if (s->at == s->end) {
        return false;
    }
    switch (*s->at) {
    case '"':
        return take_string(s, &text);
    case 't':
        return take_word(s, "true");
    case 'f':
        return take_word(s, "false");
    case 'n':
        return take_word(s, "null");
    default:
        return take_number(s);
    }
}

/* close_levels ends those that end here; then the text ends too, or a comma follows. */
static bool close_levels(struct scan *s)
{
    while (s->depth != 0 && take(s, s->levels[s->depth - 1].is_object ? '}' : ']')) {
        s->num_names = s->levels[--s->depth].first_name;
    }
    return s->depth == 0 ? s->at == s->end : take(s, ',');
}

bool atls_json_is_plain(struct atls_bytes text)
{
    struct scan s;
    s.at = text.data;
    s.end = text.data + text.len;
    s.depth = s.num_names = 0;
    if (text.len == 0 || *s.at != '{' || !atls_utf8_is_valid(text) || !open_level(&s, true)) {
        return false;
    }
    bool is_new = true; /* the innermost level has nothing in it yet */
    do {
        const bool is_empty =
            is_new && s.at != s.end && *s.at == (s.levels[s.depth - 1].is_object ? '}' : ']');
        is_new = false;
        if (is_empty) {
            continue;
        }
        if (!take_name(&s) || s.at == s.end) {
            return false;
        }
        if (*s.at == '{' || *s.at == '[') {
            is_new = open_level(&s, *s.at == '{');
            if (!is_new) {
                return false;
            }
        } else if (!take_scalar(&s)) {
            return false;
        }
    } while (is_new || (close_levels(&s) && s.depth != 0));
    return s.depth == 0 && s.at == s.end;
}
