/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments of calls, looked at before the store is asked. */
#ifndef STORE_CHECK_H
#define STORE_CHECK_H

#include "store/backend.h"

/* store_check_id: 1 to VERIFIER_MAX_ID_LEN characters A-Z a-z 0-9 - _ */
ATLS_NODISCARD enum atls_err store_check_id(const char *id, struct atls_diag *diag);
/* store_check_text: UTF-8 without control characters, of `min` to `max` octets. */
ATLS_NODISCARD enum atls_err store_check_text(const char *text, size_t min, size_t max,
                                              const char *claim, struct atls_diag *diag);
/* store_check_size: `min` to `max`, of what `claim` names. */
ATLS_NODISCARD enum atls_err store_check_size(uint64_t found, uint64_t min, uint64_t max,
                                              const char *claim, struct atls_diag *diag);
/* store_check_period: 1 to VERIFIER_MAX_PERIOD_MS */
ATLS_NODISCARD enum atls_err store_check_period(int64_t period_ms, const char *claim,
                                                struct atls_diag *diag);

/* store_damaged is for a row that no call of ours has written. */
enum atls_err store_damaged(struct atls_diag *diag, const char *claim);

/* store_copy_text copies a column into `cap` octets, terminated; false where it does not fit. */
ATLS_NODISCARD bool store_copy_text(char *out, size_t cap, const struct store_value *value);

#endif
