/* SPDX-License-Identifier: Apache-2.0 */
/* DER (X.690) that nobody checked: one element after the other, cut where the input ends. */
#ifndef INSPECT_DER_H
#define INSPECT_DER_H

#include "inspect/explain.h"

enum {
    INSPECT_DER_BOOLEAN = 0x01,
    INSPECT_DER_INTEGER = 0x02,
    INSPECT_DER_BIT_STRING = 0x03,
    INSPECT_DER_OCTET_STRING = 0x04,
    INSPECT_DER_NULL = 0x05,
    INSPECT_DER_OID = 0x06,
    INSPECT_DER_ENUMERATED = 0x0a,
    INSPECT_DER_UTF8_STRING = 0x0c,
    INSPECT_DER_PRINTABLE_STRING = 0x13,
    INSPECT_DER_T61_STRING = 0x14,
    INSPECT_DER_IA5_STRING = 0x16,
    INSPECT_DER_UTC_TIME = 0x17,
    INSPECT_DER_GENERALIZED_TIME = 0x18,
    INSPECT_DER_BMP_STRING = 0x1e,
    INSPECT_DER_SEQUENCE = 0x30,
    INSPECT_DER_SET = 0x31
};
/* Context-specific tags: [n], constructed or not. */
#define INSPECT_DER_CONTEXT(n)   (0xa0 + (n))
#define INSPECT_DER_PRIMITIVE(n) (0x80 + (n))

struct inspect_der {
    uint8_t tag; /* the identifier octet; 0: cannot be read */
    bool cut;
    struct atls_bytes content;
    struct atls_bytes encoded;
};

/* inspect_der_next reads the next element and moves `rest` past it; false at the end. */
ATLS_NODISCARD bool inspect_der_next(struct atls_bytes *rest, struct inspect_der *out);
/* inspect_der_take is inspect_der_next for an element of this tag; else nothing moves. */
ATLS_NODISCARD bool inspect_der_take(struct atls_bytes *rest, uint8_t tag, struct inspect_der *out);
/* inspect_der_is is true for exactly one element of this tag that is whole. */
bool inspect_der_is(struct atls_bytes octets, uint8_t tag, struct inspect_der *out);

/* inspect_der_dotted writes an OBJECT IDENTIFIER's content as "1.3.6..."; false when it is none. */
#define INSPECT_MAX_DOTTED 100
ATLS_NODISCARD bool inspect_der_dotted(struct atls_bytes content, char out[INSPECT_MAX_DOTTED]);
/* inspect_note_oid adds the dotted form and the name. */
void inspect_note_oid(struct inspect *in, struct inspect_node *node, struct atls_bytes content);

/* Explainers of one element, which `v` holds with its tag and length. */
inspect_explain inspect_der_any;
inspect_explain inspect_der_integer;
inspect_explain inspect_der_text; /* of any string type */
inspect_explain inspect_der_time;
inspect_explain inspect_der_octets; /* the content of a primitive element */
inspect_explain inspect_der_list;   /* SEQUENCE OF, SET OF; arg: struct inspect_list */
inspect_explain inspect_algorithm_identifier;

/*
 * What may stand in a SEQUENCE, in its order. A row without `must` may be absent; a row for any
 * tag (0) takes what comes.
 */
struct inspect_der_field {
    const char *name;
    inspect_explain *explain;
    const void *arg;
    uint8_t tag;
    bool must;
    bool inner; /* EXPLICIT: the explainer gets what is inside the element */
};
struct inspect_der_fields {
    const char *what;
    const struct inspect_der_field *rows;
    size_t num_rows;
    bool secret; /* holds a private part: shown only when it is exactly as it must be */
};
#define INSPECT_DER_FIELDS(what, rows)                                                             \
    {                                                                                              \
        what, rows, sizeof(rows) / sizeof((rows)[0]), false                                        \
    }
inspect_explain inspect_der_sequence; /* arg: struct inspect_der_fields; any constructed tag */

/* inspect_add_der adds a field for an element, NULL for inspect_der_any. */
struct inspect_node *inspect_add_der(struct inspect *in, struct inspect_node *parent,
                                     const char *name, const struct inspect_der *element,
                                     inspect_explain *explain, const void *arg);

#endif
