/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions and claims out of rows. */
#ifndef STORE_SESSION_READ_H
#define STORE_SESSION_READ_H

#include "store/backend.h"

/* Columns of SQL_SESSION_COLUMNS. */
enum { STORE_NUM_SESSION_COLUMNS = 10 };

/* store_session_read makes a session of the first columns of a row; cleanup is the caller's. */
ATLS_NODISCARD enum atls_err store_session_read(struct verifier_session *out,
                                                const struct store_row *row,
                                                struct atls_diag *diag);
/* store_claim_read makes a claim of its parts, and of when the call began and for how long. */
ATLS_NODISCARD enum atls_err
store_claim_read(struct verifier_claim *out, const struct store_value *id,
                 const struct store_value *number, const struct store_value *nonce,
                 const struct store_value *generation, int64_t deadline_ms, struct atls_diag *diag);
/* store_claim_deadline gives the end of a lease that begins now: an eighth before others may take
 * over, for clocks do not run alike. */
int64_t store_claim_deadline(int64_t lease_ms);

/* store_accept_write joins media types with line feeds, which none of them has; *out is the
 * caller's to free. */
ATLS_NODISCARD enum atls_err store_accept_write(char **out, const char *const *accept,
                                                size_t num_accept, struct atls_diag *diag);

#endif
