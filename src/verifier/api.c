/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/api.h"

#include "base/span.h"
#include "result/ear_form.h"
#include "verifier/kbs.h"
#include "verifier/trustee.h"
#include "verifier/trustee_evidence.h"

/* takes_all: which formats a Verifier takes, it says in a session. */
static bool takes_all(const struct atls_format *format)
{
    (void)format;
    return true;
}

static bool takes_some(const struct atls_format *format)
{
    return verifier_trustee_tee(format) != NULL;
}

/* find: Veraison names the submod by the format. */
static enum atls_err find(const struct atls_ear_submod **out, const struct atls_ear *ear,
                          const struct atls_format *format, struct atls_bytes nonce,
                          struct atls_diag *diag)
{
    (void)nonce;
    return verifier_one_submod(out, ear, format->submod, diag);
}

enum atls_err verifier_one_submod(const struct atls_ear_submod **out, const struct atls_ear *ear,
                                  const char *name, struct atls_diag *diag)
{
    const struct atls_ear_submod *found = &ear->submods[0];
    if (ear->num_submods == 1 && atls_bytes_is_text(found->name, name)) {
        *out = found;
        return ATLS_OK;
    }
    const enum atls_err err = atls_ear_refuse(diag, atls_bytes_of(NULL, 0), "submods", NULL, name);
    atls_diag_found_peer_text(diag, found->name);
    atls_diag_found_text(diag, ear->num_submods != 1 ? " and others" : "");
    return err;
}

/* The last one has no prefix, so that it takes every URL. */
static const struct verifier_api apis[] = {
    {"trustee+", "/.well-known/jwks.json", false, takes_some, verifier_trustee_exchange,
     verifier_kbs_exchange, verifier_trustee_find},
    {"", "/.well-known/veraison/verification", true, takes_all, verifier_exchange,
     verifier_exchange, find},
};

const struct verifier_api *verifier_api_of(const char **url)
{
    const struct verifier_api *api = apis;
    while (strncmp(*url, api->prefix, strlen(api->prefix)) != 0) {
        api++;
    }
    *url += strlen(api->prefix);
    return api;
}
