/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/remote.h"

#include "base/span.h"
#include "json/ear_key.h"
#include "result/ear_form.h"
#include "verifier/evidence.h"
#include "verifier/exchange.h"
#include "verifier/result_keys.h"
#include "verifier/trust.h"

#include <stdlib.h>

static const char step[] = "Verifier";
static const struct atls_bytes whole = {NULL, 0};

struct atls_verifier {
    struct verifier_service_url url;
    const struct atls_fetcher_ops *ops;
    struct atls_fetcher *fetcher;
    struct verifier_trust *trust; /* at least one */
    bool discovered;              /* the one is the Verifier itself, by discovery */
};

static enum atls_err check_fetcher(const struct atls_fetcher_ops *ops, struct atls_diag *diag)
{
    if (ops == NULL || ops->abi != ATLS_FETCHER_ABI || ops->size != sizeof *ops ||
        ops->name == NULL || ops->open == NULL || ops->close == NULL || ops->fetch == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "fetcher", "a table with a hole",
                               "a complete one of this ABI");
    }
    return ATLS_OK;
}

/* check_url: who is at the other end is known by TLS; on this machine plain HTTP may do, when it is
 * said so, and then the keys of its Results are pinned. */
static enum atls_err check_url(const struct atls_verifier *verifier,
                               const struct atls_remote_options *options, struct atls_diag *diag)
{
    const struct verifier_service_url *url = &verifier->url;
    if (url->https && options->ca_pem.len == 0) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "--verifier-ca", "none",
                               "the CA of the Verifier's certificate, or that certificate: "
                               "Evidence is not sent to just anybody");
    }
    if (!url->https && (!options->plain_http || !url->loopback)) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "URL", options->url,
                               "https; http only to this machine, with --plain-http");
    }
    if (!url->https && verifier_trust_count(verifier->trust) == 0) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "--trust-verifier", "none",
                               "the keys of the Verifier: over plain HTTP anybody could say them");
    }
    return ATLS_OK;
}

/* trust_itself lets the Verifier's own discovery document say the keys. */
static enum atls_err trust_itself(struct atls_verifier *verifier, struct atls_diag *diag)
{
    char url[VERIFIER_MAX_URL_LEN];
    if (verifier_trust_count(verifier->trust) != 0) {
        return ATLS_OK;
    }
    if (!verifier_url_join(url, &verifier->url, "/.well-known/veraison/verification")) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "URL", "too long", "a shorter one");
    }
    verifier->discovered = true;
    return verifier_trust_fetch(verifier->trust, verifier->url.base, url, diag);
}

