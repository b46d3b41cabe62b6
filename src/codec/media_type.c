/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Media types: names as RFC 6838, 4.2 has them, parameters as RFC 9110, 5.6.6 has them, without the
 * empty ones. Values that are not tokens, such as a profile URI, come as quoted strings.
 */
#include "codec/cmw.h"

#include "atls/limits.h"
#include "base/reader.h"
#include "base/span.h"
#include "codec/ascii.h"

struct parameter {
    struct atls_bytes name;
    struct atls_bytes value; /* of a quoted string what is between the quotes, escapes and all */
    bool quoted;
};

struct media_type {
    struct atls_bytes type;
    struct atls_bytes subtype;
    struct parameter parameters[ATLS_MAX_MEDIA_PARAMETERS];
    size_t num_parameters;
};

static bool is_alphanumeric(uint8_t c)
{
    return atls_ascii_is_letter(c) || atls_ascii_is_digit(c);
}

static bool is_name_character(uint8_t c)
{
    return is_alphanumeric(c) || atls_ascii_is_one_of(c, "!#$&-^_.+");
}

static bool is_token_character(uint8_t c)
{
    return is_alphanumeric(c) || atls_ascii_is_one_of(c, "!#$%&'*+-.^_`|~");
}

/* is_quoted_character: qdtext and what may follow a backslash differ in '"' and '\' only. */
static bool is_quoted_character(uint8_t c)
{
    return c == '\t' || (c >= 0x20 && c != 0x7f);
}

static bool peek(const struct atls_reader *r, uint8_t *out)
{
    struct atls_reader ahead = *r;
    return atls_read_u8(&ahead, out);
}

/* read_character is true, and past it, when the next octet is `wanted`. */
static bool read_character(struct atls_reader *r, uint8_t wanted)
{
    uint8_t c = 0;
    return peek(r, &c) && c == wanted && atls_read_u8(r, &c);
}

/* read_run reads as many octets as `is_in` takes; at least one. */
static bool read_run(struct atls_reader *r, bool (*is_in)(uint8_t), struct atls_bytes *out)
{
    struct atls_reader ahead = *r;
    uint8_t c = 0;
    size_t len = 0;
    while (atls_read_u8(&ahead, &c) && is_in(c)) {
        len++;
    }
    return len > 0 && atls_read_bytes(r, len, out);
}

static void skip_blanks(struct atls_reader *r)
{
    while (read_character(r, ' ') || read_character(r, '\t')) {
    }
}

/* read_quoted gives what is before the closing quote, and moves past that. */
static bool read_quoted(struct atls_reader *r, struct atls_bytes *out)
{
    struct atls_reader ahead = *r;
    uint8_t c = 0;
    size_t len = 0;
    while (atls_read_u8(&ahead, &c)) {
        if (c == '"') {
            return atls_read_bytes(r, len, out) && read_character(r, '"');
        }
        if (c == '\\') {
            len++;
            if (!atls_read_u8(&ahead, &c)) {
                return false;
            }
        }
        if (!is_quoted_character(c)) {
            return false;
        }
        len++;
    }
    return false;
}

static bool read_parameter(struct atls_reader *r, struct parameter *out)
{
    if (!read_run(r, is_token_character, &out->name) || !read_character(r, '=')) {
        return false;
    }
    out->quoted = read_character(r, '"');
    return out->quoted ? read_quoted(r, &out->value) : read_run(r, is_token_character, &out->value);
}

static bool equal_without_case(struct atls_bytes a, struct atls_bytes b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (atls_ascii_lower(a.data[i]) != atls_ascii_lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

static const struct parameter *find_parameter(const struct media_type *media,
                                              struct atls_bytes name)
{
    for (size_t i = 0; i < media->num_parameters; i++) {
        if (equal_without_case(media->parameters[i].name, name)) {
            return &media->parameters[i];
        }
    }
    return NULL;
}

static bool parse(struct media_type *out, struct atls_bytes text)
{
    struct atls_reader r = atls_reader_of(text);
    out->num_parameters = 0;
    if (text.len > ATLS_MAX_SCHEME_TEXT_LEN || !read_run(&r, is_name_character, &out->type) ||
        !read_character(&r, '/') || !read_run(&r, is_name_character, &out->subtype) ||
        !is_alphanumeric(out->type.data[0]) || !is_alphanumeric(out->subtype.data[0])) {
        return false;
    }
    while (!atls_read_end(&r)) {
        struct parameter parameter;
        skip_blanks(&r);
        if (!read_character(&r, ';')) {
            return false;
        }
        skip_blanks(&r);
        if (out->num_parameters == ATLS_MAX_MEDIA_PARAMETERS || !read_parameter(&r, &parameter) ||
            find_parameter(out, parameter.name) != NULL) {
            return false;
        }
        out->parameters[out->num_parameters++] = parameter;
    }
    return true;
}

/* next_of gives the next character of a value, with escapes undone. */
static bool next_of(struct atls_reader *r, bool quoted, uint8_t *out)
{
    return atls_read_u8(r, out) && (!quoted || *out != '\\' || atls_read_u8(r, out));
}

static bool equal_values(const struct parameter *a, const struct parameter *b)
{
    struct atls_reader left = atls_reader_of(a->value);
    struct atls_reader right = atls_reader_of(b->value);
    uint8_t c = 0;
    uint8_t d = 0;
    while (next_of(&left, a->quoted, &c)) {
        if (!next_of(&right, b->quoted, &d) || c != d) {
            return false;
        }
    }
    return atls_read_end(&right);
}

bool atls_media_type_is_valid(struct atls_bytes text)
{
    struct media_type media;
    return parse(&media, text);
}

/* essence_of gives what is before parameters; of no other text is anything said. */
static struct atls_bytes essence_of(struct atls_bytes text)
{
    size_t len = 0;
    while (len < text.len && text.data[len] != ';' && text.data[len] != ' ' &&
           text.data[len] != '\t') {
        len++;
    }
    return atls_bytes_of(text.data, len);
}

/* Most that are compared differ before their parameters, or nowhere: that is seen without reading
 * them all. */
bool atls_media_type_equal(struct atls_bytes a, struct atls_bytes b)
{
    struct media_type first;
    struct media_type second;
    if (!equal_without_case(essence_of(a), essence_of(b))) {
        return false;
    }
    if (atls_bytes_equal(a, b)) {
        return parse(&first, a);
    }
    if (!parse(&first, a) || !parse(&second, b) || !equal_without_case(first.type, second.type) ||
        !equal_without_case(first.subtype, second.subtype) ||
        first.num_parameters != second.num_parameters) {
        return false;
    }
    /* As many on both sides, and no name twice on either: it is enough to find all of one. */
    for (size_t i = 0; i < first.num_parameters; i++) {
        const struct parameter *here = &first.parameters[i];
        const struct parameter *there = find_parameter(&second, here->name);
        if (there == NULL || !equal_values(here, there)) {
            return false;
        }
    }
    return true;
}

bool atls_media_type_is(struct atls_bytes text, const char *ours)
{
    const struct atls_bytes known = atls_bytes_text(ours);
    return atls_bytes_equal(text, known) || atls_media_type_equal(text, known);
}
