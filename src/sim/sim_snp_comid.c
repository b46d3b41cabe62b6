/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/sim_snp_comid.h"

#include "base/span.h"
#include "json/references.h"

json_t *atls_sim_snp_triples(const struct atls_sim_snp *snp, const char *ark_pem)
{
    const struct atls_snp_references guest = {
        .guest_svn = atls_sim_snp_field(snp, "guest_svn"),
        .policy = atls_sim_snp_field(snp, "policy"),
        .vmpl = atls_sim_snp_field(snp, "vmpl"),
        .measurement = atls_sim_snp_field(snp, "measurement"),
        .reported_tcb = atls_sim_snp_field(snp, "reported_tcb"),
    };
    return json_pack("{s:[{s:{s:{s:s,s:o}},s:[{s:s,s:s}]}],s:o}", "attester-verification-keys",
                     "environment", "class", "vendor", "Advanced Micro Devices", "model",
                     json_sprintf("ARK-%s", snp->line->name), "verification-keys", "type",
                     "pkix-base64-cert", "value", ark_pem, "reference-values",
                     atls_references_snp(&guest));
}
