/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explainers that every format is made of, and the tables that put them together. One table
 * serves CBOR and JSON: octets are a byte string in the one and base64 text in the other.
 */
#ifndef INSPECT_EXPLAIN_H
#define INSPECT_EXPLAIN_H

#include "inspect/node.h"

/* A member of a map, or a place in an array. */
struct inspect_field {
    int64_t label;    /* CBOR label; INSPECT_NO_LABEL: none */
    const char *key;  /* JSON name or CBOR text label; NULL: none */
    const char *name; /* as the standard writes it; NULL: `key` */
    inspect_explain *explain;
    const void *arg;
    bool must; /* its absence is a problem */
};
#define INSPECT_NO_LABEL INT64_MIN

/* A map, or with inspect_tuple an array in which the place says the meaning. */
struct inspect_fields {
    const char *what; /* for inspect_is; NULL: says nothing */
    const struct inspect_field *rows;
    size_t num_rows;
    inspect_explain *others; /* members without a row; NULL: inspect_any */
    const void *others_arg;
    const struct inspect_fields *also; /* more rows, none of them a must here */
};
#define INSPECT_FIELDS(what, rows) INSPECT_FIELDS_ALSO(what, rows, NULL)
#define INSPECT_FIELDS_ALSO(what, rows, also)                                                      \
    {                                                                                              \
        what, rows, sizeof(rows) / sizeof((rows)[0]), NULL, NULL, also                             \
    }

/* A list of alike things, or a map whose keys are names. */
struct inspect_list {
    const char *item; /* what a member is called, "" for "[0]" */
    inspect_explain *explain;
    const void *arg;
    size_t min;
};

/* Tags and what they hold. */
struct inspect_tag {
    uint64_t tag;
    const char *name;
    inspect_explain *explain;
    const void *arg;
};
struct inspect_tags {
    const struct inspect_tag *rows;
    size_t num_rows;
    inspect_explain *untagged; /* NULL: a problem */
    const void *untagged_arg;
};

/* Numbers (and in JSON their names) and what they mean. */
struct inspect_name_of {
    int64_t number;
    const char *name;
};
struct inspect_names {
    const char *what; /* "a COSE algorithm": for values without a row */
    const struct inspect_name_of *rows;
    size_t num_rows;
    bool closed; /* no other value may be: then it is a problem */
};
#define INSPECT_NAMES(what, rows, closed)                                                          \
    {                                                                                              \
        what, rows, sizeof(rows) / sizeof((rows)[0]), closed                                       \
    }

/* How many octets or characters. Up to four lengths that alone are right; none: min to max. */
struct inspect_lengths {
    size_t only[4];
    size_t min, max;
};

/* Anything: members by their keys and places. */
inspect_explain inspect_any;
inspect_explain inspect_map;         /* arg: struct inspect_fields */
inspect_explain inspect_tuple;       /* arg: struct inspect_fields */
inspect_explain inspect_array;       /* arg: struct inspect_list */
inspect_explain inspect_one_or_more; /* arg: struct inspect_list; one of them may stand alone */
inspect_explain inspect_named_map;   /* arg: struct inspect_list */
inspect_explain inspect_tagged;      /* arg: struct inspect_tags */
inspect_explain inspect_bits;        /* arg: struct inspect_names of bit numbers */

inspect_explain inspect_text;   /* arg: struct inspect_lengths or NULL */
inspect_explain inspect_octets; /* arg: struct inspect_lengths or NULL */
inspect_explain inspect_number; /* an integer; arg: struct inspect_names or NULL */
inspect_explain
    inspect_word; /* a name of a table: text, or its number; arg: struct inspect_names */
inspect_explain inspect_uint; /* not negative; arg unused */
inspect_explain inspect_boolean;
inspect_explain inspect_time;     /* NumericDate (RFC 8392, 2; RFC 7519, 2) */
inspect_explain inspect_millis;   /* milliseconds since 1970 */
inspect_explain inspect_secret;   /* never shown */
inspect_explain inspect_oid;      /* octets of an OID without tag and length */
inspect_explain inspect_uuid;     /* 16 octets */
inspect_explain inspect_raw_text; /* octets that are text, such as PEM inside CBOR text */

/* inspect_octets_of gives the octets that a value stands for: a byte string, or base64 text, which
 * it notes. False, with a problem marked, for anything else. */
ATLS_NODISCARD bool inspect_octets_of(struct inspect *in, struct inspect_node *node,
                                      const struct inspect_value *v, struct atls_bytes *out);
/* inspect_base64 decodes base64url or base64, padded or not, with line breaks or without; the name
 * of the form in *out_how, NULL when it is none. */
struct atls_bytes inspect_base64(struct inspect *in, struct atls_bytes text, const char **out_how);

/* inspect_wrong_type marks that `v` is not `expected`, and shows what is there. */
void inspect_wrong_type(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v, const char *expected);
/* inspect_check runs the strict parsers over a whole CBOR or JSON text: what they refuse is a
 * problem; what is well-formed, yet not in the strict form, is noted. Extra octets are problems. */
void inspect_check(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                   struct atls_bytes whole);

/* inspect_name_find gives NULL when no row has the number. */
const char *inspect_name_find(const struct inspect_names *names, int64_t number);
/* inspect_note_time adds "2026-11-21T00:00:00Z". */
void inspect_note_time(struct inspect *in, struct inspect_node *node, int64_t seconds);
/* inspect_note_printable adds the text that octets are, where they are printable. */
void inspect_note_printable(struct inspect *in, struct inspect_node *node,
                            struct atls_bytes octets);
/* inspect_hash_of_len gives the name of the hash that has so many octets, NULL when there is none.
 */
const char *inspect_hash_of_len(size_t len);
/* inspect_note_sha256 adds the SHA-256 of some octets. */
void inspect_note_sha256(struct inspect *in, struct inspect_node *node, const char *of,
                         struct atls_bytes octets);

#endif
