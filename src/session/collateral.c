/* SPDX-License-Identifier: Apache-2.0 */
/* A context that fetches collateral. */
#include "collateral/depot.h"
#include "session/context.h"
#include "session/context_internal.h"

static int64_t now_of(void *arg)
{
    return atls_context_now(arg);
}

enum atls_err atls_context_set_collateral(struct atls_context *context,
                                          const struct atls_collateral_spec *spec,
                                          struct atls_diag *diag)
{
    enum atls_err err = context_check_open(context, diag);
    if (err == ATLS_OK && (context->depot != NULL || context->verifier_ops->waits)) {
        err = atls_fail_texts(diag, ATLS_ERR_STATE, "context", "collateral",
                              context->depot != NULL ? "some that is set already"
                                                     : "a Verifier elsewhere, which has its own",
                              "one place that it comes from");
    }
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_depot_options options = {.fetcher = spec->fetcher,
                                               .urls = spec->urls,
                                               .num_urls = spec->num_urls,
                                               .ca_pem = spec->ca_pem,
                                               .folder = spec->folder,
                                               .watches = spec->watches,
                                               .now_s = now_of,
                                               .now_arg = context};
    return atls_depot_open(&context->depot, &options, diag);
}

bool context_appraisal_waits(const struct atls_context *context)
{
    return context->verifier_ops->waits ||
           (context->depot != NULL && atls_depot_asks(context->depot));
}
