/* SPDX-License-Identifier: Apache-2.0 */
/* What every attester writes: its Evidence as a CMW, and its attester.json. */
#ifndef ATTESTER_WRITTEN_H
#define ATTESTER_WRITTEN_H

#include "base/diag.h"

#include <jansson.h>

/* atls_attester_put_evidence writes Evidence as a CMW record of this media type. */
ATLS_NODISCARD enum atls_err atls_attester_put_evidence(struct atls_buf out, size_t *out_len,
                                                        const char *media_type,
                                                        struct atls_bytes evidence,
                                                        const char *step, struct atls_diag *diag);

/* atls_attester_config_text takes the object (NULL: there was no memory for it), and gives it as a
 * text (caller: free). */
ATLS_NODISCARD enum atls_err atls_attester_config_text(char **out, json_t *config, const char *step,
                                                       struct atls_diag *diag);

#endif
