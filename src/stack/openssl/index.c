/* SPDX-License-Identifier: Apache-2.0 */
/* Where the adapter keeps its state: ex_data of SSL_CTX (the context) and of SSL (the session). */
#include "stack/openssl/adapter.h"

#include <stdint.h>

static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static int ctx_index = -1, ssl_index = -1, notes_index = -1, bio_index = -1;
static int alpn_index = -1, prelude_index = -1;

static void free_context(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl,
                         void *argp)
{
    (void)parent, (void)ad, (void)index, (void)argl, (void)argp;
    atls_context_unref(ptr);
}

static void free_session(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl,
                         void *argp)
{
    (void)parent, (void)index, (void)argl, (void)argp;
    /* What runs on its fiber has this session in its hands. Where it cannot be ended now it never
     * goes on, as with a handshake that OpenSSL has paused. */
    (void)openssl_prelude_cancel(CRYPTO_get_ex_data(ad, prelude_index));
    atls_session_free(ptr);
}

static void free_bio(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
    (void)parent, (void)ad, (void)index, (void)argl, (void)argp;
    BIO_free_all(ptr);
}

static void free_alpn(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
    (void)parent, (void)ad, (void)index, (void)argl, (void)argp;
    openssl_alpn_free(ptr);
}

static void free_prelude(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl,
                         void *argp)
{
    (void)parent, (void)ad, (void)index, (void)argl, (void)argp;
    openssl_prelude_free(ptr);
}

/* SSL_dup(3) copies ex_data; a session belongs to one connection, so the copy starts without. */
static int forget_on_dup(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **from_d, int index,
                         long argl, void *argp)
{
    (void)to, (void)from, (void)index, (void)argl, (void)argp;
    *from_d = NULL;
    return 1;
}

static void make_indexes(void)
{
    ctx_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_context);
    ssl_index = SSL_get_ex_new_index(0, NULL, NULL, forget_on_dup, free_session);
    notes_index = SSL_get_ex_new_index(0, NULL, NULL, forget_on_dup, NULL);
    bio_index = SSL_get_ex_new_index(0, NULL, NULL, forget_on_dup, free_bio);
    alpn_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_alpn);
    prelude_index = SSL_get_ex_new_index(0, NULL, NULL, forget_on_dup, free_prelude);
}

enum atls_err openssl_index_init(struct atls_diag *diag)
{
    if (CRYPTO_THREAD_run_once(&once, make_indexes) != 1 || ctx_index < 0 || ssl_index < 0 ||
        notes_index < 0 || bio_index < 0 || alpn_index < 0 || prelude_index < 0) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "OpenSSL", "ex_data index");
    }
    return ATLS_OK;
}

bool openssl_context_set(SSL_CTX *ctx, struct atls_context *context)
{
    if (SSL_CTX_set_ex_data(ctx, ctx_index, context) != 1) {
        return false;
    }
    atls_context_ref(context);
    return true;
}

struct atls_context *openssl_context_of(const SSL_CTX *ctx)
{
    return ctx_index < 0 || ctx == NULL ? NULL : SSL_CTX_get_ex_data(ctx, ctx_index);
}

struct atls_session *openssl_session_of(const SSL *ssl)
{
    return ssl_index < 0 ? NULL : SSL_get_ex_data(ssl, ssl_index);
}

struct atls_session *openssl_session_get(SSL *ssl)
{
    struct atls_session *session = openssl_session_of(ssl);
    struct atls_context *context = openssl_context_of(SSL_get_SSL_CTX(ssl));
    if (session != NULL || context == NULL) {
        return session;
    }
    if (atls_session_new(&session, context, &openssl_stack_ops, ssl, NULL) != ATLS_OK) {
        return NULL;
    }
    if (SSL_set_ex_data(ssl, ssl_index, session) != 1) {
        atls_session_free(session);
        return NULL;
    }
    return session;
}

/* Numbers in place of a pointer: there is nothing to allocate that could fail. The peer's alert is
 * in the low octet, ours in the one above, and whether there was a key_share in the next. */
enum { PEER_ALERT = 0xff, OWN_ALERT = 0xff00, SHARE = 0x10000 };

static int notes_of(const SSL *ssl)
{
    return notes_index < 0 ? 0 : (int)(intptr_t)SSL_get_ex_data(ssl, notes_index);
}

static void set_note(SSL *ssl, int mask, int note)
{
    const int notes = (notes_of(ssl) & ~mask) | (note & mask);
    (void)SSL_set_ex_data(ssl, notes_index, (void *)(intptr_t)notes); // NOLINT
}

int openssl_peer_alert(const SSL *ssl)
{
    return notes_of(ssl) & PEER_ALERT;
}

int openssl_own_alert(const SSL *ssl)
{
    return (notes_of(ssl) & OWN_ALERT) >> 8;
}

void openssl_forget_notes(SSL *ssl)
{
    set_note(ssl, PEER_ALERT | OWN_ALERT | SHARE, 0);
}

void openssl_set_peer_alert(SSL *ssl, int alert)
{
    set_note(ssl, PEER_ALERT, alert);
}

void openssl_set_own_alert(SSL *ssl, int alert)
{
    set_note(ssl, OWN_ALERT, alert << 8);
}

bool openssl_had_share(const SSL *ssl)
{
    return (notes_of(ssl) & SHARE) != 0;
}

void openssl_set_share(SSL *ssl, bool had)
{
    set_note(ssl, SHARE, had ? SHARE : 0);
}

BIO *openssl_kept_bio(const SSL *ssl)
{
    return SSL_get_ex_data(ssl, bio_index);
}

void openssl_keep_bio(SSL *ssl, BIO *bio)
{
    BIO_free_all(SSL_get_ex_data(ssl, bio_index));
    if (SSL_set_ex_data(ssl, bio_index, bio) != 1) {
        BIO_free_all(bio);
    }
}

struct openssl_alpn *openssl_alpn_of(const SSL_CTX *ctx)
{
    return alpn_index < 0 ? NULL : SSL_CTX_get_ex_data(ctx, alpn_index);
}

bool openssl_alpn_set(SSL_CTX *ctx, struct openssl_alpn *alpn)
{
    return SSL_CTX_set_ex_data(ctx, alpn_index, alpn) == 1;
}

struct openssl_prelude *openssl_prelude_of(const SSL *ssl)
{
    return prelude_index < 0 ? NULL : SSL_get_ex_data(ssl, prelude_index);
}

bool openssl_prelude_set(SSL *ssl, struct openssl_prelude *prelude)
{
    openssl_prelude_free(SSL_get_ex_data(ssl, prelude_index));
    if (SSL_set_ex_data(ssl, prelude_index, prelude) != 1) {
        openssl_prelude_free(prelude);
        return false;
    }
    return true;
}
