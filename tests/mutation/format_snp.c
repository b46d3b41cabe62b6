/* SPDX-License-Identifier: Apache-2.0 */
/* SEV-SNP reports, field by field, in the map of configfs-tsm with the host's table. */
#include "base/span.h"
#include "json/base64.h"
#include "json/json.h"
#include "mutation/wrap.h"
#include "support/memory.h"
#include "support/snp_maker.h"

#include <stdlib.h>

static struct test_snp machine;
static struct atls_bytes table; /* of the certificates that fit */

/* The report up to its signature (AMD 56860), without gaps: X(field, octets, kind). Numbers are
 * little-endian; octets are vectors that lose their length. */
#define REPORT(X)                                                                                  \
    X("version", 4, VALUE_NUMBER)                                                                  \
    X("guest_svn", 4, VALUE_NUMBER)                                                                \
    X("policy", 8, VALUE_NUMBER)                                                                   \
    X("family_id", 16, VALUE_VEC16)                                                                \
    X("image_id", 16, VALUE_VEC16)                                                                 \
    X("vmpl", 4, VALUE_NUMBER)                                                                     \
    X("signature_algo", 4, VALUE_NUMBER)                                                           \
    X("current_tcb", 8, VALUE_VEC16)                                                               \
    X("platform_info", 8, VALUE_NUMBER)                                                            \
    X("key_info", 4, VALUE_NUMBER)                                                                 \
    X("reserved.04c", 4, VALUE_VEC16)                                                              \
    X("report_data", 64, VALUE_VEC16)                                                              \
    X("measurement", 48, VALUE_VEC16)                                                              \
    X("host_data", 32, VALUE_VEC16)                                                                \
    X("id_key_digest", 48, VALUE_VEC16)                                                            \
    X("author_key_digest", 48, VALUE_VEC16)                                                        \
    X("report_id", 32, VALUE_VEC16)                                                                \
    X("report_id_ma", 32, VALUE_VEC16)                                                             \
    X("reported_tcb", 8, VALUE_VEC16)                                                              \
    X("cpuid", 3, VALUE_VEC16)                                                                     \
    X("reserved.18b", 21, VALUE_VEC16)                                                             \
    X("chip_id", 64, VALUE_VEC16)                                                                  \
    X("committed_tcb", 8, VALUE_VEC16)                                                             \
    X("current_version", 3, VALUE_VEC16)                                                           \
    X("reserved.1eb", 1, VALUE_VEC16)                                                              \
    X("committed_version", 3, VALUE_VEC16)                                                         \
    X("reserved.1ef", 1, VALUE_VEC16)                                                              \
    X("launch_tcb", 8, VALUE_VEC16)                                                                \
    X("launch_mit_vector", 8, VALUE_NUMBER)                                                        \
    X("current_mit_vector", 8, VALUE_NUMBER)                                                       \
    X("reserved.208", 152, VALUE_VEC16)

