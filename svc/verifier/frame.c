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

enum { SMALL_FRAME = 16 << 10 }; /* goes out in one piece */

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

static enum atls_err send_all(int fd, struct atls_bytes octets, int64_t deadline_ms,
                              struct atls_diag *diag)
{
    while (octets.len > 0) {
        if (deadline_ms >= 0 && !wait_for(fd, POLLOUT, deadline_ms)) {
            return fail_deadline(diag);
        }
        const ssize_t sent = write(fd, octets.data, octets.len);
        if (sent > 0) {
            octets.data += sent;
            octets.len -= (size_t)sent;
        } else if (errno != EINTR && !(errno == EAGAIN && deadline_ms >= 0)) {
            return fail_gone(diag);
        }
    }
    return ATLS_OK;
}

static enum atls_err receive_all(int fd, struct atls_buf out, int64_t deadline_ms,
                                 struct atls_diag *diag)
{
    size_t have = 0;
    while (have < out.cap) {
        if (deadline_ms >= 0 && !wait_for(fd, POLLIN, deadline_ms)) {
            return fail_deadline(diag);
        }
        const ssize_t got = read(fd, out.data + have, out.cap - have);
        if (got > 0) {
            have += (size_t)got;
        } else if (got == 0 || (errno != EINTR && !(errno == EAGAIN && deadline_ms >= 0))) {
            return fail_gone(diag);
        }
    }
    return ATLS_OK;
}

/* send_in_one: a header that comes alone wakes the other side for nothing. */
static enum atls_err send_in_one(int fd, struct atls_bytes header, struct atls_bytes payload,
                                 int64_t deadline_ms, struct atls_diag *diag)
{
    uint8_t octets[SMALL_FRAME];
    memcpy(octets, header.data, header.len);
    if (payload.len != 0) {
        memcpy(octets + header.len, payload.data, payload.len);
    }
    const enum atls_err err =
        send_all(fd, atls_bytes_of(octets, header.len + payload.len), deadline_ms, diag);
    atls_wipe(octets, header.len + payload.len);
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
    if (w.len + payload.len <= SMALL_FRAME) {
        return send_in_one(fd, atls_bytes_of(header, w.len), payload, deadline_ms, diag);
    }
    const enum atls_err err = send_all(fd, atls_bytes_of(header, w.len), deadline_ms, diag);
    return err == ATLS_OK ? send_all(fd, payload, deadline_ms, diag) : err;
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
