/* SPDX-License-Identifier: Apache-2.0 */
#include "key_samples.h"

#include "base/writer.h"
#include "json/base64.h"
#include "support/mutate.h"

#include <stdio.h>
#include <stdlib.h>

static char *write_key(const struct atls_tpm_key_file *file)
{
    char *pem = NULL;
    assert_int_equal(atls_tpm_key_file_write(&pem, file, NULL), ATLS_OK);
    return pem;
}

static enum atls_err parse(struct atls_tpm_key_file *out, struct atls_bytes pem,
                           struct atls_diag *diag)
{
    memset(out, 0xa5, sizeof *out);
    struct atls_tpm_key_file before;
    memcpy(&before, out, sizeof before);
    const enum atls_err err = atls_tpm_key_file_parse(out, pem, diag);
    if (err != ATLS_OK) {
        assert_memory_equal(out, &before, sizeof before);
    }
    return err;
}

static void assert_same(const struct atls_tpm_key_file *a, const struct atls_tpm_key_file *b)
{
    char *first = write_key(a), *second = write_key(b);
    assert_string_equal(first, second);
    free(first);
    free(second);
}

/* ---- what is taken ---- */

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct atls_tpm_key_file files[4] = {sample_key(), sample_key(), sample_key(),
                                         sample_key_p384()};
    files[1].parent = TPM2_RH_ENDORSEMENT;
    files[2].parent = 0x81000001;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(files); i++) {
        char *pem = write_key(&files[i]);
        struct atls_tpm_key_file read;
        assert_err(parse(&read, atls_bytes_text(pem), NULL), OK);
        assert_int_equal(read.parent, files[i].parent);
        assert_same(&read, &files[i]);
        free(pem);
    }
}

static void the_file_is_as_the_draft_has_it(void **state)
{
    (void)state;
    const struct atls_tpm_key_file file = sample_key();
    char *pem = write_key(&file);
    const char *begin = "-----BEGIN TSS2 PRIVATE KEY-----\n";
    const char *end = "-----END TSS2 PRIVATE KEY-----\n";
    assert_memory_equal(pem, begin, strlen(begin));
    assert_string_equal(&pem[strlen(pem) - strlen(end)], end);
    char text[1024];
    size_t len = 0;
    for (const char *at = &pem[strlen(begin)]; *at != '-'; at++) {
        if (*at != '\n') {
            text[len++] = *at;
        }
    }
    uint8_t der[512];
    const struct atls_buf room = {der, sizeof der};
    size_t der_len = 0;
    assert_true(atls_base64_decode(atls_bytes_of(text, len), room, &der_len));
    /* SEQUENCE { OID 2.23.133.10.1.3, [0] TRUE, INTEGER 40000001, OCTET STRING TPM2B_PUBLIC ... */
    const struct atls_bytes head = test_hex("3081f2 0606 6781050a0103 a003 0101ff 0204 40000001"
                                            "045a 0058 0023 000b 00040472 0000 0010 0018 000b 0003"
                                            "0010 0020" P256_X "0020" P256_Y "048180 007e a0a3");
    assert_true(der_len > head.len);
    assert_bytes(atls_bytes_of(der, head.len), head);
    assert_int_equal(der_len, 3 + 0xf2);
    free(pem);
}

static void lines_may_end_like_on_windows(void **state)
{
    (void)state;
    const struct atls_tpm_key_file file = sample_key();
    char *pem = write_key(&file);
    char *other = calloc(2, strlen(pem));
    size_t len = 0;
    for (const char *at = pem; *at != '\0'; at++) {
        if (*at == '\n') {
            other[len++] = '\r';
        }
        other[len++] = *at;
    }
    struct atls_tpm_key_file read;
    assert_err(parse(&read, atls_bytes_of(other, len), NULL), OK);
    assert_same(&read, &file);
    /* and without the last line end */
    assert_err(parse(&read, atls_bytes_of(pem, strlen(pem) - 1), NULL), OK);
    free(other);
    free(pem);
}

/* ---- PEM ---- */

