/* SPDX-License-Identifier: Apache-2.0 */
/* The control connection: SOCK_SEQPACKET, a message at a time, descriptors beside it. */
#include "svc/verifier/process.h"

#include "base/span.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

struct message {
    int32_t pid;
    uint8_t slot;
    uint8_t zero[3];
};

/* Aligned room for one descriptor. */
union ancillary {
    struct cmsghdr align;
    char room[CMSG_SPACE(sizeof(int))];
};

bool verifier_control_send(int control_fd, const struct verifier_replacement *replacement)
{
    struct message message = {.pid = replacement->pid, .slot = replacement->slot};
    struct iovec part = {.iov_base = &message, .iov_len = sizeof message};
    union ancillary ancillary;
    memset(&ancillary, 0, sizeof ancillary);
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = ancillary.room,
                            .msg_controllen = sizeof ancillary.room};
    struct cmsghdr *item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(item), &replacement->fd, sizeof(int));
    ssize_t sent = 0;
    do {
        sent = sendmsg(control_fd, &header, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof message;
}

bool verifier_control_receive(int control_fd, struct verifier_replacement *out)
{
    struct message message;
    struct iovec part = {.iov_base = &message, .iov_len = sizeof message};
    union ancillary ancillary;
    memset(&ancillary, 0, sizeof ancillary);
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = ancillary.room,
                            .msg_controllen = sizeof ancillary.room};
    ssize_t got = 0;
    do {
        got = recvmsg(control_fd, &header, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    const struct cmsghdr *item = got > 0 ? CMSG_FIRSTHDR(&header) : NULL;
    if (got != (ssize_t)sizeof message || item == NULL || item->cmsg_level != SOL_SOCKET ||
        item->cmsg_type != SCM_RIGHTS || item->cmsg_len != CMSG_LEN(sizeof(int)) ||
        message.slot >= VERIFIER_MAX_SLOTS) {
        return false;
    }
    out->slot = message.slot;
    out->pid = message.pid;
    memcpy(&out->fd, CMSG_DATA(item), sizeof(int));
    return true;
}

void verifier_control_ready(int control_fd)
{
    const struct message message = {.pid = 0, .slot = VERIFIER_MAX_SLOTS};
    (void)send(control_fd, &message, sizeof message, MSG_NOSIGNAL);
}

void verifier_control_end(int control_fd, uint8_t slot, int32_t pid)
{
    const struct message message = {.pid = pid, .slot = slot};
    /* Not waited for: when the supervisor does not read, it is the one that ends us. */
    (void)send(control_fd, &message, sizeof message, MSG_DONTWAIT | MSG_NOSIGNAL);
}
