/* SPDX-License-Identifier: Apache-2.0 */
/* Structures that are neither CBOR nor text. */
#include "inspect/detect.h"

#include "base/reader.h"
#include "base/span.h"
#include "inspect/der.h"

/* Elements of one SEQUENCE, as many as are needed to tell what it is. */
struct sequence {
    struct inspect_der element[5];
    size_t num;
};

/* read_sequence is false unless the octets begin as a SEQUENCE does; a cut one still tells. */
static bool read_sequence(struct atls_bytes octets, struct sequence *out)
{
    struct inspect_der whole;
    out->num = 0;
    if (!inspect_der_take(&octets, INSPECT_DER_SEQUENCE, &whole)) {
        return false;
    }
    struct atls_bytes rest = whole.content;
    while (out->num < ATLS_ARRAY_LEN(out->element) &&
           inspect_der_next(&rest, &out->element[out->num]) && out->element[out->num].tag != 0) {
        out->num++;
    }
    return true;
}

static uint8_t tag_at(const struct sequence *s, size_t i)
{
    return i < s->num ? s->element[i].tag : 0;
}

/* first_inside gives the tag of the first element inside element `i`, 0 for none. */
static uint8_t first_inside(const struct sequence *s, size_t i)
{
    struct inspect_der first;
    struct atls_bytes content = i < s->num ? s->element[i].content : atls_bytes_of(NULL, 0);
    return inspect_der_next(&content, &first) ? first.tag : 0;
}

/* is_key_file: the first element is the type of a TPMKey, 2.23.133.10.1.3 or a neighbour. */
static bool is_key_file(const struct sequence *s)
{
    char dotted[INSPECT_MAX_DOTTED];
    return tag_at(s, 0) == INSPECT_DER_OID && inspect_der_dotted(s->element[0].content, dotted) &&
           atls_bytes_is_text(inspect_part(atls_bytes_text(dotted), 0, 14), "2.23.133.10.1.");
}

/* is_certificate_body: what is signed in a certificate begins with [0] or a serial number, then
 * AlgorithmIdentifier, Name, Validity (two dates). */
static bool is_certificate_body(struct atls_bytes encoded)
{
    struct sequence body;
    if (!read_sequence(encoded, &body)) {
        return false;
    }
    const size_t serial = tag_at(&body, 0) == INSPECT_DER_CONTEXT(0) ? 1 : 0;
    const uint8_t date = first_inside(&body, serial + 3);
    return tag_at(&body, serial) == INSPECT_DER_INTEGER &&
           tag_at(&body, serial + 1) == INSPECT_DER_SEQUENCE &&
           tag_at(&body, serial + 2) == INSPECT_DER_SEQUENCE &&
           (date == INSPECT_DER_UTC_TIME || date == INSPECT_DER_GENERALIZED_TIME);
}

static bool is_crl_body(struct atls_bytes encoded)
{
    struct sequence body;
    if (!read_sequence(encoded, &body)) {
        return false;
    }
    const size_t at = tag_at(&body, 0) == INSPECT_DER_INTEGER ? 1 : 0;
    const uint8_t date = tag_at(&body, at + 2);
    return tag_at(&body, at) == INSPECT_DER_SEQUENCE &&
           tag_at(&body, at + 1) == INSPECT_DER_SEQUENCE &&
           (date == INSPECT_DER_UTC_TIME || date == INSPECT_DER_GENERALIZED_TIME);
}

/* What a SEQUENCE is, by its first elements. */
static bool detect_der(struct atls_bytes octets, struct inspect_found *out)
{
    struct sequence s;
    if (!read_sequence(octets, &s)) {
        return false;
    }
    const uint8_t first = tag_at(&s, 0);
    const uint8_t second = tag_at(&s, 1);
    const uint8_t third = tag_at(&s, 2);
    const bool nested = first == INSPECT_DER_SEQUENCE;
    const bool numbered = first == INSPECT_DER_INTEGER;
    if (nested && is_certificate_body(s.element[0].encoded)) {
        *out = (struct inspect_found){.kind = "certificate", .explain = inspect_certificate};
    } else if (nested && is_crl_body(s.element[0].encoded)) {
        *out = (struct inspect_found){.kind = "crl", .explain = inspect_crl};
    } else if (nested && second == INSPECT_DER_SEQUENCE &&
               first_inside(&s, 0) == INSPECT_DER_INTEGER) {
        *out = (struct inspect_found){.kind = "certificate-request",
                                      .explain = inspect_certificate_request};
    } else if (nested && second == INSPECT_DER_BIT_STRING &&
               first_inside(&s, 0) == INSPECT_DER_OID) {
        *out = (struct inspect_found){.kind = "public-key", .explain = inspect_spki};
    } else if (nested && second == INSPECT_DER_OCTET_STRING &&
               first_inside(&s, 0) == INSPECT_DER_OID) {
        *out = (struct inspect_found){.kind = "private-key", .explain = inspect_encrypted_pkcs8};
    } else if (numbered && second == INSPECT_DER_SEQUENCE && third == INSPECT_DER_OCTET_STRING) {
        *out = (struct inspect_found){.kind = "private-key", .explain = inspect_pkcs8};
    } else if (numbered && second == INSPECT_DER_OCTET_STRING) {
        *out = (struct inspect_found){.kind = "private-key", .explain = inspect_ec_private_key};
    } else if (numbered && tag_at(&s, 4) == INSPECT_DER_INTEGER) {
        *out = (struct inspect_found){.kind = "private-key", .explain = inspect_rsa_private_key};
    } else if (is_key_file(&s)) {
        *out = (struct inspect_found){.kind = "tpm-key", .explain = inspect_tpm_key_file};
    } else if (first == INSPECT_DER_CONTEXT(0) && first_inside(&s, 0) == INSPECT_DER_OID) {
        *out = (struct inspect_found){.kind = "general-names", .explain = inspect_general_names};
    } else {
        return false;
    }
    return true;
}