static void refuse_mutant(struct atls_bytes mutant, size_t at, void *context)
{
    const struct atls_tpm_key_file *file = context;
    struct atls_tpm_key_file read;
    const enum atls_err err = parse(&read, mutant, NULL);
    (void)at;
    if (err != ATLS_OK) {
        assert_err(err, KEY);
        return;
    }
    /* What remains well-formed is another key, which no TPM takes (tried in test_hostile.c), or
     * the same one without its last line end. */
    char *original = write_key(file), *found = write_key(&read);
    const bool same = strcmp(original, found) == 0;
    assert_true(!same || mutant.len + 1 == strlen(original));
    free(original);
    free(found);
}

static void no_mutant_is_taken_for_the_key(void **state)
{
    (void)state;
    struct atls_tpm_key_file file = sample_key();
    char *pem = write_key(&file);
    test_each_mutant(atls_bytes_text(pem), refuse_mutant, &file);
    free(pem);
}

static void only_the_last_truncation_is_taken(void **state)
{
    (void)state;
    struct atls_tpm_key_file file = sample_key(), read;
    char *pem = write_key(&file);
    const size_t len = strlen(pem);
    for (size_t i = 0; i + 1 < len; i++) {
        assert_err(parse(&read, test_copy(atls_bytes_of(pem, i)), NULL), KEY);
    }
    free(pem);
}

static void surroundings_are_refused(void **state)
{
    (void)state;
    const struct atls_tpm_key_file file = sample_key();
    char *pem = write_key(&file);
    char text[2048];
    static const struct {
        const char *before, *after;
    } cases[] = {{" ", ""}, {"\n", ""}, {"Comment\n", ""},   {"", "\n"},
                 {"", "x"}, {"", " "},  {"\xef\xbb\xbf", ""}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        snprintf(text, sizeof text, "%s%s%s", cases[i].before, pem, cases[i].after);
        struct atls_tpm_key_file read;
        struct atls_diag diag;
        assert_err(parse(&read, atls_bytes_text(text), &diag), KEY);
        assert_string_equal(diag.claim, "PEM");
    }
    snprintf(text, sizeof text, "%s%s", pem, pem);
    struct atls_tpm_key_file read;
    assert_err(parse(&read, atls_bytes_text(text), NULL), KEY);
    free(pem);
}

static const char encrypted[] = "-----BEGIN TSS2 PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n"
                                "-----END TSS2 PRIVATE KEY-----\n";

static void other_pem_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "-----BEGIN TSS2 PRIVATE KEY-----\n-----END TSS2 PRIVATE KEY-----\n",
        "-----BEGIN TSS2 PRIVATE KEY-----\n\n-----END TSS2 PRIVATE KEY-----\n",
        "-----BEGIN TSS2 PRIVATE KEY-----\nAAAA\nAAAA\n-----END TSS2 PRIVATE KEY-----\n",
        "-----BEGIN TSS2 PRIVATE KEY-----\nAA=A\n-----END TSS2 PRIVATE KEY-----\n",
        "-----BEGIN TSS2 PRIVATE KEY-----\nAAA\n-----END TSS2 PRIVATE KEY-----\n",
        "-----BEGIN TSS2 PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN TSS2 PRIVATE KEY-----\nAAAA\n-----END TSS2 PRIVATE KEY----\n",
        encrypted,
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        struct atls_tpm_key_file read;
        assert_err(parse(&read, test_copy(atls_bytes_text(cases[i])), NULL), KEY);
    }
}

static void files_of_any_length_are_refused_in_good_time(void **state)
{
    (void)state;
    static const size_t lens[] = {ATLS_TPM_MAX_KEY_PEM - 1, ATLS_TPM_MAX_KEY_PEM,
                                  ATLS_TPM_MAX_KEY_PEM + 1, 1000000};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(lens); i++) {
        char *text = malloc(lens[i]);
        assert_non_null(text);
        memset(text, 'A', lens[i]);
        memcpy(text, "-----BEGIN TSS2 PRIVATE KEY-----\n", 33);
        for (size_t at = 33 + 64; at < lens[i]; at += 65) {
            text[at] = '\n';
        }
        memcpy(&text[lens[i] - 31], "\n-----END TSS2 PRIVATE KEY-----", 31);
        struct atls_tpm_key_file read;
        assert_err(parse(&read, atls_bytes_of(text, lens[i]), NULL), KEY);
        free(text);
    }
}

