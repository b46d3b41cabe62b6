/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exchange after the handshake: the input is what a peer sends, frame by frame, and what this
 * side does in between. After each step the invariants of exchange.c hold; nothing is open that was
 * not accepted; after a refusal nothing is.
 *
 * Input: one octet of flags for our HELLO, then frames as on the wire. Of a frame's body as much is
 * taken as there is.
 */
#include "fuzz_check.h"

#include "base/reader.h"
#include "base/span.h"
#include "handshake/exchange.h"

/* act sends all that may go, as a driver does; the answer to our request is accepted at once where
 * the input says so. */
static void act(struct atls_exchange *x, bool accepts)
{
    static const enum atls_frame_type order[] = {ATLS_FRAME_HELLO, ATLS_FRAME_REQUEST,
                                                 ATLS_FRAME_AUTHENTICATOR, ATLS_FRAME_DONE};
    if (accepts && x->mine == ATLS_ROUND_ANSWERED && !x->closed) {
        fuzz_require(atls_exchange_accept(x, NULL) == ATLS_OK);
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(order); i++) {
        const bool may = atls_exchange_may(x, order[i]);
        fuzz_require((atls_exchange_sent(x, order[i], NULL) == ATLS_OK) == may);
    }
}

static bool take_frame(struct atls_exchange *x, struct atls_reader *r, bool *was_open)
{
    struct atls_bytes head_octets, body;
    struct atls_frame_head head;
    if (!atls_read_bytes(r, ATLS_FRAME_HEAD_LEN, &head_octets) ||
        atls_frame_head_parse(&head, head_octets, NULL) != ATLS_OK ||
        !atls_read_bytes(r, head.len < r->left ? head.len : r->left, &body)) {
        return false;
    }
    if (head.type == ATLS_FRAME_HELLO && body.len < head.len) {
        return false;
    }
    const bool framed = atls_exchange_is_framed(x);
    const bool taken = atls_exchange_take(x, head.type, body, NULL) == ATLS_OK;
    fuzz_require(taken || x->closed);
    /* data, and rounds that go on, only when all of the prelude is behind us and both frame */
    fuzz_require(!taken || head.type != ATLS_FRAME_DATA || (*was_open && framed));
    return taken && head.type != ATLS_FRAME_CLOSE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_reader r = atls_reader_of(atls_bytes_of(data, size));
    uint8_t bits = 0;
    if (!atls_read_u8(&r, &bits)) {
        return 0;
    }
    struct atls_exchange x;
    const struct atls_frame_hello own = {(bits & 1) != 0, (bits & 2) != 0};
    const bool accepts = (bits & 4) != 0;
    bool more = true, was_open = false;
    atls_exchange_init(&x, own);
    while (more) {
        act(&x, accepts);
        was_open = atls_exchange_is_open(&x);
        fuzz_require(atls_exchange_check_state(&x));
        fuzz_require(!was_open || !own.asks || accepts);
        more = take_frame(&x, &r, &was_open);
        fuzz_require(atls_exchange_check_state(&x));
        fuzz_require(!x.closed || !atls_exchange_is_open(&x));
    }
    return 0;
}
