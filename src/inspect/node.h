/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree that an inspection builds.
 *
 * A node is one field: its name, where it lies, what it holds, what that means, what is wrong with
 * it. A node that is added may have an explainer still to run; the one loop of inspect.c runs them
 * in the order in which nodes were added. So nothing calls itself however deep the input nests,
 * upper levels are complete before deeper ones begin, and the number of nodes bounds the work.
 *
 * Spans borrow the input or memory that the inspection keeps (and wipes at its end).
 */
#ifndef INSPECT_NODE_H
#define INSPECT_NODE_H

#include "atls/error.h"
#include "inspect/inspect.h"
#include "inspect/value.h"

#define INSPECT_MAX_NODES    20000 /* fields of one inspection */
#define INSPECT_MAX_DEPTH    40    /* fields inside one another */
#define INSPECT_MAX_MEMBERS  512   /* members shown of one array, map or list */
#define INSPECT_MAX_SHOWN    4096  /* octets shown of one value */
#define INSPECT_MAX_KEPT     33554432u
#define INSPECT_MAX_PROBLEMS 1000 /* marked; more are only counted */
#define INSPECT_MAX_STEPS    8    /* explainers that hand the same field on to another */

enum inspect_shown {
    INSPECT_SHOW_NOTHING = 0,
    INSPECT_SHOW_UINT,
    INSPECT_SHOW_NEGINT, /* -1 - number */
    INSPECT_SHOW_BOOL,
    INSPECT_SHOW_NULL,
    INSPECT_SHOW_FLOAT,
    INSPECT_SHOW_TEXT,   /* UTF-8 */
    INSPECT_SHOW_OCTETS, /* in hex */
    INSPECT_SHOW_SECRET, /* only that it is there */
    INSPECT_SHOW_ARRAY,
    INSPECT_SHOW_MAP,
    INSPECT_SHOW_STRUCTURE /* of fields that are no CBOR and no JSON: DER, TPM, reports */
};

/* Octets in which offsets count: the input, or what was decoded from a part of it. */
struct inspect_space {
    const uint8_t *start;
    const char *how; /* NULL: the input; else "base64url" ... */
};

struct inspect_problem {
    struct inspect_problem *next;
    size_t offset;
    bool placed;
    const struct inspect_space *space; /* where `offset` counts */
    const char *sentence;
};

struct inspect_node;

/* An explainer says what `v` is in `node`. `arg` is its table, or NULL. */
typedef void inspect_explain(struct inspect *in, struct inspect_node *node,
                             const struct inspect_value *v, const void *arg);

enum inspect_label { INSPECT_LABEL_NONE = 0, INSPECT_LABEL_INT, INSPECT_LABEL_TEXT };

struct inspect_node {
    const char *name;
    enum inspect_label label_kind;
    int64_t label;
    struct atls_bytes label_text;

    bool placed;
    size_t offset, len;
    const struct inspect_space *space; /* where `offset` counts */
    const struct inspect_space *inner; /* where those of its fields do */

    enum inspect_shown shown;
    uint64_t number; /* also the members of an array or map */
    double real;
    struct atls_bytes octets;
    size_t shown_len; /* octets of `octets` that are shown */
    const char *note; /* ASCII; NULL for none */
    struct inspect_problem *problems, *last_problem;

    bool main; /* on the way from the whole to the token inside: names the format */
    size_t depth;
    struct inspect_node *parent, *first, *last, *next;

    inspect_explain *explain; /* still to run */
    const void *arg;
    struct inspect_value value;

    struct json_t *made; /* while the result is made: where its fields go */
};

struct inspect_kept;

#define INSPECT_NODES_A_BLOCK 200

