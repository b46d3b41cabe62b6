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
#include "fuzz_stack.h"

static SSL_CTX *ours_as_client, *ours_as_server, *peer_client, *peer_server;

/* ---- our side ---- */

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
    fuzz_input = atls_bytes_of(data, size);
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
