/* SPDX-License-Identifier: Apache-2.0 */
#include "support/endorse.h"

#include "base/span.h"
#include "crypto/key.h"
#include "endorsement/corim_create.h"
#include "json/base64.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_SETS 256
/* In 2026, long after whatever tests load began to be valid. */
#define TEST_NOW_S 1790000000

static struct atls_endorsements *sets[MAX_SETS];
static size_t num_sets;
static const char *until;

static const char psa_profile[] = "tag:arm.com,2025:psa#1.0.0";
static const char tpm2_profile[] = "tag:github.com/parallaxsecond,2023-03-03:tpm";

static void free_sets(void)
{
    while (num_sets > 0) {
        atls_endorsements_unref(sets[--num_sets]);
    }
}

static void need(enum atls_err err, const struct atls_diag *diag, const char *what)
{
    if (err != ATLS_OK) {
        char sentence[1024];
        atls_diag_sentence(sentence, sizeof sentence, diag);
        fprintf(stderr, "test endorsements: %s\n%s\n", sentence, what);
        exit(1);
    }
}

struct atls_endorsements *test_endorsements(void)
{
    struct atls_diag diag;
    struct atls_endorsements *set = NULL;
    need(atls_endorsements_new(&set, &diag), &diag, "new");
    if (num_sets == MAX_SETS) {
        exit(1);
    }
    if (num_sets == 0) {
        atexit(free_sets);
    }
    sets[num_sets++] = set;
    return set;
}

void test_endorsements_until(const char *not_after)
{
    until = not_after;
}

/* Every template is a tag of its own. */
static const char *next_tag(void)
{
    static char tag[32];
    static unsigned number;
    snprintf(tag, sizeof tag, "test-%u", number++);
    return tag;
}

void test_add_corim(struct atls_endorsements *set, struct atls_bytes corim)
{
    struct atls_diag diag;
    need(atls_endorsements_add_corim(set, corim, "test.corim", TEST_NOW_S, &diag), &diag, "CoRIM");
}

void test_add_comid(struct atls_endorsements *set, const char *comid_json, const char *profile,
                    bool simulated)
{
    struct atls_diag diag;
    char id[256];
    snprintf(id, sizeof id, "{\"corim-id\":\"%s\",\"validity\":{\"not-after\":\"%s\"}}", next_tag(),
             until == NULL ? "" : until);
    const struct atls_bytes texts[] = {atls_bytes_text(comid_json), atls_bytes_text(id)};
    uint8_t *corim = NULL;
    size_t len = 0;
    need(atls_corim_create(&corim, &len, texts, until == NULL ? 1 : 2, profile, simulated, &diag),
         &diag, comid_json);
    test_add_corim(set, atls_bytes_of(corim, len));
    free(corim);
}

static void base64(char out[256], struct atls_bytes octets)
{
    if (!atls_base64_encode(octets, out, 256)) {
        exit(1);
    }
}

/* Line ends of a PEM text as JSON has them. */
static void public_pem(char out[2048], const struct atls_key *key)
{
    char *pem = NULL;
    struct atls_diag diag;
    need(atls_key_to_public_pem(&pem, key, &diag), &diag, "PEM");
    size_t at = 0;
    for (const char *c = pem; *c != '\0' && at < 2040; c++) {
        if (*c == '\n') {
            out[at++] = '\\';
            out[at++] = 'n';
        } else {
            out[at++] = *c;
        }
    }
    out[at] = '\0';
    atls_pem_free(pem);
}

static void add_key(struct atls_endorsements *set, const char *class_id, const char *instance,
                    const struct atls_key *key, const char *profile, bool simulated)
{
    char pem[2048];
    char json[4096];
    public_pem(pem, key);
    snprintf(json, sizeof json,
             "{\"tag-identity\":{\"id\":\"%s\",\"version\":0},\"triples\":{"
             "\"attester-verification-keys\":[{\"environment\":{\"class\":{\"id\":%s},"
             "\"instance\":%s},\"verification-keys\":[{\"type\":\"pkix-base64-key\","
             "\"value\":\"%s\"}]}]}}",
             next_tag(), class_id, instance, pem);
    test_add_comid(set, json, profile, simulated);
}

static void add_reference(struct atls_endorsements *set, const char *class_id, const char *key,
                          const char *value, const char *profile)
{
    char json[4096];
    snprintf(json, sizeof json,
             "{\"tag-identity\":{\"id\":\"%s\",\"version\":0},\"triples\":{\"reference-values\":["
             "{\"environment\":{\"class\":{\"id\":%s}},\"measurements\":[{\"key\":%s,"
             "\"value\":{%s}}]}]}}",
             next_tag(), class_id, key, value);
    test_add_comid(set, json, profile, false);
}

static void typed(char out[320], const char *type, const char *value)
{
    snprintf(out, 320, "{\"type\":\"%s\",\"value\":\"%s\"}", type, value);
}

static void typed_base64(char out[320], const char *type, struct atls_bytes octets)
{
    char text[256];
    base64(text, octets);
    typed(out, type, text);
}

/* IANA's named information number of the hash that has this length. */
static void digest(char out[320], struct atls_bytes value)
{
    char text[256];
    if (!atls_base64url_encode(value, text, sizeof text)) {
        exit(1);
    }
    snprintf(out, 320, "\"digests\":[[%d,\"%s\"]]",
             value.len == 32   ? 1
             : value.len == 48 ? 7
                               : 8,
             text);
}

void test_add_psa_key(struct atls_endorsements *set, struct atls_bytes implementation_id,
                      struct atls_bytes instance_id, const struct atls_key *key, bool simulated)
{
    char class_id[320];
    char instance[320];
    typed_base64(class_id, "bytes", implementation_id);
    typed_base64(instance, "ueid", instance_id);
    add_key(set, class_id, instance, key, psa_profile, simulated);
}

void test_add_psa_component(struct atls_endorsements *set, struct atls_bytes implementation_id,
                            const char *name, const char *version, struct atls_bytes value,
                            struct atls_bytes signer_id)
{
    char class_id[320];
    char digests[320];
    char signer[320];
    char json[2048];
    typed_base64(class_id, "bytes", implementation_id);
    typed_base64(signer, "bytes", signer_id);
    digest(digests, value);
    const int len = snprintf(json, sizeof json, "%s,\"cryptokeys\":[%s]", digests, signer);
    size_t at = (size_t)len;
    if (name != NULL) {
        at += (size_t)snprintf(&json[at], sizeof json - at, ",\"name\":\"%s\"", name);
    }
    if (version != NULL) {
        snprintf(&json[at], sizeof json - at, ",\"version\":{\"value\":\"%s\"}", version);
    }
    add_reference(set, class_id, "{\"type\":\"string\",\"value\":\"psa.software-component\"}", json,
                  psa_profile);
}

void test_add_tpm2_key(struct atls_endorsements *set, const char *class_uuid, struct atls_bytes kid,
                       const struct atls_key *key, bool simulated)
{
    char class_id[320];
    char instance[320];
    typed(class_id, "uuid", class_uuid);
    typed_base64(instance, "bytes", kid);
    add_key(set, class_id, instance, key, tpm2_profile, simulated);
}

void test_add_pcr(struct atls_endorsements *set, const char *class_uuid, unsigned pcr,
                  struct atls_bytes value)
{
    char class_id[320];
    char key[64];
    char digests[320];
    typed(class_id, "uuid", class_uuid);
    snprintf(key, sizeof key, "{\"type\":\"uint\",\"value\":%u}", pcr);
    digest(digests, value);
    add_reference(set, class_id, key, digests, tpm2_profile);
}
