/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TLS stack that is none: two sessions in one thread, with hellos of a few octets. It shows that
 * a session knows of TLS what session.h says, and nothing of any library.
 */
#ifndef UNIT_SESSION_LOOPBACK_H
#define UNIT_SESSION_LOOPBACK_H

#include "support/check.h"
#include "support/keys.h"
#include "support/machine.h"
#include "support/memory.h"

#include "session/context.h"
#include "session/session.h"

#include <poll.h>

struct end {
    struct atls_session *session;
    enum atls_role role;
    const struct test_machine *machine;
    const struct atls_peer_certificate *seen; /* the peer's certificate; NULL: none */
    bool may_pause;
    unsigned waits;
    enum atls_err wait_fails_with;
    void (*at_wait)(void);
};

static bool loop_may_pause(void *connection)
{
    return ((const struct end *)connection)->may_pause;
}

static enum atls_err loop_wait(void *connection, int fd, uint32_t timeout_ms,
                               struct atls_diag *diag)
{
    struct end *end = connection;
    struct pollfd ready = {fd, POLLIN, 0};
    end->waits++;
    if (end->wait_fails_with != ATLS_OK) {
        return atls_fail(diag, end->wait_fails_with, "loopback", "wait");
    }
    if (end->at_wait != NULL) {
        end->at_wait();
        end->at_wait = NULL;
    }
    assert_true(poll(&ready, 1, (int)timeout_ms) >= 0);
    return ATLS_OK;
}

static enum atls_err loop_export(void *connection, const char *label, struct atls_bytes context,
                                 struct atls_buf out)
{
    (void)connection, (void)label, (void)context, (void)out;
    return ATLS_ERR_STATE; /* nothing follows this handshake */
}

static const struct atls_stack_ops loopback = {"loopback", loop_may_pause, loop_wait, loop_export};

static const struct atls_channel good_channel = {.is_tls13 = true,
                                                 .suite_listed = true,
                                                 .group_listed = true,
                                                 .hash_alg = ATLS_ALG_SHA256,
                                                 .suite = "TLS_AES_128_GCM_SHA256",
                                                 .group = "X25519"};

/* open_end takes the context, and frees it with the end. */
static inline void open_end(struct end *end, struct atls_context *context, enum atls_role role,
                            const struct test_machine *machine)
{
    struct atls_diag diag;
    memset(end, 0, sizeof *end);
    end->role = role;
    end->machine = machine;
    assert_err(atls_context_freeze(context, &diag), OK);
    assert_err(atls_session_new(&end->session, context, &loopback, end, &diag), OK);
    atls_context_unref(context);
}

static inline void close_end(struct end *end)
{
    atls_session_free(end->session);
    end->session = NULL;
}

static inline struct atls_bytes spki_of(const struct test_machine *machine)
{
    return test_spki(machine->key);
}

/* ---- hellos ---- */

/* What the transcript reads of a hello is its type, its length, and a ServerHello's random. */
static inline struct atls_bytes toy_hello(uint8_t type, uint8_t fill)
{
    uint8_t hello[4 + 2 + 32] = {type, 0, 0, 34, 3, 3};
    memset(&hello[6], fill, 32);
    return test_copy(atls_bytes_of(hello, sizeof hello));
}

static inline struct atls_bytes toy_retry(void)
{
    static const char name[] = "HelloRetryRequest";
    const struct atls_bytes random = test_hash(ATLS_ALG_SHA256, atls_bytes_text(name));
    uint8_t hello[4 + 2 + 32] = {2, 0, 0, 34, 3, 3};
    memcpy(&hello[6], random.data, 32);
    return test_copy(atls_bytes_of(hello, sizeof hello));
}

/* ---- one connection, message by message ---- */

struct loop {
    struct end client, server;
    bool retry; /* with HelloRetryRequest */
    bool asks;  /* the server asks for a certificate */
    struct atls_bytes client_body, server_choice, client_choice, server_cmw, client_cmw;
    bool has_client_body, has_server_choice, has_client_choice, has_server_cmw, has_client_cmw;
};

static inline void both_see(struct loop *loop, struct atls_bytes message)
{
    atls_session_message(loop->client.session, message);
    atls_session_message(loop->server.session, message);
}

static inline enum atls_err loop_client_hello(struct loop *loop, uint8_t fill)
{
    struct atls_bytes out = {NULL, 0};
    enum atls_err err =
        atls_session_write_client_hello(loop->client.session, &loop->has_client_body, &out);
    if (err != ATLS_OK) {
        return err;
    }
    both_see(loop, toy_hello(1, fill));
    loop->client_body = test_copy(out);
    return loop->has_client_body
               ? atls_session_read_client_hello(loop->server.session, loop->client_body)
               : ATLS_OK;
}

