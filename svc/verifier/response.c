/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/response.h"

#include "base/span.h"
#include "json/json.h"
#include "json/output.h"

#include <stdlib.h>

void verifier_response_cleanup(struct verifier_response *response)
{
    free(response->body);
    for (size_t i = 0; i < response->num_headers; i++) {
        free(response->headers[i].value);
    }
    memset(response, 0, sizeof *response);
}

const char *verifier_status_title(unsigned status)
{
    static const struct {
        unsigned status;
        const char *title;
    } titles[] = {
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(titles); i++) {
        if (titles[i].status == status) {
            return titles[i].title;
        }
    }
    return "Error";
}

static char *copy_text(const char *text)
{
    const size_t len = strlen(text);
    char *copy = malloc(len + 1);
    if (copy != NULL) {
        memcpy(copy, text, len + 1);
    }
    return copy;
}

static void respond(struct verifier_response *out, unsigned status, const char *type, char *body)
{
    free(out->body);
    out->status = body != NULL || type == NULL ? status : 500;
    out->type = body != NULL ? type : NULL;
    out->body = body;
    out->len = body != NULL ? strlen(body) : 0;
}

void verifier_respond_json(struct verifier_response *out, unsigned status, const char *type,
                           json_t *value)
{
    char *text = value != NULL ? atls_json_dump(value) : NULL;
    json_decref(value);
    respond(out, status, type, text);
}

void verifier_respond_octets(struct verifier_response *out, unsigned status, const char *type,
                             char *body, size_t len)
{
    free(out->body);
    out->status = status;
    out->type = type;
    out->body = body;
    out->len = len;
}

void verifier_respond_text(struct verifier_response *out, unsigned status, const char *type,
                           const char *text)
{
    respond(out, status, type, copy_text(text));
}

void verifier_respond_empty(struct verifier_response *out, unsigned status)
{
    respond(out, status, NULL, NULL);
}

void verifier_respond_header(struct verifier_response *out, const char *name, const char *value)
{
    if (out->num_headers < VERIFIER_MAX_RESPONSE_HEADERS) {
        char *copy = copy_text(value);
        if (copy != NULL) {
            out->headers[out->num_headers].name = name;
            out->headers[out->num_headers].value = copy;
            out->num_headers++;
        }
    }
}

void verifier_problem(struct verifier_response *out, unsigned status, const char *detail)
{
    verifier_respond_json(out, status, "application/problem+json",
                          json_pack("{s:s,s:s,s:i,s:o}", "type", "about:blank", "title",
                                    verifier_status_title(status), "status", (int)status, "detail",
                                    atls_output_text(detail)));
}

static unsigned status_of(enum atls_err err)
{
    static const struct {
        enum atls_err err;
        unsigned status;
    } statuses[] = {
        {ATLS_ERR_NOT_FOUND, 404},         {ATLS_ERR_CONFLICT, 409},          {ATLS_ERR_BUSY, 503},
        {ATLS_ERR_IDENTITY, 403},          {ATLS_ERR_STORE_UNREACHABLE, 503}, {ATLS_ERR_STORE, 503},
        {ATLS_ERR_COLLATERAL_SERVER, 503},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(statuses); i++) {
        if (statuses[i].err == err) {
            return statuses[i].status;
        }
    }
    return 500;
}

void verifier_problem_of(struct verifier_response *out, const struct atls_diag *why)
{
    char sentence[ATLS_MAX_SENTENCE_LEN + 1];
    const unsigned status = status_of(why->err);
    (void)atls_diag_sentence(sentence, sizeof sentence, why);
    verifier_problem(out, status, sentence);
    if (status == 503) {
        verifier_respond_header(out, "Retry-After", "1");
    }
}
