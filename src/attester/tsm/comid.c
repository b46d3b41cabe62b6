/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tsm/comid.h"

#include "attester/tsm/data.h"
#include "base/span.h"
#include "crypto/crypto.h"
#include "json/base64.h"
#include "json/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char step[] = "reference values";

enum { MEASUREMENT_LEN = 48 }; /* SHA-384, of both makers */

static struct atls_bytes at(struct atls_bytes report, size_t offset, size_t len)
{
    return atls_bytes_of(&report.data[offset], len);
}

static json_t *base64_json(struct atls_bytes octets)
{
    char *text = atls_base64_new(octets);
    json_t *value = text != NULL ? json_string(text) : NULL;
    free(text);
    return value;
}

/* finish makes the template of what tells the guests of this class apart; it takes `triples`. */
static enum atls_err finish(char **out, json_t *triples, struct atls_diag *diag)
{
    char id[33];
    uint8_t octets[16];
    const struct atls_buf room = {octets, sizeof octets};
    enum atls_err err = atls_random(room);
    if (err == ATLS_OK && !atls_hex_encode(atls_bytes_of(octets, sizeof octets), id, sizeof id)) {
        err = ATLS_ERR_BUFFER;
    }
    if (err != ATLS_OK) {
        json_decref(triples);
        return atls_fail(diag, err, step, "tag-id");
    }
    ATLS_AUTO(atls_json_cleanup)
    json_t *comid = json_pack("{s:{s:s, s:i}, s:o}", "tag-identity", "id", id, "version", 0,
                              "triples", triples);
    char *text = comid != NULL ? atls_json_dump(comid) : NULL;
    if (text == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "CoMID template");
    }
    *out = text;
    return ATLS_OK;
}

/* ---- AMD SEV-SNP: keys of measurements are those of its profile ---- */

enum snp_field { GUEST_SVN = 1, POLICY = 2, VMPL = 5, MEASUREMENT = 641, REPORTED_TCB = 647 };

/* number_of reads little-endian octets. */
static uint64_t number_of(struct atls_bytes octets)
{
    uint64_t number = 0;
    for (size_t i = octets.len; i > 0; i--) {
        number = number << 8 | octets.data[i - 1];
    }
    return number;
}

/* exactly is a raw-value, big-endian. */
static json_t *exactly(enum snp_field field, struct atls_bytes octets)
{
    uint8_t reversed[8];
    for (size_t i = 0; i < octets.len && i < sizeof reversed; i++) {
        reversed[i] = octets.data[octets.len - 1 - i];
    }
    return json_pack("{s:{s:s,s:i},s:{s:{s:s,s:o}}}", "key", "type", "uint", "value", (int)field,
                     "value", "raw-value", "type", "bytes", "value",
                     base64_json(atls_bytes_of(reversed, octets.len)));
}

/* at_least is an svn that may be higher. As a text: JSON has no numbers that large. */
static json_t *at_least(enum snp_field field, struct atls_bytes octets)
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%" PRIu64, number_of(octets));
    return json_pack("{s:{s:s,s:i},s:{s:{s:s,s:s}}}", "key", "type", "uint", "value", (int)field,
                     "value", "svn", "type", "min-value", "value", digits);
}

static json_t *digest(enum snp_field field, struct atls_bytes octets)
{
    char *text = atls_base64url_new(octets);
    json_t *value = json_pack("{s:{s:s,s:i},s:{s:[[i,s]]}}", "key", "type", "uint", "value",
                              (int)field, "value", "digests", 7, text != NULL ? text : "");
    free(text);
    return value;
}

enum atls_err atls_tsm_snp_comid(char **out, struct atls_bytes report, struct atls_diag *diag)
{
    if (atls_tsm_snp_data(report).len == 0) {
        return atls_fail_texts(diag, ATLS_ERR_ATTESTER, step, "outblob", "another length",
                               "a report of 1184 octets");
    }
    const struct atls_bytes measurement = at(report, 0x90, MEASUREMENT_LEN);
    json_t *values =
        json_pack("[o,o,o,o,o]", at_least(GUEST_SVN, at(report, 0x04, 4)),
                  exactly(POLICY, at(report, 0x08, 8)), exactly(VMPL, at(report, 0x30, 4)),
                  digest(MEASUREMENT, measurement), at_least(REPORTED_TCB, at(report, 0x180, 8)));
    return finish(out,
                  json_pack("{s:[{s:{s:{s:{s:s,s:s}},s:{s:s,s:o}},s:o}]}", "reference-values",
                            "environment", "class", "id", "type", "oid", "value",
                            "1.3.6.1.4.1.3704.3.1", "instance", "type", "bytes", "value",
                            base64_json(measurement), "measurements", values),
                  diag);
}

/* ---- Intel TDX ---- */

static json_t *sha384(struct atls_bytes octets)
{
    char *text = atls_base64_new(octets);
    json_t *value = text != NULL ? json_sprintf("sha-384;%s", text) : NULL;
    free(text);
    return value;
}

/* registers_json has RTMR 0 to 3, which stand one behind the other. */
static json_t *registers_json(struct atls_bytes first)
{
    json_t *registers = json_object();
    for (size_t i = 0; i < 4; i++) {
        const char name[] = {(char)('0' + i), '\0'};
        const struct atls_bytes value =
            atls_bytes_of(&first.data[i * MEASUREMENT_LEN], MEASUREMENT_LEN);
        (void)json_object_set_new(
            registers, name, json_pack("{s:s, s:[o]}", "key-type", "uint", "value", sha384(value)));
    }
    return registers;
}

enum atls_err atls_tsm_tdx_comid(char **out, struct atls_bytes quote, struct atls_diag *diag)
{
    /* places in a TD's report body, which ends with what it was asked for */
    enum { ATTRIBUTES = 0x78, MRTD = 0x88, RTMRS = 0x148, REPORT_DATA = 0x208 };
    const struct atls_bytes data = atls_tsm_tdx_data(quote);
    if (data.len == 0) {
        return atls_fail_texts(diag, ATLS_ERR_ATTESTER, step, "outblob", "another form",
                               "a quote of version 4 or 5");
    }
    const struct atls_bytes body = atls_bytes_of(data.data - REPORT_DATA, REPORT_DATA);
    json_t *values =
        json_pack("{s:[o], s:o, s:o}", "mrtee", sha384(at(body, MRTD, MEASUREMENT_LEN)),
                  "attributes", base64_json(at(body, ATTRIBUTES, 8)), "integrity-registers",
                  registers_json(at(body, RTMRS, (size_t)4 * MEASUREMENT_LEN)));
    return finish(out,
                  json_pack("{s:[{s:{s:{s:{s:s, s:s}, s:s, s:s}}, s:[{s:o}]}]}", "reference-values",
                            "environment", "class", "id", "type", "oid", "value",
                            "2.16.840.1.113741.1.16.1", "vendor", "Intel Corporation", "model",
                            "TDX", "measurements", "value", values),
                  diag);
}
