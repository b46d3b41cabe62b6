/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/sim_claims.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "json/base64.h"
#include "json/json.h"

#include <errno.h>
#include <stdlib.h>

static const char step[] = "sim-psa claims";

/* The 32 octets of every simulated implementation, in characters that a person recognises. */
static const char default_implementation[] = "atls-simulated-implementation-01";

static enum atls_err refuse(enum atls_err err, const char *claim, const char *found,
                            const char *expected, struct atls_diag *diag)
{
    atls_fail_texts(diag, err, step, claim, NULL, expected);
    if (found != NULL) {
        atls_diag_found_peer_text(diag, atls_bytes_text(found));
    }
    return err;
}

/* copy_text is false for a text that does not fit with its NUL. */
static bool copy_text(char *out, size_t cap, struct atls_bytes text)
{
    if (text.len >= cap) {
        return false;
    }
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    return true;
}

/* A simulated measurement is the hash of a name, so that two machines have the same. */
static enum atls_err hash_name(struct atls_sim_octets *out, const char *name,
                               struct atls_diag *diag)
{
    struct atls_digest digest;
    const enum atls_err err =
        atls_crypto_openssl()->hash(ATLS_ALG_SHA256, atls_bytes_text(name), &digest);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, name);
    }
    memcpy(out->data, digest.data, digest.len);
    out->len = digest.len;
    return ATLS_OK;
}

/* find_component gives the one of that type, made new when there is none; NULL when full. */
static struct atls_sim_component *find_component(struct atls_sim_claims *claims,
                                                 struct atls_bytes type, struct atls_diag *diag)
{
    for (size_t i = 0; i < claims->num_components; i++) {
        if (atls_bytes_is_text(type, claims->components[i].type)) {
            return &claims->components[i];
        }
    }
    struct atls_sim_component *component = &claims->components[claims->num_components];
    if (claims->num_components == ATLS_SIM_MAX_COMPONENTS || type.len == 0 ||
        type.len >= sizeof component->type) {
        refuse(ATLS_ERR_ARGUMENT, "sw", NULL, "at most 16 components, with names of 1 to 63 octets",
               diag);
        return NULL;
    }
    memset(component, 0, sizeof *component);
    if (!copy_text(component->type, sizeof component->type, type) ||
        hash_name(&component->value, component->type, diag) != ATLS_OK ||
        hash_name(&component->signer, "atls simulation signer", diag) != ATLS_OK) {
        return NULL;
    }
    claims->num_components++;
    return component;
}

static void remove_component(struct atls_sim_claims *claims, struct atls_sim_component *component)
{
    const size_t at = (size_t)(component - claims->components);
    const size_t behind = claims->num_components - at - 1;
    memmove(component, &component[1], behind * sizeof *component);
    claims->num_components--;
}

enum atls_err atls_sim_claims_init(struct atls_sim_claims *claims, struct atls_diag *diag)
{
    memset(claims, 0, sizeof *claims);
    claims->client_id = 1;
    claims->lifecycle = 0x3000; /* secured (RFC 9783, 4.3.1) */
    claims->implementation_id.len = sizeof default_implementation - 1;
    memcpy(claims->implementation_id.data, default_implementation, claims->implementation_id.len);
    static const char *const types[] = {"BL", "PRoT"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(types); i++) {
        struct atls_sim_component *component =
            find_component(claims, atls_bytes_text(types[i]), diag);
        if (component == NULL) {
            return ATLS_ERR_CRYPTO;
        }
        memcpy(component->version, "1.0.0", sizeof "1.0.0");
    }
    return ATLS_OK;
}

static enum atls_err set_octets(struct atls_sim_octets *out, const char *claim, const char *hex,
                                struct atls_diag *diag)
{
    const struct atls_buf buf = {out->data, sizeof out->data};
    size_t len = 0;
    if (!atls_hex_decode(atls_bytes_text(hex), buf, &len)) {
        return refuse(ATLS_ERR_ARGUMENT, claim, hex, "hex of at most 64 octets", diag);
    }
    out->len = len;
    return ATLS_OK;
}

static enum atls_err set_number(int64_t *out, const char *claim, const char *text,
                                struct atls_diag *diag)
{
    char *end = NULL;
    errno = 0;
    const long long number = strtoll(text, &end, 0);
    if (errno != 0 || end == text || *end != '\0') {
        return refuse(ATLS_ERR_ARGUMENT, claim, text, "a number", diag);
    }
    *out = number;
    return ATLS_OK;
}

