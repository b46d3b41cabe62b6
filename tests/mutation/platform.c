/* SPDX-License-Identifier: Apache-2.0 */
#include "mutation/platform.h"

#include "base/span.h"
#include "crypto/issue.h"
#include "crypto/pem.h"
#include "json/base64.h"
#include "mutation/json.h"
#include "mutation/wrap.h"
#include "sim/sim_intel_pck.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BOOLEAN = 0x01, INTEGER = 0x02, OCTET_STRING = 0x04, OID = 0x06 };
enum { ENUMERATED = 0x0a, SEQUENCE = 0x30 };
enum { WIDTH = 2 }; /* of the length of a vector, VALUE_VEC16 */

/* der_of writes tag and length as they are said, the shortest way, and the octets. */
static struct atls_bytes der_of(uint8_t tag, size_t says, struct atls_bytes content)
{
    const struct atls_buf room = test_room(content.len + 4);
    struct atls_writer w = atls_writer_of(room);
    atls_write_u8(&w, tag);
    if (says >= 0x100) {
        atls_write_u8(&w, 0x82);
        atls_write_u16(&w, (uint16_t)says);
    } else {
        if (says >= 0x80) {
            atls_write_u8(&w, 0x81);
        }
        atls_write_u8(&w, (uint8_t)says);
    }
    atls_write_bytes(&w, content);
    return atls_bytes_of(room.data, w.len);
}

/* other_tag: of each variant another one, none of them a tag of the profile's but two. */
static uint8_t other_tag(unsigned variant)
{
    static const uint8_t tags[] = {0x05, 0x03, 0x0c, 0x13, 0x31, 0x17, 0xa0, 0x84, 0x09};
    return tags[variant % ATLS_ARRAY_LEN(tags)];
}

/* value_of gives one value of DER, with the change of its content or of its tag, and how often it
 * is there. */
static struct value_result value_of(struct value_change *change, const char *field, uint8_t tag,
                                    struct atls_bytes content)
{
    const bool named = strcmp(change->field, field) == 0;
    const struct atls_buf vector = test_room(WIDTH + content.len);
    vector.data[0] = (uint8_t)(content.len >> 8);
    vector.data[1] = (uint8_t)content.len;
    memcpy(&vector.data[WIDTH], content.data, content.len);
    struct value_result result =
        value_change_apply(change, field, VALUE_VEC16, atls_bytes_of(vector.data, vector.cap));
    if (named && change->kind == VALUE_CHANGE_TYPE) {
        tag = other_tag(change->variant);
        change->applied = true;
    }
    const struct atls_bytes changed =
        atls_bytes_of(&result.encoded.data[WIDTH], result.encoded.len - WIDTH);
    if (named && change->kind == VALUE_CHANGE_ZERO && atls_bytes_equal(changed, content)) {
        change->applied = false; /* it is zero */
    }
    result.encoded =
        der_of(tag, (size_t)(result.encoded.data[0] << 8 | result.encoded.data[1]), changed);
    return result;
}

/* A list of entries that grows. */
struct list {
    struct value_change *change;
    struct atls_writer w;
};

static struct list list_of(struct value_change *change)
{
    const struct list list = {change, atls_writer_of(test_room(8192))};
    return list;
}

static struct atls_bytes written(const struct list *list)
{
    return atls_bytes_of(list->w.data, list->w.len);
}

/* put adds {OID, value}; `arc` is 0 for a member of the outer list. */
static void put(struct list *list, const char *field, uint8_t member, uint8_t arc, uint8_t tag,
                struct atls_bytes content)
{
    const uint8_t oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01, member, arc};
    const size_t oid_len = arc == 0 ? sizeof oid - 1 : sizeof oid;
    const struct value_result value = value_of(list->change, field, tag, content);
    const struct mutation_parts entry = {
        .part = {der_of(OID, oid_len, atls_bytes_of(oid, oid_len)), value.encoded}, .num_parts = 2};
    const struct atls_bytes octets = mutation_join(&entry);
    for (unsigned i = 0; i < value.times; i++) {
        atls_write_bytes(&list->w, der_of(SEQUENCE, octets.len, octets));
    }
}

