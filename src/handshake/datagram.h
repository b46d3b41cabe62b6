/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream of frames of the exchange over datagrams that get lost, come twice or in another order
 * (PROTOCOL.md, section 11): records with numbers, acknowledgements and retransmission. Both sides
 * keep at most a window of records, so that nothing a peer sends makes it grow. Without I/O
 * and clock: the caller carries the records and says what time it is.
 *
 *   record   mark [16], acknowledged u32, held u16, number u32, octets
 *
 * The mark is a secret of the two sides and says whose record it is; no datagram of an application
 * has it. `acknowledged` is the lowest number that is not here yet; bit i of `held` says that
 * acknowledged + 1 + i is. A record without octets has the number 0, and acknowledges only.
 */
#ifndef HANDSHAKE_DATAGRAM_H
#define HANDSHAKE_DATAGRAM_H

#include "atls/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>

enum {
    ATLS_DATAGRAM_MARK_LEN = 16,
    ATLS_DATAGRAM_HEAD_LEN = ATLS_DATAGRAM_MARK_LEN + 4 + 2 + 4,
    ATLS_MAX_DATAGRAM_OCTETS = 1024,
    ATLS_MAX_DATAGRAM_LEN = ATLS_DATAGRAM_HEAD_LEN + ATLS_MAX_DATAGRAM_OCTETS,
    ATLS_DATAGRAM_WINDOW = 16,
    ATLS_DATAGRAM_FIRST_WAIT_MS = 250, /* before a record goes again; then twice as long */
    ATLS_DATAGRAM_LAST_WAIT_MS = 4000
};

struct atls_datagram_slot {
    uint8_t data[ATLS_MAX_DATAGRAM_OCTETS];
    size_t len; /* 0: empty, or acknowledged */
    int64_t due_ms, wait_ms;
};

struct atls_datagram {
    uint8_t own_mark[ATLS_DATAGRAM_MARK_LEN], peer_mark[ATLS_DATAGRAM_MARK_LEN];
    struct atls_datagram_slot out[ATLS_DATAGRAM_WINDOW], in[ATLS_DATAGRAM_WINDOW];
    uint32_t first, next; /* of ours: the oldest that is not acknowledged, the next to be made */
    uint32_t wanted;      /* of the peer's: the next to be read */
    size_t read;          /* octets of it that have been */
    bool ack_due;
};

/* atls_datagram_init begins with two different marks. */
void atls_datagram_init(struct atls_datagram *d, const uint8_t own[ATLS_DATAGRAM_MARK_LEN],
                        const uint8_t peer[ATLS_DATAGRAM_MARK_LEN]);

/* atls_datagram_put takes octets to send, and gives how many: fewer when the window is full. */
ATLS_NODISCARD size_t atls_datagram_put(struct atls_datagram *d, struct atls_bytes octets,
                                        int64_t now_ms);
/* atls_datagram_get gives octets that came, in their order, and how many: 0 when none are there. */
ATLS_NODISCARD size_t atls_datagram_get(struct atls_datagram *d, struct atls_buf out);

/* atls_datagram_is_peers is true for what has the mark of the peer. */
ATLS_NODISCARD bool atls_datagram_is_peers(const struct atls_datagram *d,
                                           struct atls_bytes datagram);
/* atls_datagram_take is for such a one. What is malformed, old, too far ahead or here already
 * changes nothing, but that what has octets is acknowledged again. False: of no use. */
bool atls_datagram_take(struct atls_datagram *d, struct atls_bytes datagram);

/* atls_datagram_make gives the length of a record that is to be sent now; 0: none is. */
ATLS_NODISCARD size_t atls_datagram_make(struct atls_datagram *d,
                                         uint8_t out[ATLS_MAX_DATAGRAM_LEN], int64_t now_ms);
/* atls_datagram_due_ms gives the time at which one will be; INT64_MAX: none before one comes. */
ATLS_NODISCARD int64_t atls_datagram_due_ms(const struct atls_datagram *d);

/* atls_datagram_is_drained is true when all that was put is known to be there. */
ATLS_NODISCARD bool atls_datagram_is_drained(const struct atls_datagram *d);
/* atls_datagram_drain notes that the peer has shown by other means that it has all. */
void atls_datagram_drain(struct atls_datagram *d);

/* atls_datagram_check_state is true when every invariant holds. For tests and fuzzing. */
ATLS_NODISCARD bool atls_datagram_check_state(const struct atls_datagram *d);

#endif
