/* SPDX-License-Identifier: Apache-2.0 */
/*
 * atls demo: a client and a server, each a process of its own, over sockets on loopback: they
 * attest in each direction, with PKIX and without, and three attacks are refused, each for its own
 * reason. With --verifier a third process appraises (demo_verifier.c). Exit status 0 only when
 * every step ended as announced.
 */
#include "demo.h"

#include "atls_build.h"
#include "attesters.h"
#include "base/diag.h"
#include "base/span.h"
#include "cli.h"
#include "demo_step.h"
#include "demo_thief.h"
#include "net.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char verb[] = "demo";

#define SERVER_PKIX "--identity", "server", "--cert", "server/pkix.pem", "--key", "server/key.pem"
#define CLIENT_PKIX "--identity", "client", "--cert", "client/pkix.pem", "--key", "client/key.pem"
#define OF_SERVER   "--require", "@format", "--endorsements", "server/endorsement.corim"
#define OF_CLIENT   "--require", "@format", "--endorsements", "client/endorsement.corim"

static const struct demo_connection accepted[] = {
    {"the server attests to the client, with PKIX",
     {SERVER_PKIX},
     {OF_SERVER, "--ca", "ca.pem"},
     ATLS_OK},
    {"the server attests to the client, instead of PKIX",
     {"--identity", "server"},
     {OF_SERVER, "--no-pkix"},
     ATLS_OK},
    {"the client attests to the server, with PKIX",
     {SERVER_PKIX, OF_CLIENT, "--ca", "ca.pem"},
     {CLIENT_PKIX, "--ca", "ca.pem"},
     ATLS_OK},
    {"both attest, with PKIX",
     {SERVER_PKIX, OF_CLIENT, "--ca", "ca.pem"},
     {CLIENT_PKIX, OF_SERVER, "--ca", "ca.pem"},
     ATLS_OK},
    {"both attest, instead of PKIX",
     {"--identity", "server", OF_CLIENT},
     {"--identity", "client", OF_SERVER, "--no-pkix"},
     ATLS_OK},
};
static const struct demo_connection silent = {"refused: a server that does not attest",
                                              {SERVER_PKIX, "--attest", "none"},
                                              {OF_SERVER, "--ca", "ca.pem"},
                                              ATLS_ERR_NOT_ATTESTED};
static const struct demo_connection replayed = {
    "refused: Evidence replayed from another connection",
    {"--identity", "attacker"},
    {OF_SERVER, "--no-pkix"},
    ATLS_ERR_FRESHNESS};
static const struct demo_connection tampered = {"refused: a server whose firmware has changed",
                                                {SERVER_PKIX},
                                                {OF_SERVER, "--ca", "ca.pem"},
                                                ATLS_ERR_REFERENCE_VALUES};

void demo_replay(struct demo *demo, const struct demo_connection *step)
{
    static const char *const arguments[16] = {"--identity", "server"};
    struct demo_child server = {.out_fd = -1};
    struct atls_diag diag;
    char address[128], sentence[800];
    enum atls_err err = ATLS_ERR_CONNECTION;
    atls_fail(&diag, err, "demo", "server");
    if (demo_serve(demo, arguments, &server, address, sizeof address)) {
        err = demo_steal(address, demo->format, "stolen.cmw", &diag);
    }
    (void)demo_wait(&server, cli_now_ms() + 5000);
    if (err == ATLS_OK) {
        err = demo_make_attacker(demo, "stolen.cmw", &diag);
    }
    if (err != ATLS_OK) {
        atls_diag_sentence(sentence, sizeof sentence, &diag);
        demo_report(demo, step->name, false, atls_err_name(step->expected), "no stolen Evidence", 0,
                    sentence);
        return;
    }
    demo_connect(demo, step);
}

static int run_steps(struct demo *demo)
{
    if (!demo_prepare(demo, "make keys and endorse two machines", demo_make_identities) ||
        !demo_prepare(demo, "certify both by a throw-away CA", demo_certify)) {
        return 1;
    }
#if ATLS_VERIFIER && ATLS_NET
    if (demo->options->demo_verifier) {
        demo_verifier_steps(demo);
        return 0;
    }
#endif
    for (size_t i = 0; i < ATLS_ARRAY_LEN(accepted); i++) {
        demo_connect(demo, &accepted[i]);
    }
    demo_connect(demo, &silent);
    if (cli_attester("sim-replay-psa") != NULL) {
        demo_replay(demo, &replayed);
    }
    /* The machine's own TPM is not the demo's to change. */
    if (demo->own_tpms || demo->simulated) {
        if (demo_prepare(demo, "change what the server runs", demo_tamper)) {
            demo_connect(demo, &tampered);
        }
    }
    return 0;
}

