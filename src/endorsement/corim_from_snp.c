/* SPDX-License-Identifier: Apache-2.0 */
/* Reference values out of an SEV-SNP report: what was launched, how, and the least firmware. */
#include "endorsement/corim_from_snp.h"

#include "base/span.h"
#include "json/base64.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char step[] = "reference values";

enum { MEASUREMENT_LEN = 48, TCB_LEN = 8 };

static enum atls_err refuse(struct atls_diag *diag, const char *claim, const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, step, claim, "none, or another form",
                           expected);
}

static bool read_hex(uint8_t *out, size_t len, const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    const struct atls_buf room = {out, len};
    size_t found = 0;
    return text != NULL && atls_hex_decode(atls_bytes_text(text), room, &found) && found == len;
}

/* keyed makes one measurement of the profile. */
static json_t *keyed(int key, const char *name, json_t *value)
{
    return json_pack("{s:{s:s,s:i},s:{s:o}}", "key", "type", "uint", "value", key, "value", name,
                     value);
}

/* big_endian makes a raw-value of `len` octets of a number. */
static json_t *big_endian(uint64_t number, size_t len)
{
    uint8_t octets[8];
    for (size_t i = 0; i < len; i++) {
        octets[i] = (uint8_t)(number >> 8 * (len - 1 - i));
    }
    char *text = atls_base64_new(atls_bytes_of(octets, len));
    json_t *value = json_pack("{s:s,s:s}", "type", "bytes", "value", text != NULL ? text : "");
    free(text);
    return value;
}

static json_t *least(uint64_t number)
{
    return json_pack("{s:s,s:o}", "type", "min-value", "value", json_sprintf("%" PRIu64, number));
}

/* What of the claims becomes a reference value. */
struct launch {
    uint8_t measurement[MEASUREMENT_LEN];
    uint64_t guest_svn, policy, vmpl, tcb;
    const char *version; /* committed, "1.55.29" */
};

static enum atls_err read_launch(struct launch *out, const json_t *claims, struct atls_diag *diag)
{
    uint8_t tcb[TCB_LEN];
    const char *policy = json_string_value(json_object_get(claims, "policy"));
    const json_int_t svn = json_integer_value(json_object_get(claims, "guest_svn"));
    const json_int_t vmpl = json_integer_value(json_object_get(claims, "vmpl"));
    char *end = NULL;
    memset(out, 0, sizeof *out);
    out->version = json_string_value(json_object_get(claims, "committed_version"));
    out->guest_svn = (uint64_t)svn;
    out->vmpl = (uint64_t)vmpl;
    if (!read_hex(out->measurement, sizeof out->measurement, claims, "measurement")) {
        return refuse(diag, "measurement", "48 octets as hex");
    }
    if (!read_hex(tcb, sizeof tcb, json_object_get(claims, "reported_tcb"), "octets")) {
        return refuse(diag, "reported_tcb", "8 octets as hex");
    }
    out->policy = policy != NULL ? strtoull(policy, &end, 16) : 0;
    if (policy == NULL || strncmp(policy, "0x", 2) != 0 || *end != '\0') {
        return refuse(diag, "policy", "a hexadecimal number behind 0x");
    }
    if (svn < 0 || svn > UINT32_MAX || vmpl < 0 || vmpl > 3 || out->version == NULL) {
        return refuse(diag, "guest_svn, vmpl, committed_version", "those of a report");
    }
    for (size_t i = 0; i < TCB_LEN; i++) {
        out->tcb |= (uint64_t)tcb[i] << 8 * i;
    }
    return ATLS_OK;
}

enum atls_err atls_corim_snp_triples(json_t *triples, const json_t *claims, struct atls_diag *diag)
{
    struct launch launch;
    const enum atls_err err = read_launch(&launch, claims, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_bytes measurement = {launch.measurement, sizeof launch.measurement};
    char *instance = atls_base64_new(measurement);
    char *digest = atls_base64url_new(measurement);
    json_t *measurements =
        json_pack("[o,o,o,o,o,o]", keyed(1, "svn", least(launch.guest_svn)),
                  keyed(2, "raw-value", big_endian(launch.policy, 8)),
                  keyed(5, "raw-value", big_endian(launch.vmpl, 4)),
                  keyed(641, "digests", json_pack("[[i,s]]", 7, digest != NULL ? digest : "")),
                  keyed(647, "svn", least(launch.tcb)),
                  keyed(3936, "version", json_pack("{s:s}", "value", launch.version)));
    json_t *record =
        json_pack("[{s:{s:{s:{s:s,s:s}},s:{s:s,s:s}},s:o}]", "environment", "class", "id", "type",
                  "oid", "value", "1.3.6.1.4.1.3704.3.1", "instance", "type", "bytes", "value",
                  instance != NULL ? instance : "", "measurements", measurements);
    free(instance);
    free(digest);
    return json_object_set_new(triples, "reference-values", record) == 0
               ? ATLS_OK
               : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
}
