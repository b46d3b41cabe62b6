/* SPDX-License-Identifier: Apache-2.0 */
#include "service.h"

#include "base/diag.h"
#include "datagrams.h"
#include "net.h"
#include "udp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The peer has nothing more to say: the far side sees the end of its input. */
static void end_far_side(void *arg)
{
    shutdown(*(const int *)arg, SHUT_WR);
}

static enum atls_err relay_to(SSL *ssl, int fd, struct cli_counts *counts, struct atls_diag *diag)
{
    const struct cli_far_side far = {
        .in_fd = fd, .out_fd = fd, .arg = &fd, .idle_ms = CLI_IDLE_MS, .peer_ended = end_far_side};
    return cli_relay(ssl, &far, counts, diag);
}

/* hand_packet gives a datagram to who reads the socket at once or not at all: what does not go for
 * another reason is lost, as a datagram may be, and the end of a command is seen by its output. */
static enum cli_handed hand_packet(void *arg, SSL *ssl, const unsigned char *data, size_t len,
                                   size_t *done)
{
    (void)ssl, (void)done;
    const ssize_t sent = send(*(const int *)arg, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 && errno == EAGAIN ? CLI_HANDED_LATER : CLI_HANDED;
}

static enum atls_err relay_packets(SSL *ssl, int fd, enum cli_unit unit, struct cli_counts *counts,
                                   struct atls_diag *diag)
{
    const struct cli_far_datagrams far = {.unit = unit,
                                          .in_fd = fd,
                                          .out_fd = fd,
                                          .hand = hand_packet,
                                          .arg = &fd,
                                          .idle_ms = CLI_DATAGRAM_IDLE_MS,
                                          .peer_ended =
                                              unit == CLI_UNIT_PACKET ? end_far_side : NULL};
    return cli_datagrams_relay(ssl, &far, counts, diag);
}

static enum atls_err spawn_shell(pid_t *out, const char *command, int fd, struct atls_diag *diag)
{
    char shell[] = "sh", dash_c[] = "-c";
    char *line = strdup(command);
    char *const arguments[] = {shell, dash_c, line, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, pipes;
    sigemptyset(&none);
    sigemptyset(&pipes);
    sigaddset(&pipes, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
    /* A command expects the signals as they are by default, whatever this program does with them.
     */
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &pipes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP); /* a group of its own */
    const int error = line != NULL
                          ? posix_spawn(out, "/bin/sh", &actions, &attributes, arguments, environ)
                          : ENOMEM;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    free(line);
    return error == 0 ? ATLS_OK
                      : atls_fail_texts(diag, ATLS_ERR_FILE, "--exec", command, strerror(error),
                                        "a command for the shell");
}

/* end_command ends what the shell has started, too: its group. A command that has ended by itself
 * does not mind, and one that does not listen is given two seconds. */
static void end_command(pid_t child)
{
    const int64_t deadline = cli_now_ms() + 2000;
    int signal_number = SIGTERM;
    kill(-child, signal_number);
    while (waitpid(child, NULL, WNOHANG) == 0) {
        if (signal_number == SIGTERM && cli_now_ms() > deadline) {
            signal_number = SIGKILL;
            kill(-child, signal_number);
        }
        (void)poll(NULL, 0, 5);
    }
}

static enum atls_err serve_command(SSL *ssl, const char *command, struct cli_counts *counts,
                                   struct atls_diag *diag)
{
    int ends[2];
    pid_t child = 0;
    const bool packets = SSL_is_dtls(ssl) == 1;
    const int type = packets ? SOCK_SEQPACKET : SOCK_STREAM;
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) {
        return atls_fail_texts(diag, ATLS_ERR_MEMORY, "--exec", NULL, strerror(errno), NULL);
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    enum atls_err err = spawn_shell(&child, command, ends[1], diag);
    close(ends[1]);
    if (err == ATLS_OK) {
        err = packets ? relay_packets(ssl, ends[0], CLI_UNIT_PACKET, counts, diag)
                      : relay_to(ssl, ends[0], counts, diag);
    }
    close(ends[0]);
    if (child > 0) {
        end_command(child);
    }
    return err;
}

static enum atls_err serve_forward(SSL *ssl, const char *to, struct cli_counts *counts,
                                   struct atls_diag *diag)
{
    struct cli_endpoint endpoint;
    int fd = -1;
    const bool packets = SSL_is_dtls(ssl) == 1;
    enum atls_err err = cli_endpoint_parse(&endpoint, to, "--forward", diag);
    if (err == ATLS_OK) {
        err =
            packets ? cli_udp_dial(&fd, &endpoint, 0, diag) : cli_dial(&fd, &endpoint, 10000, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    err = packets ? relay_packets(ssl, fd, CLI_UNIT_DATAGRAM, counts, diag)
                  : relay_to(ssl, fd, counts, diag);
    close(fd);
    return err;
}

enum atls_err cli_service(SSL *ssl, const struct cli_options *options, struct cli_counts *counts,
                          struct atls_diag *diag)
{
    if (options->exec != NULL) {
        return serve_command(ssl, options->exec, counts, diag);
    }
    if (options->forward != NULL) {
        return serve_forward(ssl, options->forward, counts, diag);
    }
    return SSL_is_dtls(ssl) == 1 ? cli_datagrams_echo(ssl, CLI_DATAGRAM_IDLE_MS, counts, diag)
                                 : cli_echo(ssl, CLI_IDLE_MS, counts, diag);
}
