/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DTLS 1.2 as attestation after the handshake may be bound to it: ephemeral keys on curves,
 * AEAD, and the extended master secret, without which its exporter binds to no transcript (RFC
 * 7627; RFC 9261, 1). Neither sessions nor renegotiation.
 */
#include "stack/openssl/adapter.h"

#include "base/span.h"
#include "crypto/crypto.h"

#include <stdio.h>
#include <string.h>

/* RFC 5289 and RFC 7905. */
static const struct suite {
    const char *name;
    uint16_t id;
    int32_t hash_alg;
} suites[] = {
    {"ECDHE-ECDSA-AES128-GCM-SHA256", 0xc02b, ATLS_ALG_SHA256},
    {"ECDHE-RSA-AES128-GCM-SHA256", 0xc02f, ATLS_ALG_SHA256},
    {"ECDHE-ECDSA-CHACHA20-POLY1305", 0xcca9, ATLS_ALG_SHA256},
    {"ECDHE-RSA-CHACHA20-POLY1305", 0xcca8, ATLS_ALG_SHA256},
    {"ECDHE-ECDSA-AES256-GCM-SHA384", 0xc02c, ATLS_ALG_SHA384},
    {"ECDHE-RSA-AES256-GCM-SHA384", 0xc030, ATLS_ALG_SHA384},
};

/* No SHA-1, which OpenSSL would take in 1.2; RSASSA-PKCS1-v1_5 is for certificates, too. */
static const char signatures[] = "ECDSA+SHA256:ed25519:ECDSA+SHA384:ECDSA+SHA512:ed448:"
                                 "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
                                 "RSA+SHA256:RSA+SHA384:RSA+SHA512";

bool openssl_is_datagrams(const SSL_CTX *ctx)
{
    const SSL_METHOD *method = SSL_CTX_get_ssl_method(ctx);
    return method == DTLS_method() || method == DTLS_client_method() ||
           method == DTLS_server_method();
}

int32_t openssl_dtls_hash_alg(uint16_t suite)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(suites); i++) {
        if (suites[i].id == suite) {
            return suites[i].hash_alg;
        }
    }
    return ATLS_ALG_NONE;
}

enum atls_err openssl_restrict_dtls(SSL_CTX *ctx, const char *groups, size_t max_binder,
                                    struct atls_diag *diag)
{
    char list[256] = "";
    char copy[sizeof signatures], group_list[128]; /* OpenSSL's macros take no const */
    size_t len = 0;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(suites); i++) {
        const size_t name_len = strlen(suites[i].name);
        if (atls_hash_len(suites[i].hash_alg) <= max_binder && len + name_len + 2 < sizeof list) {
            if (len != 0) {
                list[len++] = ':';
            }
            memcpy(&list[len], suites[i].name, name_len + 1);
            len += name_len;
        }
    }
    memcpy(copy, signatures, sizeof copy);
    (void)snprintf(group_list, sizeof group_list, "%s", groups);
    if (SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(ctx, list) != 1 || SSL_CTX_set1_groups_list(ctx, group_list) != 1 ||
        SSL_CTX_set1_sigalgs_list(ctx, copy) != 1) {
        return atls_fail_texts(diag, ATLS_ERR_CRYPTO, "channel", groups,
                               "an OpenSSL that refuses the list", "DTLS 1.2 with these groups");
    }
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_clear_options(ctx, SSL_OP_NO_EXTENDED_MASTER_SECRET);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    return ATLS_OK;
}
