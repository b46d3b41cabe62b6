/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of a report as CoRIM sees them (draft-deeglaze-amd-sev-snp-corim-profile), and how a
 * reference value is held against one. Levels of firmware are minimums, each component by itself:
 * as one number, a high microcode would make up for an old boot loader.
 */
#include "appraiser/snp/snp.h"

#include "base/diag.h"
#include "base/span.h"

#include <stdio.h>

enum form {
    NUMBER_TEXT, /* version, decimal */
    SVN,
    BITS,        /* raw-value, big-endian */
    OCTETS,      /* raw-value, as in the report */
    DIGEST,      /* SHA-384 */
    TCB,         /* svn, whose octets are components */
    FIRMWARE,    /* version, major.minor.build */
    NOT_COMPARED /* REPORT_DATA: it is held against the nonce, and never against a reference */
};

static const struct row {
    struct atls_snp_field field;
    enum form form;
} rows[ATLS_SNP_NUM_FIELDS] = {
    {{"VERSION", 0, ATLS_SNP_FIELD_CONFIGURATION}, NUMBER_TEXT},
    {{"GUEST_SVN", 1, ATLS_SNP_FIELD_GUEST_SVN}, SVN},
    {{"POLICY", 2, ATLS_SNP_FIELD_CONFIGURATION}, BITS},
    {{"FAMILY_ID", 3, ATLS_SNP_FIELD_CONFIGURATION}, OCTETS},
    {{"IMAGE_ID", 4, ATLS_SNP_FIELD_CONFIGURATION}, OCTETS},
    {{"VMPL", 5, ATLS_SNP_FIELD_CONFIGURATION}, BITS},
    {{"CURRENT_TCB", 6, ATLS_SNP_FIELD_TCB}, TCB},
    {{"PLATFORM_INFO", 7, ATLS_SNP_FIELD_CONFIGURATION}, BITS},
    {{"REPORT_DATA", 640, ATLS_SNP_FIELD_CONFIGURATION}, NOT_COMPARED},
    {{"MEASUREMENT", 641, ATLS_SNP_FIELD_LAUNCH}, DIGEST},
    {{"HOST_DATA", 642, ATLS_SNP_FIELD_CONFIGURATION}, OCTETS},
    {{"ID_KEY_DIGEST", 643, ATLS_SNP_FIELD_CONFIGURATION}, DIGEST},
    {{"AUTHOR_KEY_DIGEST", 644, ATLS_SNP_FIELD_CONFIGURATION}, DIGEST},
    {{"REPORT_ID", 645, ATLS_SNP_FIELD_CONFIGURATION}, OCTETS},
    {{"REPORT_ID_MA", 646, ATLS_SNP_FIELD_CONFIGURATION}, OCTETS},
    {{"REPORTED_TCB", 647, ATLS_SNP_FIELD_TCB}, TCB},
    {{"CHIP_ID", 3328, ATLS_SNP_FIELD_CONFIGURATION}, OCTETS},
    {{"COMMITTED_TCB", 3329, ATLS_SNP_FIELD_TCB}, TCB},
    {{"CURRENT_VERSION", 3330, ATLS_SNP_FIELD_TCB}, FIRMWARE},
    {{"COMMITTED_VERSION", 3936, ATLS_SNP_FIELD_TCB}, FIRMWARE},
    {{"LAUNCH_TCB", 3968, ATLS_SNP_FIELD_TCB}, TCB},
};

/* 1.3.6.1.4.1.3704.3.1 */
static const uint8_t class_id[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x03, 0x01};
enum { TAG_BYTES = 560, TAG_OID = 111, SHA384 = 7, SEMVER = 16384, DECIMAL = 4 };

/* What one field is filled from: the parts that its form looks at. */
struct source {
    uint64_t number;
    size_t num_octets;
    struct atls_bytes octets;
    const uint8_t *version;
};

