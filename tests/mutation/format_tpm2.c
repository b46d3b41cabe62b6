/* SPDX-License-Identifier: Apache-2.0 */
/* Key attestation bundles of a TPM 2.0: two structures of the TPM Library, two signatures and a
 * public area in a map of two maps. */
#include "appraiser/tpm2/wire.h"
#include "base/span.h"
#include "mutation/wrap.h"
#include "support/endorse.h"
#include "support/file.h"
#include "support/memory.h"
#include "support/tpm_maker.h"

#include <stdio.h>
#include <stdlib.h>

#define EC_KEYS           TEST_SOURCE_DIR "/tests/mutation/keys/"
#define KEYS              TEST_SOURCE_DIR "/tests/kat/tpm2/"
#define CLASS_ID          "cd1f0e55-26f9-460d-b9d8-f7fde171787c"
#define FIELD(half, name) (half)[0] == 'k' ? "kat." name : "pat." name

static struct test_tpm machine;

#define ATTEST_FIELDS(info)                                                                        \
    {info ".magic", VALUE_NUMBER}, {info ".type", VALUE_NUMBER},                                   \
        {info ".qualifiedSigner", VALUE_VEC16}, {info ".extraData", VALUE_VEC16},                  \
        {info ".clockInfo.clock", VALUE_NUMBER}, {info ".clockInfo.resetCount", VALUE_NUMBER},     \
        {info ".clockInfo.restartCount", VALUE_NUMBER}, {info ".clockInfo.safe", VALUE_NUMBER},    \
    {                                                                                              \
        info ".firmwareVersion", VALUE_NUMBER                                                      \
    }
#define HALF_FIELDS(half)                                                                          \
    {half, VALUE_CBOR}, {half ".tpmVer", VALUE_CBOR}, {half ".kid", VALUE_CBOR},                   \
        {half ".sig", VALUE_CBOR}, {half ".sig.sigAlg", VALUE_NUMBER},                             \
    {                                                                                              \
        half ".sig.hash", VALUE_NUMBER                                                             \
    }
#define PUBLIC_FIELDS                                                                              \
    {"pubArea.type", VALUE_NUMBER}, {"pubArea.nameAlg", VALUE_NUMBER},                             \
        {"pubArea.objectAttributes", VALUE_NUMBER}, {"pubArea.authPolicy", VALUE_VEC16},           \
        {"pubArea.symmetric", VALUE_NUMBER},                                                       \
    {                                                                                              \
        "pubArea.scheme", VALUE_NUMBER                                                             \
    }
#define ATTRIBUTE_FIELDS                                                                           \
    {"pubArea.fixedTPM", VALUE_BIT}, {"pubArea.stClear", VALUE_BIT},                               \
        {"pubArea.fixedParent", VALUE_BIT}, {"pubArea.sensitiveDataOrigin", VALUE_BIT},            \
        {"pubArea.userWithAuth", VALUE_BIT}, {"pubArea.adminWithPolicy", VALUE_BIT},               \
        {"pubArea.noDA", VALUE_BIT}, {"pubArea.encryptedDuplication", VALUE_BIT},                  \
        {"pubArea.restricted", VALUE_BIT}, {"pubArea.decrypt", VALUE_BIT},                         \
        {"pubArea.sign", VALUE_BIT},                                                               \
    {                                                                                              \
        "pubArea.x509sign", VALUE_BIT                                                              \
    }

static const struct mutation_field fields[] = {
    MUTATION_WRAP_FIELDS,
    {"bundle", VALUE_CBOR},
    HALF_FIELDS("kat"),
    {"kat.sig.r", VALUE_VEC16},
    {"kat.sig.s", VALUE_VEC16_S},
    {"kat.certInfo", VALUE_CBOR},
    {"kat.pubArea", VALUE_CBOR},
    HALF_FIELDS("pat"),
    {"pat.sig.r", VALUE_VEC16},
    {"pat.sig.s", VALUE_VEC16_S},
    {"pat.attestInfo", VALUE_CBOR},
    ATTEST_FIELDS("certInfo"),
    {"certInfo.name", VALUE_VEC16},
    {"certInfo.qualifiedName", VALUE_VEC16},
    ATTEST_FIELDS("attestInfo"),
    {"attestInfo.pcrSelect.count", VALUE_NUMBER},
    {"attestInfo.pcrSelect.hash", VALUE_NUMBER},
    {"attestInfo.pcrSelect.select", VALUE_VEC8},
    {"attestInfo.pcrDigest", VALUE_VEC16},
    PUBLIC_FIELDS,
    ATTRIBUTE_FIELDS,
    {"pubArea.curveID", VALUE_NUMBER},
    {"pubArea.kdf", VALUE_NUMBER},
    {"pubArea.x", VALUE_VEC16},
    {"pubArea.y", VALUE_VEC16},
};

