/* SPDX-License-Identifier: Apache-2.0 */
/* atls verifier: from the options to the service of svc/verifier. */
#include "cli.h"

#include "atls/limits.h"
#include "base/diag.h"
#include "base/span.h"
#include "codec/cmw.h"
#include "collateral.h"
#include "json/file.h"
#include "net.h"
#include "options.h"
#include "setup.h"
#include "svc/verifier/verifier.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char verb[] = "verifier";

enum {
    JOBS_PER_APPRAISER = 10000,
    RESULT_TTL_S = 300, /* what a Relying Party takes by default (max_result_age_s) */
    MAX_SESSIONS = 1000000,
    APPRAISER_MEMORY = 1 << 30
};

/* One context of TLS and what it rests on; SIGHUP makes another. */
struct tls {
    struct cli_setup setup;
    struct tls *next;
};

struct service {
    const struct cli_options *options;
    struct verifier_config config;
    struct tls *contexts;
    uint8_t *signer_files[CLI_MAX_LIST]; /* of --endorsement-key */
    struct atls_bytes signers[CLI_MAX_LIST];
    const char *depot_urls[CLI_MAX_LIST];
    struct atls_collateral_spec depot;
    struct cli_options tls_options; /* without what TLS has no use for */
    char address[300];
    char id[320];
};

static enum atls_err fail_config(struct atls_diag *diag, const char *claim, const char *found,
                                 const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", claim, found, expected);
}

static bool has_tls(const struct cli_options *o)
{
    return o->identity != NULL || o->cert != NULL || o->key != NULL;
}

static enum atls_err check_options(const struct cli_options *o, struct atls_diag *diag)
{
    if (o->signing_keys.count == 0 || o->signing_keys.count > VERIFIER_MAX_SIGNING_KEYS) {
        return fail_config(diag, "--signing-key", o->signing_keys.count == 0 ? "none" : "too many",
                           "1 to 8 files: the first signs, all are published");
    }
    if (has_tls(o) && o->force_plain) {
        return fail_config(diag, "--plain-http", "a certificate beside it", "one of the two");
    }
    if (!has_tls(o) && o->ca != NULL) {
        return fail_config(diag, "--ca", "no --cert or --identity",
                           "TLS, where clients have certificates");
    }
    if (o->ear_profile != NULL && strcmp(o->ear_profile, "veraison") != 0 &&
        strcmp(o->ear_profile, "ietf") != 0) {
        return fail_config(diag, "--ear-profile", o->ear_profile, "veraison or ietf");
    }
    if (o->ear_form != NULL && strcmp(o->ear_form, "jwt") != 0 && strcmp(o->ear_form, "cwt") != 0) {
        return fail_config(diag, "--ear-form", o->ear_form, "jwt or cwt");
    }
    if (o->id != NULL && (!atls_collection_type_is_valid(atls_bytes_text(o->id)) ||
                          strchr(o->id, ':') == NULL || strlen(o->id) > 255)) {
        return fail_config(diag, "--id", o->id, "an absolute URI");
    }
    return o->operands.count == 0 ? ATLS_OK
                                  : fail_config(diag, "operands", o->operands.items[0], "none");
}

/* is_loopback: 127.0.0.0/8 or ::1, as numbers. A name could lead elsewhere tomorrow. */
static bool is_loopback(const char *host)
{
    struct in_addr four;
    struct in6_addr six;
    return (inet_pton(AF_INET, host, &four) == 1 && ntohl(four.s_addr) >> 24 == 127) ||
           (inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six));
}

static enum atls_err listen_on(struct service *s, struct atls_diag *diag)
{
    const struct cli_options *o = s->options;
    struct cli_endpoint at;
    enum atls_err err =
        cli_endpoint_parse(&at, o->listen != NULL ? o->listen : "127.0.0.1:8443", "--listen", diag);
    if (err == ATLS_OK && !has_tls(o) && !o->force_plain && !is_loopback(at.host)) {
        err = fail_config(diag, "--listen", "plain HTTP on an address that others reach",
                          "--cert and --key, --identity, or --plain-http");
    }
    if (err == ATLS_OK) {
        err = cli_listen(&s->config.listen_fd, s->address, sizeof s->address, &at, diag);
    }
    if (err == ATLS_OK) {
        (void)snprintf(s->id, sizeof s->id, "%s://%s", has_tls(o) ? "https" : "http", s->address);
        s->config.id = o->id != NULL ? o->id : s->id;
    }
    return err;
}

static enum atls_err read_signers(struct service *s, struct atls_diag *diag)
{
    const struct cli_list *files = &s->options->endorsement_keys;
    enum atls_err err = ATLS_OK;
    for (size_t i = 0; err == ATLS_OK && i < files->count; i++) {
        size_t len = 0;
        err = atls_file_read(&s->signer_files[i], &len, files->items[i], ATLS_MAX_FILE_LEN, diag);
        s->signers[i] = atls_bytes_of(s->signer_files[i], len);
    }
    return err;
}

