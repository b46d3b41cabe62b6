/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/process.h"

#include "base/span.h"
#include "svc/verifier/frame.h"
#include "svc/verifier/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    RESTART_MS = 50,        /* between two processes in one slot, at least */
    FRONT_RESTARTS = 5,     /* more of them in a minute, and the supervisor gives up */
    STOP_MS = 40000,        /* the front ends in so long after SIGTERM */
    CONTROL_MESSAGE_LEN = 8 /* struct message of control.c */
};

struct helper {
    pid_t pid; /* 0: none runs */
    int64_t started_ms;
    int64_t restart_ms; /* when the next one may be started */
};

struct supervisor {
    const struct verifier_programs *programs;
    size_t num_slots;
    struct helper helpers[VERIFIER_MAX_SLOTS];
    pid_t front;
    int control_fd;
    int signal_fd;
    sigset_t before; /* the mask that children get */
    int64_t front_starts_ms[FRONT_RESTARTS];
    size_t num_front_starts;
    int64_t stop_by_ms; /* 0: not stopping */
    bool ready;         /* the service has worked: what happens is told */
};

static const char *slot_name(size_t slot)
{
    return slot == VERIFIER_SIGNER_SLOT ? "signer" : "appraiser";
}

static void event(const struct supervisor *s, const char *what, const char *process, pid_t pid,
                  int status)
{
    if (s->ready) {
        s->programs->on_event(s->programs->arg, what, process, pid, status);
    }
}

/* become sets up what all children have in common. */
static void become(const struct supervisor *s, const char *name, bool takes_signals)
{
    (void)prctl(PR_SET_NAME, name, 0, 0, 0);
    (void)prctl(PR_SET_PDEATHSIG, takes_signals ? SIGTERM : SIGKILL, 0, 0, 0);
    signal(SIGCHLD, SIG_DFL);
    if (!takes_signals) { /* they end when the front has: a Ctrl-C goes to all of a terminal */
        signal(SIGTERM, SIG_IGN);
        signal(SIGINT, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
    }
    sigprocmask(SIG_SETMASK, &s->before, NULL);
}

static void run_helper(const struct supervisor *s, size_t slot, int fd)
{
    const struct verifier_programs *p = s->programs;
    become(s, slot == VERIFIER_SIGNER_SLOT ? "atls-signer" : "atls-appraiser", false);
    verifier_close_but(&fd, 1);
    exit(slot == VERIFIER_SIGNER_SLOT ? p->run_signer(fd, p->arg) : p->run_appraiser(fd, p->arg));
}

/* start_helper forks the process of a slot and hands its connection to the front. */
static bool start_helper(struct supervisor *s, size_t slot)
{
    int ends[2];
    struct helper *helper = &s->helpers[slot];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return false;
    }
    helper->started_ms = verifier_now_ms();
    helper->restart_ms = helper->started_ms + RESTART_MS;
    const pid_t pid = fork();
    if (pid == 0) {
        run_helper(s, slot, ends[1]);
    }
    close(ends[1]);
    const struct verifier_replacement replacement = {(uint8_t)slot, (int32_t)pid, ends[0]};
    const bool ok = pid > 0 && verifier_control_send(s->control_fd, &replacement);
    close(ends[0]);
    if (pid > 0) {
        helper->pid = pid;
        event(s, "started", slot_name(slot), pid, 0);
    }
    return ok;
}

static bool start_front(struct supervisor *s)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return false;
    }
    const pid_t pid = fork();
    if (pid == 0) {
        become(s, "atls-verifier", true);
        close(ends[0]);
        close(s->signal_fd);
        exit(s->programs->run_front(ends[1], s->programs->arg));
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return false;
    }
    s->front = pid;
    s->control_fd = ends[0];
    if (s->num_front_starts == FRONT_RESTARTS) {
        memmove(s->front_starts_ms, s->front_starts_ms + 1,
                sizeof s->front_starts_ms - sizeof s->front_starts_ms[0]);
        s->num_front_starts--;
    }
    s->front_starts_ms[s->num_front_starts++] = verifier_now_ms();
    event(s, "started", "front", pid, 0);
    return true;
}

static bool start_all(struct supervisor *s)
{
    bool ok = start_front(s);
    for (size_t slot = 0; ok && slot < s->num_slots; slot++) {
        ok = start_helper(s, slot);
    }
    return ok;
}

/* wait_helper gives a helper until `deadline_ms` to end by itself, which it does when its
 * connection is closed, and then ends it. */
static int wait_helper(pid_t pid, int64_t deadline_ms)
{
    int status = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (verifier_now_ms() >= deadline_ms) {
            kill(pid, SIGKILL);
        }
        (void)poll(NULL, 0, 2);
    }
    return status;
}

/* end_helpers: the front is gone, and with it the other ends of their connections. */
static void end_helpers(struct supervisor *s)
{
    const int64_t deadline_ms = verifier_now_ms() + 1000;
    for (size_t slot = 0; slot < s->num_slots; slot++) {
        const pid_t pid = s->helpers[slot].pid;
        if (pid > 0) {
            const int status = wait_helper(pid, deadline_ms);
            s->helpers[slot].pid = 0;
            event(s, "ended", slot_name(slot), pid, status);
        }
    }
    if (s->control_fd >= 0) {
        close(s->control_fd);
        s->control_fd = -1;
    }
}

