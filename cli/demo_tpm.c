/* SPDX-License-Identifier: Apache-2.0 */
#include "demo_tpm.h"

#include "base/diag.h"
#include "base/span.h"
#include "base/writer.h"
#include "net.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int open_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

enum atls_err demo_tpm_start(struct demo_tpm *out, const char *folder, struct atls_diag *diag)
{
    char server[200], state[200], here[64];
    if (getcwd(here, sizeof here) == NULL ||
        (size_t)snprintf(out->socket, sizeof out->socket, "%s/%s/socket", here, folder) >=
            sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
        return atls_fail_texts(diag, ATLS_ERR_FILE, "demo", folder, "a path too long for a socket",
                               "--keep with a short path");
    }
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return atls_fail_texts(diag, ATLS_ERR_FILE, "demo", folder, strerror(errno), NULL);
    }
    snprintf(out->tcti, sizeof out->tcti, "swtpm:path=%s", out->socket);
    snprintf(server, sizeof server, "type=unixio,path=%s", out->socket);
    snprintf(state, sizeof state, "dir=%s", folder);
    char program[] = "swtpm", kind[] = "socket", tpm2[] = "--tpm2", dash_server[] = "--server",
         dash_state[] = "--tpmstate", dash_flags[] = "--flags",
         flags[] = "not-need-init,startup-clear";
    char *const argv[] = {program,    kind,  tpm2,       dash_server, server,
                          dash_state, state, dash_flags, flags,       NULL};
    if (!demo_spawn(&out->process, argv, NULL, "swtpm.log")) {
        return atls_fail_texts(diag, ATLS_ERR_TPM, "demo", "swtpm", "no such program",
                               "the package swtpm, or --tcti with a TPM of this machine");
    }
    for (int64_t until = cli_now_ms() + 10000; cli_now_ms() < until;) {
        const int fd = open_socket(out->socket);
        if (fd >= 0) {
            close(fd);
            return ATLS_OK;
        }
        (void)poll(NULL, 0, 20);
    }
    demo_tpm_stop(out);
    return atls_fail_texts(diag, ATLS_ERR_TPM, "demo", "swtpm", "no answer within 10 s",
                           "a software TPM (swtpm.log says more)");
}

void demo_tpm_stop(struct demo_tpm *tpm)
{
    if (tpm->process.pid > 0) {
        kill(tpm->process.pid, SIGTERM);
        (void)demo_wait(&tpm->process, cli_now_ms() + 2000);
    }
}

enum atls_err demo_tpm_extend(const struct demo_tpm *tpm, struct atls_diag *diag)
{
    /* TPM2_PCR_Extend(PCR 0, SHA-256 digest) with an empty password (TPM 2.0 Library, Part
     * 3, 22.2). */
    uint8_t command[128], answer[64];
    const uint8_t digest[32] = {1};
    struct atls_writer w = atls_writer_of((struct atls_buf){command, sizeof command});
    size_t len = 0;
    atls_write_u16(&w, 0x8002);     /* TPM_ST_SESSIONS */
    atls_write_u32(&w, 65);         /* octets of this command */
    atls_write_u32(&w, 0x182);      /* TPM_CC_PCR_Extend */
    atls_write_u32(&w, 0);          /* PCR 0 */
    atls_write_u32(&w, 9);          /* octets of the authorization */
    atls_write_u32(&w, 0x40000009); /* TPM_RS_PW */
    atls_write_u16(&w, 0);          /* no nonce */
    atls_write_u8(&w, 0);           /* session attributes */
    atls_write_u16(&w, 0);          /* empty password */
    atls_write_u32(&w, 1);          /* one digest */
    atls_write_u16(&w, 0x000b);     /* TPM_ALG_SHA256 */
    atls_write_bytes(&w, atls_bytes_of(digest, sizeof digest));
    const int fd = atls_writer_finish(&w, &len) ? open_socket(tpm->socket) : -1;
    const bool done = fd >= 0 && write(fd, command, len) == (ssize_t)len &&
                      read(fd, answer, sizeof answer) >= 10 && answer[6] == 0 && answer[7] == 0 &&
                      answer[8] == 0 && answer[9] == 0;
    if (fd >= 0) {
        close(fd);
    }
    return done ? ATLS_OK
                : atls_fail_texts(diag, ATLS_ERR_TPM, "demo", "TPM2_PCR_Extend", "a failure", NULL);
}
