/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/sim_snp_report.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "json/base64.h"

#include <errno.h>
#include <stdlib.h>

static const char step[] = "sim-snp";

static const struct atls_sim_snp_line lines[] = {
    {"Milan", false, 64, {0x19, 0x01, 0x01}, {0x04, 0, 0, 0, 0, 0, 0x18, 0xdb}},
    {"Genoa", false, 64, {0x19, 0x11, 0x01}, {0x0a, 0, 0, 0, 0, 0, 0x17, 0x54}},
    {"Turin", true, 8, {0x1a, 0x02, 0x01}, {0x01, 0x01, 0x01, 0x04, 0, 0, 0, 0x48}},
};

/* Fields by name (AMD 56860, table "ATTESTATION_REPORT"): numbers are little-endian. */
static const struct field {
    const char *name;
    uint16_t at, len;
    bool is_number;
} fields[] = {
    {"version", 0x000, 4, true},
    {"guest_svn", 0x004, 4, true},
    {"policy", 0x008, 8, true},
    {"family_id", 0x010, 16, false},
    {"image_id", 0x020, 16, false},
    {"vmpl", 0x030, 4, true},
    {"signature_algo", 0x034, 4, true},
    {"current_tcb", 0x038, 8, false},
    {"platform_info", 0x040, 8, true},
    {"key_info", 0x048, 4, true},
    {"report_data", 0x050, 64, false},
    {"measurement", 0x090, 48, false},
    {"host_data", 0x0c0, 32, false},
    {"id_key_digest", 0x0e0, 48, false},
    {"author_key_digest", 0x110, 48, false},
    {"report_id", 0x140, 32, false},
    {"report_id_ma", 0x160, 32, false},
    {"reported_tcb", 0x180, 8, false},
    {"cpuid", 0x188, 3, false},
    {"chip_id", 0x1a0, 64, false},
    {"committed_tcb", 0x1e0, 8, false},
    {"current_version", 0x1e8, 3, false},
    {"committed_version", 0x1ec, 3, false},
    {"launch_tcb", 0x1f0, 8, false},
    {"launch_mit_vector", 0x1f8, 8, true},
    {"current_mit_vector", 0x200, 8, true},
};

static const struct field *find_field(struct atls_bytes name)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(fields); i++) {
        if (atls_bytes_is_text(name, fields[i].name)) {
            return &fields[i];
        }
    }
    return NULL;
}

struct atls_bytes atls_sim_snp_field(const struct atls_sim_snp *snp, const char *name)
{
    const struct field *field = find_field(atls_bytes_text(name));
    return field != NULL ? atls_bytes_of(&snp->report[field->at], field->len)
                         : atls_bytes_of(NULL, 0);
}

bool atls_sim_snp_is_vlek(const struct atls_sim_snp *snp)
{
    return (snp->report[0x048] >> 2 & 7) == 1;
}

static enum atls_err refuse(const char *setting, const char *expected, struct atls_diag *diag)
{
    atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "--set", NULL, expected);
    atls_diag_found_peer_text(diag, atls_bytes_text(setting));
    return ATLS_ERR_ARGUMENT;
}

static void put_number(struct atls_sim_snp *snp, const char *name, uint64_t value)
{
    const struct field *field = find_field(atls_bytes_text(name));
    for (size_t i = 0; i < field->len; i++) {
        snp->report[field->at + i] = (uint8_t)(value >> 8 * i);
    }
}

static void put_octets(struct atls_sim_snp *snp, const char *name, struct atls_bytes octets)
{
    memcpy(&snp->report[find_field(atls_bytes_text(name))->at], octets.data, octets.len);
}

/* set_number takes decimal digits, or hexadecimal ones behind 0x. */
static enum atls_err set_number(struct atls_sim_snp *snp, const struct field *field,
                                const char *value, const char *setting, struct atls_diag *diag)
{
    char *end = NULL;
    errno = 0;
    const unsigned long long number = strtoull(value, &end, 0);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0 ||
        (field->len < 8 && number >> 8 * field->len != 0)) {
        return refuse(setting, "a number of the field's length", diag);
    }
    put_number(snp, field->name, number);
    return ATLS_OK;
}

static enum atls_err set_octets(uint8_t *out, size_t len, const char *value, const char *setting,
                                struct atls_diag *diag)
{
    uint8_t octets[64];
    const struct atls_buf room = {octets, sizeof octets};
    size_t found = 0;
    if (!atls_hex_decode(atls_bytes_text(value), room, &found) || found != len) {
        return refuse(setting, "hex digits of the field's length", diag);
    }
    memcpy(out, octets, len);
    return ATLS_OK;
}

static enum atls_err set_signing_key(struct atls_sim_snp *snp, const char *value,
                                     const char *setting, struct atls_diag *diag)
{
    const bool vlek = strcmp(value, "vlek") == 0;
    if (!vlek && strcmp(value, "vcek") != 0) {
        return refuse(setting, "vcek or vlek", diag);
    }
    put_number(snp, "key_info", vlek ? 4 : 0);
    return ATLS_OK;
}

