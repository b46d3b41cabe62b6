/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/sandbox.h"

#include "base/span.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define UNDER_SANITIZER 1
#endif
#endif
#ifndef UNDER_SANITIZER
#define UNDER_SANITIZER 0
#endif

static const char step[] = "sandbox";

const char *verifier_sandbox_name(void)
{
    return UNDER_SANITIZER ? "off, this build has a sanitizer" : "seccomp";
}

static enum atls_err fail_errno(const char *claim, int error, struct atls_diag *diag)
{
    char reason[100] = "";
    if (strerror_r(error, reason, sizeof reason) != 0) {
        reason[0] = '\0';
    }
    return atls_fail_texts(diag, ATLS_ERR_STATE, step, claim, reason, "it to hold");
}

void verifier_close_but(const int *keep, size_t num)
{
    const long most = sysconf(_SC_OPEN_MAX);
    const int end = most > 0 && most < 65536 ? (int)most : 65536;
    for (int fd = 0; fd < end; fd++) {
        bool kept = fd == STDERR_FILENO;
        for (size_t i = 0; i < num; i++) {
            kept = kept || fd == keep[i];
        }
        if (!kept) {
            close(fd);
        }
    }
}

/* address_space gives the address space that is in use, in octets; 0 when it cannot be told. */
static size_t address_space(void)
{
    char line[64] = "";
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) {
        return 0;
    }
    const bool read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    return read ? strtoul(line, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

static enum atls_err limit(int resource, rlim_t value, const char *name, struct atls_diag *diag)
{
    const struct rlimit both = {value, value};
    return setrlimit((__rlimit_resource_t)resource, &both) == 0 ? ATLS_OK
                                                                : fail_errno(name, errno, diag);
}

static enum atls_err set_limits(const struct verifier_sandbox *sandbox, struct atls_diag *diag)
{
    const size_t used = sandbox->max_memory != 0 && !UNDER_SANITIZER ? address_space() : 0;
    enum atls_err err = limit(RLIMIT_CORE, 0, "RLIMIT_CORE", diag); /* nonces and keys */
    if (err == ATLS_OK) {
        err = limit(RLIMIT_FSIZE, 0, "RLIMIT_FSIZE", diag);
    }
    if (err == ATLS_OK && !UNDER_SANITIZER) {
        err = limit(RLIMIT_NOFILE, 0, "RLIMIT_NOFILE", diag);
    }
    if (err == ATLS_OK && used != 0) {
        err = limit(RLIMIT_AS, used + sandbox->max_memory, "RLIMIT_AS", diag);
    }
    return err;
}

/* System calls without a condition. What the C library and OpenSSL need to compute, to answer and
 * to end. */
static const int allowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(brk),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(sched_yield),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(close),
};

/* masked compares some bits of one argument of a system call. */
static struct scmp_arg_cmp masked(unsigned argument, uint32_t bits, uint32_t value)
{
    const struct scmp_arg_cmp out = {
        .arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = bits, .datum_b = value};
    return out;
}

static int add_rules(scmp_filter_ctx filter)
{
    int error = 0;
    for (size_t i = 0; error == 0 && i < ATLS_ARRAY_LEN(allowed); i++) {
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    }
    /* memory, but never of a file and never executable */
    if (error == 0) {
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, masked(2, PROT_EXEC, 0),
                                 masked(3, MAP_ANONYMOUS, MAP_ANONYMOUS));
    }
    if (error == 0) {
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                 masked(2, PROT_EXEC, 0));
    }
    /* abort() of this very process */
    if (error == 0) {
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 2,
                                 masked(0, UINT32_MAX, (uint32_t)getpid()),
                                 masked(2, UINT32_MAX, SIGABRT));
    }
    return error;
}

static enum atls_err load_filter(struct atls_diag *diag)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int error = filter == NULL ? -ENOMEM : add_rules(filter);
    if (error == 0) {
        error = seccomp_load(filter);
    }
    if (filter != NULL) {
        seccomp_release(filter);
    }
    return error == 0 ? ATLS_OK : fail_errno("seccomp", -error, diag);
}

/* leave_log: standard error may be the log, and who is taken over must not write verdicts into it.
 * A sanitizer has its reports there. */
static enum atls_err leave_log(struct atls_diag *diag)
{
    const int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0) {
        return fail_errno("/dev/null", errno, diag);
    }
    return ATLS_OK; /* the other number is closed with all that are not kept */
}

enum atls_err verifier_sandbox_enter(const struct verifier_sandbox *sandbox, struct atls_diag *diag)
{
    const enum atls_err left = UNDER_SANITIZER ? ATLS_OK : leave_log(diag);
    if (left != ATLS_OK) {
        return left;
    }
    verifier_close_but(&sandbox->keep_fd, 1);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return fail_errno("no_new_privs", errno, diag);
    }
    if (!UNDER_SANITIZER && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return fail_errno("dumpable", errno, diag);
    }
    const enum atls_err err = set_limits(sandbox, diag);
    return err != ATLS_OK || UNDER_SANITIZER ? err : load_filter(diag);
}
