/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CoTS, a store of trust anchors (draft-ietf-rats-concise-ta-stores): for which environments, for
 * which purposes, and the anchors themselves.
 *
 * What would narrow an anchor and is not evaluated here (claims that are allowed or excluded, SWID
 * tags as environments) is refused: an anchor without its bounds is a wider one.
 */
#include "endorsement/statement_read.h"

#include "base/span.h"
#include "crypto/cert.h"
#include "crypto/key.h"

#include <stdlib.h>

enum { LANGUAGE, IDENTITY, ENVIRONMENTS, PURPOSES, PERMITTED, EXCLUDED, KEYS, NUM_FIELDS };
static const struct atls_corim_field fields[NUM_FIELDS] = {
    [LANGUAGE] = {0, "language (key 0)", ATLS_CORIM_OPTIONAL},
    [IDENTITY] = {1, "store-identity (key 1)", ATLS_CORIM_OPTIONAL},
    [ENVIRONMENTS] = {2, "environments (key 2)", ATLS_CORIM_REQUIRED},
    [PURPOSES] = {3, "purposes (key 3)", ATLS_CORIM_OPTIONAL},
    [PERMITTED] = {4, "permitted claims (key 4)", ATLS_CORIM_NOT_BUILT},
    [EXCLUDED] = {5, "excluded claims (key 5)", ATLS_CORIM_NOT_BUILT},
    [KEYS] = {6, "keys (key 6)", ATLS_CORIM_REQUIRED},
};

static const struct {
    const char *name;
    uint32_t purpose;
} purposes[] = {
    {"cots", ATLS_PURPOSE_COTS},
    {"corim", ATLS_PURPOSE_CORIM},
    {"comid", ATLS_PURPOSE_COMID},
    {"coswid", ATLS_PURPOSE_COSWID},
    {"eat", ATLS_PURPOSE_EAT},
    {"key-attestation", ATLS_PURPOSE_KEY_ATTESTATION},
    {"certificate", ATLS_PURPOSE_CERTIFICATE},
};

/* read_purposes gives all of them where none is named (3.1). */
static enum atls_err read_purposes(const struct atls_corim *corim, const struct atls_cbor *list,
                                   uint32_t *out)
{
    struct atls_cbor item;
    *out = atls_corim_has(list) ? 0 : ATLS_PURPOSE_ALL;
    enum atls_err err = atls_corim_has(list) ? atls_corim_list(corim, list, "purposes") : ATLS_OK;
    struct atls_cbor_iter iter = atls_cbor_members(list);
    while (err == ATLS_OK && atls_corim_has(list) && atls_cbor_next(&iter, &item)) {
        size_t i = 0;
        while (i < ATLS_ARRAY_LEN(purposes) && !atls_cbor_is_text(&item, purposes[i].name)) {
            i++;
        }
        if (i == ATLS_ARRAY_LEN(purposes)) {
            return atls_corim_refuse_item(corim, &item, "purposes",
                                          "cots, corim, comid, coswid, eat, key-attestation or "
                                          "certificate");
        }
        *out |= purposes[i].purpose;
    }
    return err;
}

static enum atls_err add_certificate(const struct atls_corim *corim, const struct atls_cbor *at,
                                     const struct atls_authority *template, struct atls_bytes cert)
{
    struct atls_authority authority = *template;
    struct atls_diag why = {.err = ATLS_OK};
    uint8_t spki[ATLS_MAX_SPKI_LEN];
    size_t len = 0;
    const struct atls_buf room = {spki, sizeof spki};
    if (cert.len == 0 || cert.data[0] != 0x30 ||
        atls_cert_spki(cert, room, &len, &why) != ATLS_OK) {
        return atls_corim_refuse(corim, at, "trust anchor", "no certificate",
                                 "one X.509 certificate as DER");
    }
    authority.cert = cert;
    authority.spki = atls_bytes_of(spki, len);
    return atls_batch_add_authority(corim->batch, &authority, corim->diag);
}

static enum atls_err add_key(const struct atls_corim *corim, const struct atls_cbor *at,
                             const struct atls_authority *template, struct atls_bytes spki)
{
    struct atls_authority authority = *template;
    struct atls_diag why = {.err = ATLS_OK};
    struct atls_key *key = NULL;
    if (atls_key_from_spki_der(&key, spki, &why) != ATLS_OK) {
        return atls_corim_refuse(corim, at, "trust anchor", "no key",
                                 "a SubjectPublicKeyInfo as DER");
    }
    atls_key_free(key);
    authority.spki = spki;
    return atls_batch_add_authority(corim->batch, &authority, corim->diag);
}

