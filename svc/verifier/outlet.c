/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/outlet.h"

#include "svc/verifier/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* The mode of a stream stays as it is, for others may have it as well; that of one that is opened
 * anew is ours. Of a file that would be another place to write at, and a socket cannot be. */
void verifier_outlet_open(struct verifier_outlet *outlet, int fd)
{
    struct stat found;
    char path[32];
    *outlet = (struct verifier_outlet){.fd = fd};
    if (fstat(fd, &found) != 0 || !S_ISFIFO(found.st_mode)) {
        return;
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const int own = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (own >= 0) {
        outlet->fd = own;
        outlet->is_own = true;
    }
}

void verifier_outlet_close(struct verifier_outlet *outlet)
{
    if (outlet->is_own) {
        close(outlet->fd);
    }
}

/* has_room waits until PIPE_BUF octets go out at once: that is what a pipe promises with POLLOUT.
 */
static bool has_room(int fd, int64_t deadline_ms)
{
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        const int64_t left_ms = deadline_ms - verifier_now_ms();
        const int found = poll(&wait, 1, left_ms > 0 ? (int)left_ms : 0);
        if (found < 0 && errno == EINTR && left_ms > 0) {
            continue;
        }
        return found > 0 && (wait.revents & (POLLERR | POLLNVAL)) == 0;
    }
}

/* write_all gives how many octets went out. */
static size_t write_all(const struct verifier_outlet *outlet, struct atls_bytes octets,
                        int64_t deadline_ms)
{
    const size_t most = outlet->is_own ? SSIZE_MAX : PIPE_BUF;
    bool may_write = outlet->is_own;
    size_t at = 0;
    while (at < octets.len && (may_write || has_room(outlet->fd, deadline_ms))) {
        const size_t left = octets.len - at;
        const ssize_t wrote = write(outlet->fd, &octets.data[at], left < most ? left : most);
        if (wrote > 0) {
            at += (size_t)wrote;
        } else if (wrote == 0 || (errno != EINTR && errno != EAGAIN)) {
            break;
        }
        may_write = false;
    }
    return at;
}

/* note_lost counts the lines whose end did not go out. */
static void note_lost(struct verifier_outlet *outlet, struct atls_bytes lines, size_t wrote)
{
    for (size_t i = wrote; i < lines.len; i++) {
        outlet->lost += lines.data[i] == '\n';
        outlet->untold += lines.data[i] == '\n';
    }
    outlet->is_stuck = true;
    outlet->is_torn = wrote != 0 ? lines.data[wrote - 1] != '\n' : outlet->is_torn;
}

bool verifier_outlet_write(struct verifier_outlet *outlet, struct atls_bytes lines)
{
    const int64_t deadline_ms =
        verifier_now_ms() + (outlet->is_stuck ? 0 : VERIFIER_OUTLET_WAIT_MS);
    if (outlet->is_torn && write_all(outlet, atls_bytes_text("\n"), deadline_ms) == 1) {
        outlet->is_torn = false;
    }
    const size_t wrote = outlet->is_torn ? 0 : write_all(outlet, lines, deadline_ms);
    if (wrote != lines.len) {
        note_lost(outlet, lines, wrote);
        return false;
    }
    outlet->is_stuck = false;
    return true;
}

uint64_t verifier_outlet_tell(struct verifier_outlet *outlet)
{
    const uint64_t lost = outlet->is_stuck ? 0 : outlet->untold;
    outlet->untold -= lost;
    return lost;
}
