/* SPDX-License-Identifier: Apache-2.0 */
/* An unpatched OpenSSL with a custom extension is all that it takes to be sent Evidence, or a
 * passport: they are no secret. What they must not be is useful to somebody else. */
#include "demo_thief.h"

#include "atls/limits.h"
#include "base/diag.h"
#include "base/formats.h"
#include "base/span.h"
#include "base/writer.h"
#include "codec/cmw.h"
#include "demo.h"
#include "handshake/remote_attestation.h"
#include "json/file.h"
#include "net.h"
#include "tls.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

struct loot {
    uint8_t offer[512];
    size_t offer_len;
    const char *path;
    bool taken;
};

static int offer(SSL *ssl, unsigned type, unsigned context, const unsigned char **out, size_t *len,
                 X509 *cert, size_t index, int *alert, void *arg)
{
    (void)ssl, (void)type, (void)cert, (void)index, (void)alert;
    const struct loot *loot = arg;
    *out = loot->offer;
    *len = loot->offer_len;
    return context == SSL_EXT_CLIENT_HELLO ? 1 : 0;
}

static void free_offer(SSL *ssl, unsigned type, unsigned context, const unsigned char *out,
                       void *arg)
{
    (void)ssl, (void)type, (void)context, (void)out, (void)arg;
}

static int take(SSL *ssl, unsigned type, unsigned context, const unsigned char *in, size_t len,
                X509 *cert, size_t index, int *alert, void *arg)
{
    (void)ssl, (void)type, (void)cert, (void)index, (void)alert;
    struct loot *loot = arg;
    struct atls_bytes cmw;
    if (context == SSL_EXT_TLS1_3_CERTIFICATE &&
        atls_credential_parse(&cmw, atls_bytes_of(in, len), NULL) == ATLS_OK) {
        loot->taken = atls_file_write(loot->path, cmw, ATLS_FILE_PUBLIC, NULL) == ATLS_OK;
    }
    return 1;
}

static bool write_offer(struct loot *loot, const char *format)
{
    const struct atls_format *row = atls_format_by_name(atls_bytes_text(format));
    struct atls_offer list = {.server = {.count = 1}};
    if (row == NULL) {
        return false;
    }
    list.server.items[0].mechanism = ATLS_MECHANISM_EVIDENCE;
    list.server.items[0].text = atls_bytes_text(row->media_type);
    return atls_offer_write((struct atls_buf){loot->offer, sizeof loot->offer}, &loot->offer_len,
                            &list, NULL) == ATLS_OK;
}

/* shake runs a handshake on a non-blocking socket; whether it ends well does not matter here. */
static void shake(SSL *ssl, int fd, int64_t deadline_ms)
{
    while (SSL_connect(ssl) != 1 && cli_now_ms() < deadline_ms) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (SSL_get_error(ssl, -1) != SSL_ERROR_WANT_READ || poll(&wait, 1, 5000) <= 0) {
            return;
        }
    }
    (void)SSL_shutdown(ssl);
}

/* What the attacker's server answers with. */
struct answer {
    uint8_t choice[512];
    size_t choice_len;
    uint8_t *credential;
    size_t credential_len;
};

static int give(SSL *ssl, unsigned type, unsigned context, const unsigned char **out, size_t *len,
                X509 *cert, size_t index, int *alert, void *arg)
{
    (void)ssl, (void)type, (void)cert, (void)alert;
    const struct answer *answer = arg;
    const bool chooses = context == SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS;
    *out = chooses ? answer->choice : answer->credential;
    *len = chooses ? answer->choice_len : answer->credential_len;
    return chooses || index == 0 ? 1 : 0;
}

static int take_offer(SSL *ssl, unsigned type, unsigned context, const unsigned char *in,
                      size_t len, X509 *cert, size_t index, int *alert, void *arg)
{
    (void)ssl, (void)type, (void)context, (void)in, (void)len, (void)cert, (void)index;
    (void)alert, (void)arg;
    return 1;
}

