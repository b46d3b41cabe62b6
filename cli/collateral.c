/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral.h"

#include "atls_build.h"
#include "base/diag.h"

#include <string.h>

#if ATLS_NET
#include "atls/net.h"
#endif

static bool is_url(const char *text)
{
    return strstr(text, "://") != NULL;
}

static enum atls_err set_fetcher(struct atls_collateral_spec *spec, struct atls_diag *diag)
{
#if ATLS_NET
    (void)diag;
    spec->fetcher = &atls_fetcher_curl;
    return ATLS_OK;
#else
    (void)spec;
    return atls_fail(diag, ATLS_ERR_NOT_BUILT, "--collateral", "URL");
#endif
}

enum atls_err cli_collateral_spec(struct atls_collateral_spec *out, const char *urls[CLI_MAX_LIST],
                                  const struct cli_options *options, struct atls_diag *diag)
{
    struct atls_collateral_spec spec = {.urls = urls};
    for (size_t i = 0; i < options->collateral.count; i++) {
        const char *item = options->collateral.items[i];
        if (is_url(item)) {
            urls[spec.num_urls++] = item;
        } else if (spec.folder == NULL) {
            spec.folder = item;
        } else {
            return atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", "--collateral", item,
                                   "one folder, and URLs");
        }
    }
    const enum atls_err err = spec.num_urls != 0 ? set_fetcher(&spec, diag) : ATLS_OK;
    if (err == ATLS_OK) {
        *out = spec;
    }
    return err;
}

enum atls_err cli_collateral_set(struct atls_context *context, const struct cli_options *options,
                                 bool runs_long, struct atls_diag *diag)
{
    const char *urls[CLI_MAX_LIST];
    struct atls_collateral_spec spec;
    if (options->collateral.count == 0) {
        return ATLS_OK;
    }
    const enum atls_err err = cli_collateral_spec(&spec, urls, options, diag);
    spec.watches = runs_long;
    return err == ATLS_OK ? atls_context_set_collateral(context, &spec, diag) : err;
}
