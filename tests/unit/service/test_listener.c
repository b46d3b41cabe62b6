/* SPDX-License-Identifier: Apache-2.0 */
/* A client that always sends a little, and never a whole request, holds a connection for a while
 * and no longer. */
#include "support/check.h"

#include "svc/verifier/listener.h"
#include "svc/verifier/service.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MS = 300, STEP_US = 20000, STEPS = 1500 /* a hundred times as long */ };

static int listen_here(struct sockaddr_in *address)
{
    socklen_t len = sizeof *address;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    *address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(bind(fd, (const struct sockaddr *)address, len), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)address, &len), 0);
    return fd;
}

/* is_ended drips a header of one letter after another; true once the other side has ended it. */
static bool is_ended(int fd)
{
    static const char begin[] = "GET /healthz HTTP/1.1\r\nHost: x\r\nX: ";
    char octet = 'a';
    bool ended = send(fd, begin, sizeof begin - 1, 0) < 0;
    for (int i = 0; !ended && i < STEPS; i++) {
        usleep(STEP_US);
        const ssize_t got = recv(fd, &octet, 1, MSG_DONTWAIT);
        ended = got == 0 || (got < 0 && errno != EAGAIN) || send(fd, "a", 1, 0) < 0;
    }
    return ended;
}

static void a_request_that_drips_is_ended(void **state)
{
    (void)state;
    struct sockaddr_in address;
    struct verifier_service *service = calloc(1, sizeof *service);
    struct verifier_listener *listener = NULL;
    assert_non_null(service);
    service->log = verifier_log_new(true);
    const struct verifier_listener_config config = {.fd = listen_here(&address),
                                                    .handshake_timeout_ms = 10000,
                                                    .request_timeout_ms = REQUEST_MS,
                                                    .max_connections = 4,
                                                    .threads = 1,
                                                    .appraisers = 1,
                                                    .fetchers = 1};
    assert_err(verifier_listener_new(&listener, service, &config, NULL), OK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_true(is_ended(fd));
    close(fd);
    assert_true(verifier_listener_stop(listener, verifier_now_ms() + 60000));
    close(config.fd);
    verifier_log_free(service->log);
    free(service);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_that_drips_is_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