/* Bits by themselves, and each octet of a TCB version that is a level: X(field, field, bit). */
#define BITS(X)                                                                                    \
    X("policy.abi_minor", "policy", 0)                                                             \
    X("policy.abi_major", "policy", 8)                                                             \
    X("policy.smt", "policy", 16)                                                                  \
    X("policy.reserved", "policy", 17)                                                             \
    X("policy.migrate_ma", "policy", 18)                                                           \
    X("policy.debug", "policy", 19)                                                                \
    X("policy.single_socket", "policy", 20)                                                        \
    X("policy.page_swap_disable", "policy", 25)                                                    \
    X("policy.bit26", "policy", 26)                                                                \
    X("platform_info.smt_en", "platform_info", 0)                                                  \
    X("platform_info.ecc_en", "platform_info", 2)                                                  \
    X("platform_info.alias_check_complete", "platform_info", 5)                                    \
    X("platform_info.bit6", "platform_info", 6)                                                    \
    X("platform_info.bit8", "platform_info", 8)                                                    \
    X("key_info.author_key_en", "key_info", 0)                                                     \
    X("key_info.mask_chip_key", "key_info", 1)                                                     \
    X("key_info.signing_key", "key_info", 2)                                                       \
    X("key_info.bit5", "key_info", 5)                                                              \
    X("current_tcb.bootloader", "current_tcb", 0)                                                  \
    X("reported_tcb.bootloader", "reported_tcb", 0)                                                \
    X("committed_tcb.bootloader", "committed_tcb", 0)                                              \
    X("committed_tcb.tee", "committed_tcb", 8)                                                     \
    X("committed_tcb.snp", "committed_tcb", 48)                                                    \
    X("launch_tcb.bootloader", "launch_tcb", 0)                                                    \
    X("current_version.build", "current_version", 0)                                               \
    X("current_version.minor", "current_version", 8)                                               \
    X("current_version.major", "current_version", 17)                                              \
    X("current_tcb.tee", "current_tcb", 8)                                                         \
    X("current_tcb.snp", "current_tcb", 48)                                                        \
    X("current_tcb.microcode", "current_tcb", 56)                                                  \
    X("reported_tcb.tee", "reported_tcb", 8)                                                       \
    X("reported_tcb.snp", "reported_tcb", 48)                                                      \
    X("reported_tcb.microcode", "reported_tcb", 56)                                                \
    X("launch_tcb.tee", "launch_tcb", 8)                                                           \
    X("launch_tcb.snp", "launch_tcb", 48)                                                          \
    X("launch_tcb.microcode", "launch_tcb", 56)                                                    \
    X("committed_tcb.microcode", "committed_tcb", 56)                                              \
    X("committed_version.minor", "committed_version", 8)                                           \
    X("committed_version.major", "committed_version", 17)                                          \
    X("policy.cxl_allow", "policy", 21)                                                            \
    X("policy.mem_aes_256_xts", "policy", 22)                                                      \
    X("policy.rapl_dis", "policy", 23)                                                             \
    X("policy.ciphertext_hiding", "policy", 24)                                                    \
    X("platform_info.tsme_en", "platform_info", 1)                                                 \
    X("platform_info.rapl_dis", "platform_info", 3)                                                \
    X("platform_info.ciphertext_hiding_dram_en", "platform_info", 4)                               \
    X("platform_info.tio_en", "platform_info", 7)                                                  \
    X("committed_version.build", "committed_version", 0)

static const struct {
    const char *field;
    size_t len;
    enum value_kind kind;
} rows[] = {
#define ROW(field, len, kind) {field, len, kind},
    REPORT(ROW)
#undef ROW
};

static const struct {
    const char *field;
    const char *of;
    unsigned bit;
} bits[] = {
#define ROW(field, of, bit) {field, of, bit},
    BITS(ROW)
#undef ROW
};

/* Levels of the VCEK, each an extension of its own, as they stand in cert_tcb. */
static const char *const cert_levels[] = {
    "certificate.bl_spl", "certificate.tee_spl", "certificate.spl4",    "certificate.spl5",
    "certificate.spl6",   "certificate.spl7",    "certificate.snp_spl", "certificate.ucode_spl"};

