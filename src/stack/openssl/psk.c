/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/openssl/psk.h"

#include "base/reader.h"
#include "base/span.h"
#include "crypto/crypto.h"

#include <openssl/crypto.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char step[] = "PSK";

enum { MIN_KEY_LEN = 16, MAX_KEY_LEN = 64, MAX_IDENTITY_LEN = 128 };

struct openssl_psk {
    unsigned char identity[MAX_IDENTITY_LEN];
    size_t identity_len;
    unsigned char key[MAX_KEY_LEN];
    size_t key_len;
    bool is_sha384;
    void *mark; /* of its sessions; never followed */
};

static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static int ctx_index = -1, session_index = -1;

static void free_psk(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
    (void)parent, (void)ad, (void)index, (void)argl, (void)argp;
    if (ptr != NULL) {
        atls_wipe(ptr, sizeof(struct openssl_psk));
        free(ptr);
    }
}

/*
 * A session that stands for a PSK is marked: OpenSSL reports a resumed one by the same word. The
 * mark is copied with it. It tells PSKs apart, too: a server's is looked for by the SSL_CTX that a
 * connection begins with, and the name of the server may lead to another one, with a PSK of its
 * own. By value, and as a number in place of a pointer, so that two SSL_CTX may have one PSK and no
 * session outlives what it points to.
 */
static enum atls_err make_mark(struct openssl_psk *psk, struct atls_diag *diag)
{
    uint8_t all[2 + MAX_IDENTITY_LEN + MAX_KEY_LEN] = {psk->is_sha384, (uint8_t)psk->identity_len};
    struct atls_digest digest;
    uintptr_t number = 0;
    memcpy(&all[2], psk->identity, psk->identity_len);
    memcpy(&all[2 + psk->identity_len], psk->key, psk->key_len);
    const enum atls_err err = atls_crypto_openssl()->hash(
        ATLS_ALG_SHA256, atls_bytes_of(all, 2 + psk->identity_len + psk->key_len), &digest);
    atls_wipe(all, sizeof all);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "hash");
    }
    memcpy(&number, digest.data, sizeof number);
    psk->mark = (void *)(number | 1); // NOLINT: never NULL, which is no mark
    return ATLS_OK;
}

static void make_indexes(void)
{
    ctx_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_psk);
    session_index = SSL_SESSION_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

/* have_indexes is for whoever looks, too: another thread may be the first that sets a key. */
static bool have_indexes(void)
{
    return CRYPTO_THREAD_run_once(&once, make_indexes) == 1 && ctx_index >= 0 && session_index >= 0;
}

static const struct openssl_psk *psk_of(const SSL_CTX *ctx)
{
    return ctx == NULL || !have_indexes() ? NULL : SSL_CTX_get_ex_data(ctx, ctx_index);
}

/* ---- the callbacks ---- */

/* new_session makes what OpenSSL takes for a PSK: its hash is that of a suite. */
static SSL_SESSION *new_session(SSL *ssl, const struct openssl_psk *psk)
{
    static const unsigned char sha256[] = {0x13, 0x01}, sha384[] = {0x13, 0x02};
    const SSL_CIPHER *suite = SSL_CIPHER_find(ssl, psk->is_sha384 ? sha384 : sha256);
    SSL_SESSION *session = SSL_SESSION_new();
    if (suite == NULL || session == NULL ||
        SSL_SESSION_set1_master_key(session, psk->key, psk->key_len) != 1 ||
        SSL_SESSION_set_cipher(session, suite) != 1 ||
        SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) != 1 ||
        SSL_SESSION_set_ex_data(session, session_index, psk->mark) != 1) {
        SSL_SESSION_free(session);
        return NULL;
    }
    return session;
}

/* use_psk is a client's: `md` is NULL in the first ClientHello, and the hash of the suite after
 * HelloRetryRequest, when a PSK of another hash cannot be offered. */
static int use_psk(SSL *ssl, const EVP_MD *md, const unsigned char **id, size_t *id_len,
                   SSL_SESSION **out)
{
    const struct openssl_psk *psk = psk_of(SSL_get_SSL_CTX(ssl));
    *out = NULL;
    if (psk == NULL || (md != NULL && (EVP_MD_get_type(md) == NID_sha384) != psk->is_sha384)) {
        return 1;
    }
    *out = new_session(ssl, psk);
    *id = psk->identity;
    *id_len = psk->identity_len;
    return *out != NULL;
}

/* find_psk is a server's: an identity that it does not know is no failure, and the handshake goes
 * on by certificate; the gate then refuses. */
static int find_psk(SSL *ssl, const unsigned char *id, size_t id_len, SSL_SESSION **out)
{
    const struct openssl_psk *psk = psk_of(SSL_get_SSL_CTX(ssl));
    *out = NULL;
    if (psk == NULL || !atls_bytes_equal(atls_bytes_of(id, id_len),
                                         atls_bytes_of(psk->identity, psk->identity_len))) {
        return 1;
    }
    *out = new_session(ssl, psk);
    return *out != NULL;
}

/* ---- setting it ---- */

