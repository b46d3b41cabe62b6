/* SPDX-License-Identifier: Apache-2.0 */
/*
 * atls appraise: Evidence from a file, appraised as it would be in a handshake but for the channel,
 * and the Attestation Result (EAR): a JWT with --signing-key, else its claims, marked unsigned.
 */
#include "cli.h"

#include "appraise_remote.h"
#include "appraise_result.h"
#include "atls/limits.h"
#include "atls/version.h"
#include "base/diag.h"
#include "base/span.h"
#include "collateral.h"
#include "collateral/depot.h"
#include "crypto/crypto.h"
#include "endorsement/statement.h"
#include "evidence_file.h"
#include "identity.h"
#include "json/base64.h"
#include "json/file.h"
#include "json/policy_json.h"
#include "json/revoked_json.h"
#include "json/verdict_json.h"
#include "options.h"
#include "result/policy.h"
#include "base/text.h"
#include "verifier/bare.h"
#include "verifier/certificate.h"
#include "verifier/verifier.h"
#include "when.h"

#include <stdio.h>
#include <stdlib.h>

static const char verb[] = "appraise";
/* For all that has to be fetched. */
#define MAX_WAIT_MS 30000

static const char developer[] = "https://atls.invalid/cli";

/* Everything that one appraisal needs and makes. All zero is safe to clean up. */
struct work {
    uint8_t *evidence; /* the file */
    size_t evidence_len;
    uint8_t *wrapped; /* with --format: the file in a CMW record */
    struct atls_bytes cmw;
    uint8_t nonce[ATLS_MAX_NONCE_LEN];
    size_t nonce_len;
    bool no_nonce;
    const struct atls_format *format;
    int64_t now_s;
    struct atls_endorsements *endorsements;
    struct atls_depot *depot; /* NULL without --collateral */
    struct atls_policy policy;
    struct atls_revocations revoked;
    struct atls_appraisal appraisal;
    struct atls_verdict verdict;
    struct cli_result result;
    struct atls_verifier *verifier; /* --verifier */
    char *remote_result;
    const char *form; /* of a certificate's Evidence; NULL: the file is none */
};

static void cleanup(struct work *w)
{
    cli_result_cleanup(&w->result);
    cli_appraise_remote_close(w->verifier);
    free(w->remote_result);
    atls_verdict_cleanup(&w->verdict);
    atls_appraisal_cleanup(&w->appraisal, free);
    atls_policy_cleanup(&w->policy);
    atls_revocations_cleanup(&w->revoked);
    atls_depot_close(w->depot);
    atls_endorsements_unref(w->endorsements);
    atls_file_free(w->evidence, w->evidence_len);
    free(w->wrapped);
}

static enum atls_err read_nonce(struct work *w, const char *text, struct atls_diag *diag)
{
    const struct atls_buf room = {w->nonce, sizeof w->nonce};
    w->no_nonce = strcmp(text, "none") == 0;
    if (!w->no_nonce &&
        (!atls_hex_decode(atls_bytes_text(text), room, &w->nonce_len) || w->nonce_len == 0)) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", "--nonce", text,
                               "none, or 1 to 64 octets in hexadecimal");
    }
    return ATLS_OK;
}

/* read_required finds the one format that --require or --format name; NULL takes any. */
static enum atls_err read_format(struct work *w, const struct cli_options *o,
                                 struct atls_diag *diag)
{
    const char *name = o->format != NULL ? o->format : o->require;
    if (name == NULL || strcmp(name, "none") == 0) {
        return ATLS_OK;
    }
    w->format = atls_format_by_name(atls_bytes_text(name));
    if (w->format != NULL) {
        return ATLS_OK;
    }
    const bool planned = atls_format_is_planned(atls_bytes_text(name));
    return atls_fail_texts(diag, planned ? ATLS_ERR_NOT_BUILT : ATLS_ERR_CONFIG, "command line",
                           "format", name, "one name that `atls version` lists");
}

