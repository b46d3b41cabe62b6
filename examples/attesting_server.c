/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TLS 1.3 server that attests with its TPM: each handshake carries Evidence about this machine,
 * made for this connection, and the TLS key never leaves the TPM. It greets one client, and ends.
 *
 * usage: attesting_server DIR CERT.pem ADDR:PORT
 *
 * DIR is what `atls keygen --rot tpm2 --csr -o DIR` made; CERT.pem is a CA's answer to
 * DIR/request.pem.
 */
#include "must.h"

#include <atls/openssl.h>
#include <atls/tpm2.h>

#include <signal.h>

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: attesting_server DIR CERT.pem ADDR:PORT\n");
        return 1;
    }
    signal(SIGPIPE, SIG_IGN); /* a client that has gone is an error, not the end of us */
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    must_do(ctx != NULL, "SSL_CTX_new");

    /* What this machine attests with. The TPM's key is an EVP_PKEY like any other. */
    struct atls_context *atls = NULL;
    EVP_PKEY *key = NULL;
    must(atls_context_new(&atls, &diag));
    char path[300];
    snprintf(path, sizeof path, "%s/attester.json", argv[1]);
    must(atls_context_add_attester(atls, &atls_attester_tpm2, must_read(path), &diag));
    snprintf(path, sizeof path, "%s/key.pem", argv[1]);
    must(atls_context_load_key(atls, &key, must_read(path), &diag));
    must_do(SSL_CTX_use_certificate_chain_file(ctx, argv[2]), argv[2]);
    must_do(SSL_CTX_use_PrivateKey(ctx, key), "key.pem is not the key of the certificate");
    EVP_PKEY_free(key);
    must(atls_openssl_enable(ctx, atls, &diag));
    atls_context_unref(atls); /* ctx has a reference of its own */

    BIO *listener = BIO_new_accept(argv[3]);
    must_do(listener != NULL && BIO_do_accept(listener) == 1, argv[3]);
    printf("listening on port %s\n", BIO_get_accept_port(listener));
    fflush(stdout);
    must_do(BIO_do_accept(listener) == 1, "accept");
    BIO *socket = BIO_pop(listener);
    BIO_free(listener);

    SSL *ssl = SSL_new(ctx);
    must_do(ssl != NULL, "SSL_new");
    SSL_set_bio(ssl, socket, socket);
    /* The Evidence is made in here. A client that wants none gets none. */
    const int done = SSL_accept(ssl);
    must(atls_openssl_outcome(ssl, done, &diag));
    must_do(SSL_write(ssl, "hello from a machine that attests\n", 34) == 34, "SSL_write");
    SSL_shutdown(ssl);
    SSL_free(ssl); /* frees the socket, too */
    SSL_CTX_free(ctx);
    return 0;
}
