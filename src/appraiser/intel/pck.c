/* SPDX-License-Identifier: Apache-2.0 */
/* The extension of PCK certificates: a SEQUENCE of {OID, value}, one of them such a list again. */
#include "appraiser/intel/pck.h"

#include "base/reader.h"
#include "base/span.h"

static const char step[] = "PCK certificate";

/* 1.2.840.113741.1.13.1; a member has one number more, of the TCB and of the configuration two. */
static const uint8_t extension_oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};

enum { BOOLEAN = 0x01, INTEGER = 0x02, OCTET_STRING = 0x04, OID = 0x06 };
enum { ENUMERATED = 0x0a, SEQUENCE = 0x30 };

enum member { PPID = 1, TCB, PCE_ID, FMSPC, TYPE, INSTANCE, CONFIGURATION, NUM_MEMBERS };
static const char *const member_names[NUM_MEMBERS] = {[PPID] = "PPID",
                                                      [TCB] = "TCB",
                                                      [PCE_ID] = "PCEID",
                                                      [FMSPC] = "FMSPC",
                                                      [TYPE] = "SGX Type",
                                                      [INSTANCE] = "Platform Instance ID",
                                                      [CONFIGURATION] = "Configuration"};

enum tcb_member { COMPONENT_1 = 1, COMPONENT_16 = 16, PCESVN = 17, CPUSVN = 18 };
enum { DYNAMIC_PLATFORM = 1, CACHED_KEYS = 2, SMT_ENABLED = 3 };

static enum atls_err refuse(const char *claim, const char *found, const char *expected,
                            struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_MALFORMED, step, claim, found, expected);
}

/* read_length takes a length of DER (X.690, 10.1): definite, and in its shortest form. */
static bool read_length(struct atls_reader *r, size_t *out)
{
    uint8_t first = 0;
    uint8_t octet = 0;
    size_t len = 0;
    if (!atls_read_u8(r, &first)) {
        return false;
    }
    if (first < 0x80) {
        *out = first;
        return true;
    }
    if (first != 0x81 && first != 0x82) {
        return false;
    }
    for (uint8_t i = first & 0x7f; i > 0; i--) {
        if (!atls_read_u8(r, &octet)) {
            return false;
        }
        len = len << 8 | octet;
    }
    *out = len;
    return len >= (first == 0x81 ? 0x80u : 0x100u);
}

/* read_value takes one value with this tag. */
static bool read_value(struct atls_reader *r, uint8_t tag, struct atls_reader *out)
{
    struct atls_reader ahead = *r;
    uint8_t found = 0;
    size_t len = 0;
    struct atls_bytes content;
    if (!atls_read_u8(&ahead, &found) || found != tag || !read_length(&ahead, &len) ||
        !atls_read_bytes(&ahead, len, &content)) {
        return false;
    }
    *out = atls_reader_of(content);
    *r = ahead;
    return true;
}

static bool read_octets(struct atls_reader *r, struct atls_buf out)
{
    struct atls_reader value;
    if (!read_value(r, OCTET_STRING, &value) || value.left != out.cap) {
        return false;
    }
    memcpy(out.data, value.data, out.cap);
    return true;
}

/* read_number takes 0 to `max`, in the fewest octets and never negative (X.690, 8.3). */
static bool read_number(struct atls_reader *r, uint8_t tag, uint16_t max, uint16_t *out)
{
    struct atls_reader value;
    uint32_t number = 0;
    if (!read_value(r, tag, &value) || value.left == 0 || value.left > 3 ||
        (value.data[0] & 0x80) != 0 ||
        (value.left > 1 && value.data[0] == 0 && (value.data[1] & 0x80) == 0)) {
        return false;
    }
    for (size_t i = 0; i < value.left; i++) {
        number = number << 8 | value.data[i];
    }
    if (number > max) {
        return false;
    }
    *out = (uint16_t)number;
    return true;
}

/* read_entry takes {OID, value}: `number` is the last arc, under `prefix`. What is left of *out is
 * the value. */
static bool read_entry(struct atls_reader *list, struct atls_bytes prefix, uint8_t *number,
                       struct atls_reader *out)
{
    struct atls_reader entry;
    struct atls_reader oid;
    if (!read_value(list, SEQUENCE, &entry) || !read_value(&entry, OID, &oid) ||
        oid.left != prefix.len + 1 ||
        !atls_bytes_equal(atls_bytes_of(oid.data, prefix.len), prefix)) {
        return false;
    }
    *number = oid.data[prefix.len];
    *out = entry;
    return true;
}

/* Members are taken in any order, each once: bit n of `seen`. */
static bool is_first(uint32_t *seen, uint8_t number)
{
    const uint32_t bit = UINT32_C(1) << number;
    const bool first = (*seen & bit) == 0;
    *seen |= bit;
    return first;
}

static bool read_tcb_member(struct atls_pck *out, uint8_t number, struct atls_reader *value)
{
    const struct atls_buf cpu_svn = {out->cpu_svn, sizeof out->cpu_svn};
    uint16_t svn = 0;
    if (number >= COMPONENT_1 && number <= COMPONENT_16) {
        if (!read_number(value, INTEGER, UINT8_MAX, &svn)) {
            return false;
        }
        out->components[number - COMPONENT_1] = (uint8_t)svn;
        return true;
    }
    return number == PCESVN ? read_number(value, INTEGER, UINT16_MAX, &out->pcesvn)
                            : number == CPUSVN && read_octets(value, cpu_svn);
}

