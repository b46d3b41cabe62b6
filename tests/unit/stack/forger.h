/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer of plain OpenSSL that speaks the exchange after the handshake frame by frame, and mints
 * authenticators of which each part may be of another connection than it should be.
 */
#ifndef UNIT_STACK_FORGER_H
#define UNIT_STACK_FORGER_H

#include "support/exchange.h"
#include "support/keys.h"
#include "support/memory.h"

#include "atls/sim.h"
#include "attester/attester.h"
#include "crypto/crypto.h"
#include "handshake/authenticator.h"
#include "handshake/expat.h"
#include "handshake/frame.h"

static inline int forger_select(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                                const unsigned char *in, unsigned in_len, void *arg)
{
    (void)ssl, (void)in, (void)in_len;
    *out = arg;
    *out_len = (unsigned char)strlen(arg);
    return SSL_TLSEXT_ERR_OK;
}

/* forger_ctx has the TLS key of `machine`, and agrees to the exchange on either side. */
static inline SSL_CTX *forger_ctx(const struct test_world *world,
                                  const struct test_machine *machine)
{
    static char protocol[] = "atls/1";
    static const unsigned char offer[] = "\6atls/1";
    SSL_CTX *ctx = test_plain_ctx(world, machine, false);
    SSL_CTX_set_alpn_select_cb(ctx, forger_select, protocol);
    assert_int_equal(SSL_CTX_set_alpn_protos(ctx, offer, sizeof offer - 1), 0);
    return ctx;
}

/* ---- frames ---- */

static inline void send_octets(struct test_end *end, struct atls_bytes octets)
{
    assert_int_equal(SSL_write(end->ssl, octets.data, (int)octets.len), (int)octets.len);
}

static inline void send_frame(struct test_end *end, enum atls_frame_type type,
                              struct atls_bytes body)
{
    const struct atls_frame_head head = {type, body.len};
    uint8_t octets[ATLS_FRAME_HEAD_LEN];
    assert_err(atls_frame_head_write(octets, &head, NULL), OK);
    send_octets(end, atls_bytes_of(octets, sizeof octets));
    if (body.len != 0) {
        send_octets(end, body);
    }
}

static inline void send_hello_of(struct test_end *end, struct atls_frame_hello hello)
{
    uint8_t octets[ATLS_FRAME_HELLO_LEN];
    atls_frame_hello_write(octets, &hello);
    send_frame(end, ATLS_FRAME_HELLO, atls_bytes_of(octets, sizeof octets));
}

static inline void send_hello(struct test_end *end, bool asks)
{
    const struct atls_frame_hello hello = {.asks = asks};
    send_hello_of(end, hello);
}

static inline void read_octets(struct test_end *end, uint8_t *into, size_t len)
{
    for (size_t got = 0; got < len;) {
        const int n = SSL_read(end->ssl, into + got, (int)(len - got));
        assert_true(n > 0);
        got += (size_t)n;
    }
}

/* take_frame reads one, which must be of this type. */
static inline struct atls_bytes take_frame(struct test_end *end, enum atls_frame_type type)
{
    uint8_t octets[ATLS_FRAME_HEAD_LEN];
    struct atls_frame_head head;
    read_octets(end, octets, sizeof octets);
    assert_err(atls_frame_head_parse(&head, atls_bytes_of(octets, sizeof octets), NULL), OK);
    assert_int_equal(head.type, type);
    const struct atls_buf room = test_room(head.len != 0 ? head.len : 1);
    read_octets(end, room.data, head.len);
    return atls_bytes_of(room.data, head.len);
}

/* ---- authenticators ---- */

static inline enum atls_err forger_export(void *arg, const char *label, struct atls_bytes context,
                                          struct atls_buf out)
{
    return SSL_export_keying_material(arg, out.data, out.cap, label, strlen(label), context.data,
                                      context.len, 1) == 1
               ? ATLS_OK
               : ATLS_ERR_CRYPTO;
}