static enum atls_err read_evidence(struct work *w, const struct cli_options *o,
                                   struct atls_diag *diag)
{
    enum atls_err err =
        cli_evidence_read(&w->evidence, &w->evidence_len, o->operands.items[0], diag);
    if (err != ATLS_OK) {
        return err;
    }
    w->cmw = atls_bytes_of(w->evidence, w->evidence_len);
    if (o->format == NULL) {
        return ATLS_OK;
    }
    /* --format: the file is the bare Evidence, which a record names as it would be on the wire. */
    size_t len = 0;
    err = atls_bare_wrap(&w->wrapped, &len, w->format, w->cmw, diag);
    w->cmw = atls_bytes_of(w->wrapped, len);
    return err;
}

static enum atls_err read_policy(struct work *w, const struct cli_options *o,
                                 struct atls_diag *diag)
{
    uint8_t *text = NULL;
    size_t len = 0;
    enum atls_err err = ATLS_OK;
    atls_policy_default(&w->policy);
    if (o->policy != NULL) {
        err = atls_file_read(&text, &len, o->policy, ATLS_MAX_FILE_LEN, diag);
        if (err == ATLS_OK) {
            err = atls_policy_parse(&w->policy, atls_bytes_of(text, len), diag);
        }
        atls_file_free(text, len);
    }
    w->policy.simulated = w->policy.simulated || o->simulated;
    return err;
}

static enum atls_err read_revoked(struct work *w, const struct cli_options *o,
                                  struct atls_diag *diag)
{
    uint8_t *text = NULL;
    size_t len = 0;
    enum atls_err err = ATLS_OK;
    if (o->revoked != NULL) {
        err = atls_file_read(&text, &len, o->revoked, ATLS_MAX_FILE_LEN, diag);
        if (err == ATLS_OK) {
            err = atls_revocations_parse(&w->revoked, atls_bytes_of(text, len), diag);
        }
        atls_file_free(text, len);
    }
    return err;
}

static enum atls_err read_endorsement_key(struct work *w, const char *path, struct atls_diag *diag)
{
    uint8_t *pem = NULL;
    size_t len = 0;
    enum atls_err err = atls_file_read(&pem, &len, path, ATLS_MAX_FILE_LEN, diag);
    if (err == ATLS_OK) {
        err = atls_endorsements_add_signer(w->endorsements, atls_bytes_of(pem, len), diag);
    }
    atls_file_free(pem, len);
    return err;
}

/* note_endorsements says what of the files has no effect here. */
static void note_endorsements(const struct atls_endorsements *set)
{
    size_t cursor = 0;
    const char *note;
    while ((note = atls_endorsements_next_note(set, &cursor)) != NULL) {
        cli_note("appraise", "note: %s", note);
    }
}

static enum atls_err read_endorsements(struct work *w, const struct cli_options *o,
                                       struct atls_diag *diag)
{
    enum atls_err err = atls_endorsements_new(&w->endorsements, diag);
    for (size_t i = 0; err == ATLS_OK && i < o->endorsement_keys.count; i++) {
        err = read_endorsement_key(w, o->endorsement_keys.items[i], diag);
    }
    for (size_t i = 0; err == ATLS_OK && i < o->endorsements.count; i++) {
        err = atls_endorsements_load(w->endorsements, o->endorsements.items[i], diag);
    }
    for (size_t i = 0; err == ATLS_OK && i < o->with.count; i++) {
        err = atls_endorsements_load(w->endorsements, o->with.items[i], diag);
    }
    note_endorsements(w->endorsements);
    return err;
}

/* The depot lives by the time of the appraisal. */
static int64_t time_of(void *arg)
{
    const struct work *w = arg;
    return w->now_s;
}