enum atls_err atls_remote_new(struct atls_verifier **out, const struct atls_remote_options *options,
                              struct verifier_trust *trust, struct atls_diag *diag)
{
    const struct atls_fetcher_config config = {.ca_pem = options->ca_pem};
    enum atls_err err = check_fetcher(options->fetcher, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_verifier *verifier = calloc(1, sizeof *verifier);
    if (verifier == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    verifier->ops = options->fetcher;
    verifier->trust = trust;
    err = verifier_url_parse(&verifier->url, options->url, diag);
    if (err == ATLS_OK) {
        err = check_url(verifier, options, diag);
    }
    if (err == ATLS_OK) {
        err = trust_itself(verifier, diag);
    }
    if (err == ATLS_OK) {
        err = options->fetcher->open(&verifier->fetcher, &config, diag);
    }
    if (err != ATLS_OK) {
        free(verifier);
        return err;
    }
    *out = verifier;
    return ATLS_OK;
}

static void close_remote(struct atls_verifier *verifier)
{
    if (verifier != NULL) {
        verifier->ops->close(verifier->fetcher);
        verifier_trust_free(verifier->trust);
        free(verifier);
    }
}

static const char *identity_of(const struct atls_verifier *verifier)
{
    return verifier_trust_count(verifier->trust) == 1 ? verifier_trust_identity(verifier->trust, 0)
                                                      : verifier->url.base;
}

/* media_type_of gives the row's own text for the peer's label: nothing of the peer's goes into a
 * header. */
static const char *media_type_of(const struct verifier_evidence *evidence)
{
    const struct atls_format *format = evidence->format;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(format->accepted_types); i++) {
        if (format->accepted_types[i] != NULL && !evidence->cmw.by_content_format &&
            atls_media_type_equal(evidence->cmw.media_type,
                                  atls_bytes_text(format->accepted_types[i]))) {
            return format->accepted_types[i];
        }
        if (format->accepted_types[i] == NULL) {
            break;
        }
    }
    return format->media_type;
}

/* ---- the Result ---- */

/* One Result, and by whom it may have been signed. */
struct reading {
    struct atls_verifier *verifier;
    const struct verifier_line *line;
    const struct atls_verify_request *request;
    struct atls_bytes token;
    struct atls_bytes issuer; /* as the token says, which proves nothing; empty: none */
};

static struct atls_result_request terms_of(const struct reading *reading, const char *issuer)
{
    const struct atls_verify_request *request = reading->request;
    const struct atls_result_request terms = {
        .crypto = request->crypto,
        .no_key =
            true, /* the Evidence is bound to the connection, and names the key where it can */
        .terms = {.now_s = request->now_s,
                  .max_age_s = request->max_result_age_s,
                  .nonce = request->expected_nonce,
                  .issuer = reading->issuer.len != 0 ? issuer : NULL,
                  /* what of the rest is taken is the policy's to say */
                  .least = ATLS_TIER_WARNING,
                  .simulated = true},
    };
    return terms;
}

static enum atls_err verify_by(struct atls_ear_token **out, const struct reading *reading,
                               const struct atls_jwk_set *all, const char *issuer,
                               struct atls_diag *diag)
{
    const struct atls_result_request terms = terms_of(reading, issuer);
    return verifier_result_by(out, atls_result_verify, reading->token, &terms, all,
                              reading->request, diag);
}

/* is_about_keys: another key might verify it. */
static bool is_about_keys(enum atls_err err)
{
    return err == ATLS_ERR_RESULT_SIGNATURE || err == ATLS_ERR_ALGORITHM;
}

/* check_id: the document with the keys of a listed Verifier may say whose they are. */
static enum atls_err check_id(const struct verifier_keys *keys, const char *identity,
                              struct atls_diag *diag)
{
    if (identity == NULL || keys->id[0] == '\0' || strcmp(keys->id, identity) == 0) {
        return ATLS_OK;
    }
    atls_fail_texts(diag, ATLS_ERR_VERIFIER_IDENTITY, step, "verifier-id", NULL, identity);
    atls_diag_found_peer_text(diag, atls_bytes_text(keys->id));
    return ATLS_ERR_VERIFIER_IDENTITY;
}

/* listed_identity gives NULL for the Verifier that nobody listed. */
static const char *listed_identity(const struct atls_verifier *verifier, size_t at)
{
    return verifier->discovered ? NULL : verifier_trust_identity(verifier->trust, at);
}

/* verify_with takes a Result of the Verifier at a place, whose keys these are: one that names its
 * issuer is of the identity that is listed, or of that which discovery says. */
static enum atls_err verify_with(struct atls_ear_token **out, const struct reading *reading,
                                 size_t at, const struct verifier_keys *keys,
                                 struct atls_diag *diag)
{
    const struct atls_verifier *verifier = reading->verifier;
    const char *listed = listed_identity(verifier, at);
    const char *said = keys->id[0] != '\0' ? keys->id : NULL;
    const enum atls_err err = check_id(keys, listed, diag);
    return err == ATLS_OK
               ? verify_by(out, reading, &keys->set, listed != NULL ? listed : said, diag)
               : err;
}

static enum atls_err verify_at(struct atls_ear_token **out, const struct reading *reading,
                               size_t at, struct atls_diag *diag)
{
    struct verifier_trust *trust = reading->verifier->trust;
    enum atls_err err = ATLS_ERR_RESULT_SIGNATURE;
    for (int renew = 0; renew <= 1 && is_about_keys(err); renew++) {
        struct verifier_keys *keys = NULL;
        struct atls_diag why = {.err = ATLS_OK};
        const enum atls_err taken =
            verifier_trust_take(&keys, trust, at, renew != 0, reading->line, &why);
        if (taken != ATLS_OK && renew == 0) {
            *diag = why;
            return taken;
        }
        if (keys == NULL) { /* no newer ones to be had: it stays at what was found before */
            break;
        }
        err = verify_with(out, reading, at, keys, diag);
        verifier_keys_release(keys);
    }
    return err;
}

/* verify_result finds whose Result it is: that of the one whom it names, else of any that is
 * listed. */
static enum atls_err verify_result(struct atls_ear_token **out, struct reading *reading,
                                   struct atls_diag *diag)
{
    struct verifier_trust *trust = reading->verifier->trust;
    ATLS_AUTO(atls_ear_token_cleanup) struct atls_ear_token *claimed = NULL;
    size_t at = 0;
    enum atls_err err = atls_ear_open_unverified(&claimed, reading->token, diag);
    if (err != ATLS_OK) {
        return err;
    }
    reading->issuer = atls_ear_token_get(claimed)->issuer;
    if (reading->issuer.len != 0 && !reading->verifier->discovered) {
        if (verifier_trust_find(trust, reading->issuer, &at)) {
            return verify_at(out, reading, at, diag);
        }
        err = atls_ear_refuse(diag, whole, "iss", NULL, "a Verifier of --trust-verifier");
        atls_diag_found_peer_text(diag, reading->issuer);
        return err;
    }
    err = ATLS_ERR_RESULT_SIGNATURE;
    for (at = 0; at < verifier_trust_count(trust) && is_about_keys(err); at++) {
        err = verify_at(out, reading, at, diag);
    }
    return err;
}

/* take_claims puts what the Verifier found beside what this side read. */
static enum atls_err take_claims(struct atls_submod *submod, const struct atls_ear *ear,
                                 const struct atls_verify_request *request, struct atls_diag *diag)
{
    const struct atls_ear_submod *found = &ear->submods[0];
    if (ear->num_submods != 1 || !atls_bytes_is_text(found->name, submod->format->submod)) {
        const enum atls_err err =
            atls_ear_refuse(diag, whole, "submods", NULL, submod->format->submod);
        atls_diag_found_peer_text(diag, found->name);
        atls_diag_found_text(diag, ear->num_submods != 1 ? " and others" : "");
        return err;
    }
    const int8_t hardware = found->vector.claim[ATLS_TRUST_HARDWARE];
    if (found->simulated && atls_tier_of(hardware) == ATLS_TIER_AFFIRMING) {
        return atls_ear_refuse(diag, found->name, "hardware", "affirming, of a simulation",
                               "a warning");
    }
    submod->vector = found->vector;
    submod->status = found->status;
    submod->simulated = found->simulated;
    if (found->problem.len != 0) {
        atls_fail(&submod->reason, ATLS_ERR_STATUS, step, "problem");
        atls_diag_found_peer_text(&submod->reason, found->problem);
    }
    /* A Result may name the key; then it is this one. */
    if (found->akpub.len != 0 || ear->cnf.has_key || ear->cnf.ckt.len != 0 ||
        ear->cnf.jkt.len != 0) {
        return atls_ear_check_key(ear, request->crypto, request->tls_spki, diag);
    }
    return ATLS_OK;
}

static enum atls_err ask(struct atls_submod *submod, struct atls_verifier *verifier,
                         const struct verifier_evidence *evidence,
                         const struct atls_verify_request *request,
                         const struct verifier_line *line, struct atls_diag *diag)
{
    const struct verifier_question question = {.media_type = media_type_of(evidence),
                                               .evidence = atls_cmw_evidence(&evidence->cmw),
                                               .nonce = request->expected_nonce};
    char *result = NULL;
    enum atls_err err = verifier_exchange(&result, line, &question, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct reading reading = {
        .verifier = verifier, .line = line, .request = request, .token = atls_bytes_text(result)};
    ATLS_AUTO(atls_ear_token_cleanup) struct atls_ear_token *token = NULL;
    err = verify_result(&token, &reading, diag);
    if (err == ATLS_OK) {
        err = take_claims(submod, atls_ear_token_get(token), request, diag);
    }
    free(result);
    return err;
}

/* fetch_first: where there is one Verifier only and its keys are not at hand, Evidence does not
 * leave before they are. */
static enum atls_err fetch_first(struct atls_verifier *verifier, const struct verifier_line *line,
                                 struct atls_diag *diag)
{
    struct verifier_keys *keys = NULL;
    if (verifier_trust_count(verifier->trust) != 1) {
        return ATLS_OK;
    }
    enum atls_err err = verifier_trust_take(&keys, verifier->trust, 0, false, line, diag);
    if (err == ATLS_OK) {
        err = check_id(keys, listed_identity(verifier, 0), diag);
        verifier_keys_release(keys);
    }
    return err;
}

static enum atls_err appraise_evidence(struct atls_submod *out, struct atls_verifier *verifier,
                                       const struct verifier_evidence *evidence,
                                       const struct atls_verify_request *request,
                                       const struct atls_verifier_wait *wait,
                                       struct atls_diag *diag)
{
    const struct verifier_line line = {
        .ops = verifier->ops, .fetcher = verifier->fetcher, .url = &verifier->url, .wait = wait};
    const struct atls_appraisal_input input = verifier_evidence_input(evidence, request);
    struct atls_submod submod;
    memset(&submod, 0, sizeof submod);
    enum atls_err err = evidence->ops->read_unverified(&submod, &input, diag);
    if (err == ATLS_OK) {
        err = fetch_first(verifier, &line, diag);
    }
    if (err == ATLS_OK) {
        err = ask(&submod, verifier, evidence, request, &line, diag);
    }
    if (err == ATLS_OK) {
        err = atls_verify_check_submod(&submod, evidence->format, false, diag);
    }
    if (err == ATLS_OK) {
        verifier_apply_revocations(&submod, request);
        *out = submod;
    }
    return err;
}

static enum atls_err appraise(struct atls_verifier *verifier, struct atls_appraisal *out,
                              const struct atls_verify_request *request,
                              const struct atls_verifier_wait *wait, struct atls_diag *diag)
{
    struct verifier_evidence evidence = {.storage = NULL};
    struct atls_diag why = {.err = ATLS_OK};
    struct atls_submod *submod = calloc(1, sizeof *submod); /* large for a stack */
    enum atls_err err = submod != NULL ? verifier_evidence_open(&evidence, request, &why)
                                       : atls_fail(&why, ATLS_ERR_MEMORY, step, NULL);
    if (err == ATLS_OK) {
        err = appraise_evidence(submod, verifier, &evidence, request, wait, &why);
    }
    if (err == ATLS_OK) {
        memset(out, 0, sizeof *out);
        out->submods[0] = *submod;
        out->num_submods = 1;
        out->storage = evidence.storage;
    } else {
        free(evidence.storage);
        if (diag != NULL) {
            *diag = why;
        }
    }
    free(submod);
    return err;
}

/* ---- a passport ---- */

/* What is made for one exchange, and lives as long. */
struct made {
    const struct verifier_passport_question *question;
    uint8_t *cmw; /* ATLS_MAX_CMW_LEN octets */
    uint8_t nonce[ATLS_MAX_NONCE_LEN];
    size_t nonce_len;
};

static enum atls_err make(void *arg, struct atls_bytes nonce, struct atls_bytes *out,
                          struct atls_diag *diag)
{
    struct made *made = arg;
    const struct atls_buf room = {made->cmw, ATLS_MAX_CMW_LEN};
    struct atls_cmw cmw;
    size_t len = 0;
    memcpy(made->nonce, nonce.data, nonce.len);
    made->nonce_len = nonce.len;
    enum atls_err err = made->question->attest(made->question->arg, nonce, room, &len, diag);
    if (err == ATLS_OK) {
        err = atls_cmw_parse(&cmw, atls_bytes_of(made->cmw, len), diag);
    }
    if (err == ATLS_OK && atls_cmw_format(&cmw) != made->question->format) {
        err = atls_fail(diag, ATLS_ERR_ATTESTER, "attestation", "type of the CMW");
    }
    if (err == ATLS_OK) {
        *out = atls_cmw_evidence(&cmw);
    }
    return err;
}

/* check_passport: the Result must be one that a peer could take. */
static enum atls_err check_passport(const char *result, int64_t *exp_s, struct reading *reading,
                                    struct atls_bytes tls_spki, struct atls_diag *diag)
{
    ATLS_AUTO(atls_ear_token_cleanup) struct atls_ear_token *token = NULL;
    reading->token = atls_bytes_text(result);
    enum atls_err err = verify_result(&token, reading, diag);
    if (err == ATLS_OK) {
        err =
            atls_ear_check_key(atls_ear_token_get(token), reading->request->crypto, tls_spki, diag);
    }
    if (err == ATLS_OK && !atls_ear_token_get(token)->has_exp) {
        err = atls_fail_texts(diag, ATLS_ERR_RESULT_EXPIRED, ATLS_EAR_STEP, "exp", "nothing",
                              "an end: it is to be renewed before");
    }
    if (err == ATLS_OK) {
        *exp_s = atls_ear_token_get(token)->exp_s;
    }
    return err;
}

enum atls_err atls_remote_obtain(struct atls_verifier *verifier, char **out, int64_t *exp_s,
                                 const struct verifier_passport_question *question,
                                 const struct atls_verify_request *request,
                                 const struct atls_verifier_wait *wait, struct atls_diag *diag)
{
    const struct verifier_line line = {
        .ops = verifier->ops, .fetcher = verifier->fetcher, .url = &verifier->url, .wait = wait};
    struct made made = {.question = question, .cmw = malloc(ATLS_MAX_CMW_LEN)};
    const struct verifier_question ask_for = {.media_type = question->format->media_type,
                                              .nonce_size = question->nonce_size,
                                              .make = make,
                                              .arg = &made};
    char *result = NULL;
    enum atls_err err = made.cmw != NULL ? fetch_first(verifier, &line, diag)
                                         : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    if (err == ATLS_OK) {
        err = verifier_exchange(&result, &line, &ask_for, diag);
    }
    if (err == ATLS_OK) {
        struct atls_verify_request terms = *request;
        terms.expected_nonce = atls_bytes_of(made.nonce, made.nonce_len);
        struct reading reading = {.verifier = verifier, .line = &line, .request = &terms};
        err = check_passport(result, exp_s, &reading, question->tls_spki, diag);
    }
    if (err == ATLS_OK) {
        *out = result;
        result = NULL;
    }
    free(result);
    free(made.cmw);
    return err;
}

const struct atls_verifier_ops atls_verifier_remote = {
    .abi = ATLS_VERIFIER_ABI,
    .size = (uint32_t)sizeof(struct atls_verifier_ops),
    .waits = true,
    .identity = identity_of,
    .appraise = appraise,
    .close = close_remote,
};
