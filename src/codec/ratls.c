/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/ratls.h"

#include "base/diag.h"
#include "base/span.h"

static const char step[] = "RA-TLS extension";

/* Numbers of IANA's registry of named information hash algorithms. */
static const struct {
    uint64_t number;
    int32_t alg;
    size_t len;
} hashes[] = {
    {1, ATLS_ALG_SHA256, 32},
    {7, ATLS_ALG_SHA384, 48},
    {8, ATLS_ALG_SHA512, 64},
};

static enum atls_err refuse(struct atls_diag *diag, const char *claim, const char *found,
                            const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, claim, found, expected);
}

/* read_hash reads the content of "pubkey-hash": [alg, hash]. */
static enum atls_err read_hash(struct atls_ratls *out, struct atls_bytes content,
                               struct atls_diag *diag)
{
    struct atls_cbor array, item;
    uint64_t number = 0;
    const enum atls_err err = atls_cbor_parse(&array, content, ATLS_CBOR_STRICT, step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (array.type != ATLS_CBOR_ARRAY || array.argument != 2 || !atls_cbor_at(&array, 0, &item) ||
        !atls_cbor_u64(&item, &number) || !atls_cbor_at(&array, 1, &item) ||
        !atls_cbor_bytes(&item, 0, SIZE_MAX, &out->key_hash)) {
        return refuse(diag, "pubkey-hash", "another structure", "a number and octets");
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(hashes); i++) {
        if (hashes[i].number == number) {
            out->hash_alg = hashes[i].alg;
            return out->key_hash.len == hashes[i].len
                       ? ATLS_OK
                       : refuse(diag, "pubkey-hash", "a hash of another length",
                                "that of the algorithm");
        }
    }
    atls_fail_texts(diag, ATLS_ERR_ALGORITHM, step, "pubkey-hash", NULL,
                    "sha-256 (1), sha-384 (7) or sha-512 (8)");
    atls_diag_found_int(diag, number > INT64_MAX ? INT64_MAX : (int64_t)number);
    return ATLS_ERR_ALGORITHM;
}

static enum atls_err read_claims(struct atls_ratls *out, struct atls_diag *diag)
{
    struct atls_cbor map, value;
    struct atls_bytes content;
    const enum atls_err err = atls_cbor_parse(&map, out->claims, ATLS_CBOR_STRICT, step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (map.type != ATLS_CBOR_MAP) {
        return refuse(diag, "claims", "another type", "a map");
    }
    if (!atls_cbor_get_text(&map, "pubkey-hash", &value) ||
        !atls_cbor_bytes(&value, 0, SIZE_MAX, &content)) {
        return refuse(diag, "pubkey-hash", "none, or another type", "a byte string");
    }
    if (atls_cbor_get_text(&map, "nonce", &value)) {
        out->has_nonce = true;
        if (!atls_cbor_bytes(&value, 0, SIZE_MAX, &out->nonce)) {
            return refuse(diag, "nonce", "another type", "a byte string");
        }
    }
    return read_hash(out, content, diag);
}

enum atls_err atls_ratls_parse(struct atls_ratls *out, struct atls_bytes input,
                               struct atls_diag *diag)
{
    struct atls_ratls found;
    struct atls_cbor tag, array, item;
    memset(&found, 0, sizeof found);
    enum atls_err err = atls_cbor_parse(&tag, input, ATLS_CBOR_STRICT, step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (tag.type != ATLS_CBOR_TAG || !atls_cbor_tag(&tag, tag.argument, &array) ||
        array.type != ATLS_CBOR_ARRAY || array.argument != 2) {
        return refuse(diag, "extension", "another structure", "a tag around an array of two");
    }
    found.kind = tag.argument;
    if (!atls_cbor_at(&array, 0, &item) || !atls_cbor_bytes(&item, 1, SIZE_MAX, &found.evidence)) {
        return refuse(diag, "evidence", "none, or another type", "a byte string");
    }
    if (!atls_cbor_at(&array, 1, &item) || !atls_cbor_bytes(&item, 0, SIZE_MAX, &found.claims)) {
        return refuse(diag, "claims", "another type", "a byte string");
    }
    err = read_claims(&found, diag);
    if (err == ATLS_OK) {
        *out = found;
    }
    return err;
}

void atls_ratls_put_claims(struct atls_writer *w, int32_t hash_alg, struct atls_bytes key_hash)
{
    uint8_t room[80];
    size_t len = 0;
    struct atls_writer inner = atls_writer_of((struct atls_buf){room, sizeof room});
    uint64_t number = 0;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(hashes); i++) {
        number = hashes[i].alg == hash_alg ? hashes[i].number : number;
    }
    atls_cbor_put_array(&inner, 2);
    atls_cbor_put_uint(&inner, number);
    atls_cbor_put_bytes(&inner, key_hash);
    if (number == 0 || !atls_writer_finish(&inner, &len)) {
        len = 0; /* which no reader takes */
    }
    atls_cbor_put_map(w, 1);
    atls_cbor_put_str(w, "pubkey-hash");
    atls_cbor_put_bytes(w, atls_bytes_of(room, len));
}

void atls_ratls_put(struct atls_writer *w, enum atls_ratls_kind kind, struct atls_bytes evidence,
                    struct atls_bytes claims)
{
    atls_cbor_put_tag(w, (uint64_t)kind);
    atls_cbor_put_array(w, 2);
    atls_cbor_put_bytes(w, evidence);
    atls_cbor_put_bytes(w, claims);
}

static uint64_t little_endian(struct atls_bytes octets, size_t at, size_t len)
{
    uint64_t value = 0;
    for (size_t i = len; i > 0; i--) {
        value = value << 8 | octets.data[at + i - 1];
    }
    return value;
}

enum atls_err atls_ratls_open_enclave(struct atls_bytes *out_quote, struct atls_bytes input,
                                      struct atls_diag *diag)
{
    enum { HEADER_LEN = 16, VERSION = 1, TYPE_REMOTE = 2 };
    if (input.len <= HEADER_LEN || little_endian(input, 0, 4) != VERSION ||
        little_endian(input, 4, 4) != TYPE_REMOTE) {
        return refuse(diag, "Open Enclave's header", "another one", "version 1 and type 2");
    }
    if (little_endian(input, 8, 8) != input.len - HEADER_LEN) {
        return refuse(diag, "Open Enclave's header", "another size", "that of the quote");
    }
    *out_quote = atls_bytes_of(&input.data[HEADER_LEN], input.len - HEADER_LEN);
    return ATLS_OK;
}

enum atls_err atls_ratls_open_enclave_evidence(struct atls_bytes *out_quote,
                                               struct atls_bytes *out_claims,
                                               struct atls_bytes input, struct atls_diag *diag)
{
    /* version, UUID, four octets that align, and the size of the rest; OE_FORMAT_UUID_SGX_ECDSA */
    enum { UUID_AT = 4, UUID_LEN = 16, SIZE_AT = 24, HEADER_LEN = 32, VERSION = 3 };
    enum { SIGNATURE_LEN_AT = 432, FIXED_LEN = 436 }; /* of a quote of version 3 */
    static const uint8_t sgx_ecdsa[UUID_LEN] = {0xa3, 0xa2, 0x1e, 0x87, 0x1b, 0x4d, 0x40, 0x14,
                                                0xb7, 0x0a, 0xa1, 0x25, 0xd2, 0xfb, 0xcd, 0x8c};
    if (input.len <= HEADER_LEN + FIXED_LEN || little_endian(input, 0, 4) != VERSION ||
        little_endian(input, SIZE_AT, 8) != input.len - HEADER_LEN) {
        return refuse(diag, "Open Enclave's header", "another one, or another size",
                      "version 3, and the size of the evidence");
    }
    if (!atls_bytes_equal(atls_bytes_of(&input.data[UUID_AT], UUID_LEN),
                          atls_bytes_of(sgx_ecdsa, sizeof sgx_ecdsa))) {
        return refuse(diag, "Open Enclave's header", "evidence of another format",
                      "that of SGX with ECDSA");
    }
    const struct atls_bytes rest = atls_bytes_of(&input.data[HEADER_LEN], input.len - HEADER_LEN);
    const uint64_t quote_len = FIXED_LEN + little_endian(rest, SIGNATURE_LEN_AT, 4);
    if (quote_len > rest.len) {
        return refuse(diag, "quote", "a length beyond its evidence", "one within");
    }
    *out_quote = atls_bytes_of(rest.data, (size_t)quote_len);
    *out_claims = atls_bytes_of(&rest.data[quote_len], rest.len - (size_t)quote_len);
    return ATLS_OK;
}

static struct atls_bytes without_nul(struct atls_bytes octets)
{
    while (octets.len != 0 && octets.data[octets.len - 1] == 0) {
        octets.len--;
    }
    return octets;
}

enum atls_err atls_ratls_endorsements_parse(struct atls_ratls_endorsements *out,
                                            struct atls_bytes input, struct atls_diag *diag)
{
    struct atls_ratls_endorsements found = {.num = 0};
    struct atls_cbor tag, array, item;
    const enum atls_err err = atls_cbor_parse(&tag, input, ATLS_CBOR_STRICT, step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (tag.type != ATLS_CBOR_TAG || !atls_cbor_tag(&tag, tag.argument, &array) ||
        array.type != ATLS_CBOR_ARRAY) {
        return refuse(diag, "endorsements", "another structure", "a tag around an array");
    }
    if (tag.argument == ATLS_RATLS_INTEL_QUOTE) {
        if (array.argument < 1 + ATLS_RATLS_NUM_ENDORSEMENTS ||
            array.argument > 2 + ATLS_RATLS_NUM_ENDORSEMENTS) {
            return refuse(diag, "endorsements", "fewer or more", "8 entries, or 9 with a date");
        }
        while (found.num < ATLS_RATLS_NUM_ENDORSEMENTS) {
            struct atls_bytes *part = &found.part[found.num++];
            if (!atls_cbor_at(&array, found.num, &item) ||
                !atls_cbor_bytes(&item, 0, SIZE_MAX, part)) {
                return refuse(diag, "endorsements", "another type", "byte strings");
            }
            *part = without_nul(*part);
        }
    }
    *out = found;
    return ATLS_OK;
}

enum { DER_OCTET_STRING = 0x04, DER_UTF8_STRING = 0x0c };

/* DER: a length of 128 or more stands behind the number of its octets, without leading zeros. */
void atls_ratls_put_cmw(struct atls_writer *w, struct atls_bytes cmw)
{
    size_t octets = 1;
    while (octets < sizeof cmw.len && cmw.len >> (8 * octets) != 0) {
        octets++;
    }
    atls_write_u8(w, DER_OCTET_STRING);
    if (cmw.len >= 0x80) {
        atls_write_u8(w, (uint8_t)(0x80 | octets));
    }
    for (size_t i = octets; i > 0; i--) {
        atls_write_u8(w, (uint8_t)(cmw.len >> (8 * (i - 1))));
    }
    atls_write_bytes(w, cmw);
}

enum atls_err atls_ratls_open_octets(struct atls_bytes *out, struct atls_bytes input,
                                     const char *claim, const char *expected,
                                     struct atls_diag *diag)
{
    if (input.len < 2 || input.data[0] != DER_OCTET_STRING) {
        return refuse(diag, claim, "another type", expected);
    }
    const size_t octets = input.data[1] >= 0x80 ? (size_t)input.data[1] & 0x7f : 0;
    size_t len = octets == 0 ? input.data[1] : 0;
    if (octets > 3 || input.len < 2 + octets || (octets > 0 && input.data[2] == 0)) {
        return refuse(diag, claim, "another length", expected);
    }
    for (size_t i = 0; i < octets; i++) {
        len = len << 8 | input.data[2 + i];
    }
    if ((input.data[1] >= 0x80 && len < 0x80) || len != input.len - 2 - octets) {
        return refuse(diag, claim, "another length", expected);
    }
    *out = atls_bytes_of(&input.data[2 + octets], len);
    return ATLS_OK;
}

enum atls_err atls_ratls_open_cmw(struct atls_bytes *out_cmw, struct atls_bytes input,
                                  struct atls_diag *diag)
{
    static const char expected[] = "an OCTET STRING with a CMW in CBOR";
    if (input.len >= 2 && input.data[0] == DER_UTF8_STRING) {
        return refuse(diag, "id-pe-cmw", "a UTF8String, which is a CMW in JSON", expected);
    }
    return atls_ratls_open_octets(out_cmw, input, "id-pe-cmw", expected, diag);
}
