/* SPDX-License-Identifier: Apache-2.0 */
#include "support/swtpm.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_TRIES 3000 /* of 20 ms */

static void fail(const char *what)
{
    fprintf(stderr, "swtpm: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int is_installed(void)
{
    static const char *const folders[] = {"/usr/bin", "/usr/local/bin", "/bin"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/swtpm", folders[i]);
        if (access(path, X_OK) == 0) {
            return 1;
        }
    }
    return 0;
}

static int answers(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int good = fd >= 0 && connect(fd, (const struct sockaddr *)(const void *)&address,
                                        sizeof address) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return good;
}

static void run_swtpm(const struct test_swtpm *tpm)
{
    char server[128], control[128], state[96];
    snprintf(server, sizeof server, "type=unixio,path=%s", tpm->socket);
    /* tpm2-tools want it there; we do not */
    snprintf(control, sizeof control, "type=unixio,path=%s.ctrl", tpm->socket);
    snprintf(state, sizeof state, "dir=%s", tpm->folder);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that crashes leaves no TPM behind */
    const int null = open("/dev/null", O_RDWR);
    if (null >= 0) { /* it reports every client that leaves */
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
    }
    execlp("swtpm", "swtpm", "socket", "--tpm2", "--server", server, "--ctrl", control,
           "--tpmstate", state, "--flags", "startup-clear", (char *)NULL);
    _exit(127);
}

void test_swtpm_again(struct test_swtpm *tpm)
{
    unlink(tpm->socket);
    tpm->pid = fork();
    if (tpm->pid < 0) {
        fail("fork");
    }
    if (tpm->pid == 0) {
        run_swtpm(tpm);
    }
    for (int i = 0; i < START_TRIES; i++) {
        const struct timespec pause = {0, 20000000};
        if (answers(tpm->socket)) {
            return;
        }
        if (waitpid(tpm->pid, NULL, WNOHANG) == tpm->pid) {
            fail("it ended at once");
        }
        nanosleep(&pause, NULL);
    }
    fail("it does not listen");
}

void test_swtpm_start(struct test_swtpm *tpm)
{
    if (!is_installed()) {
        printf("skipped: there is no swtpm on this machine\n");
        exit(77);
    }
    /* tpm2-tss writes every refusal to stderr; here most are what is being tested. */
    setenv("TSS2_LOG", "all+none", 0);
    memset(tpm, 0, sizeof *tpm);
    strcpy(tpm->folder, "/tmp/atls-swtpm-XXXXXX");
    if (mkdtemp(tpm->folder) == NULL) {
        fail("mkdtemp");
    }
    snprintf(tpm->socket, sizeof tpm->socket, "%s/socket", tpm->folder);
    snprintf(tpm->tcti, sizeof tpm->tcti, "swtpm:path=%s", tpm->socket);
    test_swtpm_again(tpm);
}

void test_swtpm_kill(struct test_swtpm *tpm)
{
    if (tpm->pid > 0) {
        kill(tpm->pid, SIGKILL);
        waitpid(tpm->pid, NULL, 0);
        tpm->pid = 0;
    }
}

void test_swtpm_stop(struct test_swtpm *tpm)
{
    test_swtpm_kill(tpm);
    DIR *folder = opendir(tpm->folder);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        unlinkat(dirfd(folder), entry->d_name, 0);
    }
    if (folder != NULL) {
        closedir(folder);
    }
    rmdir(tpm->folder);
}
