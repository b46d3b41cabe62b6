/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/sim_token.h"

#include "base/span.h"
#include "codec/cbor.h"
#include "json/comid_json.h"
#include "json/references.h"

/* Claims of RFC 9783, 4, and members of a software component. */
enum { NONCE = 10, INSTANCE_ID = 256, PROFILE = 265, BOOT_SEED = 268, CLIENT_ID = 2394 };
enum { LIFECYCLE = 2395, IMPLEMENTATION_ID = 2396, CERTIFICATION_REFERENCE = 2398 };
enum { COMPONENTS = 2399, SERVICE_INDICATOR = 2400 };
enum { TYPE = 1, VALUE = 2, VERSION = 4, SIGNER_ID = 5 };

static const char profile[] = "tag:psacertified.org,2023:psa#tfm";

static struct atls_bytes octets_of(const struct atls_sim_octets *octets)
{
    return atls_bytes_of(octets->data, octets->len);
}

static void put_bytes(struct atls_writer *w, int64_t label, struct atls_bytes octets)
{
    atls_cbor_put_int(w, label);
    atls_cbor_put_bytes(w, octets);
}

static void put_text(struct atls_writer *w, int64_t label, const char *text)
{
    atls_cbor_put_int(w, label);
    atls_cbor_put_str(w, text);
}

static void put_component(struct atls_writer *w, const struct atls_sim_component *component)
{
    const bool has_version = component->version[0] != '\0';
    atls_cbor_put_map(w, has_version ? 4 : 3);
    put_text(w, TYPE, component->type);
    put_bytes(w, VALUE, octets_of(&component->value));
    if (has_version) {
        put_text(w, VERSION, component->version);
    }
    put_bytes(w, SIGNER_ID, octets_of(&component->signer));
}

void atls_sim_put_claims(struct atls_writer *w, const struct atls_sim_claims *claims,
                         struct atls_bytes nonce)
{
    const bool has_seed = claims->boot_seed.len != 0;
    const bool has_reference = claims->certification_reference[0] != '\0';
    const bool has_indicator = claims->service_indicator[0] != '\0';
    atls_cbor_put_map(w,
                      7u + (has_seed ? 1 : 0) + (has_reference ? 1 : 0) + (has_indicator ? 1 : 0));
    put_bytes(w, NONCE, nonce);
    put_bytes(w, INSTANCE_ID, octets_of(&claims->instance_id));
    put_text(w, PROFILE, profile);
    if (has_seed) {
        put_bytes(w, BOOT_SEED, octets_of(&claims->boot_seed));
    }
    atls_cbor_put_int(w, CLIENT_ID);
    atls_cbor_put_int(w, claims->client_id);
    atls_cbor_put_int(w, LIFECYCLE);
    atls_cbor_put_int(w, claims->lifecycle);
    put_bytes(w, IMPLEMENTATION_ID, octets_of(&claims->implementation_id));
    if (has_reference) {
        put_text(w, CERTIFICATION_REFERENCE, claims->certification_reference);
    }
    atls_cbor_put_int(w, COMPONENTS);
    atls_cbor_put_array(w, claims->num_components);
    for (size_t i = 0; i < claims->num_components; i++) {
        put_component(w, &claims->components[i]);
    }
    if (has_indicator) {
        put_text(w, SERVICE_INDICATOR, claims->service_indicator);
    }
}

static json_t *class_json(const struct atls_sim_claims *claims)
{
    return json_pack("{s:o}", "id",
                     atls_comid_typed("bytes", octets_of(&claims->implementation_id)));
}

static json_t *measurements_json(const struct atls_sim_claims *claims)
{
    json_t *list = json_array();
    for (size_t i = 0; i < claims->num_components; i++) {
        const struct atls_sim_component *component = &claims->components[i];
        const struct atls_psa_reference reference = {
            .value = octets_of(&component->value),
            .signer = octets_of(&component->signer),
            .type = component->type,
            .version = component->version[0] != '\0' ? component->version : NULL,
        };
        atls_comid_append(&list, atls_reference_psa(&reference));
    }
    return list;
}

static json_t *triples_json(const struct atls_sim_claims *claims, const char *public_pem)
{
    json_t *keys =
        json_pack("[{s:{s:o, s:o}, s:[{s:s, s:s}]}]", "environment", "class", class_json(claims),
                  "instance", atls_comid_typed("ueid", octets_of(&claims->instance_id)),
                  "verification-keys", "type", "pkix-base64-key", "value", public_pem);
    json_t *triples = json_pack("{s:o}", "attester-verification-keys", keys);
    if (triples == NULL || claims->num_components == 0) {
        return triples;
    }
    json_t *values = json_pack("[{s:{s:o}, s:o}]", "environment", "class", class_json(claims),
                               "measurements", measurements_json(claims));
    if (json_object_set_new(triples, "reference-values", values) != 0) {
        json_decref(triples);
        return NULL;
    }
    return triples;
}

enum atls_err atls_sim_comid(char **out, const struct atls_sim_claims *claims,
                             const char *public_pem, struct atls_diag *diag)
{
    return atls_comid_of(out, triples_json(claims, public_pem), "sim-psa", diag);
}
