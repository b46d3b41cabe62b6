/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer that says what it likes: plain OpenSSL with a custom extension, whose bodies a test writes
 * down by message. It checks nothing of what comes.
 */
#ifndef UNIT_STACK_SCRIPT_H
#define UNIT_STACK_SCRIPT_H

#include "support/memory.h"
#include "support/pair.h"

#include <openssl/pem.h>
#include <stdio.h>

#define SCHEME_PSA   "0000 2713"                   /* evidence of content format 10003 */
#define SCHEME_OTHER "0000 0107"                   /* of 263 */
#define OFFER_PSA    "0004 00002713 0004 00002713" /* both ways */

/* A body in hex; NULL leaves the extension out, "" is an empty one. */
struct script {
    const char *client_hello, *second_client_hello;
    const char *server_hello, *retry, *encrypted_extensions, *certificate_request, *ticket;
    const char *certificate[2];   /* by CertificateEntry */
    struct atls_bytes credential; /* instead of certificate[0], where it is not empty */
    unsigned hellos;              /* how many ClientHellos were written */
    unsigned credentials;         /* how many came */
};

static inline const char *script_body(struct script *script, unsigned context, size_t chain_index)
{
    switch (context) {
    case SSL_EXT_CLIENT_HELLO:
        return script->hellos++ == 0 ? script->client_hello : script->second_client_hello;
    case SSL_EXT_TLS1_3_SERVER_HELLO:
        return script->server_hello;
    case SSL_EXT_TLS1_3_HELLO_RETRY_REQUEST:
        return script->retry;
    case SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS:
        return script->encrypted_extensions;
    case SSL_EXT_TLS1_3_CERTIFICATE_REQUEST:
        return script->certificate_request;
    case SSL_EXT_TLS1_3_NEW_SESSION_TICKET:
        return script->ticket;
    case SSL_EXT_TLS1_3_CERTIFICATE:
        return chain_index < 2 ? script->certificate[chain_index] : NULL;
    default:
        return NULL;
    }
}

static inline int script_add(SSL *ssl, unsigned type, unsigned context, const unsigned char **out,
                             size_t *out_len, X509 *cert, size_t chain_index, int *alert, void *arg)
{
    (void)ssl, (void)type, (void)cert, (void)alert;
    struct script *script = arg;
    const char *hex = script_body(script, context, chain_index);
    struct atls_bytes body = {NULL, 0};
    if (context == SSL_EXT_TLS1_3_CERTIFICATE && chain_index == 0 && script->credential.len != 0) {
        body = script->credential;
    } else if (hex != NULL) {
        body = test_hex(hex);
    } else {
        return 0;
    }
    *out = body.data;
    *out_len = body.len;
    return 1;
}

static inline int script_parse(SSL *ssl, unsigned type, unsigned context, const unsigned char *in,
                               size_t in_len, X509 *cert, size_t chain_index, int *alert, void *arg)
{
    (void)ssl, (void)type, (void)in, (void)in_len, (void)cert, (void)chain_index, (void)alert;
    struct script *script = arg;
    script->credentials += context == SSL_EXT_TLS1_3_CERTIFICATE;
    return 1;
}

/* script_put makes an SSL_CTX of plain OpenSSL follow the script, which must outlive it. */
static inline void script_put(SSL_CTX *ctx, struct script *script)
{
    static const unsigned anywhere =
        SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_3_SERVER_HELLO | SSL_EXT_TLS1_3_HELLO_RETRY_REQUEST |
        SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS | SSL_EXT_TLS1_3_CERTIFICATE_REQUEST |
        SSL_EXT_TLS1_3_CERTIFICATE | SSL_EXT_TLS1_3_NEW_SESSION_TICKET | SSL_EXT_TLS1_3_ONLY;
    script->hellos = 0;
    assert_int_equal(SSL_CTX_add_custom_ext(ctx, 0xff5e, anywhere, script_add, NULL, script,
                                            script_parse, script),
                     1);
}

/* script_chain adds the authority's certificate, so that there are two CertificateEntries. */
static inline void script_chain(SSL_CTX *ctx, const struct test_world *world)
{
    BIO *bio = BIO_new_mem_buf(world->ca, -1);
    X509 *ca = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    assert_int_equal(SSL_CTX_add_extra_chain_cert(ctx, ca), 1);
    BIO_free(bio);
}

/* script_detail gives "STEP: CLAIM: found X, expected Y" of a sentence: what the error itself does
 * not say. */
static inline const char *script_detail(const struct atls_diag *diag)
{
    static char detail[ATLS_MAX_SENTENCE_LEN + 1];
    const char *bracket = strchr(test_sentence(diag), '(');
    const int len =
        snprintf(detail, sizeof detail, "%s: %s", diag->step, bracket != NULL ? bracket + 1 : ")");
    detail[len - 1] = '\0'; /* the closing bracket */
    return detail;
}

#endif
