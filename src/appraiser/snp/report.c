/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The octets of an attestation report (AMD 56860, table "ATTESTATION_REPORT"), versions 2, 3 and 5.
 * All integers are little-endian. What a version has no field for is zero, or the report is not
 * what this reader takes it for (R-56).
 */
#include "appraiser/snp/snp.h"

#include "appraiser/input.h"
#include "base/diag.h"
#include "base/span.h"

enum { REPORT_LEN = 0x4a0, ECDSA_P384_SHA384 = 1 };

static struct atls_bytes part(struct atls_bytes octets, size_t at, size_t len)
{
    return atls_bytes_of(&octets.data[at], len);
}

/* number reads `len` octets, at most 8, little-endian. */
static uint64_t number(struct atls_bytes octets, size_t at, size_t len)
{
    uint64_t value = 0;
    for (size_t i = len; i > 0; i--) {
        value = value << 8 | octets.data[at + i - 1];
    }
    return value;
}

static enum atls_err malformed_number(struct atls_diag *diag, const char *field, uint64_t found,
                                      const char *expected)
{
    atls_fail_texts(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE, field, NULL, expected);
    atls_diag_found_int(diag, (int64_t)found);
    return ATLS_ERR_EVIDENCE_MALFORMED;
}

/* Reserved octets, and the first version that has a field there (0: none has). */
static const struct reserved {
    size_t at, len;
    uint32_t until;
    const char *name;
} reserved[] = {
    {0x04c, 4, 0, "reserved octets at 04c"},
    {0x188, 3, 3, "reserved octets at 188"}, /* CPUID_FAM_ID, CPUID_MOD_ID, CPUID_STEP */
    {0x18b, 21, 0, "reserved octets at 18b"},
    {0x1eb, 1, 0, "reserved octet at 1eb"},
    {0x1ef, 1, 0, "reserved octet at 1ef"},
    {0x1f8, 16, 5, "reserved octets at 1f8"}, /* LAUNCH_MIT_VECTOR, CURRENT_MIT_VECTOR */
    {0x208, 152, 0, "reserved octets at 208"},
    {0x2d0, 24, 0, "upper octets of SIGNATURE.R"},
    {0x318, 24, 0, "upper octets of SIGNATURE.S"},
    {0x330, 368, 0, "reserved octets of SIGNATURE"},
};

static enum atls_err check_reserved(struct atls_bytes octets, uint32_t version,
                                    struct atls_diag *diag)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(reserved); i++) {
        const struct reserved *r = &reserved[i];
        if ((r->until == 0 || version < r->until) && !atls_is_zero(part(octets, r->at, r->len))) {
            return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE, r->name,
                                   "another value", "zero");
        }
    }
    return ATLS_OK;
}

static enum atls_err check_form(struct atls_bytes octets, struct atls_diag *diag)
{
    if (octets.len != REPORT_LEN) {
        return malformed_number(diag, "octets of the report", octets.len, "1184");
    }
    const uint64_t version = number(octets, 0x000, 4);
    if (version != 2 && version != 3 && version != 5) {
        return malformed_number(diag, "VERSION", version, "2, 3 or 5");
    }
    const uint64_t algorithm = number(octets, 0x034, 4);
    if (algorithm != ECDSA_P384_SHA384) {
        return malformed_number(diag, "SIGNATURE_ALGO", algorithm, "1, ECDSA P-384 with SHA-384");
    }
    return check_reserved(octets, (uint32_t)version, diag);
}

