/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where OpenSSL asks about sessions. A server is asked when a ticket has been opened, and declines
 * what does not hold: the handshake is then a full one. A client is asked nothing, so what it is
 * about to offer is looked at when its handshake begins. Both are looked at again at the gate.
 *
 * 0-RTT is never: what we keep says that no early data may be sent, a ticket that comes with early
 * data is declined, and the gate refuses whatever comes before its verdict. PSK without
 * (EC)DHE is not allowed, and noticed in the channel.
 */
#include "stack/openssl/resume.h"

#include "base/reader.h"
#include "base/span.h"
#include "crypto/crypto.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

/* ---- facts with an SSL_SESSION ---- */

static struct atls_bytes facts_of(SSL_SESSION *session)
{
    void *data = NULL;
    size_t len = 0;
    return SSL_SESSION_get0_ticket_appdata(session, &data, &len) == 1 ? atls_bytes_of(data, len)
                                                                      : atls_bytes_of(NULL, 0);
}

static enum atls_err fail_digest(struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_RESUMPTION, "resumption", "connection",
                           "an SSL_CTX that does not resume", "one with atls enabled for it");
}

/* expect looks at the facts of a session that a connection is about to offer, or was offered. */
static enum atls_err expect(SSL *ssl, bool is_server, const char *name,
                            struct atls_session *session, SSL_SESSION *kept, struct atls_diag *diag)
{
    uint8_t connection[ATLS_CONNECTION_DIGEST_LEN];
    if (!openssl_connection_digest(ssl, is_server, name, connection)) {
        return fail_digest(diag);
    }
    return atls_session_expect(session, facts_of(kept),
                               atls_bytes_of(connection, sizeof connection), diag);
}

enum atls_err atls_openssl_check_session(SSL *ssl, SSL_SESSION *session, struct atls_diag *diag)
{
    struct atls_context *context = openssl_context_of(SSL_get_SSL_CTX(ssl));
    if (context == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_STATE, "OpenSSL", "SSL_CTX", "one without atls",
                               "atls_openssl_enable() before");
    }
    if (!atls_context_resumes(context)) {
        return atls_fail_texts(diag, ATLS_ERR_RESUMED, "resumption", "context",
                               "one that does not resume", "atls_context_set_resume()");
    }
    uint8_t connection[ATLS_CONNECTION_DIGEST_LEN];
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (!openssl_connection_digest(ssl, false, name, connection)) {
        return fail_digest(diag);
    }
    return atls_context_check_facts(context, facts_of(session),
                                    atls_bytes_of(connection, sizeof connection), diag);
}

/* ---- the client ---- */

void openssl_drop_session(SSL *ssl, struct atls_session *session)
{
    struct atls_diag why;
    SSL_SESSION *kept = SSL_get_session(ssl);
    if (SSL_is_server(ssl) != 0 || kept == NULL ||
        !atls_context_resumes(atls_session_context(session)) ||
        expect(ssl, false, SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name), session, kept,
               &why) == ATLS_OK) {
        return;
    }
    if (SSL_set_session(ssl, NULL) != 1) {
        ERR_clear_error(); /* the gate refuses it then */
    }
}

bool openssl_may_offer(SSL *ssl, const struct atls_session *session)
{
    const SSL_SESSION *kept = SSL_get_session(ssl);
    return kept == NULL || SSL_SESSION_is_resumable(kept) == 0 ||
           atls_context_resumes(atls_session_context(session));
}

/* ---- the server ---- */

/* read_name gives the host name of server_name (RFC 6066, 3) into `out`; false for what is none. */
static bool read_name(struct atls_bytes extension, char *out, size_t cap)
{
    struct atls_reader r = atls_reader_of(extension);
    struct atls_bytes list, name;
    uint8_t type = 0;
    if (!atls_read_vec16(&r, 1, UINT16_MAX, &list) || !atls_read_end(&r)) {
        return false;
    }
    r = atls_reader_of(list);
    if (!atls_read_u8(&r, &type) || type != TLSEXT_NAMETYPE_host_name ||
        !atls_read_vec16(&r, 1, cap - 1, &name) || !atls_read_end(&r) ||
        memchr(name.data, 0, name.len) != NULL) {
        return false;
    }
    memcpy(out, name.data, name.len);
    out[name.len] = '\0';
    return true;
}

