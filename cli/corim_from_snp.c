/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reference values out of an SEV-SNP report. Where it brings AMD's certificates along its signature
 * is checked, as of now; where it does not, it is taken at its word, with a warning.
 */
#include "corim_from_snp.h"

#include "appraiser/snp/parsed.h"
#include "base/span.h"
#include "crypto/crypto.h"
#include "json/base64.h"
#include "when.h"

#include <inttypes.h>
#include <stdlib.h>

static const char step[] = "corim create --from";

static json_t *hex_json(struct atls_bytes octets)
{
    char *text = atls_hex_new(octets);
    json_t *value = json_string(text != NULL ? text : "");
    free(text);
    return value;
}

static json_t *claims_of(const struct atls_snp_report *r)
{
    return json_pack("{s:o,s:I,s:o,s:I,s:{s:o},s:o}", "measurement", hex_json(r->measurement),
                     "guest_svn", (json_int_t)r->guest_svn, "policy",
                     json_sprintf("0x%" PRIx64, r->policy), "vmpl", (json_int_t)r->vmpl,
                     "reported_tcb", "octets", hex_json(r->reported_tcb), "committed_version",
                     json_sprintf("%u.%u.%u", r->committed_version[0], r->committed_version[1],
                                  r->committed_version[2]));
}

static enum atls_err check(struct cli_corim_from *from, const struct atls_snp_parsed *parsed,
                           struct atls_diag *diag)
{
    struct atls_endorsements *set = NULL;
    ATLS_AUTO(atls_snp_verified_cleanup) struct atls_snp_verified *verified = NULL;
    int64_t now_s = 0;
    enum atls_err err = cli_when(&now_s, NULL, diag);
    if (err == ATLS_OK) {
        err = atls_endorsements_new(&set, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_appraisal_input input = {
        .crypto = atls_crypto_openssl(), .endorsements = set, .now_s = now_s};
    struct atls_diag why = {.err = ATLS_OK};
    err = cli_corim_signed(from, atls_snp_verify(&verified, parsed, &input, &why), &why, diag);
    atls_endorsements_unref(set);
    return err;
}

enum atls_err cli_corim_read_snp(struct cli_corim_from *from, struct atls_bytes evidence,
                                 struct atls_diag *diag)
{
    ATLS_AUTO(atls_snp_parsed_cleanup) struct atls_snp_parsed *parsed = NULL;
    static const struct atls_bytes any = {NULL, 0};
    enum atls_err err = cli_corim_no_ak(from, "a report", diag);
    if (err == ATLS_OK) {
        err = atls_snp_parse(&parsed, evidence, any, diag);
    }
    if (err == ATLS_OK) {
        err = check(from, parsed, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    from->claims = claims_of(&parsed->report);
    return from->claims != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
}