static const struct mutation_field fields[] = {
    MUTATION_WRAP_FIELDS,
    {"map.auxblob", VALUE_CBOR},
    {"map.outblob", VALUE_CBOR},
    {"map.provider", VALUE_CBOR},
#define FIELD(field, len, kind) {field, kind},
    REPORT(FIELD)
#undef FIELD
#define FIELD(field, of, bit) {field, VALUE_BIT},
        BITS(FIELD)
#undef FIELD
            {"signature.r", VALUE_VEC16},
    {"signature.r.upper", VALUE_VEC16},
    {"signature.s", VALUE_VEC16},
    {"signature.s.upper", VALUE_VEC16},
    {"signature.reserved", VALUE_VEC16},
    {"certificate.bl_spl", VALUE_VEC16},
    {"certificate.tee_spl", VALUE_VEC16},
    {"certificate.spl4", VALUE_VEC16},
    {"certificate.spl5", VALUE_VEC16},
    {"certificate.spl6", VALUE_VEC16},
    {"certificate.spl7", VALUE_VEC16},
    {"certificate.snp_spl", VALUE_VEC16},
    {"certificate.ucode_spl", VALUE_VEC16},
    {"certificate.chip_id", VALUE_VEC16},
    {"certificate.product", VALUE_VEC16},
    {"certificate.subject", VALUE_VEC16},
    {"certificate.issuer", VALUE_VEC16},
    {"table.ark", VALUE_VEC16},
    {"table.ask", VALUE_VEC16},
    {"table.vcek", VALUE_VEC16},
    {"table.crl", VALUE_VEC16},
    {"table.end", VALUE_VEC16},
};

static struct atls_bytes reversed(struct atls_bytes octets)
{
    const struct atls_buf room = test_room(octets.len);
    for (size_t i = 0; i < octets.len; i++) {
        room.data[i] = octets.data[octets.len - 1 - i];
    }
    return atls_bytes_of(room.data, room.cap);
}

/* add_little adds a number, least significant octet first. */
static void add_little(struct mutation_parts *parts, const char *field, struct atls_bytes octets)
{
    const struct value_result result =
        value_change_apply(parts->change, field, VALUE_NUMBER, reversed(octets));
    for (unsigned i = 0; i < result.times; i++) {
        parts->part[parts->num_parts++] = reversed(result.encoded);
    }
}

/* add_octets adds octets that no length stands in front of: as a vector that loses its length. */
static void add_octets(struct mutation_parts *parts, const char *field, struct atls_bytes octets)
{
    enum { WIDTH = 2 };
    if (parts->change->kind == VALUE_CHANGE_UNDER || parts->change->kind == VALUE_CHANGE_OVER) {
        parts->part[parts->num_parts++] = octets;
        return;
    }
    const struct atls_buf room = test_room(WIDTH + octets.len);
    memcpy(&room.data[WIDTH], octets.data, octets.len);
    const struct value_result result = value_change_apply(
        parts->change, field, VALUE_VEC16, atls_bytes_of(room.data, WIDTH + octets.len));
    if (parts->change->kind == VALUE_CHANGE_ZERO && strcmp(parts->change->field, field) == 0) {
        parts->change->applied = !atls_is_zero(octets);
    }
    for (unsigned i = 0; i < result.times; i++) {
        parts->part[parts->num_parts++] =
            atls_bytes_of(&result.encoded.data[WIDTH], result.encoded.len - WIDTH);
    }
}

/* flip_bit changes the bit of a number that the change names. */
static struct atls_bytes flip_bit(struct value_change *change, const char *number,
                                  struct atls_bytes octets)
{
    const struct atls_buf room = test_room(octets.len);
    memcpy(room.data, octets.data, octets.len);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bits); i++) {
        if (change->kind == VALUE_CHANGE_OTHER && strcmp(change->field, bits[i].field) == 0 &&
            strcmp(bits[i].of, number) == 0) {
            room.data[bits[i].bit / 8] ^= (uint8_t)(1u << bits[i].bit % 8);
            change->applied = true;
        }
    }
    return atls_bytes_of(room.data, room.cap);
}

/* signed_part is what the signature covers: the sample's fields, one of them changed. */
static struct atls_bytes signed_part(struct value_change *change)
{
    struct mutation_parts parts = {.change = change};
    const struct atls_bytes report = test_snp_report(&machine);
    size_t at = 0;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const struct atls_bytes octets =
            flip_bit(change, rows[i].field, atls_bytes_of(&report.data[at], rows[i].len));
        if (rows[i].kind == VALUE_NUMBER) {
            add_little(&parts, rows[i].field, octets);
        } else {
            add_octets(&parts, rows[i].field, octets);
        }
        at += rows[i].len;
    }
    if (at != ATLS_SIM_SNP_SIGNED_LEN) {
        abort();
    }
    return mutation_join(&parts);
}