/* offered_name: when a ticket is opened, OpenSSL has not read server_name yet. */
static bool offered_name(SSL *ssl, char *room, size_t cap, const char **out)
{
    const unsigned char *data = NULL;
    size_t len = 0;
    *out = NULL;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &len) != 1) {
        return true;
    }
    *out = room;
    return read_name(atls_bytes_of(data, len), room, cap);
}

static bool offers_early_data(SSL *ssl)
{
    const unsigned char *data = NULL;
    size_t len = 0;
    return SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_early_data, &data, &len) == 1;
}

/* on_ticket is SSL_CTX_decrypt_session_ticket_fn. To ignore a ticket is to go on with a full
 * handshake, in which everything is appraised anew. */
static SSL_TICKET_RETURN on_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *key_name,
                                   size_t key_name_len, SSL_TICKET_STATUS status, void *arg)
{
    (void)key_name, (void)key_name_len, (void)arg;
    char room[TLSEXT_MAXLEN_host_name + 1];
    const char *name = NULL;
    struct atls_diag why;
    struct atls_session *ours = openssl_session_of(ssl);
    const bool opened = status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW;
    const bool holds = opened && ours != NULL && atls_session_has_begun(ours) &&
                       !offers_early_data(ssl) && offered_name(ssl, room, sizeof room, &name) &&
                       expect(ssl, true, name, ours, session, &why) == ATLS_OK;
    return holds ? SSL_TICKET_RETURN_USE_RENEW : SSL_TICKET_RETURN_IGNORE_RENEW;
}

/* before_ticket is SSL_CTX_generate_session_ticket_fn: the gate has opened by now, and the facts
 * are with the session, or were when it was resumed. */
static int before_ticket(SSL *ssl, void *arg)
{
    (void)arg;
    const struct atls_session *session = openssl_session_of(ssl);
    SSL_SESSION *ticket = SSL_get_session(ssl);
    if (session == NULL || ticket == NULL || !atls_verdict_opens(atls_session_verdict(session))) {
        return 0;
    }
    const uint32_t left_s = atls_session_facts_left_s(session);
    /* The first is what the ticket has inside, the second what the client is told. */
    return SSL_SESSION_set_max_early_data(ticket, 0) == 1 && SSL_set_max_early_data(ssl, 0) == 1 &&
                   SSL_SESSION_set_timeout(ticket, left_s != 0 ? (long)left_s : 1) == 1
               ? 1
               : 0;
}

static int use_key(const struct atls_ticket_key *key, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                   EVP_MAC_CTX *mac, int enc)
{
    static char sha256[] = "SHA256";
    struct atls_ticket_key copy = *key;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, copy.mac_key, sizeof copy.mac_key),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
        OSSL_PARAM_construct_end(),
    };
    const int ok =
        EVP_MAC_CTX_set_params(mac, params) == 1 &&
        EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, copy.cipher_key, iv, enc) == 1;
    atls_wipe(&copy, sizeof copy);
    return ok ? 1 : -1;
}

/* ticket_key is the callback of SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 1 goes on, 0 knows no such
 * key, -1 fails. */
static int ticket_key(SSL *ssl, unsigned char name[16], unsigned char *iv, EVP_CIPHER_CTX *cipher,
                      EVP_MAC_CTX *mac, int enc)
{
    const struct atls_session *session = openssl_session_of(ssl);
    struct atls_ticket_key key;
    if (session == NULL || !atls_context_resumes(atls_session_context(session))) {
        return enc == 1 ? -1 : 0;
    }
    struct atls_context *context = atls_session_context(session);
    if (enc == 1) {
        const struct atls_buf room = {iv, EVP_MAX_IV_LENGTH};
        if (atls_context_ticket_key(context, &key, NULL) != ATLS_OK ||
            atls_random(room) != ATLS_OK) {
            return -1;
        }
        memcpy(name, key.name, sizeof key.name);
    } else if (!atls_context_find_ticket_key(context, name, &key)) {
        return 0;
    }
    const int ok = use_key(&key, iv, cipher, mac, enc);
    atls_wipe(&key, sizeof key);
    return ok;
}

