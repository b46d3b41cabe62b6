/* SPDX-License-Identifier: Apache-2.0 */
/* What an error number of configfs-tsm means at the place where it came, as a sentence. */
#ifndef ATTESTER_TSM_REASON_H
#define ATTESTER_TSM_REASON_H

#include "base/diag.h"

/* atls_tsm_refuse gives ATLS_ERR_ATTESTER. `attribute` is "object" for making the folder. */
enum atls_err atls_tsm_refuse(const char *attribute, int error, struct atls_diag *diag);

#endif
