/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which format some octets are in. The rows of a table are tried in their order, so that what is
 * special comes before what is general. The three tables do not meet: JSON, PEM and JWS are text,
 * which no CBOR of these formats begins with (RFC 9999, 4, for CMW), DER begins with 30, and what
 * a TPM or a processor reports begins with numbers that CBOR would read as an integer or a break.
 */
#include "inspect/detect.h"

#include "base/span.h"

typedef bool detector(const struct inspect_value *v);

struct row {
    const char *kind;
    detector *is;
    inspect_explain *explain;
};

/* CBOR */

static bool is_tag_18(const struct inspect_value *v)
{
    return inspect_is_tag(v, 18);
}

static bool is_tag_17(const struct inspect_value *v)
{
    return inspect_is_tag(v, 17);
}

static bool is_tag_98(const struct inspect_value *v)
{
    return inspect_is_tag(v, 98);
}

static bool is_tag_61(const struct inspect_value *v)
{
    return inspect_is_tag(v, 61);
}

static bool is_tag_601(const struct inspect_value *v)
{
    return inspect_is_tag(v, 601);
}

static bool is_tag_602(const struct inspect_value *v)
{
    return inspect_is_tag(v, 602);
}

static bool is_cca(const struct inspect_value *v)
{
    return inspect_is_tag(v, 399) || inspect_is_tag(v, 907) ||
           (v->type == INSPECT_MAP && inspect_has(v, 44234) && inspect_has(v, 44241)) ||
           (inspect_has_text(v, "cca-platform-token") &&
            inspect_has_text(v, "cca-realm-delegated-token"));
}

static bool is_evidence_tag(const struct inspect_value *v)
{
    return v->type == INSPECT_TAG && ((v->argument >= 60000 && v->argument <= 60002) ||
                                      (v->argument >= 0x1a7504 && v->argument <= 0x1a7506));
}

static bool is_concise_evidence(const struct inspect_value *v)
{
    return inspect_is_tag(v, 571);
}

/* is_cose_array: [bstr, map, bstr / nil, bstr], an untagged COSE_Sign1. */
static bool is_cose_array(const struct inspect_value *v)
{
    struct inspect_iter iter = inspect_members(v);
    struct inspect_value protect;
    struct inspect_value open;
    return v->type == INSPECT_ARRAY && inspect_next(&iter, &protect) &&
           protect.type == INSPECT_BYTES && inspect_next(&iter, &open) && open.type == INSPECT_MAP;
}

static const struct row cbor_rows[] = {
    {"cose-sign1", is_tag_18, inspect_cose},
    {"cose-mac0", is_tag_17, inspect_cose},
    {"cose-sign", is_tag_98, inspect_cose},
    {"cwt", is_tag_61, inspect_cose},
    {"uccs", is_tag_601, inspect_claims},
    {"eat-bundle", is_tag_602, inspect_bundle},
    {"corim", inspect_is_corim, inspect_corim},
    {"comid", inspect_is_comid, inspect_comid},
    {"cotl", inspect_is_cotl, inspect_cotl},
    {"cots", inspect_is_cots, inspect_cots},
    {"coswid", inspect_is_coswid, inspect_coswid},
    {"concise-evidence", is_concise_evidence, inspect_concise_evidence},
    {"cca-token", is_cca, inspect_cca},
    {"ra-tls-evidence", is_evidence_tag, inspect_ratls},
    {"cmw-tag", inspect_is_cmw_tag, inspect_cmw},
    {"cmw-record", inspect_is_cmw_record, inspect_cmw},
    {"cose-sign1", is_cose_array, inspect_cose},
    {"parsec-key-attestation", inspect_is_parsec, inspect_parsec},
    {"tsm-report", inspect_is_tsm, inspect_tsm},
    {"cose-key", inspect_is_cose_key, inspect_cose_key},
    {"cmw-collection", inspect_is_cmw_collection, inspect_cmw},
    {"claims", inspect_is_claims, inspect_claims},
};

/* JSON */

static bool is_jws_json(const struct inspect_value *v)
{
    return inspect_has_text(v, "payload") &&
           (inspect_has_text(v, "signature") || inspect_has_text(v, "signatures"));
}

static bool is_jwk(const struct inspect_value *v)
{
    return inspect_has_text(v, "kty");
}

static bool is_jwk_set(const struct inspect_value *v)
{
    struct inspect_value keys;
    return inspect_get_text(v, "keys", &keys) && keys.type == INSPECT_ARRAY;
}

static bool is_attester(const struct inspect_value *v)
{
    return inspect_has_text(v, "rot") && inspect_has_text(v, "format");
}

static bool is_policy(const struct inspect_value *v)
{
    struct inspect_value version;
    struct inspect_value id;
    return inspect_get_text(v, "version", &version) && version.type == INSPECT_UINT &&
           inspect_get_text(v, "id", &id) && id.type == INSPECT_TEXT;
}

static bool is_template(const struct inspect_value *v)
{
    return inspect_has_text(v, "tag-identity") || inspect_has_text(v, "corim-id");
}

