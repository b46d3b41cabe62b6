/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session is good for besides the context: OpenSSL resumes it whatever name is expected now,
 * whoever is trusted now, and whichever certificate we would present. A full handshake would look
 * at all three, so a digest of them is kept with the facts.
 */
#include "stack/openssl/resume.h"

#include "base/span.h"
#include "crypto/crypto.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdint.h>
#include <stdlib.h>

struct trust {
    X509_STORE
    *store; /* of this one, a reference of ours; its lock guards what is below `digest` */
    uint8_t digest[32]; /* when it was enabled, and its flags then */
    unsigned long flags;
    int num_objects; /* that were there when CRLs were looked for last */
    uint64_t num_crls;
    uint8_t crls[32]; /* the sum, bit by bit, of their digests: OpenSSL sorts them when it likes */
};

static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static int trust_index = -1;

static void free_trust(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl,
                       void *argp)
{
    struct trust *trust = ptr;
    (void)parent, (void)ad, (void)index, (void)argl, (void)argp;
    if (trust != NULL) {
        X509_STORE_free(trust->store);
        free(trust);
    }
}

static void make_index(void)
{
    trust_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_trust);
}

/* A running hash of parts, each behind its length. The first failure stays. Parts are short,
 * and a call of the hash costs more than what it hashes of them, so that they wait for others. */
struct digesting {
    struct atls_hash hash;
    bool failed;
    size_t waiting;
    uint8_t room[256];
};

static void begin(struct digesting *d)
{
    memset(&d->hash, 0, sizeof d->hash);
    d->waiting = 0;
    d->failed = atls_crypto_openssl()->hash_init(&d->hash, ATLS_ALG_SHA256) != ATLS_OK;
}

static void flush(struct digesting *d)
{
    d->failed = d->failed || atls_crypto_openssl()->hash_update(
                                 &d->hash, atls_bytes_of(d->room, d->waiting)) != ATLS_OK;
    d->waiting = 0;
}

static void put(struct digesting *d, const uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        const size_t left = sizeof d->room - d->waiting;
        const size_t now = len - at < left ? len - at : left;
        memcpy(&d->room[d->waiting], &data[at], now);
        d->waiting += now;
        at += now;
        if (d->waiting == sizeof d->room) {
            flush(d);
        }
    }
}

static void add(struct digesting *d, const void *data, size_t len)
{
    const uint8_t head[4] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
                             (uint8_t)len};
    d->failed = d->failed || len > UINT32_MAX;
    put(d, head, sizeof head);
    put(d, data, len);
}

/* add_text tells no text from the empty one. */
static void add_text(struct digesting *d, const char *text)
{
    add(d, text != NULL ? "+" : "-", 1);
    add(d, text, text != NULL ? strlen(text) : 0);
}

static void add_number(struct digesting *d, uint64_t number)
{
    uint8_t octets[8];
    for (size_t i = 0; i < sizeof octets; i++) {
        octets[i] = (uint8_t)(number >> (56 - 8 * i));
    }
    add(d, octets, sizeof octets);
}

static bool end(struct digesting *d, uint8_t out[32])
{
    struct atls_digest digest = {.len = 0};
    const struct atls_crypto_ops *crypto = atls_crypto_openssl();
    flush(d);
    const bool ok = !d->failed && crypto->hash_peek(&d->hash, &digest) == ATLS_OK;
    crypto->hash_cleanup(&d->hash);
    if (ok) {
        memcpy(out, digest.data, 32);
    }
    return ok;
}

static void add_object(struct digesting *d, const X509_OBJECT *object)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    X509 *cert = X509_OBJECT_get0_X509(object);
    X509_CRL *crl = X509_OBJECT_get0_X509_CRL((X509_OBJECT *)(uintptr_t)object);
    const int ok = cert != NULL  ? X509_digest(cert, EVP_sha256(), digest, &len)
                   : crl != NULL ? X509_CRL_digest(crl, EVP_sha256(), digest, &len)
                                 : 0;
    d->failed = d->failed || ok != 1;
    add(d, digest, len);
}

/* The certificates and lists that are loaded by now; those of a folder, which OpenSSL reads when it
 * needs them, are not among them. */
static bool digest_store(X509_STORE *store, uint8_t out[static 32])
{
    struct digesting d;
    if (store == NULL || X509_STORE_lock(store) != 1) {
        return false;
    }
    const STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);
    begin(&d);
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        add_object(&d, sk_X509_OBJECT_value(objects, i));
    }
    X509_STORE_unlock(store);
    add_number(&d, X509_VERIFY_PARAM_get_flags(X509_STORE_get0_param(store)));
    return end(&d, out);
}

/* have_index is for whoever looks, too: another thread may be the first that notes a store. */
static bool have_index(void)
{
    return CRYPTO_THREAD_run_once(&once, make_index) == 1 && trust_index >= 0;
}

