/* SPDX-License-Identifier: Apache-2.0 */
/* TPM 2.0 Library, part 2: TPMT_PUBLIC (12.2.4) and TPM2B_PUBLIC. */
#include "inspect/tpm.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "inspect/formats.h"
#include "json/base64.h"

enum { RSA = 0x0001, KEYEDHASH = 0x0008, NONE = 0x0010, RSAES = 0x0015, ECC = 0x0023 };

static const struct inspect_name_of attribute_rows[] = {
    {1, "fixedTPM"},     {2, "stClear"},         {4, "fixedParent"}, {5, "sensitiveDataOrigin"},
    {6, "userWithAuth"}, {7, "adminWithPolicy"}, {10, "noDA"},       {11, "encryptedDuplication"},
    {16, "restricted"},  {17, "decrypt"},        {18, "sign"},       {19, "x509sign"},
};
static const struct inspect_names attributes = INSPECT_NAMES("an attribute", attribute_rows, false);

static const struct inspect_name_of curve_rows[] = {
    {0x0001, "TPM_ECC_NIST_P192"}, {0x0002, "TPM_ECC_NIST_P224"}, {0x0003, "TPM_ECC_NIST_P256"},
    {0x0004, "TPM_ECC_NIST_P384"}, {0x0005, "TPM_ECC_NIST_P521"}, {0x0010, "TPM_ECC_BN_P256"},
    {0x0011, "TPM_ECC_BN_P638"},   {0x0020, "TPM_ECC_SM2_P256"},
};
static const struct inspect_names curves = INSPECT_NAMES("a TPM_ECC_CURVE", curve_rows, false);

/* objectAttributes, its bits by name. */
static void explain_attributes(struct inspect *in, struct inspect_node *node,
                               const struct inspect_value *v, const void *arg)
{
    uint64_t bits = 0;
    (void)arg;
    for (size_t i = 0; i < v->content.len; i++) {
        bits = bits << 8 | v->content.data[i];
    }
    const struct inspect_value number = {
        .form = INSPECT_OCTETS, .type = INSPECT_UINT, .argument = bits, .encoded = v->encoded};
    inspect_note(in, node, "0x%08llx", (unsigned long long)bits);
    inspect_bits(in, node, &number, &attributes);
}

/* A symmetric algorithm: nothing more when it is TPM_ALG_NULL. */
static void read_symmetric(struct inspect_run *run)
{
    uint64_t alg = 0;
    if (inspect_run_uint(run, "symmetric.algorithm", 2, &inspect_tpm_algs, &alg) && alg != NONE) {
        (void)inspect_run_uint(run, "symmetric.keyBits", 2, NULL, NULL);
        (void)inspect_run_uint(run, "symmetric.mode", 2, &inspect_tpm_algs, NULL);
    }
}

static void read_scheme(struct inspect_run *run)
{
    uint64_t scheme = 0;
    if (inspect_run_uint(run, "scheme.scheme", 2, &inspect_tpm_algs, &scheme) && scheme != NONE &&
        scheme != RSAES) {
        (void)inspect_run_uint(run, "scheme.hashAlg", 2, &inspect_tpm_algs, NULL);
        if (scheme == 0x001a) { /* ECDAA */
            (void)inspect_run_uint(run, "scheme.count", 2, NULL, NULL);
        }
    }
}

static void read_ecc(struct inspect_run *run)
{
    uint64_t kdf = 0;
    struct inspect_run parameters = inspect_run_enter(run, "parameters.eccDetail");
    read_symmetric(&parameters);
    read_scheme(&parameters);
    (void)inspect_run_uint(&parameters, "curveID", 2, &curves, NULL);
    if (inspect_run_uint(&parameters, "kdf.scheme", 2, &inspect_tpm_algs, &kdf) && kdf != NONE) {
        (void)inspect_run_uint(&parameters, "kdf.hashAlg", 2, &inspect_tpm_algs, NULL);
    }
    inspect_run_leave(run, &parameters);
    struct inspect_run unique = inspect_run_enter(run, "unique.ecc");
    (void)inspect_run_sized(&unique, "x", NULL, NULL);
    (void)inspect_run_sized(&unique, "y", NULL, NULL);
    inspect_run_leave(run, &unique);
}

static void read_rsa(struct inspect_run *run)
{
    static const struct inspect_name_of rows[] = {{0, "65537"}};
    static const struct inspect_names exponents = INSPECT_NAMES("the default", rows, false);
    struct inspect_run parameters = inspect_run_enter(run, "parameters.rsaDetail");
    read_symmetric(&parameters);
    read_scheme(&parameters);
    (void)inspect_run_uint(&parameters, "keyBits", 2, NULL, NULL);
    (void)inspect_run_uint(&parameters, "exponent", 4, &exponents, NULL);
    inspect_run_leave(run, &parameters);
    (void)inspect_run_sized(run, "unique.rsa", NULL, NULL);
}

/* note_name adds the Name: nameAlg and the hash of the whole (part 1, 16). */
static void note_name(struct inspect *in, struct inspect_node *node, uint64_t name_alg,
                      struct atls_bytes octets)
{
    const int32_t alg = name_alg == 0x000b   ? ATLS_ALG_SHA256
                        : name_alg == 0x000c ? ATLS_ALG_SHA384
                        : name_alg == 0x000d ? ATLS_ALG_SHA512
                                             : ATLS_ALG_NONE;
    struct atls_digest digest;
    char hex[ATLS_HEX_SIZE(ATLS_MAX_HASH_LEN)];
    if (alg != ATLS_ALG_NONE && atls_crypto_openssl()->hash(alg, octets, &digest) == ATLS_OK &&
        atls_hex_encode(atls_digest_bytes(&digest), hex, sizeof hex)) {
        inspect_note(in, node, "its name is %04llx%s", (unsigned long long)name_alg, hex);
    }
}

static void read_public(struct inspect_run *run, struct atls_bytes whole)
{
    uint64_t type = 0;
    uint64_t name_alg = 0;
    if (!inspect_run_uint(run, "type", 2, &inspect_tpm_algs, &type) ||
        !inspect_run_uint(run, "nameAlg", 2, &inspect_tpm_algs, &name_alg) ||
        !inspect_run_octets(run, "objectAttributes", 4, explain_attributes, NULL)) {
        return;
    }
    (void)inspect_run_sized(run, "authPolicy", NULL, NULL);
    if (type == ECC) {
        read_ecc(run);
    } else if (type == RSA) {
        read_rsa(run);
    } else {
        (void)inspect_run_octets(run, "parameters and unique", run->rest.len, NULL, NULL);
    }
    if (!run->ended && run->rest.len == 0) {
        note_name(run->in, run->node, name_alg, whole);
    }
}

void inspect_tpmt_public(struct inspect *in, struct inspect_node *node,
                         const struct inspect_value *v, const void *arg)
{
    struct inspect_run run = inspect_run_of(in, node, v->content);
    (void)arg;
    inspect_is(in, node, "TPMT_PUBLIC");
    read_public(&run, v->content);
    inspect_run_end(&run);
}

void inspect_tpm2b_public(struct inspect *in, struct inspect_node *node,
                          const struct inspect_value *v, const void *arg)
{
    struct inspect_run run = inspect_run_of(in, node, v->content);
    uint64_t size = 0;
    (void)arg;
    inspect_is(in, node, "TPM2B_PUBLIC");
    if (inspect_run_uint(&run, "size", 2, NULL, &size)) {
        (void)inspect_run_octets(&run, "publicArea", (size_t)size, inspect_tpmt_public, NULL);
    }
    inspect_run_end(&run);
}
