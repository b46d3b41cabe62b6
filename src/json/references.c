/* SPDX-License-Identifier: Apache-2.0 */
#include "json/references.h"

#include "base/span.h"
#include "json/comid_json.h"

#include <inttypes.h>
#include <string.h>

/* records makes the list of one record. */
static json_t *records(json_t *environment, json_t *measurements)
{
    return json_pack("[{s:o, s:o}]", "environment", environment, "measurements", measurements);
}

/* ---- PSA, and PCRs ---- */

json_t *atls_reference_psa(const struct atls_psa_reference *component)
{
    json_t *said = json_pack("{s:[o], s:[o]}", "digests", atls_comid_digest(component->value),
                             "cryptokeys", atls_comid_typed("bytes", component->signer));
    int failed = said != NULL ? 0 : 1;
    if (failed == 0 && component->type != NULL) {
        failed = json_object_set_new(said, "name", json_string(component->type));
    }
    if (failed == 0 && component->version != NULL) {
        failed =
            json_object_set_new(said, "version", json_pack("{s:s}", "value", component->version));
    }
    if (failed != 0) {
        json_decref(said);
        return NULL;
    }
    return json_pack("{s:{s:s, s:s}, s:o}", "key", "type", "string", "value",
                     "psa.software-component", "value", said);
}

json_t *atls_reference_pcr(uint64_t pcr, struct atls_bytes value)
{
    return atls_comid_numbered(pcr, "digests", json_pack("[o]", atls_comid_digest(value)));
}

json_t *atls_references_nitro(json_t *measurements)
{
    return records(
        json_pack("{s:{s:s, s:s}}", "class", "vendor", "Amazon", "model", "aws.nitro-enclaves"),
        measurements);
}

/* ---- AMD SEV-SNP: keys of measurements are those of its profile ---- */

enum snp_key {
    GUEST_SVN = 1,
    POLICY = 2,
    VMPL = 5,
    MEASUREMENT = 641,
    REPORTED_TCB = 647,
    FIRMWARE = 3936
};

/* exactly is a raw-value: CoRIM has the report's numbers big-endian. */
static json_t *exactly(enum snp_key key, struct atls_bytes number)
{
    uint8_t reversed[8] = {0};
    for (size_t i = 0; i < number.len && i < sizeof reversed; i++) {
        reversed[i] = number.data[number.len - 1 - i];
    }
    return atls_comid_numbered(key, "raw-value",
                               atls_comid_typed("bytes", atls_bytes_of(reversed, number.len)));
}

static uint64_t number_of(struct atls_bytes octets)
{
    uint64_t number = 0;
    for (size_t i = octets.len; i > 0; i--) {
        number = number << 8 | octets.data[i - 1];
    }
    return number;
}

/* at_least is an svn that may be higher; of a TCB version, each octet by itself. As a text: JSON
 * has no numbers that large. */
static json_t *at_least(uint64_t number)
{
    return json_pack("{s:s, s:o}", "type", "min-value", "value", json_sprintf("%" PRIu64, number));
}

static json_t *snp_svn(enum snp_key key, struct atls_bytes number)
{
    return atls_comid_numbered(key, "svn", at_least(number_of(number)));
}

json_t *atls_references_snp(const struct atls_snp_references *guest)
{
    json_t *environment = json_pack("{s:{s:{s:s, s:s}}, s:o}", "class", "id", "type", "oid",
                                    "value", "1.3.6.1.4.1.3704.3.1", "instance",
                                    atls_comid_typed("bytes", guest->measurement));
    json_t *measurements = json_pack("[o, o, o, o, o]", snp_svn(GUEST_SVN, guest->guest_svn),
                                     exactly(POLICY, guest->policy), exactly(VMPL, guest->vmpl),
                                     atls_reference_pcr(MEASUREMENT, guest->measurement),
                                     snp_svn(REPORTED_TCB, guest->reported_tcb));
    if (guest->firmware != NULL) {
        atls_comid_append(
            &measurements,
            atls_comid_numbered(FIRMWARE, "version", json_pack("{s:s}", "value", guest->firmware)));
    }
    return records(environment, measurements);
}

/* ---- Intel TDX and SGX ---- */

/* The class of a reference value is a label: the OID of the profile. */
static json_t *intel_environment(const char *model)
{
    return json_pack("{s:{s:{s:s, s:s}, s:s, s:s}}", "class", "id", "type", "oid", "value",
                     "2.16.840.1.113741.1.16.1", "vendor", "Intel Corporation", "model", model);
}

/* intel_records takes the values of the profile, which have no key, and adds what has a name. */
static json_t *intel_records(const char *model, json_t *values,
                             const struct atls_named_value *named, size_t num_named,
                             uint16_t config_svn)
{
    json_t *measurements = json_pack("[{s:o}]", "value", values);
    for (size_t i = 0; i < num_named; i++) {
        if (!atls_is_zero(named[i].value)) {
            atls_comid_append(&measurements,
                              atls_comid_named(named[i].name, "raw-value",
                                               atls_comid_typed("bytes", named[i].value)));
        }
    }
    if (config_svn != 0) {
        atls_comid_append(&measurements,
                          atls_comid_named("config_svn", "svn", at_least(config_svn)));
    }
    return records(intel_environment(model), measurements);
}

static json_t *registers_json(const struct atls_bytes rtmr[4])
{
    json_t *registers = json_object();
    for (int i = 0; registers != NULL && i < 4; i++) {
        const char name[] = {(char)('0' + i), '\0'};
        json_t *digests =
            json_pack("{s:s, s:[o]}", "key-type", "uint", "value", atls_comid_digest(rtmr[i]));
        if (json_object_set_new(registers, name, digests) != 0) {
            json_decref(registers);
            registers = NULL;
        }
    }
    return registers;
}

json_t *atls_references_td(const struct atls_td_references *td)
{
    json_t *values = json_pack("{s:[o], s:o, s:o}", "mrtee", atls_comid_digest(td->mr_td),
                               "attributes", atls_comid_base64(td->attributes),
                               "integrity-registers", registers_json(td->rtmr));
    return intel_records("TDX", values, td->named, td->num_named, 0);
}

/* flags_json has the attributes under a mask without XFRM, their second half. */
static json_t *flags_json(struct atls_bytes attributes)
{
    static const uint8_t mask[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint8_t flags[16] = {0};
    memcpy(flags, attributes.data, 8);
    return json_pack("{s:o, s:o}", "value", atls_comid_base64(atls_bytes_of(flags, sizeof flags)),
                     "mask", atls_comid_base64(atls_bytes_of(mask, sizeof mask)));
}

json_t *atls_references_enclave(const struct atls_enclave_references *enclave)
{
    json_t *values =
        json_pack("{s:[o], s:[o], s:I, s:{s:s, s:I}}", "mrtee",
                  atls_comid_digest(enclave->mr_enclave), "mrsigner",
                  atls_comid_digest(enclave->mr_signer), "isvprodid", (json_int_t)enclave->prod_id,
                  "isvsvn", "operator", "ge", "value", (json_int_t)enclave->svn);
    if (values != NULL && enclave->attributes.len == 16 &&
        json_object_set_new(values, "attributes", flags_json(enclave->attributes)) != 0) {
        json_decref(values);
        values = NULL;
    }
    return intel_records("SGX", values, enclave->named, enclave->num_named, enclave->config_svn);
}
