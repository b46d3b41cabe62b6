/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/remote_internal.h"

#include "base/span.h"
#include "json/ear_key.h"
#include "result/ear_form.h"
#include "verifier/evidence.h"
#include "verifier/trust.h"

#include <stdlib.h>

static const char step[] = "Verifier";

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
    if (!verifier_url_join(url, &verifier->url, verifier->api->keys_path)) {
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
    const char *url = options->url;
    verifier->api = verifier_api_of(&url);
    err = verifier_url_parse(&verifier->url, url, diag);
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

bool atls_remote_takes(const struct atls_verifier *verifier, const struct atls_format *format)
{
    return verifier->api->takes(format);
}

bool atls_remote_hashes_key(const struct atls_verifier *verifier)
{
    return !verifier->api->has_sessions;
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

/* take_claims puts what the Verifier found beside what this side read. */
static enum atls_err take_claims(struct atls_submod *submod, const struct verifier_api *api,
                                 const struct atls_ear *ear,
                                 const struct atls_verify_request *request, struct atls_diag *diag)
{
    const struct atls_ear_submod *found = NULL;
    const enum atls_err err = api->find(&found, ear, submod->format, request->expected_nonce, diag);
    if (err != ATLS_OK) {
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
        const struct atls_bytes shown =
            atls_bytes_of(submod->attested_spki, submod->attested_spki_len);
        return atls_ear_check_key(ear, request->crypto,
                                  request->tls_spki.len != 0 ? request->tls_spki : shown, diag);
    }
    return ATLS_OK;
}

/* with_padding gives the nonce as Evidence of the format has it: a Verifier compares that. */
static struct atls_verify_request with_padding(const struct atls_verify_request *request,
                                               const struct atls_format *format,
                                               uint8_t padded[ATLS_MAX_NONCE_LEN])
{
    struct atls_verify_request whole = *request;
    if (format->padded_len == ATLS_MAX_NONCE_LEN && whole.expected_nonce.len < ATLS_MAX_NONCE_LEN) {
        memcpy(padded, whole.expected_nonce.data, whole.expected_nonce.len);
        whole.expected_nonce = atls_bytes_of(padded, ATLS_MAX_NONCE_LEN);
    }
    return whole;
}

/* ask gives *out_result, where it is not NULL, once the Result has verified: its status comes last.
 */
static enum atls_err ask(struct atls_submod *submod, char **out_result,
                         struct atls_verifier *verifier, const struct verifier_evidence *evidence,
                         const struct atls_verify_request *request,
                         const struct verifier_line *line, struct atls_diag *diag)
{
    uint8_t padded[ATLS_MAX_NONCE_LEN] = {0};
    const struct atls_verify_request whole = with_padding(request, evidence->format, padded);
    request = &whole;
    const struct verifier_question question = {.format = evidence->format,
                                               .media_type = media_type_of(evidence),
                                               .evidence = atls_cmw_evidence(&evidence->cmw),
                                               .nonce = request->expected_nonce};
    char *result = NULL;
    enum atls_err err = verifier->api->exchange(&result, line, &question, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct verifier_reading reading = {
        .verifier = verifier, .line = line, .request = request, .token = atls_bytes_text(result)};
    ATLS_AUTO(atls_ear_token_cleanup) struct atls_ear_token *token = NULL;
    err = verifier_read_result(&token, &reading, diag);
    if (err == ATLS_OK) {
        err = take_claims(submod, verifier->api, atls_ear_token_get(token), request, diag);
    }
    if (out_result != NULL && (err == ATLS_OK || err == ATLS_ERR_STATUS)) {
        *out_result = result;
        result = NULL;
    }
    free(result);
    return err;
}

static enum atls_err appraise_evidence(struct atls_submod *out, char **out_result,
                                       struct atls_verifier *verifier,
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
        err = verifier_fetch_first(verifier, &line, diag);
    }
    if (err == ATLS_OK) {
        err = ask(&submod, out_result, verifier, evidence, request, &line, diag);
    }
    if (err == ATLS_OK) {
        err = atls_verify_check_submod(&submod, evidence->format, false, diag);
    }
    if (err == ATLS_OK) {
        verifier_apply_revocations(&submod, request);
        *out = submod;
    } else {
        free(submod.storage);
    }
    return err;
}

static enum atls_err appraise_and_keep(struct atls_verifier *verifier, struct atls_appraisal *out,
                                       char **out_result, const struct atls_verify_request *request,
                                       const struct atls_verifier_wait *wait,
                                       struct atls_diag *diag)
{
    struct verifier_evidence evidence = {.storage = NULL};
    struct atls_diag why = {.err = ATLS_OK};
    struct atls_submod *submod = calloc(1, sizeof *submod); /* large for a stack */
    enum atls_err err = submod != NULL ? verifier_evidence_open(&evidence, request, &why)
                                       : atls_fail(&why, ATLS_ERR_MEMORY, step, NULL);
    if (err == ATLS_OK) {
        err = appraise_evidence(submod, out_result, verifier, &evidence, request, wait, &why);
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

static enum atls_err appraise(struct atls_verifier *verifier, struct atls_appraisal *out,
                              const struct atls_verify_request *request,
                              const struct atls_verifier_wait *wait, struct atls_diag *diag)
{
    return appraise_and_keep(verifier, out, NULL, request, wait, diag);
}

enum atls_err atls_remote_appraise(struct atls_verifier *verifier, struct atls_appraisal *out,
                                   char **out_result, const struct atls_verify_request *request,
                                   const struct atls_verifier_wait *wait, struct atls_diag *diag)
{
    *out_result = NULL;
    return appraise_and_keep(verifier, out, out_result, request, wait, diag);
}

const struct atls_verifier_ops atls_verifier_remote = {
    .abi = ATLS_VERIFIER_ABI,
    .size = (uint32_t)sizeof(struct atls_verifier_ops),
    .waits = true,
    .identity = identity_of,
    .appraise = appraise,
    .close = close_remote,
};
