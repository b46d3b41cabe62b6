/* SPDX-License-Identifier: Apache-2.0 */
#include "support/kat_maker.h"

#include "base/span.h"
#include "support/memory.h"

#include <stdlib.h>

struct atls_bytes test_kat_nonce(void)
{
    return test_fill(0x4e, 64);
}

struct atls_bytes test_kat_key(const struct atls_key *key)
{
    const struct atls_buf room = test_room(ATLS_MAX_SPKI_LEN);
    struct atls_writer w = atls_writer_of(room);
    struct atls_cose_key parts;
    size_t len = 0;
    atls_key_to_cose(key, &parts);
    atls_cose_key_put(&w, &parts);
    if (!atls_writer_finish(&w, &len)) {
        abort();
    }
    return test_copy(atls_bytes_of(room.data, len));
}

void test_kat_init(struct test_kat *kat, struct atls_key *platform, uint8_t instance)
{
    memset(kat, 0, sizeof *kat);
    kat->kak = test_key(ATLS_CRV_P256);
    kat->identity = test_key(ATLS_CRV_P256);
    const struct atls_bytes kak_pub = test_kat_key(kat->kak);
    struct test_map cnf = {.num_pairs = 0};
    test_map_set(&cnf, test_cbor_int(1), test_kat_key(kat->identity));
    test_map_set(&kat->claims, test_cbor_int(TEST_KAT_CNF), test_map_encode(&cnf));
    test_map_set(&kat->claims, test_cbor_int(TEST_KAT_NONCE), test_cbor_bytes(test_kat_nonce()));
    test_map_set(&kat->claims, test_cbor_int(TEST_KAT_KAK_PUB), kak_pub);
    test_psa_init(&kat->pat, platform, instance);
    test_psa_set(&kat->pat, TEST_PSA_NONCE, test_cbor_bytes(test_hash(ATLS_ALG_SHA256, kak_pub)));
}

struct atls_bytes test_kat_token(const struct test_kat *kat)
{
    const struct test_psa envelope = {
        .unprotected = kat->unprotected, .key = kat->kak, .alg = atls_key_default_alg(kat->kak)};
    const struct atls_bytes tagged = test_psa_envelope(&envelope, test_map_encode(&kat->claims));
    return kat->tagged ? tagged : test_copy(atls_bytes_of(&tagged.data[1], tagged.len - 1));
}

struct atls_bytes test_kat_record(const char *type, struct atls_bytes value)
{
    const struct atls_bytes record[] = {test_cbor_text(type), test_cbor_bytes(value),
                                        test_cbor_int(4)};
    return test_array_encode(record, 3);
}

struct atls_bytes test_kat_collection(struct atls_bytes kat_item, struct atls_bytes pat_item)
{
    struct test_map map = {.num_pairs = 0};
    test_map_set(&map, test_cbor_text("kat"), kat_item);
    test_map_set(&map, test_cbor_text("pat"), pat_item);
    test_map_set(&map, test_cbor_text("__cmwc_t"),
                 test_cbor_text("tag:ietf.org,2024-02-29:rats/kat"));
    return test_map_encode(&map);
}

struct atls_bytes test_kat_bundle(const struct test_kat *kat)
{
    return test_kat_collection(test_kat_record(TEST_KAT_TYPE, test_kat_token(kat)),
                               test_kat_record(TEST_KAT_PAT, test_psa_sign(&kat->pat)));
}
