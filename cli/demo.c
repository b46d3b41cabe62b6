/* SPDX-License-Identifier: Apache-2.0 */
/*
 * atls demo: a client and a server, each a process of its own, over sockets on loopback: they
 * attest in each direction, with PKIX and without, and three attacks are refused, each for its own
 * reason. Exit status 0 only when every step ended as announced.
 */
#include "demo.h"

#include "attesters.h"
#include "base/diag.h"
#include "base/span.h"
#include "cli.h"
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
static const int64_t step_timeout_ms = 30000;

/* One connection: what both sides are started with, and how it must end. */
struct connection_step {
    const char *name;
    const char *server[16]; /* after: serve 127.0.0.1:0 --once --json */
    const char *client[16]; /* after: connect ADDRESS --json */
    enum atls_err expected; /* of the client; ATLS_OK: "hello" comes back */
};

#define SERVER_PKIX "--identity", "server", "--cert", "server/pkix.pem", "--key", "server/key.pem"
#define CLIENT_PKIX "--identity", "client", "--cert", "client/pkix.pem", "--key", "client/key.pem"
#define OF_SERVER   "--require", "@format", "--endorsements", "server/endorsement.corim"
#define OF_CLIENT   "--require", "@format", "--endorsements", "client/endorsement.corim"

static const struct connection_step accepted[] = {
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
static const struct connection_step silent = {"refused: a server that does not attest",
                                              {SERVER_PKIX, "--attest", "none"},
                                              {OF_SERVER, "--ca", "ca.pem"},
                                              ATLS_ERR_NOT_ATTESTED};
static const struct connection_step replayed = {
    "refused: Evidence replayed from another connection",
    {"--identity", "attacker"},
    {OF_SERVER, "--no-pkix"},
    ATLS_ERR_FRESHNESS};
static const struct connection_step tampered = {"refused: a server whose firmware has changed",
                                                {SERVER_PKIX},
                                                {OF_SERVER, "--ca", "ca.pem"},
                                                ATLS_ERR_REFERENCE_VALUES};

/* report prints one step and counts it. `sentence` is what the program itself said. */
static void report(struct demo *demo, const char *name, bool ok, const char *expected,
                   const char *outcome, int64_t ms, const char *sentence)
{
    demo->steps++;
    demo->failed += ok ? 0 : 1;
    if (demo->options->json) {
        cli_event(verb, "step", NULL,
                  json_pack("{s:i,s:s,s:s,s:s,s:b,s:I,s:s?}", "n", (int)demo->steps, "name", name,
                            "expected", expected, "outcome", outcome, "ok", ok, "ms",
                            (json_int_t)ms, "sentence", sentence));
        return;
    }
    printf("%2u  %-52s %-9s %5lld ms\n", demo->steps, name, ok ? outcome : "WRONG", (long long)ms);
    if (sentence != NULL && sentence[0] != '\0') {
        printf("      %s\n", sentence);
    }
    if (!ok) {
        printf("      expected: %s, found: %s\n", expected, outcome);
    }
    fflush(stdout);
}

typedef enum atls_err prepare_function(struct demo *demo, struct atls_diag *diag);

static bool prepare(struct demo *demo, const char *name, prepare_function *function)
{
    struct atls_diag diag;
    char sentence[800] = "";
    const int64_t start = cli_now_ms();
    const enum atls_err err = function(demo, &diag);
    if (err != ATLS_OK) {
        atls_diag_sentence(sentence, sizeof sentence, &diag);
    }
    report(demo, name, err == ATLS_OK, "done", err == ATLS_OK ? "done" : atls_err_name(err),
           cli_now_ms() - start, sentence);
    return err == ATLS_OK;
}

/* fill_argv makes a writable argument list; "@format" is the format of this demo. */
static char **fill_argv(const struct demo *demo, const char *const *head, size_t num_head,
                        const char *const *tail, bool requires_simulated)
{
    char **argv = calloc(num_head + 18, sizeof *argv);
    size_t count = 0;
    if (argv == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < num_head; i++) {
        argv[count++] = strdup(head[i]);
    }
    bool requires = false;
    for (size_t i = 0; i < 16 && tail[i] != NULL; i++) {
        requires = requires || strcmp(tail[i], "--require") == 0;
        argv[count++] = strdup(strcmp(tail[i], "@format") == 0 ? demo->format : tail[i]);
    }
    if (requires && requires_simulated) {
        argv[count++] = strdup("--simulated");
    }
    return argv;
}

static void free_argv(char **argv)
{
    for (size_t i = 0; argv != NULL && argv[i] != NULL; i++) {
        free(argv[i]);
    }
    free(argv);
}

/* start_server gives the address that it listens on; *server is to be waited for. */
static bool start_server(const struct demo *demo, const char *const *arguments,
                         struct demo_child *server, char *address, size_t cap)
{
    const char *const head[] = {demo->self, "serve", "127.0.0.1:0", "--once", "--json"};
    char **argv = fill_argv(demo, head, ATLS_ARRAY_LEN(head), arguments, demo->simulated);
    bool ok = argv != NULL && demo_spawn(server, argv, NULL, "server.log");
    free_argv(argv);
    json_t *event = ok ? demo_next_event(server, cli_now_ms() + step_timeout_ms) : NULL;
    const char *got =
        json_string_value(json_object_get(json_object_get(event, "result"), "address"));
    ok = got != NULL;
    snprintf(address, cap, "%s", ok ? got : "");
    json_decref(event);
    return ok;
}

struct outcome {
    bool echoed;
    char code[32];
    char sentence[800];
};

/* read_outcome takes the client's events: what was said, and the error of the last one. */
static void read_outcome(struct demo_child *client, struct outcome *out)
{
    const int64_t deadline = cli_now_ms() + step_timeout_ms;
    json_t *event = NULL;
    while ((event = demo_next_event(client, deadline)) != NULL) {
        const json_t *result = json_object_get(event, "result");
        const char *text = json_string_value(json_object_get(result, "text"));
        const json_t *error = json_object_get(event, "error");
        out->echoed = out->echoed || (text != NULL && strcmp(text, "hello\n") == 0);
        if (json_is_object(error)) {
            const char *code = json_string_value(json_object_get(error, "code"));
            const char *sentence = json_string_value(json_object_get(error, "sentence"));
            snprintf(out->code, sizeof out->code, "%s", code != NULL ? code : "");
            snprintf(out->sentence, sizeof out->sentence, "%s", sentence != NULL ? sentence : "");
        }
        json_decref(event);
    }
}

static void run_step(struct demo *demo, const struct connection_step *step)
{
    struct demo_child server = {.out_fd = -1}, client = {.out_fd = -1};
    struct outcome outcome = {.code = "OK"};
    char address[128];
    if (!start_server(demo, step->server, &server, address, sizeof address)) {
        (void)demo_wait(&server, cli_now_ms() + 2000);
        report(demo, step->name, false, atls_err_name(step->expected), "no server", 0,
               "the server did not start: server.log says why");
        return;
    }
    const char *const head[] = {demo->self, "connect", address, "--json"};
    char **argv = fill_argv(demo, head, ATLS_ARRAY_LEN(head), step->client, demo->simulated);
    const int64_t start = cli_now_ms();
    if (argv != NULL && demo_spawn(&client, argv, "hello\n", "client.log")) {
        read_outcome(&client, &outcome);
    }
    free_argv(argv);
    const int64_t ms = cli_now_ms() - start;
    const int client_status = demo_wait(&client, cli_now_ms() + 5000);
    const int server_status = demo_wait(&server, cli_now_ms() + 5000);
    const bool ok = strcmp(outcome.code, atls_err_name(step->expected)) == 0 &&
                    client_status == atls_err_exit(step->expected) &&
                    outcome.echoed == (step->expected == ATLS_OK) &&
                    (step->expected != ATLS_OK || server_status == 0);
    const bool accepts = step->expected == ATLS_OK;
    report(demo, step->name, ok, atls_err_name(step->expected),
           !ok       ? outcome.code
           : accepts ? "accepted"
                     : "refused",
           ms, outcome.sentence);
}

/* replay steals the Evidence of one connection and plays it in another. */
static void replay(struct demo *demo)
{
    static const char *const arguments[16] = {"--identity", "server"};
    struct demo_child server = {.out_fd = -1};
    struct atls_diag diag;
    char address[128], sentence[800];
    enum atls_err err = ATLS_ERR_CONNECTION;
    atls_fail(&diag, err, "demo", "server");
    if (start_server(demo, arguments, &server, address, sizeof address)) {
        err = demo_steal(address, demo->format, "stolen.cmw", &diag);
    }
    (void)demo_wait(&server, cli_now_ms() + 5000);
    if (err == ATLS_OK) {
        err = demo_make_attacker(demo, "stolen.cmw", &diag);
    }
    if (err != ATLS_OK) {
        atls_diag_sentence(sentence, sizeof sentence, &diag);
        report(demo, replayed.name, false, "FRESHNESS", "no stolen Evidence", 0, sentence);
        return;
    }
    run_step(demo, &replayed);
}

static int run_steps(struct demo *demo)
{
    if (!prepare(demo, "make keys and endorse two machines", demo_make_identities) ||
        !prepare(demo, "certify both by a throw-away CA", demo_certify)) {
        return 1;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(accepted); i++) {
        run_step(demo, &accepted[i]);
    }
    run_step(demo, &silent);
    if (cli_attester("sim-replay-psa") != NULL) {
        replay(demo);
    }
    /* The machine's own TPM is not the demo's to change. */
    if (demo->own_tpms || demo->simulated) {
        if (prepare(demo, "change what the server runs", demo_tamper)) {
            run_step(demo, &tampered);
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
    enum atls_err err = ops != NULL ? enter(demo, made, sizeof made, &diag)
                                    : atls_fail_texts(&diag, ATLS_ERR_NOT_BUILT, "--rot", NULL,
                                                      demo->rot, "tpm2 or sim-psa");
    if (err == ATLS_OK) {
        demo->format = ops->format;
        demo->simulated = ops->simulated;
        err = start_tpms(demo, &diag);
    }
    int status = 0;
    if (err == ATLS_OK) {
        if (!o->json) {
            printf("atls demo: root of trust %s%s\n", demo->rot,
                   demo->own_tpms ? ", two software TPMs (swtpm) over their command interface"
                                  : "");
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
        cli_usage(CLI_DEMO, "demo [--rot ROT] [--tcti CONF] [--keep DIR]",
                  "Attested handshakes between two processes on this machine, and three refusals.");
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