static const struct mutation_field rsa_fields[] = {
    {"kat.sig.sigAlg", VALUE_NUMBER},
    {"kat.sig.hash", VALUE_NUMBER},
    {"kat.sig.sig", VALUE_VEC16},
    {"pat.sig.sigAlg", VALUE_NUMBER},
    {"pat.sig.hash", VALUE_NUMBER},
    {"pat.sig.sig", VALUE_VEC16},
    PUBLIC_FIELDS,
    {"pubArea.keyBits", VALUE_NUMBER},
    {"pubArea.exponent", VALUE_NUMBER},
    {"pubArea.n", VALUE_VEC16},
};

/* TPMA_OBJECT (part 2, 8.3). */
static const struct {
    const char *field;
    unsigned bit;
} attributes[] = {
    {"pubArea.fixedTPM", 1},     {"pubArea.stClear", 2},
    {"pubArea.fixedParent", 4},  {"pubArea.sensitiveDataOrigin", 5},
    {"pubArea.userWithAuth", 6}, {"pubArea.adminWithPolicy", 7},
    {"pubArea.noDA", 10},        {"pubArea.encryptedDuplication", 11},
    {"pubArea.restricted", 16},  {"pubArea.decrypt", 17},
    {"pubArea.sign", 18},        {"pubArea.x509sign", 19},
};

static struct atls_bytes number(uint64_t value, size_t len)
{
    const struct atls_buf room = test_room(len);
    for (size_t i = 0; i < len; i++) {
        room.data[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
    }
    return atls_bytes_of(room.data, len);
}

static struct atls_bytes vector(struct atls_bytes octets)
{
    struct atls_writer w = atls_writer_of(test_room(2 + octets.len));
    atls_write_vec16(&w, octets);
    return atls_bytes_of(w.data, w.len);
}

/* name_in gives "certInfo.magic" and so on, the octets of the table's own text. */
static const char *name_in(const char *info, const char *member)
{
    char name[96];
    snprintf(name, sizeof name, "%s.%s", info, member);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(fields); i++) {
        if (strcmp(fields[i].name, name) == 0) {
            return fields[i].name;
        }
    }
    return ""; /* a field that this machine's table has not: never changed */
}

static void add_number(struct mutation_parts *parts, const char *info, const char *member,
                       uint64_t value, size_t len)
{
    mutation_add(parts, name_in(info, member), VALUE_NUMBER, number(value, len));
}

static void add_vector(struct mutation_parts *parts, const char *info, const char *member,
                       struct atls_bytes octets)
{
    mutation_add(parts, name_in(info, member), VALUE_VEC16, vector(octets));
}

static void add_attest_head(struct mutation_parts *parts, const char *info,
                            const struct test_tpm_attest *attest)
{
    add_number(parts, info, "magic", attest->magic, 4);
    add_number(parts, info, "type", attest->type, 2);
    add_vector(parts, info, "qualifiedSigner", attest->qualified_signer);
    add_vector(parts, info, "extraData", attest->extra_data);
    add_number(parts, info, "clockInfo.clock", attest->clock, 8);
    add_number(parts, info, "clockInfo.resetCount", attest->reset_count, 4);
    add_number(parts, info, "clockInfo.restartCount", attest->restart_count, 4);
    add_number(parts, info, "clockInfo.safe", attest->safe, 1);
    add_number(parts, info, "firmwareVersion", attest->firmware_version, 8);
}

/* name_of is what a TPM would certify: of a hash that it has not, it takes SHA-256. */
static struct atls_bytes name_of(struct atls_bytes public_area)
{
    const uint16_t alg =
        public_area.len < 4 ? 0 : (uint16_t)(public_area.data[2] << 8 | public_area.data[3]);
    const int32_t hash = atls_tpm_hash(alg);
    const struct atls_bytes digest =
        test_hash(hash == ATLS_ALG_NONE ? ATLS_ALG_SHA256 : hash, public_area);
    struct atls_writer w = atls_writer_of(test_room(2 + digest.len));
    atls_write_u16(&w, alg);
    atls_write_bytes(&w, digest);
    return atls_bytes_of(w.data, w.len);
}

static struct atls_bytes cert_info(struct value_change *change, struct atls_bytes public_area)
{
    struct mutation_parts parts = {.change = change};
    add_attest_head(&parts, "certInfo", &machine.certify);
    add_vector(&parts, "certInfo", "name", name_of(public_area));
    add_vector(&parts, "certInfo", "qualifiedName", machine.certify.qualified_name);
    return mutation_join(&parts);
}

