/* SPDX-License-Identifier: Apache-2.0 */
/* An unpatched OpenSSL with a custom extension is all that it takes to be sent Evidence: it is no
 * secret. What it must not be is useful in another connection. */
#include "demo_thief.h"

#include "base/diag.h"
#include "base/formats.h"
#include "base/span.h"
#include "handshake/remote_attestation.h"
#include "json/file.h"
#include "net.h"
#include "tls.h"

#include <openssl/ssl.h>
#include <poll.h>
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
