/* SPDX-License-Identifier: Apache-2.0 */
#include "timing.h"

#include "base/diag.h"
#include "base/span.h"

static enum atls_err fail_config(const char *option, const char *found, const char *expected,
                                 struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", option, found, expected);
}

enum atls_timing cli_timing_of(const struct cli_options *o)
{
    static const struct {
        const char *name;
        enum atls_timing timing;
    } timings[] = {{"handshake", ATLS_TIMING_HANDSHAKE},
                   {"post", ATLS_TIMING_POST},
                   {"both", ATLS_TIMING_BOTH},
                   {"certificate", ATLS_TIMING_CERTIFICATE}};
    const struct atls_bytes name = atls_bytes_text(o->timing != NULL ? o->timing : "handshake");
    for (size_t i = 0; i < ATLS_ARRAY_LEN(timings); i++) {
        if (atls_bytes_is_text(name, timings[i].name)) {
            return timings[i].timing;
        }
    }
    return ATLS_TIMING_NONE;
}

enum atls_err cli_timing_check(const struct cli_options *o, bool requires, struct atls_diag *diag)
{
    const enum atls_timing timing = cli_timing_of(o);
    const bool after = timing == ATLS_TIMING_POST || timing == ATLS_TIMING_BOTH;
    const bool attests =
        (o->identity != NULL &&
         (o->attest == NULL || !atls_bytes_is_text(atls_bytes_text(o->attest), "none"))) ||
        o->passports.count != 0;
    if (timing == ATLS_TIMING_NONE) {
        return fail_config("--timing", o->timing, "handshake, post, both or certificate", diag);
    }
    if (timing == ATLS_TIMING_CERTIFICATE && !requires) {
        return fail_config("--timing", "certificate, and nothing required of the peer", "--require",
                           diag);
    }
    if (after && !requires && !attests) {
        return fail_config("--timing", "post or both, and nobody who attests",
                           "--require, or --identity or --passport to attest with", diag);
    }
    if (!after && (o->cmw_extension_type != NULL || o->exporter_label != NULL)) {
        return fail_config(o->exporter_label != NULL ? "--exporter-label" : "--cmw-extension-type",
                           "no --timing post or both beside it",
                           "one of them: nothing follows the handshake otherwise", diag);
    }
    return ATLS_OK;
}

enum atls_err cli_timing_set(struct atls_context *context, const struct cli_options *o,
                             struct atls_diag *diag)
{
    uint64_t number = 0;
    enum atls_err err = atls_context_set_timing(context, cli_timing_of(o), diag);
    if (err == ATLS_OK && o->cmw_extension_type != NULL) {
        err = cli_number(&number, "--cmw-extension-type", o->cmw_extension_type, 0, 0xffff, diag);
        if (err == ATLS_OK) {
            err = atls_context_set_cmw_extension_type(context, (uint16_t)number, diag);
        }
    }
    if (err == ATLS_OK && o->exporter_label != NULL) {
        err = atls_context_set_exporter_label(context, o->exporter_label, diag);
    }
    return err;
}
