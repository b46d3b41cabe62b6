/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ALPN for the exchange after the handshake (PROTOCOL.md, section 11): "atls/1" where the
 * application has no protocol, else "atls/1+P" before each P. The names are in the transcript, and
 * so in what the connection exports: who changes them breaks Finished and every authenticator.
 */
#include "atls/post.h"
#include "stack/openssl/psk.h"

#include "base/span.h"
#include "base/writer.h"

#include <stdlib.h>

static const char step[] = "ALPN";
static const char alone[] = "atls/1";
static const char before[] = "atls/1+";

enum { MAX_NAME = 255, BEFORE_LEN = sizeof before - 1, MAX_LIST = 65535 };

struct openssl_alpn {
    unsigned char *protocols; /* of the application */
    size_t len;
    SSL_CTX_alpn_select_cb_func select;
    void *arg;
};

void openssl_alpn_free(struct openssl_alpn *alpn)
{
    if (alpn != NULL) {
        free(alpn->protocols);
        free(alpn);
    }
}

/* next takes a name off a list; false at its end, and where it is no list. */
static bool next(struct atls_bytes *list, struct atls_bytes *name)
{
    if (list->len == 0 || list->data[0] == 0 || list->data[0] >= list->len) {
        return false;
    }
    *name = atls_bytes_of(list->data + 1, list->data[0]);
    const size_t used = 1u + list->data[0];
    *list = atls_bytes_of(list->data + used, list->len - used);
    return true;
}

static bool starts_with(struct atls_bytes name, const char *prefix)
{
    const size_t len = strlen(prefix);
    return name.len >= len && atls_bytes_is_text(atls_bytes_of(name.data, len), prefix);
}

/* within gives P of "atls/1+P"; false for any other name. */
static bool within(struct atls_bytes name, struct atls_bytes *out)
{
    if (!starts_with(name, before) || name.len == BEFORE_LEN) {
        return false;
    }
    *out = atls_bytes_of(name.data + BEFORE_LEN, name.len - BEFORE_LEN);
    return true;
}

static struct openssl_alpn *get(SSL_CTX *ctx)
{
    struct openssl_alpn *alpn = openssl_alpn_of(ctx);
    if (alpn == NULL) {
        alpn = calloc(1, sizeof *alpn);
        if (alpn != NULL && !openssl_alpn_set(ctx, alpn)) {
            openssl_alpn_free(alpn);
            alpn = NULL;
        }
    }
    return alpn;
}

/* ---- clients ---- */

static void put_offer(struct atls_writer *w, struct atls_bytes protocols)
{
    struct atls_bytes name;
    if (protocols.len == 0) {
        atls_write_vec8(w, atls_bytes_text(alone));
    }
    while (next(&protocols, &name)) {
        atls_write_u8(w, (uint8_t)(BEFORE_LEN + name.len));
        atls_write_bytes(w, atls_bytes_text(before));
        atls_write_bytes(w, name);
        atls_write_vec8(w, name);
    }
}

static enum atls_err offer(SSL_CTX *ctx, struct atls_bytes protocols, struct atls_diag *diag)
{
    struct atls_writer counting = atls_writer_counting();
    put_offer(&counting, protocols);
    uint8_t *list = malloc(counting.len);
    struct atls_writer w = atls_writer_of((struct atls_buf){list, counting.len});
    put_offer(&w, protocols);
    size_t len = 0;
    const bool done = list != NULL && atls_writer_finish(&w, &len) && len <= MAX_LIST &&
                      SSL_CTX_set_alpn_protos(ctx, list, (unsigned)len) == 0;
    free(list);
    return done ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, step, "protocols");
}

/* check_list: OpenSSL itself looks at a list no sooner than in a handshake. */
static enum atls_err check_list(struct atls_bytes list, struct atls_diag *diag)
{
    struct atls_bytes name = {NULL, 0};
    bool fit = list.len <= MAX_LIST / 2 - MAX_NAME;
    while (fit && next(&list, &name)) {
        fit = name.len <= MAX_NAME - BEFORE_LEN;
    }
    return fit && list.len == 0 ? ATLS_OK
                                : atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "protocols",
                                                  "what is no list of names, or too long",
                                                  "names of 1 to 248 octets behind their lengths");
}

