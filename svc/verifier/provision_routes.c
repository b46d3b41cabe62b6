/* SPDX-License-Identifier: Apache-2.0 */
/* Endorsement provisioning v1, and the documents by which clients find their way. */
#include "svc/verifier/service.h"

#include "atls/version.h"
#include "base/rfc3339.h"
#include "base/span.h"
#include "crypto/crypto.h"
#include "json/base64.h"
#include "json/output.h"
#include "svc/verifier/query.h"
#include "svc/verifier/ignore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define SUBMISSION_TYPE "application/vnd.veraison.provisioning-session+json"
#define DISCOVERY_TYPE  "application/vnd.veraison.discovery+json"
#define MAX_CREDENTIALS 4096 /* octets of a name and its password */

static bool is_token(const struct verifier_service *s, struct atls_bytes text)
{
    struct atls_digest digest;
    return atls_crypto_openssl()->hash(ATLS_ALG_SHA256, text, &digest) == ATLS_OK &&
           atls_ct_equal(atls_digest_bytes(&digest),
                         atls_bytes_of(s->token_hash, sizeof s->token_hash));
}

/* behind_scheme gives the credentials of a scheme, whose name has no case and which any number of
 * blanks follow (RFC 9110, 11.1 and 11.4); NULL: it is another. */
static const char *behind_scheme(const char *authorization, const char *scheme)
{
    const size_t len = strlen(scheme);
    if (strncasecmp(authorization, scheme, len) != 0 || authorization[len] != ' ') {
        return NULL;
    }
    return &authorization[len + strspn(&authorization[len], " ")];
}

/* has_token: as a bearer (RFC 6750), or as the password of anybody (RFC 7617), which is what
 * Veraison's cocli can send. */
static bool has_token(const struct verifier_service *s, const char *authorization)
{
    const char *bearer = behind_scheme(authorization, "Bearer");
    const char *basic = behind_scheme(authorization, "Basic");
    if (bearer != NULL) {
        return is_token(s, atls_bytes_text(bearer));
    }
    uint8_t pair[MAX_CREDENTIALS];
    size_t len = 0;
    if (basic == NULL ||
        !atls_base64_decode(atls_bytes_text(basic), (struct atls_buf){pair, sizeof pair}, &len)) {
        return false;
    }
    const uint8_t *colon = memchr(pair, ':', len);
    const bool known =
        colon != NULL && is_token(s, atls_bytes_of(&colon[1], len - (size_t)(&colon[1] - pair)));
    atls_wipe(pair, sizeof pair);
    return known;
}

/* Who configured neither a token nor a CA takes none: an endorsement decides who is trusted. */
bool verifier_may_provision(const struct verifier_service *s,
                            const struct verifier_request *request, struct verifier_response *out)
{
    if (s->takes_certificates && request->certificate != NULL) {
        return true;
    }
    if (s->takes_token && request->authorization != NULL && has_token(s, request->authorization)) {
        return true;
    }
    if (s->takes_token) {
        verifier_problem(out, 401,
                         request->authorization == NULL
                             ? "this resource wants the token of this Verifier, as a bearer token "
                               "or as a password: there was none"
                             : "this resource wants the token of this Verifier, as a bearer token "
                               "or as a password: it was another");
        /* Two fields: browsers take the first scheme of each alone. */
        verifier_respond_header(out, "WWW-Authenticate", "Bearer realm=\"veraison\"");
        verifier_respond_header(out, "WWW-Authenticate", "Basic realm=\"veraison\"");
    } else {
        verifier_problem(out, 403,
                         s->takes_certificates
                             ? "this resource takes a client certificate"
                             : "this Verifier gives nobody this right over HTTP: it was started "
                               "without --token and without --ca");
    }
    return false;
}

static const char *who_submits(const struct verifier_request *request)
{
    return request->certificate != NULL ? request->certificate : "bearer token";
}

static void expiry_text(char out[ATLS_RFC3339_LEN], int64_t ms)
{
    atls_rfc3339_write(out, ms / 1000);
}

static void answer_status(struct verifier_response *out, const char *status, int64_t expiry_ms,
                          const char *reason)
{
    char expiry[ATLS_RFC3339_LEN];
    expiry_text(expiry, expiry_ms);
    json_t *object = json_pack("{s:s,s:s}", "status", status, "expiry", expiry);
    if (object != NULL && reason != NULL && reason[0] != '\0') {
        json_object_set_new(object, "failure-reason", atls_output_text(reason));
    }
    verifier_respond_json(out, 200, SUBMISSION_TYPE, object);
}

/* The types of a CoRIM: those of the field today, and those of before 2025. */
static const struct {
    const char *type;
    bool is_signed;
} corim_types[] = {
    {"application/rim+cbor", false},
    {"application/rim+cose", true},
    {"application/corim-unsigned+cbor", false},
    {"application/corim-signed+cbor", true},
};

