/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/session_page.h"

#include "base/rfc3339.h"
#include "base/span.h"
#include "json/base64.h"
#include "json/writer.h"
#include "svc/verifier/result_form.h"
#include "svc/verifier/service.h"

#include <stdio.h>

enum { FRAME_LEN = 256 /* what is about the values */ };

/* put_expiry writes RFC 3339 with milliseconds, in UTC. */
static void put_expiry(struct atls_json_writer *page, int64_t ms)
{
    char seconds[ATLS_RFC3339_LEN];
    char text[40];
    atls_rfc3339_write(seconds, ms / 1000);
    (void)snprintf(text, sizeof text, "\"%.19s.%03dZ\"", seconds, (int)(ms % 1000));
    atls_json_put(page, text);
}

void verifier_show(struct verifier_response *out, unsigned status,
                   const struct verifier_service *service, const struct verifier_shown *shown)
{
    struct atls_json_writer page = {.text = NULL};
    atls_json_reserve(&page, FRAME_LEN + ATLS_BASE64_SIZE(shown->nonce.len) +
                                 strlen(service->accept_json) + shown->evidence_type.len +
                                 ATLS_BASE64_SIZE(shown->evidence.len) +
                                 ATLS_BASE64_SIZE(shown->result.len));
    atls_json_put(&page, "{\"status\":\"");
    atls_json_put(&page, shown->status);
    atls_json_put(&page, "\",\"nonce\":");
    atls_json_put_base64url(&page, shown->nonce);
    atls_json_put(&page, ",\"expiry\":");
    put_expiry(&page, shown->expiry_ms);
    atls_json_put(&page, ",\"accept\":");
    atls_json_put(&page, service->accept_json);
    if (shown->evidence_type.data != NULL) {
        atls_json_put(&page, ",\"evidence\":{\"type\":");
        atls_json_put_string(&page, shown->evidence_type);
        atls_json_put(&page, ",\"value\":");
        atls_json_put_base64(&page, shown->evidence);
        atls_json_put(&page, "}");
    }
    if (shown->result.len != 0) {
        atls_json_put(&page, ",\"result\":");
        if (verifier_result_is_cwt(shown->result)) {
            atls_json_put_base64url(&page, shown->result);
            atls_json_put(&page, ",\"result-type\":\"" VERIFIER_CWT_TYPE "\"");
        } else {
            atls_json_put_string(&page, shown->result);
        }
    }
    atls_json_put(&page, "}");
    if (page.failed) {
        atls_json_writer_cleanup(&page);
        verifier_problem(out, 500, "there is not enough memory");
        return;
    }
    verifier_respond_octets(out, status, VERIFIER_SESSION_TYPE, page.text, page.len);
}
