/* SPDX-License-Identifier: Apache-2.0 */
/* The process that strangers talk to. Its main thread waits for signals and keeps house. */
#include "svc/verifier/verifier.h"

#include "base/span.h"
#include "collateral/depot.h"
#include "svc/verifier/listener.h"

#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 4096, HANDSHAKE_MS = 10000, REQUEST_MS = 60000, DRAIN_MS = 30000 };
enum { KEPT_OCTETS = 8 << 20, FETCHERS = 8 };

struct front {
    const struct verifier_config *config;
    struct verifier_service service;
    struct verifier_listener *listener;
    struct ssl_ctx_st *ssl_ctx;
    int signal_fd;
    atomic_bool stopping;
    int status; /* the front ends with it */
};

/* keep_memory: batches need much for a moment, again and again. To give it back to the kernel each
 * time costs more than to keep it. */
static void keep_memory(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_ARENA_MAX, 4);
    (void)mallopt(M_MMAP_THRESHOLD, KEPT_OCTETS);
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_OCTETS);
#endif
}

static enum atls_err block_signals(struct front *f, struct atls_diag *diag)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before any thread exists */
    f->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    return f->signal_fd >= 0 ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, "signalfd", NULL);
}

/* load_endorsements: who has not read them all does not listen yet. */
static enum atls_err load_endorsements(struct front *f, struct atls_diag *diag)
{
    uint64_t generation = 0;
    enum atls_err err = verifier_store_generation(f->service.store, &generation, diag);
    if (err == ATLS_OK) {
        err = verifier_service_describe(&f->service, generation, diag);
    }
    return err == ATLS_OK ? verifier_service_catch_up(&f->service, generation, diag) : err;
}

/* load_revoked: with a key that is revoked nothing more is signed. */
static enum atls_err load_revoked(struct front *f, struct atls_diag *diag)
{
    struct verifier_service *s = &f->service;
    const enum atls_err err = verifier_revoked_load(s->revoked, f->config->revoked_file, diag);
    return err == ATLS_OK ? verifier_revoked_check_own(s->revoked, s->keys, verifier_wall_s(), diag)
                          : err;
}

static enum atls_err load_collateral(struct front *f, struct atls_diag *diag)
{
    const struct verifier_config *c = f->config;
    const struct atls_depot *depot = f->service.depot;
    const struct atls_collateral *more = depot != NULL ? atls_depot_loaded(depot) : NULL;
    return c->num_collateral == 0 && more == NULL
               ? ATLS_OK
               : verifier_collateral_load(f->service.collateral, c->collateral, c->num_collateral,
                                          more, diag);
}

static int64_t now_of(void *arg)
{
    (void)arg;
    return verifier_wall_s();
}

/* open_depot: this process has the network, and appraisers are handed what it fetches. */
static enum atls_err open_depot(struct front *f, struct atls_diag *diag)
{
    const struct atls_collateral_spec *spec = f->config->depot;
    if (spec == NULL) {
        return ATLS_OK;
    }
    const struct atls_depot_options options = {.fetcher = spec->fetcher,
                                               .urls = spec->urls,
                                               .num_urls = spec->num_urls,
                                               .ca_pem = spec->ca_pem,
                                               .folder = spec->folder,
                                               .watches = spec->watches,
                                               .now_s = now_of};
    return atls_depot_open(&f->service.depot, &options, diag);
}

static enum atls_err start_service(struct front *f, int control_fd, struct atls_diag *diag)
{
    const struct verifier_config *c = f->config;
    struct verifier_service *s = &f->service;
    const struct verifier_store_config store = {.max_sessions = (uint32_t)c->signer.max_sessions};
    s->id = c->id;
    s->stopping = &f->stopping;
    s->takes_certificates = c->takes_certificates;
    s->gives_cwt = c->gives_cwt;
    s->signed_only = c->appraiser.num_signers != 0;
    s->log = verifier_log_new(c->json);
    if (s->log == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "service", NULL);
    }
    enum atls_err err =
        verifier_crew_new(&s->crew, control_fd, c->num_appraisers, c->appraiser.max_jobs, diag);
    if (err == ATLS_OK) { /* first: whoever has no key needs no store */
        err = verifier_service_init(s, diag);
    }
    if (err == ATLS_OK && c->revoked_file != NULL) {
        err = load_revoked(f, diag);
    }
    if (err == ATLS_OK) {
        err = open_depot(f, diag);
    }
    if (err == ATLS_OK) {
        err = load_collateral(f, diag);
    }
    if (err == ATLS_OK && c->token_file != NULL) {
        err = verifier_service_token(s, c->token_file, diag);
    }
    if (err == ATLS_OK) {
        err = verifier_store_open(&s->store, c->store, &store, diag);
    }
    return err == ATLS_OK ? load_endorsements(f, diag) : err;
}