struct inspect {
    struct atls_bytes input;
    struct inspect_space space;
    struct inspect_node *blocks[INSPECT_MAX_NODES / INSPECT_NODES_A_BLOCK];
    size_t num_nodes;
    struct inspect_node scrap; /* takes what no longer finds room */
    bool full;
    enum atls_err err; /* MEMORY */
    struct inspect_kept *kept;
    size_t kept_len;
    size_t octets_left; /* of all that is shown */
    size_t num_problems;
    const struct inspect_problem *problem; /* the first */
    const struct inspect_node *problem_node;
    const char *kind;
    char format[240];
};

/* inspect_keep gives zeroed memory that lives as long as the inspection; NULL when there is none.
 */
void *inspect_keep(struct inspect *in, size_t size);
/* inspect_keep_text gives a text in printable ASCII: what is not becomes \xNN. Never NULL. */
const char *inspect_keep_text(struct inspect *in, struct atls_bytes text);
/* inspect_name makes a name of parts, such as "pcr[7]". Never NULL. */
const char *inspect_name(struct inspect *in, const char *format, ...) ATLS_PRINTF(2, 3);

struct inspect_node *inspect_node_at(const struct inspect *in, size_t index);

/*
 * inspect_add adds a field. `name` lives as long as the inspection. With a value it lies where the
 * value does; with an explainer that runs later. Never NULL: without room it is a node that nobody
 * sees, and `in->full` is set, which ends loops.
 */
struct inspect_node *inspect_add(struct inspect *in, struct inspect_node *parent, const char *name,
                                 const struct inspect_value *v, inspect_explain *explain,
                                 const void *arg);
/* inspect_add_main is inspect_add for the part that says what the whole is. */
struct inspect_node *inspect_add_main(struct inspect *in, struct inspect_node *parent,
                                      const char *name, const struct inspect_value *v,
                                      inspect_explain *explain, const void *arg);
/* inspect_later hands a field on to another explainer, which looks at `v`. */
void inspect_later(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                   inspect_explain *explain, const void *arg);
/* inspect_place says where a field lies: `span` is part of the space of its parent. */
void inspect_place(struct inspect_node *node, struct atls_bytes span);
/* inspect_text_of gives the text of a string without JSON's escapes; as it is written when one of
 * them cannot be read, which is then a problem of `node` (NULL: of nobody). */
struct atls_bytes inspect_text_of(struct inspect *in, struct inspect_node *node,
                                  const struct inspect_value *v);
/* inspect_label_of notes the key under which a field stands. */
void inspect_label_of(struct inspect *in, struct inspect_node *node,
                      const struct inspect_value *key);

/* What a field holds. */
void inspect_show_value(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v);
void inspect_show_text(struct inspect *in, struct inspect_node *node, struct atls_bytes text);
void inspect_show_octets(struct inspect *in, struct inspect_node *node, struct atls_bytes octets);
void inspect_show_uint(struct inspect_node *node, uint64_t number);
void inspect_show_secret(struct inspect *in, struct inspect_node *node, size_t len);
void inspect_show_structure(struct inspect_node *node);

/* inspect_note adds to what a field means; only printable ASCII may go in. */
void inspect_note(struct inspect *in, struct inspect_node *node, const char *format, ...)
    ATLS_PRINTF(3, 4);
/* inspect_note_len adds "N octets". */
void inspect_note_len(struct inspect *in, struct inspect_node *node, size_t len);
/* inspect_is says what a field is as a whole, which on the main way names the format. */
void inspect_is(struct inspect *in, struct inspect_node *node, const char *what);
/* inspect_problem marks what is wrong, at the start of the field or at the octets of `where`. */
void inspect_problem(struct inspect *in, struct inspect_node *node, const char *format, ...)
    ATLS_PRINTF(3, 4);
void inspect_problem_at(struct inspect *in, struct inspect_node *node, const uint8_t *where,
                        const char *format, ...) ATLS_PRINTF(4, 5);

/* inspect_decoded says that the fields of `node` lie in octets that were decoded. */
void inspect_decoded(struct inspect *in, struct inspect_node *node, const char *how,
                     struct atls_bytes octets);

#endif