enum atls_err openssl_trust_note(SSL_CTX *ctx, struct atls_diag *diag)
{
    struct trust *trust = calloc(1, sizeof *trust);
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    if (trust == NULL || !digest_store(store, trust->digest) || !have_index() ||
        SSL_CTX_set_ex_data(ctx, trust_index, trust) != 1) {
        free(trust);
        return atls_fail(diag, ATLS_ERR_MEMORY, "OpenSSL", "trust store");
    }
    trust->flags = X509_VERIFY_PARAM_get_flags(X509_STORE_get0_param(store));
    if (X509_STORE_up_ref(store) == 1) { /* else it is digested each time */
        trust->store = store;
    }
    return ATLS_OK;
}

/* look_for_crls, with the store locked: lists are added while the store is in use, and OpenSSL
 * takes none out again, so that it is enough to look when there is more than before. */
static bool look_for_crls(struct trust *trust)
{
    const STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(trust->store);
    const int num = sk_X509_OBJECT_num(objects);
    if (num == trust->num_objects) {
        return true;
    }
    trust->num_objects = 0;
    trust->num_crls = 0;
    memset(trust->crls, 0, sizeof trust->crls);
    for (int i = 0; i < num; i++) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned len = 0;
        X509_CRL *crl = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(objects, i));
        if (crl != NULL && X509_CRL_digest(crl, EVP_sha256(), digest, &len) != 1) {
            return false;
        }
        trust->num_crls += crl != NULL ? 1 : 0;
        for (unsigned j = 0; j < len; j++) {
            trust->crls[j] ^= digest[j];
        }
    }
    trust->num_objects = num;
    return true;
}

/* digest_noted is digest_store for the store of `trust`, as it is now but for its certificates:
 * whom an added one vouches for was not resumed without it. */
static bool digest_noted(struct trust *trust, uint8_t out[static 32])
{
    struct digesting d;
    uint8_t crls[32];
    if (X509_STORE_lock(trust->store) != 1) {
        return false;
    }
    const bool looked = look_for_crls(trust);
    const uint64_t num_crls = trust->num_crls;
    memcpy(crls, trust->crls, sizeof crls);
    X509_STORE_unlock(trust->store);
    const unsigned long flags = X509_VERIFY_PARAM_get_flags(X509_STORE_get0_param(trust->store));
    if (looked && num_crls == 0 && flags == trust->flags) { /* as with most, and as before */
        memcpy(out, trust->digest, sizeof trust->digest);
        return true;
    }
    begin(&d);
    add(&d, trust->digest, sizeof trust->digest);
    add_number(&d, num_crls);
    add(&d, crls, sizeof crls);
    add_number(&d, flags);
    return end(&d, out) && looked;
}

/* digest_trust is for the store that this connection is verified by: an application can give it one
 * of its own, or another to its SSL_CTX. */
static bool digest_trust(SSL *ssl, uint8_t out[static 32])
{
    SSL_CTX *ctx = SSL_get_SSL_CTX(ssl);
    struct trust *trust = have_index() ? SSL_CTX_get_ex_data(ctx, trust_index) : NULL;
    X509_STORE *store = NULL;
    if (trust == NULL) {
        return false; /* atls is not enabled here, or not for this */
    }
    (void)SSL_get0_verify_cert_store(ssl, &store);
    store = store != NULL ? store : SSL_CTX_get_cert_store(ctx);
    return store != trust->store ? digest_store(store, out) : digest_noted(trust, out);
}

static void add_names(struct digesting *d, SSL *ssl)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    ERR_set_mark(); /* where no address is expected it leaves an error behind */
    char *address = X509_VERIFY_PARAM_get1_ip_asc(param);
    ERR_pop_to_mark();
    const char *host = NULL;
    for (int i = 0; (host = X509_VERIFY_PARAM_get0_host(param, i)) != NULL; i++) {
        add_text(d, host);
    }
    add_text(d, NULL);
    add_text(d, address);
    add_text(d, X509_VERIFY_PARAM_get0_email(param));
    add_number(d, X509_VERIFY_PARAM_get_hostflags(param));
    add_number(d, X509_VERIFY_PARAM_get_flags(param));
    add_number(d, (uint64_t)X509_VERIFY_PARAM_get_depth(param));
    add_number(d, (uint64_t)SSL_get_security_level(ssl));
    OPENSSL_free(address);
}

/* Who we are to the peer: a ticket speaks for the certificate of the first connection. A server is
 * asked for by name, and has no such choice. */
static void add_own_key(struct digesting *d, SSL *ssl, bool is_server)
{
    X509 *own = is_server ? NULL : SSL_get_certificate(ssl);
    unsigned char *spki = NULL;
    const size_t len = own != NULL ? openssl_spki(own, &spki) : 0;
    d->failed = d->failed || (own != NULL && len == 0);
    add(d, spki, len);
    OPENSSL_free(spki);
}

bool openssl_connection_digest(SSL *ssl, bool is_server, const char *name,
                               uint8_t out[ATLS_CONNECTION_DIGEST_LEN])
{
    struct digesting d;
    uint8_t trust[32];
    if (!digest_trust(ssl, trust)) {
        return false;
    }
    begin(&d);
    add_text(&d, is_server ? "server" : "client");
    add(&d, trust, sizeof trust);
    add_text(&d, name);
    add_names(&d, ssl);
    add_own_key(&d, ssl, is_server);
    return end(&d, out);
}
