/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a context: set up by one thread, frozen, shared, freed by whoever is last. A frozen
 * context is never written to but for its references, the count of its jobs, their pool, and the
 * list of what is revoked.
 */
#include "session/context.h"

#include "attester/attester.h"
#include "base/span.h"
#include "collateral/depot.h"
#include "crypto/crypto.h"
#include "json/policy_json.h"
#include "session/context_internal.h"
#include "handshake/expat.h"
#include "session/passport.h"
#include "session/resumption_internal.h"
#include "session/revoked.h"
#include "verifier/trust.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const uint32_t default_timeout_ms = 10000;
static const unsigned default_threads = 2;
static const unsigned default_queue = 256;

static int64_t system_clock(void *arg)
{
    (void)arg;
    return (int64_t)time(NULL);
}

/*
 * One lock for what changes in a context that is in use, of all contexts, since a fork must find it
 * free: a thread that held it has no counterpart in the child, where it would stay locked. It is
 * held for a few instructions only.
 */
static pthread_mutex_t contexts_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t watch_forks_once = PTHREAD_ONCE_INIT;

void context_lock(void)
{
    pthread_mutex_lock(&contexts_lock);
}

void context_unlock(void)
{
    pthread_mutex_unlock(&contexts_lock);
}

static void watch_forks(void)
{
    (void)pthread_atfork(context_lock, context_unlock, context_unlock);
}

enum atls_err atls_context_new(struct atls_context **out, struct atls_diag *diag)
{
    struct atls_context *context = calloc(1, sizeof *context);
    if (context == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "context", NULL);
    }
    enum atls_err err = atls_endorsements_new(&context->endorsements, diag);
    if (err != ATLS_OK) {
        free(context);
        return err;
    }
    context->references = 1;
    context->crypto = atls_crypto_openssl();
    atls_policy_default(&context->policy);
    context->timing = ATLS_TIMING_HANDSHAKE;
    context->extension_type = ATLS_EXTENSION_TYPE;
    context->cmw_extension_type = ATLS_CMW_EXTENSION_TYPE;
    context->exporter_label = ATLS_EXPAT_LABEL;
    context->timeout_ms = default_timeout_ms;
    context->threads = default_threads;
    context->verifier_ops = &atls_verifier_in_process;
    context->max_queue = default_queue;
    context->clock = system_clock;
    pthread_once(&watch_forks_once, watch_forks);
    pthread_cond_init(&context->jobs_ended, NULL);
    *out = context;
    return ATLS_OK;
}

/* forget_parent, under the lock: the jobs of before a fork run in the parent, and end there. */
static void forget_parent(struct atls_context *context)
{
    if (context->jobs_pid != getpid()) {
        context->jobs_pid = getpid();
        context->num_jobs = 0;
    }
}

struct atls_context *atls_context_ref(struct atls_context *context)
{
    __atomic_add_fetch(&context->references, 1, __ATOMIC_RELAXED);
    return context;
}

void atls_context_unref(struct atls_context *context)
{
    if (context == NULL || __atomic_sub_fetch(&context->references, 1, __ATOMIC_ACQ_REL) != 0) {
        return;
    }
    /* Jobs hold no reference (the last one would then free the pool from inside it); they are
     * waited for. Each ends within its deadline. */
    context_lock();
    forget_parent(context);
    while (context->num_jobs != 0) {
        pthread_cond_wait(&context->jobs_ended, &contexts_lock);
    }
    context_unlock();
    atls_pool_free(context->pool);
    for (size_t i = 0; i < context->num_attesters; i++) {
        context->attesters[i].ops->close(context->attesters[i].attester);
    }
    context->verifier_ops->close(context->verifier);
    atls_depot_close(context->depot);
    verifier_trust_free(context->trust);
    for (size_t i = 0; i < context->num_passports; i++) {
        session_passport_release(context->passports[i].passport);
    }
    atls_endorsements_unref(context->endorsements);
    atls_policy_cleanup(&context->policy);
    session_revoked_release(context->revoked);
    context_free_resumption(context);
    pthread_cond_destroy(&context->jobs_ended);
    free(context);
}

