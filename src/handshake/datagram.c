/* SPDX-License-Identifier: Apache-2.0 */
#include "handshake/datagram.h"

#include "base/reader.h"
#include "base/span.h"
#include "base/writer.h"

enum { FIRST_NUMBER = 1 }; /* 0 says that there is none */

static struct atls_datagram_slot *slot_of(struct atls_datagram_slot *slots, uint32_t number)
{
    return &slots[number % ATLS_DATAGRAM_WINDOW];
}

void atls_datagram_init(struct atls_datagram *d, const uint8_t own[ATLS_DATAGRAM_MARK_LEN],
                        const uint8_t peer[ATLS_DATAGRAM_MARK_LEN])
{
    memset(d, 0, sizeof *d);
    memcpy(d->own_mark, own, sizeof d->own_mark);
    memcpy(d->peer_mark, peer, sizeof d->peer_mark);
    d->first = d->next = d->wanted = FIRST_NUMBER;
}

/* ---- the stream ---- */

size_t atls_datagram_put(struct atls_datagram *d, struct atls_bytes octets, int64_t now_ms)
{
    size_t done = 0;
    while (done < octets.len && d->next - d->first < ATLS_DATAGRAM_WINDOW &&
           d->next != UINT32_MAX) {
        struct atls_datagram_slot *slot = slot_of(d->out, d->next);
        const size_t left = octets.len - done;
        slot->len = left < sizeof slot->data ? left : sizeof slot->data;
        slot->due_ms = now_ms;
        slot->wait_ms = ATLS_DATAGRAM_FIRST_WAIT_MS;
        memcpy(slot->data, octets.data + done, slot->len);
        done += slot->len;
        d->next++;
    }
    return done;
}

size_t atls_datagram_get(struct atls_datagram *d, struct atls_buf out)
{
    size_t done = 0;
    struct atls_datagram_slot *slot = slot_of(d->in, d->wanted);
    while (done < out.cap && slot->len != 0) {
        const size_t left = slot->len - d->read, room = out.cap - done;
        const size_t len = left < room ? left : room;
        memcpy(out.data + done, &slot->data[d->read], len);
        done += len;
        d->read += len;
        if (d->read == slot->len) {
            slot->len = 0;
            d->read = 0;
            d->wanted++;
            slot = slot_of(d->in, d->wanted);
        }
    }
    return done;
}

/* ---- records that come ---- */

bool atls_datagram_is_peers(const struct atls_datagram *d, struct atls_bytes datagram)
{
    return datagram.len >= ATLS_DATAGRAM_MARK_LEN &&
           atls_ct_equal(atls_bytes_of(datagram.data, ATLS_DATAGRAM_MARK_LEN),
                         atls_bytes_of(d->peer_mark, ATLS_DATAGRAM_MARK_LEN));
}

/* acknowledge lets go of what the peer has. A number that was never sent acknowledges nothing. */
static bool acknowledge(struct atls_datagram *d, uint32_t acknowledged, uint16_t held)
{
    bool any = false;
    if (acknowledged > d->next) {
        return false;
    }
    for (uint32_t number = d->first; number != d->next; number++) {
        struct atls_datagram_slot *slot = slot_of(d->out, number);
        const bool before = number < acknowledged;
        const uint32_t bit = number - acknowledged - 1; /* meant for number > acknowledged */
        if (before || (number > acknowledged && bit < 16 && ((held >> bit) & 1) != 0)) {
            any = any || slot->len != 0;
            slot->len = 0;
        }
    }
    while (d->first != d->next && slot_of(d->out, d->first)->len == 0) {
        d->first++;
    }
    return any;
}

static bool keep(struct atls_datagram *d, uint32_t number, struct atls_bytes octets)
{
    struct atls_datagram_slot *slot = slot_of(d->in, number);
    d->ack_due = true;
    if (number < d->wanted || number - d->wanted >= ATLS_DATAGRAM_WINDOW || slot->len != 0 ||
        number == UINT32_MAX) {
        return false;
    }
    memcpy(slot->data, octets.data, octets.len);
    slot->len = octets.len;
    return true;
}