static enum atls_err set_text(char *out, size_t cap, const char *claim, const char *text,
                              struct atls_diag *diag)
{
    return copy_text(out, cap, atls_bytes_text(text))
               ? ATLS_OK
               : refuse(ATLS_ERR_ARGUMENT, claim, text, "a shorter text", diag);
}

/* ends_with cuts `suffix` off `name`. */
static bool ends_with(struct atls_bytes *name, const char *suffix)
{
    const size_t len = strlen(suffix);
    if (name->len <= len || memcmp(&name->data[name->len - len], suffix, len) != 0) {
        return false;
    }
    name->len -= len;
    return true;
}

/* `name` is what stands behind "sw.". */
static enum atls_err set_component(struct atls_sim_claims *claims, struct atls_bytes name,
                                   const char *value, struct atls_diag *diag)
{
    const bool is_version = ends_with(&name, ".version");
    const bool is_signer = !is_version && ends_with(&name, ".signer");
    struct atls_sim_component *component = find_component(claims, name, diag);
    if (component == NULL) {
        return ATLS_ERR_ARGUMENT;
    }
    if (is_version) {
        return set_text(component->version, sizeof component->version, "sw version", value, diag);
    }
    if (is_signer) {
        return set_octets(&component->signer, "sw signer", value, diag);
    }
    if (strcmp(value, "none") == 0) {
        remove_component(claims, component);
        return ATLS_OK;
    }
    return set_octets(&component->value, "sw", value, diag);
}

enum atls_err atls_sim_claims_set(struct atls_sim_claims *claims, const char *setting,
                                  struct atls_diag *diag)
{
    const char *equals = strchr(setting, '=');
    if (equals == NULL) {
        return refuse(ATLS_ERR_ARGUMENT, "setting", setting, "claim=value", diag);
    }
    const struct atls_bytes name = atls_bytes_of(setting, (size_t)(equals - setting));
    const char *value = &equals[1];
    if (name.len > 3 && memcmp(name.data, "sw.", 3) == 0) {
        return set_component(claims, atls_bytes_of(&name.data[3], name.len - 3), value, diag);
    }
    if (atls_bytes_is_text(name, "implementation-id")) {
        return set_octets(&claims->implementation_id, "implementation-id", value, diag);
    }
    if (atls_bytes_is_text(name, "instance-id")) {
        return set_octets(&claims->instance_id, "instance-id", value, diag);
    }
    if (atls_bytes_is_text(name, "boot-seed")) {
        return set_octets(&claims->boot_seed, "boot-seed", value, diag);
    }
    if (atls_bytes_is_text(name, "client-id")) {
        return set_number(&claims->client_id, "client-id", value, diag);
    }
    if (atls_bytes_is_text(name, "security-lifecycle")) {
        return set_number(&claims->lifecycle, "security-lifecycle", value, diag);
    }
    if (atls_bytes_is_text(name, "certification-reference")) {
        return set_text(claims->certification_reference, sizeof claims->certification_reference,
                        "certification-reference", value, diag);
    }
    if (atls_bytes_is_text(name, "vsi")) {
        return set_text(claims->service_indicator, sizeof claims->service_indicator, "vsi", value,
                        diag);
    }
    return refuse(ATLS_ERR_ARGUMENT, "setting", setting,
                  "implementation-id, instance-id, boot-seed, client-id, security-lifecycle, "
                  "certification-reference, vsi, sw.NAME, sw.NAME.version or sw.NAME.signer",
                  diag);
}

static json_t *hex_json(const struct atls_sim_octets *octets)
{
    char hex[ATLS_HEX_SIZE(sizeof octets->data)];
    return atls_hex_encode(atls_bytes_of(octets->data, octets->len), hex, sizeof hex)
               ? json_string(hex)
               : NULL;
}

