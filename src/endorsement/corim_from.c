/* SPDX-License-Identifier: Apache-2.0 */
#include "endorsement/corim_from.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "crypto/key.h"
#include "endorsement/corim.h"
#include "endorsement/corim_claims.h"
#include "json/comid_json.h"
#include "json/references.h"

static enum atls_err no_memory(struct atls_diag *diag)
{
    return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_CORIM_STEP, NULL);
}

/* psa_measurement makes one measurement of a software component (RFC 9783, 4.4.1). */
static enum atls_err psa_measurement(json_t **out, const json_t *component, struct atls_diag *diag)
{
    struct atls_corim_octets value;
    struct atls_corim_octets signer;
    enum atls_err err = atls_corim_read_octets(&value, component, "measurement-value", 0, diag);
    if (err == ATLS_OK) {
        err = atls_corim_read_octets(&signer, component, "signer-id", 0, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_psa_reference reference = {
        .value = atls_corim_octets(&value),
        .signer = atls_corim_octets(&signer),
        .type = json_string_value(json_object_get(component, "measurement-type")),
        .version = json_string_value(json_object_get(component, "version")),
    };
    *out = atls_reference_psa(&reference);
    return *out != NULL ? ATLS_OK : no_memory(diag);
}

static enum atls_err psa_measurements(json_t **list, const struct atls_corim_facts *facts,
                                      struct atls_diag *diag)
{
    const json_t *components = json_object_get(facts->claims, "psa-software-components");
    size_t index = 0;
    json_t *component = NULL;
    if (!json_is_array(components) || json_array_size(components) == 0 ||
        json_array_size(components) > ATLS_MAX_COMPONENTS) {
        return atls_corim_claim_refuse(diag, "psa-software-components", "none or too many",
                                       "1 to 64 components");
    }
    json_array_foreach((json_t *)(uintptr_t)components, index, component)
    {
        json_t *measurement = NULL;
        const enum atls_err err = psa_measurement(&measurement, component, diag);
        if (err != ATLS_OK) {
            return err;
        }
        atls_comid_append(list, measurement);
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
        return atls_corim_claim_refuse(diag, "attestInfo.pcrSelect", "another selection",
                                       "one, of bank sha256, sha384 or sha512");
    }
    json_array_foreach(json_object_get(selection, "pcrs"), index, pcr)
    {
        const json_int_t number = json_integer_value(pcr);
        if (!json_is_integer(pcr) || number < 0 || number > ATLS_MAX_PCR) {
            return atls_corim_claim_refuse(diag, "attestInfo.pcrSelect", "no PCR index", "0 to 31");
        }
        *out_pcrs |= (uint32_t)1 << number;
    }
    if (*out_pcrs == 0 || (*out_pcrs & ~(*out_bank)->present) != 0) {
        return atls_corim_claim_refuse(
            diag, "PCR values", "not all that the quote selects",
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
    struct atls_corim_octets expected;
    struct atls_digest found = {.len = 0};
    size_t len = 0;
    for (size_t pcr = 0; pcr < 32; pcr++) {
        if ((pcrs >> pcr & 1) != 0) {
            memcpy(&all[len], bank->value[pcr], hash_len);
            len += hash_len;
        }
    }
    enum atls_err err = atls_corim_read_octets(&expected, quote, "pcrDigest", 0, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const int32_t alg = expected.len == 32   ? ATLS_ALG_SHA256
                        : expected.len == 48 ? ATLS_ALG_SHA384
                                             : ATLS_ALG_SHA512;
    err = atls_crypto_openssl()->hash(alg, atls_bytes_of(all, len), &found);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, ATLS_CORIM_STEP, "pcrDigest");
    }
    return atls_bytes_equal(atls_digest_bytes(&found), atls_corim_octets(&expected))
               ? ATLS_OK
               : atls_corim_claim_refuse(
                     diag, "attestInfo.pcrDigest", "another digest than the PCR values give",
                     "PCR values of that machine, read while it is in the state of the quote");
}

static enum atls_err tpm2_measurements(json_t **list, const struct atls_corim_facts *facts,
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
            atls_comid_append(list, atls_reference_pcr(pcr, value));
        }
    }
    return err;
}

/* class_of makes the environment's class. */
static enum atls_err class_of(json_t **out, const struct atls_corim_facts *facts, bool is_psa,
                              struct atls_diag *diag)
{
    struct atls_corim_octets id;
    char uuid[ATLS_UUID_SIZE];
    enum atls_err err = ATLS_OK;
    if (is_psa) {
        err = atls_corim_read_octets(&id, facts->claims, "psa-implementation-id", 32, diag);
        *out = err == ATLS_OK
                   ? json_pack("{s:o}", "id", atls_comid_typed("bytes", atls_corim_octets(&id)))
                   : NULL;
        return err;
    }
    if (facts->class_uuid == NULL) {
        err = atls_comid_uuid(uuid, ATLS_CORIM_STEP, diag);
    }
    if (err == ATLS_OK) {
        *out = json_pack("{s:{s:s,s:s}}", "id", "type", "uuid", "value",
                         facts->class_uuid != NULL ? facts->class_uuid : uuid);
        err = *out != NULL ? ATLS_OK : atls_corim_claim_refuse(diag, "class", "no text", "a UUID");
    }
    return err;
}

static enum atls_err key_record(json_t **out, const struct atls_corim_facts *facts, bool is_psa,
                                json_t *class, struct atls_diag *diag)
{
    struct atls_corim_octets instance;
    char *pem = NULL;
    enum atls_err err = atls_corim_read_octets(
        &instance, facts->claims, is_psa ? "psa-instance-id" : "kid", ATLS_INSTANCE_LEN, diag);
    if (err == ATLS_OK) {
        err = atls_key_to_public_pem(&pem, facts->ak, diag);
    }
    if (err == ATLS_OK) {
        *out = json_pack("{s:{s:O,s:o},s:[{s:s,s:s}]}", "environment", "class", class, "instance",
                         atls_comid_typed(is_psa ? "ueid" : "bytes", atls_corim_octets(&instance)),
                         "verification-keys", "type", "pkix-base64-key", "value", pem);
        err = *out != NULL ? ATLS_OK : no_memory(diag);
    }
    atls_pem_free(pem);
    return err;
}

/* A device that is known by its key: psa and tpm2. */
static enum atls_err device_triples(json_t *triples, const struct atls_corim_facts *facts,
                                    struct atls_diag *diag)
{
    const bool is_psa = strcmp(facts->format->name, "psa") == 0;
    const bool has_references = is_psa || facts->pcr_values.len != 0;
    json_t *class = NULL;
    json_t *record = NULL;
    json_t *measurements = json_array();
    enum atls_err err = class_of(&class, facts, is_psa, diag);
    if (err == ATLS_OK && has_references) {
        err = is_psa ? psa_measurements(&measurements, facts, diag)
                     : tpm2_measurements(&measurements, facts, diag);
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

/* The image of a Nitro enclave as its file, kernel, application, and who signed it if anybody did.
 * PCRs 3 and 4 say where it runs. */
static enum atls_err from_nitro(json_t **out, const json_t *claims, struct atls_diag *diag)
{
    static const struct {
        const char *name;
        uint64_t pcr;
    } rows[] = {{"0", 0}, {"1", 1}, {"2", 2}, {"8", 8}};
    const json_t *pcrs = json_object_get(claims, "pcrs");
    json_t *list = json_array();
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_corim_octets value;
        const bool is_signer = rows[i].pcr == 8;
        const enum atls_err err = atls_corim_read_octets(&value, pcrs, rows[i].name, 48, diag);
        const bool is_zero = err == ATLS_OK && atls_is_zero(atls_corim_octets(&value));
        if (!is_signer && (err != ATLS_OK || is_zero)) {
            json_decref(list);
            return err != ATLS_OK ? err
                                  : atls_corim_claim_refuse(diag, "pcrs", "zeros, as in debug mode",
                                                            "an enclave that is measured");
        }
        if (err == ATLS_OK && !is_zero) {
            atls_comid_append(&list, atls_reference_pcr(rows[i].pcr, atls_corim_octets(&value)));
        }
    }
    *out = atls_references_nitro(list);
    return ATLS_OK;
}

/* Formats whose trust anchor is the maker's: there is nothing but reference values to make. */
static const struct {
    const char *name;
    enum atls_err (*make)(json_t **out, const json_t *claims, struct atls_diag *diag);
} measured_formats[] = {
    {"nitro", from_nitro},
    {"snp", atls_corim_from_snp},
    {"tdx", atls_corim_from_td},
    {"sgx", atls_corim_from_enclave},
};

static enum atls_err make_triples(json_t *triples, const struct atls_corim_facts *facts,
                                  struct atls_diag *diag)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(measured_formats); i++) {
        json_t *records = NULL;
        if (strcmp(facts->format->name, measured_formats[i].name) != 0) {
            continue;
        }
        const enum atls_err err = measured_formats[i].make(&records, facts->claims, diag);
        if (err != ATLS_OK) {
            return err;
        }
        return json_object_set_new(triples, "reference-values", records) == 0 ? ATLS_OK
                                                                              : no_memory(diag);
    }
    return device_triples(triples, facts, diag);
}

enum atls_err atls_corim_from_claims(char **out_template, const struct atls_corim_facts *facts,
                                     struct atls_diag *diag)
{
    json_t *triples = json_object();
    enum atls_err err = make_triples(triples, facts, diag);
    if (err == ATLS_OK && json_object_size(triples) == 0) {
        err = atls_corim_claim_refuse(diag, NULL, "neither PCR values nor an attestation key",
                                      "--pcr-values FILE or --ak FILE");
    }
    if (err != ATLS_OK) {
        json_decref(triples);
        return err;
    }
    return atls_comid_of(out_template, triples, ATLS_CORIM_STEP, diag);
}