/* add_anchor reads [format, data] (3.3): a certificate, TrustAnchorInfo (RFC 5914) or a key. */
static enum atls_err add_anchor(const struct atls_corim *corim, const struct atls_cbor *item,
                                const struct atls_authority *template)
{
    enum { CERTIFICATE, TRUST_ANCHOR_INFO, KEY };
    struct atls_cbor part[2];
    uint64_t format;
    struct atls_bytes data;
    if (item->type != ATLS_CBOR_ARRAY || item->argument != 2 || !atls_cbor_at(item, 0, &part[0]) ||
        !atls_cbor_at(item, 1, &part[1]) || !atls_cbor_u64(&part[0], &format) || format > KEY ||
        !atls_cbor_bytes(&part[1], 1, SIZE_MAX, &data)) {
        return atls_corim_refuse_item(corim, item, "trust anchor",
                                      "an array of format (0 certificate, 1 TrustAnchorInfo, 2 "
                                      "key) and octets");
    }
    if (format == TRUST_ANCHOR_INFO) {
        return atls_corim_refuse(corim, item, "trust anchor", "a TrustAnchorInfo (format 1)",
                                 "a certificate (0) or a SubjectPublicKeyInfo (2): the bounds that "
                                 "the other may hold are not evaluated");
    }
    return format == CERTIFICATE ? add_certificate(corim, item, template, data)
                                 : add_key(corim, item, template, data);
}

static enum atls_err add_keys(const struct atls_corim *corim, const struct atls_cbor *map,
                              struct atls_authority *template)
{
    static const struct atls_corim_field key_fields[] = {
        {0, "tas (key 0)", ATLS_CORIM_REQUIRED},
        {1, "cas (key 1)", ATLS_CORIM_OPTIONAL},
    };
    struct atls_cbor value[ATLS_ARRAY_LEN(key_fields)];
    struct atls_cbor item;
    enum atls_err err =
        atls_corim_fields(corim, map, "keys", key_fields, ATLS_ARRAY_LEN(key_fields), value);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(value) && err == ATLS_OK; i++) {
        if (!atls_corim_has(&value[i])) {
            continue;
        }
        template->is_anchor = i == 0;
        err = atls_corim_list(corim, &value[i], i == 0 ? "tas" : "cas");
        struct atls_cbor_iter iter = atls_cbor_members(&value[i]);
        while (err == ATLS_OK && atls_cbor_next(&iter, &item)) {
            err = template->is_anchor ? add_anchor(corim, &item, template)
                  : item.type == ATLS_CBOR_BYTES
                      ? add_certificate(corim, &item, template, item.content)
                      : atls_corim_refuse_item(corim, &item, "cas", "certificates as octets");
        }
    }
    return err;
}

/* read_group reads one environment group: an environment, or the name of a store. */
static enum atls_err read_group(const struct atls_corim *corim, const struct atls_cbor *map,
                                struct atls_authority *out)
{
    static const struct atls_corim_field group_fields[] = {
        {1, "environment (key 1)", ATLS_CORIM_OPTIONAL},
        {2, "SWID tag (key 2)", ATLS_CORIM_NOT_BUILT},
        {3, "named TA store (key 3)", ATLS_CORIM_OPTIONAL},
    };
    struct atls_cbor value[ATLS_ARRAY_LEN(group_fields)];
    enum atls_err err = atls_corim_fields(corim, map, "environments", group_fields,
                                          ATLS_ARRAY_LEN(group_fields), value);
    if (err == ATLS_OK && atls_corim_has(&value[0])) {
        out->has_environment = true;
        err = atls_corim_any_environment(corim, &value[0], &out->environment);
    }
    if (err == ATLS_OK && atls_corim_has(&value[2]) &&
        !atls_cbor_text(&value[2], 1, SIZE_MAX, &out->store_name)) {
        err = atls_corim_refuse_item(corim, &value[2], "named TA store", "a text");
    }
    /* A store that is only named is for those who ask for that name: nobody here does. */
    if (err == ATLS_OK && !out->has_environment) {
        out->purposes = 0;
        err = atls_corim_note(corim, "a CoTS with a named TA store",
                              "kept, and without effect: nothing here asks for a store by name");
    }
    return err;
}

