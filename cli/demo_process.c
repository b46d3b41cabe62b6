/* SPDX-License-Identifier: Apache-2.0 */
#include "demo_process.h"

#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static bool write_input(int fd, const char *input)
{
    const size_t len = input != NULL ? strlen(input) : 0;
    const bool ok = len == 0 || write(fd, input, len) == (ssize_t)len; /* it fits into a pipe */
    close(fd);
    return ok;
}

bool demo_spawn(struct demo_child *out, char *const argv[], const char *input, const char *log)
{
    int in[2], from[2];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t pipes;
    if (pipe2(in, O_CLOEXEC) != 0) {
        return false;
    }
    if (pipe2(from, O_CLOEXEC) != 0) {
        close(in[0]);
        close(in[1]);
        return false;
    }
    sigemptyset(&pipes);
    sigaddset(&pipes, SIGPIPE);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &pipes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log, O_WRONLY | O_CREAT | O_APPEND,
                                     0600);
    memset(out, 0, sizeof *out);
    const int error = posix_spawnp(&out->pid, argv[0], &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(in[0]);
    close(from[1]);
    out->out_fd = from[0];
    if (!write_input(in[1], input) || error != 0) {
        close(from[0]);
        out->out_fd = -1;
        return false;
    }
    return true;
}

/* take_line gives the first line of the buffer as JSON and removes it; NULL when there is none. */
static json_t *take_line(struct demo_child *child, bool *found)
{
    const char *end = memchr(child->buffer, '\n', child->used);
    *found = end != NULL;
    if (end == NULL) {
        return NULL;
    }
    const size_t len = (size_t)(end - child->buffer);
    json_t *event = json_loadb(child->buffer, len, JSON_REJECT_DUPLICATES, NULL);
    child->used -= len + 1;
    memmove(child->buffer, end + 1, child->used);
    return event;
}

json_t *demo_next_event(struct demo_child *child, int64_t deadline_ms)
{
    for (;;) {
        bool found = false;
        json_t *event = take_line(child, &found);
        if (found) {
            return event;
        }
        const int64_t left = deadline_ms - cli_now_ms();
        struct pollfd wait = {.fd = child->out_fd, .events = POLLIN};
        if (left <= 0 || child->used == sizeof child->buffer || poll(&wait, 1, (int)left) <= 0) {
            return NULL;
        }
        const ssize_t len =
            read(child->out_fd, child->buffer + child->used, sizeof child->buffer - child->used);
        if (len <= 0) {
            return NULL;
        }
        child->used += (size_t)len;
    }
}

int demo_wait(struct demo_child *child, int64_t deadline_ms)
{
    int status = 0;
    bool killed = false;
    if (child->out_fd >= 0) {
        close(child->out_fd);
        child->out_fd = -1;
    }
    while (child->pid > 0 && waitpid(child->pid, &status, WNOHANG) == 0) {
        if (!killed && cli_now_ms() > deadline_ms) {
            kill(child->pid, SIGKILL);
            killed = true;
        }
        (void)poll(NULL, 0, 2);
    }
    child->pid = 0;
    return !killed && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
