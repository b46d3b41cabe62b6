/* SPDX-License-Identifier: Apache-2.0 */
#include "appraiser/tpm2/wire.h"

#include "appraiser/input.h"
#include "base/reader.h"
#include "base/span.h"

/* TPM_GENERATED_VALUE (part 2, 6.2) */
#define MAGIC 0xff544347u

/* TPM2B_NAME: a hash identifier and a digest. TPM2B_DATA: the size of a TPMT_HA. */
#define MAX_NAME_LEN   (2 + ATLS_MAX_HASH_LEN)
#define MAX_DATA_LEN   (2 + ATLS_MAX_HASH_LEN)
#define MAX_COORD_LEN  66
#define MAX_RSA_LEN    512
#define MAX_POLICY_LEN ATLS_MAX_HASH_LEN

static const struct {
    uint16_t alg;
    int32_t cose;
    const char *name;
} hashes[] = {
    {ATLS_TPM_SHA1, ATLS_ALG_NONE, "sha1"}, /* never accepted, known by name */
    {ATLS_TPM_SHA256, ATLS_ALG_SHA256, "sha256"},
    {ATLS_TPM_SHA384, ATLS_ALG_SHA384, "sha384"},
    {ATLS_TPM_SHA512, ATLS_ALG_SHA512, "sha512"},
};

int32_t atls_tpm_hash(uint16_t alg)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(hashes); i++) {
        if (hashes[i].alg == alg) {
            return hashes[i].cose;
        }
    }
    return ATLS_ALG_NONE;
}

const char *atls_tpm_hash_name(uint16_t alg)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(hashes); i++) {
        if (hashes[i].alg == alg) {
            return hashes[i].name;
        }
    }
    return "another hash";
}

static enum atls_err malformed(const struct atls_reader *r, const char *what, const char *expected,
                               struct atls_diag *diag)
{
    return atls_fail_at(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE, what,
                        atls_reader_offset(r), expected);
}

static enum atls_err refuse_alg(const char *what, const char *kind, uint16_t found,
                                const char *expected, struct atls_diag *diag)
{
    atls_fail_texts(diag, ATLS_ERR_ALGORITHM, ATLS_STEP_STRUCTURE, what, kind, expected);
    const uint8_t octets[2] = {(uint8_t)(found >> 8), (uint8_t)found};
    const struct atls_bytes number = {octets, sizeof octets};
    atls_diag_found_bytes(diag, number);
    return ATLS_ERR_ALGORITHM;
}

/* TPMT_SIGNATURE (part 2, 11.3.4) */
enum atls_err atls_tpm_read_signature(struct atls_tpm_signature *out, struct atls_bytes input,
                                      const char *what, struct atls_diag *diag)
{
    struct atls_tpm_signature s;
    memset(&s, 0, sizeof s);
    struct atls_reader r = atls_reader_of(input);
    if (!atls_read_u16(&r, &s.scheme) || !atls_read_u16(&r, &s.hash)) {
        return malformed(&r, what, "TPMT_SIGNATURE", diag);
    }
    if (s.scheme != ATLS_TPM_ECDSA && s.scheme != ATLS_TPM_RSASSA && s.scheme != ATLS_TPM_RSAPSS) {
        return refuse_alg(what, "signature scheme ", s.scheme, "ECDSA, RSASSA or RSAPSS", diag);
    }
    if (atls_tpm_hash(s.hash) == ATLS_ALG_NONE) {
        return refuse_alg(what, "signature hash ", s.hash, "SHA-256, SHA-384 or SHA-512", diag);
    }
    const bool is_ecdsa = s.scheme == ATLS_TPM_ECDSA;
    const bool read = is_ecdsa ? atls_read_vec16(&r, 1, MAX_COORD_LEN, &s.r) &&
                                     atls_read_vec16(&r, 1, MAX_COORD_LEN, &s.s)
                               : atls_read_vec16(&r, 1, MAX_RSA_LEN, &s.rsa);
    if (!read || !atls_read_end(&r)) {
        return malformed(&r, what, "TPMT_SIGNATURE and nothing behind it", diag);
    }
    *out = s;
    return ATLS_OK;
}

