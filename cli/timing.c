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
    if (!after && (o->framed || o->reattest != NULL)) {
        return fail_config(o->framed ? "--framed" : "--reattest",
                           "no --timing post or both beside it",
                           "one of them: rounds need what follows the handshake there", diag);
    }
    if (o->reattest != NULL && !requires) {
        return fail_config("--reattest", "nothing required of the peer", "--require", diag);
    }
    return ATLS_OK;
}

/* read_time reads a time at *text, up to its end or a comma, and leaves *text there. */
static bool read_time(uint32_t *out_ms, const char **text, uint64_t max_ms)
{
    static const struct {
        const char *name;
        uint64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    const struct atls_bytes all = atls_bytes_text(*text);
    size_t digits = 0, end = 0;
    uint64_t value = 0;
    while (digits < all.len && all.data[digits] >= '0' && all.data[digits] <= '9' && digits < 9) {
        value = value * 10 + (uint64_t)(all.data[digits++] - '0');
    }
    for (end = digits; end < all.len && all.data[end] != ',';) {
        end++;
    }
    *text += end;
    for (size_t i = 0; digits != 0 && i < ATLS_ARRAY_LEN(units); i++) {
        if (atls_bytes_is_text(atls_bytes_of(all.data + digits, end - digits), units[i].name) &&
            value != 0 && value <= max_ms / units[i].ms) {
            *out_ms = (uint32_t)(value * units[i].ms);
            return true;
        }
    }
    return false;
}

static enum atls_err set_reattest(struct atls_context *context, const char *text,
                                  struct atls_diag *diag)
{
    const char *at = text;
    uint32_t period_ms = 0, deadline_ms = 0;
    bool reads = read_time(&period_ms, &at, 86400000);
    if (reads && *at == ',') {
        at++;
        reads = read_time(&deadline_ms, &at, 600000) && *at == '\0';
    }
    return reads ? atls_context_set_reattest(context, period_ms, deadline_ms, ATLS_LATE_CLOSE, diag)
                 : fail_config("--reattest", text,
                               "PERIOD[,DEADLINE]: times up to 24h and 10m, such as 60s,10s", diag);
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
    if (err == ATLS_OK && o->framed) {
        err = atls_context_set_framed(context, diag);
    }
    if (err == ATLS_OK && o->reattest != NULL) {
        err = set_reattest(context, o->reattest, diag);
    }
    return err;
}
