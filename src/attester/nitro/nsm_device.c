/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange with the NSM, and what each error of the system means there. */
#include "attester/nitro/nsm.h"

#include "attester/system_error.h"
#include "base/span.h"

#include <errno.h>

static const char step[] = "nitro attester";

/* A signal of the program's own may end a call before the device was asked: so often and no more.
 */
#define MAX_INTERRUPTIONS 8

static const struct atls_system_error rows[] = {
    {NULL, ENOENT, ATLS_ERR_ATTESTER, "no such device",
     "one, which every enclave has: is this one?"},
    {NULL, ENODEV, ATLS_ERR_ATTESTER, "a device with no driver",
     "that of the NSM, which every enclave has: is this one?"},
    {NULL, ENXIO, ATLS_ERR_ATTESTER, "a device with no driver",
     "that of the NSM, which every enclave has: is this one?"},
    {NULL, EACCES, ATLS_ERR_ATTESTER, "no permission to use it",
     "a program that may, or CAP_SYS_ADMIN with the driver of Linux"},
    {NULL, EPERM, ATLS_ERR_ATTESTER, "no permission to use it",
     "a program that may, or CAP_SYS_ADMIN with the driver of Linux"},
    {NULL, ENOTTY, ATLS_ERR_ATTESTER, "something else than an NSM", "the device of the NSM"},
    {NULL, EINVAL, ATLS_ERR_ATTESTER, "a driver that does not know the request",
     "the driver of the NSM"},
    {NULL, EMSGSIZE, ATLS_ERR_ATTESTER, "a message that is too long", "at most 4096 octets"},
    {NULL, E2BIG, ATLS_ERR_ATTESTER, "a message that is too long", "at most 4096 octets"},
    {NULL, ETIMEDOUT, ATLS_ERR_DEADLINE, "no answer in the driver's time", "one"},
    {NULL, EBUSY, ATLS_ERR_BUSY, "a device that is in use", "one that is free"},
    {NULL, EAGAIN, ATLS_ERR_BUSY, "a device that is in use", "one that is free"},
    {NULL, ENOMEM, ATLS_ERR_MEMORY, "too little memory for the driver", NULL},
    {NULL, EMFILE, ATLS_ERR_ATTESTER, "too many open files", "one descriptor more"},
    {NULL, ENFILE, ATLS_ERR_ATTESTER, "too many open files", "one descriptor more"},
    {NULL, EINTR, ATLS_ERR_ATTESTER, "signals again and again", "an answer between them"},
    {NULL, EIO, ATLS_ERR_ATTESTER, "an error of the device", "a device that answers"},
};

static enum atls_err fail_errno(int number, const char *path, struct atls_diag *diag)
{
    static const struct atls_system_errors errors = {
        step, rows, ATLS_ARRAY_LEN(rows), "errno ", "a device that answers",
    };
    return atls_system_refuse(&errors, path, path, number, diag);
}

static int open_device(const struct atls_nsm_device *device, const char *path)
{
    int descriptor = -EINTR;
    for (int i = 0; descriptor == -EINTR && i < MAX_INTERRUPTIONS; i++) {
        descriptor = device->open(path);
    }
    return descriptor;
}

/* The request is the same each time, and an answer that a signal cost is asked for again. */
static int exchange(const struct atls_nsm_device *device, int descriptor, struct atls_bytes request,
                    struct atls_buf response, size_t *out_len)
{
    int result = -EINTR;
    for (int i = 0; result == -EINTR && i < MAX_INTERRUPTIONS; i++) {
        result = device->exchange(descriptor, request, response, out_len);
    }
    return result;
}

enum atls_err atls_nsm_attest(struct atls_bytes *out_document, struct atls_buf room,
                              const struct atls_nsm_device *device, const char *path,
                              struct atls_bytes nonce, struct atls_bytes public_key,
                              struct atls_diag *diag)
{
    uint8_t request[ATLS_NSM_MAX_REQUEST];
    size_t request_len = 0;
    size_t len = 0;
    enum atls_err err = atls_nsm_put_request((struct atls_buf){request, sizeof request},
                                             &request_len, nonce, public_key, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const int descriptor = open_device(device, path);
    if (descriptor < 0) {
        return fail_errno(-descriptor, path, diag);
    }
    const int result =
        exchange(device, descriptor, atls_bytes_of(request, request_len), room, &len);
    device->close(descriptor);
    if (result < 0) {
        return fail_errno(-result, path, diag);
    }
    if (len > room.cap) {
        return atls_fail_texts(diag, ATLS_ERR_ATTESTER, step, path,
                               "a length that is not that of the answer",
                               "no more octets than there was room for");
    }
    return atls_nsm_read_response(out_document, atls_bytes_of(room.data, len), diag);
}