static struct atls_bytes attest_info(struct value_change *change)
{
    const uint8_t select[] = {3, (uint8_t)machine.quote.pcrs[0],
                              (uint8_t)(machine.quote.pcrs[0] >> 8), 0};
    struct mutation_parts parts = {.change = change};
    add_attest_head(&parts, "attestInfo", &machine.quote);
    add_number(&parts, "attestInfo", "pcrSelect.count", 1, 4);
    add_number(&parts, "attestInfo", "pcrSelect.hash", machine.quote.banks[0], 2);
    mutation_add(&parts, "attestInfo.pcrSelect.select", VALUE_VEC8,
                 test_copy(atls_bytes_of(select, sizeof select)));
    add_vector(&parts, "attestInfo", "pcrDigest", machine.quote.pcr_digest);
    return mutation_join(&parts);
}

/* attributes_of flips the one bit that the change names. */
static uint32_t attributes_of(struct value_change *change)
{
    uint32_t value = machine.attributes;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(attributes); i++) {
        if (change->kind == VALUE_CHANGE_OTHER && strcmp(change->field, attributes[i].field) == 0) {
            value ^= UINT32_C(1) << attributes[i].bit;
            change->applied = true;
        }
    }
    return value;
}

static struct atls_bytes public_area(struct value_change *change)
{
    struct atls_cose_key key;
    atls_key_to_cose(machine.tls, &key);
    const bool is_rsa = key.kty == ATLS_KTY_RSA;
    struct mutation_parts parts = {.change = change};
    add_number(&parts, "pubArea", "type", is_rsa ? ATLS_TPM_RSA : ATLS_TPM_ECC, 2);
    add_number(&parts, "pubArea", "nameAlg", machine.name_alg, 2);
    add_number(&parts, "pubArea", "objectAttributes", attributes_of(change), 4);
    add_vector(&parts, "pubArea", "authPolicy", atls_bytes_of(NULL, 0));
    add_number(&parts, "pubArea", "symmetric", ATLS_TPM_NULL, 2);
    add_number(&parts, "pubArea", "scheme", ATLS_TPM_NULL, 2);
    if (is_rsa) {
        mutation_add(&parts, "pubArea.keyBits", VALUE_NUMBER, number(8 * key.n.len, 2));
        mutation_add(&parts, "pubArea.exponent", VALUE_NUMBER, number(0, 4));
        mutation_add(&parts, "pubArea.n", VALUE_VEC16, vector(key.n));
    } else {
        add_number(&parts, "pubArea", "curveID", ATLS_TPM_P256, 2);
        add_number(&parts, "pubArea", "kdf", ATLS_TPM_NULL, 2);
        add_vector(&parts, "pubArea", "x", key.x);
        add_vector(&parts, "pubArea", "y", key.y);
    }
    return mutation_join(&parts);
}

static struct atls_bytes signature(struct value_change *change, const char *half,
                                   struct atls_bytes covered)
{
    const bool is_rsa = machine.scheme != ATLS_TPM_ECDSA;
    const struct atls_bytes made = test_tpm_signature(&machine, covered);
    const size_t vec_len = is_rsa ? made.len - 4 : (made.len - 4) / 2;
    struct mutation_parts parts = {.change = change};
    mutation_add(&parts, FIELD(half, "sig.sigAlg"), VALUE_NUMBER, atls_bytes_of(made.data, 2));
    mutation_add(&parts, FIELD(half, "sig.hash"), VALUE_NUMBER, atls_bytes_of(&made.data[2], 2));
    const struct atls_bytes first = atls_bytes_of(&made.data[4], vec_len);
    if (is_rsa) {
        mutation_add(&parts, FIELD(half, "sig.sig"), VALUE_VEC16, first);
        return mutation_join(&parts);
    }
    mutation_add(&parts, FIELD(half, "sig.r"), VALUE_VEC16, first);
    mutation_add(&parts, FIELD(half, "sig.s"), VALUE_VEC16_S,
                 atls_bytes_of(&made.data[4 + vec_len], vec_len));
    return mutation_join(&parts);
}

static void put_half(struct test_map *map, struct value_change *change, const char *half,
                     struct atls_bytes covered)
{
    value_put(map, change, FIELD(half, "tpmVer"), VALUE_CBOR, test_cbor_text("tpmVer"),
              test_cbor_text("2.0"));
    value_put(map, change, FIELD(half, "kid"), VALUE_CBOR, test_cbor_text("kid"),
              test_cbor_bytes(machine.kid));
    value_put(map, change, FIELD(half, "sig"), VALUE_CBOR, test_cbor_text("sig"),
              test_cbor_bytes(signature(change, half, covered)));
}

