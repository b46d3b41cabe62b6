/* SPDX-License-Identifier: Apache-2.0 */
/* When attestation takes place, and the settings of what follows a handshake. */
#include "base/span.h"
#include "handshake/authenticator_request.h"
#include "handshake/expat.h"
#include "result/policy.h"
#include "session/context.h"
#include "session/context_internal.h"

enum atls_err atls_context_set_timing(struct atls_context *context, enum atls_timing timing,
                                      struct atls_diag *diag)
{
    const enum atls_err err = context_check_open(context, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (timing == ATLS_TIMING_NONE || timing > ATLS_TIMING_CERTIFICATE) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, "context", "timing", "no timing",
                               "handshake, post, both or certificate");
    }
    context->timing = timing;
    return ATLS_OK;
}

enum atls_err atls_context_set_own_carriage(struct atls_context *context, struct atls_diag *diag)
{
    const enum atls_err err = context_check_open(context, diag);
    if (err == ATLS_OK) {
        context->own_carriage = true;
    }
    return err;
}

enum atls_err atls_context_set_cmw_extension_type(struct atls_context *context, uint16_t type,
                                                  struct atls_diag *diag)
{
    const enum atls_err err = context_check_open(context, diag);
    if (err != ATLS_OK) {
        return err;
    }
    /* server_name and signature_algorithms stand in the same list (RFC 8446, 4.2). */
    if (type == 0 || type == 13 || type == 50 || type == ATLS_SCHEMES_EXTENSION_TYPE) {
        atls_fail_texts(diag, ATLS_ERR_CONFIG, "context", "cmw_attestation", NULL,
                        "a code point that no other extension of a request has");
        atls_diag_found_int(diag, type);
        return ATLS_ERR_CONFIG;
    }
    context->cmw_extension_type = type;
    return ATLS_OK;
}

enum atls_err atls_context_set_exporter_label(struct atls_context *context, const char *label,
                                              struct atls_diag *diag)
{
    static const char *const labels[] = {ATLS_EXPAT_LABEL, ATLS_EXPAT_LABEL_02,
                                         ATLS_EXPAT_LABEL_01};
    const enum atls_err err = context_check_open(context, diag);
    if (err != ATLS_OK) {
        return err;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(labels); i++) {
        if (atls_bytes_is_text(atls_bytes_text(label), labels[i])) {
            context->exporter_label = labels[i];
            return ATLS_OK;
        }
    }
    return atls_fail_texts(diag, ATLS_ERR_CONFIG, "context", "exporter label", label,
                           "EXPORTER-cmw-attestation, Attestation or Attestation Binding");
}

bool context_appraises_in_handshake(const struct atls_context *context)
{
    return context->timing == ATLS_TIMING_HANDSHAKE || context->timing == ATLS_TIMING_BOTH;
}

bool context_appraises_after(const struct atls_context *context)
{
    return context->timing == ATLS_TIMING_POST || context->timing == ATLS_TIMING_BOTH;
}

bool atls_context_wants_prelude(const struct atls_context *context)
{
    return context_appraises_after(context) && !context->own_carriage &&
           (atls_context_requires(context) || atls_context_attests(context));
}

bool atls_context_needs_prelude(const struct atls_context *context)
{
    return atls_context_wants_prelude(context) && atls_context_requires(context);
}

bool atls_context_is_post_only(const struct atls_context *context)
{
    return context->timing == ATLS_TIMING_POST;
}

uint32_t atls_context_timeout_ms(const struct atls_context *context)
{
    return context->timeout_ms;
}
