/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file is, field by field (docs/inspect.md): the format is found by content, every field
 * has the name that its standard gives it, problems are marked where they are. Nothing is
 * verified: no signature, no chain, no nonce, no reference value.
 */
#ifndef INSPECT_INSPECT_H
#define INSPECT_INSPECT_H

#include "base/diag.h"

#include <stdio.h>

struct json_t;
struct inspect;

/*
 * atls_inspect explains `input`, which outlives *out (caller: atls_inspect_free). ATLS_OK also
 * when problems were marked; ATLS_ERR_MALFORMED, and no *out, for what is of no known format.
 */
ATLS_NODISCARD enum atls_err atls_inspect(struct inspect **out, struct atls_bytes input,
                                          struct atls_diag *diag);
/* atls_inspect_free wipes and frees; NULL is fine. */
void atls_inspect_free(struct inspect *in);

/* atls_inspect_problem gives MALFORMED with the first marked problem, or ATLS_OK for none. */
enum atls_err atls_inspect_problem(const struct inspect *in, struct atls_diag *diag);

/* atls_inspect_kind is a short name for programs, such as "cmw-record"; atls_inspect_format is for
 * people. Both live as long as `in`. */
const char *atls_inspect_kind(const struct inspect *in);
const char *atls_inspect_format(const struct inspect *in);

/* atls_inspect_print writes the tree for people; FILE when that fails. */
ATLS_NODISCARD enum atls_err atls_inspect_print(FILE *stream, const struct inspect *in);
/* atls_inspect_json gives docs/json/inspect.schema.json's result; NULL without memory. */
struct json_t *atls_inspect_json(const struct inspect *in);

#endif