static enum atls_err make_tls(void *arg, struct ssl_ctx_st **out, struct atls_diag *diag)
{
    struct service *s = arg;
    *out = NULL;
    if (!has_tls(s->options)) {
        return ATLS_OK;
    }
    struct tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "TLS", NULL);
    }
    s->tls_options = *s->options;
    s->tls_options.endorsements.count = 0; /* these are for Evidence of others */
    s->tls_options.endorsement_keys.count = 0;
    s->tls_options.collateral.count = 0;
    if (s->options->ca == NULL) {
        s->tls_options.revoked = NULL; /* it is for Evidence alone: clients have no certificates */
    }
    const enum atls_err err = cli_setup(&tls->setup, &s->tls_options, true, verb, diag);
    if (err != ATLS_OK) {
        free(tls);
        return err;
    }
    /* A certificate is asked for where --ca is given, and only provisioning needs one. */
    if (s->options->ca != NULL) {
        SSL_CTX_set_verify(tls->setup.ssl_ctx, SSL_VERIFY_PEER, NULL);
    }
    tls->next = s->contexts;
    s->contexts = tls;
    *out = tls->setup.ssl_ctx;
    return ATLS_OK;
}

static void free_tls(void *arg, struct ssl_ctx_st *ssl_ctx)
{
    struct service *s = arg;
    for (struct tls **at = &s->contexts; *at != NULL; at = &(*at)->next) {
        struct tls *tls = *at;
        if (tls->setup.ssl_ctx == ssl_ctx) {
            *at = tls->next;
            cli_setup_cleanup(&tls->setup);
            free(tls);
            return;
        }
    }
}

static int refuse(void *arg, const struct atls_diag *diag)
{
    const struct service *s = arg;
    return cli_finish(verb, s->options->json, diag, NULL);
}

static enum atls_err configure(struct service *s, struct atls_diag *diag)
{
    const struct cli_options *o = s->options;
    struct verifier_config *c = &s->config;
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t appraisers = cores < 1 ? 1 : cores > 64 ? 64 : (uint64_t)cores;
    enum atls_err err = check_options(o, diag);
    if (err == ATLS_OK && o->appraisers != NULL) {
        err = cli_number(&appraisers, "--appraisers", o->appraisers, 1, 64, diag);
    }
    if (err == ATLS_OK) {
        err = read_signers(s, diag);
    }
    if (err == ATLS_OK && o->collateral.count != 0) {
        err = cli_collateral_spec(&s->depot, s->depot_urls, o, diag);
        s->depot.watches = true;
        c->depot = &s->depot;
    }
    if (err == ATLS_OK) {
        err = listen_on(s, diag);
    }
    c->json = o->json;
    c->store = o->store != NULL ? o->store : "sqlite:atls-verifier.db";
    c->address = s->address;
    c->token_file = o->token;
    c->revoked_file = o->revoked;
    c->collateral = o->endorsements.items;
    c->num_collateral = o->endorsements.count;
    c->gives_cwt = o->ear_form != NULL && strcmp(o->ear_form, "cwt") == 0;
    c->per_source = o->per_source;
    c->takes_certificates = o->ca != NULL;
    c->num_appraisers = (size_t)appraisers;
    for (size_t i = 0; i < o->signing_keys.count && i < VERIFIER_MAX_SIGNING_KEYS; i++) {
        c->signer.key_files[i] = o->signing_keys.items[i];
    }
    c->signer.num_keys = o->signing_keys.count;
    c->signer.issuer = c->id;
    c->signer.ietf = o->ear_profile != NULL && strcmp(o->ear_profile, "ietf") == 0;
    c->signer.result_ttl_s = RESULT_TTL_S;
    c->signer.max_sessions = MAX_SESSIONS;
    c->appraiser.signers = s->signers;
    c->appraiser.num_signers = o->endorsement_keys.count;
    c->appraiser.max_jobs = JOBS_PER_APPRAISER;
    c->appraiser.max_memory = APPRAISER_MEMORY;
    c->make_tls = make_tls;
    c->free_tls = free_tls;
    c->tls_arg = s;
    c->refuse = refuse;
    return err;
}

static int run(const struct cli_options *o)
{
    struct service *s = calloc(1, sizeof *s);
    struct atls_diag diag;
    if (s == NULL) {
        return 1;
    }
    s->options = o;
    s->config.listen_fd = -1;
    const int status = configure(s, &diag) == ATLS_OK ? verifier_run(&s->config)
                                                      : cli_finish(verb, o->json, &diag, NULL);
    if (s->config.listen_fd >= 0) {
        close(s->config.listen_fd);
    }
    for (size_t i = 0; i < CLI_MAX_LIST; i++) {
        atls_file_free(s->signer_files[i], s->signers[i].len);
    }
    free(s);
    return status;
}

int cli_verifier(int argc, char **argv)
{
    struct atls_diag diag;
    struct cli_options o;
    int status = 0;
    enum atls_err err = cli_options_parse(&o, CLI_VERIFIER, argc, argv, &diag);
    if (err == ATLS_OK && o.help) {
        cli_usage(CLI_VERIFIER, "verifier --signing-key FILE [OPTIONS]",
                  "Appraise Evidence for others, over HTTP (Veraison's API), and sign Results.");
    } else {
        status = err == ATLS_OK ? run(&o) : cli_finish(verb, o.json, &diag, NULL);
    }
    cli_options_cleanup(&o);
    return status;
}
