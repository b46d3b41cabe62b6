/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes into a bag, kind by content. Reading is all that happens here: whether it verifies
 * depends on what else there is and on the time of the appraisal.
 */
#include "endorsement/bag.h"

#include "atls/limits.h"
#include "base/span.h"
#include "crypto/pem.h"
#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>

static const char step[] = "collateral";

/* The beginning of a chain as PCS puts it into a header field, which is URL-encoded. */
static const char encoded_pem[] = "-----BEGIN%20";

static bool starts_with(struct atls_bytes octets, const char *start)
{
    const size_t len = strlen(start);
    return octets.len >= len && atls_bytes_is_text(atls_bytes_of(octets.data, len), start);
}

/* found_in names the file, of a long name its end. */
static void found_in(struct atls_diag *diag, const char *source)
{
    const size_t len = strlen(source);
    const size_t max = 90;
    atls_diag_found_text(diag, " in ");
    atls_diag_found_text(diag, &source[len > max ? len - max : 0]);
}

static enum atls_err refuse(struct atls_diag *diag, const char *source, const char *claim,
                            const char *found, const char *expected)
{
    atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, step, claim, found, expected);
    found_in(diag, source);
    return ATLS_ERR_ENDORSEMENT;
}

static enum atls_err no_memory(struct atls_diag *diag)
{
    return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
}

/* recode: what a reader found malformed is an endorsement that cannot be used. */
static enum atls_err recode(enum atls_err err, const char *source, struct atls_diag *diag)
{
    if (err == ATLS_ERR_MALFORMED || err == ATLS_ERR_ALGORITHM) {
        if (diag != NULL) {
            diag->err = ATLS_ERR_ENDORSEMENT;
            if (diag->found[0] == '\0') {
                atls_diag_found_text(diag, "something else");
            }
            found_in(diag, source);
        }
        return ATLS_ERR_ENDORSEMENT;
    }
    return err;
}

/* room gives place for one more of `size` octets each, by doubling; NULL without memory. */
static void *room(void *array, size_t num, size_t *cap, size_t size)
{
    if (num < *cap) {
        return array;
    }
    const size_t more = *cap == 0 ? 8 : 2 * *cap;
    void *bigger = realloc(array, more * size);
    if (bigger != NULL) {
        *cap = more;
    }
    return bigger;
}

static enum atls_err check_room(const struct atls_collateral *bag, const char *source,
                                struct atls_diag *diag)
{
    return bag->num_certs + bag->num_crls + bag->num_jsons < bag->max
               ? ATLS_OK
               : refuse(diag, source, "entries", "more than may be", "less collateral");
}

