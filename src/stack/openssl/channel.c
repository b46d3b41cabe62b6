/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The channel that attestation may be bound to: TLS 1.3, three suites, and groups that refuse
 * degenerate shares; DTLS 1.2 is in channel_dtls.c. What may be offered is set on the
 * SSL_CTX; what was negotiated is checked again at the end, since an application can change its
 * SSL.
 */
#include "stack/openssl/psk.h"
#include "stack/openssl/resume.h"

#include <string.h>

/* RFC 8446, B.4. */
static const struct suite {
    const char *name;
    uint16_t id;
    int32_t hash_alg;
} suites[] = {
    {"TLS_AES_128_GCM_SHA256", 0x1301, ATLS_ALG_SHA256},
    {"TLS_CHACHA20_POLY1305_SHA256", 0x1303, ATLS_ALG_SHA256},
    {"TLS_AES_256_GCM_SHA384", 0x1302, ATLS_ALG_SHA384},
};

/* RFC 8446, 4.2.7, and draft-ietf-tls-ecdhe-mlkem; no finite field group. */
static const struct group {
    const char *name;
    uint16_t id;
    unsigned since_minor; /* OpenSSL 3.x that knows it */
} groups[] = {
    {"X25519MLKEM768", 0x11ec, 5},
    {"X25519", 0x001d, 0},
    {"P-256", 0x0017, 0},
    {"X448", 0x001e, 0},
    {"P-384", 0x0018, 0},
    {"P-521", 0x0019, 0},
    {"SecP256r1MLKEM768", 0x11eb, 5},
};

static const struct suite *find_suite(const SSL *ssl)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
    const uint16_t id = cipher != NULL ? SSL_CIPHER_get_protocol_id(cipher) : 0;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(suites); i++) {
        if (suites[i].id == id) {
            return &suites[i];
        }
    }
    return NULL;
}

int32_t openssl_hash_alg(const SSL *ssl)
{
    const struct suite *suite = find_suite(ssl);
    return suite != NULL ? suite->hash_alg : ATLS_ALG_NONE;
}

/* OpenSSL gives a NID, or 0x1000000 and the code point for a group that has none. */
static bool group_is(long negotiated, const struct group *group)
{
    static const struct {
        int nid;
        uint16_t id;
    } nids[] = {{NID_X25519, 0x001d},
                {NID_X448, 0x001e},
                {NID_X9_62_prime256v1, 0x0017},
                {NID_secp384r1, 0x0018},
                {NID_secp521r1, 0x0019}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(nids); i++) {
        if (nids[i].nid == negotiated) {
            return nids[i].id == group->id;
        }
    }
    return negotiated == (0x1000000L | group->id);
}

static void describe_dtls(struct atls_channel *channel, const SSL *ssl)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
    /* SNI may have switched to an SSL_CTX that was set up for TLS. */
    channel->is_dtls12 =
        SSL_version(ssl) == DTLS1_2_VERSION && openssl_is_datagrams(SSL_get_SSL_CTX(ssl));
    channel->hash_alg =
        cipher != NULL ? openssl_dtls_hash_alg(SSL_CIPHER_get_protocol_id(cipher)) : ATLS_ALG_NONE;
    channel->suite_listed = channel->hash_alg != ATLS_ALG_NONE;
}

struct atls_channel openssl_channel(const SSL *ssl)
{
    const struct suite *suite = find_suite(ssl);
    /* SSL_get_negotiated_group takes a non-const SSL only for the macro's sake. */
    const long negotiated = SSL_get_negotiated_group((SSL *)(uintptr_t)ssl);
    const bool reused = SSL_session_reused(ssl) != 0;
    const bool psk = openssl_psk_is_used(ssl);
    struct atls_channel channel = {
        .is_tls13 = SSL_version(ssl) == TLS1_3_VERSION,
        .resumed = reused && !psk,
        .psk = psk,
        .suite_listed = suite != NULL,
        .hash_alg = suite != NULL ? suite->hash_alg : ATLS_ALG_NONE,
        .suite = SSL_get_cipher_name(ssl),
        .group = "none that is listed",
        .prelude = openssl_prelude_chosen(ssl),
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(groups); i++) {
        if (group_is(negotiated, &groups[i])) {
            channel.group_listed = true;
            channel.group = groups[i].name;
        }
    }
    if (SSL_is_dtls(ssl) == 1) {
        describe_dtls(&channel, ssl);
    }
    /* A session may be resumed without a key exchange (psk_ke), and OpenSSL then gives the group of
     * the first connection; of ML-KEM it has no share that a client could be asked for. */
    if (reused && !openssl_had_share(ssl)) {
        channel.group_listed = false;
        channel.group = "none: a PSK alone";
    }
    return channel;
}

