/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results for tests, in all three ways to write them: JSON with underscore names, JSON with dotted
 * names, and CBOR. The first is the source; this file has its own table of names and labels, so
 * that one in the library that is wrong shows.
 */
#ifndef JSON_EAR_SAMPLES_H
#define JSON_EAR_SAMPLES_H

#include "support/check.h"
#include "support/memory.h"

#include "base/writer.h"
#include "codec/cbor.h"
#include "crypto/crypto.h"
#include "crypto/key.h"
#include "json/base64.h"
#include "json/ear_json.h"
#include "json/json.h"

#include <stdlib.h>

/* SubjectPublicKeyInfo of the generator of P-256. */
#define EAR_AKPUB                                                                                  \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li_hp_"     \
    "m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q"
#define EAR_JKT "xx0BcA-wMohw8atYDJOe6peGModklG2wRHBlXHMvl0M"
#define EAR_CKT "b5d5e1275063b1bec731a51c1133b69e5ae5812fe66d167516e88f3fadae55a4"

/* Every claim that there is. */
#define EAR_WHOLE                                                                                  \
    "{\"eat_profile\":\"tag:ietf.org,2026:rats/ear#04\",\"iss\":\"https://v.example\","            \
    "\"iat\":1780000000,\"exp\":1780003600,\"nbf\":1780000000,\"jti\":\"id-1\","                   \
    "\"ear_verifier_id\":{\"developer\":\"https://v.example\",\"build\":\"t1\"},"                  \
    "\"eat_nonce\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\","                               \
    "\"ear_status\":\"warning\",\"ear_raw_evidence\":\"bGlmZWJvYXRtYW4\","                         \
    "\"submods\":{\"TPM\":{\"ear_status\":\"warning\",\"ear_trustworthiness_vector\":{"            \
    "\"instance-identity\":2,\"configuration\":0,\"executables\":3,\"file-system\":1,"             \
    "\"hardware\":32,\"runtime-opaque\":-32,\"storage-opaque\":2,\"sourced-data\":-1},"            \
    "\"ear_appraisal_policy_ids\":[\"policy:TPM\"],\"ear_attester_claims\":{\"k1\":[1,\"v\"]},"    \
    "\"ear_verifier_claims\":{\"problem\":\"simulated\",\"k2\":null},"                             \
    "\"ear_teep_claims\":{\"hwversion\":[\"1.2.5\",16384]},"                                       \
    "\"ear_veraison_key_attestation\":{\"akpub\":\"" EAR_AKPUB "\"},\"simulated\":true,"           \
    "\"eat_nonce\":\"AAECAwQFBgc\"},"                                                              \
    "\"PSA\":{\"ear_status\":\"none\"}},"                                                          \
    "\"ear_device_topology\":{\"TPM\":[\"PSA\"]}}"

struct ear_name {
    const char *name, *dotted; /* NULL: the same */
    int64_t label;             /* -1: a text in CBOR as well */
    bool octets;
};
static const struct ear_name ear_names[] = {
    {"iss", NULL, 1, false},
    {"aud", NULL, 3, false},
    {"exp", NULL, 4, false},
    {"nbf", NULL, 5, false},
    {"iat", NULL, 6, false},
    {"jti", NULL, 7, false},
    {"cnf", NULL, 8, false},
    {"eat_nonce", NULL, 10, true},
    {"eat_profile", NULL, 265, false},
    {"submods", NULL, 266, false},
    {"ear_status", "ear.status", 1000, false},
    {"ear_trustworthiness_vector", "ear.trustworthiness-vector", 1001, false},
    {"ear_raw_evidence", "ear.raw-evidence", 1002, true},
    {"ear_appraisal_policy_ids", "ear.appraisal-policy-id", 1003, false},
    {"ear_verifier_id", "ear.verifier-id", 1004, false},
    {"ear_attester_claims", "ear.veraison.annotated-evidence", 1005, false},
    {"ear_verifier_claims", "ear.veraison.policy-claims", 1006, false},
    {"ear_device_topology", NULL, 1007, false},
    {"ear_teep_claims", NULL, 65000, false},
    {"ear_veraison_annotated_evidence", NULL, -70000, false},
    {"ear_veraison_policy_claims", NULL, -70001, false},
    {"ear_veraison_key_attestation", "ear.veraison.key-attestation", -70002, false},
    {"akpub", NULL, -1, true},
    {"developer", NULL, 0, false},
    {"build", NULL, 1, false},
    {"instance-identity", NULL, 0, false},
    {"configuration", NULL, 1, false},
    {"executables", NULL, 2, false},
    {"file-system", NULL, 3, false},
    {"hardware", NULL, 4, false},
    {"runtime-opaque", NULL, 5, false},
    {"storage-opaque", NULL, 6, false},
    {"sourced-data", NULL, 7, false},
};