enum atls_err atls_openssl_set_alpn(SSL_CTX *ctx, const unsigned char *protocols, size_t len,
                                    struct atls_diag *diag)
{
    enum atls_err err = openssl_index_init(diag);
    if (err == ATLS_OK) {
        err = check_list(atls_bytes_of(protocols, len), diag);
    }
    struct openssl_alpn *alpn = err == ATLS_OK ? get(ctx) : NULL;
    unsigned char *copy = alpn != NULL ? malloc(len != 0 ? len : 1) : NULL;
    if (err == ATLS_OK && copy == NULL) {
        err = atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    if (err != ATLS_OK) {
        return err;
    }
    if (len != 0) {
        memcpy(copy, protocols, len);
    }
    free(alpn->protocols);
    alpn->protocols = copy;
    alpn->len = len;
    return openssl_alpn_apply(ctx, diag);
}

/* ---- servers ---- */

static enum atls_err fail_none(struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_NO_PROTOCOL, "ClientHello", "ALPN",
                           "no protocol with attestation after the handshake",
                           "atls/1, or atls/1+ and a protocol of the application");
}

/* refuse ends the handshake with no_application_protocol(120), by what OpenSSL makes of it. */
static int refuse(SSL *ssl)
{
    struct atls_diag diag;
    struct atls_session *session = openssl_session_get(ssl);
    fail_none(&diag);
    if (session != NULL) {
        atls_session_refuse(session, &diag);
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* find gives the name of `list` that is `prefix` and `rest`. */
static bool find(struct atls_bytes list, const char *prefix, struct atls_bytes rest,
                 struct atls_bytes *out)
{
    const size_t prefix_len = strlen(prefix);
    while (next(&list, out)) {
        if (out->len == prefix_len + rest.len && starts_with(*out, prefix) &&
            atls_bytes_equal(atls_bytes_of(out->data + prefix_len, rest.len), rest)) {
            return true;
        }
    }
    return false;
}

/* shown writes the list that the application's callback gets: P of each "atls/1+P". */
static size_t shown(unsigned char *out, struct atls_bytes offered)
{
    size_t len = 0;
    struct atls_bytes name, inner;
    while (next(&offered, &name)) {
        if (within(name, &inner)) {
            out[len++] = (unsigned char)inner.len;
            memcpy(&out[len], inner.data, inner.len);
            len += inner.len;
        }
    }
    return len;
}

static int give(struct atls_bytes name, const unsigned char **out, unsigned char *out_len)
{
    *out = name.data;
    *out_len = (unsigned char)name.len;
    return SSL_TLSEXT_ERR_OK;
}

/* select_within asks the application which P it takes, and chooses "atls/1+P" then. */
static int select_within(SSL *ssl, const struct openssl_alpn *alpn, struct atls_bytes offered,
                         const unsigned char **out, unsigned char *out_len)
{
    struct atls_bytes name;
    const unsigned char *chosen = NULL;
    unsigned char chosen_len = 0;
    int result = SSL_TLSEXT_ERR_NOACK;
    unsigned char *list = malloc(offered.len);
    const size_t len = list != NULL ? shown(list, offered) : 0;
    if (len != 0) {
        result = alpn->select(ssl, &chosen, &chosen_len, list, (unsigned)len, alpn->arg);
    }
    if (result == SSL_TLSEXT_ERR_OK) {
        result = find(offered, before, atls_bytes_of(chosen, chosen_len), &name)
                     ? give(name, out, out_len)
                     : SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    free(list);
    return result;
}

static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *in, unsigned in_len, void *arg)
{
    (void)arg;
    const struct atls_bytes offered = atls_bytes_of(in, in_len), nothing = {NULL, 0};
    const struct openssl_alpn *alpn = openssl_alpn_of(SSL_get_SSL_CTX(ssl));
    const struct atls_context *context = openssl_context_of(SSL_get_SSL_CTX(ssl));
    const bool has_own = alpn != NULL && alpn->select != NULL;
    struct atls_bytes name;
    int result = SSL_TLSEXT_ERR_NOACK;
    if (has_own) {
        result = select_within(ssl, alpn, offered, out, out_len);
    }
    if (result != SSL_TLSEXT_ERR_NOACK) {
        return result;
    }
    if (find(offered, alone, nothing, &name)) {
        return give(name, out, out_len);
    }
    if (context == NULL || atls_context_needs_prelude(context)) {
        return refuse(ssl);
    }
    return has_own ? alpn->select(ssl, out, out_len, in, in_len, alpn->arg) : result;
}

enum atls_err atls_openssl_set_alpn_select(SSL_CTX *ctx, SSL_CTX_alpn_select_cb_func select,
                                           void *arg, struct atls_diag *diag)
{
    const enum atls_err err = openssl_index_init(diag);
    struct openssl_alpn *alpn = err == ATLS_OK ? get(ctx) : NULL;
    if (alpn == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    alpn->select = select;
    alpn->arg = arg;
    return openssl_alpn_apply(ctx, diag);
}

int atls_openssl_client_hello_callback(SSL *ssl, int *alert, void *arg)
{
    (void)arg;
    const unsigned char *body = NULL;
    size_t len = 0;
    const struct atls_context *context = openssl_context_of(SSL_get_SSL_CTX(ssl));
    struct atls_diag diag;
    if (!openssl_psk_is_offered(ssl, &diag)) {
        struct atls_session *session = openssl_session_get(ssl);
        if (session != NULL) {
            atls_session_refuse(session, &diag);
        }
        *alert = SSL_AD_UNKNOWN_PSK_IDENTITY;
        return SSL_CLIENT_HELLO_ERROR;
    }
    if (context == NULL || !atls_context_needs_prelude(context) ||
        SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &body,
                                  &len) == 1) {
        return SSL_CLIENT_HELLO_SUCCESS;
    }
    (void)refuse(ssl);
    *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
    return SSL_CLIENT_HELLO_ERROR;
}

/* ---- both ---- */

/* apply_plain sets what the application has said, since nothing is to be added to it. */
static enum atls_err apply_plain(SSL_CTX *ctx, const struct openssl_alpn *alpn,
                                 struct atls_diag *diag)
{
    if (alpn->select != NULL) {
        SSL_CTX_set_alpn_select_cb(ctx, alpn->select, alpn->arg);
    }
    return SSL_CTX_set_alpn_protos(ctx, alpn->protocols, (unsigned)alpn->len) == 0
               ? ATLS_OK
               : atls_fail(diag, ATLS_ERR_MEMORY, step, "protocols");
}

enum atls_err openssl_alpn_apply(SSL_CTX *ctx, struct atls_diag *diag)
{
    const struct openssl_alpn *alpn = openssl_alpn_of(ctx);
    const struct atls_context *context = openssl_context_of(ctx);
    if (openssl_psk_is_set(ctx)) {
        SSL_CTX_set_client_hello_cb(ctx, atls_openssl_client_hello_callback, NULL);
    }
    if (context == NULL || !atls_context_wants_prelude(context)) {
        return alpn != NULL ? apply_plain(ctx, alpn, diag) : ATLS_OK;
    }
    SSL_CTX_set_alpn_select_cb(ctx, select_protocol, NULL);
    if (atls_context_needs_prelude(context)) {
        SSL_CTX_set_client_hello_cb(ctx, atls_openssl_client_hello_callback, NULL);
    }
    return offer(ctx,
                 alpn != NULL ? atls_bytes_of(alpn->protocols, alpn->len) : atls_bytes_of(NULL, 0),
                 diag);
}

static struct atls_bytes selected(const SSL *ssl)
{
    const unsigned char *name = NULL;
    unsigned len = 0;
    SSL_get0_alpn_selected(ssl, &name, &len);
    return atls_bytes_of(name, len);
}

/* openssl_prelude_chosen: a name that this side has not meant as one of ours is none: where the
 * exchange is not wanted no such protocol of an application's changes what it does. */
bool openssl_prelude_chosen(const SSL *ssl)
{
    struct atls_bytes inner;
    const struct atls_bytes name = selected(ssl);
    return atls_bytes_is_text(name, alone) || within(name, &inner);
}

void atls_openssl_alpn_selected(const SSL *ssl, const unsigned char **data, unsigned *len)
{
    struct atls_bytes name = selected(ssl), inner;
    const struct atls_context *context = openssl_context_of(SSL_get_SSL_CTX(ssl));
    const bool ours = context != NULL && atls_context_wants_prelude(context);
    if (ours && atls_bytes_is_text(name, alone)) {
        name = atls_bytes_of(NULL, 0);
    } else if (ours && within(name, &inner)) {
        name = inner;
    }
    *data = name.data;
    *len = (unsigned)name.len;
}