/* add_groups adds the anchors once for each environment; with an empty list for every one. */
static enum atls_err add_groups(const struct atls_corim *corim, const struct atls_cbor *list,
                                const struct atls_cbor *keys, const struct atls_authority *template)
{
    struct atls_authority authority = *template;
    struct atls_cbor item;
    enum atls_err err = ATLS_OK;
    if (list->type != ATLS_CBOR_ARRAY) {
        return atls_corim_refuse_item(corim, list, "environments", "an array");
    }
    if (list->argument == 0) {
        return add_keys(corim, keys, &authority);
    }
    struct atls_cbor_iter iter = atls_cbor_members(list);
    while (err == ATLS_OK && atls_cbor_next(&iter, &item)) {
        authority = *template;
        err = read_group(corim, &item, &authority);
        if (err == ATLS_OK) {
            err = add_keys(corim, keys, &authority);
        }
    }
    return err;
}

enum atls_err atls_corim_cots(struct atls_corim *corim, const struct atls_cbor *map)
{
    struct atls_cbor value[NUM_FIELDS];
    struct atls_bytes text;
    struct atls_authority authority = {.profile = corim->profile,
                                       .source = corim->source->name,
                                       .file = corim->source,
                                       .not_after_s = corim->source->not_after_s};
    enum atls_err err = atls_corim_fields(corim, map, "CoTS", fields, NUM_FIELDS, value);
    if (err == ATLS_OK && atls_corim_has(&value[LANGUAGE]) &&
        !atls_cbor_text(&value[LANGUAGE], 0, SIZE_MAX, &text)) {
        err = atls_corim_refuse_item(corim, &value[LANGUAGE], "language", "a text");
    }
    if (err == ATLS_OK && atls_corim_has(&value[IDENTITY])) {
        err = atls_corim_tag_identity(corim, &value[IDENTITY], corim->source);
    }
    if (err == ATLS_OK) {
        err = read_purposes(corim, &value[PURPOSES], &authority.purposes);
    }
    if (err == ATLS_OK && corim->rules != NULL) {
        err = atls_corim_note(corim, "a CoTS (tag 507)",
                              "kept, and without effect: Evidence of this format names a key, and "
                              "no certificate");
    }
    return err == ATLS_OK ? add_groups(corim, &value[ENVIRONMENTS], &value[KEYS], &authority) : err;
}

/* certificates_of reads what a tagged key names, the first being the one that is meant. */
static enum atls_err certificates_of(const struct atls_tagged *key, struct atls_cert_list *out)
{
    struct atls_diag why = {.err = ATLS_OK};
    memset(out, 0, sizeof *out);
    return atls_cert_list_read(out, key->octets, &why);
}

enum atls_err atls_corim_certificates(const struct atls_corim *corim,
                                      const struct atls_statement *statement)
{
    struct atls_tagged key;
    struct atls_cert_list list;
    enum atls_err err = ATLS_OK;
    struct atls_authority authority = {.profile = statement->profile,
                                       .has_environment = true,
                                       .environment = statement->environment,
                                       .purposes = ATLS_PURPOSE_ALL,
                                       .source = statement->source,
                                       .file = statement->file,
                                       .not_after_s = statement->not_after_s};
    for (size_t i = 0; err == ATLS_OK && atls_statement_key(statement, i, &key); i++) {
        if (key.tag != ATLS_TAG_PEM_CERT && key.tag != ATLS_TAG_PEM_PATH &&
            key.tag != ATLS_TAG_DER_CERT) {
            continue;
        }
        err = certificates_of(&key, &list);
        if (err != ATLS_OK) {
            return err == ATLS_ERR_MEMORY
                       ? atls_fail(corim->diag, err, "endorsement", "certificate")
                       : atls_corim_refuse(corim, &statement->record, "attestation key",
                                           "no certificate", "1 to 8 X.509 certificates");
        }
        /* A path goes from the subject to the root; the root is what is trusted. */
        for (size_t c = 0; c < list.count && err == ATLS_OK; c++) {
            authority.is_anchor = c + 1 == list.count;
            err = add_certificate(corim, &statement->record, &authority, list.cert[c]);
        }
        atls_cert_list_cleanup(&list);
    }
    return err;
}
