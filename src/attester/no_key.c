/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/attester.h"

enum atls_err atls_attester_no_key(struct atls_attester *attester, struct evp_pkey_st **out,
                                   struct atls_bytes pem, struct atls_diag *diag)
{
    (void)attester;
    (void)out;
    (void)pem;
    return atls_fail_texts(diag, ATLS_ERR_KEY, "attester", "key", "a TLS key of this attester",
                           "a key in an ordinary file: this root of trust keeps none");
}
