/* SPDX-License-Identifier: Apache-2.0 */
#include "support/nitro_maker.h"

#include "base/span.h"
#include "json/base64.h"
#include "support/endorse.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>

#define DAY_S 86400

static const struct atls_bytes none = {NULL, 0};

static void fail(const char *what)
{
    fprintf(stderr, "test documents of Nitro: %s\n", what);
    exit(1);
}

static struct atls_key *key_at(size_t index)
{
    static struct atls_key *keys[TEST_NITRO_CERTS];
    if (keys[index] == NULL) {
        keys[index] = test_key(ATLS_CRV_P384);
    }
    return keys[index];
}

void test_nitro_chain_init(struct test_nitro_chain *chain)
{
    static const unsigned authority =
        ATLS_ISSUE_DIGITAL_SIGNATURE | ATLS_ISSUE_CERT_SIGN | ATLS_ISSUE_CRL_SIGN;
    static const struct {
        const char *name;
        int64_t before_s, after_s;
        long path_len;
        unsigned usage;
    } rows[TEST_NITRO_CERTS] = {
        {"aws.nitro-enclaves", 1000 * DAY_S, 3000 * DAY_S, ATLS_ISSUE_NO_PATH_LEN, authority},
        {"region.aws.nitro-enclaves", 5 * DAY_S, 15 * DAY_S, 2, authority},
        {"zonal.region.aws.nitro-enclaves", DAY_S, 4 * DAY_S, 1, authority},
        {"i-1.region.aws.nitro-enclaves", 3600, 23 * 3600, 0, ATLS_ISSUE_CERT_SIGN},
        {"i-1-enc1.region.aws", 3, 3 * 3600, ATLS_ISSUE_NO_PATH_LEN, ATLS_ISSUE_DIGITAL_SIGNATURE},
    };
    memset(chain, 0, sizeof *chain);
    for (size_t i = 0; i < TEST_NITRO_CERTS; i++) {
        chain->keys[i] = key_at(i);
        chain->specs[i] =
            (struct atls_issue_spec){.common_name = rows[i].name,
                                     .serial = 0x100 + i,
                                     .not_before_s = TEST_NITRO_NOW - rows[i].before_s,
                                     .not_after_s = TEST_NITRO_NOW + rows[i].after_s,
                                     .is_ca = i != TEST_NITRO_LEAF,
                                     .path_len = rows[i].path_len,
                                     .usage = rows[i].usage,
                                     .signature = ATLS_CHAIN_ECDSA_SHA384};
    }
}

void test_nitro_issue(struct test_nitro_chain *chain)
{
    for (size_t i = 0; i < TEST_NITRO_CERTS; i++) {
        uint8_t *der = NULL;
        size_t len = 0;
        const struct atls_issuer issuer = {i == 0 ? none : chain->certs[i - 1],
                                           chain->keys[i == 0 ? 0 : i - 1]};
        if (atls_issue_cert(&der, &len, &chain->specs[i], chain->keys[i], &issuer, NULL) !=
            ATLS_OK) {
            fail("a certificate cannot be issued");
        }
        chain->certs[i] = test_copy(atls_bytes_of(der, len));
        free(der);
    }
}

struct atls_bytes test_nitro_nonce(void)
{
    return test_fill(0x4e, 32);
}

static struct atls_bytes pcr_of(size_t index)
{
    static const bool measured[16] = {[0] = true, [1] = true, [2] = true, [4] = true, [8] = true};
    return test_fill(measured[index] ? (uint8_t)(0xa0 + index) : 0, 48);
}

struct atls_bytes test_nitro_pcrs(size_t changed, struct atls_bytes value)
{
    struct test_map map = {.num_pairs = 0};
    for (size_t i = 0; i < 16; i++) {
        if (i != changed) {
            test_map_set(&map, test_cbor_int((int64_t)i), test_cbor_bytes(pcr_of(i)));
        }
    }
    if (value.len != 0) {
        test_map_set(&map, test_cbor_int((int64_t)changed), test_cbor_bytes(value));
    }
    return test_map_encode(&map);
}

void test_nitro_set(struct test_nitro *document, const char *name, struct atls_bytes encoded)
{
    test_map_set(&document->claims, test_cbor_text(name), encoded);
}

void test_nitro_drop(struct test_nitro *document, const char *name)
{
    test_map_drop(&document->claims, test_cbor_text(name));
}

