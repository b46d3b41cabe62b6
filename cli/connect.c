/* SPDX-License-Identifier: Apache-2.0 */
/* atls connect HOST:PORT: standard input and output over attested TLS. */
#include "cli.h"

#include "base/diag.h"
#include "base/span.h"
#include "datagrams.h"
#include "dtls.h"
#include "json/base64.h"
#include "net.h"
#include "options.h"
#include "sessions.h"
#include "setup.h"
#include "stream.h"
#include "tls.h"
#include "udp.h"
#include "verdict.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char verb[] = "connect";

static bool is_address(const char *host)
{
    unsigned char octets[16];
    return inet_pton(AF_INET, host, octets) == 1 || inet_pton(AF_INET6, host, octets) == 1;
}

/* SSL_set_tlsext_host_name casts const away in its macro; what it does with a copy is the same. */
static bool send_name(SSL *ssl, const char *name)
{
    char copy[TLSEXT_MAXLEN_host_name + 1];
    return (size_t)snprintf(copy, sizeof copy, "%s", name) < sizeof copy &&
           SSL_set_tlsext_host_name(ssl, copy) == 1;
}

static enum atls_err refuse_name(const char *name, struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", "--name", name,
                           "a DNS name or an IP address");
}

/* check_name: OpenSSL takes a name with a dot in front for any below it, and none for any at all.
 */
static enum atls_err check_name(const char *name, struct atls_diag *diag)
{
    return name[0] != '\0' && name[0] != '.' ? ATLS_OK : refuse_name(name, diag);
}

static enum atls_err expect_name(SSL *ssl, const char *name, struct atls_diag *diag)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    const bool address = is_address(name);
    const int ok = address ? X509_VERIFY_PARAM_set1_ip_asc(param, name)
                           : X509_VERIFY_PARAM_set1_host(param, name, 0);
    /* What the subject says is no name of a server (RFC 9525, 6.2). */
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return ok == 1 && (address || send_name(ssl, name)) ? ATLS_OK : refuse_name(name, diag);
}

/* dial gives a socket to the host; of UDP to its address number `at`. */
static enum atls_err dial(int *out_fd, const struct cli_endpoint *to, const struct cli_setup *setup,
                          const struct cli_options *o, size_t at, struct atls_diag *diag)
{
    return o->dtls ? cli_udp_dial(out_fd, to, at, diag)
                   : cli_dial(out_fd, to, setup->handshake_timeout_ms, diag);
}