/* ---- DER ---- */

#define OID      "0606 6781050a0103"
#define AUTH     "a003 0101ff"
#define OWN      "0204 40000001"
#define PUB_AREA "0058 0023 000b 00040472 0000 0010 0018 000b 0003 0010 0020" P256_X "0020" P256_Y
#define PUB      "045a" PUB_AREA
#define PRIV     "0406 0004 deadbeef"

/* pem_of wraps a SEQUENCE of what `hex` writes. */
static struct atls_bytes pem_of(const char *hex)
{
    const struct atls_bytes body = test_hex(hex);
    uint8_t der[2048];
    const struct atls_buf room = {der, sizeof der};
    struct atls_writer w = atls_writer_of(room);
    atls_write_u8(&w, 0x30);
    if (body.len >= 0x100) {
        atls_write_u8(&w, 0x82);
        atls_write_u16(&w, (uint16_t)body.len);
    } else {
        if (body.len >= 0x80) {
            atls_write_u8(&w, 0x81);
        }
        atls_write_u8(&w, (uint8_t)body.len);
    }
    atls_write_bytes(&w, body);
    size_t len = 0;
    assert_true(atls_writer_finish(&w, &len));
    char *base64 = atls_base64_new(atls_bytes_of(der, len));
    char pem[4096];
    int at = snprintf(pem, sizeof pem, "-----BEGIN TSS2 PRIVATE KEY-----\n");
    for (size_t done = 0; done < strlen(base64); done += 64) {
        at += snprintf(&pem[at], sizeof pem - (size_t)at, "%.64s\n", &base64[done]);
    }
    snprintf(&pem[at], sizeof pem - (size_t)at, "-----END TSS2 PRIVATE KEY-----\n");
    free(base64);
    return test_copy(atls_bytes_text(pem));
}

static void der_that_is_taken(void **state)
{
    (void)state;
    static const char *const cases[] = {
        OID AUTH OWN PUB PRIV,
        OID AUTH "a406 0c04 74657374" OWN PUB PRIV,             /* description */
        OID AUTH "a503 010100" OWN PUB PRIV,                    /* rsaParent FALSE */
        OID AUTH "a406 0c04 74657374 a503 010100" OWN PUB PRIV, /* both */
        OID AUTH "0205 0081000001" PUB PRIV,
        OID "a003 010101" OWN PUB PRIV, /* as tpm2-openssl writes TRUE */
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        struct atls_tpm_key_file read;
        assert_err(parse(&read, pem_of(cases[i]), NULL), OK);
        assert_int_equal(read.private_area.size, 4);
    }
}