/* is_corim_type finds the row and the profile that the type names; without a parameter, any. */
static bool is_corim_type(struct atls_bytes type, bool *out_signed,
                          const struct atls_format **out_format)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(corim_types); i++) {
        struct atls_bytes profile;
        if (!verifier_type_is(type, corim_types[i].type)) {
            continue;
        }
        *out_signed = corim_types[i].is_signed;
        *out_format = NULL;
        if (!verifier_type_parameter(type, "profile", &profile)) {
            return true;
        }
        for (size_t j = 0; j < atls_num_formats; j++) {
            const struct atls_format *format = &atls_formats[j];
            if ((format->corim_profile != NULL &&
                 atls_bytes_is_text(profile, format->corim_profile)) ||
                (format->old_corim_profile != NULL &&
                 atls_bytes_is_text(profile, format->old_corim_profile))) {
                *out_format = format;
                return true;
            }
        }
        return false;
    }
    return false;
}

/* corim_media_types gives the list for discovery and for 415. */
static json_t *corim_media_types(const struct verifier_service *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < 2; i++) {
        if (s->signed_only && !corim_types[i].is_signed) {
            continue;
        }
        for (size_t j = 0; j < atls_num_formats; j++) {
            if (atls_formats[j].corim_profile != NULL) {
                json_array_append_new(list, json_sprintf("%s; profile=\"%s\"", corim_types[i].type,
                                                         atls_formats[j].corim_profile));
            }
        }
    }
    return list;
}

static void unsupported(const struct verifier_service *s, const char *found,
                        struct verifier_response *out)
{
    char text[2048] = "", sentence[300];
    size_t len = 0, index = 0;
    json_t *list = corim_media_types(s);
    const json_t *type = NULL;
    json_array_foreach(list, index, type)
    {
        if (len < sizeof text) {
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", index == 0 ? "" : ", ",
                                    json_string_value(type));
        }
    }
    json_decref(list);
    (void)snprintf(
        sentence, sizeof sentence,
        "an endorsement is a CoRIM, of one of the types in Accept; Content-Type is %.150s",
        found[0] != '\0' ? found : "absent");
    verifier_problem(out, 415, sentence);
    verifier_respond_header(out, "Accept", text);
}

/* What a submission is about, on its way. */
struct submission {
    char id[ATLS_BASE64_SIZE(16)];
    int64_t expiry_ms;
    const struct atls_format *format; /* that the type names; NULL: it names none */
    bool is_signed;
};

static enum atls_err check(const struct submission *submission,
                           const struct verifier_examined *examined, struct atls_diag *diag)
{
    if (examined->why.err != ATLS_OK) {
        *diag = examined->why;
        return examined->why.err;
    }
    if (examined->is_signed != submission->is_signed) {
        return atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, "endorsement", "Content-Type",
                               submission->is_signed ? "that of a signed CoRIM"
                                                     : "that of a CoRIM without a signature",
                               examined->is_signed ? "that of a signed one, which this is"
                                                   : "that of one without, which this is");
    }
    if (submission->format != NULL &&
        !atls_bytes_is_text(examined->profile, submission->format->corim_profile)) {
        atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, "endorsement", "profile", NULL,
                        submission->format->corim_profile);
        atls_diag_found_peer_text(diag, examined->profile);
        return ATLS_ERR_ENDORSEMENT;
    }
    return ATLS_OK;
}

static enum atls_err begin_submission(struct submission *out, struct verifier_service *s,
                                      const struct verifier_request *request,
                                      struct atls_diag *diag)
{
    uint8_t random[16];
    const struct atls_buf room = {random, sizeof random};
    enum atls_err err = atls_random(room);
    if (err != ATLS_OK ||
        !atls_base64url_encode(atls_bytes_of(random, sizeof random), out->id, sizeof out->id)) {
        return atls_fail(diag, ATLS_ERR_CRYPTO, "submission", "id");
    }
    const struct verifier_submission_new fresh = {
        .id = out->id,
        .media_type = request->content_type,
        .submitter = who_submits(request),
        .ttl_ms = (int64_t)VERIFIER_SUBMISSION_TTL_S * 1000,
    };
    return verifier_submission_create(s->store, &out->expiry_ms, &fresh, diag);
}

/* is_refusal: what was sent is not taken, in contrast to what we could not do. */
static bool is_refusal(enum atls_err err)
{
    return err == ATLS_ERR_ENDORSEMENT || err == ATLS_ERR_KEY ||
           atls_err_fault(err) == ATLS_FAULT_PEER || atls_err_fault(err) == ATLS_FAULT_POLICY;
}