static enum atls_err start_listener(struct front *f, struct atls_diag *diag)
{
    const struct verifier_config *c = f->config;
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    enum atls_err err = c->make_tls(c->tls_arg, &f->ssl_ctx, diag);
    const struct verifier_listener_config config = {
        .fd = c->listen_fd,
        .ssl_ctx = f->ssl_ctx,
        .per_source = c->per_source,
        .handshake_timeout_ms = HANDSHAKE_MS,
        .request_timeout_ms = REQUEST_MS,
        .max_connections = MAX_CONNECTIONS,
        .threads = cores > 0 && cores < 32 ? 2 * (unsigned)cores + 2 : 64,
        .appraisers = (unsigned)c->num_appraisers,
        .fetchers = f->service.depot != NULL && atls_depot_asks(f->service.depot) ? FETCHERS : 0,
    };
    return err == ATLS_OK ? verifier_listener_new(&f->listener, &f->service, &config, diag) : err;
}

static void announce(struct front *f)
{
    const struct verifier_config *c = f->config;
    const char *provisioning = f->service.takes_token && c->takes_certificates
                                   ? "token or client certificate"
                               : f->service.takes_token ? "token"
                               : c->takes_certificates  ? "client certificate"
                                                        : "refused";
    pthread_mutex_lock(&f->service.index_lock);
    const size_t endorsements = verifier_index_count(f->service.index);
    pthread_mutex_unlock(&f->service.index_lock);
    verifier_log_event(f->service.log, "listening", NULL,
                       json_pack("{s:s,s:s,s:s,s:s,s:s,s:I}", "address", c->address, "id", c->id,
                                 "transport", f->ssl_ctx != NULL ? "TLS" : "plain HTTP", "store",
                                 verifier_store_kind(f->service.store), "provisioning",
                                 provisioning, "endorsements", (json_int_t)endorsements));
}

/* reload reads the list of what is revoked and the collateral, which count at once, and makes the
 * TLS context anew; connections that are open keep the old. */
static void reload(struct front *f)
{
    struct atls_diag diag;
    struct ssl_ctx_st *fresh = NULL;
    const struct verifier_config *c = f->config;
    if (c->revoked_file != NULL &&
        verifier_revoked_load(f->service.revoked, c->revoked_file, &diag) != ATLS_OK) {
        verifier_log_event(f->service.log, "reload", &diag, NULL); /* all stays as it was */
        return;
    }
    if (load_collateral(f, &diag) != ATLS_OK || c->make_tls(c->tls_arg, &fresh, &diag) != ATLS_OK) {
        verifier_log_event(f->service.log, "reload", &diag, NULL);
        return;
    }
    if (fresh != NULL) {
        c->free_tls(c->tls_arg, verifier_listener_replace_tls(f->listener, fresh));
        f->ssl_ctx = fresh;
    }
    verifier_log_event(f->service.log, "reload", NULL, NULL);
}

/* on_signal gives true when the service is to stop. */
static bool on_signal(struct front *f)
{
    struct signalfd_siginfo info;
    if (read(f->signal_fd, &info, sizeof info) != (ssize_t)sizeof info) {
        return false;
    }
    if (info.ssi_signo == SIGHUP) {
        reload(f);
        return false;
    }
    return true;
}

/* may_sign is false once a list that was read again, or the time of an entry, has come for a key
 * of ours: then the service ends. */
static bool may_sign(struct front *f)
{
    struct atls_diag diag;
    struct verifier_service *s = &f->service;
    if (verifier_revoked_check_own(s->revoked, s->keys, verifier_wall_s(), &diag) == ATLS_OK) {
        return true;
    }
    verifier_log_event(s->log, "revoked", &diag, NULL);
    f->status = atls_err_exit(diag.err);
    return false;
}

static void loop(struct front *f)
{
    while (may_sign(f)) {
        struct pollfd wait = {.fd = f->signal_fd, .events = POLLIN};
        if (poll(&wait, 1, 1000) > 0 && on_signal(f)) {
            return;
        }
        verifier_service_housekeep(&f->service);
    }
}

static void cleanup(struct front *f)
{
    verifier_store_close(f->service.store);
    verifier_crew_free(f->service.crew);
    atls_depot_close(f->service.depot);
    f->config->free_tls(f->config->tls_arg, f->ssl_ctx);
    verifier_service_cleanup(&f->service);
    verifier_log_free(f->service.log);
    if (f->signal_fd >= 0) {
        close(f->signal_fd);
    }
}

int verifier_front_run(int control_fd, const struct verifier_config *config)
{
    struct front *f = calloc(1, sizeof *f);
    struct atls_diag diag;
    int status = 0;
    if (f == NULL) {
        return 1;
    }
    keep_memory();
    f->config = config;
    f->signal_fd = -1;
    enum atls_err err = block_signals(f, &diag);
    if (err == ATLS_OK) {
        err = start_service(f, control_fd, &diag);
    }
    if (err == ATLS_OK) {
        err = start_listener(f, &diag);
    }
    if (err == ATLS_OK) {
        announce(f);
        verifier_crew_ready(f->service.crew);
        loop(f);
        f->stopping = true;
        verifier_log_event(f->service.log, "stopping", NULL, NULL);
        const bool closed = verifier_listener_stop(f->listener, verifier_now_ms() + DRAIN_MS);
        verifier_log_event(f->service.log, "stopped", NULL, NULL);
        status = f->status;
        if (!closed) { /* a thread still uses all that is let go below */
            _exit(status);
        }
    } else {
        status = config->refuse(config->tls_arg, &diag);
    }
    cleanup(f);
    free(f);
    return status;
}
