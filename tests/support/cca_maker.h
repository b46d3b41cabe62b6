/* SPDX-License-Identifier: Apache-2.0 */
/* CCA tokens as a realm gets them, as far as their challenge goes: the rest is empty, and so is
 * what they are signed with. */
#ifndef SUPPORT_CCA_MAKER_H
#define SUPPORT_CCA_MAKER_H

#include "atls/bytes.h"

#include <stdbool.h>

struct test_cca_shape {
    uint64_t tag;   /* of the collection: 399 or 907 */
    bool in_record; /* [263, bstr] in place of bstr, as 907 has it */
    bool other_realm_label;
    bool other_challenge_label;
    size_t challenge_len;
};

/* test_cca_token writes into `out`, and gives what it wrote. */
struct atls_bytes test_cca_token(struct atls_buf out, const struct test_cca_shape *shape,
                                 const uint8_t *challenge);

#endif
