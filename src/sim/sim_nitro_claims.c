/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/sim_nitro_claims.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "json/base64.h"
#include "json/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char step[] = "sim-nitro claims";

static enum atls_err refuse(enum atls_err err, const char *claim, const char *found,
                            const char *expected, struct atls_diag *diag)
{
    atls_fail_texts(diag, err, step, claim, NULL, expected);
    if (found != NULL) {
        atls_diag_found_peer_text(diag, atls_bytes_text(found));
    }
    return err;
}

/* A simulated measurement is the hash of a name, so that two enclaves of one image have the same.
 */
static enum atls_err hash_name(uint8_t out[ATLS_SIM_NITRO_PCR_LEN], const char *name,
                               struct atls_diag *diag)
{
    struct atls_digest digest;
    const enum atls_err err =
        atls_crypto_openssl()->hash(ATLS_ALG_SHA384, atls_bytes_text(name), &digest);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "PCR");
    }
    memcpy(out, digest.data, ATLS_SIM_NITRO_PCR_LEN);
    return ATLS_OK;
}

/* name_module makes an identifier as AWS does: the instance, and the enclave in it. */
static enum atls_err name_module(struct atls_sim_nitro_claims *claims, struct atls_diag *diag)
{
    uint8_t octets[17];
    char hex[ATLS_HEX_SIZE(sizeof octets)];
    const enum atls_err err = atls_random((struct atls_buf){octets, sizeof octets});
    if (err != ATLS_OK || !atls_hex_encode(atls_bytes_of(octets, sizeof octets), hex, sizeof hex)) {
        return atls_fail(diag, err != ATLS_OK ? err : ATLS_ERR_BUFFER, step, "module-id");
    }
    snprintf(claims->module_id, sizeof claims->module_id, "i-%.17s-enc%.16s", hex, &hex[17]);
    return ATLS_OK;
}

enum atls_err atls_sim_nitro_claims_init(struct atls_sim_nitro_claims *claims,
                                         struct atls_diag *diag)
{
    static const struct {
        size_t index;
        const char *name;
    } measured[] = {{0, "atls simulation: enclave image"},
                    {1, "atls simulation: kernel"},
                    {2, "atls simulation: application"}};
    memset(claims, 0, sizeof *claims);
    claims->pcrs = 0xffff;
    enum atls_err err = name_module(claims, diag);
    for (size_t i = 0; err == ATLS_OK && i < ATLS_ARRAY_LEN(measured); i++) {
        err = hash_name(claims->pcr[measured[i].index], measured[i].name, diag);
    }
    return err == ATLS_OK ? hash_name(claims->pcr[4], claims->module_id, diag) : err;
}

static bool is_number(const char *text, int64_t max, int64_t *out)
{
    char *end = NULL;
    errno = 0;
    const long long number = strtoll(text, &end, 10);
    *out = number;
    return errno == 0 && end != text && *end == '\0' && number >= 0 && number <= max;
}

static enum atls_err set_pcr(struct atls_sim_nitro_claims *claims, int64_t index, const char *value,
                             struct atls_diag *diag)
{
    const struct atls_buf buf = {claims->pcr[index], ATLS_SIM_NITRO_PCR_LEN};
    size_t len = 0;
    const uint32_t bit = UINT32_C(1) << index;
    if (strcmp(value, "none") == 0) {
        claims->pcrs &= ~bit;
        return ATLS_OK;
    }
    if (!atls_hex_decode(atls_bytes_text(value), buf, &len) || len != ATLS_SIM_NITRO_PCR_LEN) {
        return refuse(ATLS_ERR_ARGUMENT, "pcr", value, "hex of 48 octets, or none", diag);
    }
    claims->pcrs |= bit;
    return ATLS_OK;
}

static enum atls_err set_module(struct atls_sim_nitro_claims *claims, const char *value,
                                struct atls_diag *diag)
{
    const size_t len = strlen(value);
    if (len == 0 || len >= sizeof claims->module_id) {
        return refuse(ATLS_ERR_ARGUMENT, "module-id", value, "1 to 63 octets", diag);
    }
    memcpy(claims->module_id, value, len + 1);
    return ATLS_OK;
}

static enum atls_err set_octets(struct atls_sim_octets *out, const char *claim, const char *hex,
                                struct atls_diag *diag)
{
    const struct atls_buf buf = {out->data, sizeof out->data};
    return atls_hex_decode(atls_bytes_text(hex), buf, &out->len)
               ? ATLS_OK
               : refuse(ATLS_ERR_ARGUMENT, claim, hex, "hex of at most 64 octets", diag);
}

