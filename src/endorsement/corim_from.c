/* SPDX-License-Identifier: Apache-2.0 */
#include "endorsement/corim_from.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "crypto/key.h"
#include "endorsement/corim.h"
#include "endorsement/corim_from_snp.h"
#include "json/base64.h"
#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>

static const char step[] = "reference values";

/* Octets of a claim. */
struct octets {
    uint8_t data[ATLS_MAX_HASH_LEN];
    size_t len;
};

static enum atls_err refuse(struct atls_diag *diag, const char *claim, const char *found,
                            const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, step, claim, found, expected);
}

static enum atls_err no_memory(struct atls_diag *diag)
{
    return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
}

/* is_len is true for a length that is asked for: one, or with 0 that of any hash. */
static bool is_len(size_t len, size_t wanted)
{
    return wanted != 0 ? len == wanted : len == 32 || len == 48 || len == 64;
}

/* octets_of reads a claim as hex, as we write it, or as base64, as Veraison does. */
static enum atls_err octets_of(struct octets *out, const json_t *object, const char *name,
                               size_t wanted, struct atls_diag *diag)
{
    const json_t *value = json_object_get(object, name);
    const struct atls_buf room = {out->data, sizeof out->data};
    if (json_is_string(value)) {
        const struct atls_bytes text =
            atls_bytes_of(json_string_value(value), json_string_length(value));
        if (atls_hex_decode(text, room, &out->len) && is_len(out->len, wanted)) {
            return ATLS_OK;
        }
        if (atls_base64_decode(text, room, &out->len) && is_len(out->len, wanted)) {
            return ATLS_OK;
        }
        if (atls_base64url_decode(text, room, &out->len) && is_len(out->len, wanted)) {
            return ATLS_OK;
        }
    }
    return refuse(diag, name, value == NULL ? "none" : "another length or form",
                  wanted == 0 ? "32, 48 or 64 octets as hex or base64"
                              : "octets of the format's length as hex or base64");
}

/* typed makes {"type": ..., "value": base64}. */
static json_t *typed(const char *type, struct atls_bytes octets)
{
    char *text = atls_base64_new(octets);
    json_t *object = json_pack("{s:s,s:s}", "type", type, "value", text != NULL ? text : "");
    free(text);
    return object;
}

static json_t *digest_json(struct atls_bytes value)
{
    char *text = atls_base64_new(value);
    const char *alg = value.len == 32 ? "sha-256" : value.len == 48 ? "sha-384" : "sha-512";
    json_t *digest = json_sprintf("%s;%s", alg, text != NULL ? text : "");
    free(text);
    return digest;
}

static struct atls_bytes bytes_of(const struct octets *octets)
{
    return atls_bytes_of(octets->data, octets->len);
}

/* uuid_text makes a random UUID (RFC 9562, 5.4). */
static enum atls_err uuid_text(char out[37], struct atls_diag *diag)
{
    uint8_t id[16];
    char hex[33];
    const struct atls_buf room = {id, sizeof id};
    const enum atls_err err = atls_random(room);
    id[6] = (uint8_t)((id[6] & 0x0f) | 0x40);
    id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
    if (err != ATLS_OK || !atls_hex_encode(atls_bytes_of(id, sizeof id), hex, sizeof hex)) {
        return atls_fail(diag, err != ATLS_OK ? err : ATLS_ERR_BUFFER, step, "id");
    }
    snprintf(out, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, &hex[8], &hex[12], &hex[16], &hex[20]);
    return ATLS_OK;
}