/* check_bits: a bit without a meaning here may loosen what the others say. */
static enum atls_err check_bits(struct atls_bytes octets, struct atls_diag *diag)
{
    static const struct {
        const char *name;
        size_t at, len;
        uint64_t known, must;
    } fields[] = {
        {"POLICY", 0x008, 8, UINT64_C(0x3ffffff), UINT64_C(1) << 17},
        {"PLATFORM_INFO", 0x040, 8, 0xff, 0}, /* bit 6 has no name, and is set on Turin */
        {"KEY_INFO", 0x048, 4, 0x1f, 0},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(fields); i++) {
        const uint64_t value = number(octets, fields[i].at, fields[i].len);
        if ((value & ~fields[i].known) == 0 && (value & fields[i].must) == fields[i].must) {
            continue;
        }
        atls_fail_texts(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE, fields[i].name,
                        NULL, "reserved bits as the specification has them");
        atls_diag_found_bytes(diag, part(octets, fields[i].at, fields[i].len));
        return ATLS_ERR_EVIDENCE_MALFORMED;
    }
    return ATLS_OK;
}

/* read_signing_key: 7 means that nobody signed (56860, "SIGNING_KEY"). */
static enum atls_err read_signing_key(enum atls_amd_key *out, struct atls_bytes octets,
                                      struct atls_diag *diag)
{
    const uint64_t key = number(octets, 0x048, 4) >> 2;
    if (key > 1) {
        atls_fail_texts(diag, ATLS_ERR_SIGNATURE, ATLS_STEP_STRUCTURE, "SIGNING_KEY", NULL,
                        "0, a VCEK, or 1, a VLEK");
        atls_diag_found_int(diag, (int64_t)key);
        atls_diag_found_text(diag, key == 7 ? ", no signature" : "");
        return ATLS_ERR_SIGNATURE;
    }
    *out = key == 0 ? ATLS_AMD_VCEK : ATLS_AMD_VLEK;
    return ATLS_OK;
}

static void read_version(uint8_t out[3], struct atls_bytes octets, size_t at)
{
    for (size_t i = 0; i < 3; i++) { /* build, minor, major */
        out[i] = octets.data[at + 2 - i];
    }
}

static void read_fields(struct atls_snp_report *r, struct atls_bytes o)
{
    r->octets = o;
    r->version = (uint32_t)number(o, 0x000, 4);
    r->guest_svn = (uint32_t)number(o, 0x004, 4);
    r->policy = number(o, 0x008, 8);
    r->family_id = part(o, 0x010, 16);
    r->image_id = part(o, 0x020, 16);
    r->vmpl = (uint32_t)number(o, 0x030, 4);
    r->current_tcb = part(o, 0x038, 8);
    r->platform_info = number(o, 0x040, 8);
    r->author_key_en = (o.data[0x048] & 1) != 0;
    r->mask_chip_key = (o.data[0x048] & 2) != 0;
    r->report_data = part(o, 0x050, 64);
    r->measurement = part(o, 0x090, 48);
    r->host_data = part(o, 0x0c0, 32);
    r->id_key_digest = part(o, 0x0e0, 48);
    r->author_key_digest = part(o, 0x110, 48);
    r->report_id = part(o, 0x140, 32);
    r->report_id_ma = part(o, 0x160, 32);
    r->reported_tcb = part(o, 0x180, 8);
    r->family = o.data[0x188];
    r->model = o.data[0x189];
    r->stepping = o.data[0x18a];
    r->chip_id = part(o, 0x1a0, 64);
    r->committed_tcb = part(o, 0x1e0, 8);
    read_version(r->current_version, o, 0x1e8);
    read_version(r->committed_version, o, 0x1ec);
    r->launch_tcb = part(o, 0x1f0, 8);
    r->launch_mit_vector = number(o, 0x1f8, 8);
    r->current_mit_vector = number(o, 0x200, 8);
}

enum atls_err atls_snp_report_read(struct atls_snp_report *out, struct atls_bytes octets,
                                   struct atls_diag *diag)
{
    struct atls_snp_report report;
    memset(&report, 0, sizeof report);
    enum atls_err err = check_form(octets, diag);
    if (err == ATLS_OK) {
        err = check_bits(octets, diag);
    }
    if (err == ATLS_OK) {
        err = read_signing_key(&report.signing_key, octets, diag);
    }
    if (err == ATLS_OK) {
        read_fields(&report, octets);
        *out = report;
    }
    return err;
}
