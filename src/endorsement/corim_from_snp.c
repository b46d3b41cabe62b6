/* SPDX-License-Identifier: Apache-2.0 */
/* Reference values out of an SEV-SNP report: what was launched, how, and the least firmware. */
#include "endorsement/corim_claims.h"

#include "base/span.h"
#include "json/references.h"

#include <stdlib.h>
#include <string.h>

enum { MEASUREMENT_LEN = 48, TCB_LEN = 8 };

/* The numbers as they stand in a report. */
static struct atls_bytes little_endian(uint8_t *out, uint64_t number, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(number >> 8 * i);
    }
    return atls_bytes_of(out, len);
}

static enum atls_err read_policy(uint64_t *out, const json_t *claims, struct atls_diag *diag)
{
    const char *policy = json_string_value(json_object_get(claims, "policy"));
    char *end = NULL;
    *out = policy != NULL ? strtoull(policy, &end, 16) : 0;
    if (policy == NULL || strncmp(policy, "0x", 2) != 0 || *end != '\0') {
        return atls_corim_claim_refuse(diag, "policy", "none, or another form",
                                       "a hexadecimal number behind 0x");
    }
    return ATLS_OK;
}

enum atls_err atls_corim_from_snp(json_t **out, const json_t *claims, struct atls_diag *diag)
{
    const char *firmware = json_string_value(json_object_get(claims, "committed_version"));
    struct atls_corim_octets measurement;
    struct atls_corim_octets tcb;
    uint64_t policy = 0;
    uint64_t svn = 0;
    uint64_t vmpl = 0;
    uint8_t room[3][8];
    enum atls_err err =
        atls_corim_read_octets(&measurement, claims, "measurement", MEASUREMENT_LEN, diag);
    if (err == ATLS_OK && json_object_get(claims, "reported_tcb") == NULL) {
        err = atls_corim_claim_refuse(diag, "reported_tcb", "none", "8 octets as hex");
    }
    if (err == ATLS_OK) {
        err = atls_corim_read_octets(&tcb, json_object_get(claims, "reported_tcb"), "octets",
                                     TCB_LEN, diag);
    }
    if (err == ATLS_OK) {
        err = read_policy(&policy, claims, diag);
    }
    if (err == ATLS_OK) {
        err = atls_corim_read_number(&svn, claims, "guest_svn", UINT32_MAX, diag);
    }
    if (err == ATLS_OK) {
        err = atls_corim_read_number(&vmpl, claims, "vmpl", 3, diag);
    }
    if (err == ATLS_OK && firmware == NULL) {
        err = atls_corim_claim_refuse(diag, "committed_version", "none", "that of a report");
    }
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_snp_references guest = {
        .guest_svn = little_endian(room[0], svn, 4),
        .policy = little_endian(room[1], policy, 8),
        .vmpl = little_endian(room[2], vmpl, 4),
        .measurement = atls_corim_octets(&measurement),
        .reported_tcb = atls_corim_octets(&tcb),
        .firmware = firmware,
    };
    *out = atls_references_snp(&guest);
    return ATLS_OK;
}