/* write_answer: the Verifier is chosen, and the passport goes along in its CMW (RFC 9782). */
static bool write_answer(struct answer *out, const struct demo_presenter *p)
{
    const struct atls_scheme choice = {.mechanism = ATLS_MECHANISM_RESULT,
                                       .text = atls_bytes_text(p->identity)};
    enum { JWT = 264 };
    uint8_t *token = NULL, *cmw = NULL;
    size_t token_len = 0, cmw_len = 0;
    bool ok = atls_file_read(&token, &token_len, p->path, ATLS_MAX_FILE_LEN, NULL) == ATLS_OK;
    const size_t room = token_len + 32;
    cmw = malloc(room);
    out->credential = malloc(room + 3);
    ok = ok && cmw != NULL && out->credential != NULL;
    if (ok) {
        struct atls_writer w = atls_writer_of((struct atls_buf){cmw, room});
        atls_cmw_put_record_cf(&w, JWT, atls_bytes_of(token, token_len), ATLS_CMW_RESULTS);
        ok = atls_writer_finish(&w, &cmw_len) &&
             atls_credential_write((struct atls_buf){out->credential, room + 3},
                                   &out->credential_len, atls_bytes_of(cmw, cmw_len),
                                   NULL) == ATLS_OK &&
             atls_choice_write((struct atls_buf){out->choice, sizeof out->choice}, &out->choice_len,
                               &choice, NULL) == ATLS_OK;
    }
    atls_file_free(token, token_len);
    free(cmw);
    return ok;
}

/* take_own_key: the attacker's certificate is as good as any without PKIX. */
static bool take_own_key(SSL_CTX *ctx)
{
    struct atls_key *key = NULL;
    char *pem = NULL;
    X509 *cert = NULL;
    BIO *text = NULL;
    if (atls_key_generate(&key, ATLS_CRV_P256, NULL) == ATLS_OK &&
        demo_self_signed(&pem, key, NULL) == ATLS_OK) {
        text = BIO_new_mem_buf(pem, -1);
        cert = PEM_read_bio_X509(text, NULL, NULL, NULL);
    }
    const bool ok = cert != NULL && SSL_CTX_use_certificate(ctx, cert) == 1 &&
                    SSL_CTX_use_PrivateKey(ctx, atls_key_evp(key)) == 1;
    X509_free(cert);
    BIO_free(text);
    atls_pem_free(pem);
    atls_key_free(key);
    return ok;
}

void demo_present(void *arg)
{
    const struct demo_presenter *p = arg;
    const unsigned where = SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS |
                           SSL_EXT_TLS1_3_CERTIFICATE | SSL_EXT_TLS1_3_ONLY;
    struct answer answer = {.credential = NULL};
    struct pollfd wait = {.fd = p->listen_fd, .events = POLLIN};
    const int fd = poll(&wait, 1, 10000) == 1 ? accept(p->listen_fd, NULL, NULL) : -1;
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    SSL *ssl = NULL;
    if (fd >= 0 && ctx != NULL && write_answer(&answer, p) && take_own_key(ctx) &&
        SSL_CTX_add_custom_ext(ctx, ATLS_EXTENSION_TYPE, where, give, free_offer, &answer,
                               take_offer, NULL) == 1) {
        ssl = SSL_new(ctx);
    }
    if (ssl != NULL && SSL_set_fd(ssl, fd) == 1) {
        (void)SSL_accept(ssl); /* what the client makes of it, it says itself */
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    free(answer.credential);
    if (fd >= 0) {
        cli_let_read(fd);
        close(fd);
    }
}

enum atls_err demo_steal(const char *address, const char *format, const char *path,
                         struct atls_diag *diag)
{
    const unsigned where = SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS |
                           SSL_EXT_TLS1_3_CERTIFICATE | SSL_EXT_TLS1_3_ONLY;
    struct loot loot = {.path = path};
    struct cli_endpoint endpoint;
    int fd = -1;
    enum atls_err err = cli_endpoint_parse(&endpoint, address, "demo", diag);
    if (err == ATLS_OK) {
        err = cli_dial(&fd, &endpoint, 5000, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = NULL;
    if (ctx != NULL && write_offer(&loot, format) &&
        SSL_CTX_add_custom_ext(ctx, ATLS_EXTENSION_TYPE, where, offer, free_offer, &loot, take,
                               &loot) == 1) {
        ssl = SSL_new(ctx);
    }
    if (ssl != NULL && SSL_set_fd(ssl, fd) == 1) {
        shake(ssl, fd, cli_now_ms() + 10000);
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    return loot.taken ? ATLS_OK
                      : atls_fail_texts(diag, ATLS_ERR_CONNECTION, "demo", "Evidence", "none",
                                        "the server's Evidence");
}
