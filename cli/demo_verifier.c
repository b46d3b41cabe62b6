/* SPDX-License-Identifier: Apache-2.0 */
/*
 * atls demo --verifier: the same machines, with a third process that appraises: atls verifier. It
 * is asked by whoever is attested to (background check), or by the machine itself, which then
 * brings the Result (passport).
 */
#include "atls/limits.h"
#include "attesters.h"
#include "base/diag.h"
#include "base/span.h"
#include "cli.h"
#include "demo_step.h"
#include "demo_thief.h"
#include "json/base64.h"
#include "json/file.h"
#include "net.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define IDENTITY    "https://verifier.demo.example"
#define SERVER_PKIX "--identity", "server", "--cert", "server/pkix.pem", "--key", "server/key.pem"
#define CLIENT_PKIX "--identity", "client", "--cert", "client/pkix.pem", "--key", "client/key.pem"
#define HERE        "--require", "@format", "--endorsements", "server/endorsement.corim"
#define REMOTELY    "--require", "@format", "--verifier", "@verifier", "--verifier-ca", "ca.pem"
#define BY_PASSPORT "--require", "result", "--trust-verifier", "@trust"

static const char step[] = "demo";

/* The first is what the others are to be compared with. */
static const struct demo_connection checks[] = {
    {"the client appraises the server by itself", {SERVER_PKIX}, {HERE, "--ca", "ca.pem"}, ATLS_OK},
    {"the client has the server appraised", {SERVER_PKIX}, {REMOTELY, "--ca", "ca.pem"}, ATLS_OK},
    {"the server has the client appraised",
     {SERVER_PKIX, REMOTELY, "--ca", "ca.pem"},
     {CLIENT_PKIX, "--ca", "ca.pem"},
     ATLS_OK},
    {"each has the other appraised",
     {SERVER_PKIX, REMOTELY, "--ca", "ca.pem"},
     {CLIENT_PKIX, REMOTELY, "--ca", "ca.pem"},
     ATLS_OK},
};
static const struct demo_connection passport = {
    "the server brings its passport: nobody is asked",
    {SERVER_PKIX, "--attest", "none", "--passport", "server/passport.jwt"},
    {BY_PASSPORT, "--ca", "ca.pem"},
    ATLS_OK};
static const struct demo_connection stolen = {"refused: the passport of another key",
                                              {NULL},
                                              {BY_PASSPORT, "--no-pkix"},
                                              ATLS_ERR_KEY_BINDING};
static const struct demo_connection replayed = {
    "refused: Evidence replayed, before anybody is asked",
    {"--identity", "attacker"},
    {REMOTELY, "--no-pkix"},
    ATLS_ERR_FRESHNESS};
static const struct demo_connection tampered = {"refused: a server whose firmware has changed",
                                                {SERVER_PKIX},
                                                {REMOTELY, "--ca", "ca.pem"},
                                                ATLS_ERR_STATUS};
static const struct demo_connection down = {"refused: the Verifier is down",
                                            {SERVER_PKIX},
                                            {REMOTELY, "--ca", "ca.pem"},
                                            ATLS_ERR_VERIFIER_UNREACHABLE};

static enum atls_err start_verifier(struct demo *demo, struct atls_diag *diag)
{
    static const char *const words[] = {
        "verifier", "--json",           "--listen",      "127.0.0.1:0",
        "--id",     IDENTITY,           "--cert",        "verifier/pkix.pem",
        "--key",    "verifier/key.pem", "--signing-key", "verifier/signing.pem",
        "--token",  "verifier/token",   "--store",       "sqlite:verifier/store.db",
        NULL};
    struct demo_verifier *v = &demo->verifier;
    char address[128];
    uint8_t chance[16];
    char token[2 * sizeof chance + 1];
    if (RAND_bytes(chance, sizeof chance) != 1 ||
        !atls_hex_encode(atls_bytes_of(chance, sizeof chance), token, sizeof token)) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "random octets");
    }
    enum atls_err err =
        atls_file_write("verifier/token", atls_bytes_text(token), ATLS_FILE_SECRET, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (!demo_start(demo, &v->process, words, NULL, NULL, "verifier.log") ||
        !demo_wait_address(&v->process, address, sizeof address)) {
        return atls_fail_texts(diag, ATLS_ERR_VERIFIER_UNREACHABLE, step, "atls verifier",
                               "it did not start", "the event listening (verifier.log says more)");
    }
    snprintf(v->url, sizeof v->url, "https://%s", address);
    snprintf(v->trust, sizeof v->trust, "%s=verifier/signing.pub", IDENTITY);
    return ATLS_OK;
}

