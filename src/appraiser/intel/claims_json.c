/* SPDX-License-Identifier: Apache-2.0 */
/* Verified claims of a quote: the body under the names of Intel's headers, then the platform. */
#include "appraiser/intel/appraisal.h"

#include "appraiser/endorsed.h"
#include "base/rfc3339.h"
#include "base/span.h"

static void put_time(struct atls_claims_text *text, const char *name, int64_t seconds)
{
    char shown[ATLS_RFC3339_LEN];
    atls_rfc3339_write(shown, seconds);
    atls_claims_put_text(text, name, atls_bytes_text(shown));
}

static void put_said(struct atls_claims_text *text, const char *name, enum atls_pck_said said)
{
    if (said != ATLS_PCK_NOT_SAID) {
        atls_claims_put_bool(text, name, said == ATLS_PCK_YES);
    }
}

static void put_platform(struct atls_claims_text *text, const char *name,
                         const struct atls_pck *pck)
{
    static const char *const types[] = {"standard", "scalable", "scalable with integrity"};
    atls_claims_open_object(text, name);
    atls_claims_put_hex(text, "ppid", atls_bytes_of(pck->ppid, sizeof pck->ppid));
    atls_claims_put_hex(text, "fmspc", atls_bytes_of(pck->fmspc, sizeof pck->fmspc));
    atls_claims_put_hex(text, "pceid", atls_bytes_of(pck->pce_id, sizeof pck->pce_id));
    atls_claims_put_hex(text, "tcb_components",
                        atls_bytes_of(pck->components, sizeof pck->components));
    atls_claims_put_int(text, "pcesvn", pck->pcesvn);
    atls_claims_put_text(text, "sgx_type", atls_bytes_text(types[pck->type]));
    if (pck->has_instance) {
        atls_claims_put_hex(text, "platform_instance_id",
                            atls_bytes_of(pck->instance, sizeof pck->instance));
    }
    put_said(text, "dynamic_platform", pck->dynamic_platform);
    put_said(text, "cached_keys", pck->cached_keys);
    put_said(text, "smt_enabled", pck->smt_enabled);
    atls_claims_close_object(text);
}

static void put_level(struct atls_claims_text *text, const char *name,
                      const struct atls_intel_level *level)
{
    if (level != NULL) {
        atls_claims_put_text(text, name, atls_bytes_text(atls_intel_status_name(level->status)));
    }
}

static void put_tcb(struct atls_claims_text *text, const char *name,
                    const struct atls_quote_facts *facts,
                    const struct atls_quote_measured *measured)
{
    const struct atls_quote_tcb *tcb = &facts->tcb;
    atls_claims_open_object(text, name);
    atls_claims_put_text(text, "status", atls_bytes_text(atls_quote_status_name(tcb->status)));
    put_time(text, "date", tcb->platform->date_s);
    atls_claims_put_int(text, "evaluation_data_number", tcb->evaluation_number);
    put_level(text, "platform", tcb->platform);
    put_level(text, "tdx_module", tcb->module);
    put_level(text, "quoting_enclave", tcb->qe);
    atls_claims_put_int(text, "quoting_enclave_isvsvn", facts->qe.svn);
    atls_claims_open_array(text, "advisories");
    for (size_t i = 0; i < measured->num_advisories; i++) {
        atls_claims_put_text(text, NULL, measured->advisories[i]);
    }
    atls_claims_close_array(text);
    atls_claims_close_object(text);
}

enum atls_err atls_quote_claims_json(char **out, const struct atls_quote_kind *kind,
                                     const struct atls_quote_facts *facts,
                                     const struct atls_quote_measured *measured,
                                     const struct atls_additions *endorsed, struct atls_diag *diag)
{
    ATLS_AUTO(atls_claims_text_cleanup) struct atls_claims_text text = atls_claims_text_new();
    atls_claims_put_int(&text, "version", facts->body.version);
    kind->put_claims(&text, &facts->body);
    put_platform(&text, "platform", &facts->pck);
    put_tcb(&text, "tcb", facts, measured);
    atls_endorsed_put(&text, endorsed);
    return atls_claims_text_finish(out, &text, diag);
}
