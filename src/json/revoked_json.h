/* SPDX-License-Identifier: Apache-2.0 */
/* The file of --revoked (docs/revoked.schema.json): strict JSON, a list of {kind, value, from}. */
#ifndef JSON_REVOKED_JSON_H
#define JSON_REVOKED_JSON_H

#include "result/revocation.h"

/* atls_revocations_parse reads a whole list or nothing. An empty list is one. Errors are
 * ATLS_ERR_REVOKED_FILE and MEMORY; the caller runs atls_revocations_cleanup. */
ATLS_NODISCARD enum atls_err atls_revocations_parse(struct atls_revocations *out,
                                                    struct atls_bytes json, struct atls_diag *diag);
/* atls_revocations_cleanup frees the entries; the list is then empty. */
void atls_revocations_cleanup(struct atls_revocations *list);

#endif