static struct atls_bytes report_of(struct value_change *change)
{
    enum { HALF = 48, UPPER = 24, REST = 368 };
    const struct atls_bytes covered = signed_part(change);
    const struct atls_bytes raw =
        test_sign(machine.maker.keys[ATLS_SIM_SNP_LEAF], ATLS_ALG_ES384, covered);
    struct mutation_parts parts = {.change = change, .part = {covered}, .num_parts = 1};
    add_octets(&parts, "signature.r", reversed(atls_bytes_of(raw.data, HALF)));
    add_octets(&parts, "signature.r.upper", test_fill(0, UPPER));
    add_octets(&parts, "signature.s", reversed(atls_bytes_of(&raw.data[HALF], HALF)));
    add_octets(&parts, "signature.s.upper", test_fill(0, UPPER));
    add_octets(&parts, "signature.reserved", test_fill(0, REST));
    return mutation_join(&parts);
}

/* change_certificate changes octets of a certificate with the change, where it keeps their number.
 */
static void change_certificate(uint8_t *octets, size_t len, struct value_change *change,
                               const char *field)
{
    struct mutation_parts parts = {.change = change};
    if (strcmp(change->field, field) != 0 ||
        (change->kind != VALUE_CHANGE_ZERO && change->kind != VALUE_CHANGE_OTHER)) {
        return;
    }
    add_octets(&parts, field, test_copy(atls_bytes_of(octets, len)));
    if (parts.num_parts == 1) {
        memcpy(octets, parts.part[0].data, len);
    }
}

/* change_name changes a text of a certificate, into another one. */
static void change_name(char *out, const char *name, struct value_change *change, const char *field)
{
    if (strcmp(change->field, field) == 0 && change->kind == VALUE_CHANGE_OTHER) {
        const size_t len = strlen(name);
        memcpy(out, name, len + 1);
        change_certificate((uint8_t *)out, len, change, field);
    }
}

/* certificates gives the table, with a VCEK issued anew where the change is of what it says. */
static struct atls_bytes certificates(struct value_change *change)
{
    struct test_snp other = machine;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cert_levels); i++) {
        change_certificate(&other.snp.cert_tcb[i], 1, change, cert_levels[i]);
    }
    change_certificate(other.snp.cert_chip_id, sizeof other.snp.cert_chip_id, change,
                       "certificate.chip_id");
    change_name(other.snp.cert_product, "Milan", change, "certificate.product");
    change_name(other.snp.cert_subject, "SEV-VCEK", change, "certificate.subject");
    change_name(other.snp.cert_issuer, "SEV-Milan", change, "certificate.issuer");
    return change->applied && strncmp(change->field, "certificate.", 12) == 0
               ? test_snp_table(&other)
               : table;
}

static size_t number(const uint8_t *octets)
{
    return (size_t)octets[0] | (size_t)octets[1] << 8 | (size_t)octets[2] << 16;
}

enum { ENTRY = 24, OFFSET = 16, LENGTH = 20, NUM_ENTRIES = 4 };

/* entry_of is an entry as it was, of a body that stands at `at` now. */
static struct atls_bytes entry_of(const uint8_t *before, size_t at, size_t len)
{
    const struct atls_buf entry = test_room(ENTRY);
    memcpy(entry.data, before, ENTRY);
    for (size_t i = 0; i < 4; i++) {
        entry.data[OFFSET + i] = (uint8_t)(at >> 8 * i);
        entry.data[LENGTH + i] = (uint8_t)(len >> 8 * i);
    }
    return atls_bytes_of(entry.data, ENTRY);
}

/* table_of is the table with a certificate, the list or the end changed, and places that are right
 * for that. */