/* ---- both ---- */

enum atls_err openssl_allow_resumption(SSL_CTX *ctx, const struct atls_context *context,
                                       struct atls_diag *diag)
{
    const struct atls_bytes id = atls_context_digest(context);
    const enum atls_err err = openssl_trust_note(ctx, diag);
    if (err != ATLS_OK) {
        return err;
    }
    SSL_CTX_clear_options(ctx, SSL_OP_NO_TICKET | SSL_OP_ALLOW_NO_DHE_KEX);
    /* So that a client's callback of SSL_CTX_sess_set_new_cb(3) is called, and OpenSSL uses a
     * session once. */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_timeout(ctx, (long)atls_context_session_lifetime_s(context));
    if (SSL_CTX_set_session_id_context(ctx, id.data, (unsigned)id.len) != 1 ||
        SSL_CTX_set_session_ticket_cb(ctx, before_ticket, on_ticket, NULL) != 1 ||
        SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, ticket_key) != 1) {
        return atls_fail(diag, ATLS_ERR_CRYPTO, "OpenSSL", "tickets");
    }
    return ATLS_OK;
}

static void take_facts(SSL *ssl, struct atls_session *session)
{
    uint8_t connection[ATLS_CONNECTION_DIGEST_LEN];
    const bool is_server = SSL_is_server(ssl) == 1;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    SSL_SESSION *kept = SSL_get_session(ssl);
    const struct atls_bytes facts = kept != NULL ? facts_of(kept) : atls_bytes_of(NULL, 0);
    struct atls_diag diag;
    if (!is_server && atls_session_expects(session, facts)) {
        atls_session_resume(session, facts, atls_bytes_of(NULL, 0));
        return;
    }
    /* A server may have another SSL_CTX by now, which trusts others. */
    if (!openssl_connection_digest(ssl, is_server, name, connection)) {
        (void)fail_digest(&diag);
        atls_session_refuse(session, &diag);
        return;
    }
    atls_session_resume(session, facts, atls_bytes_of(connection, sizeof connection));
}

void openssl_at_gate(SSL *ssl, struct atls_session *session)
{
    if (SSL_session_reused(ssl) == 1 && !atls_session_has_resumed(session) &&
        atls_context_resumes(atls_session_context(session))) {
        take_facts(ssl, session);
    }
}

void openssl_before_finished(SSL *ssl, struct atls_session *session)
{
    if (!atls_context_resumes(atls_session_context(session))) {
        return;
    }
    openssl_at_gate(ssl, session);
    if (SSL_is_server(ssl) == 1) {
        (void)SSL_set_num_tickets(ssl, atls_session_may_be_resumed(session) ? 1 : 0);
    }
}

void openssl_keep_facts(SSL *ssl, struct atls_session *session)
{
    uint8_t connection[ATLS_CONNECTION_DIGEST_LEN];
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    SSL_SESSION *kept = SSL_get_session(ssl);
    uint8_t *facts = NULL;
    size_t len = 0;
    if (kept == NULL || SSL_session_reused(ssl) == 1 ||
        !atls_context_resumes(atls_session_context(session)) ||
        !openssl_connection_digest(ssl, SSL_is_server(ssl) == 1, name, connection) ||
        (facts = malloc(SESSION_MAX_FACTS_LEN)) == NULL) {
        return; /* without facts a session is never resumed */
    }
    const struct atls_buf room = {facts, SESSION_MAX_FACTS_LEN};
    if (atls_session_write_facts(session, atls_bytes_of(connection, sizeof connection), room, &len,
                                 NULL) == ATLS_OK) {
        (void)SSL_SESSION_set1_ticket_appdata(kept, facts, len);
        (void)SSL_SESSION_set_timeout(kept, (long)atls_session_facts_left_s(session));
    }
    free(facts);
}