/* TPM 2.0 structures: big-endian numbers at their start. */

static bool is_hash_alg(uint16_t alg)
{
    return alg == 0x0004 || (alg >= 0x000b && alg <= 0x000d) || alg == 0x0012 ||
           (alg >= 0x0027 && alg <= 0x0029);
}

static bool is_tpmt_public(struct atls_bytes octets)
{
    struct atls_reader r = atls_reader_of(octets);
    uint16_t type = 0;
    uint16_t name_alg = 0;
    uint32_t attributes = 0;
    /* Bits 0, 3, 8, 9, 12 to 15 and 20 to 31 of TPMA_OBJECT are reserved and zero. */
    return atls_read_u16(&r, &type) && atls_read_u16(&r, &name_alg) &&
           atls_read_u32(&r, &attributes) &&
           (type == 0x0001 || type == 0x0008 || type == 0x0023 || type == 0x0025) &&
           is_hash_alg(name_alg) && (attributes & 0xfff0f309u) == 0;
}

/* is_enacttrust: a UUID, the length of a TPMS_ATTEST, the TPMS_ATTEST, a TPMT_SIGNATURE. */
static bool is_enacttrust(struct atls_bytes octets)
{
    struct atls_reader r = atls_reader_of(octets);
    struct atls_bytes node_id;
    struct atls_bytes attest;
    uint16_t scheme = 0;
    return atls_read_bytes(&r, 16, &node_id) && atls_read_vec16(&r, 4, UINT16_MAX, &attest) &&
           atls_bytes_equal(inspect_part(attest, 0, 4), atls_bytes_of("\xff\x54\x43\x47", 4)) &&
           atls_read_u16(&r, &scheme) && scheme >= 0x0014 && scheme <= 0x001c;
}

static bool detect_tpm(struct atls_bytes octets, struct inspect_found *out)
{
    struct atls_reader r = atls_reader_of(octets);
    uint16_t first = 0;
    uint16_t second = 0;
    if (!atls_read_u16(&r, &first) || !atls_read_u16(&r, &second)) {
        return false;
    }
    if (first == 0xff54 && second == 0x4347) {
        *out = (struct inspect_found){.kind = "tpms-attest", .explain = inspect_tpms_attest};
    } else if ((first == 0x0014 || first == 0x0016 || first == 0x0018) && is_hash_alg(second)) {
        *out = (struct inspect_found){.kind = "tpmt-signature", .explain = inspect_tpmt_signature};
    } else if (is_tpmt_public(octets)) {
        *out = (struct inspect_found){.kind = "tpmt-public", .explain = inspect_tpmt_public};
    } else if (first == octets.len - 2 && is_tpmt_public(inspect_rest(octets, 2))) {
        *out = (struct inspect_found){.kind = "tpm2b-public", .explain = inspect_tpm2b_public};
    } else if ((first == 0x000b && octets.len == 34) || (first == 0x000c && octets.len == 50) ||
               (first == 0x000d && octets.len == 66)) {
        *out = (struct inspect_found){.kind = "tpm-name", .explain = inspect_tpm_name};
    } else if (is_enacttrust(octets)) {
        *out = (struct inspect_found){.kind = "enacttrust-token", .explain = inspect_enacttrust};
    } else {
        return false;
    }
    return true;
}

/* Reports of processors, little-endian. */
static bool detect_report(struct atls_bytes octets, struct inspect_found *out)
{
    static const uint8_t signature_algo[] = {1, 0, 0, 0};
    const bool small_version = octets.len >= 4 && octets.data[0] >= 2 && octets.data[0] <= 5 &&
                               octets.data[1] == 0 && octets.data[2] == 0 && octets.data[3] == 0;
    if (octets.len == 1184 && small_version &&
        atls_bytes_equal(inspect_part(octets, 0x34, 4), atls_bytes_of(signature_algo, 4))) {
        *out = (struct inspect_found){.kind = "snp-report", .explain = inspect_snp_report};
    } else if (inspect_quote_is(octets)) {
        *out =
            (struct inspect_found){.kind = inspect_quote_is_tdx(octets) ? "tdx-quote" : "sgx-quote",
                                   .explain = inspect_quote};
    } else if (octets.len > 1216 && atls_bytes_is_text(inspect_part(octets, 0, 4), "HCLA")) {
        *out = (struct inspect_found){.kind = "hcl-report", .explain = inspect_hcl_report};
    } else {
        return false;
    }
    return true;
}

bool inspect_detect_octets(struct atls_bytes octets, struct inspect_found *out)
{
    if (!detect_der(octets, out) && !detect_tpm(octets, out) && !detect_report(octets, out)) {
        return false;
    }
    out->value = inspect_value_octets(octets);
    return true;
}
