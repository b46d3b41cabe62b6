/* SPDX-License-Identifier: Apache-2.0 */
#include "support/tpm_maker.h"

#include "appraiser/tpm2/wire.h"
#include "base/span.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>

#define ATTRIBUTES                                                                                 \
    (ATLS_TPM_FIXED_TPM | ATLS_TPM_FIXED_PARENT | ATLS_TPM_SENSITIVE_DATA_ORIGIN | 1u << 6 |       \
     ATLS_TPM_SIGN)

struct atls_bytes test_tpm_nonce(void)
{
    return test_fill(0x4e, 32);
}

struct atls_bytes test_tpm_pcr(unsigned pcr, size_t len)
{
    return test_fill((uint8_t)(0xc0 + pcr), len);
}

struct atls_bytes test_tpm_pcr_digest(uint32_t pcrs, size_t value_len, int32_t hash)
{
    const struct atls_buf room = test_room(32 * value_len);
    size_t len = 0;
    for (unsigned pcr = 0; pcr < 32; pcr++) {
        if ((pcrs >> pcr & 1) != 0) {
            memcpy(&room.data[len], test_tpm_pcr(pcr, value_len).data, value_len);
            len += value_len;
        }
    }
    return test_hash(hash, atls_bytes_of(room.data, len));
}

static void init_attest(struct test_tpm_attest *attest, uint16_t type)
{
    memset(attest, 0, sizeof *attest);
    attest->magic = 0xff544347;
    attest->type = type;
    attest->qualified_signer = test_fill(0x05, 34);
    attest->extra_data = test_tpm_nonce();
    attest->clock = 123456789;
    attest->reset_count = 3;
    attest->restart_count = 1;
    attest->safe = 1;
    attest->firmware_version = UINT64_C(0xbd8796a7af2986f0);
}

void test_tpm_use(struct test_tpm *tpm, struct atls_key *ak, struct atls_key *tls)
{
    tpm->ak = ak;
    tpm->tls = tls;
    switch (atls_key_default_alg(ak)) {
    case ATLS_ALG_ES256:
        tpm->scheme = ATLS_TPM_ECDSA;
        tpm->hash = ATLS_TPM_SHA256;
        break;
    case ATLS_ALG_ES384:
        tpm->scheme = ATLS_TPM_ECDSA;
        tpm->hash = ATLS_TPM_SHA384;
        break;
    case ATLS_ALG_ES512:
        tpm->scheme = ATLS_TPM_ECDSA;
        tpm->hash = ATLS_TPM_SHA512;
        break;
    default:
        tpm->scheme = ATLS_TPM_RSASSA;
        tpm->hash = ATLS_TPM_SHA256;
        break;
    }
    tpm->key_scheme = ATLS_TPM_NULL;
    tpm->quote.pcr_digest = test_tpm_pcr_digest(tpm->quote.pcrs[0], 32, atls_tpm_hash(tpm->hash));
}

void test_tpm_init(struct test_tpm *tpm, uint8_t machine)
{
    memset(tpm, 0, sizeof *tpm);
    const struct atls_buf kid = test_room(33);
    kid.data[0] = 0x01;
    memset(&kid.data[1], machine, 32);
    tpm->kid = atls_bytes_of(kid.data, 33);
    tpm->name_alg = ATLS_TPM_SHA256;
    tpm->attributes = ATTRIBUTES;
    init_attest(&tpm->certify, ATLS_TPM_ST_CERTIFY);
    tpm->certify.qualified_name = test_fill(0x06, 34);
    init_attest(&tpm->quote, ATLS_TPM_ST_QUOTE);
    tpm->quote.banks[0] = ATLS_TPM_SHA256;
    tpm->quote.pcrs[0] = 1u << 0 | 1u << 1 | 1u << 7;
    tpm->quote.num_banks = 1;
    test_tpm_use(tpm, test_key(ATLS_CRV_P256), test_key(ATLS_CRV_P256));
}

static struct atls_bytes finish(const struct atls_writer *w)
{
    size_t len = 0;
    if (!atls_writer_finish(w, &len)) {
        fprintf(stderr, "a TPM structure does not fit its room\n");
        exit(1);
    }
    return test_copy(atls_bytes_of(w->data, len));
}

struct atls_bytes test_tpm_public(const struct test_tpm *tpm)
{
    struct atls_cose_key key;
    atls_key_to_cose(tpm->tls, &key);
    const bool is_rsa = key.kty == ATLS_KTY_RSA;
    struct atls_writer w = atls_writer_of(test_room(1024));
    atls_write_u16(&w, is_rsa ? ATLS_TPM_RSA : ATLS_TPM_ECC);
    atls_write_u16(&w, tpm->name_alg);
    atls_write_u32(&w, tpm->attributes);
    atls_write_u16(&w, 0); /* authPolicy */
    atls_write_u16(&w, ATLS_TPM_NULL);
    atls_write_u16(&w, tpm->key_scheme);
    if (tpm->key_scheme != ATLS_TPM_NULL) {
        atls_write_u16(&w, tpm->key_scheme_hash);
    }
    if (is_rsa) {
        atls_write_u16(&w, (uint16_t)(8 * key.n.len));
        atls_write_u32(&w, 0);
        atls_write_vec16(&w, key.n);
        return finish(&w);
    }
    atls_write_u16(&w, (uint16_t)(key.crv - ATLS_CRV_P256 + ATLS_TPM_P256));
    atls_write_u16(&w, ATLS_TPM_NULL);
    atls_write_vec16(&w, key.x);
    atls_write_vec16(&w, key.y);
    return finish(&w);
}