static void log_submission(struct verifier_service *s, const struct verifier_request *request,
                           const struct verifier_examined *examined, const struct atls_diag *why)
{
    char *id = examined->id.len != 0 ? atls_hex_new(examined->id) : NULL;
    verifier_log_event(s->log, "endorsement", why,
                       json_pack("{s:s?,s:s,s:s?,s:I}", "peer", request->peer, "submitter",
                                 who_submits(request), "id", id, "version",
                                 (json_int_t)examined->version));
    free(id);
}

static void take(struct verifier_service *s, const struct verifier_request *request,
                 struct submission *submission, struct verifier_response *out)
{
    struct verifier_examined examined = {.matches = NULL};
    struct verifier_frame frame = {.payload = NULL};
    struct atls_diag diag;
    enum atls_err err = verifier_service_examine(s, &examined, &frame, request->body, &diag);
    if (err == ATLS_OK) {
        err = check(submission, &examined, &diag);
        if (err == ATLS_OK) {
            err = verifier_service_endorse(s, submission->id, who_submits(request), request,
                                           &examined, &diag);
        }
        log_submission(s, request, &examined, err == ATLS_OK ? NULL : &diag);
    }
    if (err == ATLS_OK) {
        atomic_fetch_add(&s->metrics.endorsements_taken, 1);
        answer_status(out, "success", submission->expiry_ms, NULL);
    } else if (is_refusal(err)) {
        char sentence[ATLS_MAX_SENTENCE_LEN + 1];
        (void)atls_diag_sentence(sentence, sizeof sentence, &diag);
        verifier_ignore(verifier_submission_fail(s->store, submission->id, sentence, NULL));
        atomic_fetch_add(&s->metrics.endorsements_refused, 1);
        answer_status(out, "failed", submission->expiry_ms, sentence);
    } else {
        verifier_problem_of(out, &diag);
    }
    verifier_examined_cleanup(&examined);
    verifier_frame_cleanup(&frame);
}

void verifier_submit(struct verifier_service *s, const struct verifier_request *request,
                     struct verifier_response *out)
{
    struct submission submission = {.expiry_ms = 0};
    struct atls_diag diag;
    char location[64];
    if (!verifier_may_provision(s, request, out)) {
        return;
    }
    if (!verifier_accepts(request->accept, SUBMISSION_TYPE)) {
        verifier_problem(out, 406, "the response is of type " SUBMISSION_TYPE);
        return;
    }
    if (request->content_type == NULL ||
        strlen(request->content_type) > VERIFIER_MAX_MEDIA_TYPE_LEN ||
        !is_corim_type(atls_bytes_text(request->content_type), &submission.is_signed,
                       &submission.format)) {
        unsupported(s, request->content_type != NULL ? request->content_type : "", out);
        return;
    }
    if (request->body.len == 0) {
        verifier_problem(out, 400, "the body is empty");
        return;
    }
    if (begin_submission(&submission, s, request, &diag) != ATLS_OK) {
        verifier_problem_of(out, &diag);
        return;
    }
    take(s, request, &submission, out);
    (void)snprintf(location, sizeof location, "submissions/%s", submission.id);
    verifier_respond_header(out, "Location", location);
}

void verifier_submission(struct verifier_service *s, const struct verifier_request *request,
                         struct verifier_response *out)
{
    struct atls_bytes rest;
    struct verifier_submission submission;
    struct atls_diag diag;
    char id[VERIFIER_MAX_ID_LEN + 1] = "";
    if (!verifier_may_provision(s, request, out)) {
        return;
    }
    if (!verifier_path_below(request->path, "/endorsement-provisioning/v1/submissions/", &rest) ||
        rest.len >= sizeof id) {
        verifier_problem(out, 404, "there is no such submission");
        return;
    }
    memcpy(id, rest.data, rest.len);
    if (request->method == VERIFIER_DELETE) {
        if (verifier_submission_delete(s->store, id, &diag) == ATLS_OK) {
            verifier_respond_empty(out, 204);
        } else {
            diag.err = diag.err == ATLS_ERR_ARGUMENT ? ATLS_ERR_NOT_FOUND : diag.err;
            verifier_problem_of(out, &diag);
        }
        return;
    }
    if (verifier_submission_get(s->store, &submission, id, &diag) != ATLS_OK) {
        diag.err = diag.err == ATLS_ERR_ARGUMENT ? ATLS_ERR_NOT_FOUND : diag.err;
        verifier_problem_of(out, &diag);
        return;
    }
    answer_status(out, verifier_submission_status_name(submission.status), submission.expiry_ms,
                  submission.reason);
}

/*
 * verifier_withdraw ends an endorsement, by its id in hexadecimal. The holder of the token may end
 * every one, who came with a certificate its own.
 */
