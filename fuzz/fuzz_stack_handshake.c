/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole handshakes in memory: plain OpenSSL, with extension bodies of the input, against a side
 * that attests and requires. Nobody endorses what the input can make, so whatever it holds the gate
 * stays shut, no octet of application data passes, and the error queue is left empty.
 *
 *   octet 0    bit 0: our side is the client; bit 1: with HelloRetryRequest
 *   then, for each body that the peer is asked for: kind (0 none, 1 of the input, else a good one);
 *   kind 1 goes on with u16 and so many octets
 */
#include "fuzz_check.h"

#include "atls/openssl.h"
#include "base/span.h"
#include "codec/cose.h"
#include "crypto/cert.h"
#include "endorsement/corim_create.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static SSL_CTX *ours_as_client, *ours_as_server, *peer_client, *peer_server;
static struct atls_bytes input;

/* ---- our side ---- */

static const uint8_t cmw[] = {0x82, 0x19, 0x27, 0x13, 0x41, 0x00}; /* [10003, h'00'] */

static enum atls_err toy_open(struct atls_attester **out, struct atls_bytes config,
                              struct atls_diag *diag)
{
    (void)config, (void)diag;
    *out = NULL;
    return ATLS_OK;
}

static void toy_close(struct atls_attester *attester)
{
    (void)attester;
}

static size_t toy_max_nonce(const struct atls_attester *attester)
{
    (void)attester;
    return 64;
}

static enum atls_err toy_attest(struct atls_attester *attester, struct atls_buf out,
                                size_t *out_len, const struct atls_attest_request *request,
                                struct atls_diag *diag)
{
    (void)attester, (void)diag;
    fuzz_require(request->nonce.len == 32 && out.cap >= sizeof cmw);
    memcpy(out.data, cmw, sizeof cmw);
    *out_len = sizeof cmw;
    return ATLS_OK;
}

static enum atls_err toy_load_key(struct atls_attester *attester, struct evp_pkey_st **out,
                                  struct atls_bytes pem, struct atls_diag *diag)
{
    (void)attester, (void)out, (void)pem, (void)diag;
    return ATLS_ERR_KEY;
}

static enum atls_err toy_provision(struct atls_provision *out,
                                   const struct atls_provision_request *request,
                                   struct atls_diag *diag)
{
    (void)out, (void)request, (void)diag;
    return ATLS_ERR_ATTESTER;
}

static const struct atls_attester_ops toy = {
    .abi = ATLS_ATTESTER_ABI,
    .size = sizeof toy,
    .name = "toy",
    .format = "psa",
    .computes = true,
    .open = toy_open,
    .close = toy_close,
    .max_nonce = toy_max_nonce,
    .attest = toy_attest,
    .load_key = toy_load_key,
    .provision = toy_provision,
};

/* load_endorsement endorses a key that is thrown away. */
static void load_endorsement(struct atls_context *context)
{
    static const char template[] =
        "{\"tag-identity\":{\"id\":\"fuzz\",\"version\":0},\"triples\":{"
        "\"attester-verification-keys\":[{\"environment\":{\"class\":{\"id\":{\"type\":\"bytes\","
        "\"value\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}},\"instance\":{\"type\":"
        "\"ueid\",\"value\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}},"
        "\"verification-keys\":[{\"type\":\"pkix-base64-key\",\"value\":\"%s\"}]}]}}";
    char json[2048], line[1024], path[] = "/tmp/atls-fuzz-XXXXXX";
    struct atls_key *key = NULL;
    char *pem = NULL;
    uint8_t *corim = NULL;
    size_t at = 0, len = 0;
    fuzz_require(atls_key_generate(&key, ATLS_CRV_P256, NULL) == ATLS_OK &&
                 atls_key_to_public_pem(&pem, key, NULL) == ATLS_OK);
    for (const char *c = pem; *c != '\0'; c++) { /* line ends as JSON has them */
        at += (size_t)snprintf(&line[at], sizeof line - at, *c == '\n' ? "\\n" : "%c", *c);
    }
    snprintf(json, sizeof json, template, line);
    const struct atls_bytes text = atls_bytes_text(json);
    fuzz_require(atls_corim_create(&corim, &len, &text, 1, "tag:arm.com,2025:psa#1.0.0", true,
                                   NULL) == ATLS_OK);
    const int fd = mkstemp(path);
    fuzz_require(fd >= 0 && write(fd, corim, len) == (ssize_t)len);
    close(fd);
    fuzz_require(atls_context_load_endorsements(context, path, NULL) == ATLS_OK);
    unlink(path);
    free(corim);
    atls_pem_free(pem);
    atls_key_free(key);
}

