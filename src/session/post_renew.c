/* SPDX-License-Identifier: Apache-2.0 */
/* A living connection goes over to another context: what policy and endorsements say now is what
 * its next round is decided by. */
#include "session/post.h"

#include "base/span.h"
#include "session/context.h"

static const char step[] = "re-attestation";

static enum atls_err check_renewal(const struct atls_session *session,
                                   const struct atls_context *next, struct atls_diag *diag)
{
    const struct atls_context *now = session->context;
    if (session->post->request != NULL) {
        return atls_fail_texts(diag, ATLS_ERR_STATE, step, "context",
                               "a request that is not answered yet", "none on its way");
    }
    if (next->timing != now->timing || next->own_carriage != now->own_carriage ||
        next->cmw_extension_type != now->cmw_extension_type ||
        next->exporter_label != now->exporter_label) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "context",
                               "one that attests at another time, or otherwise",
                               "the timing, carriage, extension and label of before");
    }
    return now->num_required == 0 || next->num_required != 0
               ? ATLS_OK
               : atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "context",
                                 "one that requires nothing of the peer",
                                 "a requirement, as before");
}

enum atls_err atls_session_post_renew(struct atls_session *session, struct atls_context *context,
                                      struct atls_diag *diag)
{
    if (session_post_ready(session, diag) == NULL) {
        return ATLS_ERR_STATE;
    }
    enum atls_err err = atls_context_freeze(context, diag);
    if (err == ATLS_OK) {
        err = check_renewal(session, context, diag);
    }
    if (err == ATLS_OK) {
        struct atls_context *old = session->context;
        session->context = atls_context_ref(context);
        atls_context_unref(old);
    }
    return err;
}