static void set_all_tcbs(struct atls_sim_snp *snp, struct atls_bytes tcb)
{
    static const char *const names[] = {"current_tcb", "reported_tcb", "committed_tcb",
                                        "launch_tcb"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(names); i++) {
        put_octets(snp, names[i], tcb);
    }
}

/* What the certificate says follows the report, until it is set by itself. */
static void follow(struct atls_sim_snp *snp)
{
    const struct atls_bytes tcb = atls_sim_snp_field(snp, "reported_tcb");
    const struct atls_bytes chip_id = atls_sim_snp_field(snp, "chip_id");
    if (tcb.len == sizeof snp->cert_tcb && chip_id.len == sizeof snp->cert_chip_id) {
        memcpy(snp->cert_tcb, tcb.data, tcb.len);
        memcpy(snp->cert_chip_id, chip_id.data, chip_id.len);
    }
}

/* split gives name and value of "name=value"; NULL where there is no '='. */
static const char *split(struct atls_bytes *name, const char *setting)
{
    const char *equal = strchr(setting, '=');
    if (equal != NULL) {
        *name = atls_bytes_of(setting, (size_t)(equal - setting));
    }
    return equal != NULL ? equal + 1 : NULL;
}

static enum atls_err set_text(char *out, size_t cap, const char *value, const char *setting,
                              struct atls_diag *diag)
{
    const size_t len = strlen(value);
    if (len == 0 || len >= cap) {
        return refuse(setting, "a short text", diag);
    }
    memcpy(out, value, len + 1);
    return ATLS_OK;
}

/* set_certificate sets what the certificate says, apart from the report; *out_known is false for
 * something else. */
static enum atls_err set_certificate(struct atls_sim_snp *snp, bool *out_known,
                                     struct atls_bytes name, const char *value, const char *setting,
                                     struct atls_diag *diag)
{
    *out_known = true;
    if (atls_bytes_is_text(name, "certificate.tcb")) {
        return set_octets(snp->cert_tcb, sizeof snp->cert_tcb, value, setting, diag);
    }
    if (atls_bytes_is_text(name, "certificate.chip_id")) {
        return set_octets(snp->cert_chip_id, snp->line->chip_id_len, value, setting, diag);
    }
    if (atls_bytes_is_text(name, "certificate.product")) {
        return set_text(snp->cert_product, sizeof snp->cert_product, value, setting, diag);
    }
    if (atls_bytes_is_text(name, "certificate.subject")) {
        return set_text(snp->cert_subject, sizeof snp->cert_subject, value, setting, diag);
    }
    if (atls_bytes_is_text(name, "certificate.issuer")) {
        return set_text(snp->cert_issuer, sizeof snp->cert_issuer, value, setting, diag);
    }
    *out_known = false;
    return ATLS_OK;
}

static enum atls_err set(struct atls_sim_snp *snp, const char *setting, struct atls_diag *diag)
{
    struct atls_bytes name;
    const char *value = split(&name, setting);
    if (value == NULL) {
        return refuse(setting, "field=value", diag);
    }
    if (atls_bytes_is_text(name, "product")) {
        return ATLS_OK; /* taken before all others */
    }
    if (atls_bytes_is_text(name, "signing_key")) {
        return set_signing_key(snp, value, setting, diag);
    }
    bool known = false;
    uint8_t tcb[8];
    enum atls_err err = set_certificate(snp, &known, name, value, setting, diag);
    if (known) {
        return err;
    }
    if (atls_bytes_is_text(name, "tcb")) {
        err = set_octets(tcb, sizeof tcb, value, setting, diag);
        if (err == ATLS_OK) {
            set_all_tcbs(snp, atls_bytes_of(tcb, sizeof tcb));
        }
    } else {
        const struct field *field = find_field(name);
        if (field == NULL || atls_bytes_is_text(name, "report_data")) {
            return refuse(setting, "a field of the report, such as measurement", diag);
        }
        err = field->is_number
                  ? set_number(snp, field, value, setting, diag)
                  : set_octets(&snp->report[field->at], field->len, value, setting, diag);
    }
    if (err == ATLS_OK) {
        follow(snp);
    }
    return err;
}

static enum atls_err choose_line(const struct atls_sim_snp_line **out, const char *const *settings,
                                 size_t num, struct atls_diag *diag)
{
    *out = &lines[0];
    for (size_t i = 0; i < num; i++) {
        struct atls_bytes name;
        const char *value = split(&name, settings[i]);
        if (value == NULL || !atls_bytes_is_text(name, "product")) {
            continue;
        }
        size_t line = 0;
        while (line < ATLS_ARRAY_LEN(lines) && strcmp(value, lines[line].name) != 0) {
            line++;
        }
        if (line == ATLS_ARRAY_LEN(lines)) {
            return refuse(settings[i], "Milan, Genoa or Turin", diag);
        }
        *out = &lines[line];
    }
    return ATLS_OK;
}