static void enable(SSL_CTX *ctx)
{
    struct atls_context *context = NULL;
    fuzz_require(atls_context_new(&context, NULL) == ATLS_OK &&
                 atls_context_add_attester(context, &toy, atls_bytes_text("{}"), NULL) == ATLS_OK &&
                 atls_context_require(context, "psa", NULL) == ATLS_OK &&
                 atls_context_allow_simulated(context, NULL) == ATLS_OK &&
                 atls_context_set_no_pkix(context, NULL) == ATLS_OK);
    load_endorsement(context);
    fuzz_require(atls_openssl_enable(ctx, context, NULL) == ATLS_OK);
    atls_context_unref(context);
}

/* ---- the peer ---- */

static uint8_t take_octet(uint8_t otherwise)
{
    if (input.len == 0) {
        return otherwise;
    }
    const uint8_t octet = input.data[0];
    input = atls_bytes_of(&input.data[1], input.len - 1);
    return octet;
}

static struct atls_bytes take_octets(void)
{
    size_t len = (size_t)take_octet(0) << 8;
    len |= take_octet(0);
    len = len < input.len ? len : input.len;
    const struct atls_bytes octets = atls_bytes_of(input.data, len);
    input = atls_bytes_of(&input.data[len], input.len - len);
    return octets;
}

static struct atls_bytes good_body(unsigned context)
{
    static const uint8_t offer[] = {0, 4, 0, 0, 0x27, 0x13, 0, 4, 0, 0, 0x27, 0x13};
    static const uint8_t choice[] = {0, 0, 0x27, 0x13};
    static const uint8_t credential[] = {0, 0, 6, 0x82, 0x19, 0x27, 0x13, 0x41, 0x00};
    return context == SSL_EXT_CLIENT_HELLO         ? atls_bytes_of(offer, sizeof offer)
           : context == SSL_EXT_TLS1_3_CERTIFICATE ? atls_bytes_of(credential, sizeof credential)
                                                   : atls_bytes_of(choice, sizeof choice);
}

static int add(SSL *ssl, unsigned type, unsigned context, const unsigned char **out,
               size_t *out_len, X509 *cert, size_t chain_index, int *alert, void *arg)
{
    (void)ssl, (void)type, (void)cert, (void)chain_index, (void)alert, (void)arg;
    const uint8_t kind = take_octet(2);
    if (kind == 0) {
        return 0;
    }
    const struct atls_bytes body = kind == 1 ? take_octets() : good_body(context);
    *out = body.data;
    *out_len = body.len;
    return 1;
}

static int parse(SSL *ssl, unsigned type, unsigned context, const unsigned char *in, size_t in_len,
                 X509 *cert, size_t chain_index, int *alert, void *arg)
{
    (void)ssl, (void)type, (void)context, (void)in, (void)in_len, (void)cert, (void)chain_index;
    (void)alert, (void)arg;
    return 1;
}

static int accept_all(X509_STORE_CTX *store, void *arg)
{
    (void)store, (void)arg;
    return 1;
}

