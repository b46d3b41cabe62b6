/* SPDX-License-Identifier: Apache-2.0 */
/* GET …/endorsements: what this Verifier appraises by, as JSON, a page at a time. */
#include "svc/verifier/service.h"

#include "base/rfc3339.h"
#include "base/span.h"
#include "json/base64.h"
#include "json/output.h"
#include "svc/verifier/query.h"

#include <stdlib.h>

enum { PAGE = 200 };

static json_t *describe(const struct verifier_endorsement *e)
{
    char submitted[ATLS_RFC3339_LEN];
    char *id = atls_hex_new(e->id);
    atls_rfc3339_write(submitted, e->submitted_ms / 1000);
    json_t *item = json_pack(
        "{s:s?,s:I,s:I,s:o,s:o,s:o,s:s,s:I}", "id", id, "version", (json_int_t)e->version,
        "generation", (json_int_t)e->generation, "media-type", atls_output_text(e->media_type),
        "profile", atls_output_text(e->profile), "submitter", atls_output_text(e->submitter),
        "submitted", submitted, "octets", (json_int_t)e->content_len);
    free(id);
    return item;
}

/* collect adds the endorsements behind *after, in the order in which they came, and moves it;
 * withdrawn ones are passed over. *out_more: there are others. */
static enum atls_err collect(struct verifier_service *s, json_t *list, uint64_t *after,
                             bool *out_more, struct atls_diag *diag)
{
    bool found = true;
    enum atls_err err = ATLS_OK;
    while (err == ATLS_OK && found) {
        struct verifier_endorsement endorsement = {.memory = NULL};
        err = verifier_endorsement_next(s->store, &found, &endorsement, *after, false, diag);
        *out_more = found && json_array_size(list) == PAGE;
        if (err != ATLS_OK || !found || *out_more) {
            verifier_endorsement_cleanup(&endorsement);
            return err;
        }
        *after = endorsement.generation;
        if (endorsement.content_len != 0 &&
            json_array_append_new(list, describe(&endorsement)) != 0) {
            err = atls_fail(diag, ATLS_ERR_MEMORY, "endorsements", NULL);
        }
        verifier_endorsement_cleanup(&endorsement);
    }
    return err;
}

void verifier_list_endorsements(struct verifier_service *s, const struct verifier_request *request,
                                struct verifier_response *out)
{
    static const char type[] = "application/json";
    struct atls_diag why;
    uint64_t after = 0;
    bool more = false;
    if (!verifier_may_provision(s, request, out)) {
        return;
    }
    if (!verifier_accepts(request->accept, type)) {
        verifier_problem(out, 406, "the list of endorsements is of type application/json");
        return;
    }
    if (!verifier_query_number(&after, request->query, "after")) {
        verifier_problem(out, 400, "after must be a number, the next of the page before");
        return;
    }
    json_t *list = json_array();
    const enum atls_err err = collect(s, list, &after, &more, &why);
    if (err != ATLS_OK) {
        json_decref(list);
        verifier_problem_of(out, &why);
        return;
    }
    json_t *page = json_pack("{s:o}", "endorsements", list);
    if (more && page != NULL) {
        json_object_set_new(page, "next", json_integer((json_int_t)after));
    }
    verifier_respond_json(out, 200, type, page);
}