/* A key that only signs has no symmetric algorithm, and a signing scheme or none. */
static enum atls_err read_scheme(struct atls_reader *r, struct atls_tpm_public *p, const char *what,
                                 struct atls_diag *diag)
{
    uint16_t symmetric = 0;
    if (!atls_read_u16(r, &symmetric) || !atls_read_u16(r, &p->scheme)) {
        return malformed(r, what, "TPMT_PUBLIC", diag);
    }
    if (symmetric != ATLS_TPM_NULL) {
        return refuse_alg(what, "symmetric algorithm ", symmetric, "none: the key signs", diag);
    }
    if (p->scheme == ATLS_TPM_NULL) {
        return ATLS_OK;
    }
    const bool fits = p->type == ATLS_TPM_ECC
                          ? p->scheme == ATLS_TPM_ECDSA
                          : p->scheme == ATLS_TPM_RSASSA || p->scheme == ATLS_TPM_RSAPSS;
    if (!fits) {
        return refuse_alg(what, "scheme ", p->scheme, "a signing scheme that TLS 1.3 has", diag);
    }
    return atls_read_u16(r, &p->scheme_hash) ? ATLS_OK : malformed(r, what, "TPMT_PUBLIC", diag);
}

static size_t curve_len(uint16_t curve)
{
    switch (curve) {
    case ATLS_TPM_P256:
        return 32;
    case ATLS_TPM_P384:
        return 48;
    case ATLS_TPM_P521:
        return 66;
    default:
        return 0;
    }
}

static enum atls_err read_ecc(struct atls_reader *r, struct atls_tpm_public *p, const char *what,
                              struct atls_diag *diag)
{
    uint16_t kdf = 0;
    if (!atls_read_u16(r, &p->curve) || !atls_read_u16(r, &kdf)) {
        return malformed(r, what, "TPMT_PUBLIC", diag);
    }
    const size_t len = curve_len(p->curve);
    if (len == 0) {
        return refuse_alg(what, "curve ", p->curve, "P-256, P-384 or P-521", diag);
    }
    if (kdf != ATLS_TPM_NULL) {
        return refuse_alg(what, "key derivation ", kdf, "none: the key signs", diag);
    }
    return atls_read_vec16(r, 1, len, &p->x) && atls_read_vec16(r, 1, len, &p->y)
               ? ATLS_OK
               : malformed(r, what, "two coordinates no longer than the curve's", diag);
}

static enum atls_err read_rsa(struct atls_reader *r, struct atls_tpm_public *p, const char *what,
                              struct atls_diag *diag)
{
    if (!atls_read_u16(r, &p->key_bits) || !atls_read_u32(r, &p->exponent) ||
        !atls_read_vec16(r, 1, MAX_RSA_LEN, &p->n)) {
        return malformed(r, what, "TPMT_PUBLIC", diag);
    }
    if (p->key_bits < 2048 || p->key_bits % 8 != 0 || p->n.len != p->key_bits / 8 ||
        (p->n.data[0] & 0x80) == 0) {
        atls_fail_texts(diag, ATLS_ERR_ALGORITHM, ATLS_STEP_STRUCTURE, what, NULL,
                        "RSA of 2048 to 4096 bits, as many as it says");
        atls_diag_found_int(diag, p->key_bits);
        return ATLS_ERR_ALGORITHM;
    }
    p->exponent = p->exponent == 0 ? 65537 : p->exponent; /* part 2, 12.2.3.5 */
    return ATLS_OK;
}

/* TPMT_PUBLIC (part 2, 12.2.4) */
enum atls_err atls_tpm_read_public(struct atls_tpm_public *out, struct atls_bytes input,
                                   const char *what, struct atls_diag *diag)
{
    struct atls_tpm_public p;
    memset(&p, 0, sizeof p);
    p.encoded = input;
    struct atls_reader r = atls_reader_of(input);
    if (!atls_read_u16(&r, &p.type) || !atls_read_u16(&r, &p.name_alg) ||
        !atls_read_u32(&r, &p.attributes) ||
        !atls_read_vec16(&r, 0, MAX_POLICY_LEN, &p.auth_policy)) {
        return malformed(&r, what, "TPMT_PUBLIC", diag);
    }
    if (p.type != ATLS_TPM_ECC && p.type != ATLS_TPM_RSA) {
        return refuse_alg(what, "key type ", p.type, "ECC or RSA", diag);
    }
    if (atls_tpm_hash(p.name_alg) == ATLS_ALG_NONE) {
        return refuse_alg(what, "nameAlg ", p.name_alg, "SHA-256, SHA-384 or SHA-512", diag);
    }
    enum atls_err err = read_scheme(&r, &p, what, diag);
    if (err == ATLS_OK) {
        err = p.type == ATLS_TPM_ECC ? read_ecc(&r, &p, what, diag) : read_rsa(&r, &p, what, diag);
    }
    if (err == ATLS_OK && !atls_read_end(&r)) {
        err = malformed(&r, what, "TPMT_PUBLIC and nothing behind it", diag);
    }
    if (err == ATLS_OK) {
        *out = p;
    }
    return err;
}