static void der_that_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *hex, *claim;
    } cases[] = {
        {"", "TPMKey"},
        {OID, "TPMKey"},
        {OID AUTH OWN PUB, "TPMKey"},
        {OID AUTH OWN PUB PRIV "0500", "TPMKey"},
        {OID AUTH OWN PUB PRIV "00", "TPMKey"},
        {"0606 6781050a0104" AUTH OWN PUB PRIV, "TPMKey"}, /* importable */
        {"0606 6781050a0105" AUTH OWN PUB PRIV, "TPMKey"}, /* sealed data */
        {"0605 6781050a01" AUTH OWN PUB PRIV, "TPMKey"},
        {"0607 6781050a010300" AUTH OWN PUB PRIV, "TPMKey"},
        {AUTH OID OWN PUB PRIV, "TPMKey"},
        {OID OWN AUTH PUB PRIV, "TPMKey"},
        {OID AUTH AUTH OWN PUB PRIV, "TPMKey"},
        {OID "a003 010102" OWN PUB PRIV, "TPMKey"},
        {OID "a004 01020000" OWN PUB PRIV, "TPMKey"},
        {OID "a002 0100" OWN PUB PRIV, "TPMKey"},
        {OID "a006 0101ff0101ff" OWN PUB PRIV, "TPMKey"},
        {OID "8001ff" OWN PUB PRIV, "TPMKey"},
        {OID AUTH "a406 0404 74657374" OWN PUB PRIV, "TPMKey"}, /* not UTF8String */
        {OID AUTH "a503 010100 a406 0c04 74657374" OWN PUB PRIV, "TPMKey"},
        {OID AUTH "a603 010100" OWN PUB PRIV, "TPMKey"},
        {OID AUTH "0200" PUB PRIV, "TPMKey"},
        {OID AUTH "0204 81000001" PUB PRIV, "TPMKey"},   /* negative */
        {OID AUTH "0205 0040000001" PUB PRIV, "TPMKey"}, /* not the shortest */
        {OID AUTH "0205 0140000001" PUB PRIV, "TPMKey"}, /* 33 bits */
        {OID AUTH "0206 000040000001" PUB PRIV, "TPMKey"},
        {OID AUTH "028104 40000001" PUB PRIV, "TPMKey"}, /* long form of a short length */
        {OID AUTH "02820004 40000001" PUB PRIV, "TPMKey"},
        {OID AUTH OWN "04815a" PUB_AREA PRIV, "TPMKey"},
        {OID AUTH OWN "0482005a" PUB_AREA PRIV, "TPMKey"},
        {OID AUTH "0280 40000001 0000" PUB PRIV, "TPMKey"}, /* indefinite */
        {OID AUTH "0285 0000000004 40000001" PUB PRIV, "TPMKey"},
        {OID OWN PUB PRIV, "emptyAuth"},
        {OID "a003 010100" OWN PUB PRIV, "emptyAuth"},
        {OID AUTH "a102 3000" OWN PUB PRIV, "emptyAuth"},
        {OID AUTH "a202 0400" OWN PUB PRIV, "emptyAuth"},
        {OID AUTH "a302 3000" OWN PUB PRIV, "emptyAuth"},
        {OID AUTH "a503 0101ff" OWN PUB PRIV, "rsaParent"},
        {OID AUTH "0204 40000007" PUB PRIV, "parent"},   /* NULL hierarchy */
        {OID AUTH "0204 4000000c" PUB PRIV, "parent"},   /* platform */
        {OID AUTH "0205 0080000000" PUB PRIV, "parent"}, /* transient */
        {OID AUTH "0205 0082000000" PUB PRIV, "parent"},
        {OID AUTH "0201 00" PUB PRIV, "parent"},
        {OID AUTH OWN "0400" PRIV, "pubkey"},
        {OID AUTH OWN "0402 0000" PRIV, "pubkey"},
        {OID AUTH OWN "0403 000100" PRIV, "pubkey"},
        {OID AUTH OWN PUB "0400", "privkey"},
        {OID AUTH OWN PUB "0402 0000", "privkey"},
        {OID AUTH OWN PUB "0405 0004 deadbe", "privkey"},
        {OID AUTH OWN PUB "0407 0004 deadbeef 00", "privkey"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        struct atls_tpm_key_file read;
        struct atls_diag diag;
        assert_err(parse(&read, pem_of(cases[i].hex), &diag), KEY);
        assert_string_equal(diag.claim, cases[i].claim);
    }
}

/* ---- the public area ---- */

static void spoil_and_refuse(void (*spoil)(TPMT_PUBLIC *area), const char *claim)
{
    struct atls_tpm_key_file file = sample_key(), read;
    spoil(&file.public_area.publicArea);
    char *pem = write_key(&file);
    struct atls_diag diag;
    assert_err(parse(&read, atls_bytes_text(pem), &diag), KEY);
    assert_string_equal(diag.claim, claim);
    free(pem);
}

static void not_fixed_tpm(TPMT_PUBLIC *area)
{
    area->objectAttributes &= ~TPMA_OBJECT_FIXEDTPM;
}