/* fill_random gives the platform and the guest identities of their own. */
static enum atls_err fill_random(struct atls_sim_snp *snp, struct atls_diag *diag)
{
    uint8_t octets[96];
    const struct atls_buf room = {octets, sizeof octets};
    const enum atls_err err = atls_random(room);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "chip_id");
    }
    put_octets(snp, "chip_id", atls_bytes_of(octets, snp->line->chip_id_len));
    put_octets(snp, "report_id", atls_bytes_of(&octets[64], 32));
    return ATLS_OK;
}

static enum atls_err fill_defaults(struct atls_sim_snp *snp, struct atls_diag *diag)
{
    static const uint8_t version[] = {0x1d, 0x37, 0x01}; /* 1.55, build 29 */
    uint8_t none[32];
    struct atls_digest launch;
    memset(none, 0xff, sizeof none);
    put_number(snp, "version", 3);
    put_number(snp, "guest_svn", 1);
    put_number(snp, "policy", 0x30000);
    put_number(snp, "signature_algo", 1);
    put_number(snp, "platform_info", 0x25);
    put_octets(snp, "report_id_ma", atls_bytes_of(none, sizeof none));
    put_octets(snp, "current_version", atls_bytes_of(version, sizeof version));
    put_octets(snp, "committed_version", atls_bytes_of(version, sizeof version));
    put_octets(snp, "cpuid", atls_bytes_of(snp->line->cpuid, sizeof snp->line->cpuid));
    set_all_tcbs(snp, atls_bytes_of(snp->line->tcb, sizeof snp->line->tcb));
    /* A simulated measurement is the hash of a name, so that two machines have the same. */
    const enum atls_err err = atls_crypto_openssl()->hash(
        ATLS_ALG_SHA384, atls_bytes_text("atls simulated launch"), &launch);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "measurement");
    }
    put_octets(snp, "measurement", atls_digest_bytes(&launch));
    return fill_random(snp, diag);
}

/* settle takes away what a version or a kind of key has no field for. */
static void settle(struct atls_sim_snp *snp, bool cpuid_is_set, bool chip_is_set)
{
    static const uint8_t zeros[64] = {0};
    if (snp->report[0] == 2 && !cpuid_is_set) {
        put_octets(snp, "cpuid", atls_bytes_of(zeros, 3));
    }
    if (atls_sim_snp_is_vlek(snp) && !chip_is_set) {
        put_octets(snp, "chip_id", atls_bytes_of(zeros, sizeof zeros));
    }
}

enum atls_err atls_sim_snp_init(struct atls_sim_snp *out, const char *const *settings,
                                size_t num_settings, struct atls_diag *diag)
{
    struct atls_sim_snp snp;
    bool cpuid_is_set = false, chip_is_set = false;
    memset(&snp, 0, sizeof snp);
    enum atls_err err = choose_line(&snp.line, settings, num_settings, diag);
    if (err == ATLS_OK) {
        err = fill_defaults(&snp, diag);
    }
    follow(&snp);
    for (size_t i = 0; err == ATLS_OK && i < num_settings; i++) {
        err = set(&snp, settings[i], diag);
        cpuid_is_set = cpuid_is_set || strncmp(settings[i], "cpuid=", 6) == 0;
        chip_is_set = chip_is_set || strncmp(settings[i], "chip_id=", 8) == 0;
    }
    if (err == ATLS_OK) {
        settle(&snp, cpuid_is_set, chip_is_set);
        *out = snp;
    }
    return err;
}

enum { HALF_LEN = 48, FIELD_LEN = 72, REPORT_DATA = 0x50 };

/* put_half writes r or s as the report has it: little-endian, in a field of 72 octets. */
static void put_half(uint8_t *field, const uint8_t *half)
{
    for (size_t i = 0; i < HALF_LEN; i++) {
        field[i] = half[HALF_LEN - 1 - i];
    }
}

enum atls_err atls_sim_snp_sign(uint8_t out[ATLS_SIM_SNP_REPORT_LEN],
                                const uint8_t unsigned_part[ATLS_SIM_SNP_SIGNED_LEN],
                                const struct atls_key *key, struct atls_bytes nonce,
                                struct atls_diag *diag)
{
    uint8_t raw[2 * HALF_LEN];
    const struct atls_buf room = {raw, sizeof raw};
    size_t len = 0;
    memset(out, 0, ATLS_SIM_SNP_REPORT_LEN);
    memcpy(out, unsigned_part, ATLS_SIM_SNP_SIGNED_LEN);
    memset(&out[REPORT_DATA], 0, ATLS_MAX_NONCE_LEN);
    memcpy(&out[REPORT_DATA], nonce.data, nonce.len);
    const struct atls_bytes signed_part = {out, ATLS_SIM_SNP_SIGNED_LEN};
    const enum atls_err err =
        atls_crypto_openssl()->sign(ATLS_ALG_ES384, key, &signed_part, 1, room, &len);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "SIGNATURE");
    }
    put_half(&out[ATLS_SIM_SNP_SIGNED_LEN], raw);
    put_half(&out[ATLS_SIM_SNP_SIGNED_LEN + FIELD_LEN], &raw[HALF_LEN]);
    return ATLS_OK;
}
