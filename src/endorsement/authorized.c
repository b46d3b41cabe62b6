/* SPDX-License-Identifier: Apache-2.0 */
/* Who may say a claim (authorized-by): the keys of a CoRIM against the key that signed Evidence. */
#include "endorsement/apply.h"

#include "base/span.h"
#include "crypto/cert.h"
#include "crypto/cert_path.h"
#include "crypto/crypto.h"
#include "endorsement/corim.h"

static bool key_is(struct atls_key *key, struct atls_bytes signer)
{
    uint8_t spki[ATLS_MAX_SPKI_LEN];
    const struct atls_buf room = {spki, sizeof spki};
    size_t len = 0;
    const bool is = key != NULL && atls_key_spki(key, room, &len) == ATLS_OK &&
                    atls_bytes_equal(atls_bytes_of(spki, len), signer);
    atls_key_free(key);
    return is;
}

/* certificate_is: the first certificate is the one that is meant. */
static bool certificate_is(struct atls_bytes file, struct atls_bytes signer)
{
    uint8_t spki[ATLS_MAX_SPKI_LEN];
    const struct atls_buf room = {spki, sizeof spki};
    struct atls_cert_list list = {.count = 0};
    struct atls_diag why;
    size_t len = 0;
    const bool is = atls_cert_list_read(&list, file, &why) == ATLS_OK && list.count > 0 &&
                    atls_cert_spki(list.cert[0], room, &len, &why) == ATLS_OK &&
                    atls_bytes_equal(atls_bytes_of(spki, len), signer);
    atls_cert_list_cleanup(&list);
    return is;
}

/* thumbprint_is compares [algorithm, digest of the SubjectPublicKeyInfo]. */
static bool thumbprint_is(const struct atls_cbor *item, struct atls_bytes signer)
{
    struct atls_mdigest expected;
    struct atls_digest found;
    const struct atls_corim_digest *known =
        atls_mdigest_of(item, &expected) ? atls_corim_digest_by_number(expected.number) : NULL;
    return known != NULL && known->alg != ATLS_ALG_NONE &&
           atls_crypto_openssl()->hash(known->alg, signer, &found) == ATLS_OK &&
           atls_bytes_equal(atls_digest_bytes(&found), expected.value);
}

static bool is_signer(const struct atls_cbor *item, struct atls_bytes signer)
{
    struct atls_cbor inner;
    const struct atls_corim nowhere = {.diag = NULL};
    struct atls_key *key = NULL;
    if (item->type != ATLS_CBOR_TAG || !atls_cbor_tag(item, item->argument, &inner)) {
        return false;
    }
    switch (item->argument) {
    case ATLS_TAG_PEM_KEY:
    case ATLS_TAG_COSE_KEY:
        return atls_corim_key(&nowhere, item, &key) == ATLS_OK && key_is(key, signer);
    case ATLS_TAG_PEM_CERT:
    case ATLS_TAG_PEM_PATH:
    case ATLS_TAG_DER_CERT:
        return certificate_is(inner.content, signer);
    case ATLS_TAG_KEY_THUMBPRINT:
        return thumbprint_is(&inner, signer);
    default:
        return false;
    }
}

static bool all_are(const struct atls_cbor *list, struct atls_bytes signer)
{
    struct atls_cbor item;
    struct atls_cbor_iter iter = atls_cbor_members(list);
    while (atls_cbor_next(&iter, &item)) {
        if (!is_signer(&item, signer)) {
            return false;
        }
    }
    return true;
}

bool atls_is_authorized(const struct atls_mkeys *keys, struct atls_bytes signer)
{
    return keys->encoded.type != ATLS_CBOR_ARRAY || all_are(&keys->encoded, signer);
}

bool atls_encoded_is_authorized(struct atls_bytes encoded, struct atls_bytes signer)
{
    struct atls_cbor list;
    return encoded.len == 0 ||
           (atls_cbor_parse(&list, encoded, ATLS_CBOR_STRICT, "authorized-by", NULL) == ATLS_OK &&
            all_are(&list, signer));
}
