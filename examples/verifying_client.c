/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TLS 1.3 client that talks only to a server that attests with a TPM, and that has a certificate
 * of a known CA besides. It prints what it learnt about the server, and what the server says.
 *
 * usage: verifying_client HOST PORT CA.pem ENDORSEMENTS.corim
 */
#include "must.h"

#include <atls/openssl.h>

#include <signal.h>

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: verifying_client HOST PORT CA.pem ENDORSEMENTS.corim\n");
        return 1;
    }
    signal(SIGPIPE, SIG_IGN); /* a server that has gone is an error, not the end of us */

    /* As without attestation: trust in a CA, and the name that the certificate must have. */
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    must_do(ctx != NULL, "SSL_CTX_new");
    must_do(SSL_CTX_load_verify_locations(ctx, argv[3], NULL), argv[3]);

    /* What makes it attested: a requirement, and what is known about machines that meet it. */
    struct atls_context *atls = NULL;
    must(atls_context_new(&atls, &diag));
    must(atls_context_require(atls, "tpm2", &diag));
    must(atls_context_load_endorsements(atls, argv[4], &diag));
    must(atls_openssl_enable(ctx, atls, &diag));
    atls_context_unref(atls); /* ctx has a reference of its own */

    char address[300];
    snprintf(address, sizeof address, "%s:%s", argv[1], argv[2]);
    BIO *socket = BIO_new_connect(address);
    must_do(socket != NULL && BIO_do_connect(socket) == 1, address);
    SSL *ssl = SSL_new(ctx);
    must_do(ssl != NULL, "SSL_new");
    SSL_set_bio(ssl, socket, socket);
    must_do(SSL_set1_host(ssl, argv[1]), argv[1]);
    must_do(SSL_set_tlsext_host_name(ssl, argv[1]) == 1, argv[1]);

    /* Where the server does not attest as required, the handshake fails, and nothing was sent. */
    const int done = SSL_connect(ssl);
    must(atls_openssl_outcome(ssl, done, &diag));
    char *verdict = atls_verdict_json(atls_openssl_verdict(ssl));
    printf("%s\n", verdict != NULL ? verdict : "no memory");
    free(verdict);

    char text[200];
    const int len = SSL_read(ssl, text, sizeof text);
    if (len <= 0) { /* what the server refuses about us comes only now: the same question */
        must(atls_openssl_outcome(ssl, len, &diag));
    }
    must_do(len > 0, "the server said nothing");
    printf("%.*s", len, text);
    SSL_shutdown(ssl);
    SSL_free(ssl); /* frees the socket, too */
    SSL_CTX_free(ctx);
    return 0;
}