static void append(char *list, size_t cap, const char *text)
{
    const size_t used = strlen(list), len = strlen(text);
    if (used + len < cap) {
        memcpy(&list[used], text, len + 1);
    }
}

/* join appends `name`, behind `mark`, to a list with colons; the lists are ours, and fit. */
static void join(char *list, size_t cap, const char *mark, const char *name)
{
    if (list[0] != '\0') {
        append(list, cap, ":");
    }
    append(list, cap, mark);
    append(list, cap, name);
}

/* A client of OpenSSL 3.5 sends shares for the groups with an asterisk: with one that everybody has
 * beside ML-KEM, a server without that needs no second ClientHello. */
static const char *share_mark(const char *group, unsigned minor)
{
    const bool sends =
        minor >= 5 && (strcmp(group, "X25519MLKEM768") == 0 || strcmp(group, "X25519") == 0);
    return sends ? "*" : "";
}

enum atls_err openssl_restrict_channel(SSL_CTX *ctx, const struct atls_context *context,
                                       struct atls_diag *diag)
{
    char suite_list[128] = "", group_list[128] = "";
    const size_t max_binder = atls_context_max_binder(context);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(suites); i++) {
        if (atls_hash_len(suites[i].hash_alg) <= max_binder &&
            openssl_psk_takes(ctx, suites[i].hash_alg)) {
            join(suite_list, sizeof suite_list, "", suites[i].name);
        }
    }
    if (suite_list[0] == '\0') {
        return atls_fail_texts(diag, ATLS_ERR_ATTESTER, "cipher suites", "longest nonce",
                               "an attester that takes less than 32 octets", "32 octets");
    }
    const unsigned minor = OPENSSL_version_major() > 3 ? 99 : OPENSSL_version_minor();
    for (size_t i = 0; i < ATLS_ARRAY_LEN(groups); i++) {
        if (minor >= groups[i].since_minor) {
            join(group_list, sizeof group_list, share_mark(groups[i].name, minor), groups[i].name);
        }
    }
    if (openssl_is_datagrams(ctx)) {
        return openssl_restrict_dtls(ctx, group_list, max_binder, diag);
    }
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(ctx, suite_list) != 1 ||
        SSL_CTX_set1_groups_list(ctx, group_list) != 1) {
        return atls_fail_texts(diag, ATLS_ERR_CRYPTO, "channel", group_list,
                               "an OpenSSL that refuses the list", "TLS 1.3 with these groups");
    }
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_set_num_tickets(ctx, 0) != 1 || SSL_CTX_set_max_early_data(ctx, 0) != 1 ||
        SSL_CTX_set_recv_max_early_data(ctx, 0) != 1) {
        return atls_fail(diag, ATLS_ERR_CRYPTO, "channel", "tickets and early data");
    }
    if (atls_context_resumes(context)) {
        const enum atls_err err = openssl_allow_resumption(ctx, context, diag);
        if (err != ATLS_OK) {
            return err;
        }
    }
#ifdef SSL_OP_NO_TX_CERTIFICATE_COMPRESSION
    /* R-55, and it would compress Evidence, which does not compress. */
    SSL_CTX_set_options(ctx, SSL_OP_NO_TX_CERTIFICATE_COMPRESSION |
                                 SSL_OP_NO_RX_CERTIFICATE_COMPRESSION);
#endif
    return ATLS_OK;
}
