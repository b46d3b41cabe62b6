/* SPDX-License-Identifier: Apache-2.0 */
/* Statements and measured values as JSON, under the names of templates; octets as hexadecimal. To
 * show, and for verified claims: nothing reads it back. */
#ifndef ENDORSEMENT_STATEMENT_JSON_H
#define ENDORSEMENT_STATEMENT_JSON_H

#include "endorsement/statement.h"

#include <jansson.h>

/* Each gives a new value, NULL without memory. */
json_t *atls_environment_json(const struct atls_environment *environment);
json_t *atls_measurement_json(const struct atls_measurement_map *measurement);
json_t *atls_tagged_json(const struct atls_tagged *value);
json_t *atls_statement_json(const struct atls_statement *statement);
json_t *atls_authority_json(const struct atls_authority *authority);

#endif