static SSL_CTX *new_ctx(void)
{
    static const char *const names[] = {"localhost"};
    const struct atls_cert_spec spec = {
        .names = names, .num_names = 1, .not_before_s = (int64_t)time(NULL) - 60, .days = 2};
    struct atls_key *key = NULL;
    char *pem = NULL;
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    fuzz_require(ctx != NULL && atls_key_generate(&key, ATLS_CRV_P256, NULL) == ATLS_OK &&
                 atls_cert_self_signed(&pem, key, &spec, NULL) == ATLS_OK);
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    fuzz_require(SSL_CTX_use_certificate(ctx, cert) == 1 &&
                 SSL_CTX_use_PrivateKey(ctx, atls_key_evp(key)) == 1);
    X509_free(cert);
    BIO_free(bio);
    atls_pem_free(pem);
    atls_key_free(key);
    return ctx;
}

static SSL_CTX *new_peer(void)
{
    static const unsigned messages = SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS |
                                     SSL_EXT_TLS1_3_CERTIFICATE_REQUEST |
                                     SSL_EXT_TLS1_3_CERTIFICATE | SSL_EXT_TLS1_3_ONLY;
    SSL_CTX *ctx = new_ctx();
    fuzz_require(SSL_CTX_add_custom_ext(ctx, 0xff5e, messages, add, NULL, NULL, parse, NULL) == 1);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, accept_all, NULL);
    SSL_CTX_set_num_tickets(ctx, 0);
    return ctx;
}

static void set_up(void)
{
    ours_as_client = new_ctx();
    ours_as_server = new_ctx();
    enable(ours_as_client);
    enable(ours_as_server);
    peer_client = new_peer();
    peer_server = new_peer();
}

/* ---- one handshake ---- */

static bool step(SSL *ssl, bool *ended)
{
    if (!*ended) {
        const int ret = SSL_do_handshake(ssl);
        *ended = ret == 1 || SSL_get_error(ssl, ret) != SSL_ERROR_WANT_READ;
        ERR_clear_error();
    }
    return *ended;
}

/* judge: our side is shut, whatever the peer sends behind its Finished. */
static void judge(SSL *ours, SSL *peer)
{
    char octet = 'x';
    struct atls_diag diag = {.err = ATLS_OK};
    (void)SSL_write(peer, &octet, 1);
    fuzz_require(SSL_read(ours, &octet, 1) <= 0 && SSL_write(ours, &octet, 1) <= 0);
    fuzz_require(atls_openssl_outcome(ours, 1, &diag) != ATLS_OK && diag.err != ATLS_OK);
    fuzz_require(ERR_peek_error() == 0);
    fuzz_require(!atls_verdict_opens(atls_openssl_verdict(ours)));
    fuzz_require(SSL_read(peer, &octet, 1) <= 0);
    ERR_clear_error();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (ours_as_client == NULL) {
        set_up();
    }
    input = atls_bytes_of(data, size);
    const uint8_t flags = take_octet(0);
    const bool is_client = (flags & 1) != 0;
    SSL *client = SSL_new(is_client ? ours_as_client : peer_client);
    SSL *server = SSL_new(is_client ? peer_server : ours_as_server);
    BIO *client_bio = NULL, *server_bio = NULL;
    fuzz_require(BIO_new_bio_pair(&client_bio, 262144, &server_bio, 262144) == 1);
    SSL_set_bio(client, client_bio, client_bio);
    SSL_set_bio(server, server_bio, server_bio);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    if ((flags & 2) != 0) {
        char first[] = "X25519:P-384", second[] = "P-384";
        fuzz_require(SSL_set1_groups_list(client, first) == 1 &&
                     SSL_set1_groups_list(server, second) == 1);
    }
    bool client_ended = false, server_ended = false;
    for (int i = 0; i < 8 && !(client_ended && server_ended); i++) {
        (void)step(client, &client_ended);
        (void)step(server, &server_ended);
    }
    judge(is_client ? client : server, is_client ? server : client);
    SSL_free(client);
    SSL_free(server);
    return 0;
}