static struct atls_bytes bundle(struct value_change *change)
{
    struct test_map kat = {.num_pairs = 0};
    struct test_map pat = {.num_pairs = 0};
    struct test_map both = {.num_pairs = 0};
    const struct atls_bytes area = public_area(change);
    const struct atls_bytes certified = cert_info(change, area);
    const struct atls_bytes quoted = attest_info(change);
    put_half(&kat, change, "kat", certified);
    value_put(&kat, change, "kat.certInfo", VALUE_CBOR, test_cbor_text("certInfo"),
              test_cbor_bytes(certified));
    value_put(&kat, change, "kat.pubArea", VALUE_CBOR, test_cbor_text("pubArea"),
              test_cbor_bytes(area));
    put_half(&pat, change, "pat", quoted);
    value_put(&pat, change, "pat.attestInfo", VALUE_CBOR, test_cbor_text("attestInfo"),
              test_cbor_bytes(quoted));
    value_put(&both, change, "kat", VALUE_CBOR, test_cbor_text("kat"), test_map_encode(&kat));
    value_put(&both, change, "pat", VALUE_CBOR, test_cbor_text("pat"), test_map_encode(&pat));
    struct mutation_parts whole = {.change = change};
    mutation_add(&whole, "bundle", VALUE_CBOR, test_map_encode(&both));
    return mutation_join(&whole);
}

static struct atls_bytes make(struct value_change *change)
{
    return mutation_wrap(change, "application/vnd.parallaxsecond.key-attestation.tpm",
                         bundle(change));
}

/* Keys of files: what an octet too few or too many is taken for then never changes. */
static struct atls_key *key_of(const char *path)
{
    return test_key_from_pem(test_file(path));
}

static void endorse(struct test_sample *out_original, const struct atls_endorsements **out_set)
{
    struct atls_endorsements *set = test_endorsements();
    test_add_tpm2_key(set, CLASS_ID, machine.kid, machine.ak, false);
    for (unsigned pcr = 0; pcr < 32; pcr++) {
        if ((machine.quote.pcrs[0] >> pcr & 1) != 0) {
            test_add_pcr(set, CLASS_ID, pcr, test_tpm_pcr(pcr, 32));
        }
    }
    memset(out_original, 0, sizeof *out_original);
    out_original->format = atls_format_by_name(atls_bytes_text("tpm2"));
    out_original->nonce = test_tpm_nonce();
    out_original->tls_spki = test_spki(machine.tls);
    *out_set = set;
}

static void set_up(struct test_sample *out_original, const struct atls_endorsements **out_set)
{
    test_tpm_init(&machine, 1);
    test_tpm_use(&machine, key_of(EC_KEYS "p256.pem"), key_of(EC_KEYS "p256-tls.pem"));
    endorse(out_original, out_set);
}

static void set_up_rsa(struct test_sample *out_original, const struct atls_endorsements **out_set)
{
    test_tpm_init(&machine, 1);
    struct atls_key *rsa = key_of(KEYS "rsa.pem");
    test_tpm_use(&machine, rsa, rsa);
    endorse(out_original, out_set);
}

static bool same_in(const json_t *a, const json_t *b, const char *structure, const char *member)
{
    const json_t *x = json_object_get(json_object_get(a, structure), member);
    const json_t *y = json_object_get(json_object_get(b, structure), member);
    return x != NULL && y != NULL && json_equal(x, y);
}

/* What is not compared here is not judged (docs/appraisal.md). Without signatures the kid may be
 * that of any machine whose AK is endorsed in the same class. */
static bool may_accept(const json_t *found, const json_t *expected, const char **out_why)
{
    static const struct {
        const char *structure, *member;
    } same[] = {
        {"certInfo", "extraData"},   {"attestInfo", "extraData"}, {"certInfo", "name"},
        {"attestInfo", "pcrSelect"}, {"attestInfo", "pcrDigest"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(same); i++) {
        if (!same_in(found, expected, same[i].structure, same[i].member)) {
            *out_why = same[i].member;
            return false;
        }
    }
    const json_t *in_kat = json_object_get(json_object_get(found, "certInfo"), "qualifiedSigner");
    const json_t *in_pat = json_object_get(json_object_get(found, "attestInfo"), "qualifiedSigner");
    if (!json_equal(in_kat, in_pat)) {
        *out_why = "qualifiedSigner";
        return false;
    }
    *out_why = "pubArea";
    return json_equal(json_object_get(found, "pubArea"), json_object_get(expected, "pubArea"));
}

static const char *const samples[] = {"plain", "other-nonce", "other-machine", "p384", "rsa", NULL};
static const char *const embedded[] = {"[1]", "#", NULL};

const struct mutation_format mutation_tpm2 = {
    .name = "tpm2",
    .samples = samples,
    .embedded = embedded,
    .other = "psa",
    .may_accept = may_accept,
    .fields = fields,
    .num_fields = ATLS_ARRAY_LEN(fields),
    .set_up = set_up,
    .make = make,
};

const struct mutation_format mutation_tpm2_rsa = {
    .name = "tpm2-rsa",
    .fields = rsa_fields,
    .num_fields = ATLS_ARRAY_LEN(rsa_fields),
    .set_up = set_up_rsa,
    .make = make,
};
