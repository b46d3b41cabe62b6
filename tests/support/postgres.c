/* SPDX-License-Identifier: Apache-2.0 */
#include "support/postgres.h"

#include "support/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_TRIES 3000 /* of 20 ms */
#define VERSIONS    "/usr/lib/postgresql"

static void fail(const char *what)
{
    fprintf(stderr, "postgres: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* find_programs takes the highest version that Debian has installed. */
static bool find_programs(char *out, size_t cap)
{
    DIR *folder = opendir(VERSIONS);
    int highest = 0;
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        char path[64];
        const int version = (int)strtol(entry->d_name, NULL, 10);
        snprintf(path, sizeof path, VERSIONS "/%d/bin/postgres", version);
        if (version > highest && access(path, X_OK) == 0) {
            highest = version;
            snprintf(out, cap, VERSIONS "/%d/bin", version);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return highest != 0;
}

static const struct passwd *server_user(void)
{
    const struct passwd *user = geteuid() == 0 ? getpwnam("nobody") : getpwuid(geteuid());
    if (user == NULL) {
        fail("no user for the server");
    }
    return user;
}

/* become is for a child: another user, no terminal, and an end when the test ends. */
static void become(const struct test_postgres *postgres, bool is_quiet)
{
    const struct passwd *user = server_user();
    if (geteuid() == 0 &&
        (setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) {
        _exit(126);
    }
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    char path[128];
    snprintf(path, sizeof path, "%s/log", postgres->folder);
    const int log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int null = open("/dev/null", O_RDONLY);
    if (log < 0 || null < 0 || chdir(postgres->folder) != 0) {
        _exit(125);
    }
    dup2(null, 0);
    dup2(log, 1);
    if (is_quiet) {
        dup2(log, 2);
    }
}

/* run waits for a program of PostgreSQL, and gives its status. The first of the arguments becomes
 * its path: by that it finds the programs beside it, which need not be in PATH. */
static int run(const struct test_postgres *postgres, bool is_quiet, const char *program,
               char *const arguments[])
{
    enum { MAX_ARGUMENTS = 10 };
    char path[128];
    char *words[MAX_ARGUMENTS + 1] = {path};
    snprintf(path, sizeof path, "%s/%s", postgres->programs, program);
    for (size_t i = 1; i < MAX_ARGUMENTS && arguments[i] != NULL; i++) {
        words[i] = arguments[i];
    }
    const pid_t pid = fork();
    if (pid == 0) {
        become(postgres, is_quiet);
        execv(path, words);
        _exit(127);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        fail(program);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static bool answers(const struct test_postgres *postgres)
{
    char program[] = "pg_isready", host[] = "-h", quiet[] = "-q";
    char folder[sizeof postgres->folder];
    strcpy(folder, postgres->folder);
    char *const arguments[] = {program, quiet, host, folder, NULL};
    return run(postgres, true, program, arguments) == 0;
}

void test_postgres_again(struct test_postgres *postgres)
{
    char path[128], data[128];
    snprintf(path, sizeof path, "%s/postgres", postgres->programs);
    snprintf(data, sizeof data, "%s/data", postgres->folder);
    postgres->pid = fork();
    if (postgres->pid < 0) {
        fail("fork");
    }
    if (postgres->pid == 0) {
        become(postgres, true);
        execl(path, path, "-D", data, "-k", postgres->folder, "-c", "listen_addresses=", "-c",
              "fsync=off", "-c", "max_connections=200", (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < START_TRIES; i++) {
        const struct timespec pause = {0, 20000000};
        if (answers(postgres)) {
            return;
        }
        if (waitpid(postgres->pid, NULL, WNOHANG) == postgres->pid) {
            fail("it ended at once");
        }
        nanosleep(&pause, NULL);
    }
    fail("it does not listen");
}

bool test_postgres_start(struct test_postgres *postgres)
{
    memset(postgres, 0, sizeof *postgres);
    if (!find_programs(postgres->programs, sizeof postgres->programs)) {
        printf("skipped: PostgreSQL is not installed, there is no " VERSIONS "\n");
        return false;
    }
    test_folder_make(postgres->folder, sizeof postgres->folder, "postgres");
    const struct passwd *user = server_user();
    if (chown(postgres->folder, user->pw_uid, user->pw_gid) != 0) {
        fail("chown");
    }
    char program[] = "initdb", folder[128];
    snprintf(folder, sizeof folder, "--pgdata=%s/data", postgres->folder);
    char trust[] = "--auth=trust", owner[] = "--username=atls", encoding[] = "--encoding=UTF8";
    char locale[] = "--locale=C", no_sync[] = "--no-sync";
    char *const arguments[] = {program, folder, trust, owner, encoding, locale, no_sync, NULL};
    if (run(postgres, true, program, arguments) != 0) {
        fail("initdb");
    }
    snprintf(postgres->uri, sizeof postgres->uri, "postgres://atls@/postgres?host=%s",
             postgres->folder);
    test_postgres_again(postgres);
    return true;
}

void test_postgres_sql(const struct test_postgres *postgres, const char *statements)
{
    char program[] = "psql", stop[] = "-vON_ERROR_STOP=1", quiet[] = "-q", no_rc[] = "-X";
    char command[] = "-c", uri[sizeof postgres->uri];
    strcpy(uri, postgres->uri);
    char *copy = strdup(statements);
    char *const arguments[] = {program, no_rc, quiet, stop, uri, command, copy, NULL};
    if (copy == NULL || run(postgres, false, program, arguments) != 0) {
        fprintf(stderr, "postgres: %s\n", statements);
        exit(1);
    }
    free(copy);
}

void test_postgres_end(struct test_postgres *postgres, int signal)
{
    if (postgres->pid > 0) {
        kill(postgres->pid, signal);
        waitpid(postgres->pid, NULL, 0);
        postgres->pid = 0;
    }
}

void test_postgres_stop(struct test_postgres *postgres)
{
    test_postgres_end(postgres, SIGQUIT);
    if (postgres->folder[0] != '\0') {
        test_folder_remove(postgres->folder);
    }
}