static enum atls_err open_depot(struct work *w, const struct cli_options *o, struct atls_diag *diag)
{
    const char *urls[CLI_MAX_LIST];
    struct atls_collateral_spec spec;
    const enum atls_err err = cli_collateral_spec(&spec, urls, o, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_depot_options options = {.fetcher = spec.fetcher,
                                               .urls = spec.urls,
                                               .num_urls = spec.num_urls,
                                               .folder = spec.folder,
                                               .now_s = time_of,
                                               .now_arg = w};
    return atls_depot_open(&w->depot, &options, diag);
}

static enum atls_err read_all(struct work *w, const struct cli_options *o, struct atls_diag *diag)
{
    enum atls_err err = cli_appraise_remote_check(o, diag);
    if (err == ATLS_OK) {
        err = read_nonce(w, o->nonce, diag);
    }
    if (err == ATLS_OK) {
        err = cli_result_options(&w->result, o, diag);
    }
    if (err == ATLS_OK) {
        err = cli_when(&w->now_s, o->time, diag);
    }
    if (err == ATLS_OK) {
        err = read_format(w, o, diag);
    }
    if (err == ATLS_OK) {
        err = read_evidence(w, o, diag);
    }
    if (err == ATLS_OK) {
        err = read_policy(w, o, diag);
    }
    if (err == ATLS_OK) {
        err = read_revoked(w, o, diag);
    }
    if (err == ATLS_OK && o->verifier != NULL) {
        return cli_appraise_remote_open(&w->verifier, o, diag);
    }
    if (err == ATLS_OK) {
        err = read_endorsements(w, o, diag);
    }
    return err == ATLS_OK && o->collateral.count != 0 ? open_depot(w, o, diag) : err;
}

/* make_result writes the EAR for what came of the appraisal, a failure included. */
static enum atls_err make_result(struct work *w, const struct cli_options *o,
                                 const struct atls_diag *why, struct atls_diag *diag)
{
    struct atls_cmw cmw;
    if (w->verifier != NULL) {
        char *result = w->remote_result;
        w->remote_result = NULL;
        return cli_result_take(&w->result, result, diag);
    }
    if (w->format == NULL && atls_cmw_parse(&cmw, w->cmw, NULL) == ATLS_OK) {
        w->format = atls_cmw_format(&cmw); /* names the submod of a failure */
    }
    const struct atls_ear_options options = {
        .iat_s = w->now_s,
        .exp_s = 0,
        .nonce = w->nonce_len >= 8 ? atls_bytes_of(w->nonce, w->nonce_len) : atls_bytes_of(NULL, 0),
        .developer = developer,
        .build = "atls " ATLS_VERSION,
        .policy_id = w->policy.version != 0 ? w->policy.id : NULL,
        .refusal = why,
    };
    return cli_result_make(&w->result, o, &w->appraisal, options, w->format, w->cmw, diag);
}

/* appraise_certificate: Evidence in a certificate (RA-TLS), which says nothing of the moment. */
static enum atls_err appraise_certificate(struct work *w, const struct atls_verify_request *request,
                                          struct atls_diag *diag)
{
    if (w->verifier != NULL) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, verb, "--verifier", "a certificate with it",
                               "certificates are appraised here");
    }
    const enum atls_err err = atls_verify_certificate(&w->appraisal, &w->form, request, diag);
    if (err != ATLS_OK) {
        return err;
    }
    cli_note(verb,
             "note: Evidence of a certificate (%s): it is bound to the key, and to no session",
             w->form);
    return atls_policy_check_evidence(&w->policy, &w->appraisal, diag);
}