struct atls_bytes test_tpm_write_attest(const struct test_tpm_attest *attest)
{
    struct atls_writer w = atls_writer_of(test_room(1024));
    atls_write_u32(&w, attest->magic);
    atls_write_u16(&w, attest->type);
    atls_write_vec16(&w, attest->qualified_signer);
    atls_write_vec16(&w, attest->extra_data);
    atls_write_u64(&w, attest->clock);
    atls_write_u32(&w, attest->reset_count);
    atls_write_u32(&w, attest->restart_count);
    atls_write_u8(&w, attest->safe);
    atls_write_u64(&w, attest->firmware_version);
    if (attest->type != ATLS_TPM_ST_QUOTE) {
        atls_write_vec16(&w, attest->name);
        atls_write_vec16(&w, attest->qualified_name);
        return finish(&w);
    }
    atls_write_u32(&w, (uint32_t)attest->num_banks);
    for (size_t i = 0; i < attest->num_banks; i++) {
        atls_write_u16(&w, attest->banks[i]);
        atls_write_u8(&w, 3);
        for (unsigned octet = 0; octet < 3; octet++) {
            atls_write_u8(&w, (uint8_t)(attest->pcrs[i] >> (8 * octet)));
        }
    }
    atls_write_vec16(&w, attest->pcr_digest);
    return finish(&w);
}

static int32_t cose_alg(const struct test_tpm *tpm)
{
    return tpm->scheme == ATLS_TPM_RSASSA ? ATLS_ALG_RS256 : atls_key_default_alg(tpm->ak);
}

struct atls_bytes test_tpm_signature(const struct test_tpm *tpm, struct atls_bytes octets)
{
    const struct atls_bytes value = test_sign(tpm->ak, cose_alg(tpm), octets);
    struct atls_writer w = atls_writer_of(test_room(1024));
    atls_write_u16(&w, tpm->scheme);
    atls_write_u16(&w, tpm->hash);
    if (tpm->scheme == ATLS_TPM_ECDSA) {
        atls_write_vec16(&w, atls_bytes_of(value.data, value.len / 2));
        atls_write_vec16(&w, atls_bytes_of(&value.data[value.len / 2], value.len / 2));
    } else {
        atls_write_vec16(&w, value);
    }
    return finish(&w);
}

static struct atls_bytes name_of(const struct test_tpm *tpm, struct atls_bytes public_area)
{
    struct atls_writer w = atls_writer_of(test_room(2 + ATLS_MAX_HASH_LEN));
    atls_write_u16(&w, tpm->name_alg);
    atls_write_bytes(&w, test_hash(atls_tpm_hash(tpm->name_alg), public_area));
    return finish(&w);
}

struct test_bundle test_tpm_make(const struct test_tpm *tpm)
{
    struct test_bundle bundle;
    struct test_tpm_attest certify = tpm->certify;
    bundle.pub_area = test_tpm_public(tpm);
    if (certify.name.len == 0) {
        certify.name = name_of(tpm, bundle.pub_area);
    }
    bundle.cert_info = test_tpm_write_attest(&certify);
    bundle.attest_info = test_tpm_write_attest(&tpm->quote);
    bundle.kat_sig = test_tpm_signature(tpm, bundle.cert_info);
    bundle.pat_sig = test_tpm_signature(tpm, bundle.attest_info);
    bundle.kat_kid = tpm->kid;
    bundle.pat_kid = tpm->kid;
    return bundle;
}

static void set_bytes(struct test_map *map, const char *name, struct atls_bytes octets)
{
    test_map_set(map, test_cbor_text(name), test_cbor_bytes(octets));
}

struct atls_bytes test_bundle_encode(const struct test_bundle *bundle)
{
    struct test_map kat = {.num_pairs = 0};
    test_map_set(&kat, test_cbor_text("tpmVer"), test_cbor_text("2.0"));
    set_bytes(&kat, "kid", bundle->kat_kid);
    set_bytes(&kat, "sig", bundle->kat_sig);
    set_bytes(&kat, "certInfo", bundle->cert_info);
    set_bytes(&kat, "pubArea", bundle->pub_area);
    struct test_map pat = {.num_pairs = 0};
    test_map_set(&pat, test_cbor_text("tpmVer"), test_cbor_text("2.0"));
    set_bytes(&pat, "kid", bundle->pat_kid);
    set_bytes(&pat, "sig", bundle->pat_sig);
    set_bytes(&pat, "attestInfo", bundle->attest_info);
    struct test_map both = {.num_pairs = 0};
    test_map_set(&both, test_cbor_text("kat"), test_map_encode(&kat));
    test_map_set(&both, test_cbor_text("pat"), test_map_encode(&pat));
    return test_map_encode(&both);
}

struct atls_bytes test_tpm_evidence(const struct test_tpm *tpm)
{
    const struct test_bundle bundle = test_tpm_make(tpm);
    return test_bundle_encode(&bundle);
}