static json_t *components_json(const struct atls_sim_claims *claims)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < claims->num_components; i++) {
        const struct atls_sim_component *component = &claims->components[i];
        json_t *item = json_pack("{s:s, s:o, s:o, s:s}", "type", component->type, "value",
                                 hex_json(&component->value), "signer",
                                 hex_json(&component->signer), "version", component->version);
        if (json_array_append_new(list, item) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

json_t *atls_sim_claims_to_json(const struct atls_sim_claims *claims)
{
    return json_pack("{s:I, s:I, s:o, s:o, s:o, s:s, s:s, s:o}", "client-id",
                     (json_int_t)claims->client_id, "security-lifecycle",
                     (json_int_t)claims->lifecycle, "implementation-id",
                     hex_json(&claims->implementation_id), "instance-id",
                     hex_json(&claims->instance_id), "boot-seed", hex_json(&claims->boot_seed),
                     "certification-reference", claims->certification_reference, "vsi",
                     claims->service_indicator, "components", components_json(claims));
}

static enum atls_err octets_from(struct atls_sim_octets *out, const json_t *object, const char *key,
                                 struct atls_diag *diag)
{
    const struct atls_buf buf = {out->data, sizeof out->data};
    return atls_json_hex(buf, &out->len, 0, object, key, step, diag);
}

static enum atls_err text_from(char *out, size_t cap, const json_t *object, const char *key,
                               struct atls_diag *diag)
{
    struct atls_bytes text;
    enum atls_err err = atls_json_text(&text, object, key, step, diag);
    if (err == ATLS_OK && !copy_text(out, cap, text)) {
        err = refuse(ATLS_ERR_MALFORMED, key, "a text that is too long", "a shorter one", diag);
    }
    return err;
}

static enum atls_err component_from(struct atls_sim_component *out, const json_t *object,
                                    struct atls_diag *diag)
{
    static const char *const names[] = {"type", "value", "signer", "version", NULL};
    enum atls_err err = atls_json_only_keys(object, names, step, diag);
    if (err == ATLS_OK) {
        err = text_from(out->type, sizeof out->type, object, "type", diag);
    }
    if (err == ATLS_OK) {
        err = text_from(out->version, sizeof out->version, object, "version", diag);
    }
    if (err == ATLS_OK) {
        err = octets_from(&out->value, object, "value", diag);
    }
    if (err == ATLS_OK) {
        err = octets_from(&out->signer, object, "signer", diag);
    }
    return err;
}

static enum atls_err components_from(struct atls_sim_claims *claims, const json_t *object,
                                     struct atls_diag *diag)
{
    const json_t *list = NULL;
    enum atls_err err = atls_json_array(&list, object, "components", step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (json_array_size(list) > ATLS_SIM_MAX_COMPONENTS) {
        return refuse(ATLS_ERR_MALFORMED, "components", "more than 16", "at most 16", diag);
    }
    for (size_t i = 0; i < json_array_size(list) && err == ATLS_OK; i++) {
        err = component_from(&claims->components[i], json_array_get(list, i), diag);
        claims->num_components = i + 1;
    }
    return err;
}

enum atls_err atls_sim_claims_from_json(struct atls_sim_claims *claims, const json_t *object,
                                        struct atls_diag *diag)
{
    static const char *const names[] = {
        "client-id",   "security-lifecycle", "implementation-id",
        "instance-id", "boot-seed",          "certification-reference",
        "vsi",         "components",         NULL};
    memset(claims, 0, sizeof *claims);
    enum atls_err err = atls_json_only_keys(object, names, step, diag);
    if (err == ATLS_OK) {
        err = atls_json_int(&claims->client_id, object, "client-id", INT64_MIN, INT64_MAX, step,
                            diag);
    }
    if (err == ATLS_OK) {
        err = atls_json_int(&claims->lifecycle, object, "security-lifecycle", INT64_MIN, INT64_MAX,
                            step, diag);
    }
    if (err == ATLS_OK) {
        err = octets_from(&claims->implementation_id, object, "implementation-id", diag);
    }
    if (err == ATLS_OK) {
        err = octets_from(&claims->instance_id, object, "instance-id", diag);
    }
    if (err == ATLS_OK) {
        err = octets_from(&claims->boot_seed, object, "boot-seed", diag);
    }
    if (err == ATLS_OK) {
        err = text_from(claims->certification_reference, sizeof claims->certification_reference,
                        object, "certification-reference", diag);
    }
    if (err == ATLS_OK) {
        err = text_from(claims->service_indicator, sizeof claims->service_indicator, object, "vsi",
                        diag);
    }
    return err == ATLS_OK ? components_from(claims, object, diag) : err;
}