static void fill(struct atls_snp_measured *out, size_t i, const struct source *source)
{
    struct atls_measured *values = &out->fields[i].values;
    switch (rows[i].form) {
    case NUMBER_TEXT:
        snprintf(out->texts[i], sizeof out->texts[i], "%u", (unsigned)source->number);
        values->has = ATLS_HAS_VERSION | ATLS_HAS_VERSION_SCHEME;
        values->version_scheme = DECIMAL;
        values->version = atls_bytes_text(out->texts[i]);
        break;
    case FIRMWARE:
        if (source->version == NULL) {
            break;
        }
        snprintf(out->texts[i], sizeof out->texts[i], "%u.%u.%u", source->version[0],
                 source->version[1], source->version[2]);
        values->has = ATLS_HAS_VERSION | ATLS_HAS_VERSION_SCHEME;
        values->version_scheme = SEMVER;
        values->version = atls_bytes_text(out->texts[i]);
        break;
    case SVN:
        values->has = ATLS_HAS_SVN;
        values->svn = source->number;
        break;
    case TCB: /* the octets as one little-endian number */
        values->has = ATLS_HAS_SVN;
        for (size_t k = source->octets.len; k > 0; k--) {
            values->svn = values->svn << 8 | source->octets.data[k - 1];
        }
        break;
    case BITS:
        for (size_t k = 0; k < source->num_octets; k++) {
            out->octets[i][k] = (uint8_t)(source->number >> 8 * (source->num_octets - 1 - k));
        }
        values->has = ATLS_HAS_RAW;
        values->raw = atls_bytes_of(out->octets[i], source->num_octets);
        break;
    case DIGEST:
        out->digests[i] = (struct atls_mdigest){.number = SHA384, .value = source->octets};
        values->has = ATLS_HAS_DIGESTS;
        values->digests = (struct atls_mdigest_list){.items = &out->digests[i], .num = 1};
        break;
    case OCTETS:
    case NOT_COMPARED:
    default:
        values->has = ATLS_HAS_RAW;
        values->raw = source->octets;
        break;
    }
}

void atls_snp_measure(struct atls_snp_measured *out, const struct atls_snp_report *r,
                      const struct atls_snp_product *product)
{
    const struct source sources[ATLS_SNP_NUM_FIELDS] = {
        {.number = r->version},
        {.number = r->guest_svn},
        {.number = r->policy, .num_octets = 8},
        {.octets = r->family_id},
        {.octets = r->image_id},
        {.number = r->vmpl, .num_octets = 4},
        {.octets = r->current_tcb},
        {.number = r->platform_info, .num_octets = 8},
        {.octets = r->report_data},
        {.octets = r->measurement},
        {.octets = r->host_data},
        {.octets = r->id_key_digest},
        {.octets = r->author_key_digest},
        {.octets = r->report_id},
        {.octets = r->report_id_ma},
        {.octets = r->reported_tcb},
        {.octets = r->chip_id},
        {.octets = r->committed_tcb},
        {.version = r->current_version},
        {.version = r->committed_version},
        {.octets = r->launch_tcb},
    };
    memset(out, 0, sizeof *out);
    out->environment.class_id =
        (struct atls_tagged){TAG_OID, atls_bytes_of(class_id, sizeof class_id)};
    out->environment.instance = (struct atls_tagged){TAG_BYTES, r->measurement};
    out->environment.has_vendor = true;
    out->environment.vendor = atls_bytes_text("Advanced Micro Devices");
    out->environment.has_model = true;
    out->environment.model = atls_bytes_text(product->name);
    for (size_t i = 0; i < ATLS_SNP_NUM_FIELDS; i++) {
        out->fields[i].mkey.kind = ATLS_MKEY_UINT;
        out->fields[i].mkey.number = rows[i].field.mkey;
        fill(out, i, &sources[i]);
    }
}

/* is_at_least compares two TCB versions: each octet is a component, or reserved and zero. */
static bool is_at_least(uint64_t found, uint64_t minimum)
{
    for (unsigned shift = 0; shift < 64; shift += 8) {
        if ((found >> shift & 0xff) < (minimum >> shift & 0xff)) {
            return false;
        }
    }
    return true;
}

/* read_version reads "1.55.8"; false for anything else. */
static bool read_version(uint32_t out[3], struct atls_bytes text)
{
    size_t part = 0, digits = 0;
    memset(out, 0, 3 * sizeof out[0]);
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        if (c == '.' && digits != 0 && part < 2) {
            part++;
            digits = 0;
        } else if (c >= '0' && c <= '9' && digits < 3) {
            out[part] = out[part] * 10 + (uint32_t)(c - '0');
            digits++;
        } else {
            return false;
        }
    }
    return part == 2 && digits != 0;
}