static enum atls_err stop_verifier(struct demo *demo, struct atls_diag *diag)
{
    struct demo_child *process = &demo->verifier.process;
    if (process->pid <= 0) {
        return ATLS_OK;
    }
    kill(process->pid, SIGTERM);
    return demo_wait(process, cli_now_ms() + DEMO_STEP_MS) == 0
               ? ATLS_OK
               : atls_fail_texts(diag, ATLS_ERR_VERIFIER_ANSWER, step, "atls verifier",
                                 "it did not end well", "exit status 0 after SIGTERM");
}

/* open_tls gives a connection to the Verifier, whose every wait is bounded. */
static SSL *open_tls(const char *url, SSL_CTX *ctx, int *fd, struct atls_diag *diag)
{
    const struct timeval bound = {.tv_sec = 10};
    struct cli_endpoint endpoint;
    if (cli_endpoint_parse(&endpoint, url + strlen("https://"), step, diag) != ATLS_OK ||
        cli_dial(fd, &endpoint, 10000, diag) != ATLS_OK) {
        return NULL;
    }
    (void)fcntl(*fd, F_SETFL, 0);
    (void)setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
    (void)setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof bound);
    SSL *ssl = SSL_new(ctx);
    if (ssl == NULL || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), endpoint.host) != 1 ||
        SSL_set_fd(ssl, *fd) != 1 || SSL_connect(ssl) != 1) {
        SSL_free(ssl);
        atls_fail_texts(diag, ATLS_ERR_VERIFIER_IDENTITY, step, "TLS", "no connection",
                        "one with the Verifier of ca.pem");
        return NULL;
    }
    return ssl;
}

/* post sends one CoRIM as docs/verifier.md says; true when it was taken. */
static bool post(SSL *ssl, struct atls_bytes token, struct atls_bytes corim)
{
    char head[512], answer[4096];
    size_t got = 0;
    const int len = snprintf(head, sizeof head,
                             "POST /endorsement-provisioning/v1/submit HTTP/1.1\r\n"
                             "Host: verifier\r\nConnection: close\r\n"
                             "Authorization: Bearer %.*s\r\n"
                             "Content-Type: application/rim+cbor\r\nContent-Length: %zu\r\n\r\n",
                             (int)token.len, (const char *)token.data, corim.len);
    if (len <= 0 || (size_t)len >= sizeof head || SSL_write(ssl, head, len) != len ||
        SSL_write(ssl, corim.data, (int)corim.len) != (int)corim.len) {
        return false;
    }
    for (int n = 1; n > 0 && got<sizeof answer - 1; got += n> 0 ? (size_t)n : 0) {
        n = SSL_read(ssl, answer + got, (int)(sizeof answer - 1 - got));
    }
    answer[got] = '\0';
    return strncmp(answer, "HTTP/1.1 200 ", 13) == 0 &&
           strstr(answer, "\"status\":\"success\"") != NULL;
}

