/* SPDX-License-Identifier: Apache-2.0 */
/* Members of JSON that is signed: each is a field, by its path, that is made wrong in each way. */
#ifndef MUTATION_JSON_H
#define MUTATION_JSON_H

#include "mutation/value.h"

#include <jansson.h>

/*
 * mutation_json gives the text of `body` with the change. Fields are paths behind `name`, members
 * by their names and items by their numbers: "tcbInfo.tcbLevels.0.tcbStatus". A path with '=' and
 * JSON behind it (VALUE_BIT) has that value instead: "tcbInfo.tcbType=1"; "=reversed" turns a list
 * round.
 */
struct atls_bytes mutation_json(struct value_change *change, const char *name, const json_t *body);

#endif
