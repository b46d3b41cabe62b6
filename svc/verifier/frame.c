/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/frame.h"

#include "base/reader.h"
#include "base/span.h"
#include "base/writer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const char step[] = "process";

enum { FIRST_PIECE = 16 << 10 /* of a frame, with its header */ };

int64_t verifier_now_ms(void)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum atls_err verifier_frame_header_parse(uint8_t *out_type, size_t *out_len,
                                          struct atls_bytes header, size_t max,
                                          struct atls_diag *diag)
{
    struct atls_reader r = atls_reader_of(header);
    uint8_t version = 0, type = 0;
    uint16_t zero = 0;
    uint32_t len = 0;
    const bool read = atls_read_u8(&r, &version) && atls_read_u8(&r, &type) &&
                      atls_read_u16(&r, &zero) && atls_read_u32(&r, &len) && atls_read_end(&r);
    if (!read || version != VERIFIER_FRAME_VERSION || zero != 0) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "frame", "another header",
                               "version 1");
    }
    if (len > max) {
        atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "length of a frame", NULL, "at most ");
        atls_diag_found_int(diag, len);
        atls_diag_expected_int(diag, (int64_t)max);
        return ATLS_ERR_MALFORMED;
    }
    *out_type = type;
    *out_len = len;
    return ATLS_OK;
}

/* wait_for returns false when the deadline has come. */
static bool wait_for(int fd, short events, int64_t deadline_ms)
{
    for (;;) {
        const int64_t left = deadline_ms - verifier_now_ms();
        struct pollfd wait = {.fd = fd, .events = events};
        if (left <= 0) {
            return false;
        }
        const int ready = poll(&wait, 1, left > 60000 ? 60000 : (int)left);
        if (ready > 0 || (ready < 0 && errno != EINTR)) {
            return true; /* whatever it is, the next call on it says so */
        }
    }
}

static enum atls_err fail_deadline(struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_DEADLINE, step, "frame", "no answer in time", NULL);
}

static enum atls_err fail_gone(struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_CONNECTION, step, NULL, "the other process is gone",
                           "an answer");
}

/* later says whether a call that failed is worth another: at once after a signal, and with a
 * deadline when there is something to do it with. */
static bool later(int fd, short events, int64_t deadline_ms, enum atls_err *err)
{
    if (errno == EINTR) {
        return true;
    }
    const bool has_to_wait = errno == EAGAIN && deadline_ms >= 0;
    *err = has_to_wait ? ATLS_ERR_DEADLINE : ATLS_ERR_CONNECTION;
    return has_to_wait && wait_for(fd, events, deadline_ms);
}

static enum atls_err fail(enum atls_err err, struct atls_diag *diag)
{
    return err == ATLS_ERR_DEADLINE ? fail_deadline(diag) : fail_gone(diag);
}

static enum atls_err send_all(int fd, struct atls_bytes octets, int64_t deadline_ms,
                              struct atls_diag *diag)
{
    enum atls_err err = ATLS_ERR_CONNECTION;
    while (octets.len > 0) {
        const ssize_t sent = write(fd, octets.data, octets.len);
        if (sent > 0) {
            octets.data += sent;
            octets.len -= (size_t)sent;
        } else if (!later(fd, POLLOUT, deadline_ms, &err)) {
            return fail(err, diag);
        }
    }
    return ATLS_OK;
}

static enum atls_err receive_all(int fd, struct atls_buf out, int64_t deadline_ms,
                                 struct atls_diag *diag)
{
    enum atls_err err = ATLS_ERR_CONNECTION;
    size_t have = 0;
    while (have < out.cap) {
        const ssize_t got = read(fd, out.data + have, out.cap - have);
        if (got > 0) {
            have += (size_t)got;
        } else if (got == 0 || !later(fd, POLLIN, deadline_ms, &err)) {
            return fail(got == 0 ? ATLS_ERR_CONNECTION : err, diag);
        }
    }
    return ATLS_OK;
}

/* send_first sends the header and what fits behind it: a header that comes alone wakes the other
 * side for nothing. Gives how much of the payload went. */
static enum atls_err send_first(int fd, struct atls_bytes header, struct atls_bytes payload,
                                size_t *out_len, int64_t deadline_ms, struct atls_diag *diag)
{
    uint8_t octets[FIRST_PIECE];
    const size_t room = sizeof octets - header.len;
    const size_t len = payload.len < room ? payload.len : room;
    memcpy(octets, header.data, header.len);
    if (len != 0) {
        memcpy(octets + header.len, payload.data, len);
    }
    const enum atls_err err =
        send_all(fd, atls_bytes_of(octets, header.len + len), deadline_ms, diag);
    atls_wipe(octets, header.len + len);
    *out_len = len;
    return err;
}

enum atls_err verifier_frame_send(int fd, uint8_t type, struct atls_bytes payload,
                                  int64_t deadline_ms, struct atls_diag *diag)
{
    uint8_t header[VERIFIER_FRAME_HEADER_LEN];
    const struct atls_buf room = {header, sizeof header};
    if (payload.len > VERIFIER_MAX_FRAME_LEN) {
        return atls_fail(diag, ATLS_ERR_BUFFER, step, "frame");
    }
    struct atls_writer w = atls_writer_of(room);
    atls_write_u8(&w, VERIFIER_FRAME_VERSION);
    atls_write_u8(&w, type);
    atls_write_u16(&w, 0);
    atls_write_u32(&w, (uint32_t)payload.len);
    size_t first = 0;
    const enum atls_err err =
        send_first(fd, atls_bytes_of(header, w.len), payload, &first, deadline_ms, diag);
    return err == ATLS_OK && first < payload.len
               ? send_all(fd, atls_bytes_of(payload.data + first, payload.len - first), deadline_ms,
                          diag)
               : err;
}

enum atls_err verifier_frame_receive(int fd, struct verifier_frame *out, size_t max,
                                     int64_t deadline_ms, struct atls_diag *diag)
{
    uint8_t header[VERIFIER_FRAME_HEADER_LEN];
    const struct atls_buf room = {header, sizeof header};
    struct verifier_frame frame = {.type = 0};
    enum atls_err err = receive_all(fd, room, deadline_ms, diag);
    if (err == ATLS_OK) {
        err = verifier_frame_header_parse(&frame.type, &frame.len,
                                          atls_bytes_of(header, sizeof header), max, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    frame.payload = malloc(frame.len + 1);
    if (frame.payload == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "frame");
    }
    const struct atls_buf payload = {frame.payload, frame.len};
    err = receive_all(fd, payload, deadline_ms, diag);
    if (err != ATLS_OK) {
        verifier_frame_cleanup(&frame);
        return err;
    }
    *out = frame;
    return ATLS_OK;
}

bool verifier_frame_wait(int fd, int64_t deadline_ms)
{
    return wait_for(fd, POLLIN, deadline_ms);
}

void verifier_frame_cleanup(struct verifier_frame *frame)
{
    if (frame->payload != NULL) {
        atls_wipe(frame->payload, frame->len);
    }
    free(frame->payload);
    memset(frame, 0, sizeof *frame);
}
