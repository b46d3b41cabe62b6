/* SPDX-License-Identifier: Apache-2.0 */
/* Extensions of certificates: of RFC 5280, and those that carry attestation (CMW, RA-TLS, DICE,
 * the processors' vendors). The value of an extnValue is what is explained. */
#include "inspect/x509.h"

#include "base/span.h"
#include "inspect/names.h"

/* RFC 5280. */

static const struct inspect_der_field constraints_rows[] = {
    {"cA", NULL, NULL, INSPECT_DER_BOOLEAN, false, false},
    {"pathLenConstraint", inspect_der_integer, NULL, INSPECT_DER_INTEGER, false, false},
};
static const struct inspect_der_fields constraints = INSPECT_DER_FIELDS(NULL, constraints_rows);

static void explain_key_usage(struct inspect *in, struct inspect_node *node,
                              const struct inspect_value *v, const void *arg)
{
    static const char *const names[] = {
        "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
        "keyCertSign",      "cRLSign",        "encipherOnly",    "decipherOnly",
    };
    struct inspect_der bits;
    (void)arg;
    inspect_der_octets(in, node, v, NULL);
    if (!inspect_der_is(v->encoded, INSPECT_DER_BIT_STRING, &bits) || bits.content.len < 2) {
        inspect_problem(in, node, "no BIT STRING with a bit");
        return;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(names); i++) {
        const size_t octet = 1 + i / 8;
        if (octet < bits.content.len && (bits.content.data[octet] & 0x80u >> i % 8) != 0) {
            inspect_note(in, node, "%s", names[i]);
        }
    }
}

static const struct inspect_list purposes = {"", inspect_der_any, NULL, 1};

/* explain_ip shows an address of 4 or 16 octets as people write it. */
static void explain_ip(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                       const void *arg)
{
    (void)arg;
    inspect_der_octets(in, node, v, NULL);
    const struct atls_bytes ip = node->octets;
    if (node->shown != INSPECT_SHOW_OCTETS || (ip.len != 4 && ip.len != 16)) {
        inspect_problem(in, node, "an address has 4 or 16 octets");
    } else if (ip.len == 4) {
        inspect_note(in, node, "%u.%u.%u.%u", ip.data[0], ip.data[1], ip.data[2], ip.data[3]);
    } else {
        char text[48] = "";
        for (size_t i = 0; i < 16; i += 2) {
            const size_t used = atls_text_len(text);
            (void)snprintf(&text[used], sizeof text - used, "%s%x", i == 0 ? "" : ":",
                           (unsigned)ip.data[i] << 8 | ip.data[i + 1]);
        }
        inspect_note(in, node, "%s", text);
    }
}

void inspect_general_names(struct inspect *in, struct inspect_node *node,
                           const struct inspect_value *v, const void *arg)
{
    static const struct {
        uint8_t tag;
        const char *name;
        inspect_explain *explain;
    } names[] = {
        {INSPECT_DER_CONTEXT(0), "otherName", inspect_der_any},
        {INSPECT_DER_PRIMITIVE(1), "rfc822Name", inspect_der_text},
        {INSPECT_DER_PRIMITIVE(2), "dNSName", inspect_der_text},
        {INSPECT_DER_CONTEXT(4), "directoryName", inspect_der_any},
        {INSPECT_DER_PRIMITIVE(6), "uniformResourceIdentifier", inspect_der_text},
        {INSPECT_DER_PRIMITIVE(7), "iPAddress", explain_ip},
        {INSPECT_DER_PRIMITIVE(8), "registeredID", inspect_der_any},
    };
    struct atls_bytes rest = v->encoded;
    struct inspect_der e;
    (void)arg;
    if (!inspect_der_take(&rest, INSPECT_DER_SEQUENCE, &e)) {
        inspect_problem(in, node, "no SEQUENCE");
        return;
    }
    inspect_is(in, node, "GeneralNames");
    inspect_show_structure(node);
    rest = e.content;
    while (!in->full && inspect_der_next(&rest, &e)) {
        size_t i = 0;
        while (i < ATLS_ARRAY_LEN(names) && names[i].tag != e.tag) {
            i++;
        }
        const bool known = i < ATLS_ARRAY_LEN(names);
        (void)inspect_add_der(in, node, known ? names[i].name : "GeneralName", &e,
                              known ? names[i].explain : NULL, NULL);
    }
}

