/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict on a peer as JSON: docs/json/verdict.schema.json, part of the output contract. */
#ifndef JSON_VERDICT_JSON_H
#define JSON_VERDICT_JSON_H

#include "atls/result.h"

struct json_t;

/* atls_verdict_to_json gives a new JSON object (caller: json_decref); NULL without memory. The
 * reason of a refusal is not in it: that is the "error" of the envelope. */
struct json_t *atls_verdict_to_json(const struct atls_verdict *verdict);

#endif
