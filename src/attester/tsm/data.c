/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tsm/data.h"

#include "attester/tsm/report.h"
#include "base/span.h"
#include "codec/cose.h"

static struct atls_bytes nothing(void)
{
    return atls_bytes_of(NULL, 0);
}

struct atls_bytes atls_tsm_snp_data(struct atls_bytes report)
{
    enum { OFFSET = 0x50, LEN = 1184 };
    return report.len == LEN ? atls_bytes_of(&report.data[OFFSET], ATLS_TSM_INBLOB_LEN) : nothing();
}

struct atls_bytes atls_tsm_tdx_data(struct atls_bytes quote)
{
    /* of version 5 the body comes behind its type and size */
    enum { OFFSET = 0x238, BODY_HEAD = 6 };
    if (quote.len < OFFSET + BODY_HEAD + ATLS_TSM_INBLOB_LEN || quote.data[1] != 0) {
        return nothing();
    }
    switch (quote.data[0]) {
    case 4:
        return atls_bytes_of(&quote.data[OFFSET], ATLS_TSM_INBLOB_LEN);
    case 5:
        return atls_bytes_of(&quote.data[OFFSET + BODY_HEAD], ATLS_TSM_INBLOB_LEN);
    default:
        return nothing();
    }
}

/* realm_token gives the octets of the realm's token: a bstr, or the value of a CMW record. */
static bool realm_token(struct atls_bytes *out, const struct atls_cbor *collection)
{
    enum { REALM = 44241, OLD_TAG = 399, NEW_TAG = 907 };
    struct atls_cbor map, entry, value;
    if (!atls_cbor_tag(collection, OLD_TAG, &map) && !atls_cbor_tag(collection, NEW_TAG, &map)) {
        return false;
    }
    if (!atls_cbor_get(&map, REALM, &entry)) {
        return false;
    }
    const struct atls_cbor *octets = atls_cbor_at(&entry, 1, &value) ? &value : &entry;
    return atls_cbor_bytes(octets, 1, SIZE_MAX, out);
}

struct atls_bytes atls_tsm_cca_data(struct atls_bytes token)
{
    enum { CHALLENGE = 10 };
    static const char what[] = "CCA token";
    struct atls_cbor collection, claims, challenge;
    struct atls_cose_sign1 message;
    struct atls_bytes realm, found;
    const bool is_token =
        atls_cbor_parse(&collection, token, ATLS_CBOR_STRICT, what, NULL) == ATLS_OK &&
        realm_token(&realm, &collection) &&
        atls_cose_sign1_parse(&message, realm, ATLS_COSE_TAGGED, what, NULL) == ATLS_OK &&
        atls_cbor_parse(&claims, message.payload, ATLS_CBOR_STRICT, what, NULL) == ATLS_OK &&
        atls_cbor_get(&claims, CHALLENGE, &challenge) &&
        atls_cbor_bytes(&challenge, ATLS_TSM_INBLOB_LEN, ATLS_TSM_INBLOB_LEN, &found);
    return is_token ? found : nothing();
}
