/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CoMID templates: the JSON that `atls corim create` reads, in the shape of cocli's of 2025
 * (docs/endorsements.md). Attesters and simulations write them of themselves, `corim create --from`
 * of another machine; here is what all of them share.
 *
 * Values are given to the caller, and NULL without memory: json_pack passes that on.
 */
#ifndef JSON_COMID_JSON_H
#define JSON_COMID_JSON_H

#include "base/diag.h"

#include <jansson.h>

#define ATLS_UUID_SIZE 37 /* with its NUL */

/* atls_comid_uuid writes a random UUID (RFC 9562, 5.4). */
ATLS_NODISCARD enum atls_err atls_comid_uuid(char out[ATLS_UUID_SIZE], const char *step,
                                             struct atls_diag *diag);

/* atls_comid_of takes triples, and gives the template as a text (caller: free). Its id is new: what
 * two machines say are two tags. */
ATLS_NODISCARD enum atls_err atls_comid_of(char **out, json_t *triples, const char *step,
                                           struct atls_diag *diag);

json_t *atls_comid_base64(struct atls_bytes octets);
/* {"type": type, "value": base64} */
json_t *atls_comid_typed(const char *type, struct atls_bytes octets);
/* "sha-384;base64", by the length: 32, 48 or 64 octets. */
json_t *atls_comid_digest(struct atls_bytes value);

/* One measurement, by a number or by a text: {"key": ..., "value": {name: value}}. It takes
 * `value`.
 */
json_t *atls_comid_numbered(uint64_t key, const char *name, json_t *value);
json_t *atls_comid_named(const char *key, const char *name, json_t *value);

/* atls_comid_append takes `item` into a list; with no memory the list becomes NULL, and stays so.
 */
void atls_comid_append(json_t **list, json_t *item);

#endif
