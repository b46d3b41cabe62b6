/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/verifier.h"

#include "base/span.h"
#include "svc/verifier/log.h"
#include "svc/verifier/process.h"
#include "svc/verifier/sandbox.h"

#include <openssl/crypto.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct running {
    const struct verifier_config *config;
    struct verifier_log *log;
};

static int run_signer(int fd, void *arg)
{
    const struct running *r = arg;
    return verifier_signer_run(fd, &r->config->signer);
}

static int run_appraiser(int fd, void *arg)
{
    const struct running *r = arg;
    return verifier_appraiser_run(fd, &r->config->appraiser);
}

static int run_front(int control_fd, void *arg)
{
    const struct running *r = arg;
    return verifier_front_run(control_fd, r->config);
}

static void on_event(void *arg, const char *event, const char *process, pid_t pid, int status)
{
    const struct running *r = arg;
    json_t *fields = json_pack("{s:s,s:s,s:i}", "what", event, "process", process, "pid", (int)pid);
    if (strcmp(event, "started") == 0 && strcmp(process, "front") != 0) {
        json_object_set_new(fields, "sandbox", json_string(verifier_sandbox_name()));
    } else if (strcmp(event, "ended") == 0 && WIFSIGNALED(status)) {
        json_object_set_new(fields, "signal", json_integer(WTERMSIG(status)));
    } else if (strcmp(event, "ended") == 0) {
        json_object_set_new(fields, "exit", json_integer(WEXITSTATUS(status)));
    }
    verifier_log_event(r->log, "process", NULL, fields);
}

int verifier_run(const struct verifier_config *config)
{
    struct running running = {config, verifier_log_new(config->json)};
    const struct verifier_programs programs = {
        .arg = &running,
        .run_signer = run_signer,
        .run_appraiser = run_appraiser,
        .run_front = run_front,
        .on_event = on_event,
        .num_appraisers = config->num_appraisers,
    };
    if (running.log == NULL) {
        return 1;
    }
    /* OpenSSL reads its configuration once, here, while there are files. */
    (void)OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS |
                                  OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS,
                              NULL);
    const int status = verifier_supervise(&programs);
    verifier_log_free(running.log);
    return status;
}