/* psa_measurement makes one measurement of a software component (RFC 9783, 4.4.1). */
static enum atls_err psa_measurement(json_t **out, const json_t *component, struct atls_diag *diag)
{
    struct octets value, signer;
    const char *type = json_string_value(json_object_get(component, "measurement-type"));
    const char *version = json_string_value(json_object_get(component, "version"));
    enum atls_err err = octets_of(&value, component, "measurement-value", 0, diag);
    if (err == ATLS_OK) {
        err = octets_of(&signer, component, "signer-id", 0, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    json_t *said = json_pack("{s:[o],s:[o]}", "digests", digest_json(bytes_of(&value)),
                             "cryptokeys", typed("bytes", bytes_of(&signer)));
    if (type != NULL) {
        json_object_set_new(said, "name", json_string(type));
    }
    if (version != NULL) {
        json_object_set_new(said, "version", json_pack("{s:s}", "value", version));
    }
    *out = json_pack("{s:{s:s,s:s},s:o}", "key", "type", "string", "value", ATLS_PSA_COMPONENT_KEY,
                     "value", said);
    return *out != NULL ? ATLS_OK : no_memory(diag);
}

static enum atls_err psa_measurements(json_t *list, const struct atls_corim_facts *facts,
                                      struct atls_diag *diag)
{
    const json_t *components = json_object_get(facts->claims, "psa-software-components");
    size_t index = 0;
    json_t *component = NULL;
    if (!json_is_array(components) || json_array_size(components) == 0 ||
        json_array_size(components) > ATLS_MAX_COMPONENTS) {
        return refuse(diag, "psa-software-components", "none or too many", "1 to 64 components");
    }
    json_array_foreach((json_t *)(uintptr_t)components, index, component)
    {
        json_t *measurement = NULL;
        const enum atls_err err = psa_measurement(&measurement, component, diag);
        if (err != ATLS_OK) {
            return err;
        }
        json_array_append_new(list, measurement);
    }
    return ATLS_OK;
}

/* select_pcrs gives the bank and the PCRs of the quote's one selection. */
static enum atls_err select_pcrs(const struct atls_pcr_bank **out_bank, uint32_t *out_pcrs,
                                 const struct atls_pcr_values *values, const json_t *quote,
                                 struct atls_diag *diag)
{
    static const char *const names[] = {"sha256", "sha384", "sha512"};
    const json_t *selections = json_object_get(quote, "pcrSelect");
    const json_t *selection = json_array_get(selections, 0);
    const char *hash = json_string_value(json_object_get(selection, "hash"));
    size_t index = 0;
    json_t *pcr = NULL;
    *out_bank = NULL;
    *out_pcrs = 0;
    for (size_t i = 0; hash != NULL && i < ATLS_ARRAY_LEN(names); i++) {
        *out_bank = strcmp(hash, names[i]) == 0 ? &values->banks[i] : *out_bank;
    }
    if (json_array_size(selections) != 1 || *out_bank == NULL) {
        return refuse(diag, "attestInfo.pcrSelect", "another selection",
                      "one, of bank sha256, sha384 or sha512");
    }
    json_array_foreach(json_object_get(selection, "pcrs"), index, pcr)
    {
        const json_int_t number = json_integer_value(pcr);
        if (!json_is_integer(pcr) || number < 0 || number > ATLS_MAX_PCR) {
            return refuse(diag, "attestInfo.pcrSelect", "no PCR index", "0 to 31");
        }
        *out_pcrs |= (uint32_t)1 << number;
    }
    if (*out_pcrs == 0 || (*out_pcrs & ~(*out_bank)->present) != 0) {
        return refuse(diag, "PCR values", "not all that the quote selects",
                      "tpm2_pcrread of the same bank, with every PCR of the quote");
    }
    return ATLS_OK;
}

/* check_digest: TPM 2.0 Library, part 2, 10.12.1: the digest over the selected PCRs in ascending
 * order. Values that do not give it are of another moment or another machine. */
static enum atls_err check_digest(const struct atls_pcr_bank *bank, uint32_t pcrs,
                                  const json_t *quote, struct atls_diag *diag)
{
    uint8_t all[32 * ATLS_MAX_HASH_LEN];
    const size_t hash_len = atls_hash_len(bank->alg);
    struct octets expected;
    struct atls_digest found = {.len = 0};
    size_t len = 0;
    for (size_t pcr = 0; pcr < 32; pcr++) {
        if ((pcrs >> pcr & 1) != 0) {
            memcpy(&all[len], bank->value[pcr], hash_len);
            len += hash_len;
        }
    }
    enum atls_err err = octets_of(&expected, quote, "pcrDigest", 0, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const int32_t alg = expected.len == 32   ? ATLS_ALG_SHA256
                        : expected.len == 48 ? ATLS_ALG_SHA384
                                             : ATLS_ALG_SHA512;
    err = atls_crypto_openssl()->hash(alg, atls_bytes_of(all, len), &found);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "pcrDigest");
    }
    return atls_bytes_equal(atls_digest_bytes(&found), bytes_of(&expected))
               ? ATLS_OK
               : refuse(diag, "attestInfo.pcrDigest", "another digest than the PCR values give",
                        "PCR values of that machine, read while it is in the state of the quote");
}

static enum atls_err tpm2_measurements(json_t *list, const struct atls_corim_facts *facts,
                                       struct atls_diag *diag)
{
    const json_t *quote = json_object_get(facts->claims, "attestInfo");
    const struct atls_pcr_bank *bank = NULL;
    struct atls_pcr_values values;
    uint32_t pcrs = 0;
    enum atls_err err = atls_pcr_values_read(&values, facts->pcr_values, diag);
    if (err == ATLS_OK) {
        err = select_pcrs(&bank, &pcrs, &values, quote, diag);
    }
    if (err == ATLS_OK) {
        err = check_digest(bank, pcrs, quote, diag);
    }
    for (size_t pcr = 0; err == ATLS_OK && pcr < 32; pcr++) {
        if ((pcrs >> pcr & 1) != 0) {
            const struct atls_bytes value = {bank->value[pcr], atls_hash_len(bank->alg)};
            json_array_append_new(list, json_pack("{s:{s:s,s:I},s:{s:[o]}}", "key", "type", "uint",
                                                  "value", (json_int_t)pcr, "value", "digests",
                                                  digest_json(value)));
        }
    }
    return err;
}

/* class_of makes the environment's class. */
static enum atls_err class_of(json_t **out, const struct atls_corim_facts *facts, bool is_psa,
                              struct atls_diag *diag)
{
    struct octets id;
    char uuid[37];
    enum atls_err err = ATLS_OK;
    if (is_psa) {
        err = octets_of(&id, facts->claims, "psa-implementation-id", 32, diag);
        *out = err == ATLS_OK ? json_pack("{s:o}", "id", typed("bytes", bytes_of(&id))) : NULL;
        return err;
    }
    if (facts->class_uuid == NULL) {
        err = uuid_text(uuid, diag);
    }
    if (err == ATLS_OK) {
        *out = json_pack("{s:{s:s,s:s}}", "id", "type", "uuid", "value",
                         facts->class_uuid != NULL ? facts->class_uuid : uuid);
        err = *out != NULL ? ATLS_OK : refuse(diag, "class", "no text", "a UUID");
    }
    return err;
}

static enum atls_err key_record(json_t **out, const struct atls_corim_facts *facts, bool is_psa,
                                json_t *class, struct atls_diag *diag)
{
    struct octets instance;
    char *pem = NULL;
    enum atls_err err = octets_of(&instance, facts->claims, is_psa ? "psa-instance-id" : "kid",
                                  ATLS_INSTANCE_LEN, diag);
    if (err == ATLS_OK) {
        err = atls_key_to_public_pem(&pem, facts->ak, diag);
    }
    if (err == ATLS_OK) {
        *out = json_pack("{s:{s:O,s:o},s:[{s:s,s:s}]}", "environment", "class", class, "instance",
                         typed(is_psa ? "ueid" : "bytes", bytes_of(&instance)), "verification-keys",
                         "type", "pkix-base64-key", "value", pem);
        err = *out != NULL ? ATLS_OK : no_memory(diag);
    }
    atls_pem_free(pem);
    return err;
}

/* nitro_triples: the image as its file, kernel, application, and who signed it if anybody did. PCRs
 * 3 and 4 say where it runs. */
static enum atls_err nitro_triples(json_t *triples, const struct atls_corim_facts *facts,
                                   struct atls_diag *diag)
{
    static const char *const indices[] = {"0", "1", "2", "8"};
    const json_t *pcrs = json_object_get(facts->claims, "pcrs");
    json_t *list = json_array();
    for (size_t i = 0; i < ATLS_ARRAY_LEN(indices); i++) {
        struct octets value;
        const bool is_signer = i == 3;
        const enum atls_err err = octets_of(&value, pcrs, indices[i], 48, diag);
        const bool is_zero = err == ATLS_OK && atls_is_zero(bytes_of(&value));
        if (!is_signer && (err != ATLS_OK || is_zero)) {
            json_decref(list);
            return err != ATLS_OK ? err
                                  : refuse(diag, "pcrs", "zeros, as in debug mode",
                                           "an enclave that is measured");
        }
        if (err == ATLS_OK && !is_zero) {
            const long number = i == 3 ? 8 : (long)i;
            json_array_append_new(list, json_pack("{s:{s:s,s:I},s:{s:[o]}}", "key", "type", "uint",
                                                  "value", (json_int_t)number, "value", "digests",
                                                  digest_json(bytes_of(&value))));
        }
    }
    json_t *records = json_pack("[{s:{s:{s:s,s:s}},s:o}]", "environment", "class", "vendor",
                                "Amazon", "model", "aws.nitro-enclaves", "measurements", list);
    return json_object_set_new(triples, "reference-values", records) == 0 ? ATLS_OK
                                                                          : no_memory(diag);
}

static enum atls_err make_triples(json_t *triples, const struct atls_corim_facts *facts,
                                  struct atls_diag *diag)
{
    if (strcmp(facts->format->name, "nitro") == 0) {
        return nitro_triples(triples, facts, diag);
    }
    if (strcmp(facts->format->name, "snp") == 0) {
        return atls_corim_snp_triples(triples, facts->claims, diag);
    }
    const bool is_psa = strcmp(facts->format->name, "psa") == 0;
    const bool has_references = is_psa || facts->pcr_values.len != 0;
    json_t *class = NULL;
    json_t *record = NULL;
    json_t *measurements = json_array();
    enum atls_err err = class_of(&class, facts, is_psa, diag);
    if (err == ATLS_OK && has_references) {
        err = is_psa ? psa_measurements(measurements, facts, diag)
                     : tpm2_measurements(measurements, facts, diag);
    }
    if (err == ATLS_OK && has_references) {
        json_object_set_new(triples, "reference-values",
                            json_pack("[{s:{s:O},s:O}]", "environment", "class", class,
                                      "measurements", measurements));
    }
    if (err == ATLS_OK && facts->ak != NULL) {
        err = key_record(&record, facts, is_psa, class, diag);
    }
    if (record != NULL) {
        json_object_set_new(triples, "attester-verification-keys", json_pack("[o]", record));
    }
    json_decref(measurements);
    json_decref(class);
    return err;
}

enum atls_err atls_corim_from_claims(char **out_template, const struct atls_corim_facts *facts,
                                     struct atls_diag *diag)
{
    char uuid[37];
    json_t *triples = json_object();
    enum atls_err err = uuid_text(uuid, diag);
    if (err == ATLS_OK) {
        err = make_triples(triples, facts, diag);
    }
    if (err == ATLS_OK && json_object_size(triples) == 0) {
        err = refuse(diag, NULL, "neither PCR values nor an attestation key",
                     "--pcr-values FILE or --ak FILE");
    }
    json_t *comid = json_pack("{s:{s:s},s:O}", "tag-identity", "id", uuid, "triples", triples);
    char *text = err == ATLS_OK ? json_dumps(comid, JSON_COMPACT) : NULL;
    json_decref(comid);
    json_decref(triples);
    if (err == ATLS_OK && text == NULL) {
        err = no_memory(diag);
    }
    if (err == ATLS_OK) {
        *out_template = text;
    }
    return err;
}