static enum atls_err appraise(struct work *w, struct atls_diag *diag)
{
    struct atls_cmw cmw;
    const struct atls_verify_request request = {
        .crypto = atls_crypto_openssl(),
        .endorsements = w->endorsements,
        .format = w->format,
        .cmw = w->cmw,
        .expected_nonce = atls_bytes_of(w->nonce, w->nonce_len),
        .no_nonce = w->no_nonce,
        .now_s = w->now_s,
        .want_claims = true,
        .revoked = &w->revoked,
        .max_result_age_s = w->verifier != NULL ? w->policy.max_result_age_s : 0,
        .depot = w->depot,
        .deadline_ms = atls_depot_clock_ms() + MAX_WAIT_MS,
    };
    if (atls_is_certificate(w->cmw)) {
        return appraise_certificate(w, &request, diag);
    }
    enum atls_err err = w->verifier != NULL ? cli_appraise_remote(w->verifier, &w->appraisal,
                                                                  &w->remote_result, &request, diag)
                                            : atls_verify(&w->appraisal, &request, diag);
    if (err != ATLS_OK && w->wrapped == NULL && atls_cmw_parse(&cmw, w->cmw, NULL) != ATLS_OK) {
        /* the usual reason: a token as it left the device, not as it travels in TLS */
        const struct atls_format *format = atls_bare_format(w->cmw);
        atls_diag_expected_text(diag, "; bare Evidence needs --format ");
        atls_diag_expected_text(diag, format != NULL ? format->name : "NAME");
    }
    return err == ATLS_OK ? atls_policy_check_evidence(&w->policy, &w->appraisal, diag) : err;
}

/* describe gives the result of --json; NULL without memory. */
static json_t *describe(struct work *w, enum atls_err outcome)
{
    struct atls_diag diag;
    atls_verdict_take_evidence(&w->verdict, &w->appraisal);
    w->verdict.state = outcome == ATLS_OK ? ATLS_VERDICT_ACCEPTED : ATLS_VERDICT_REFUSED;
    atls_text_copy(w->verdict.verifier, sizeof w->verdict.verifier,
                   w->verifier != NULL ? cli_appraise_remote_name(w->verifier) : "in-process");
    atls_text_copy(w->verdict.policy_id, sizeof w->verdict.policy_id, w->policy.id);
    w->verdict.policy_version = w->policy.version;
    json_t *object = json_pack("{s:b,s:o}", "accepted", outcome == ATLS_OK, "verdict",
                               atls_verdict_to_json(&w->verdict));
    if (object != NULL && cli_result_json(object, &w->result, &diag) != ATLS_OK) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static int run(struct work *w, const struct cli_options *o)
{
    struct atls_diag diag, trouble;
    enum atls_err err = read_all(w, o, &diag);
    if (err != ATLS_OK) {
        return cli_finish(verb, o->json, &diag, NULL);
    }
    err = appraise(w, &diag);
    if (make_result(w, o, err != ATLS_OK ? &diag : NULL, &trouble) != ATLS_OK) {
        return cli_finish(verb, o->json, &trouble, NULL);
    }
    if (!o->json) {
        cli_result_print(&w->result, verb);
    }
    return cli_finish(verb, o->json, err == ATLS_OK ? NULL : &diag,
                      o->json ? describe(w, err) : NULL);
}

int cli_appraise(int argc, char **argv)
{
    struct atls_diag diag;
    struct cli_options o;
    int status = 0;
    enum atls_err err = cli_options_parse(&o, CLI_APPRAISE, argc, argv, &diag);
    if (err == ATLS_OK && o.help) {
        cli_usage(CLI_APPRAISE, "appraise FILE --nonce HEX|none [OPTIONS]",
                  "Appraise Evidence (a CMW; with --format bare) and give an EAR.");
        cli_options_cleanup(&o);
        return 0;
    }
    if (err == ATLS_OK && (o.operands.count != 1 || o.nonce == NULL)) {
        err = atls_fail_texts(&diag, ATLS_ERR_CONFIG, "command line", NULL,
                              o.nonce == NULL ? "no --nonce" : "another number of files",
                              "appraise FILE --nonce HEX|none");
    }
    if (err == ATLS_OK) {
        struct work *w = calloc(1, sizeof *w);
        if (w == NULL) {
            return 1;
        }
        status = run(w, &o);
        cleanup(w);
        free(w);
    } else {
        status = cli_finish(verb, o.json, &diag, NULL);
    }
    cli_options_cleanup(&o);
    return status;
}