/* front_ended gives true when the service is over, with its status. */
static bool front_ended(struct supervisor *s, int status, int *out_status)
{
    const int64_t now = verifier_now_ms();
    event(s, "ended", "front", s->front, status);
    s->front = 0;
    end_helpers(s);
    if (WIFEXITED(status)) {
        *out_status = WEXITSTATUS(status);
        return true;
    }
    const bool too_often =
        s->num_front_starts == FRONT_RESTARTS && now - s->front_starts_ms[0] < 60000;
    if (s->stop_by_ms != 0 || too_often || !start_all(s)) {
        *out_status = 1;
        return true;
    }
    return false;
}

/* reap looks at every child that has ended; true when the service is over. */
static bool reap(struct supervisor *s, int *out_status)
{
    for (;;) {
        int status = 0;
        const pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid <= 0) {
            return false;
        }
        if (pid == s->front) {
            if (front_ended(s, status, out_status)) {
                return true;
            }
            continue;
        }
        for (size_t slot = 0; slot < s->num_slots; slot++) {
            if (s->helpers[slot].pid == pid) {
                event(s, "ended", slot_name(slot), pid, status);
                s->helpers[slot].pid = 0;
            }
        }
    }
}

/* has_use is false without a front, and with one that has let its helpers go: it ends the control
 * connection before theirs, so that none of those is taken for one that is missing. */
static bool has_use(const struct supervisor *s)
{
    struct pollfd look = {.fd = s->control_fd, .events = 0};
    return s->front > 0 && (poll(&look, 1, 0) <= 0 || (look.revents & POLLHUP) == 0);
}

/* restart starts what is missing and may be started; gives how long to wait for the rest. */
static int restart(struct supervisor *s)
{
    const int64_t now = verifier_now_ms();
    int wait_ms = 60000;
    for (size_t slot = 0; slot < s->num_slots && has_use(s); slot++) {
        struct helper *helper = &s->helpers[slot];
        if (helper->pid != 0) {
            continue;
        }
        if (helper->restart_ms <= now && start_helper(s, slot)) {
            continue;
        }
        wait_ms = RESTART_MS;
    }
    if (s->stop_by_ms != 0 && wait_ms > 1000) {
        wait_ms = 1000;
    }
    return wait_ms;
}

static void on_signal(struct supervisor *s)
{
    struct signalfd_siginfo info;
    while (read(s->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD || s->front <= 0) {
            continue;
        }
        if (info.ssi_signo != SIGHUP && s->stop_by_ms == 0) {
            s->stop_by_ms = verifier_now_ms() + STOP_MS;
        }
        kill(s->front, info.ssi_signo == SIGHUP ? SIGHUP : SIGTERM);
    }
}

/* on_ready tells what has happened so far, which nobody hears of a service that never began. */
static void on_ready(struct supervisor *s)
{
    if (s->ready) {
        return;
    }
    s->ready = true;
    event(s, "started", "front", s->front, 0);
    for (size_t slot = 0; slot < s->num_slots; slot++) {
        if (s->helpers[slot].pid != 0) {
            event(s, "started", slot_name(slot), s->helpers[slot].pid, 0);
        }
    }
}

/* on_control: the front has given up a helper that does not answer. A pid that is no longer that of
 * the slot is of one that has ended already. */
static void on_control(struct supervisor *s)
{
    struct {
        int32_t pid;
        uint8_t slot;
        uint8_t zero[3];
    } message;
    _Static_assert(sizeof message == CONTROL_MESSAGE_LEN, "as control.c sends it");
    const ssize_t got = recv(s->control_fd, &message, sizeof message, MSG_DONTWAIT);
    if (got == (ssize_t)sizeof message && message.slot == VERIFIER_MAX_SLOTS) {
        on_ready(s);
    }
    if (got != (ssize_t)sizeof message || message.slot >= s->num_slots || message.pid <= 0) {
        return;
    }
    const struct helper *helper = &s->helpers[message.slot];
    if (helper->pid == message.pid) {
        event(s, "too late", slot_name(message.slot), helper->pid, 0);
        kill(helper->pid, SIGKILL);
    }
}

static int loop(struct supervisor *s)
{
    int status = 1;
    for (;;) {
        if (reap(s, &status)) {
            return status;
        }
        const int wait_ms = restart(s);
        if (s->stop_by_ms != 0 && verifier_now_ms() > s->stop_by_ms && s->front > 0) {
            kill(s->front, SIGKILL);
        }
        struct pollfd wait[2] = {{.fd = s->signal_fd, .events = POLLIN},
                                 {.fd = s->control_fd, .events = POLLIN}};
        if (poll(wait, 2, wait_ms) <= 0) {
            continue;
        }
        if (wait[0].revents != 0) {
            on_signal(s);
        }
        if ((wait[1].revents & POLLIN) != 0) {
            on_control(s);
        } else if (wait[1].revents != 0) { /* the front is going: its end comes as SIGCHLD */
            (void)poll(wait, 1, RESTART_MS);
        }
    }
}

int verifier_supervise(const struct verifier_programs *programs)
{
    struct supervisor s = {.programs = programs, .control_fd = -1, .signal_fd = -1};
    sigset_t signals;
    s.num_slots = programs->num_appraisers + 1;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, &s.before);
    s.signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    int status = 1;
    if (s.signal_fd >= 0 && start_all(&s)) {
        status = loop(&s);
    } else if (s.front > 0) {
        kill(s.front, SIGKILL);
        (void)waitpid(s.front, NULL, 0);
    }
    end_helpers(&s);
    if (s.signal_fd >= 0) {
        close(s.signal_fd);
    }
    return status;
}
