/* SPDX-License-Identifier: Apache-2.0 */
/* The NSM by Linux's driver. Nothing but these three calls is Linux's. */
#include "attester/nitro/nsm.h"

#include "base/span.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* include/uapi/linux/nsm.h, since Linux 6.8; the driver that AWS ships has the same numbers. The
 * header of older systems lacks it. */
struct nsm_range {
    uint64_t address;
    uint64_t len;
};
struct nsm_message {
    struct nsm_range request;
    struct nsm_range response;
};
#define NSM_EXCHANGE _IOWR(0x0A, 0x0, struct nsm_message)
_Static_assert(sizeof(struct nsm_message) == 32, "as the driver has it");

static int linux_open(const char *path)
{
    const int descriptor = open(path, O_RDWR | O_CLOEXEC);
    return descriptor >= 0 ? descriptor : -errno;
}

static int linux_exchange(int descriptor, struct atls_bytes request, struct atls_buf response,
                          size_t *out_len)
{
    struct nsm_message message = {
        .request = {(uint64_t)(uintptr_t)request.data, request.len},
        .response = {(uint64_t)(uintptr_t)response.data, response.cap},
    };
    if (ioctl(descriptor, NSM_EXCHANGE, &message) < 0) {
        return -errno;
    }
    if (message.response.len > response.cap) {
        return -EMSGSIZE;
    }
    *out_len = (size_t)message.response.len;
    return 0;
}

static void linux_close(int descriptor)
{
    (void)close(descriptor);
}

const struct atls_nsm_device atls_nsm_linux = {linux_open, linux_exchange, linux_close};
