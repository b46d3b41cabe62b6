/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Published keys and signatures, one of each kind: RFC 6979, A.2.5 to A.2.7 (message "sample"),
 * RFC 8032, 7.1 test 3 and 7.4 "1 octet"; for RSA a key of our own, made with python3-cryptography.
 */
#ifndef CRYPTO_KEY_SAMPLES_H
#define CRYPTO_KEY_SAMPLES_H

#include "crypto/crypto.h"
#include "crypto/key.h"

#include "support/check.h"
#include "support/memory.h"

struct key_sample {
    int32_t crv;
    int32_t alg;
    const char *private_key;
    const char *point;
    const char *message; /* hex */
    const char *signature;
};

#define SAMPLE_HEX "73616d706c65"

static const struct key_sample key_samples[] = {
    {ATLS_CRV_P256, ATLS_ALG_ES256,
     "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
     "04 60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
     "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
     SAMPLE_HEX,
     "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
     "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"},
    {ATLS_CRV_P384, ATLS_ALG_ES384,
     "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D8"
     "96D5724E4C70A825F872C9EA60D2EDF5",
     "04 EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64"
     "DEF8F0EA9055866064A254515480BC13"
     "8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3F1C9DB1"
     "288B231C3AE0D4FE7344FD2533264720",
     SAMPLE_HEX,
     "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C"
     "81A648152E44ACF96E36DD1E80FABE46"
     "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94F"
     "A329C145786E679E7B82C71A38628AC8"},
    {ATLS_CRV_P521, ATLS_ALG_ES512,
     "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75"
     "CAA896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B8"
     "3538",
     "04 01894550D0785932E00EAA23B694F213F8C3121F86DC97A04E5A7167DB4E5BCD"
     "371123D46E45DB6B5D5370A7F20FB633155D38FFA16D2BD761DCAC474B9A2F50"
     "23A4"
     "00493101C962CD4D2FDDF782285E64584139C2F91B47F87FF82354D6630F746A"
     "28A0DB25741B5B34A828008B22ACC23F924FAAFBD4D33F81EA66956DFEAA2BFD"
     "FCF5",
     SAMPLE_HEX,
     "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F"
     "174E25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E3"
     "77FA"
     "00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF"
     "282623EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4"
     "A67A"},
    {ATLS_CRV_ED25519, ATLS_ALG_EDDSA,
     "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
    {ATLS_CRV_ED448, ATLS_ALG_EDDSA,
     "c4eab05d357007c632f3dbb48489924d552b08fe0c353a0d4a1f00acda2c463a"
     "fbea67c5e8d2877c5e3bc397a659949ef8021e954e0a12274e",
     "43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c086"
     "6aea01eb00742802b8438ea4cb82169c235160627b4c3a9480",
     "03",
     "26b8f91727bd62897af15e41eb43c377efb9c610d48f2335cb0bd0087810f435"
     "2541b143c4b981b7e18f62de8ccdf633fc1bf037ab7cd779805e0dbcc0aae1cb"
     "cee1afb2e027df36bc04dcecbf154336c19f0af7e0a6472905e799f1953d2a0f"
     "f3348ab21aa4adafd1d234441cf807c03a00"},
};
#define NUM_KEY_SAMPLES (sizeof key_samples / sizeof key_samples[0])

#define RSA_SAMPLE_N                                                                               \
    "ba3f647fe9fb9e2b2759476638b75a61c6724ff837c2149562df6f7e6046bf067c715644224251617242b8cb900e" \
    "37782c08b4edab6b4d86240876b199a2caec51941c31684a5c834d78ca505b909afd6950b18d79575c58e2932ef3" \
    "64ff7ea6e5e971a8561d071c80cb55408a7650787d001ae0498a7d736f5864d6e608dfba9740be84ea5e124b890e" \
    "a170bf78a1fbf1ef40c81ec84fb0f7a0812de94c14f809c55c1cbb94bb8d8067792b1e6c9a627d01498e99c447f6" \
    "726f882472f1ea96b6153182df45c8302dc80bea10556d5de479aa81bb5d129f3961316ca35fd7d752d79bac47ec" \
    "886a8ccb677ed988d7189360cad2adc27fb71ae0a5f0c02c6379"
/* PSS with SHA-256 over "sample", salt of 32 octets. */
#define RSA_SAMPLE_SIGNATURE                                                                       \
    "2d7cb744998f95296eb6c418300868fd5ea648beff62eefe257788b5252db60f92392203cab2675819bd408c243a" \
    "53bc1110fd71640360ef9ffcf6c5dd99bd9d32fc9c965f37434fd42d5497804352c40c60e9de43a54debb7a64030" \
    "50a465099922f43b2b8985b2105a8324a0789aa3bdd184cadb3d7aa30bcf933d8e3aacc157fd2e0a3be9873cbeed" \
    "0ffb2a5f154b3bb20c5c588819303104c832e78301663f16d8757569143c8afadd667582dcbdd1c996af6673bd37" \
    "01dde2d63aeb273db862c29583c2fc84560f419f87f56cb8f5ede26e1b0a21b9ae0f071eaad340a38daf3b9c15a9" \
    "6ef125fe462af107b39e5a4a9517923f69dce088f6fbb8e837ff"
/* The same with a salt of 20 octets. */
#define RSA_SAMPLE_SHORT_SALT                                                                      \
    "68c1493fd247e7c0e751b955635a14df8d85a2e7f4bb70fd55ac3f08a444ac8f542bb393d98f8e4172670c580cc3" \
    "fa8fe16cf91c66d2e5aff173f6ead5aeb1f959ea4ba3bc4af82882c9bcbb8000b81c65ce00995547e5e8b9bf8eb9" \
    "c50fd74c2bb172ab8549dd601be41b2681762e9dc34e1da72cdd03a953fc743ef7d4ab884fa22bc1d6a502e8a7a7" \
    "0425f3a6b0c4b23a0db2c1586f6620cc85ccda49db0b3a38b84baebed30e1a635fec3c2eb85bced3e1c22f868a9a" \
    "e69d167c56252a5b6aeafa5eb0a8fd84278b6c9f3c438a82bf824a2e142537abe2807fbc47581caf5e4b9d21cf0b" \
    "9a970d1a75a68f2c019b564cabc4ea4ef47ddb0f5e6e59eaaf12"

/* sample_public and sample_private make the key of a sample; freed by atls_key_free. */
static inline struct atls_key *sample_public(const struct key_sample *sample)
{
    struct atls_key *key = NULL;
    assert_err(atls_key_from_ec_point(&key, sample->crv, test_hex(sample->point), NULL), OK);
    return key;
}

static inline struct atls_key *sample_private(const struct key_sample *sample)
{
    struct atls_key *key = NULL;
    assert_err(atls_key_from_private(&key, sample->crv, test_hex(sample->private_key),
                                     test_hex(sample->point), NULL),
               OK);
    return key;
}

static inline struct atls_key *sample_rsa(void)
{
    struct atls_key *key = NULL;
    assert_err(atls_key_from_rsa(&key, test_hex(RSA_SAMPLE_N), test_hex("010001"), NULL), OK);
    return key;
}

#endif