static bool is_tcb_info(const struct inspect_value *v)
{
    return inspect_has_text(v, "tcbInfo");
}

static bool is_enclave_identity(const struct inspect_value *v)
{
    return inspect_has_text(v, "enclaveIdentity");
}

static bool is_collateral(const struct inspect_value *v)
{
    return inspect_has_text(v, "tcb_info") && inspect_has_text(v, "qe_identity");
}

static bool is_azure(const struct inspect_value *v)
{
    return inspect_has_text(v, "hcl_report") && inspect_has_text(v, "tpm_quote");
}

static bool is_appraisals(const struct inspect_value *v)
{
    struct inspect_iter iter = inspect_members(v);
    struct inspect_value key;
    struct inspect_value value;
    return v->type == INSPECT_MAP && inspect_next_pair(&iter, &key, &value) &&
           (inspect_has_text(&value, "ear.status") || inspect_has_text(&value, "ear_status"));
}

static bool is_bundle_json(const struct inspect_value *v)
{
    struct inspect_iter iter = inspect_members(v);
    struct inspect_value token;
    struct inspect_value detached;
    return v->type == INSPECT_ARRAY && inspect_next(&iter, &token) && token.type == INSPECT_ARRAY &&
           inspect_next(&iter, &detached) && detached.type == INSPECT_MAP;
}

static const struct row json_rows[] = {
    {"cmw-record", inspect_is_cmw_record, inspect_cmw},
    {"eat-bundle", is_bundle_json, inspect_bundle},
    {"jws", is_jws_json, inspect_jws_json},
    {"jwk", is_jwk, inspect_jwk},
    {"jwk-set", is_jwk_set, inspect_jwk_set},
    {"attester", is_attester, inspect_attester},
    {"policy", is_policy, inspect_policy},
    {"corim-template", is_template, inspect_template},
    {"parsec-key-attestation", inspect_is_parsec, inspect_parsec},
    {"tsm-report", inspect_is_tsm, inspect_tsm},
    {"intel-tcb-info", is_tcb_info, inspect_collateral},
    {"intel-enclave-identity", is_enclave_identity, inspect_collateral},
    {"intel-collateral", is_collateral, inspect_collateral},
    {"azure-vtpm", is_azure, inspect_azure},
    {"ear-appraisals", is_appraisals, inspect_ear_appraisals},
    {"cca-token", is_cca, inspect_cca},
    {"claims", inspect_is_claims, inspect_claims},
    {"cmw-collection", inspect_is_cmw_collection, inspect_cmw},
};

static bool try_rows(const struct row *rows, size_t num_rows, const struct inspect_value *v,
                     struct inspect_found *out)
{
    for (size_t i = 0; i < num_rows; i++) {
        if (rows[i].is(v)) {
            *out = (struct inspect_found){rows[i].kind, rows[i].explain, NULL, *v};
            return true;
        }
    }
    return false;
}

/* is_jws is true for base64url with exactly two dots in it, and something before each. */
static bool is_jws(struct atls_bytes text)
{
    size_t dots = 0;
    if (text.len < 5 || text.data[0] == '.') {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        const bool character = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                               (c >= 'a' && c <= 'z') || c == '-' || c == '_';
        dots += c == '.' ? 1 : 0;
        if (!character && c != '.') {
            return false;
        }
    }
    return dots == 2;
}

/* A PEM block, at the start or after the text that some tools write before it; octets that are no
 * text, such as a quote with certificates in it, are something else. */
static bool is_pem(struct atls_bytes text)
{
    static const char begin[] = "-----BEGIN ";
    for (size_t i = 0; i + sizeof begin - 1 <= text.len; i++) {
        if (text.data[i] == 0 || text.data[i] >= 0x80) {
            return false;
        }
        if (text.data[i] == '-' && (i == 0 || text.data[i - 1] == '\n') &&
            atls_bytes_is_text(inspect_part(text, i, sizeof begin - 1), begin)) {
            return true;
        }
    }
    return false;
}

static bool detect_text(struct atls_bytes octets, struct inspect_found *out)
{
    const struct atls_bytes text = inspect_trim(octets);
    if (text.len == 0) {
        return false;
    }
    if (text.data[0] == '{' || text.data[0] == '[') {
        const struct inspect_value v = inspect_value_json(text);
        return try_rows(json_rows, ATLS_ARRAY_LEN(json_rows), &v, out);
    }
    const struct inspect_value v = inspect_value_octets(octets);
    if (is_jws(text)) {
        *out = (struct inspect_found){"jws", inspect_jws, NULL, v};
        return true;
    }
    if (is_pem(octets)) {
        *out = (struct inspect_found){"pem", inspect_pem, NULL, v};
        return true;
    }
    return false;
}

bool inspect_detect(struct atls_bytes octets, struct inspect_found *out)
{
    if (octets.len == 0) {
        return false;
    }
    if (detect_text(octets, out) || inspect_detect_octets(octets, out)) {
        return true;
    }
    const struct inspect_value v = inspect_value_cbor(octets);
    return try_rows(cbor_rows, ATLS_ARRAY_LEN(cbor_rows), &v, out);
}
