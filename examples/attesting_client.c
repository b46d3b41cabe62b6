/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TLS 1.3 client that attests, with the root of trust of own_attester.c, and sends one line to a
 * server that requires PSA tokens of its clients.
 *
 * usage: attesting_client SOCKET CERT.pem KEY.pem CA.pem HOST PORT
 */
#include "must.h"
#include "own_attester.h"

#include <atls/openssl.h>

#include <signal.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "usage: attesting_client SOCKET CERT.pem KEY.pem CA.pem HOST PORT\n");
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    must_do(ctx != NULL, "SSL_CTX_new");
    must_do(SSL_CTX_use_certificate_chain_file(ctx, argv[2]), argv[2]);
    must_do(SSL_CTX_use_PrivateKey_file(ctx, argv[3], SSL_FILETYPE_PEM), argv[3]);
    must_do(SSL_CTX_load_verify_locations(ctx, argv[4], NULL), argv[4]);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL); /* the server's chain, as ever */

    struct atls_context *atls = NULL;
    const struct atls_bytes config = {(const uint8_t *)argv[1], strlen(argv[1])};
    must(atls_context_new(&atls, &diag));
    must(atls_context_add_attester(atls, &own_attester, config, &diag));
    must(atls_openssl_enable(ctx, atls, &diag));
    atls_context_unref(atls); /* ctx has a reference of its own */

    char address[300];
    snprintf(address, sizeof address, "%s:%s", argv[5], argv[6]);
    BIO *socket = BIO_new_connect(address);
    must_do(socket != NULL && BIO_do_connect(socket) == 1, address);
    SSL *ssl = SSL_new(ctx);
    must_do(ssl != NULL && SSL_set1_host(ssl, argv[5]), argv[5]);
    SSL_set_bio(ssl, socket, socket);
    const int done = SSL_connect(ssl); /* own_attest() is called in here */
    must(atls_openssl_outcome(ssl, done, &diag));

    char text[200];
    must_do(SSL_write(ssl, "attested by my own root of trust\n", 33) == 33, "SSL_write");
    const int len = SSL_read(ssl, text, sizeof text);
    if (len <= 0) { /* a server that refuses our Evidence is heard only now */
        must(atls_openssl_outcome(ssl, len, &diag));
    }
    must_do(len > 0, "the server said nothing");
    printf("%.*s", len, text);
    SSL_shutdown(ssl);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    return 0;
}
