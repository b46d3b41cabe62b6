/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/system_error.h"

#include <string.h>

enum atls_err atls_system_refuse(const struct atls_system_errors *errors, const char *where,
                                 const char *claim, int number, struct atls_diag *diag)
{
    for (size_t i = 0; i < errors->num_rows; i++) {
        const struct atls_system_error *row = &errors->rows[i];
        const bool is_here = row->where == NULL || strcmp(row->where, where) == 0;
        if (is_here && row->number == number) {
            return atls_fail_texts(diag, row->err, errors->step, claim, row->found, row->expected);
        }
    }
    atls_fail_texts(diag, ATLS_ERR_ATTESTER, errors->step, claim, errors->found, errors->expected);
    atls_diag_found_int(diag, number);
    return ATLS_ERR_ATTESTER;
}