static void summarise(struct demo *demo)
{
    const int64_t ms = cli_now_ms() - demo->started_ms;
    if (demo->options->json) {
        cli_event_last(verb, "summary", demo->failed == 0 ? 0 : 1,
                       json_pack("{s:b,s:i,s:i,s:I}", "ok", demo->failed == 0, "steps",
                                 (int)demo->steps, "failed", (int)demo->failed, "ms",
                                 (json_int_t)ms));
        return;
    }
    if (demo->failed == 0) {
        printf("all %u steps ended as announced, in %.1f s\n", demo->steps, (double)ms / 1000);
    } else {
        printf("%u of %u steps did not end as announced\n", demo->failed, demo->steps);
    }
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status, (void)kind, (void)walk;
    return remove(path);
}

/* enter makes the demo's folder and goes there; `made` is the one to remove, empty with --keep. */
static enum atls_err enter(struct demo *demo, char *made, size_t cap, struct atls_diag *diag)
{
    const char *keep = demo->options->keep;
    const char *base = getenv("TMPDIR");
    const ssize_t len = readlink("/proc/self/exe", demo->self, sizeof demo->self - 1);
    if (len <= 0) {
        return atls_fail(diag, ATLS_ERR_FILE, verb, "/proc/self/exe");
    }
    demo->self[len] = '\0';
    snprintf(made, cap, "%s/atls-demo-XXXXXX", base != NULL && strlen(base) < 60 ? base : "/tmp");
    if (keep != NULL ? mkdir(keep, 0700) != 0 && errno != EEXIST : mkdtemp(made) == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_FILE, verb, keep != NULL ? keep : made,
                               strerror(errno), "a folder that can be made");
    }
    if (chdir(keep != NULL ? keep : made) != 0) {
        return atls_fail_texts(diag, ATLS_ERR_FILE, verb, keep, strerror(errno), NULL);
    }
    if (keep != NULL) {
        made[0] = '\0';
    }
    return ATLS_OK;
}

static enum atls_err start_tpms(struct demo *demo, struct atls_diag *diag)
{
    if (strcmp(demo->format, "tpm2") != 0 || demo->options->tcti != NULL) {
        return ATLS_OK;
    }
    demo->own_tpms = true;
    enum atls_err err = demo_tpm_start(&demo->server_tpm, "server-tpm", diag);
    return err == ATLS_OK ? demo_tpm_start(&demo->client_tpm, "client-tpm", diag) : err;
}

static int run(const struct cli_options *o)
{
    struct atls_diag diag;
    char made[128] = "";
    struct demo *demo = calloc(1, sizeof *demo);
    if (demo == NULL) {
        return 1;
    }
    demo->options = o;
    demo->rot = o->rot != NULL ? o->rot : "tpm2";
    demo->started_ms = cli_now_ms();
    const struct atls_attester_ops *ops = cli_attester(demo->rot);
    enum atls_err err =
        ops != NULL ? enter(demo, made, sizeof made, &diag)
                    : atls_fail_texts(&diag, ATLS_ERR_NOT_BUILT, "--rot", NULL, demo->rot,
                                      "tpm2, sim-psa, sim-nitro, sim-snp, sim-tdx or sim-sgx");
    if (err == ATLS_OK) {
        demo->format = ops->format;
        demo->simulated = ops->simulated;
        err = start_tpms(demo, &diag);
    }
    int status = 0;
    if (err == ATLS_OK) {
        if (!o->json) {
            printf("atls demo: root of trust %s%s%s\n", demo->rot,
                   demo->own_tpms ? ", two software TPMs (swtpm) over their command interface" : "",
                   o->demo_verifier ? ", and a Verifier as a service" : "");
        }
        status = run_steps(demo);
        summarise(demo);
        status = demo->failed != 0 ? 1 : status;
    } else {
        status = cli_finish(verb, o->json, &diag, NULL);
    }
    if (demo->own_tpms) {
        demo_tpm_stop(&demo->server_tpm);
        demo_tpm_stop(&demo->client_tpm);
    }
    if (made[0] != '\0' && demo->failed == 0) {
        (void)nftw(made, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    } else if (made[0] != '\0') {
        cli_note(verb, "what happened is in %s (server.log, client.log)", made);
    }
    free(demo);
    return status;
}

int cli_demo(int argc, char **argv)
{
    struct atls_diag diag;
    struct cli_options o;
    enum atls_err err = cli_options_parse(&o, CLI_DEMO, argc, argv, &diag);
    int status = 0;
    if (err == ATLS_OK && o.help) {
        cli_usage(CLI_DEMO, "demo [--verifier] [--rot ROT] [--tcti CONF] [--keep DIR]",
                  "Attested handshakes between processes on this machine, and refusals.");
    } else if (err == ATLS_OK && o.operands.count != 0) {
        err = atls_fail_texts(&diag, ATLS_ERR_CONFIG, "command line", NULL, o.operands.items[0],
                              "no operand");
    } else if (err == ATLS_OK) {
        status = run(&o);
    }
    if (err != ATLS_OK) {
        status = cli_finish(verb, o.json, &diag, NULL);
    }
    cli_options_cleanup(&o);
    return status;
}
