/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream over datagrams: the input is what a peer sends, datagram by datagram, while this side
 * puts, gets and sends as a driver does. After each step the invariants of datagram.c hold, and
 * what goes is never longer than a record.
 *
 * Input: datagrams, each with one octet before it, which is its length behind the mark, or, from
 * 240 on, what this side does: read, put, or let time go by.
 */
#include "fuzz_check.h"

#include "base/reader.h"
#include "base/span.h"
#include "handshake/datagram.h"

enum { ACTS = 240, MS_A_STEP = 100 };

static const uint8_t own_mark[ATLS_DATAGRAM_MARK_LEN] = {1};
static const uint8_t peer_mark[ATLS_DATAGRAM_MARK_LEN] = {2};

static void act(struct atls_datagram *d, uint8_t what, int64_t *now_ms)
{
    static const uint8_t octets[3000] = {7};
    uint8_t out[ATLS_MAX_DATAGRAM_LEN];
    size_t len = 0;
    if (what % 3 == 0) {
        len = atls_datagram_get(d, (struct atls_buf){out, 1u + what % 16});
    } else if (what % 3 == 1) {
        len = atls_datagram_put(d, atls_bytes_of(octets, sizeof octets), *now_ms);
        fuzz_require(len <= sizeof octets);
    } else {
        *now_ms += MS_A_STEP;
    }
    for (unsigned i = 0; i <= ATLS_DATAGRAM_WINDOW; i++) {
        len = atls_datagram_make(d, out, *now_ms);
        fuzz_require(len <= sizeof out);
    }
    fuzz_require(len == 0); /* what went is not due again before its time */
    fuzz_require(atls_datagram_due_ms(d) > *now_ms);
}

static void take(struct atls_datagram *d, struct atls_bytes rest)
{
    uint8_t datagram[ATLS_DATAGRAM_MARK_LEN + ACTS];
    memcpy(datagram, peer_mark, sizeof peer_mark);
    if (rest.len != 0) {
        memcpy(&datagram[sizeof peer_mark], rest.data, rest.len);
    }
    const struct atls_bytes whole = atls_bytes_of(datagram, sizeof peer_mark + rest.len);
    fuzz_require(atls_datagram_is_peers(d, whole));
    atls_datagram_take(d, whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct atls_datagram d;
    struct atls_reader r = atls_reader_of(atls_bytes_of(data, size));
    struct atls_bytes rest;
    int64_t now_ms = 0;
    uint8_t what = 0;
    atls_datagram_init(&d, own_mark, peer_mark);
    while (atls_read_u8(&r, &what)) {
        if (what >= ACTS) {
            act(&d, what, &now_ms);
        } else if (atls_read_bytes(&r, what < r.left ? what : r.left, &rest)) {
            take(&d, rest);
        }
        fuzz_require(atls_datagram_check_state(&d));
    }
    return 0;
}
