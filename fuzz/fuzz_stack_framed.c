/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a peer sends after the handshake: in the exchange, and among the data of a connection that
 * is framed, whose gate the target opens by itself. The peer is plain OpenSSL, and has no Evidence
 * that anybody endorses: so where our side requires, the exchange opens no gate, and no later round
 * is accepted. The application gets the octets of DATA frames, in their order, and nothing else;
 * the peer gets well-formed frames, with our data in their order.
 *
 *   octet 0    bit 0: our side is the client; 1: requires; 2: frames; 3: the gate is open; 4: tells
 *              what is late
 *   then steps of both sides, each an octet (mod 10) and what it takes: see act()
 */
#include "fuzz_stack.h"

#include "atls/post.h"
#include "handshake/frame.h"
#include "stack/openssl/adapter.h"
#include "stack/openssl/frames.h"
#include "stack/openssl/framed.h"

enum { IS_CLIENT = 1, REQUIRES = 2, FRAMES = 4, IS_OPEN = 8, TELLS = 16, CAP = 65536 };

/* What DATA frames of one direction hold, as a parser of the target's own sees it. */
struct carried {
    uint8_t head[ATLS_FRAME_HEAD_LEN], data[CAP];
    size_t head_len, left, len; /* of the frame that goes on; of `data` */
    enum atls_frame_type type;
    bool malformed;
};

static struct carried to_us, to_peer;
static uint8_t written[CAP];
static size_t written_len, attempted, read_len;
static SSL_CTX *peers[2], *ours[2][32]; /* by role and flags */
static SSL *us, *peer;
static uint8_t flags;
static int64_t clock_ms;

static int64_t fuzz_clock(void)
{
    return clock_ms;
}

/* ---- both sides ---- */

static int choose(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                  const unsigned char *in, unsigned in_len, void *arg)
{
    (void)ssl, (void)in, (void)in_len, (void)arg;
    *out = (const unsigned char *)"atls/1";
    *out_len = 6;
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *new_peer(void)
{
    SSL_CTX *ctx = new_ctx();
    SSL_CTX_set_alpn_select_cb(ctx, choose, NULL);
    fuzz_require(SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)"\6atls/1", 7) == 0);
    SSL_CTX_set_num_tickets(ctx, 0);
    return ctx;
}