/* number gives the content of an INTEGER of at most 16 bits. */
static struct atls_bytes number(uint64_t value)
{
    const uint8_t octets[] = {0, (uint8_t)(value >> 8), (uint8_t)value};
    const size_t skip = value > 0x7fff ? 0 : value > 0x7f ? 1 : 2;
    return test_copy(atls_bytes_of(&octets[skip], sizeof octets - skip));
}

static struct atls_bytes tcb_of(const struct atls_sim_platform *p, struct value_change *change)
{
    struct list list = list_of(change);
    char field[32];
    for (uint8_t i = 0; i < sizeof p->components; i++) {
        snprintf(field, sizeof field, "pck.TCB.COMP%u", i + 1u);
        put(&list, field, 2, (uint8_t)(i + 1), INTEGER, number(p->components[i]));
    }
    put(&list, "pck.TCB.PCESVN", 2, 17, INTEGER, number((uint64_t)p->pcesvn));
    put(&list, "pck.TCB.CPUSVN", 2, 18, OCTET_STRING,
        atls_bytes_of(p->components, sizeof p->components));
    return written(&list);
}

static struct atls_bytes configuration_of(struct value_change *change)
{
    static const uint8_t yes = 0xff;
    struct list list = list_of(change);
    put(&list, "pck.Configuration.DynamicPlatform", 7, 1, BOOLEAN, atls_bytes_of(&yes, 1));
    put(&list, "pck.Configuration.CachedKeys", 7, 2, BOOLEAN, atls_bytes_of(&yes, 1));
    put(&list, "pck.Configuration.SMTEnabled", 7, 3, BOOLEAN, atls_bytes_of(&yes, 1));
    return written(&list);
}

/* extension gives what a Platform CA writes into a certificate. */
static struct value_result extension(const struct atls_sim_platform *p, struct value_change *change)
{
    static const uint8_t standard = 0;
    struct list list = list_of(change);
    put(&list, "pck.PPID", 1, 0, OCTET_STRING, atls_bytes_of(p->ppid, sizeof p->ppid));
    put(&list, "pck.TCB", 2, 0, SEQUENCE, tcb_of(p, change));
    put(&list, "pck.PCEID", 3, 0, OCTET_STRING, atls_bytes_of(p->pce_id, sizeof p->pce_id));
    put(&list, "pck.FMSPC", 4, 0, OCTET_STRING, atls_bytes_of(p->fmspc, sizeof p->fmspc));
    put(&list, "pck.SGXType", 5, 0, ENUMERATED, atls_bytes_of(&standard, 1));
    put(&list, "pck.PlatformInstanceID", 6, 0, OCTET_STRING, test_fill(0xab, 16));
    put(&list, "pck.Configuration", 7, 0, SEQUENCE, configuration_of(change));
    return value_of(change, "pck", SEQUENCE, written(&list));
}

/* block gives the DER of one block of a PEM text. */
static struct atls_bytes block(const char *pem, unsigned which)
{
    struct atls_bytes text = atls_bytes_text(pem);
    struct atls_pem_block found = {.label = {NULL, 0}};
    size_t len = 0;
    for (unsigned i = 0; i <= which; i++) {
        if (atls_pem_next(&text, &found) != ATLS_PEM_BLOCK) {
            abort();
        }
    }
    const struct atls_buf room = test_room(found.body.len);
    if (!atls_pem_decode(&found, room, &len)) {
        abort();
    }
    return atls_bytes_of(room.data, len);
}

/* is_said: the change is this one, of a certificate as a whole. */
static bool is_said(struct value_change *change, const char *field)
{
    const bool is_it = change->kind == VALUE_CHANGE_OTHER && strcmp(change->field, field) == 0;
    change->applied = change->applied || is_it;
    return is_it;
}

static struct atls_bytes issue(const struct atls_issue_spec *spec, const struct atls_key *subject,
                               const struct atls_issuer *issuer)
{
    uint8_t *der = NULL;
    size_t len = 0;
    if (atls_issue_cert(&der, &len, spec, subject, issuer, NULL) != ATLS_OK) {
        abort();
    }
    const struct atls_bytes out = test_copy(atls_bytes_of(der, len));
    free(der);
    return out;
}