static const struct inspect_der_field authority_rows[] = {
    {"keyIdentifier", inspect_der_octets, NULL, INSPECT_DER_PRIMITIVE(0), false, false},
    {"authorityCertIssuer", NULL, NULL, INSPECT_DER_CONTEXT(1), false, false},
    {"authorityCertSerialNumber", inspect_der_octets, NULL, INSPECT_DER_PRIMITIVE(2), false, false},
};
static const struct inspect_der_fields authority = INSPECT_DER_FIELDS(NULL, authority_rows);

/* Attestation. */

/* RFC 9999, 6.1: CMW ::= CHOICE { json UTF8String, cbor OCTET STRING }. */
static void explain_cmw(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v, const void *arg)
{
    static const struct inspect_media cbor = {NULL, INSPECT_CBOR, inspect_cmw, NULL};
    static const struct inspect_media json = {NULL, INSPECT_JSON, inspect_cmw, NULL};
    struct inspect_der e;
    (void)arg;
    const bool is_json = inspect_der_is(v->encoded, INSPECT_DER_UTF8_STRING, &e);
    if (!is_json && !inspect_der_is(v->encoded, INSPECT_DER_OCTET_STRING, &e)) {
        inspect_problem(in, node, "neither a UTF8String nor an OCTET STRING");
        inspect_later(in, node, v, inspect_der_any, NULL);
        return;
    }
    const struct inspect_value inside = inspect_value_octets(e.content);
    inspect_show_structure(node);
    (void)inspect_add(in, node, is_json ? "json" : "cbor", &inside, inspect_content,
                      is_json ? &json : &cbor);
}

/* TCG DICE Attestation Architecture 1.1, 6.1.5, and interoperable RA-TLS: CBOR without more. */
static void explain_cbor(struct inspect *in, struct inspect_node *node,
                         const struct inspect_value *v, const void *arg)
{
    struct inspect_found found;
    (void)arg;
    if (inspect_detect(v->content, &found)) {
        inspect_note_len(in, node, v->content.len);
        inspect_whole(in, node, &found, v->content);
        return;
    }
    const struct inspect_value item = inspect_value_cbor(v->content);
    inspect_check(in, node, &item, v->content);
    inspect_later(in, node, &item, inspect_any, NULL);
}

/* A chip id is octets without more, though some write an OCTET STRING. */
static void explain_chip_id(struct inspect *in, struct inspect_node *node,
                            const struct inspect_value *v, const void *arg)
{
    struct inspect_der e;
    (void)arg;
    inspect_show_octets(in, node,
                        inspect_der_is(v->encoded, INSPECT_DER_OCTET_STRING, &e) ? e.content
                                                                                 : v->content);
}

/* By content, then as DER, then as octets. */
static void explain_other(struct inspect *in, struct inspect_node *node,
                          const struct inspect_value *v, const void *arg)
{
    struct inspect_found found;
    struct atls_bytes rest = v->encoded;
    struct inspect_der e;
    (void)arg;
    if (inspect_detect(v->content, &found)) {
        inspect_note_len(in, node, v->content.len);
        inspect_whole(in, node, &found, v->content);
    } else if (inspect_der_next(&rest, &e) && e.tag != 0 && !e.cut && rest.len == 0) {
        inspect_later(in, node, v, inspect_der_any, NULL);
    } else {
        inspect_show_octets(in, node, v->content);
        inspect_note_printable(in, node, v->content);
    }
}

/* Intel's PCK certificates: SEQUENCE OF { OID, value }, some values such a SEQUENCE again. */
static void explain_intel(struct inspect *in, struct inspect_node *node,
                          const struct inspect_value *v, const void *arg)
{
    static const char component[] = "1.2.840.113741.1.13.1.2.";
    struct atls_bytes rest = v->encoded;
    struct inspect_der e;
    char dotted[INSPECT_MAX_DOTTED];
    (void)arg;
    if (!inspect_der_is(v->encoded, INSPECT_DER_SEQUENCE, &e)) {
        inspect_later(in, node, v, explain_other, NULL); /* some carry a quote under this OID */
        return;
    }
    inspect_show_structure(node);
    rest = e.content;
    while (!in->full && inspect_der_next(&rest, &e)) {
        struct inspect_der value;
        struct atls_bytes pair = e.content;
        if (!inspect_der_take(&pair, INSPECT_DER_OID, &value) ||
            !inspect_der_dotted(value.content, dotted) || !inspect_der_next(&pair, &value)) {
            (void)inspect_add_der(in, node, "element", &e, NULL, NULL);
            continue;
        }
        const char *name = inspect_oid_name(dotted);
        if (name == NULL &&
            atls_bytes_is_text(inspect_part(atls_bytes_text(dotted), 0, sizeof component - 1),
                               component)) {
            name = inspect_name(in, "SGX TCB Comp%s SVN", &dotted[sizeof component - 1]);
        }
        struct inspect_node *child =
            inspect_add_der(in, node, name != NULL ? name : inspect_name(in, "%s", dotted), &value,
                            value.tag == INSPECT_DER_SEQUENCE ? explain_intel : NULL, NULL);
        inspect_note(in, child, "%s", dotted);
    }
}