static enum atls_err add_cert(struct atls_collateral *bag, struct atls_bytes der,
                              const char *source, struct atls_diag *diag)
{
    struct atls_bag_cert entry = {.source = source};
    enum atls_err err = check_room(bag, source, diag);
    if (err == ATLS_OK) {
        err = recode(atls_x509_read(&entry.cert, der, diag), source, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_bag_cert *certs = room(bag->certs, bag->num_certs, &bag->cap_certs, sizeof entry);
    if (certs == NULL) {
        atls_x509_free(entry.cert);
        return no_memory(diag);
    }
    entry.is_amd = atls_amd_cert_read(&entry.amd, entry.cert, NULL) == ATLS_OK;
    bag->certs = certs;
    bag->certs[bag->num_certs++] = entry;
    return ATLS_OK;
}

static enum atls_err add_crl(struct atls_collateral *bag, struct atls_bytes octets,
                             const char *source, struct atls_diag *diag)
{
    struct atls_bag_crl entry = {.source = source};
    enum atls_err err = check_room(bag, source, diag);
    if (err == ATLS_OK) {
        err = recode(atls_crl_read(&entry.crl, octets, diag), source, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_bag_crl *crls = room(bag->crls, bag->num_crls, &bag->cap_crls, sizeof entry);
    if (crls == NULL) {
        atls_crl_free(entry.crl);
        return no_memory(diag);
    }
    bag->crls = crls;
    bag->crls[bag->num_crls++] = entry;
    return ATLS_OK;
}

/* add_json takes `text` over. */
static enum atls_err add_json(struct atls_collateral *bag, uint8_t *text, size_t len,
                              const char *source, struct atls_diag *diag)
{
    struct atls_bag_json entry = {.text = text, .text_len = len, .source = source};
    enum atls_err err = check_room(bag, source, diag);
    if (err == ATLS_OK) {
        err =
            recode(atls_intel_json_read(&entry.json, atls_bytes_of(text, len), diag), source, diag);
    }
    struct atls_bag_json *jsons =
        err == ATLS_OK ? room(bag->jsons, bag->num_jsons, &bag->cap_jsons, sizeof entry) : NULL;
    if (jsons == NULL) {
        atls_intel_json_cleanup(&entry.json);
        free(text);
        return err == ATLS_OK ? no_memory(diag) : err;
    }
    bag->jsons = jsons;
    bag->jsons[bag->num_jsons++] = entry;
    return ATLS_OK;
}

static enum atls_err add_block(struct atls_collateral *bag, const struct atls_pem_block *block,
                               const char *source, struct atls_diag *diag)
{
    const bool is_cert = atls_bytes_is_text(block->label, "CERTIFICATE");
    if (!is_cert && !atls_bytes_is_text(block->label, "X509 CRL")) {
        return refuse(diag, source, "PEM", "a block of another kind",
                      "CERTIFICATE and X509 CRL only");
    }
    const size_t cap = block->body.len / 4 * 3 + 3;
    uint8_t *der = malloc(cap);
    if (der == NULL) {
        return no_memory(diag);
    }
    const struct atls_buf out = {der, cap};
    size_t len = 0;
    enum atls_err err = ATLS_OK;
    if (!atls_pem_decode(block, out, &len)) {
        err = refuse(diag, source, "PEM", "no base64", "base64");
    } else {
        const struct atls_bytes octets = atls_bytes_of(der, len);
        err = is_cert ? add_cert(bag, octets, source, diag) : add_crl(bag, octets, source, diag);
    }
    free(der);
    return err;
}

static enum atls_err add_pem(struct atls_collateral *bag, struct atls_bytes text,
                             const char *source, struct atls_diag *diag)
{
    struct atls_pem_block block;
    size_t num = 0;
    for (;;) {
        const enum atls_pem_found found = atls_pem_next(&text, &block);
        if (found != ATLS_PEM_BLOCK) {
            return found == ATLS_PEM_END && num > 0
                       ? ATLS_OK
                       : refuse(diag, source, "PEM", "a block that does not end", "whole blocks");
        }
        num++;
        const enum atls_err err = add_block(bag, &block, source, diag);
        if (err != ATLS_OK) {
            return err;
        }
    }
}

static int digit(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* add_encoded undoes the percent-encoding (RFC 3986, 2.1). */
static enum atls_err add_encoded(struct atls_collateral *bag, struct atls_bytes text,
                                 const char *source, struct atls_diag *diag)
{
    uint8_t *plain = malloc(text.len + 1);
    if (plain == NULL) {
        return no_memory(diag);
    }
    size_t len = 0;
    bool whole = true;
    for (size_t i = 0; whole && i < text.len; i++) {
        uint8_t octet = text.data[i];
        if (octet == '%') {
            const int high = i + 2 < text.len ? digit(text.data[i + 1]) : -1;
            const int low = i + 2 < text.len ? digit(text.data[i + 2]) : -1;
            whole = high >= 0 && low >= 0;
            octet = (uint8_t)(whole ? high * 16 + low : 0);
            i += 2;
        }
        plain[len++] = octet;
    }
    const enum atls_err err =
        whole ? add_pem(bag, atls_bytes_of(plain, len), source, diag)
              : refuse(diag, source, "percent-encoding", "one that is cut", "two hex digits");
    free(plain);
    return err;
}

/* A part of a bundle: text of JSON that is signed, and its signature in another member. */
static enum atls_err add_part(struct atls_collateral *bag, const json_t *bundle, const char *member,
                              const char *signature_member, const char *name, const char *source,
                              struct atls_diag *diag)
{
    struct atls_bytes body;
    struct atls_bytes signature;
    enum atls_err err = atls_json_text(&body, bundle, member, step, diag);
    if (err == ATLS_OK) {
        err = atls_json_text(&signature, bundle, signature_member, step, diag);
    }
    if (err != ATLS_OK) {
        return recode(err, source, diag);
    }
    const size_t cap = body.len + signature.len + 64;
    char *text = malloc(cap);
    if (text == NULL) {
        return no_memory(diag);
    }
    const int len =
        snprintf(text, cap, "{\"%s\":%.*s,\"signature\":\"%.*s\"}", name, (int)body.len,
                 (const char *)body.data, (int)signature.len, (const char *)signature.data);
    return add_json(bag, (uint8_t *)text, (size_t)len, source, diag);
}

static enum atls_err add_bundle(struct atls_collateral *bag, const json_t *bundle,
                                const char *source, struct atls_diag *diag)
{
    static const char *const known[] = {
        "pck_crl_issuer_chain",     "root_ca_crl", "pck_crl",
        "tcb_info_issuer_chain",    "tcb_info",    "tcb_info_signature",
        "qe_identity_issuer_chain", "qe_identity", "qe_identity_signature",
        "pck_certificate_chain",    NULL};
    static const char *const chains[] = {"pck_crl_issuer_chain", "tcb_info_issuer_chain",
                                         "qe_identity_issuer_chain"};
    static const char *const lists[] = {"root_ca_crl", "pck_crl"};
    struct atls_bytes text;
    enum atls_err err = recode(atls_json_only_keys(bundle, known, step, diag), source, diag);
    for (size_t i = 0; err == ATLS_OK && i < ATLS_ARRAY_LEN(chains); i++) {
        err = recode(atls_json_text(&text, bundle, chains[i], step, diag), source, diag);
        err = err == ATLS_OK ? add_pem(bag, text, source, diag) : err;
    }
    for (size_t i = 0; err == ATLS_OK && i < ATLS_ARRAY_LEN(lists); i++) {
        err = recode(atls_json_text(&text, bundle, lists[i], step, diag), source, diag);
        err = err == ATLS_OK ? add_crl(bag, text, source, diag) : err;
    }
    if (err == ATLS_OK) {
        err = add_part(bag, bundle, "tcb_info", "tcb_info_signature", "tcbInfo", source, diag);
    }
    if (err == ATLS_OK) {
        err = add_part(bag, bundle, "qe_identity", "qe_identity_signature", "enclaveIdentity",
                       source, diag);
    }
    return err;
}

static enum atls_err add_object(struct atls_collateral *bag, struct atls_bytes octets,
                                const char *source, struct atls_diag *diag)
{
    json_t *object ATLS_AUTO(atls_json_cleanup) = NULL;
    enum atls_err err = recode(atls_json_parse(&object, octets, step, diag), source, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (atls_json_has(object, "tcb_info")) {
        return add_bundle(bag, object, source, diag);
    }
    if (!atls_json_has(object, "tcbInfo") && !atls_json_has(object, "enclaveIdentity")) {
        return refuse(diag, source, "JSON", "another object",
                      "tcbInfo or enclaveIdentity with signature, or a bundle of them");
    }
    uint8_t *copy = malloc(octets.len);
    if (copy == NULL) {
        return no_memory(diag);
    }
    memcpy(copy, octets.data, octets.len);
    return add_json(bag, copy, octets.len, source, diag);
}

static bool is_hex_list(struct atls_bytes octets)
{
    return starts_with(octets, "308");
}

/* is_sequence knows DER by its head; a short one by its length, too, since text may begin so. */
static bool is_sequence(struct atls_bytes octets)
{
    return octets.len > 2 && octets.data[0] == 0x30 &&
           (octets.data[1] < 0x80 ? octets.data[1] == octets.len - 2
                                  : octets.data[1] >= 0x81 && octets.data[1] <= 0x83);
}

bool atls_bag_takes(struct atls_bytes octets)
{
    return starts_with(octets, "-----") || starts_with(octets, "{") || is_hex_list(octets) ||
           is_sequence(octets);
}

static enum atls_err add(struct atls_collateral *bag, struct atls_bytes octets, const char *source,
                         struct atls_diag *diag)
{
    if (octets.len == 0 || octets.len > ATLS_MAX_FILE_LEN || !atls_bag_takes(octets)) {
        return refuse(diag, source, "kind", octets.len == 0 ? "nothing" : "something else",
                      "certificates, lists of revoked ones, TCB info or identities");
    }
    if (starts_with(octets, encoded_pem)) {
        return add_encoded(bag, octets, source, diag);
    }
    if (octets.data[0] == '-') {
        return add_pem(bag, octets, source, diag);
    }
    if (octets.data[0] == '{') {
        return add_object(bag, octets, source, diag);
    }
    if (is_hex_list(octets)) {
        return add_crl(bag, octets, source, diag);
    }
    /* DER of a certificate or of a list: whichever reads. */
    return add_crl(bag, octets, source, NULL) == ATLS_OK ? ATLS_OK
                                                         : add_cert(bag, octets, source, diag);
}

/* take_name keeps a copy of `source` as long as the bag. */
static const char *take_name(struct atls_collateral *bag, const char *source)
{
    const size_t len = strlen(source);
    struct atls_bag_name *name = malloc(sizeof *name + len + 1);
    if (name == NULL) {
        return NULL;
    }
    memcpy(name->text, source, len + 1);
    name->next = bag->names;
    bag->names = name;
    return name->text;
}

/* cut takes away what was added after `before` was looked at. */
static void cut(struct atls_collateral *bag, const struct atls_collateral *before)
{
    while (bag->num_certs > before->num_certs) {
        atls_x509_free(bag->certs[--bag->num_certs].cert);
    }
    while (bag->num_crls > before->num_crls) {
        atls_crl_free(bag->crls[--bag->num_crls].crl);
    }
    while (bag->num_jsons > before->num_jsons) {
        atls_intel_json_cleanup(&bag->jsons[--bag->num_jsons].json);
        free(bag->jsons[bag->num_jsons].text);
    }
}

enum atls_err atls_collateral_add(struct atls_collateral *bag, struct atls_bytes octets,
                                  const char *source, struct atls_diag *diag)
{
    const struct atls_collateral before = *bag;
    const char *name = take_name(bag, source);
    const enum atls_err err = name != NULL ? add(bag, octets, name, diag) : no_memory(diag);
    if (err != ATLS_OK) {
        cut(bag, &before);
    }
    return err;
}

enum atls_err atls_bag_add_anchor(struct atls_collateral *bag, const char *format,
                                  struct atls_bytes file, const char *source,
                                  struct atls_diag *diag)
{
    const struct atls_collateral before = *bag;
    enum atls_err err = atls_collateral_add(bag, file, source, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (bag->num_crls != before.num_crls || bag->num_jsons != before.num_jsons) {
        cut(bag, &before);
        return refuse(diag, source, "trust anchor", "something else", "certificates");
    }
    for (size_t i = before.num_certs; i < bag->num_certs; i++) {
        bag->certs[i].anchor_for = format;
    }
    return ATLS_OK;
}
