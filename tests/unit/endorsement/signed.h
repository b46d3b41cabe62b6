/* SPDX-License-Identifier: Apache-2.0 */
/* Signed files and their keys, for the tests of this room. */
#ifndef ENDORSEMENT_SIGNED_H
#define ENDORSEMENT_SIGNED_H

#include "samples.h"

#include "crypto/cert.h"
#include "crypto/crypto.h"
#include "endorsement/corim_sign.h"
#include "endorsement/signer.h"
#include "support/keys.h"

#include <stdlib.h>

/* Encoded headers: content type, and corim-meta {0: {0: "s1"}}. */
#define TYPE_HEX "03746170706c69636174696f6e2f72696d2b63626f72"
#define META_HEX "0847a100a100627331"

/* rfc8032_key is test 1 of RFC 8032, 7.1: the signer of the computed example. */
static inline struct atls_key *rfc8032_key(void)
{
    struct atls_key *key = NULL;
    assert_err(atls_key_from_private(
                   &key, ATLS_CRV_ED25519,
                   test_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
                   test_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
                   NULL),
               OK);
    return key;
}

/* public_pem gives the public half as text, in memory of its own. */
static inline struct atls_bytes public_pem(const struct atls_key *key)
{
    char *pem = NULL;
    assert_err(atls_key_to_public_pem(&pem, key, NULL), OK);
    const struct atls_bytes copy = test_copy(atls_bytes_text(pem));
    atls_pem_free(pem);
    return copy;
}

/* Everything but key and headers as it should be. */
static inline struct atls_corim_signing signing_by(const struct atls_key *key)
{
    struct atls_corim_signing signing = {.key = key, .signer = "s1"};
    signing.not_before_s = INT64_MIN;
    signing.not_after_s = INT64_MAX;
    return signing;
}

static inline struct atls_bytes sign(struct atls_bytes corim,
                                     const struct atls_corim_signing *signing)
{
    uint8_t *data = NULL;
    size_t len = 0;
    struct atls_diag diag = {.err = ATLS_OK};
    const enum atls_err err = atls_corim_sign(&data, &len, corim, signing, &diag);
    show(err, &diag);
    assert_err(err, OK);
    const struct atls_bytes copy = test_copy(atls_bytes_of(data, len));
    free(data);
    return copy;
}

/* sign_headers signs with headers that are given as they are encoded, after alg. */
static inline struct atls_bytes sign_headers(const struct atls_key *key, struct atls_bytes headers,
                                             uint64_t num, struct atls_bytes payload)
{
    const struct atls_buf room = test_room(headers.len + payload.len + 1100);
    size_t len = 0;
    assert_err(atls_cose_sign1_write(atls_crypto_openssl(), room, &len, true,
                                     atls_key_default_alg(key), key, headers, num, payload, NULL),
               OK);
    return test_copy(atls_bytes_of(room.data, len));
}

/* set_of gives a set that takes what this key signs. */
static inline struct atls_endorsements *set_of(const struct atls_key *key)
{
    struct atls_endorsements *set = new_set();
    assert_err(atls_endorsements_add_signer(set, public_pem(key), NULL), OK);
    return set;
}

/* assert_unsigned expects that a file does not verify, with this part of the sentence. */
static inline void assert_unsigned(struct atls_endorsements *set, struct atls_bytes corim,
                                   const char *part)
{
    struct atls_diag diag = {.err = ATLS_OK};
    const enum atls_err err = atls_endorsements_add_corim(set, corim, "it.corim", NOW, &diag);
    if (err != ATLS_ERR_ENDORSEMENT_SIGNATURE) {
        print_message("expected: %s\n", part);
        show(err, &diag);
    }
    assert_err(err, ENDORSEMENT_SIGNATURE);
    assert_err(diag.err, ENDORSEMENT_SIGNATURE);
    assert_says(&diag, part);
    assert_says(&diag, "it.corim");
    assert_int_equal(atls_endorsements_num_keys(set), 0);
    assert_int_equal(atls_endorsements_num_references(set), 0);
    assert_err(atls_endorsements_add_corim(set, corim, "x", NOW, NULL), ENDORSEMENT_SIGNATURE);
}

#endif