enum atls_err atls_sim_nitro_claims_set(struct atls_sim_nitro_claims *claims, const char *setting,
                                        struct atls_diag *diag)
{
    const char *equals = strchr(setting, '=');
    if (equals == NULL) {
        return refuse(ATLS_ERR_ARGUMENT, "setting", setting, "claim=value", diag);
    }
    const struct atls_bytes name = atls_bytes_of(setting, (size_t)(equals - setting));
    const char *value = &equals[1];
    int64_t number = 0;
    if (atls_bytes_is_text(name, "module-id")) {
        return set_module(claims, value, diag);
    }
    if (atls_bytes_is_text(name, "user-data")) {
        return set_octets(&claims->user_data, "user-data", value, diag);
    }
    if (atls_bytes_is_text(name, "timestamp") && is_number(value, INT64_MAX, &number)) {
        claims->timestamp_ms = number;
        return ATLS_OK;
    }
    if (atls_bytes_is_text(name, "debug") && strcmp(value, "true") == 0) {
        claims->debug = true;
        return ATLS_OK;
    }
    if (name.len > 4 && name.len < 7 && strncmp(setting, "pcr.", 4) == 0) {
        char index[3] = {0};
        memcpy(index, &name.data[4], name.len - 4);
        if (is_number(index, ATLS_SIM_NITRO_NUM_PCRS - 1, &number)) {
            return set_pcr(claims, number, value, diag);
        }
    }
    return refuse(ATLS_ERR_ARGUMENT, "setting", setting,
                  "module-id, user-data, timestamp=MILLISECONDS, debug=true or pcr.N", diag);
}

static json_t *hex_json(const uint8_t *octets, size_t len)
{
    char *hex = atls_hex_new(atls_bytes_of(octets, len));
    json_t *value = hex != NULL ? json_string(hex) : NULL;
    free(hex);
    return value;
}

static json_t *pcrs_json(const struct atls_sim_nitro_claims *claims)
{
    json_t *object = json_object();
    for (unsigned pcr = 0; object != NULL && pcr < ATLS_SIM_NITRO_NUM_PCRS; pcr++) {
        char name[4];
        snprintf(name, sizeof name, "%u", pcr);
        if ((claims->pcrs >> pcr & 1) != 0 &&
            json_object_set_new(object, name, hex_json(claims->pcr[pcr], ATLS_SIM_NITRO_PCR_LEN)) !=
                0) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

json_t *atls_sim_nitro_claims_to_json(const struct atls_sim_nitro_claims *claims)
{
    return json_pack("{s:s, s:I, s:b, s:o, s:o}", "module-id", claims->module_id, "timestamp",
                     (json_int_t)claims->timestamp_ms, "debug", claims->debug, "user-data",
                     hex_json(claims->user_data.data, claims->user_data.len), "pcrs",
                     pcrs_json(claims));
}

static enum atls_err pcrs_from(struct atls_sim_nitro_claims *claims, const json_t *pcrs,
                               struct atls_diag *diag)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)pcrs, name, value)
    {
        int64_t index = 0;
        if (!is_number(name, ATLS_SIM_NITRO_NUM_PCRS - 1, &index)) {
            return refuse(ATLS_ERR_MALFORMED, "pcrs", name, "an index, 0 to 31", diag);
        }
        const struct atls_buf buf = {claims->pcr[index], ATLS_SIM_NITRO_PCR_LEN};
        size_t len = 0;
        const enum atls_err err =
            atls_json_hex(buf, &len, ATLS_SIM_NITRO_PCR_LEN, pcrs, name, step, diag);
        if (err != ATLS_OK) {
            return err;
        }
        claims->pcrs |= UINT32_C(1) << index;
    }
    return ATLS_OK;
}

enum atls_err atls_sim_nitro_claims_from_json(struct atls_sim_nitro_claims *claims,
                                              const json_t *object, struct atls_diag *diag)
{
    static const char *const names[] = {"module-id", "timestamp", "debug",
                                        "user-data", "pcrs",      NULL};
    struct atls_bytes module = {NULL, 0};
    const json_t *pcrs = NULL;
    memset(claims, 0, sizeof *claims);
    const struct atls_buf data = {claims->user_data.data, sizeof claims->user_data.data};
    enum atls_err err = atls_json_only_keys(object, names, step, diag);
    if (err == ATLS_OK) {
        err = atls_json_text(&module, object, "module-id", step, diag);
    }
    if (err == ATLS_OK && module.len >= sizeof claims->module_id) {
        err = refuse(ATLS_ERR_MALFORMED, "module-id", "a longer text", "1 to 63 octets", diag);
    }
    if (err == ATLS_OK) {
        memcpy(claims->module_id, module.data, module.len);
        err = atls_json_int(&claims->timestamp_ms, object, "timestamp", 0, INT64_MAX, step, diag);
    }
    if (err == ATLS_OK) {
        err = atls_json_bool(&claims->debug, object, "debug", step, diag);
    }
    if (err == ATLS_OK) {
        err = atls_json_hex(data, &claims->user_data.len, 0, object, "user-data", step, diag);
    }
    if (err == ATLS_OK) {
        err = atls_json_object(&pcrs, object, "pcrs", step, diag);
    }
    return err == ATLS_OK ? pcrs_from(claims, pcrs, diag) : err;
}
