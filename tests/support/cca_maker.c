/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cca_maker.h"

#include "codec/cbor.h"
#include "support/check.h"

enum { PLATFORM = 44234, REALM = 44241, CHALLENGE = 10, EAT_CWT = 263 };

static void put_claims(struct atls_writer *w, const struct test_cca_shape *shape,
                       const uint8_t *challenge)
{
    atls_cbor_put_map(w, 1);
    atls_cbor_put_int(w, shape->other_challenge_label ? CHALLENGE + 1 : CHALLENGE);
    atls_cbor_put_bytes(w, atls_bytes_of(challenge, shape->challenge_len));
}

static void put_message(struct atls_writer *w, struct atls_bytes claims)
{
    static const uint8_t protect[] = {0xa1, 0x01, 0x38, 0x22}; /* ES384 */
    static const uint8_t signature[96];
    atls_cbor_put_tag(w, 18);
    atls_cbor_put_array(w, 4);
    atls_cbor_put_bytes(w, atls_bytes_of(protect, sizeof protect));
    atls_cbor_put_map(w, 0);
    atls_cbor_put_bytes(w, claims);
    atls_cbor_put_bytes(w, atls_bytes_of(signature, sizeof signature));
}

static void put_collection(struct atls_writer *w, const struct test_cca_shape *shape,
                           struct atls_bytes message)
{
    atls_cbor_put_tag(w, shape->tag);
    atls_cbor_put_map(w, 2);
    atls_cbor_put_int(w, PLATFORM);
    atls_cbor_put_bytes(w, atls_bytes_of("x", 1));
    atls_cbor_put_int(w, shape->other_realm_label ? REALM + 1 : REALM);
    if (shape->in_record) {
        atls_cbor_put_array(w, 2);
        atls_cbor_put_uint(w, EAT_CWT);
    }
    atls_cbor_put_bytes(w, message);
}

struct atls_bytes test_cca_token(struct atls_buf out, const struct test_cca_shape *shape,
                                 const uint8_t *challenge)
{
    uint8_t claims[128], message[256];
    struct atls_writer c = atls_writer_of((struct atls_buf){claims, sizeof claims});
    put_claims(&c, shape, challenge);
    struct atls_writer m = atls_writer_of((struct atls_buf){message, sizeof message});
    put_message(&m, atls_bytes_of(claims, c.len));
    struct atls_writer w = atls_writer_of(out);
    put_collection(&w, shape, atls_bytes_of(message, m.len));
    size_t len = 0;
    assert_true(atls_writer_finish(&w, &len));
    return atls_bytes_of(out.data, len);
}