static void not_fixed_parent(TPMT_PUBLIC *area)
{
    area->objectAttributes &= ~TPMA_OBJECT_FIXEDPARENT;
}

static void imported(TPMT_PUBLIC *area)
{
    area->objectAttributes &= ~TPMA_OBJECT_SENSITIVEDATAORIGIN;
}

static void not_signing(TPMT_PUBLIC *area)
{
    area->objectAttributes &= ~TPMA_OBJECT_SIGN_ENCRYPT;
}

static void restricted(TPMT_PUBLIC *area)
{
    area->objectAttributes |= TPMA_OBJECT_RESTRICTED;
}

static void by_policy_only(TPMT_PUBLIC *area)
{
    area->objectAttributes &= ~TPMA_OBJECT_USERWITHAUTH;
}

static void other_curve(TPMT_PUBLIC *area)
{
    area->parameters.eccDetail.curveID = TPM2_ECC_BN_P256;
}

static void other_scheme(TPMT_PUBLIC *area)
{
    area->parameters.eccDetail.scheme.scheme = TPM2_ALG_ECSCHNORR;
}

static void sha1_scheme(TPMT_PUBLIC *area)
{
    area->parameters.eccDetail.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA1;
}

static void sha1_name(TPMT_PUBLIC *area)
{
    area->nameAlg = TPM2_ALG_SHA1;
}

static void wide_point(TPMT_PUBLIC *area)
{
    area->unique.ecc.x.size = 33;
}

static void rsa(TPMT_PUBLIC *area)
{
    memset(&area->parameters, 0, sizeof area->parameters);
    memset(&area->unique, 0, sizeof area->unique);
    area->type = TPM2_ALG_RSA;
    area->parameters.rsaDetail.symmetric.algorithm = TPM2_ALG_NULL;
    area->parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
    area->parameters.rsaDetail.keyBits = 2048;
    area->unique.rsa.size = 256;
}

static void keys_that_may_be_elsewhere_are_refused(void **state)
{
    (void)state;
    spoil_and_refuse(not_fixed_tpm, "objectAttributes");
    spoil_and_refuse(not_fixed_parent, "objectAttributes");
    spoil_and_refuse(imported, "objectAttributes");
}

static void keys_that_cannot_sign_are_refused(void **state)
{
    (void)state;
    spoil_and_refuse(not_signing, "objectAttributes");
    spoil_and_refuse(restricted, "objectAttributes");
    spoil_and_refuse(by_policy_only, "objectAttributes");
    spoil_and_refuse(other_curve, "type and curve");
    spoil_and_refuse(sha1_name, "type and curve");
    spoil_and_refuse(wide_point, "type and curve");
    spoil_and_refuse(rsa, "type and curve");
    spoil_and_refuse(other_scheme, "scheme");
    spoil_and_refuse(sha1_scheme, "scheme");
}

static void a_key_without_scheme_is_taken(void **state)
{
    (void)state;
    struct atls_tpm_key_file file = sample_key(), read;
    file.public_area.publicArea.parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
    char *pem = write_key(&file);
    assert_err(parse(&read, atls_bytes_text(pem), NULL), OK);
    free(pem);
}

int main(void)
{
    setenv("TSS2_LOG", "all+none", 0); /* tpm2-tss reports what it refuses, bit by bit */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(the_file_is_as_the_draft_has_it),
        cmocka_unit_test(lines_may_end_like_on_windows),
        cmocka_unit_test(no_mutant_is_taken_for_the_key),
        cmocka_unit_test(only_the_last_truncation_is_taken),
        cmocka_unit_test(surroundings_are_refused),
        cmocka_unit_test(other_pem_is_refused),
        cmocka_unit_test(files_of_any_length_are_refused_in_good_time),
        cmocka_unit_test(der_that_is_taken),
        cmocka_unit_test(der_that_is_refused),
        cmocka_unit_test(keys_that_may_be_elsewhere_are_refused),
        cmocka_unit_test(keys_that_cannot_sign_are_refused),
        cmocka_unit_test(a_key_without_scheme_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
