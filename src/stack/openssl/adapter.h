/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the OpenSSL adapter share. */
#ifndef STACK_OPENSSL_ADAPTER_H
#define STACK_OPENSSL_ADAPTER_H

#include "atls/openssl.h"
#include "base/diag.h"
#include "session/context.h"
#include "session/session.h"

/* The atls context of an SSL_CTX, and the session of an SSL; NULL when there is none. */
struct atls_context *openssl_context_of(const SSL_CTX *ctx);
struct atls_session *openssl_session_of(const SSL *ssl);
/* The session of `ssl`, made if there is none yet; NULL when atls is not enabled or no memory. */
struct atls_session *openssl_session_get(SSL *ssl);
ATLS_NODISCARD enum atls_err openssl_index_init(struct atls_diag *diag);
ATLS_NODISCARD bool openssl_context_set(SSL_CTX *ctx, struct atls_context *context);
/* The last fatal alert that the peer sent on `ssl`, or we did; 0 when there was none. */
int openssl_peer_alert(const SSL *ssl);
int openssl_own_alert(const SSL *ssl);
void openssl_set_peer_alert(SSL *ssl, int alert);
void openssl_set_own_alert(SSL *ssl, int alert);
/* Whether the last ServerHello, which openssl_set_share looks at, had a key_share. */
bool openssl_had_share(const SSL *ssl);
void openssl_set_share(SSL *ssl, bool had);
void openssl_forget_notes(SSL *ssl); /* alerts and share */
/* Takes a reference of the caller's, and keeps it as long as `ssl` lives or until the next. */
void openssl_keep_bio(SSL *ssl, BIO *bio);
BIO *openssl_kept_bio(const SSL *ssl);

/* What an SSL_CTX and an SSL keep for ALPN and for the exchange after the handshake; NULL: nothing.
 * The setters take it over, and free what was there; false without memory. */
struct openssl_alpn;
struct openssl_prelude;
struct openssl_alpn *openssl_alpn_of(const SSL_CTX *ctx);
ATLS_NODISCARD bool openssl_alpn_set(SSL_CTX *ctx, struct openssl_alpn *alpn);
void openssl_alpn_free(struct openssl_alpn *alpn);
struct openssl_prelude *openssl_prelude_of(const SSL *ssl);
ATLS_NODISCARD bool openssl_prelude_set(SSL *ssl, struct openssl_prelude *prelude);
void openssl_prelude_free(struct openssl_prelude *prelude);

/* alpn.c: offers and chooses the protocols of the exchange, where the context wants one */
ATLS_NODISCARD enum atls_err openssl_alpn_apply(SSL_CTX *ctx, struct atls_diag *diag);
/* openssl_prelude_chosen is true when ALPN has chosen one of them. */
bool openssl_prelude_chosen(const SSL *ssl);

/* prelude.c: openssl_hold shuts `ssl` but for the exchange, which begins; false without memory */
ATLS_NODISCARD bool openssl_hold(SSL *ssl);

/* openssl_prelude_cancel ends the fiber of an exchange that waits, so that it gives back what it
 * holds; the SSL may be half freed already. False when that cannot be, since we are on a fiber
 * ourselves (OpenSSL's do not nest). */
bool openssl_prelude_cancel(struct openssl_prelude *prelude);
bool openssl_prelude_is_cancelled(const SSL *ssl);

/* outcome.c: an alert of the peer's, as error and sentence */
enum atls_err openssl_fail_peer_alert(int alert, bool attestation_negotiated,
                                      struct atls_diag *diag);

/* gate.c: openssl_wall makes every further write fail; openssl_unwall ends that. */
void openssl_wall(SSL *ssl);
void openssl_unwall(SSL *ssl);
/* gate.c: shuts `ssl` for reading and writing, for good */
void openssl_shut(SSL *ssl);

/* extension.c: the four messages */
ATLS_NODISCARD enum atls_err openssl_add_extension(SSL_CTX *ctx, struct atls_context *context,
                                                   struct atls_diag *diag);
/* What the application must have left as it was for the gate to work, checked at the hellos. */
ATLS_NODISCARD enum atls_err openssl_check_callbacks(SSL *ssl, const struct atls_session *session,
                                                     struct atls_diag *diag);
/* verify.c: SSL_CTX_set_cert_verify_callback(3) */
int openssl_verify_callback(X509_STORE_CTX *store, void *arg);
/* channel.c: what was negotiated, and what may be */
struct atls_channel openssl_channel(const SSL *ssl);
int32_t openssl_hash_alg(const SSL *ssl);
ATLS_NODISCARD enum atls_err
openssl_restrict_channel(SSL_CTX *ctx, const struct atls_context *context, struct atls_diag *diag);
/* channel_dtls.c: the same for DTLS 1.2. openssl_is_datagrams: DTLS is what this SSL_CTX speaks. */
bool openssl_is_datagrams(const SSL_CTX *ctx);
int32_t openssl_dtls_hash_alg(uint16_t suite); /* ATLS_ALG_NONE: not listed */
ATLS_NODISCARD enum atls_err openssl_restrict_dtls(SSL_CTX *ctx, const char *groups,
                                                   size_t max_binder, struct atls_diag *diag);
/* wait.c: how a connection waits */
extern const struct atls_stack_ops openssl_stack_ops;

/* openssl_spki gives the DER SubjectPublicKeyInfo of a certificate; *out is freed with
 * OPENSSL_free. It is copied from the certificate, the key is not decoded. 0 on failure. */
size_t openssl_spki(X509 *cert, unsigned char **out);

#endif
