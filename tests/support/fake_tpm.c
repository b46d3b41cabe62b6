/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_tpm.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_LEN 8192

static void need(bool holds, const char *what)
{
    if (!holds) {
        perror(what);
        exit(1);
    }
}

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    return address;
}

/* wait_for is true when `fd` can be read, false when the test ends. */
static bool wait_for(const struct test_fake_tpm *fake, int fd)
{
    struct pollfd fds[2] = {{fd, POLLIN, 0}, {fake->stop[0], POLLIN, 0}};
    while (poll(fds, 2, -1) <= 0) {
        /* a signal */
    }
    return fds[1].revents == 0;
}

static bool read_all(const struct test_fake_tpm *fake, int fd, uint8_t *out, size_t len)
{
    for (size_t done = 0; done < len;) {
        if (!wait_for(fake, fd)) {
            return false;
        }
        const ssize_t some = read(fd, &out[done], len - done);
        if (some <= 0) {
            return false;
        }
        done += (size_t)some;
    }
    return true;
}

static long read_message(const struct test_fake_tpm *fake, int fd, uint8_t *out)
{
    if (!read_all(fake, fd, out, 10)) {
        return -1;
    }
    const size_t len = (size_t)out[2] << 24 | (size_t)out[3] << 16 | (size_t)out[4] << 8 | out[5];
    need(len >= 10 && len <= MAX_LEN, "length of a message");
    return read_all(fake, fd, &out[10], len - 10) ? (long)len : -1;
}

static bool send_answer(const struct test_fake_tpm *fake, int fd, const uint8_t *octets, size_t len)
{
    if (fake->drip_ms == 0) {
        return send(fd, octets, len, MSG_NOSIGNAL) == (ssize_t)len;
    }
    for (size_t i = 0; i < len; i++) {
        struct pollfd stop = {fake->stop[0], POLLIN, 0};
        if (poll(&stop, 1, (int)fake->drip_ms) != 0 || send(fd, &octets[i], 1, MSG_NOSIGNAL) != 1) {
            return false;
        }
    }
    return true;
}

static void serve_one(const struct test_fake_tpm *fake, int fd)
{
    uint8_t command[MAX_LEN], answer[MAX_LEN];
    for (;;) {
        const long len = read_message(fake, fd, command);
        if (len < 0) {
            return;
        }
        const struct atls_bytes asked = {command, (size_t)len};
        const struct atls_buf room = {answer, sizeof answer};
        const long said = fake->fn(fake->context, asked, room);
        if (said < 0 || (said > 0 && !send_answer(fake, fd, answer, (size_t)said))) {
            return;
        }
    }
}

static void *serve(void *argument)
{
    const struct test_fake_tpm *fake = argument;
    while (wait_for(fake, fake->listener)) {
        const int fd = accept(fake->listener, NULL, NULL);
        if (fd >= 0) {
            serve_one(fake, fd);
            close(fd);
        }
    }
    return NULL;
}

static void listen_at_path(struct test_fake_tpm *fake)
{
    strcpy(fake->folder, "/tmp/atls-fake-XXXXXX");
    need(mkdtemp(fake->folder) != NULL, "mkdtemp");
    snprintf(fake->socket, sizeof fake->socket, "%s/socket", fake->folder);
    snprintf(fake->tcti, sizeof fake->tcti, "swtpm:path=%s", fake->socket);
    const struct sockaddr_un address = address_of(fake->socket);
    fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(fake->listener >= 0 &&
             bind(fake->listener, (const struct sockaddr *)(const void *)&address,
                  sizeof address) == 0,
         "fake TPM");
}

static void listen_at_port(struct test_fake_tpm *fake)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fake->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(fake->listener >= 0 &&
             bind(fake->listener, (const struct sockaddr *)(const void *)&address, len) == 0 &&
             getsockname(fake->listener, (struct sockaddr *)(void *)&address, &len) == 0,
         "fake TPM");
    snprintf(fake->tcti, sizeof fake->tcti, "swtpm:host=127.0.0.1,port=%u",
             (unsigned)ntohs(address.sin_port));
}

static void start(struct test_fake_tpm *fake, test_fake_fn *fn, void *context, const char *upstream,
                  void (*listen_at)(struct test_fake_tpm *fake))
{
    memset(fake, 0, sizeof *fake);
    fake->fn = fn;
    fake->context = context;
    fake->upstream = -1;
    listen_at(fake);
    need(listen(fake->listener, 4) == 0 && pipe(fake->stop) == 0, "fake TPM");
    if (upstream != NULL) {
        const struct sockaddr_un real = address_of(upstream);
        fake->upstream = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        need(fake->upstream >= 0 &&
                 connect(fake->upstream, (const struct sockaddr *)(const void *)&real,
                         sizeof real) == 0,
             "real TPM");
    }
    need(pthread_create(&fake->thread, NULL, serve, fake) == 0, "thread");
}

void test_fake_start(struct test_fake_tpm *fake, test_fake_fn *fn, void *context,
                     const char *upstream)
{
    start(fake, fn, context, upstream, listen_at_path);
}

void test_fake_start_tcp(struct test_fake_tpm *fake, test_fake_fn *fn, void *context,
                         const char *upstream)
{
    start(fake, fn, context, upstream, listen_at_port);
}

void test_fake_stop(struct test_fake_tpm *fake)
{
    need(write(fake->stop[1], "x", 1) == 1, "stop");
    pthread_join(fake->thread, NULL);
    if (fake->upstream >= 0) {
        close(fake->upstream);
    }
    close(fake->listener);
    close(fake->stop[0]);
    close(fake->stop[1]);
    if (fake->folder[0] != '\0') {
        unlink(fake->socket);
        rmdir(fake->folder);
    }
}

long test_fake_forward(const struct test_fake_tpm *fake, struct atls_bytes command,
                       struct atls_buf answer)
{
    need(answer.cap >= MAX_LEN, "room for an answer");
    need(send(fake->upstream, command.data, command.len, MSG_NOSIGNAL) == (ssize_t)command.len,
         "real TPM");
    return read_message(fake, fake->upstream, answer.data);
}