static inline const struct ear_name *ear_name_of(const char *name)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(ear_names); i++) {
        if (strcmp(ear_names[i].name, name) == 0) {
            return &ear_names[i];
        }
    }
    return NULL;
}

static inline json_t *ear_parse(const char *text)
{
    json_t *value = NULL;
    assert_err(atls_json_parse(&value, atls_bytes_text(text), "test", NULL), OK);
    return value;
}

/* ear_dotted gives a copy with dotted names, and one text for a list of one policy. */
static inline json_t *ear_dotted(const json_t *value)
{
    if (!json_is_object(value)) {
        return json_deep_copy(value);
    }
    json_t *object = json_object();
    const char *key = NULL;
    json_t *member = NULL;
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        const struct ear_name *name = ear_name_of(key);
        const bool one = strcmp(key, "ear_appraisal_policy_ids") == 0 &&
                         json_array_size(member) == 1 && json_is_string(json_array_get(member, 0));
        json_object_set_new(object, name != NULL && name->dotted != NULL ? name->dotted : key,
                            ear_dotted(one ? json_array_get(member, 0) : member));
    }
    return object;
}

static inline void ear_put_cbor(struct atls_writer *w, const json_t *value,
                                const struct ear_name *as);

static inline void ear_put_text(struct atls_writer *w, const char *text, const struct ear_name *as)
{
    static const char *const tiers[] = {"none", "affirming", "warning", "contraindicated"};
    static const unsigned numbers[] = {0, 2, 32, 96};
    size_t len = 0;
    const struct atls_buf room = test_room(strlen(text) + 3);
    if (as != NULL && as->octets && atls_base64url_decode(atls_bytes_text(text), room, &len)) {
        atls_cbor_put_bytes(w, atls_bytes_of(room.data, len));
        return;
    }
    for (size_t i = 0; as != NULL && as->label == 1000 && i < ATLS_ARRAY_LEN(tiers); i++) {
        if (strcmp(text, tiers[i]) == 0) {
            atls_cbor_put_uint(w, numbers[i]);
            return;
        }
    }
    atls_cbor_put_str(w, text);
}

static inline void ear_put_cbor(struct atls_writer *w, const json_t *value,
                                const struct ear_name *as)
{
    const char *key = NULL;
    json_t *member = NULL;
    size_t index = 0;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        atls_cbor_put_map(w, json_object_size(value));
        json_object_foreach((json_t *)(uintptr_t)value, key, member)
        {
            const struct ear_name *name = ear_name_of(key);
            if (name != NULL && name->label != -1) {
                atls_cbor_put_int(w, name->label);
            } else {
                atls_cbor_put_str(w, key);
            }
            ear_put_cbor(w, member, name);
        }
        break;
    case JSON_ARRAY:
        atls_cbor_put_array(w, json_array_size(value));
        json_array_foreach(value, index, member)
        {
            ear_put_cbor(w, member, NULL);
        }
        break;
    case JSON_STRING:
        ear_put_text(w, json_string_value(value), as);
        break;
    case JSON_INTEGER:
        atls_cbor_put_int(w, json_integer_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        atls_cbor_put_bool(w, json_is_true(value));
        break;
    case JSON_REAL:
    case JSON_NULL:
    default:
        atls_cbor_put_null(w);
        break;
    }
}

/* ear_cbor gives the claims of a JSON object with underscore names as CBOR. */
static inline struct atls_bytes ear_cbor(const json_t *value)
{
    struct atls_writer count = atls_writer_counting();
    size_t len = 0;
    ear_put_cbor(&count, value, NULL);
    const struct atls_buf room = test_room(count.len);
    struct atls_writer w = atls_writer_of(room);
    ear_put_cbor(&w, value, NULL);
    assert_true(atls_writer_finish(&w, &len));
    return atls_bytes_of(room.data, len);
}

/* The key of RFC 8032, 7.1, test 1. */
static inline struct atls_key *ear_key(void)
{
    struct atls_key *key = NULL;
    assert_err(atls_key_from_private(
                   &key, ATLS_CRV_ED25519,
                   test_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
                   test_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
                   NULL),
               OK);
    return key;
}

/* ear_octets decodes base64url. */
static inline struct atls_bytes ear_octets(const char *text)
{
    const struct atls_buf room = test_room(strlen(text) + 3);
    size_t len = 0;
    assert_true(atls_base64url_decode(atls_bytes_text(text), room, &len));
    return atls_bytes_of(room.data, len);
}

#endif