static enum atls_err submit(const struct demo *demo, SSL_CTX *ctx, const char *path,
                            struct atls_diag *diag)
{
    uint8_t *token = NULL, *corim = NULL;
    size_t token_len = 0, corim_len = 0;
    int fd = -1;
    enum atls_err err =
        atls_file_read(&token, &token_len, "verifier/token", ATLS_MAX_FILE_LEN, diag);
    if (err == ATLS_OK) {
        err = atls_file_read(&corim, &corim_len, path, ATLS_MAX_FILE_LEN, diag);
    }
    if (err == ATLS_OK) {
        SSL *ssl = open_tls(demo->verifier.url, ctx, &fd, diag);
        if (ssl == NULL) {
            err = diag->err;
        } else if (!post(ssl, atls_bytes_of(token, token_len), atls_bytes_of(corim, corim_len))) {
            err = atls_fail_texts(diag, ATLS_ERR_VERIFIER_ANSWER, step, path, "not taken",
                                  "status success (verifier.log says more)");
        }
        SSL_free(ssl);
    }
    if (fd >= 0) {
        close(fd);
    }
    atls_file_free(token, token_len);
    atls_file_free(corim, corim_len);
    return err;
}

static enum atls_err provision(struct demo *demo, struct atls_diag *diag)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (ctx == NULL || SSL_CTX_load_verify_locations(ctx, "ca.pem", NULL) != 1) {
        SSL_CTX_free(ctx);
        return atls_fail(diag, ATLS_ERR_FILE, step, "ca.pem");
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    enum atls_err err = submit(demo, ctx, "server/endorsement.corim", diag);
    if (err == ATLS_OK) {
        err = submit(demo, ctx, "client/endorsement.corim", diag);
    }
    SSL_CTX_free(ctx);
    return err;
}

static enum atls_err obtain(struct demo *demo, struct atls_diag *diag)
{
    static const char *const head[] = {"passport", "--json", NULL};
    static const char *const words[] = {
        "--identity", "server",           "--verifier", "@verifier", "--verifier-ca",
        "ca.pem",     "--trust-verifier", "@trust",     "-o",        "server/passport.jwt",
        NULL};
    struct demo_child child = {.out_fd = -1};
    char sentence[400] = "no answer";
    json_t *event = NULL;
    if (demo_start(demo, &child, head, words, NULL, "client.log")) {
        event = demo_next_event(&child, cli_now_ms() + DEMO_STEP_MS);
    }
    const char *said =
        json_string_value(json_object_get(json_object_get(event, "error"), "sentence"));
    if (said != NULL) {
        snprintf(sentence, sizeof sentence, "%s", said);
    }
    json_decref(event);
    return demo_wait(&child, cli_now_ms() + DEMO_STEP_MS) == 0
               ? ATLS_OK
               : atls_fail_texts(diag, ATLS_ERR_PASSPORT, step, "atls passport", sentence,
                                 "a passport");
}

/* steal_passport: the attacker has the file, and not the key that it speaks for. */
static void steal_passport(struct demo *demo)
{
    const struct cli_endpoint any = {.host = "127.0.0.1", .port = "0"};
    struct demo_presenter presenter = {-1, IDENTITY, "server/passport.jwt"};
    struct atls_diag diag;
    char address[128];
    if (cli_listen(&presenter.listen_fd, address, sizeof address, &any, &diag) != ATLS_OK) {
        demo_report(demo, stolen.name, false, atls_err_name(stolen.expected), "no socket", 0, NULL);
        return;
    }
    demo_connect_to(demo, &stolen, address, demo_present, &presenter);
    close(presenter.listen_fd);
}

void demo_verifier_steps(struct demo *demo)
{
    struct atls_diag diag;
    if (!demo_prepare(demo, "start a Verifier, behind TLS", start_verifier) ||
        !demo_prepare(demo, "provision it with both endorsements", provision)) {
        (void)stop_verifier(demo, &diag);
        return;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(checks); i++) {
        demo_connect(demo, &checks[i]);
    }
    if (demo_prepare(demo, "the server obtains a passport", obtain)) {
        demo_connect(demo, &passport);
        steal_passport(demo);
    }
    if (cli_attester("sim-replay-psa") != NULL) {
        demo_replay(demo, &replayed);
    }
    if ((demo->own_tpms || demo->simulated) &&
        demo_prepare(demo, "change what the server runs", demo_tamper)) {
        demo_connect(demo, &tampered);
    }
    if (demo_prepare(demo, "stop the Verifier", stop_verifier)) {
        demo_connect(demo, &down);
    }
}