static inline void begin_handshake(struct loop *loop)
{
    struct end *ends[] = {&loop->client, &loop->server};
    for (size_t i = 0; i < 2; i++) {
        atls_session_begin(ends[i]->session, atls_session_context(ends[i]->session), ends[i]->role);
        assert_true(atls_session_has_begun(ends[i]->session));
    }
}

/* loop_hellos runs up to ServerHello. */
static inline enum atls_err loop_hellos(struct loop *loop)
{
    begin_handshake(loop);
    enum atls_err err = loop_client_hello(loop, 0x11);
    if (err == ATLS_OK && loop->retry) {
        both_see(loop, toy_retry());
        err = loop_client_hello(loop, 0x12);
    }
    if (err == ATLS_OK) {
        both_see(loop, toy_hello(2, 0x22));
    }
    return err;
}

/* loop_choices runs EncryptedExtensions and CertificateRequest. */
static inline enum atls_err loop_choices(struct loop *loop)
{
    struct atls_bytes out = {NULL, 0};
    enum atls_err err = ATLS_OK;
    if (loop->has_client_body) {
        err = atls_session_write_encrypted_extensions(loop->server.session,
                                                      &loop->has_server_choice, &out);
        loop->server_choice = test_copy(out);
    }
    if (err == ATLS_OK && loop->has_server_choice) {
        err = atls_session_read_encrypted_extensions(loop->client.session, loop->server_choice);
    }
    out.len = 0;
    if (err == ATLS_OK && loop->asks) {
        err = atls_session_write_certificate_request(loop->server.session, &loop->has_client_choice,
                                                     &out);
        loop->client_choice = test_copy(out);
    }
    if (err == ATLS_OK && loop->has_client_choice) {
        err = atls_session_read_certificate_request(loop->client.session, loop->client_choice);
    }
    return err;
}

/* loop_credential lets one end write its Certificate. */
static inline enum atls_err loop_credential(struct end *from, bool *out_has, struct atls_bytes *out)
{
    struct atls_bytes body = {NULL, 0};
    enum atls_err err = atls_session_write_certificate(from->session, good_channel.hash_alg,
                                                       spki_of(from->machine), out_has, &body);
    *out = test_copy(body);
    return err;
}

static inline enum atls_err loop_appraise(struct end *end, const struct test_machine *peer)
{
    const struct atls_bytes own = spki_of(end->machine);
    const struct atls_peer seen = {.spki = spki_of(peer),
                                   .chain = end->seen,
                                   .num_chain = end->seen != NULL,
                                   .own_spkis = &own,
                                   .num_own_spkis = 1,
                                   .subject = "CN=loopback",
                                   .pkix_ok = true};
    return atls_session_appraise(end->session, &good_channel, &seen);
}

/* loop_server_certificate is the server's Certificate, written and read and judged. */
static inline enum atls_err loop_server_certificate(struct loop *loop)
{
    enum atls_err err = loop_credential(&loop->server, &loop->has_server_cmw, &loop->server_cmw);
    if (err == ATLS_OK && loop->has_server_cmw) {
        err = atls_session_read_certificate(loop->client.session, 0, loop->server_cmw);
    }
    return err == ATLS_OK ? loop_appraise(&loop->client, loop->server.machine) : err;
}

static inline enum atls_err loop_client_certificate(struct loop *loop)
{
    enum atls_err err = loop_credential(&loop->client, &loop->has_client_cmw, &loop->client_cmw);
    if (err == ATLS_OK && loop->has_client_cmw) {
        err = atls_session_read_certificate(loop->server.session, 0, loop->client_cmw);
    }
    return err == ATLS_OK ? loop_appraise(&loop->server, loop->client.machine) : err;
}

/* loop_run is a whole handshake; it stops at the first refusal. */
static inline enum atls_err loop_run(struct loop *loop)
{
    enum atls_err err = loop_hellos(loop);
    if (err == ATLS_OK) {
        err = loop_choices(loop);
    }
    if (err == ATLS_OK) {
        err = loop_server_certificate(loop);
    }
    if (err == ATLS_OK && loop->asks) {
        err = loop_client_certificate(loop);
    }
    return err;
}

static inline bool opens(struct end *end)
{
    return atls_session_finish(end->session, &good_channel);
}

#define assert_reason(end, name)                                                                   \
    do {                                                                                           \
        const struct atls_verdict *found_verdict = atls_session_verdict((end)->session);           \
        assert_int_equal(found_verdict->state, ATLS_VERDICT_REFUSED);                              \
        assert_err(found_verdict->reason.err, name);                                               \
    } while (0)

#endif