void test_nitro_init(struct test_nitro *document, const struct test_nitro_chain *chain)
{
    struct atls_bytes bundle[TEST_NITRO_LEAF];
    memset(document, 0, sizeof *document);
    document->key = chain->keys[TEST_NITRO_LEAF];
    for (size_t i = 0; i < TEST_NITRO_LEAF; i++) {
        bundle[i] = test_cbor_bytes(chain->certs[i]);
    }
    test_map_set(&document->protect, test_cbor_int(1), test_cbor_int(ATLS_ALG_ES384));
    test_nitro_set(document, "module_id", test_cbor_text("i-1-enc1"));
    test_nitro_set(document, "digest", test_cbor_text("SHA384"));
    test_nitro_set(document, "timestamp", test_cbor_int(TEST_NITRO_NOW * 1000));
    test_nitro_set(document, "pcrs", test_nitro_pcrs(0, pcr_of(0)));
    test_nitro_set(document, "certificate", test_cbor_bytes(chain->certs[TEST_NITRO_LEAF]));
    test_nitro_set(document, "cabundle", test_array_encode(bundle, TEST_NITRO_LEAF));
    test_nitro_set(document, "public_key", test_hex("f6"));
    test_nitro_set(document, "user_data", test_hex("f6"));
    test_nitro_set(document, "nonce", test_cbor_bytes(test_nitro_nonce()));
}

struct atls_bytes test_nitro_envelope(const struct test_nitro *document, struct atls_bytes payload)
{
    const struct atls_bytes headers = test_cbor_bytes(test_map_encode(&document->protect));
    const struct atls_bytes structure[] = {test_cbor_text("Signature1"), headers,
                                           test_cbor_bytes(none), test_cbor_bytes(payload)};
    const struct atls_bytes signature = test_sign(
        document->key, atls_key_default_alg(document->key), test_array_encode(structure, 4));
    const struct atls_bytes message[] = {headers, test_map_encode(&document->unprotected),
                                         test_cbor_bytes(payload), test_cbor_bytes(signature)};
    const struct atls_bytes array = test_array_encode(message, 4);
    const struct atls_buf room = test_room(1 + array.len);
    room.data[0] = 0xd2;
    memcpy(&room.data[1], array.data, array.len);
    return document->tagged ? atls_bytes_of(room.data, room.cap) : array;
}

struct atls_bytes test_nitro_sign(const struct test_nitro *document)
{
    const struct atls_bytes map = test_map_encode(&document->claims);
    if (!document->indefinite) {
        return test_nitro_envelope(document, map);
    }
    const struct atls_buf room = test_room(map.len + 1); /* head of one octet, and a break */
    memcpy(room.data, map.data, map.len);
    room.data[0] = 0xbf;
    room.data[map.len] = 0xff;
    return test_nitro_envelope(document, atls_bytes_of(room.data, room.cap));
}

#define ENCLAVES "\"vendor\":\"Amazon\",\"model\":\"aws.nitro-enclaves\""

void test_add_nitro_root(struct atls_endorsements *set, struct atls_bytes cert, bool simulated)
{
    char json[4096];
    char *text = atls_base64_new(cert);
    snprintf(json, sizeof json,
             "{\"tag-identity\":{\"id\":\"root\"},\"triples\":{\"attester-verification-keys\":[{"
             "\"environment\":{\"class\":{" ENCLAVES "}},\"verification-keys\":[{\"type\":"
             "\"pkix-asn1der-cert\",\"value\":\"%s\"}]}]}}",
             text);
    free(text);
    test_add_comid(set, json, "nitro", simulated);
}

void test_add_nitro_record(struct atls_endorsements *set, const char *class_more,
                           const char *environment_more, const char *measurements)
{
    char json[8192];
    const int len =
        snprintf(json, sizeof json,
                 "{\"tag-identity\":{\"id\":\"image\"},\"triples\":{\"reference-values\":[{"
                 "\"environment\":{\"class\":{" ENCLAVES "%s}%s},\"measurements\":[%s]}]}}",
                 class_more, environment_more, measurements);
    if (len < 0 || (size_t)len >= sizeof json) {
        fail("a record is too long");
    }
    test_add_comid(set, json, "nitro", false);
}

void test_add_nitro_image(struct atls_endorsements *set, uint32_t pcrs)
{
    char measurements[8000] = "";
    for (size_t pcr = 0; pcr < 16; pcr++) {
        const size_t used = strlen(measurements);
        if ((pcrs >> pcr & 1) != 0) {
            char *digest = atls_base64url_new(pcr_of(pcr));
            snprintf(&measurements[used], sizeof measurements - used,
                     "%s{\"key\":{\"type\":\"uint\",\"value\":%zu},\"value\":{\"digests\":[[7,"
                     "\"%s\"]]}}",
                     used == 0 ? "" : ",", pcr, digest);
            free(digest);
        }
    }
    test_add_nitro_record(set, "", "", measurements);
}