static struct atls_bytes table_of(struct value_change *change)
{
    static const char *const names[NUM_ENTRIES] = {"table.ark", "table.ask", "table.vcek",
                                                   "table.crl"};
    const struct atls_bytes whole = certificates(change);
    struct mutation_parts bodies = {.change = change};
    struct mutation_parts parts = {.change = change};
    const uint8_t *before[2 * NUM_ENTRIES];
    for (size_t i = 0; i < NUM_ENTRIES; i++) {
        const uint8_t *entry = &whole.data[ENTRY * i];
        const size_t had = bodies.num_parts;
        add_octets(&bodies, names[i],
                   atls_bytes_of(&whole.data[number(&entry[OFFSET])], number(&entry[LENGTH])));
        for (size_t j = had; j < bodies.num_parts; j++) {
            before[j] = entry;
        }
    }
    size_t at = ENTRY * (bodies.num_parts + 1);
    for (size_t i = 0; i < bodies.num_parts; i++) {
        parts.part[parts.num_parts++] = entry_of(before[i], at, bodies.part[i].len);
        at += bodies.part[i].len;
    }
    add_octets(&parts, "table.end", test_fill(0, ENTRY));
    for (size_t i = 0; i < bodies.num_parts; i++) {
        parts.part[parts.num_parts++] = bodies.part[i];
    }
    return mutation_join(&parts);
}

static struct atls_bytes make(struct value_change *change)
{
    struct test_map map = {.num_pairs = 0};
    value_put(&map, change, "map.auxblob", VALUE_CBOR, test_cbor_text("auxblob"),
              test_cbor_bytes(table_of(change)));
    value_put(&map, change, "map.outblob", VALUE_CBOR, test_cbor_text("outblob"),
              test_cbor_bytes(report_of(change)));
    value_put(&map, change, "map.provider", VALUE_CBOR, test_cbor_text("provider"),
              test_cbor_text("sev_guest\n"));
    return mutation_wrap(change, "application/vnd.veraison.tsm-report+cbor; provider=\"sev_guest\"",
                         test_map_encode(&map));
}

/* add_value states a field of the report as it is: octets, their digest, or a least number. */
static void add_value(json_t *list, int mkey, const char *field, const char *form)
{
    const struct atls_bytes octets = atls_sim_snp_field(&machine.snp, field);
    const bool is_number = strcmp(field, "policy") == 0 || strcmp(field, "platform_info") == 0;
    json_t *value = NULL;
    if (strcmp(form, "digest") == 0) {
        char *text = atls_base64url_new(octets);
        value = json_pack("{s:[[i,s]]}", "digests", 7, text);
        free(text);
    } else if (strcmp(form, "raw") == 0) {
        char *text = atls_base64_new(is_number ? reversed(octets) : octets);
        value = json_pack("{s:{s:s,s:s}}", "raw-value", "type", "bytes", "value", text);
        free(text);
    } else {
        value = json_pack("{s:{s:s,s:s}}", "svn", "type", "min-value", "value", form);
    }
    json_array_append_new(
        list, json_pack("{s:{s:s,s:i},s:o}", "key", "type", "uint", "value", mkey, "value", value));
}

/* endorse states every field that has a rule only where a reference value states it. */
static const struct atls_endorsements *endorse(void)
{
    struct atls_endorsements *set = test_endorsements();
    json_t *list = json_array();
    add_value(list, 1, "guest_svn", "2");
    add_value(list, 2, "policy", "raw");
    add_value(list, 3, "family_id", "raw");
    add_value(list, 4, "image_id", "raw");
    add_value(list, 7, "platform_info", "raw");
    add_value(list, 641, "measurement", "digest");
    add_value(list, 642, "host_data", "raw");
    add_value(list, 643, "id_key_digest", "digest");
    add_value(list, 644, "author_key_digest", "digest");
    add_value(list, 647, "reported_tcb", "15787368493747273732"); /* db18000000000004 */
    char *text = atls_json_dump(list);
    test_snp_add_root(set, &machine, "Milan", false);
    test_snp_add_reference(set, &machine, text);
    free(text);
    json_decref(list);
    return set;
}

