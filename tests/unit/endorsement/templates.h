/* SPDX-License-Identifier: Apache-2.0 */
/* Templates as C strings: ' stands for ". */
#ifndef ENDORSEMENT_TEMPLATES_H
#define ENDORSEMENT_TEMPLATES_H

#include "samples.h"

#include "endorsement/corim_create.h"

#include <stdlib.h>

#define IMPL_ID     "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" /* 00 01 .. 1f */
#define INSTANCE    "AYCBgoOEhYaHiImKi4yNjo+QkZKTlJWWl5iZmpucnZ6f" /* 01 80 81 .. 9f */
#define SIGNER      "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" /* SHA-256 of nothing */
#define ABC_URL     "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"  /* SHA-256 of "abc" */
#define ABC         "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
#define ED25519     "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define ED25519_URL "MCowBQYDK2VwAyEA11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define ED25519_PEM "-----BEGIN PUBLIC KEY-----\\n" ED25519 "\\n-----END PUBLIC KEY-----\\n"

#define CLASS       "'class':{'id':{'type':'bytes','value':'" IMPL_ID "'}}"

/* The CoRIM of psa_corim_hex, as templates. */
#define PSA_CORIM "{'corim-id':'r1','profile':{'type':'uri','value':'tag:arm.com,2025:psa#1.0.0'}}"
#define PSA_COMID                                                                                  \
    "{'tag-identity':{'id':'c1'},'triples':{"                                                      \
    "'reference-values':[{'environment':{" CLASS "},'measurements':[{"                             \
    "'key':{'type':'string','value':'psa.software-component'},"                                    \
    "'value':{'digests':[[1,'" ABC_URL "']],'name':'BL',"                                          \
    "'cryptokeys':[{'type':'bytes','value':'" SIGNER "'}]}}]}],"                                   \
    "'attester-verification-keys':[{'environment':{" CLASS ","                                     \
    "'instance':{'type':'ueid','value':'" INSTANCE "'}},"                                          \
    "'verification-keys':[{'type':'pkix-base64-key','value':'" ED25519_PEM "'}]}]}}"

/* json gives the octets of a template. */
static inline struct atls_bytes json(const char *text)
{
    const struct atls_bytes copy = test_copy(atls_bytes_text(text));
    const struct atls_buf room = test_room(copy.len);
    for (size_t i = 0; i < copy.len; i++) {
        room.data[i] = copy.data[i] == '\'' ? '"' : copy.data[i];
    }
    return atls_bytes_of(room.data, room.cap);
}

/* create makes a CoRIM of up to two templates. */
static inline enum atls_err create(const char *corim, const char *comid, const char *profile,
                                   bool simulated, struct atls_bytes *out, struct atls_diag *diag)
{
    struct atls_bytes templates[2];
    size_t num = 0;
    if (corim != NULL) {
        templates[num++] = json(corim);
    }
    if (comid != NULL) {
        templates[num++] = json(comid);
    }
    uint8_t *octets = NULL;
    size_t len = 0;
    const enum atls_err err =
        atls_corim_create(&octets, &len, templates, num, profile, simulated, diag);
    if (err != ATLS_OK) {
        assert_null(octets);
        assert_int_equal(len, 0);
        return err;
    }
    *out = test_copy(atls_bytes_of(octets, len));
    free(octets);
    return ATLS_OK;
}

static inline struct atls_bytes created(const char *corim, const char *comid, const char *profile,
                                        bool simulated)
{
    struct atls_bytes out = {NULL, 0};
    struct atls_diag diag = {.err = ATLS_OK};
    const enum atls_err err = create(corim, comid, profile, simulated, &out, &diag);
    show(err, &diag);
    assert_err(err, OK);
    return out;
}

/* replaced gives `text` with the one `from` in it replaced by `to`. */
static inline const char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    if (at == NULL) {
        print_message("not in the template: %s\n", from);
    }
    assert_non_null(at);
    const size_t before = (size_t)(at - text);
    const char *after = at + strlen(from);
    const struct atls_buf room = test_room(before + strlen(to) + strlen(after) + 1);
    snprintf((char *)room.data, room.cap, "%.*s%s%s", (int)before, text, to, after);
    return (const char *)room.data;
}

#endif