static enum atls_err open_connection(SSL **out, struct cli_sessions *sessions,
                                     const struct cli_setup *setup, const struct cli_options *o,
                                     size_t at, struct atls_diag *diag)
{
    struct cli_endpoint endpoint;
    int fd = -1;
    enum atls_err err = cli_endpoint_parse(&endpoint, o->operands.items[0], "HOST:PORT", diag);
    const char *name = o->name != NULL ? o->name : endpoint.host;
    if (err == ATLS_OK && setup->pkix) {
        err = check_name(name, diag);
    }
    if (err == ATLS_OK) {
        err = dial(&fd, &endpoint, setup, o, at, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    SSL *ssl = SSL_new(setup->ssl_ctx);
    if (ssl == NULL || !(o->dtls ? cli_dtls_attach(ssl, fd) : SSL_set_fd(ssl, fd) == 1)) {
        SSL_free(ssl);
        close(fd);
        return atls_fail(diag, ATLS_ERR_MEMORY, "OpenSSL", "SSL");
    }
    SSL_set_connect_state(ssl);
    if (setup->pkix) {
        err = expect_name(ssl, name, diag);
    } else if (!is_address(name)) {
        (void)send_name(ssl, name); /* for virtual hosts; nothing is checked */
    }
    if (err == ATLS_OK && o->resume) {
        cli_sessions_open(sessions, verb, endpoint.host, endpoint.port, name);
        cli_sessions_offer(sessions, ssl);
    }
    *out = ssl;
    return err;
}

static void close_connection(SSL *ssl)
{
    if (ssl != NULL) {
        const int fd = SSL_get_fd(ssl);
        const bool stream = SSL_is_dtls(ssl) == 0;
        SSL_free(ssl);
        if (stream) {
            cli_let_read(fd);
        }
        close(fd);
    }
}

/* shake_hands opens a connection. A host has several addresses, and with UDP it shows by the
 * handshake only which of them has a server: nobody answers, and ICMP says so. */
static enum atls_err shake_hands(SSL **out, struct cli_sessions *sessions,
                                 const struct cli_setup *setup, const struct cli_options *o,
                                 struct atls_diag *diag)
{
    enum atls_err err = open_connection(out, sessions, setup, o, 0, diag);
    if (err == ATLS_OK) {
        err = cli_handshake(*out, setup->handshake_timeout_ms, diag);
    }
    for (size_t at = 1; o->dtls && err == ATLS_ERR_CONNECTION; at++) {
        struct atls_diag why;
        SSL *next = NULL;
        if (open_connection(&next, sessions, setup, o, at, &why) != ATLS_OK) {
            break; /* there is no other */
        }
        close_connection(*out);
        *out = next;
        err = cli_handshake(next, setup->handshake_timeout_ms, diag);
    }
    return err;
}

/* With --json, received data are events as well, so that every line of stdout is an object. */
static bool data_event(void *arg, const unsigned char *data, size_t len)
{
    (void)arg;
    json_t *result = json_object();
    json_t *text = json_stringn((const char *)data, len); /* NULL when it is no UTF-8 */
    if (text != NULL) {
        json_object_set_new(result, "text", text);
    } else {
        char *encoded = atls_base64_new(atls_bytes_of(data, len));
        json_object_set_new(result, "base64", json_string(encoded != NULL ? encoded : ""));
        free(encoded);
    }
    cli_event(verb, "data", NULL, result);
    return true;
}

static void round_event(void *arg, SSL *ssl)
{
    const struct cli_options *o = arg;
    if (o->json) {
        cli_event(verb, "round", NULL, cli_verdict_result(ssl));
    }
}

/* hand_out writes a datagram to standard output, or as an event. */
static enum cli_handed hand_out(void *arg, SSL *ssl, const unsigned char *data, size_t len,
                                size_t *done)
{
    const struct cli_options *o = arg;
    (void)ssl;
    if (o->json) {
        (void)data_event(NULL, data, len);
        return CLI_HANDED;
    }
    if (!cli_write_ready(STDOUT_FILENO, data, len, done)) {
        return CLI_HANDED_NEVER;
    }
    return *done == len ? CLI_HANDED : CLI_HANDED_LATER;
}

/* relay runs the application's part between standard input and output. */
static enum atls_err relay(SSL *ssl, const struct cli_options *o, struct cli_counts *counts,
                           struct atls_diag *diag)
{
    void *arg = (void *)(uintptr_t)o;
    const struct cli_far_side stream = {.in_fd = STDIN_FILENO,
                                        .out_fd = o->json ? -1 : STDOUT_FILENO,
                                        .sink = data_event,
                                        .peer_ended = NULL};
    const struct cli_far_datagrams lines = {.unit = CLI_UNIT_LINE,
                                            .in_fd = STDIN_FILENO,
                                            .out_fd = STDOUT_FILENO,
                                            .hand = hand_out,
                                            .arg = arg};
    struct cli_rounds rounds = {.accepted = round_event, .arg = arg};
    SSL_set_app_data(ssl, &rounds);
    return o->dtls ? cli_datagrams_relay(ssl, &lines, counts, diag)
                   : cli_relay(ssl, &stream, counts, diag);
}

static json_t *counts_json(const struct cli_counts *counts)
{
    return json_pack("{s:I,s:I}", "bytes_sent", (json_int_t)counts->sent, "bytes_received",
                     (json_int_t)counts->received);
}

static int run(const struct cli_options *o, const struct cli_setup *setup, struct atls_diag *diag)
{
    struct cli_counts counts = {0, 0};
    struct cli_sessions sessions = {.path = ""};
    SSL *ssl = NULL;
    enum atls_err err = shake_hands(&ssl, &sessions, setup, o, diag);
    if (err != ATLS_OK) {
        json_t *result = ssl != NULL ? cli_verdict_result(ssl) : NULL;
        close_connection(ssl);
        return cli_finish(verb, o->json, diag, result);
    }
    if (o->json) {
        cli_event(verb, "connected", NULL, cli_verdict_result(ssl));
    } else {
        cli_note_verdict(verb, ssl);
    }
    err = relay(ssl, o, &counts, diag);
    close_connection(ssl);
    if (!o->json) {
        return cli_finish(verb, false, err == ATLS_OK ? NULL : diag, NULL);
    }
    if (err != ATLS_OK) {
        cli_note_error(verb, diag);
    }
    cli_event(verb, "closed", err == ATLS_OK ? NULL : diag, counts_json(&counts));
    return err == ATLS_OK ? 0 : atls_err_exit(err);
}

int cli_connect(int argc, char **argv)
{
    struct atls_diag diag;
    struct cli_options o;
    struct cli_setup setup = {.context = NULL};
    enum atls_err err = cli_options_parse(&o, CLI_CONNECT, argc, argv, &diag);
    int status = 0;
    if (err == ATLS_OK && o.help) {
        cli_usage(CLI_CONNECT, "connect HOST:PORT [OPTIONS]",
                  "Standard input and output over attested TLS 1.3, or DTLS 1.2.");
        cli_options_cleanup(&o);
        return 0;
    }
    if (err == ATLS_OK && o.operands.count != 1) {
        err = atls_fail_texts(&diag, ATLS_ERR_CONFIG, "command line", "HOST:PORT",
                              o.operands.count == 0 ? "nothing" : "more than one", "one");
    }
    if (err == ATLS_OK) {
        err = cli_setup(&setup, &o, false, verb, &diag);
    }
    status = err == ATLS_OK ? run(&o, &setup, &diag) : cli_finish(verb, o.json, &diag, NULL);
    cli_setup_cleanup(&setup);
    cli_options_cleanup(&o);
    return status;
}