/* Digests of two keys, 48 octets each. */
#define OCTETS_16(digits) digits digits digits digits digits digits digits digits
#define ID_KEY            "id_key_digest=" OCTETS_16("f4f4") OCTETS_16("f4f4") OCTETS_16("f4f4")
#define AUTHOR_KEY        "author_key_digest=" OCTETS_16("f5f5") OCTETS_16("f5f5") OCTETS_16("f5f5")

static void set_up(struct test_sample *out_original, const struct atls_endorsements **out_set)
{
    static const char *const settings[] = {
        "guest_svn=2",
        "key_info=1",
        "family_id=f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1",
        "image_id=f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2",
        "host_data=f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3",
        ID_KEY,
        AUTHOR_KEY,
        NULL};
    test_snp_init(&machine, settings);
    table = test_snp_table(&machine);
    memset(out_original, 0, sizeof *out_original);
    out_original->format = atls_format_by_name(atls_bytes_text("snp"));
    out_original->nonce = test_snp_nonce();
    out_original->tls_spki = test_spki(test_key(ATLS_CRV_P256));
    *out_set = endorse();
}

/* version_of gives "1.55.29" as a number that compares. */
static unsigned long version_of(const json_t *claims, const char *name)
{
    unsigned long value = 0;
    const char *text = json_string_value(json_object_get(claims, name));
    for (unsigned part = 0; text != NULL && part < 3; part++) {
        char *end = NULL;
        value = value << 8 | strtoul(text, &end, 10);
        text = *end == '.' ? end + 1 : end;
    }
    return value;
}

static bool same_tcb(const json_t *found, const json_t *expected)
{
    static const char *const levels[] = {"fmc", "bootloader", "tee", "snp", "microcode"};
    const json_t *a = json_object_get(found, "reported_tcb");
    const json_t *b = json_object_get(expected, "reported_tcb");
    for (size_t i = 0; i < ATLS_ARRAY_LEN(levels); i++) {
        const json_t *x = json_object_get(a, levels[i]);
        const json_t *y = json_object_get(b, levels[i]);
        if (x != y && (x == NULL || y == NULL || !json_equal(x, y))) {
            return false;
        }
    }
    return a != NULL;
}

/* may_accept: what the reference values of the samples name, the nonce, and the firmware that the
 * certificate is of, whose signatures do count. A VCEK's CHIP_ID is that of its certificate. */
static bool may_accept(const json_t *found, const json_t *expected, const char **out_why)
{
    static const char *const same[] = {"report_data",       "measurement", "policy",
                                       "host_data",         "vmpl",        "id_key_digest",
                                       "author_key_digest", "product",     "signing_key"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(same); i++) {
        if (!json_equal(json_object_get(found, same[i]), json_object_get(expected, same[i]))) {
            *out_why = same[i];
            return false;
        }
    }
    *out_why = "committed_version";
    if (version_of(found, "committed_version") < version_of(expected, "committed_version") ||
        version_of(found, "current_version") < version_of(found, "committed_version")) {
        return false;
    }
    *out_why = "guest_svn";
    if (json_integer_value(json_object_get(found, "guest_svn")) <
        json_integer_value(json_object_get(expected, "guest_svn"))) {
        return false;
    }
    *out_why = "reported_tcb";
    return same_tcb(found, expected);
}

static const char *const samples[] = {"plain", "other-nonce", "other-machine", "turin", "vlek",
                                      "json",  NULL};
/* The map in the CMW, so that its members are changed as such. */
static const char *const embedded[] = {"[1]", NULL};

const struct mutation_format mutation_snp = {
    .name = "snp",
    .samples = samples,
    .embedded = embedded,
    .other = "psa",
    .may_accept = may_accept,
    .fields = fields,
    .num_fields = ATLS_ARRAY_LEN(fields),
    .set_up = set_up,
    .make = make,
};