static SSL_CTX *new_ours(void)
{
    struct atls_context *context = NULL;
    SSL_CTX *ctx = new_ctx();
    fuzz_require(atls_context_new(&context, NULL) == ATLS_OK &&
                 atls_context_set_timing(context, ATLS_TIMING_POST, NULL) == ATLS_OK &&
                 atls_context_add_attester(context, &toy, atls_bytes_text("{}"), NULL) == ATLS_OK);
    if ((flags & REQUIRES) != 0) {
        fuzz_require(atls_context_require(context, "psa", NULL) == ATLS_OK &&
                     atls_context_allow_simulated(context, NULL) == ATLS_OK &&
                     atls_context_set_no_pkix(context, NULL) == ATLS_OK);
        load_endorsement(context);
    }
    if ((flags & FRAMES) != 0) {
        fuzz_require(
            (flags & REQUIRES) == 0
                ? atls_context_set_framed(context, NULL) == ATLS_OK
                : atls_context_set_reattest(context, 0, 5000,
                                            (flags & TELLS) != 0 ? ATLS_LATE_TELL : ATLS_LATE_CLOSE,
                                            NULL) == ATLS_OK);
    }
    fuzz_require(atls_openssl_enable(ctx, context, NULL) == ATLS_OK);
    SSL_CTX_set_verify(ctx, (flags & REQUIRES) != 0 ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    atls_context_unref(context);
    return ctx;
}

static void shake(void)
{
    const bool is_client = (flags & IS_CLIENT) != 0;
    SSL_CTX **ctx = &ours[is_client][flags];
    BIO *at_us = NULL, *at_peer = NULL;
    *ctx = *ctx != NULL ? *ctx : new_ours();
    peers[is_client] = peers[is_client] != NULL ? peers[is_client] : new_peer();
    us = SSL_new(*ctx);
    peer = SSL_new(peers[is_client]);
    fuzz_require(BIO_new_bio_pair(&at_us, 65536, &at_peer, 262144) == 1);
    SSL_set_bio(us, at_us, at_us);
    SSL_set_bio(peer, at_peer, at_peer);
    if (is_client) {
        SSL_set_connect_state(us);
        SSL_set_accept_state(peer);
    } else {
        SSL_set_accept_state(us);
        SSL_set_connect_state(peer);
    }
    for (int i = 0; i < 4; i++) {
        (void)SSL_do_handshake(us);
        (void)SSL_do_handshake(peer);
    }
    fuzz_require(SSL_is_init_finished(us) == 1 && SSL_is_init_finished(peer) == 1);
    fuzz_require(atls_post_is_due(us));
    ERR_clear_error();
}

/* open_gate makes of this connection one whose exchange has ended well. */
static void open_gate(void)
{
    struct openssl_prelude *p = openssl_prelude_of(us);
    struct atls_exchange *x = &p->exchange;
    struct atls_verdict *verdict = (struct atls_verdict *)(uintptr_t)atls_openssl_verdict(us);
    x->hello_sent = x->hello_taken = x->done_sent = x->done_taken = x->peer.frames = true;
    fuzz_require(atls_exchange_check_state(x));
    verdict->state = x->own.asks ? ATLS_VERDICT_ACCEPTED : ATLS_VERDICT_NOT_REQUIRED;
    fuzz_require(openssl_framed_begin(us, p, NULL) == ATLS_OK);
    openssl_unwall(us);
    openssl_framed_set_clock(us, fuzz_clock);
}

/* is_plain: the exchange has ended, and what comes and goes now are no frames. */
static bool is_plain(void)
{
    return !atls_post_is_framed(us) && atls_verdict_opens(atls_openssl_verdict(us));
}

/* ---- what goes over the wire ---- */

/* see reads frames as they are written down, and keeps what DATA frames hold. */
static void see(struct carried *c, const uint8_t *octets, size_t len)
{
    struct atls_frame_head head;
    for (size_t i = 0; i < len && !c->malformed; i++) {
        if (c->left != 0) {
            c->left--;
            if (c->type == ATLS_FRAME_DATA && c->len < CAP) {
                c->data[c->len++] = octets[i];
            }
            continue;
        }
        c->head[c->head_len++] = octets[i];
        if (c->head_len == sizeof c->head) {
            c->head_len = 0;
            c->malformed = atls_frame_head_parse(&head, atls_bytes_of(c->head, sizeof c->head),
                                                 NULL) != ATLS_OK;
            c->type = head.type;
            c->left = head.len;
        }
    }
}

static void peer_sends(const uint8_t *octets, size_t len)
{
    if (len != 0 && SSL_write(peer, octets, (int)len) == (int)len) {
        see(&to_us, octets, len);
    }
    ERR_clear_error();
}

static void peer_sends_frame(void)
{
    const uint8_t type = take_octet(0);
    const struct atls_bytes body = take_octets();
    const uint8_t head[ATLS_FRAME_HEAD_LEN] = {type, 0, (uint8_t)(body.len >> 8),
                                               (uint8_t)body.len};
    peer_sends(head, sizeof head);
    peer_sends(body.data, body.len);
}

/* peer_reads: what we send are frames, and their data are what our application has written. */
static void peer_reads(void)
{
    uint8_t octets[4096];
    int len = 0;
    while ((len = SSL_read(peer, octets, sizeof octets)) > 0) {
        see(&to_peer, octets, (size_t)len);
    }
    ERR_clear_error();
    fuzz_require(
        is_plain() ||
        (!to_peer.malformed && to_peer.len <= (attempted > written_len ? attempted : written_len)));
    fuzz_require(is_plain() || to_peer.len == 0 || memcmp(to_peer.data, written, to_peer.len) == 0);
}

/* ---- our application ---- */

static void we_read(void)
{
    uint8_t octets[100];
    size_t len = 0;
    const enum atls_post_step step = atls_post_read(us, octets, sizeof octets, &len, NULL);
    fuzz_require((step == ATLS_POST_DONE) == (len != 0));
    if (is_plain()) {
        return;
    }
    fuzz_require(len <= to_us.len - read_len);
    fuzz_require(len == 0 || memcmp(octets, to_us.data + read_len, len) == 0);
    read_len += len;
}

/* we_write: what waits is written again with the same octets, as it has to be. */
static void we_write(void)
{
    size_t len = 0;
    const size_t want = attempted > written_len ? attempted - written_len : 1 + take_octet(9) * 3u;
    if (written_len + want > CAP) {
        return;
    }
    attempted = written_len + want;
    for (size_t i = 0; i < want; i++) {
        written[written_len + i] = (uint8_t)(written_len + i);
    }
    const enum atls_post_step step = atls_post_write(us, written + written_len, want, &len, NULL);
    fuzz_require(step == ATLS_POST_DONE ? len == want : len == 0);
    written_len += step == ATLS_POST_DONE ? len : 0;
}

static void act(void)
{
    switch (take_octet(0) % 10) {
    case 0:
        peer_sends_frame();
        break;
    case 1: {
        const struct atls_bytes raw = take_octets();
        peer_sends(raw.data, raw.len);
        break;
    }
    case 2:
        we_read();
        break;
    case 3:
        we_write();
        break;
    case 4:
        (void)!atls_post_run(us, NULL);
        break;
    case 5:
        (void)!atls_post_round(us, NULL);
        break;
    case 6:
        clock_ms += (int64_t)take_octet(0) * 100;
        break;
    case 7:
        (void)!atls_post_end(us, NULL);
        break;
    case 8:
        (void)SSL_shutdown(peer);
        break;
    default:
        (void)!atls_post_step(us, NULL);
        break;
    }
    ERR_clear_error();
}

/* check: what must hold after each step. */
static void check(void)
{
    uint8_t octet = 0;
    uint64_t accepted = 0, answered = 0;
    const struct atls_verdict *verdict = atls_openssl_verdict(us);
    const struct openssl_prelude *p = openssl_prelude_of(us);
    const bool was_open = (flags & IS_OPEN) != 0;
    atls_post_rounds(us, &accepted, &answered);
    fuzz_require(accepted <= 1 &&
                 (was_open || accepted == 0)); /* what the gate's opening counted */
    fuzz_require((flags & REQUIRES) == 0 || was_open || !atls_verdict_opens(verdict));
    fuzz_require(p == NULL || p->exchange.closed || atls_exchange_check_state(&p->exchange));
    if (p != NULL && p->framed != NULL) {
        fuzz_require(p->framed->data_len <= MAX_READ_AHEAD);
        fuzz_require(p->framed->data_at + p->framed->data_len <= p->framed->data_cap);
    }
    if (atls_post_is_framed(us) || !atls_verdict_opens(verdict)) { /* not by OpenSSL's calls */
        fuzz_require(SSL_read(us, &octet, 1) <= 0 && SSL_write(us, &octet, 1) <= 0);
        ERR_clear_error();
    }
    (void)atls_post_events(us);
    fuzz_require(atls_post_next_ms(us) >= -1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input = atls_bytes_of(data, size);
    flags = take_octet(0) & 31;
    flags |= (flags & IS_OPEN) != 0 ? FRAMES : 0;
    to_us.len = to_us.left = to_us.head_len = to_peer.len = to_peer.left = to_peer.head_len = 0;
    to_us.malformed = to_peer.malformed = false;
    written_len = attempted = read_len = 0;
    clock_ms = 1000;
    shake();
    if ((flags & IS_OPEN) != 0) {
        open_gate();
    }
    for (unsigned i = 0; i < 200 && fuzz_input.len != 0; i++) {
        act();
        peer_reads();
        check();
    }
    SSL_free(us);
    SSL_free(peer);
    return 0;
}