static bool is_version_at_least(struct atls_bytes found, struct atls_bytes minimum)
{
    uint32_t f[3], m[3];
    if (!read_version(f, found) || !read_version(m, minimum)) {
        return false;
    }
    for (size_t i = 0; i < 3; i++) {
        if (f[i] != m[i]) {
            return f[i] > m[i];
        }
    }
    return true;
}

static bool matches(const struct row *row, const struct atls_measured *reference,
                    const struct atls_measured *found)
{
    switch (row->form) {
    case NOT_COMPARED:
        return true;
    case TCB:
        return (reference->has & ATLS_HAS_SVN) != 0 && is_at_least(found->svn, reference->svn);
    case FIRMWARE:
        return (reference->has & ATLS_HAS_VERSION) != 0 &&
               is_version_at_least(found->version, reference->version);
    case NUMBER_TEXT: /* whatever scheme the endorser calls it */
        return (reference->has & ATLS_HAS_VERSION) != 0 &&
               atls_bytes_equal(found->version, reference->version);
    case SVN:
    case BITS:
    case OCTETS:
    case DIGEST:
    default:
        return atls_measured_matches(reference, found);
    }
}

/* show_tcb writes the eight octets as they stand in the report. */
static struct atls_bytes tcb_octets(uint8_t out[8], uint64_t svn)
{
    for (unsigned i = 0; i < 8; i++) {
        out[i] = (uint8_t)(svn >> 8 * i);
    }
    return atls_bytes_of(out, 8);
}

static void expect_version(struct atls_diag *why, const char *how, struct atls_bytes text)
{
    char shown[32] = {0};
    memcpy(shown, text.data, text.len < sizeof shown ? text.len : sizeof shown - 1);
    atls_diag_expected_text(why, how);
    atls_diag_expected_text(why, shown);
}

static void explain(struct atls_diag *why, const struct row *row, struct atls_measured reference,
                    const struct atls_measured *found)
{
    uint8_t octets[8];
    struct atls_mdigest digest = {.number = 0};
    size_t cursor = 0;
    atls_fail(why, ATLS_ERR_REFERENCE_VALUES, "evidence appraisal", row->field.name);
    switch (row->form) {
    case TCB:
        atls_diag_found_bytes(why, tcb_octets(octets, found->svn));
        atls_diag_expected_text(why, "each component at least that of ");
        atls_diag_expected_bytes(why, tcb_octets(octets, reference.svn));
        break;
    case SVN:
        atls_diag_found_int(why, (int64_t)found->svn);
        atls_diag_expected_text(why, reference.svn_is_min ? "at least " : "");
        atls_diag_expected_int(why, (int64_t)reference.svn);
        break;
    case FIRMWARE:
    case NUMBER_TEXT:
        atls_diag_found_peer_text(why, found->version);
        expect_version(why, row->form == FIRMWARE ? "at least " : "", reference.version);
        break;
    case DIGEST:
        atls_diag_found_bytes(why, found->digests.items[0].value);
        if (atls_mdigest_next(&reference.digests, &cursor, &digest)) {
            atls_diag_expected_bytes(why, digest.value);
        }
        break;
    case BITS:
    case OCTETS:
    case NOT_COMPARED:
    default:
        atls_diag_found_bytes(why, found->raw);
        atls_diag_expected_bytes(why, reference.raw);
        if (reference.raw_mask.len != 0) {
            atls_diag_expected_text(why, " in the bits of ");
            atls_diag_expected_bytes(why, reference.raw_mask);
        }
        break;
    }
}

bool atls_snp_compare(const struct atls_snp_measured *measured,
                      const struct atls_measurement_map *reference,
                      const struct atls_snp_field **out, struct atls_diag *why)
{
    for (size_t i = 0; i < ATLS_SNP_NUM_FIELDS; i++) {
        if (!atls_mkey_matches(&reference->mkey, &measured->fields[i].mkey)) {
            continue;
        }
        *out = &rows[i].field;
        if (matches(&rows[i], &reference->values, &measured->fields[i].values)) {
            return true;
        }
        explain(why, &rows[i], reference->values, &measured->fields[i].values);
        return false;
    }
    static const struct atls_snp_field unknown = {"measurement", 0, ATLS_SNP_FIELD_CONFIGURATION};
    *out = &unknown;
    atls_fail_texts(why, ATLS_ERR_REFERENCE_VALUES, "evidence appraisal", unknown.name,
                    "none of that key", "one that the profile has");
    return false;
}
