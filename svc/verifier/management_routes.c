/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Management v1, as far as a service has it whose policy is no file that a client brings: what
 * there is may be asked for, and there is none. What is not here is not in the discovery document
 * either.
 */
#include "svc/verifier/service.h"

#include "base/formats.h"
#include "base/span.h"
#include "svc/verifier/query.h"

#define POLICY_TYPE   "application/vnd.veraison.policy+json"
#define POLICIES_TYPE "application/vnd.veraison.policies+json"

static const char policy_path[] = "/management/v1/policy/";
static const char policies_path[] = "/management/v1/policies/";

static bool is_scheme(struct atls_bytes name)
{
    for (size_t i = 0; i < atls_num_formats; i++) {
        const char *submod = atls_formats[i].submod;
        if (submod != NULL && atls_bytes_is_text(name, submod)) {
            return true;
        }
    }
    return false;
}

/* scheme_of gives what is behind the prefix, up to a slash. */
static struct atls_bytes scheme_of(struct atls_bytes path, const char *prefix)
{
    struct atls_bytes rest = {NULL, 0};
    if (verifier_path_below(path, prefix, &rest)) {
        for (size_t i = 0; i < rest.len; i++) {
            if (rest.data[i] == '/') {
                rest.len = i;
            }
        }
    }
    return rest;
}

/* ask looks whether the question is one; else it answers. */
static bool ask(const struct verifier_service *s, const struct verifier_request *request,
                const char *prefix, const char *type, struct verifier_response *out)
{
    if (!verifier_may_provision(s, request, out)) {
        return false;
    }
    if (!verifier_accepts(request->accept, type)) {
        verifier_problem(out, 406, "a policy is of another type than those in Accept");
        return false;
    }
    if (!is_scheme(scheme_of(request->path, prefix))) {
        verifier_problem(out, 400, "there is no such attestation scheme");
        return false;
    }
    return true;
}

/* A policy of a scheme, the active one or by its id: every scheme is appraised by the rules of this
 * program, and no other policy is active. */
void verifier_show_policy(struct verifier_service *s, const struct verifier_request *request,
                          struct verifier_response *out)
{
    if (ask(s, request, policy_path, POLICY_TYPE, out)) {
        verifier_problem(out, 404, "not found");
    }
}

void verifier_list_policies(struct verifier_service *s, const struct verifier_request *request,
                            struct verifier_response *out)
{
    if (ask(s, request, policies_path, POLICIES_TYPE, out)) {
        verifier_respond_json(out, 200, POLICIES_TYPE, json_array());
    }
}
