/* SPDX-License-Identifier: Apache-2.0 */
#include "dtls.h"

#include "base/diag.h"
#include "dtls_listen.h"
#include "timing.h"
#include "udp_bio.h"

enum atls_err cli_dtls_check(const struct cli_options *o, struct atls_diag *diag)
{
    const struct {
        bool is_wrong;
        const char *found, *expected;
    } rules[] = {
        {o->resume, "--resume beside it", "full handshakes: a session of DTLS is not resumed"},
        {o->psk != NULL, "--psk beside it", "certificates: a PSK of TLS 1.3 is none of DTLS 1.2"},
        {o->reattest != NULL, "--reattest beside it",
         "attestation once: rounds go among frames, and datagrams have none"},
        {o->framed, "--framed beside it", "data as datagrams, which are not framed"},
        {cli_timing_of(o) != ATLS_TIMING_POST, o->timing != NULL ? o->timing : "handshake",
         "--timing post: DTLS 1.2 has no place for Evidence in its handshake"},
    };
    for (size_t i = 0; o->dtls && i < ATLS_ARRAY_LEN(rules); i++) {
        if (rules[i].is_wrong) {
            const bool timing = i + 1 == ATLS_ARRAY_LEN(rules);
            return atls_fail_texts(diag, ATLS_ERR_CONFIG, "--dtls", timing ? "--timing" : NULL,
                                   rules[i].found, rules[i].expected);
        }
    }
    return ATLS_OK;
}

SSL_CTX *cli_dtls_ctx(const struct cli_options *o, bool is_server)
{
    if (!o->dtls) {
        return SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
    }
    SSL_CTX *ctx = SSL_CTX_new(is_server ? DTLS_server_method() : DTLS_client_method());
    if (ctx != NULL && is_server) {
        cli_dtls_cookies(ctx);
    }
    return ctx;
}

bool cli_dtls_attach(SSL *ssl, int fd)
{
    BIO *bio = cli_udp_bio(fd, false);
    if (bio == NULL) {
        return false;
    }
    SSL_set_bio(ssl, bio, bio);
    return true;
}