/* pck_of issues the PCK certificate with this extension; `times` is 0 for none, 2 for two. */
static struct atls_bytes pck_of(const struct test_quote *t, struct value_change *change,
                                const struct value_result *extended, struct atls_bytes ca)
{
    const struct atls_cert_extension extensions[] = {{ATLS_SIM_PCK_OID, false, extended->encoded},
                                                     {ATLS_SIM_PCK_OID, false, extended->encoded}};
    struct atls_issue_spec spec = {
        .common_name = "Intel SGX PCK Certificate",
        .serial = 4,
        .not_before_s = TEST_QUOTE_NOW - 86400,
        .not_after_s = TEST_QUOTE_NOW + 86400,
        .path_len = ATLS_ISSUE_NO_PATH_LEN,
        .usage = ATLS_ISSUE_DIGITAL_SIGNATURE | ATLS_ISSUE_NON_REPUDIATION,
        .extensions = extensions,
        .num_extensions = extended->times,
        .signature = ATLS_CHAIN_ECDSA_SHA256,
    };
    const struct atls_issuer issuer = {ca, t->intel.ca};
    if (is_said(change, "pck.subject")) {
        spec.common_name = "Intel SGX TCB Signing";
    }
    if (is_said(change, "pck.notBefore")) {
        spec.not_before_s = TEST_QUOTE_NOW + 3600;
    }
    if (is_said(change, "pck.notAfter")) {
        spec.not_after_s = TEST_QUOTE_NOW - 3600;
    }
    if (is_said(change, "pck.keyUsage")) {
        spec.usage = ATLS_ISSUE_CRL_SIGN;
    }
    if (is_said(change, "pck.basicConstraints")) {
        spec.is_ca = true;
    }
    return issue(&spec, t->intel.pck, &issuer);
}

/* ca_of issues the authority of PCK certificates anew where the change is of it. */
static struct atls_bytes ca_of(const struct test_quote *t, struct value_change *change)
{
    struct atls_issue_spec spec = {
        .common_name = "Intel SGX PCK Platform CA",
        .serial = 2,
        .not_before_s = TEST_QUOTE_NOW - 86400,
        .not_after_s = TEST_QUOTE_NOW + 86400,
        .is_ca = true,
        .usage = ATLS_ISSUE_CERT_SIGN | ATLS_ISSUE_CRL_SIGN,
        .signature = ATLS_CHAIN_ECDSA_SHA256,
    };
    const struct atls_issuer issuer = {block(t->intel.chain_pem, 2), t->intel.root};
    if (is_said(change, "ca.subject")) {
        spec.common_name = "Intel SGX PCK Other CA";
    } else if (is_said(change, "ca.notAfter")) {
        spec.not_after_s = TEST_QUOTE_NOW - 3600;
    } else if (is_said(change, "ca.keyUsage")) {
        spec.usage = ATLS_ISSUE_CRL_SIGN;
    } else if (is_said(change, "ca.basicConstraints")) {
        spec.is_ca = false;
        spec.path_len = ATLS_ISSUE_NO_PATH_LEN;
    } else if (!is_said(change, "ca.signature")) {
        return block(t->intel.chain_pem, 1);
    }
    const struct atls_issuer other = {issuer.cert, t->intel.ca};
    return issue(&spec, t->intel.ca, strcmp(change->field, "ca.signature") == 0 ? &other : &issuer);
}

static void add_pem(struct mutation_parts *out, struct atls_bytes der)
{
    char *base64 = atls_base64_new(der);
    if (base64 == NULL) {
        abort();
    }
    out->part[out->num_parts++] = atls_bytes_text("-----BEGIN CERTIFICATE-----\n");
    out->part[out->num_parts++] = test_copy(atls_bytes_text(base64));
    out->part[out->num_parts++] = atls_bytes_text("\n-----END CERTIFICATE-----\n");
    free(base64);
}

