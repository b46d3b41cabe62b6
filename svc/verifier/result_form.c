/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/result_form.h"

#include "base/span.h"
#include "svc/verifier/query.h"
#include "svc/verifier/session_page.h"

#include <stdlib.h>

bool verifier_form_read(struct verifier_form *out, const char *accept)
{
    const bool cwt = verifier_names(accept, VERIFIER_CWT_TYPE);
    const bool jwt = verifier_names(accept, VERIFIER_JWT_TYPE);
    out->bare = !verifier_accepts(accept, VERIFIER_SESSION_TYPE);
    out->cwt = cwt || !jwt;
    out->jwt = jwt || !cwt;
    return !out->bare || cwt || jwt;
}

bool verifier_form_is_cwt(const struct verifier_form *form, bool by_default)
{
    return form->cwt && (!form->jwt || by_default);
}

bool verifier_result_is_cwt(struct atls_bytes result)
{
    return result.len != 0 && result.data[0] >= 0x80; /* COSE_Sign1, and no base64url */
}

void verifier_respond_result(struct verifier_response *out, const struct verifier_form *form,
                             struct atls_bytes result)
{
    const bool cwt = verifier_result_is_cwt(result);
    if (result.len == 0) {
        verifier_problem(out, 409, "the session has no Result yet");
        return;
    }
    if (cwt ? !form->cwt : !form->jwt) {
        verifier_problem(out, 406,
                         cwt ? "the Result of this session is of type " VERIFIER_CWT_TYPE
                             : "the Result of this session is of type " VERIFIER_JWT_TYPE);
        return;
    }
    char *copy = malloc(result.len + 1);
    if (copy == NULL) {
        verifier_problem(out, 500, "there is not enough memory");
        return;
    }
    memcpy(copy, result.data, result.len);
    copy[result.len] = '\0';
    verifier_respond_octets(out, 200, cwt ? VERIFIER_CWT_TYPE : VERIFIER_JWT_TYPE, copy,
                            result.len);
}