static const struct {
    const char *dotted;
    inspect_explain *explain;
    const void *arg;
} known[] = {
    {"2.5.29.14", inspect_der_octets, NULL},
    {"2.5.29.15", explain_key_usage, NULL},
    {"2.5.29.17", inspect_general_names, NULL},
    {"2.5.29.18", inspect_general_names, NULL},
    {"2.5.29.19", inspect_der_sequence, &constraints},
    {"2.5.29.35", inspect_der_sequence, &authority},
    {"2.5.29.37", inspect_der_list, &purposes},
    {"1.3.6.1.5.5.7.1.35", explain_cmw, NULL},
    {"2.23.133.5.4.2", explain_cbor, NULL},
    {"2.23.133.5.4.9", explain_cbor, NULL},
    {"1.3.6.1.4.1.3704.1.4", explain_chip_id, NULL},
    {"1.2.840.113741.1.13.1", explain_intel, NULL},
    {"1.2.840.113556.10.1.1", inspect_open_enclave, NULL},
};

static void add_value(struct inspect *in, struct inspect_node *node, const char *dotted,
                      const struct inspect_der *value)
{
    const struct inspect_value inside = inspect_value_octets(value->content);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(known); i++) {
        if (atls_bytes_is_text(atls_bytes_text(dotted), known[i].dotted)) {
            (void)inspect_add(in, node, "extnValue", &inside, known[i].explain, known[i].arg);
            return;
        }
    }
    (void)inspect_add(in, node, "extnValue", &inside, explain_other, NULL);
}

static void explain_extension(struct inspect *in, struct inspect_node *node,
                              const struct inspect_value *v, const void *arg)
{
    struct atls_bytes rest = v->encoded;
    struct inspect_der e;
    char dotted[INSPECT_MAX_DOTTED] = "";
    (void)arg;
    inspect_show_structure(node);
    if (!inspect_der_take(&rest, INSPECT_DER_SEQUENCE, &e)) {
        inspect_problem(in, node, "no SEQUENCE");
        return;
    }
    rest = e.content;
    if (inspect_der_take(&rest, INSPECT_DER_OID, &e)) {
        (void)inspect_add_der(in, node, "extnID", &e, NULL, NULL);
        if (!inspect_der_dotted(e.content, dotted)) {
            inspect_problem(in, node, "extnID is no object identifier");
        }
    } else {
        inspect_problem(in, node, "extnID is missing");
    }
    if (inspect_der_take(&rest, INSPECT_DER_BOOLEAN, &e)) {
        (void)inspect_add_der(in, node, "critical", &e, NULL, NULL);
    }
    if (!inspect_der_take(&rest, INSPECT_DER_OCTET_STRING, &e)) {
        inspect_problem(in, node, "extnValue is missing");
        return;
    }
    if (e.cut) {
        inspect_problem(in, node, "extnValue is cut off");
    }
    add_value(in, node, dotted, &e);
}

/* name_of gives an extension the name of its OID. */
static const char *name_of(struct inspect *in, struct atls_bytes extension)
{
    char dotted[INSPECT_MAX_DOTTED];
    struct inspect_der e;
    if (!inspect_der_take(&extension, INSPECT_DER_SEQUENCE, &e)) {
        return "Extension";
    }
    struct atls_bytes rest = e.content;
    if (!inspect_der_take(&rest, INSPECT_DER_OID, &e) || !inspect_der_dotted(e.content, dotted)) {
        return "Extension";
    }
    const char *name = inspect_oid_name(dotted);
    return name != NULL ? name : inspect_name(in, "%s", dotted);
}

void inspect_x509_extensions(struct inspect *in, struct inspect_node *node,
                             const struct inspect_value *v, const void *arg)
{
    struct atls_bytes rest = v->encoded;
    struct inspect_der e;
    (void)arg;
    inspect_show_structure(node);
    if (!inspect_der_take(&rest, INSPECT_DER_SEQUENCE, &e)) {
        inspect_problem(in, node, "no SEQUENCE");
        return;
    }
    rest = e.content;
    while (!in->full && inspect_der_next(&rest, &e)) {
        (void)inspect_add_der(in, node, name_of(in, e.encoded), &e, explain_extension, NULL);
    }
}