const char *mutation_pck_chain(const struct test_quote *t, struct value_change *change)
{
    struct mutation_parts chain = {.num_parts = 0};
    const struct value_result extended = extension(&t->quote.platform, change);
    const struct atls_bytes ca = ca_of(t, change);
    add_pem(&chain, pck_of(t, change, &extended, ca));
    add_pem(&chain, ca);
    add_pem(&chain, block(t->intel.chain_pem, 2));
    chain.part[chain.num_parts++] = test_fill(0, 1);
    return (const char *)mutation_join(&chain).data;
}

/* sign puts a body and its signature into the bundle, as Intel's service does. */
static void sign(json_t *bundle, const struct test_quote *t, struct value_change *change,
                 const char *name, const char *member, const char *signature_member)
{
    json_error_t error;
    json_t *body = json_loads(json_string_value(json_object_get(bundle, member)), 0, &error);
    const struct atls_bytes text = mutation_json(change, name, body);
    char *hex = atls_hex_new(test_sign(t->intel.tcb, ATLS_ALG_ES256, text));
    json_object_set_new(bundle, member, json_stringn((const char *)text.data, text.len));
    json_object_set_new(bundle, signature_member, json_string(hex));
    free(hex);
    json_decref(body);
}

/* Ways in which a list of revoked certificates is wrong, or names one of the quote's. */
static const struct {
    const char *field;
    unsigned issuer; /* its place in the chain */
    int64_t this_s, next_s;
    uint64_t serial; /* 0: none */
    bool other_key;
} lists[] = {
    {"root_crl.thisUpdate", 2, 3600, 86400, 0, false},
    {"root_crl.nextUpdate", 2, -86400, -3600, 0, false},
    {"root_crl.names-ca", 2, -86400, 86400, 2, false},
    {"root_crl.names-signer", 2, -86400, 86400, 3, false},
    {"root_crl.names-others", 2, -86400, 86400, 77, false},
    {"root_crl.signature", 2, -86400, 86400, 0, true},
    {"root_crl.issuer", 1, -86400, 86400, 0, false},
    {"pck_crl.thisUpdate", 1, 3600, 86400, 0, false},
    {"pck_crl.nextUpdate", 1, -86400, -3600, 0, false},
    {"pck_crl.names-pck", 1, -86400, 86400, 4, false},
    {"pck_crl.names-others", 1, -86400, 86400, 77, false},
    {"pck_crl.signature", 1, -86400, 86400, 0, true},
    {"pck_crl.issuer", 2, -86400, 86400, 0, false},
};

/* put_list replaces the list that the change names by one issued anew. */
static void put_list(json_t *bundle, const struct test_quote *t, struct value_change *change)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(lists); i++) {
        if (!is_said(change, lists[i].field)) {
            continue;
        }
        const struct atls_issue_crl_spec spec = {.this_update_s = TEST_QUOTE_NOW + lists[i].this_s,
                                                 .next_update_s = TEST_QUOTE_NOW + lists[i].next_s,
                                                 .serials = &lists[i].serial,
                                                 .num_serials = lists[i].serial != 0 ? 1 : 0,
                                                 .signature = ATLS_CHAIN_ECDSA_SHA256};
        const struct atls_key *key = lists[i].issuer == 2 ? t->intel.root : t->intel.ca;
        const struct atls_issuer issuer = {block(t->intel.chain_pem, lists[i].issuer),
                                           lists[i].other_key ? t->intel.pck : key};
        uint8_t *der = NULL;
        size_t len = 0;
        if (atls_issue_crl(&der, &len, &spec, &issuer, NULL) != ATLS_OK) {
            abort();
        }
        char *hex = atls_hex_new(atls_bytes_of(der, len));
        json_object_set_new(bundle, lists[i].field[0] == 'r' ? "root_ca_crl" : "pck_crl",
                            json_string(hex));
        free(hex);
        free(der);
    }
}

struct atls_bytes mutation_collateral(const struct test_quote *t, struct value_change *change)
{
    json_error_t error;
    json_t *bundle = json_loads(t->intel.collateral, 0, &error);
    sign(bundle, t, change, "tcbInfo", "tcb_info", "tcb_info_signature");
    sign(bundle, t, change, "enclaveIdentity", "qe_identity", "qe_identity_signature");
    put_list(bundle, t, change);
    const struct atls_bytes text = mutation_json(change, "bundle", bundle);
    json_decref(bundle);
    return text;
}