void verifier_withdraw(struct verifier_service *s, const struct verifier_request *request,
                       struct verifier_response *out)
{
    struct atls_bytes text;
    struct atls_diag diag;
    uint8_t id[VERIFIER_MAX_ENDORSEMENT_ID_LEN];
    const struct atls_buf room = {id, sizeof id};
    size_t len = 0;
    uint64_t generation = 0;
    if (!verifier_may_provision(s, request, out)) {
        return;
    }
    if (!verifier_path_below(request->path, "/endorsement-provisioning/v1/endorsements/", &text) ||
        !atls_hex_decode(text, room, &len)) {
        verifier_problem(out, 400, "an endorsement is named by its id in hexadecimal");
        return;
    }
    const bool has_rights =
        s->takes_token && request->authorization != NULL && has_token(s, request->authorization);
    enum atls_err err =
        verifier_endorsement_withdraw(s->store, &generation, atls_bytes_of(id, len),
                                      has_rights ? NULL : who_submits(request), &diag);
    if (err == ATLS_OK) {
        err = verifier_service_catch_up(s, generation, &diag);
    }
    char *hex = atls_hex_new(atls_bytes_of(id, len));
    verifier_log_event(s->log, "withdrawal", err == ATLS_OK ? NULL : &diag,
                       json_pack("{s:s,s:s,s:s?}", "peer", request->peer, "submitter",
                                 who_submits(request), "id", hex));
    free(hex);
    if (err == ATLS_OK) {
        verifier_respond_empty(out, 204);
    } else {
        verifier_problem_of(out, &diag);
    }
}

/* expires_text is a date as HTTP has it (RFC 9110, 5.6.7). */
static void expires_text(char out[40], int64_t at_s)
{
    const time_t at = (time_t)at_s;
    struct tm parts;
    out[0] = '\0';
    if (gmtime_r(&at, &parts) != NULL) {
        (void)strftime(out, 40, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    }
}

/* discovery answers with a document that clients may keep for a minute. */
static void discovery(struct verifier_service *s, const struct verifier_request *request,
                      json_t *document, json_t *endpoints, struct verifier_response *out)
{
    char expires[40];
    if (!verifier_accepts(request->accept, DISCOVERY_TYPE) &&
        !verifier_accepts(request->accept, "application/json")) {
        json_decref(document);
        json_decref(endpoints);
        verifier_problem(out, 406, "the response is of type " DISCOVERY_TYPE);
        return;
    }
    if (document != NULL) {
        json_object_set_new(document, "version", json_string("atls-" ATLS_VERSION));
        json_object_set_new(document, "service-state",
                            json_string(*s->stopping ? "TERMINATING" : "READY"));
        json_object_set(document, "api-endpoints", endpoints);
        json_object_set_new(document, "verifier-id", json_string(s->id));
    }
    json_decref(endpoints);
    verifier_respond_json(out, 200, DISCOVERY_TYPE, document);
    verifier_respond_header(out, "Cache-Control", "max-age=60");
    expires_text(expires, verifier_wall_s() + 60);
    verifier_respond_header(out, "Expires", expires);
}

static json_t *schemes(void)
{
    json_t *list = json_array();
    for (size_t i = 0; i < atls_num_formats; i++) {
        if (atls_formats[i].submod != NULL) {
            json_array_append_new(list, json_string(atls_formats[i].submod));
        }
    }
    return list;
}

/* The key that signs is a bare JWK, as the field has it; all keys are beside it. */
void verifier_discover_verification(struct verifier_service *s,
                                    const struct verifier_request *request,
                                    struct verifier_response *out)
{
    json_t *bare = json_deep_copy(json_array_get(json_object_get(s->keys, "keys"), 0));
    json_object_del(bare, "kid");
    json_object_del(bare, "use");
    json_t *document =
        json_pack("{s:o,s:O,s:O,s:o}", "ear-verification-key", bare, "ear-verification-keys",
                  s->keys, "media-types", s->media_types, "attestation-schemes", schemes());
    discovery(
        s, request, document,
        json_pack("{s:s}", "newChallengeResponseSession", "/challenge-response/v1/newSession"),
        out);
}

void verifier_discover_provisioning(struct verifier_service *s,
                                    const struct verifier_request *request,
                                    struct verifier_response *out)
{
    discovery(s, request, json_pack("{s:o}", "media-types", corim_media_types(s)),
              json_pack("{s:s}", "provisioningSubmit", "/endorsement-provisioning/v1/submit"), out);
}

/* Colons name what a client fills in, as the field writes it. */
void verifier_discover_management(struct verifier_service *s,
                                  const struct verifier_request *request,
                                  struct verifier_response *out)
{
    discovery(s, request, json_pack("{s:o}", "attestation-schemes", schemes()),
              json_pack("{s:s,s:s,s:s}", "getActivePolicy", "/management/v1/policy/:scheme",
                        "getPolicy", "/management/v1/policy/:scheme/:uuid", "getPolicies",
                        "/management/v1/policies/:scheme"),
              out);
}
