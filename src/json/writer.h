/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text that grows, for JSON whose members are known, so that no tree is built. Once there is no
 * memory, nothing more is written.
 */
#ifndef JSON_WRITER_H
#define JSON_WRITER_H

#include "atls/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>

/* All zero is an empty text. */
struct atls_json_writer {
    char *text; /* owned; NUL-terminated once something was written */
    size_t len, cap;
    bool failed;
};

/* atls_json_reserve makes room for a text whose length is known about, so that it is not moved as
 * it grows; it grows on beyond that. */
void atls_json_reserve(struct atls_json_writer *writer, size_t len);

/* These write what they are given, as it is. */
void atls_json_put(struct atls_json_writer *writer, const char *text);
void atls_json_put_octets(struct atls_json_writer *writer, struct atls_bytes octets);

/* atls_json_put_next writes the comma that parts a member or item from the one before it, if there
 * is one; atls_json_put_name writes a name of ours behind that. */
void atls_json_put_next(struct atls_json_writer *writer);
void atls_json_put_name(struct atls_json_writer *writer, const char *name);

void atls_json_put_number(struct atls_json_writer *writer, int64_t number);
/* atls_json_put_string writes a JSON string; in what is no UTF-8, octets above 127 become '?'. */
void atls_json_put_string(struct atls_json_writer *writer, struct atls_bytes text);
/* The next three write octets as text within quotes. */
void atls_json_put_base64url(struct atls_json_writer *writer, struct atls_bytes octets);
void atls_json_put_base64(struct atls_json_writer *writer, struct atls_bytes octets);
void atls_json_put_hex(struct atls_json_writer *writer, struct atls_bytes octets);

/* atls_json_writer_take gives the text to the caller (free); NULL without memory. */
char *atls_json_writer_take(struct atls_json_writer *writer);
void atls_json_writer_cleanup(struct atls_json_writer *writer);

#endif