enum atls_err context_check_open(const struct atls_context *context, struct atls_diag *diag)
{
    if (context->frozen) {
        return atls_fail_texts(diag, ATLS_ERR_STATE, "context", NULL, "a context in use",
                               "all settings before atls_openssl_enable()");
    }
    return ATLS_OK;
}

enum atls_err atls_context_add_attester(struct atls_context *context,
                                        const struct atls_attester_ops *ops,
                                        struct atls_bytes config_json, struct atls_diag *diag)
{
    enum atls_err err = context_check_open(context, diag);
    if (err == ATLS_OK) {
        err = atls_attester_check(ops, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    if (context->num_attesters == ATLS_MAX_ATTESTERS) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "context", "attesters", "a ninth",
                               "at most 8");
    }
    const struct atls_format *format = atls_format_by_name(atls_bytes_text(ops->format));
    if (format == NULL) {
        const bool planned = atls_format_is_planned(atls_bytes_text(ops->format));
        return atls_fail_texts(diag, planned ? ATLS_ERR_NOT_BUILT : ATLS_ERR_ARGUMENT, "context",
                               "format of the attester", ops->format,
                               planned ? "one that handshakes of this version carry"
                                       : "a name of the table of names");
    }
    if (format->outside_only) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, "context", "format of the attester",
                               ops->format, "one for handshakes: this is sent to Verifiers only");
    }
    struct atls_attester *attester = NULL;
    err = ops->open(&attester, config_json, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const size_t at = context->num_attesters++;
    context->attesters[at].ops = ops;
    context->attesters[at].format = format;
    context->attesters[at].attester = attester;
    return ATLS_OK;
}

enum atls_err atls_context_load_key(struct atls_context *context, struct evp_pkey_st **out,
                                    struct atls_bytes pem, struct atls_diag *diag)
{
    enum atls_err err = atls_fail_texts(diag, ATLS_ERR_KEY, "TLS key", "TSS2 PRIVATE KEY",
                                        "no attester that can load it", "--attest tpm2");
    for (size_t i = 0; i < context->num_attesters; i++) {
        err = context->attesters[i].ops->load_key(context->attesters[i].attester, out, pem, diag);
        if (err == ATLS_OK) {
            return ATLS_OK;
        }
    }
    return err;
}

enum atls_err atls_context_endorsement_key(struct atls_context *context, struct atls_bytes pem,
                                           struct atls_diag *diag)
{
    enum atls_err err = context_check_open(context, diag);
    if (err == ATLS_OK) {
        err = atls_endorsements_add_signer(context->endorsements, pem, diag);
    }
    if (err == ATLS_OK) {
        context_note(context, "endorsement-key", pem);
    }
    return err;
}

enum atls_err atls_context_load_endorsements(struct atls_context *context, const char *path,
                                             struct atls_diag *diag)
{
    enum atls_err err = context_check_open(context, diag);
    return err != ATLS_OK ? err : atls_endorsements_load(context->endorsements, path, diag);
}

