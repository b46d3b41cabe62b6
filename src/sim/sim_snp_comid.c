/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/sim_snp_comid.h"

#include "base/span.h"
#include "json/base64.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* raw_json is a number of the report as CoRIM has it: a raw-value, big-endian. */
static json_t *raw_json(int key, struct atls_bytes number)
{
    uint8_t octets[8];
    for (size_t i = 0; i < number.len; i++) {
        octets[i] = number.data[number.len - 1 - i];
    }
    char *text = atls_base64_new(atls_bytes_of(octets, number.len));
    json_t *value = json_pack("{s:{s:s,s:i},s:{s:{s:s,s:s}}}", "key", "type", "uint", "value", key,
                              "value", "raw-value", "type", "bytes", "value", text);
    free(text);
    return value;
}

/* svn_json is a number that may be higher; of a TCB version, each octet by itself. As a text: JSON
 * has no numbers that large. */
static json_t *svn_json(int key, struct atls_bytes number)
{
    uint64_t value = 0;
    char digits[24];
    for (size_t i = number.len; i > 0; i--) {
        value = value << 8 | number.data[i - 1];
    }
    snprintf(digits, sizeof digits, "%" PRIu64, value);
    return json_pack("{s:{s:s,s:i},s:{s:{s:s,s:s}}}", "key", "type", "uint", "value", key, "value",
                     "svn", "type", "min-value", "value", digits);
}

static json_t *digest_json(int key, struct atls_bytes digest)
{
    char *text = atls_base64url_new(digest);
    json_t *value = json_pack("{s:{s:s,s:i},s:{s:[[i,s]]}}", "key", "type", "uint", "value", key,
                              "value", "digests", 7, text);
    free(text);
    return value;
}

static json_t *references_json(const struct atls_sim_snp *snp)
{
    char *instance = atls_base64_new(atls_sim_snp_field(snp, "measurement"));
    json_t *list = json_pack("[{s:{s:{s:{s:s,s:s}},s:{s:s,s:s}},s:[o,o,o,o,o]}]", "environment",
                             "class", "id", "type", "oid", "value", "1.3.6.1.4.1.3704.3.1",
                             "instance", "type", "bytes", "value", instance, "measurements",
                             svn_json(1, atls_sim_snp_field(snp, "guest_svn")),
                             raw_json(2, atls_sim_snp_field(snp, "policy")),
                             raw_json(5, atls_sim_snp_field(snp, "vmpl")),
                             digest_json(641, atls_sim_snp_field(snp, "measurement")),
                             svn_json(647, atls_sim_snp_field(snp, "reported_tcb")));
    free(instance);
    return list;
}

json_t *atls_sim_snp_triples(const struct atls_sim_snp *snp, const char *ark_pem)
{
    json_t *model = json_sprintf("ARK-%s", snp->line->name);
    return json_pack("{s:[{s:{s:{s:s,s:o}},s:[{s:s,s:s}]}],s:o}", "attester-verification-keys",
                     "environment", "class", "vendor", "Advanced Micro Devices", "model", model,
                     "verification-keys", "type", "pkix-base64-cert", "value", ark_pem,
                     "reference-values", references_json(snp));
}
