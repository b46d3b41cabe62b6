/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/openssl/datagram.h"

#include "base/span.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

static const char label[] = "EXPORTER-atls-datagram"; /* PROTOCOL.md, section 11 */

enum atls_err openssl_datagram_check(SSL *ssl, struct atls_diag *diag)
{
    return SSL_get_extms_support(ssl) == 1
               ? ATLS_OK
               : atls_fail_texts(diag, ATLS_ERR_CHANNEL, "channel", "master secret",
                                 "one that is bound to no transcript",
                                 "the extended master secret of RFC 7627");
}

struct atls_datagram *openssl_datagram_new(SSL *ssl)
{
    static const unsigned char nothing[1];
    uint8_t marks[2 * ATLS_DATAGRAM_MARK_LEN]; /* of the client, then of the server */
    struct atls_datagram *d = malloc(sizeof *d);
    if (d == NULL || SSL_export_keying_material(ssl, marks, sizeof marks, label, strlen(label),
                                                nothing, 0, 1) != 1) {
        free(d);
        return NULL;
    }
    const bool server = SSL_is_server(ssl) == 1;
    atls_datagram_init(d, &marks[server ? ATLS_DATAGRAM_MARK_LEN : 0],
                       &marks[server ? 0 : ATLS_DATAGRAM_MARK_LEN]);
    OPENSSL_cleanse(marks, sizeof marks);
    return d;
}

void openssl_datagram_free(struct atls_datagram *d)
{
    if (d != NULL) {
        OPENSSL_cleanse(d, sizeof *d);
        free(d);
    }
}

void openssl_datagram_send(SSL *ssl, struct atls_datagram *d, int64_t now_ms)
{
    uint8_t record[ATLS_MAX_DATAGRAM_LEN];
    size_t len = 0;
    while ((len = atls_datagram_make(d, record, now_ms)) != 0) {
        size_t done = 0;
        ERR_clear_error();
        (void)SSL_write_ex(ssl, record, len, &done);
    }
    ERR_clear_error();
}

int openssl_datagram_turn(SSL *ssl, struct atls_datagram *d, bool open, int64_t now_ms)
{
    uint8_t record[ATLS_MAX_DATAGRAM_LEN + 1]; /* one that is longer is seen to be */
    size_t len = 0;
    openssl_datagram_send(ssl, d, now_ms);
    const int there = SSL_peek_ex(ssl, record, sizeof record, &len);
    if (there != 1) {
        return there;
    }
    const struct atls_bytes datagram = atls_bytes_of(record, len);
    const bool ours = atls_datagram_is_peers(d, datagram);
    if (!ours && open) {
        atls_datagram_drain(d);
        return 1;
    }
    if (ours) {
        atls_datagram_take(d, datagram);
    }
    /* A read takes a datagram to its end or not: what does not fit comes with the next one. */
    return SSL_read_ex(ssl, record, sizeof record, &len);
}