static enum atls_err read_head(struct atls_reader *r, struct atls_tpm_attest *a, uint16_t type,
                               const char *what, struct atls_diag *diag)
{
    uint32_t magic = 0;
    if (!atls_read_u32(r, &magic) || !atls_read_u16(r, &a->type)) {
        return malformed(r, what, "TPMS_ATTEST", diag);
    }
    if (magic != MAGIC) {
        return malformed(r, what, "the magic ff544347, which only a TPM puts in front", diag);
    }
    if (a->type != type) {
        const uint8_t octets[2] = {(uint8_t)(a->type >> 8), (uint8_t)a->type};
        const struct atls_bytes number = {octets, sizeof octets};
        malformed(r, what,
                  type == ATLS_TPM_ST_QUOTE ? "8018, what TPM2_Quote makes"
                                            : "8017, what TPM2_Certify makes",
                  diag);
        atls_diag_found_text(diag, "type ");
        atls_diag_found_bytes(diag, number);
        return ATLS_ERR_EVIDENCE_MALFORMED;
    }
    return ATLS_OK;
}

/* TPMI_YES_NO */
static bool read_yes_no(struct atls_reader *r, bool *out)
{
    uint8_t octet = 0;
    struct atls_reader at = *r;
    if (!atls_read_u8(&at, &octet) || octet > 1) {
        return false;
    }
    *r = at;
    *out = octet == 1;
    return true;
}

static bool read_middle(struct atls_reader *r, struct atls_tpm_attest *a)
{
    return atls_read_vec16(r, 0, MAX_NAME_LEN, &a->qualified_signer) &&
           atls_read_vec16(r, 0, MAX_DATA_LEN, &a->extra_data) && atls_read_u64(r, &a->clock) &&
           atls_read_u32(r, &a->reset_count) && atls_read_u32(r, &a->restart_count) &&
           read_yes_no(r, &a->safe) && atls_read_u64(r, &a->firmware_version);
}

/* TPMS_PCR_SELECTION: PCR n is bit n % 8 of octet n / 8. */
static bool read_selection(struct atls_reader *r, struct atls_tpm_selection *out)
{
    struct atls_bytes bitmap;
    if (!atls_read_u16(r, &out->bank) || !atls_read_vec8(r, 0, ATLS_TPM_MAX_SELECT, &bitmap)) {
        return false;
    }
    out->pcrs = 0;
    for (size_t i = 0; i < bitmap.len; i++) {
        out->pcrs |= (uint32_t)bitmap.data[i] << (8 * i);
    }
    return true;
}

static bool read_quote(struct atls_reader *r, struct atls_tpm_attest *a)
{
    uint32_t count = 0;
    if (!atls_read_u32(r, &count) || count > ATLS_TPM_MAX_BANKS) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!read_selection(r, &a->selections[i])) {
            return false;
        }
    }
    a->num_selections = count;
    return atls_read_vec16(r, 0, ATLS_MAX_HASH_LEN, &a->pcr_digest);
}

/* TPMS_ATTEST (part 2, 10.12.12) */
enum atls_err atls_tpm_read_attest(struct atls_tpm_attest *out, struct atls_bytes input,
                                   uint16_t type, const char *what, struct atls_diag *diag)
{
    struct atls_tpm_attest a;
    memset(&a, 0, sizeof a);
    a.encoded = input;
    struct atls_reader r = atls_reader_of(input);
    enum atls_err err = read_head(&r, &a, type, what, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const bool read =
        read_middle(&r, &a) &&
        (type == ATLS_TPM_ST_QUOTE ? read_quote(&r, &a)
                                   : atls_read_vec16(&r, 0, MAX_NAME_LEN, &a.name) &&
                                         atls_read_vec16(&r, 0, MAX_NAME_LEN, &a.qualified_name));
    if (!read || !atls_read_end(&r)) {
        return malformed(&r, what, "TPMS_ATTEST and nothing behind it", diag);
    }
    *out = a;
    return ATLS_OK;
}
