/* SPDX-License-Identifier: Apache-2.0 */
/* From an examined CoRIM to the store, and what the store has to know of those before. */
#include "svc/verifier/service.h"

#include "base/span.h"
#include "svc/verifier/subjects.h"

#include <stdio.h>

/* Texts that the store wants with a NUL. */
struct said {
    struct verifier_subjects subjects;
    char endorser[VERIFIER_MAX_SIGNED_BY_LEN + 1];
    size_t disputed;
    struct verifier_about about;
};

/* about gives what the store compares; the subjects in *out are the caller's to clean up. */
static enum atls_err about(struct said *out, const struct verifier_examined *examined,
                           const char *submitter, struct atls_diag *diag)
{
    memset(out, 0, sizeof *out);
    const enum atls_err err = verifier_subjects_of(&out->subjects, examined, diag);
    if (err != ATLS_OK) {
        return err;
    }
    (void)snprintf(out->endorser, sizeof out->endorser, "%.*s", (int)examined->endorser.len,
                   examined->endorser.len != 0 ? (const char *)examined->endorser.data : "");
    out->disputed = SIZE_MAX;
    out->about = (struct verifier_about){
        .endorser = examined->is_signed ? out->endorser : submitter,
        .until_ms = examined->until_s < INT64_MAX / 1000 ? examined->until_s * 1000 : 0,
        .subjects = out->subjects.items,
        .num_subjects = out->subjects.num_items,
        .also = &out->subjects.items[out->subjects.num_items],
        .num_also = out->subjects.num_also,
        .disputed = &out->disputed,
    };
    return ATLS_OK;
}

enum atls_err verifier_service_endorse(struct verifier_service *service, const char *submission,
                                       const char *submitter,
                                       const struct verifier_request *request,
                                       const struct verifier_examined *examined,
                                       struct atls_diag *diag)
{
    char profile[VERIFIER_MAX_PROFILE_LEN + 1];
    struct verifier_endorsement_put done;
    struct said said;
    enum atls_err err = about(&said, examined, submitter, diag);
    if (err != ATLS_OK) {
        return err;
    }
    (void)snprintf(profile, sizeof profile, "%.*s", (int)examined->profile.len,
                   (const char *)examined->profile.data);
    const struct verifier_endorsement_new endorsement = {
        .id = examined->id,
        .version = examined->version,
        .media_type = request->content_type,
        .profile = profile,
        .submitter = submitter,
        .content = request->body,
        .about = said.about,
    };
    err = verifier_endorsement_put(service->store, &done, submission, &endorsement, diag);
    if (err == ATLS_ERR_ENDORSEMENT_DISPUTED && said.disputed != SIZE_MAX) {
        verifier_subjects_name(diag, &said.subjects, examined, said.disputed);
    }
    verifier_subjects_cleanup(&said.subjects);
    /* Acknowledged only when this node appraises with it, too. */
    return err == ATLS_OK ? verifier_service_catch_up(service, done.generation, diag) : err;
}

/* log_dispute: it has been in force since before anybody looked, and stays. */
static void log_dispute(struct verifier_service *s, const struct verifier_endorsement *endorsement,
                        const struct atls_diag *why)
{
    verifier_log_event(s->log, "unusable", why,
                       json_pack("{s:I}", "generation", (json_int_t)endorsement->generation));
}

/* describe_one: what cannot be read any more, and what contradicts itself, says nothing. */
static enum atls_err describe_one(struct verifier_service *s,
                                  const struct verifier_endorsement *endorsement,
                                  struct atls_diag *diag)
{
    struct verifier_examined examined = {.matches = NULL};
    struct verifier_frame frame = {.payload = NULL};
    struct said said;
    struct atls_diag why;
    bool is_disputed = false;
    enum atls_err err = ATLS_OK;
    if (endorsement->content.len != 0) {
        err = verifier_service_examine(s, &examined, &frame, endorsement->content, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    err = about(&said, &examined, endorsement->submitter, &why);
    if (err == ATLS_ERR_ENDORSEMENT) {
        log_dispute(s, endorsement, &why);
        said.about.endorser = endorsement->submitter;
        err = ATLS_OK;
    } else if (err != ATLS_OK) {
        *diag = why;
    }
    if (err == ATLS_OK) {
        err = verifier_endorsement_describe(s->store, &is_disputed, endorsement->generation,
                                            &said.about, diag);
    }
    if (err == ATLS_OK && is_disputed) {
        if (said.disputed != SIZE_MAX) {
            verifier_subjects_name(diag, &said.subjects, &examined, said.disputed);
        }
        log_dispute(s, endorsement, diag);
    }
    verifier_subjects_cleanup(&said.subjects);
    verifier_examined_cleanup(&examined);
    verifier_frame_cleanup(&frame);
    return err == ATLS_ERR_CONFLICT ? ATLS_OK : err; /* another node was faster */
}

enum atls_err verifier_service_describe(struct verifier_service *service, uint64_t generation,
                                        struct atls_diag *diag)
{
    uint64_t described = 0;
    bool found = true;
    enum atls_err err = ATLS_OK;
    if (service->described >= generation) {
        return ATLS_OK;
    }
    err = verifier_store_described(service->store, &described, diag);
    while (err == ATLS_OK && found && described < generation) {
        struct verifier_endorsement endorsement = {.memory = NULL};
        err =
            verifier_endorsement_next(service->store, &found, &endorsement, described, true, diag);
        if (err == ATLS_OK && found) {
            err = describe_one(service, &endorsement, diag);
        }
        verifier_endorsement_cleanup(&endorsement);
        if (err == ATLS_OK) {
            err = verifier_store_described(service->store, &described, diag);
        }
    }
    if (err == ATLS_OK) {
        service->described = described;
    }
    return err;
}