/* What an authenticator is made of; honest when all of it is of one connection and machine. */
struct forgery {
    SSL *finished;                       /* whose exporter makes context and MAC */
    enum atls_role maker;                /* which side's */
    SSL *bound;                          /* whose exporter the binder is of */
    const char *label;                   /* NULL: that of the draft */
    const struct test_machine *key;      /* of the certificate */
    const struct test_machine *signer;   /* of CertificateVerify; NULL: `key` */
    const struct test_machine *attester; /* signs the Evidence */
    const struct test_machine *named;    /* whose key the binder names; NULL: `key` */
    struct atls_bytes cmw;               /* in place of Evidence; empty: Evidence */
    struct atls_bytes context;           /* that the binder is over; empty: the request's */
    struct atls_bytes behind;            /* octets behind the certificate, in its entry */
    bool bare;                           /* without cmw_attestation */
};

static inline struct atls_bytes forge_evidence(const struct forgery *f, struct atls_bytes context)
{
    const struct atls_exporter exporter = {forger_export, f->bound, ATLS_ALG_SHA256};
    const struct atls_attester_ops *sim = &atls_attester_sim_psa;
    const struct test_machine *named = f->named != NULL ? f->named : f->key;
    const struct atls_buf room = test_room(65536);
    struct atls_attester *attester = NULL;
    struct atls_digest exported;
    size_t len = 0;
    assert_err(atls_expat_export(&exported, &exporter,
                                 f->label != NULL ? f->label : ATLS_EXPAT_LABEL,
                                 f->context.len != 0 ? f->context : context, NULL),
               OK);
    assert_err(sim->open(&attester, atls_bytes_text(f->attester->provision.config_json), NULL), OK);
    assert_err(atls_attester_for_handshake(sim, attester, atls_crypto_openssl(), atls_expat_bind,
                                           ATLS_ALG_SHA256, &exported, test_spki(named->key), 1000,
                                           room, &len, NULL),
               OK);
    sim->close(attester);
    return atls_bytes_of(room.data, len);
}

static inline struct atls_bytes der_of(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    unsigned char *der = NULL;
    const int len = i2d_X509(cert, &der);
    assert_true(len > 0);
    const struct atls_bytes copy = test_copy(atls_bytes_of(der, (size_t)len));
    OPENSSL_free(der);
    X509_free(cert);
    BIO_free(bio);
    return copy;
}

/* forge answers a request with these parts. */
static inline struct atls_bytes forge(const struct forgery *f, struct atls_bytes message)
{
    const struct atls_exporter exporter = {forger_export, f->finished, ATLS_ALG_SHA256};
    const struct atls_bytes der = der_of(f->key->cert);
    const struct atls_buf entry = test_room(der.len + f->behind.len);
    memcpy(entry.data, der.data, der.len);
    if (f->behind.len != 0) {
        memcpy(&entry.data[der.len], f->behind.data, f->behind.len);
    }
    const struct atls_bytes chain[] = {atls_bytes_of(entry.data, entry.cap)};
    const struct atls_authenticator_identity identity = {
        .chain = chain,
        .num_certs = 1,
        .signatures = atls_tls_signature_openssl(),
        .key = atls_tls_key_of(atls_key_evp((f->signer != NULL ? f->signer : f->key)->key)),
        .scheme = ATLS_TLS_ECDSA_P256_SHA256};
    struct atls_authenticator_keys keys;
    struct atls_authenticator_request request;
    const struct atls_buf room = test_room(131072);
    size_t len = 0;
    assert_err(atls_authenticator_request_parse(&request, message, ATLS_CMW_EXTENSION_TYPE, NULL),
               OK);
    assert_err(atls_authenticator_keys_take(&keys, &exporter, f->maker, NULL), OK);
    const struct atls_bytes cmw =
        f->cmw.len != 0 || f->bare ? f->cmw : forge_evidence(f, request.context);
    assert_err(atls_authenticator_make(atls_crypto_openssl(), room, &len, &keys, &request,
                                       &identity, cmw, ATLS_CMW_EXTENSION_TYPE, NULL),
               OK);
    return atls_bytes_of(room.data, len);
}

#endif
