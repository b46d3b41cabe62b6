/* SPDX-License-Identifier: Apache-2.0 */
/* Registries: CBOR tags, COSE, CoAP content formats, hash names (IANA, as of 2026). */
#include "inspect/names.h"

static const struct inspect_name_of tags[] = {
    {1, "epoch time"},
    {17, "COSE_Mac0"},
    {18, "COSE_Sign1"},
    {32, "URI"},
    {37, "UUID"},
    {61, "CWT"},
    {98, "COSE_Sign"},
    {111, "OID"},
    {399, "CCA token (until RMM 1.0)"},
    {500, "CoRIM (before 2025)"},
    {501, "unsigned CoRIM"},
    {502, "signed CoRIM (before 2025)"},
    {505, "CoSWID"},
    {506, "CoMID"},
    {507, "CoTS"},
    {508, "CoTL"},
    {550, "UEID"},
    {552, "svn"},
    {553, "min-svn"},
    {554, "pkix-base64-key"},
    {555, "pkix-base64-cert"},
    {556, "pkix-base64-cert-path"},
    {557, "key-thumbprint"},
    {558, "cose-key"},
    {559, "cert-thumbprint"},
    {560, "bytes"},
    {561, "cert-path-thumbprint"},
    {562, "pkix-asn1der-cert"},
    {563, "masked-raw-value"},
    {564, "int-range"},
    {571, "concise evidence"},
    {601, "UCCS"},
    {602, "detached EAT bundle"},
    {907, "CCA token"},
    {60000, "Intel TEE quote"},
    {60001, "Intel TEE report"},
    {60002, "legacy SGX report"},
    {60010, "Intel numeric expression"},
    {60020, "Intel set of digests"},
    {60021, "Intel set of texts"},
    {1398229316, "CoSWID"},
};
const struct inspect_names inspect_cbor_tags = INSPECT_NAMES("a tag", tags, false);

static const struct inspect_name_of algs[] = {
    {-7, "ES256"},       {-8, "EdDSA"},       {-9, "ESP256"},     {-16, "SHA-256"},
    {-19, "Ed25519"},    {-35, "ES384"},      {-36, "ES512"},     {-37, "PS256"},
    {-38, "PS384"},      {-39, "PS512"},      {-43, "SHA-384"},   {-44, "SHA-512"},
    {-47, "ES256K"},     {-51, "ESP384"},     {-52, "ESP512"},    {-53, "Ed448"},
    {-257, "RS256"},     {-258, "RS384"},     {-259, "RS512"},    {1, "A128GCM"},
    {2, "A192GCM"},      {3, "A256GCM"},      {4, "HMAC 256/64"}, {5, "HMAC 256/256"},
    {6, "HMAC 384/384"}, {7, "HMAC 512/512"},
};
const struct inspect_names inspect_cose_algs = INSPECT_NAMES("a COSE algorithm", algs, false);

static const struct inspect_name_of key_types[] = {
    {1, "OKP"}, {2, "EC2"}, {3, "RSA"}, {4, "Symmetric"}, {5, "HSS-LMS"}, {7, "AKP"},
};
const struct inspect_names inspect_cose_kty = INSPECT_NAMES("a COSE key type", key_types, false);

static const struct inspect_name_of curves[] = {
    {1, "P-256"}, {2, "P-384"},   {3, "P-521"}, {4, "X25519"},
    {5, "X448"},  {6, "Ed25519"}, {7, "Ed448"}, {8, "secp256k1"},
};
const struct inspect_names inspect_cose_crv = INSPECT_NAMES("a COSE curve", curves, false);

static const struct inspect_name_of content_formats[] = {
    {16, "application/cose; cose-type=\"cose-encrypt0\""},
    {17, "application/cose; cose-type=\"cose-mac0\""},
    {18, "application/cose; cose-type=\"cose-sign1\""},
    {50, "application/json"},
    {60, "application/cbor"},
    {61, "application/cwt"},
    {98, "application/cose; cose-type=\"cose-sign\""},
    {101, "application/cose-key"},
    {102, "application/cose-key-set"},
    {258, "application/swid+cbor"},
    {263, "application/eat+cwt"},
    {264, "application/eat+jwt"},
    {265, "application/eat-bun+cbor"},
    {266, "application/eat-bun+json"},
    {267, "application/eat-ucs+cbor"},
    {268, "application/eat-ucs+json"},
    {273, "application/cmw+cbor"},
    {274, "application/cmw+json"},
    {275, "application/cmw+cose"},
    {276, "application/cmw+jws"},
    {277, "application/scitt-statement+cose"},
    {278, "application/scitt-receipt+cose"},
    {286, "application/pkcs10"},
    {287, "application/pkix-cert"},
    {293, "application/sd-cwt"},
    {294, "application/kb+cwt"},
    {295, "application/measured-component+cbor"},
    {296, "application/measured-component+json"},
    {601, "application/uccs+cbor"},
    {10003, "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\""},
    {10004, "application/eat+cwt; eat_profile=\"tag:psacertified.org,2019:psa#legacy\""},
    {10005, "application/eat+cwt; eat_profile=2.16.840.1.113741.1.16.1"},
    {10570, "application/toc+cbor"},
    {10571, "application/ce+cbor"},
    {10572, "application/toc+cbor; profile=2.16.840.1.113741.1.16.1"},
    {10573, "application/ce+cbor; profile=2.16.840.1.113741.1.16.1"},
    {64998, "for documentation"},
    {64999, "for documentation"},
};
const struct inspect_names inspect_content_formats =
    INSPECT_NAMES("a content format", content_formats, false);

static const struct inspect_name_of hashes[] = {
    {1, "sha-256"},    {2, "sha-256-128"}, {3, "sha-256-120"}, {4, "sha-256-96"},
    {5, "sha-256-64"}, {6, "sha-256-32"},  {7, "sha-384"},     {8, "sha-512"},
    {9, "sha3-224"},   {10, "sha3-256"},   {11, "sha3-384"},   {12, "sha3-512"},
};
const struct inspect_names inspect_hash_names = INSPECT_NAMES("a named hash", hashes, false);

static const struct inspect_name_of tiers[] = {
    {0, "none"},
    {2, "affirming"},
    {32, "warning"},
    {96, "contraindicated"},
};
const struct inspect_names inspect_tiers = INSPECT_NAMES("a trustworthiness tier", tiers, true);
