/* SPDX-License-Identifier: Apache-2.0 */
/* X.509 certificates and revocation lists (RFC 5280), certificate requests (RFC 2986). */
#include "inspect/x509.h"

#include "base/span.h"
#include "inspect/names.h"

/* Names. */

/* short_name gives the letters that RFC 4514 has for an attribute type, else its long name. */
static const char *short_name(const char *dotted)
{
    static const char *const letters[][2] = {
        {"2.5.4.3", "CN"}, {"2.5.4.6", "C"},  {"2.5.4.7", "L"},
        {"2.5.4.8", "ST"}, {"2.5.4.10", "O"}, {"2.5.4.11", "OU"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(letters); i++) {
        if (atls_bytes_is_text(atls_bytes_text(dotted), letters[i][0])) {
            return letters[i][1];
        }
    }
    const char *name = inspect_oid_name(dotted);
    return name != NULL ? name : dotted;
}

/* add_attribute adds one AttributeTypeAndValue, and its text to the note of the whole name. */
static void add_attribute(struct inspect *in, struct inspect_node *node,
                          const struct inspect_der *attribute)
{
    struct atls_bytes rest = attribute->content;
    struct inspect_der type;
    struct inspect_der value;
    char dotted[INSPECT_MAX_DOTTED];
    if (attribute->tag != INSPECT_DER_SEQUENCE ||
        !inspect_der_take(&rest, INSPECT_DER_OID, &type) ||
        !inspect_der_dotted(type.content, dotted) || !inspect_der_next(&rest, &value)) {
        (void)inspect_add_der(in, node, "AttributeTypeAndValue", attribute, NULL, NULL);
        inspect_problem_at(in, node, attribute->encoded.data, "no AttributeTypeAndValue");
        return;
    }
    const char *name = inspect_oid_name(dotted);
    struct inspect_node *child =
        inspect_add_der(in, node, name != NULL ? name : inspect_name(in, "%s", dotted), &value,
                        inspect_der_text, NULL);
    inspect_note(in, child, "%s", dotted);
    if (value.content.len != 0 && value.content.len < 100 &&
        memchr(value.content.data, 0, value.content.len) == NULL) {
        inspect_note(in, node, "%s=%s", short_name(dotted), inspect_keep_text(in, value.content));
    }
}

void inspect_x509_name(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                       const void *arg)
{
    struct atls_bytes rest = v->encoded;
    struct inspect_der whole;
    struct inspect_der set;
    struct inspect_der attribute;
    (void)arg;
    inspect_show_structure(node);
    if (!inspect_der_take(&rest, INSPECT_DER_SEQUENCE, &whole)) {
        inspect_problem(in, node, "no SEQUENCE");
        return;
    }
    rest = whole.content;
    if (rest.len == 0) {
        inspect_note(in, node, "empty");
    }
    while (!in->full && inspect_der_next(&rest, &set)) {
        struct atls_bytes members = set.content;
        if (set.tag != INSPECT_DER_SET) {
            inspect_problem_at(in, node, set.encoded.data, "no SET");
        }
        while (!in->full && inspect_der_next(&members, &attribute)) {
            add_attribute(in, node, &attribute);
        }
    }
}

/* Certificates. */

static const struct inspect_name_of version_rows[] = {{0, "v1"}, {1, "v2"}, {2, "v3"}};
static const struct inspect_names versions = INSPECT_NAMES("a version", version_rows, false);

static const struct inspect_der_field validity_rows[] = {
    {"notBefore", inspect_der_time, NULL, 0, true, false},
    {"notAfter", inspect_der_time, NULL, 0, true, false},
};
static const struct inspect_der_fields validity = INSPECT_DER_FIELDS(NULL, validity_rows);

/* clang-format off: one field a line */
static const struct inspect_der_field body_rows[] = {
    {"version", inspect_der_integer, &versions, INSPECT_DER_CONTEXT(0), false, true},
    {"serialNumber", inspect_der_integer, NULL, INSPECT_DER_INTEGER, true, false},
    {"signature", inspect_algorithm_identifier, NULL, INSPECT_DER_SEQUENCE, true, false},
    {"issuer", inspect_x509_name, NULL, INSPECT_DER_SEQUENCE, true, false},
    {"validity", inspect_der_sequence, &validity, INSPECT_DER_SEQUENCE, true, false},
    {"subject", inspect_x509_name, NULL, INSPECT_DER_SEQUENCE, true, false},
    {"subjectPublicKeyInfo", inspect_spki, NULL, INSPECT_DER_SEQUENCE, true, false},
    {"issuerUniqueID", inspect_der_octets, NULL, INSPECT_DER_PRIMITIVE(1), false, false},
    {"subjectUniqueID", inspect_der_octets, NULL, INSPECT_DER_PRIMITIVE(2), false, false},
    {"extensions", inspect_x509_extensions, NULL, INSPECT_DER_CONTEXT(3), false, true},
};
/* clang-format on */
static const struct inspect_der_fields body = INSPECT_DER_FIELDS(NULL, body_rows);

static const struct inspect_der_field certificate_rows[] = {
    {"tbsCertificate", inspect_der_sequence, &body, INSPECT_DER_SEQUENCE, true, false},
    {"signatureAlgorithm", inspect_algorithm_identifier, NULL, INSPECT_DER_SEQUENCE, true, false},
    {"signatureValue", inspect_der_octets, NULL, INSPECT_DER_BIT_STRING, true, false},
};
static const struct inspect_der_fields certificate =
    INSPECT_DER_FIELDS("X.509 certificate", certificate_rows);

/* check_end marks what stands behind the one element that the octets should be. */
static void check_end(struct inspect *in, struct inspect_node *node, const struct inspect_value *v)
{
    struct atls_bytes rest = v->encoded;
    struct inspect_der whole;
    if (inspect_der_next(&rest, &whole) && rest.len != 0) {
        inspect_problem_at(in, node, rest.data, "%zu octets behind the end", rest.len);
    }
}

void inspect_certificate(struct inspect *in, struct inspect_node *node,
                         const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_der_sequence(in, node, v, &certificate);
    inspect_note_sha256(in, node, "", v->encoded);
    check_end(in, node, v);
}

/* Certificate requests. */

static const struct inspect_list attribute_list = {"attribute", inspect_der_any, NULL, 0};

/* clang-format off: one field a line */
static const struct inspect_der_field request_body_rows[] = {
    {"version", inspect_der_integer, &versions, INSPECT_DER_INTEGER, true, false},
    {"subject", inspect_x509_name, NULL, INSPECT_DER_SEQUENCE, true, false},
    {"subjectPKInfo", inspect_spki, NULL, INSPECT_DER_SEQUENCE, true, false},
    {"attributes", inspect_der_list, &attribute_list, INSPECT_DER_CONTEXT(0), false, false},
};
/* clang-format on */
static const struct inspect_der_fields request_body = INSPECT_DER_FIELDS(NULL, request_body_rows);
static const struct inspect_der_field request_rows[] = {
    {"certificationRequestInfo", inspect_der_sequence, &request_body, INSPECT_DER_SEQUENCE, true,
     false},
    {"signatureAlgorithm", inspect_algorithm_identifier, NULL, INSPECT_DER_SEQUENCE, true, false},
    {"signature", inspect_der_octets, NULL, INSPECT_DER_BIT_STRING, true, false},
};
static const struct inspect_der_fields request =
    INSPECT_DER_FIELDS("certificate request (PKCS #10)", request_rows);

void inspect_certificate_request(struct inspect *in, struct inspect_node *node,
                                 const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_der_sequence(in, node, v, &request);
    check_end(in, node, v);
}

/* Revocation lists. */

static const struct inspect_der_field revoked_rows[] = {
    {"userCertificate", inspect_der_integer, NULL, INSPECT_DER_INTEGER, true, false},
    {"revocationDate", inspect_der_time, NULL, 0, true, false},
    {"crlEntryExtensions", inspect_x509_extensions, NULL, INSPECT_DER_SEQUENCE, false, false},
};
static const struct inspect_der_fields revoked = INSPECT_DER_FIELDS(NULL, revoked_rows);
static const struct inspect_list revoked_list = {"", inspect_der_sequence, &revoked, 0};

/* clang-format off: one field a line */
static const struct inspect_der_field crl_body_rows[] = {
    {"version", inspect_der_integer, &versions, INSPECT_DER_INTEGER, false, false},
    {"signature", inspect_algorithm_identifier, NULL, INSPECT_DER_SEQUENCE, true, false},
    {"issuer", inspect_x509_name, NULL, INSPECT_DER_SEQUENCE, true, false},
    {"thisUpdate", inspect_der_time, NULL, 0, true, false},
    {"nextUpdate", inspect_der_time, NULL, INSPECT_DER_UTC_TIME, false, false},
    {"nextUpdate", inspect_der_time, NULL, INSPECT_DER_GENERALIZED_TIME, false, false},
    {"revokedCertificates", inspect_der_list, &revoked_list, INSPECT_DER_SEQUENCE, false, false},
    {"crlExtensions", inspect_x509_extensions, NULL, INSPECT_DER_CONTEXT(0), false, true},
};
/* clang-format on */
static const struct inspect_der_fields crl_body = INSPECT_DER_FIELDS(NULL, crl_body_rows);
static const struct inspect_der_field crl_rows[] = {
    {"tbsCertList", inspect_der_sequence, &crl_body, INSPECT_DER_SEQUENCE, true, false},
    {"signatureAlgorithm", inspect_algorithm_identifier, NULL, INSPECT_DER_SEQUENCE, true, false},
    {"signatureValue", inspect_der_octets, NULL, INSPECT_DER_BIT_STRING, true, false},
};
static const struct inspect_der_fields crl =
    INSPECT_DER_FIELDS("certificate revocation list", crl_rows);

void inspect_crl(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                 const void *arg)
{
    (void)arg;
    inspect_der_sequence(in, node, v, &crl);
    check_end(in, node, v);
}