bool atls_datagram_take(struct atls_datagram *d, struct atls_bytes datagram)
{
    struct atls_reader r = atls_reader_of(datagram);
    struct atls_bytes mark, octets;
    uint32_t acknowledged = 0, number = 0;
    uint16_t held = 0;
    if (!atls_read_bytes(&r, ATLS_DATAGRAM_MARK_LEN, &mark) || !atls_read_u32(&r, &acknowledged) ||
        !atls_read_u16(&r, &held) || !atls_read_u32(&r, &number) ||
        !atls_read_bytes(&r, r.left, &octets) || octets.len > ATLS_MAX_DATAGRAM_OCTETS ||
        (octets.len == 0) != (number == 0) || acknowledged == 0) {
        return false;
    }
    const bool let_go = acknowledge(d, acknowledged, held);
    const bool kept = number != 0 && keep(d, number, octets);
    return let_go || kept;
}

/* ---- records that go ---- */

static size_t write_record(struct atls_datagram *d, uint8_t out[ATLS_MAX_DATAGRAM_LEN],
                           uint32_t number, struct atls_bytes octets)
{
    uint32_t acknowledged = d->wanted;
    uint16_t held = 0;
    size_t len = 0;
    while (acknowledged - d->wanted < ATLS_DATAGRAM_WINDOW &&
           slot_of(d->in, acknowledged)->len != 0) {
        acknowledged++;
    }
    for (uint32_t n = acknowledged + 1; n - d->wanted < ATLS_DATAGRAM_WINDOW; n++) {
        if (slot_of(d->in, n)->len != 0) {
            held = (uint16_t)(held | 1u << (n - acknowledged - 1));
        }
    }
    struct atls_writer w = atls_writer_of((struct atls_buf){out, ATLS_MAX_DATAGRAM_LEN});
    atls_write_bytes(&w, atls_bytes_of(d->own_mark, sizeof d->own_mark));
    atls_write_u32(&w, acknowledged);
    atls_write_u16(&w, held);
    atls_write_u32(&w, number);
    atls_write_bytes(&w, octets);
    d->ack_due = false;
    return atls_writer_finish(&w, &len) ? len : 0;
}

size_t atls_datagram_make(struct atls_datagram *d, uint8_t out[ATLS_MAX_DATAGRAM_LEN],
                          int64_t now_ms)
{
    for (uint32_t number = d->first; number != d->next; number++) {
        struct atls_datagram_slot *slot = slot_of(d->out, number);
        if (slot->len == 0 || slot->due_ms > now_ms) {
            continue;
        }
        slot->due_ms = now_ms + slot->wait_ms;
        slot->wait_ms = slot->wait_ms < ATLS_DATAGRAM_LAST_WAIT_MS / 2 ? slot->wait_ms * 2
                                                                       : ATLS_DATAGRAM_LAST_WAIT_MS;
        return write_record(d, out, number, atls_bytes_of(slot->data, slot->len));
    }
    return d->ack_due ? write_record(d, out, 0, atls_bytes_of(NULL, 0)) : 0;
}

int64_t atls_datagram_due_ms(const struct atls_datagram *d)
{
    int64_t due_ms = d->ack_due ? INT64_MIN : INT64_MAX;
    for (uint32_t number = d->first; number != d->next; number++) {
        const struct atls_datagram_slot *slot = &d->out[number % ATLS_DATAGRAM_WINDOW];
        if (slot->len != 0 && slot->due_ms < due_ms) {
            due_ms = slot->due_ms;
        }
    }
    return due_ms;
}

bool atls_datagram_is_drained(const struct atls_datagram *d)
{
    return d->first == d->next;
}

void atls_datagram_drain(struct atls_datagram *d)
{
    for (size_t i = 0; i < ATLS_DATAGRAM_WINDOW; i++) {
        d->out[i].len = 0;
    }
    d->first = d->next;
}

bool atls_datagram_check_state(const struct atls_datagram *d)
{
    const uint32_t out = d->next - d->first;
    const struct atls_datagram_slot *wanted = &d->in[d->wanted % ATLS_DATAGRAM_WINDOW];
    for (uint32_t i = 0; i < ATLS_DATAGRAM_WINDOW; i++) {
        const struct atls_datagram_slot *slot = &d->out[(d->first + i) % ATLS_DATAGRAM_WINDOW];
        if ((i >= out && slot->len != 0) || slot->len > sizeof slot->data ||
            d->in[i].len > sizeof d->in[i].data) {
            return false;
        }
    }
    const bool first_is_open = out == 0 || d->out[d->first % ATLS_DATAGRAM_WINDOW].len != 0;
    return out <= ATLS_DATAGRAM_WINDOW && first_is_open &&
           (wanted->len == 0 ? d->read == 0 : d->read < wanted->len);
}
