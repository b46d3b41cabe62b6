/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the binder and of its HKDF-Expand-Label share. */
#ifndef TEST_BINDER_TEST_H
#define TEST_BINDER_TEST_H

#include "handshake_test.h"

#include "crypto/crypto.h"
#include "handshake/binder.h"

static inline const struct atls_crypto_ops *ops(void)
{
    return atls_crypto_openssl();
}

/* counting gives first, first+1, ... */
static inline struct atls_bytes counting(size_t len, uint8_t first)
{
    const struct atls_buf room = test_room(len);
    for (size_t i = 0; i < len; i++) {
        room.data[i] = (uint8_t)(first + i);
    }
    return atls_bytes_of(room.data, len);
}

static inline struct atls_bytes zeros(size_t len)
{
    const struct atls_buf room = test_room(len);
    memset(room.data, 0, len);
    return atls_bytes_of(room.data, len);
}

static inline struct atls_bytes expand(int32_t alg, struct atls_bytes secret, const char *label,
                                       struct atls_bytes context, size_t len)
{
    struct atls_digest out;
    assert_err(atls_hkdf_expand_label(ops(), alg, secret, label, context, len, &out), OK);
    return test_copy(atls_digest_bytes(&out));
}

#endif