static bool read_tcb(struct atls_pck *out, struct atls_reader *value)
{
    uint8_t prefix[sizeof extension_oid + 1];
    uint32_t seen = 0;
    struct atls_reader list;
    memcpy(prefix, extension_oid, sizeof extension_oid);
    prefix[sizeof extension_oid] = TCB;
    if (!read_value(value, SEQUENCE, &list)) {
        return false;
    }
    while (list.left != 0) {
        uint8_t number = 0;
        struct atls_reader member;
        if (!read_entry(&list, atls_bytes_of(prefix, sizeof prefix), &number, &member) ||
            number < COMPONENT_1 || number > CPUSVN || !is_first(&seen, number) ||
            !read_tcb_member(out, number, &member) || !atls_read_end(&member)) {
            return false;
        }
    }
    return seen == ((UINT32_C(1) << (CPUSVN + 1)) - 1 - 1);
}

static bool read_boolean(struct atls_reader *r, enum atls_pck_said *out)
{
    struct atls_reader value;
    if (!read_value(r, BOOLEAN, &value) || value.left != 1 ||
        (value.data[0] != 0 && value.data[0] != 0xff)) {
        return false;
    }
    *out = value.data[0] == 0 ? ATLS_PCK_NO : ATLS_PCK_YES;
    return true;
}

static bool read_configuration(struct atls_pck *out, struct atls_reader *value)
{
    uint8_t prefix[sizeof extension_oid + 1];
    uint32_t seen = 0;
    struct atls_reader list;
    memcpy(prefix, extension_oid, sizeof extension_oid);
    prefix[sizeof extension_oid] = CONFIGURATION;
    if (!read_value(value, SEQUENCE, &list)) {
        return false;
    }
    while (list.left != 0) {
        uint8_t number = 0;
        struct atls_reader member;
        if (!read_entry(&list, atls_bytes_of(prefix, sizeof prefix), &number, &member) ||
            number < DYNAMIC_PLATFORM || number > SMT_ENABLED || !is_first(&seen, number)) {
            return false;
        }
        enum atls_pck_said *said = number == DYNAMIC_PLATFORM ? &out->dynamic_platform
                                   : number == CACHED_KEYS    ? &out->cached_keys
                                                              : &out->smt_enabled;
        if (!read_boolean(&member, said) || !atls_read_end(&member)) {
            return false;
        }
    }
    return true;
}

static bool read_type(struct atls_pck *out, struct atls_reader *value)
{
    uint16_t type = 0;
    if (!read_number(value, ENUMERATED, ATLS_PCK_SCALABLE_WITH_INTEGRITY, &type)) {
        return false;
    }
    out->type = (enum atls_pck_type)type;
    return true;
}

static bool read_member(struct atls_pck *out, uint8_t number, struct atls_reader *value)
{
    const struct atls_buf ppid = {out->ppid, sizeof out->ppid};
    const struct atls_buf pce_id = {out->pce_id, sizeof out->pce_id};
    const struct atls_buf fmspc = {out->fmspc, sizeof out->fmspc};
    const struct atls_buf instance = {out->instance, sizeof out->instance};
    switch ((enum member)number) {
    case PPID:
        return read_octets(value, ppid);
    case TCB:
        return read_tcb(out, value);
    case PCE_ID:
        return read_octets(value, pce_id);
    case FMSPC:
        return read_octets(value, fmspc);
    case TYPE:
        return read_type(out, value);
    case INSTANCE:
        out->has_instance = true;
        return read_octets(value, instance);
    case CONFIGURATION:
        return read_configuration(out, value);
    case NUM_MEMBERS:
    default:
        return false;
    }
}

enum atls_err atls_pck_read_extension(struct atls_pck *out, struct atls_bytes der,
                                      struct atls_diag *diag)
{
    struct atls_pck pck;
    struct atls_reader r = atls_reader_of(der);
    struct atls_reader list;
    uint32_t seen = 0;
    memset(&pck, 0, sizeof pck);
    if (!read_value(&r, SEQUENCE, &list) || !atls_read_end(&r)) {
        return refuse("SGX extension", "something else", "a SEQUENCE in DER", diag);
    }
    while (list.left != 0) {
        uint8_t number = 0;
        struct atls_reader value;
        if (!read_entry(&list, atls_bytes_of(extension_oid, sizeof extension_oid), &number,
                        &value) ||
            number < PPID || number >= NUM_MEMBERS) {
            return refuse("SGX extension", "another member", "the members of Intel's profile",
                          diag);
        }
        if (!is_first(&seen, number)) {
            return refuse(member_names[number], "a second one", "each member once", diag);
        }
        if (!read_member(&pck, number, &value) || !atls_read_end(&value)) {
            return refuse(member_names[number], "another form",
                          "type, length and members of Intel's profile", diag);
        }
    }
    for (unsigned number = PPID; number <= TYPE; number++) {
        if ((seen >> number & 1) == 0) {
            return refuse(member_names[number], "none", "every member of Intel's profile", diag);
        }
    }
    *out = pck;
    return ATLS_OK;
}

enum atls_err atls_pck_read(struct atls_pck *out, const struct atls_x509 *cert,
                            struct atls_diag *diag)
{
    struct atls_bytes der;
    if (!atls_x509_extension(cert, atls_bytes_of(extension_oid, sizeof extension_oid), &der)) {
        return refuse("SGX extension", "none", "1.2.840.113741.1.13.1", diag);
    }
    return atls_pck_read_extension(out, der, diag);
}
