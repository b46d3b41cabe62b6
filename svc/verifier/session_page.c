/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/session_page.h"

#include "base/rfc3339.h"
#include "base/span.h"
#include "svc/verifier/page.h"
#include "svc/verifier/result_form.h"
#include "svc/verifier/service.h"

#include <stdio.h>

/* put_expiry writes RFC 3339 with milliseconds, in UTC. */
static void put_expiry(struct verifier_page *page, int64_t ms)
{
    char seconds[ATLS_RFC3339_LEN];
    char text[40];
    atls_rfc3339_write(seconds, ms / 1000);
    (void)snprintf(text, sizeof text, "\"%.19s.%03dZ\"", seconds, (int)(ms % 1000));
    verifier_page_text(page, text);
}

void verifier_show(struct verifier_response *out, unsigned status,
                   const struct verifier_service *service, const struct verifier_shown *shown)
{
    struct verifier_page page = {.text = NULL};
    verifier_page_text(&page, "{\"status\":\"");
    verifier_page_text(&page, shown->status);
    verifier_page_text(&page, "\",\"nonce\":");
    verifier_page_base64url(&page, shown->nonce);
    verifier_page_text(&page, ",\"expiry\":");
    put_expiry(&page, shown->expiry_ms);
    verifier_page_text(&page, ",\"accept\":");
    verifier_page_text(&page, service->accept_json);
    if (shown->evidence_type.data != NULL) {
        verifier_page_text(&page, ",\"evidence\":{\"type\":");
        verifier_page_string(&page, shown->evidence_type);
        verifier_page_text(&page, ",\"value\":");
        verifier_page_base64(&page, shown->evidence);
        verifier_page_text(&page, "}");
    }
    if (shown->result.len != 0) {
        verifier_page_text(&page, ",\"result\":");
        if (verifier_result_is_cwt(shown->result)) {
            verifier_page_base64url(&page, shown->result);
            verifier_page_text(&page, ",\"result-type\":\"" VERIFIER_CWT_TYPE "\"");
        } else {
            verifier_page_string(&page, shown->result);
        }
    }
    verifier_page_text(&page, "}");
    if (page.failed) {
        verifier_page_cleanup(&page);
        verifier_problem(out, 500, "there is not enough memory");
        return;
    }
    verifier_respond_octets(out, status, VERIFIER_SESSION_TYPE, page.text, page.len);
}