enum atls_err atls_context_set_policy(struct atls_context *context, struct atls_bytes json,
                                      struct atls_diag *diag)
{
    enum atls_err err = context_check_open(context, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_policy policy;
    err = atls_policy_parse(&policy, json, diag);
    if (err == ATLS_OK) {
        atls_policy_cleanup(&context->policy);
        context->policy = policy;
        context_note(context, "policy", json);
    }
    return err;
}

enum atls_err atls_context_allow_simulated(struct atls_context *context, struct atls_diag *diag)
{
    enum atls_err err = context_check_open(context, diag);
    if (err == ATLS_OK) {
        context->simulated_allowed = true;
    }
    return err;
}

enum atls_err atls_context_keep_claims(struct atls_context *context, struct atls_diag *diag)
{
    enum atls_err err = context_check_open(context, diag);
    if (err == ATLS_OK) {
        context->keep_claims = true;
    }
    return err;
}

enum atls_err atls_context_set_no_pkix(struct atls_context *context, struct atls_diag *diag)
{
    enum atls_err err = context_check_open(context, diag);
    if (err == ATLS_OK) {
        context->no_pkix = true;
    }
    return err;
}

enum atls_err atls_context_set_extension_type(struct atls_context *context, uint16_t type,
                                              struct atls_diag *diag)
{
    enum atls_err err = context_check_open(context, diag);
    if (err == ATLS_OK) {
        context->extension_type = type;
    }
    return err;
}

enum atls_err atls_context_set_timeout(struct atls_context *context, uint32_t timeout_ms,
                                       struct atls_diag *diag)
{
    enum atls_err err = context_check_open(context, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (timeout_ms < 1 || timeout_ms > 600000) {
        atls_fail(diag, ATLS_ERR_ARGUMENT, "context", "timeout");
        atls_diag_found_int(diag, timeout_ms);
        atls_diag_expected_text(diag, "1 to 600000 milliseconds");
        return ATLS_ERR_ARGUMENT;
    }
    context->timeout_ms = timeout_ms;
    return ATLS_OK;
}

enum atls_err atls_context_set_workers(struct atls_context *context, unsigned threads,
                                       unsigned max_queue, struct atls_diag *diag)
{
    enum atls_err err = context_check_open(context, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (threads < 1 || threads > 64 || max_queue < 1 || max_queue > 65536) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, "context", "workers", "another size",
                               "1 to 64 threads and a queue of 1 to 65536 jobs");
    }
    context->workers_set = true;
    context->threads = threads;
    context->max_queue = max_queue;
    return ATLS_OK;
}

enum atls_err atls_context_set_executor(struct atls_context *context, atls_executor *executor,
                                        void *arg, struct atls_diag *diag)
{
    enum atls_err err = context_check_open(context, diag);
    if (err == ATLS_OK) {
        context->executor = executor;
        context->executor_arg = arg;
    }
    return err;
}

enum atls_err atls_context_set_clock(struct atls_context *context, atls_clock *clock, void *arg,
                                     struct atls_diag *diag)
{
    enum atls_err err = context_check_open(context, diag);
    if (err == ATLS_OK) {
        context->clock = clock != NULL ? clock : system_clock;
        context->clock_arg = arg;
    }
    return err;
}

bool atls_context_requires(const struct atls_context *context)
{
    return context->num_required != 0;
}

bool atls_context_attests(const struct atls_context *context)
{
    return context->num_attesters != 0 || context->num_passports != 0;
}

bool atls_context_keeps_claims(const struct atls_context *context)
{
    return context->keep_claims;
}

bool atls_context_takes_certificates(const struct atls_context *context)
{
    return context->timing == ATLS_TIMING_CERTIFICATE;
}

bool atls_context_is_no_pkix(const struct atls_context *context)
{
    return context->no_pkix;
}

uint16_t atls_context_extension_type(const struct atls_context *context)
{
    return context->extension_type;
}

size_t atls_context_max_binder(const struct atls_context *context)
{
    size_t shortest = SIZE_MAX;
    for (size_t i = 0; i < context->num_attesters; i++) {
        const size_t takes = context->attesters[i].ops->max_nonce(context->attesters[i].attester);
        shortest = takes < shortest ? takes : shortest;
    }
    return shortest;
}

int64_t atls_context_now(const struct atls_context *context)
{
    return context->clock(context->clock_arg);
}

void atls_context_job_ended(struct atls_context *context)
{
    context_lock();
    context->num_jobs--;
    pthread_cond_broadcast(&context->jobs_ended);
    context_unlock();
}

/* enter counts one more job, and gives the pool that it is to run in; NULL with an executor. */
static enum atls_err enter(struct atls_context *context, struct atls_pool **out,
                           struct atls_diag *diag)
{
    enum atls_err err = ATLS_OK;
    context_lock();
    forget_parent(context);
    context->num_jobs++;
    if (context->executor == NULL && !atls_pool_has_threads(context->pool)) {
        err = atls_pool_new(&context->pool, context->threads, context->max_queue, diag);
    }
    *out = context->pool;
    context_unlock();
    return err;
}

enum atls_err atls_context_submit(struct atls_context *context, struct atls_job *job,
                                  struct atls_diag *diag)
{
    struct atls_pool *pool = NULL;
    enum atls_err err = enter(context, &pool, diag);
    if (err != ATLS_OK) {
        atls_job_unref(job);
    } else if (context->executor != NULL) {
        err = atls_executor_submit(context->executor, context->executor_arg, job, diag);
    } else {
        err = atls_pool_submit(pool, job, diag);
    }
    if (err != ATLS_OK) {
        atls_context_job_ended(context);
    }
    return err;
}