static enum atls_err check(const struct atls_psk *psk, struct atls_diag *diag)
{
    if (psk->is_imported) {
        return atls_fail_texts(diag, ATLS_ERR_NOT_BUILT, step, "imported key (RFC 9258)",
                               "OpenSSL, which has not the binder label \"imp binder\"",
                               "the external key itself");
    }
    if (psk->identity.len == 0 || psk->identity.len > MAX_IDENTITY_LEN) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "identity", "one of unusable length",
                               "1 to 128 octets");
    }
    if (psk->key.len < MIN_KEY_LEN || psk->key.len > MAX_KEY_LEN) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "key", "one of unusable length",
                               "16 to 64 octets");
    }
    return ATLS_OK;
}

enum atls_err openssl_psk_check_timing(const SSL_CTX *ctx, const struct atls_context *context,
                                       struct atls_diag *diag)
{
    if (psk_of(ctx) == NULL || atls_context_is_post_only(context)) {
        return ATLS_OK;
    }
    return atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "timing",
                           "attestation in the handshake, or in a certificate",
                           "post: a handshake by PSK has no Certificate message");
}

enum atls_err atls_openssl_set_psk(SSL_CTX *ctx, const struct atls_psk *psk, struct atls_diag *diag)
{
    if (!have_indexes()) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "ex_data index");
    }
    enum atls_err err = check(psk, diag);
    if (err == ATLS_OK && openssl_context_of(ctx) != NULL) {
        err = atls_fail_texts(diag, ATLS_ERR_STATE, step, "SSL_CTX", "atls enabled already",
                              "the PSK before atls_openssl_enable()");
    }
    struct openssl_psk *copy = err == ATLS_OK ? calloc(1, sizeof *copy) : NULL;
    if (err == ATLS_OK && copy == NULL) {
        err = atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    if (err != ATLS_OK) {
        return err;
    }
    memcpy(copy->identity, psk->identity.data, psk->identity.len);
    copy->identity_len = psk->identity.len;
    memcpy(copy->key, psk->key.data, psk->key.len);
    copy->key_len = psk->key.len;
    copy->is_sha384 = psk->is_sha384;
    err = make_mark(copy, diag);
    if (err != ATLS_OK) {
        free_psk(NULL, copy, NULL, 0, 0, NULL);
        return err;
    }
    struct openssl_psk *before = SSL_CTX_get_ex_data(ctx, ctx_index);
    if (SSL_CTX_set_ex_data(ctx, ctx_index, copy) != 1) {
        free_psk(NULL, copy, NULL, 0, 0, NULL);
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    free_psk(NULL, before, NULL, 0, 0, NULL);
    SSL_CTX_clear_options(ctx, SSL_OP_ALLOW_NO_DHE_KEX); /* the exchange is what is bound */
    SSL_CTX_set_psk_use_session_callback(ctx, use_psk);
    SSL_CTX_set_psk_find_session_callback(ctx, find_psk);
    return ATLS_OK;
}

bool openssl_psk_is_set(const SSL_CTX *ctx)
{
    return psk_of(ctx) != NULL;
}

bool openssl_psk_takes(const SSL_CTX *ctx, int32_t hash_alg)
{
    const struct openssl_psk *psk = psk_of(ctx);
    return psk == NULL || hash_alg == (psk->is_sha384 ? ATLS_ALG_SHA384 : ATLS_ALG_SHA256);
}

/* ---- what came of it ---- */

bool openssl_psk_is_used(const SSL *ssl)
{
    const SSL_SESSION *session = SSL_get_session(ssl);
    const struct openssl_psk *psk = psk_of(SSL_get_SSL_CTX(ssl));
    return psk != NULL && session != NULL && SSL_session_reused(ssl) == 1 &&
           SSL_SESSION_get_ex_data(session, session_index) == psk->mark;
}

static enum atls_err fail_without(struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_NO_PSK, step, "identity",
                           "none in the handshake, or another",
                           "the identity and key of the PSK that this side has");
}

enum atls_err openssl_psk_check(const SSL *ssl, struct atls_diag *diag)
{
    const bool missing = openssl_psk_is_set(SSL_get_SSL_CTX(ssl)) && !openssl_psk_is_used(ssl);
    return missing ? fail_without(diag) : ATLS_OK;
}

/* names_identity reads OfferedPsks (RFC 8446, 4.2.11): identities, each with an age; the binders
 * behind them are OpenSSL's. */
static bool names_identity(struct atls_bytes body, struct atls_bytes identity)
{
    struct atls_reader list, offered = atls_reader_of(body);
    struct atls_bytes name;
    uint32_t age;
    bool found = false;
    if (!atls_read_sub16(&offered, 7, UINT16_MAX, &list)) {
        return false;
    }
    while (!found && atls_read_vec16(&list, 1, UINT16_MAX, &name) && atls_read_u32(&list, &age)) {
        found = atls_bytes_equal(name, identity);
    }
    return found;
}

bool openssl_psk_is_offered(SSL *ssl, struct atls_diag *diag)
{
    const struct openssl_psk *psk = psk_of(SSL_get_SSL_CTX(ssl));
    const unsigned char *body = NULL;
    size_t len = 0;
    if (psk == NULL || (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_psk, &body, &len) == 1 &&
                        names_identity(atls_bytes_of(body, len),
                                       atls_bytes_of(psk->identity, psk->identity_len)))) {
        return true;
    }
    fail_without(diag);
    return false;
}
