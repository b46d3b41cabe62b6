/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In which form a client has its Result. The session as JSON is the field's answer, with a JWT as a
 * text in it, or a CWT as base64url. Who accepts no session but names a form is given the Result
 * itself.
 */
#ifndef SVC_VERIFIER_RESULT_FORM_H
#define SVC_VERIFIER_RESULT_FORM_H

#include "svc/verifier/response.h"

#define VERIFIER_JWT_TYPE "application/eat+jwt"
#define VERIFIER_CWT_TYPE "application/eat+cwt"

struct verifier_form {
    bool bare; /* the Result, and no session around it */
    bool cwt;
    bool jwt; /* where neither is named, both may be true: as it is */
};

/* verifier_form_read reads an Accept header; false when it has nothing that we give. */
ATLS_NODISCARD bool verifier_form_read(struct verifier_form *out, const char *accept);
/* verifier_form_is_cwt chooses for a Result that is to be made. */
bool verifier_form_is_cwt(const struct verifier_form *form, bool by_default);

bool verifier_result_is_cwt(struct atls_bytes result);
/* verifier_respond_result answers with a Result itself, or why it cannot: there is none yet (409),
 * or it has another form than wanted (406). */
void verifier_respond_result(struct verifier_response *out, const struct verifier_form *form,
                             struct atls_bytes result);

#endif
