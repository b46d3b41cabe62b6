/* SPDX-License-Identifier: Apache-2.0 */
/* atls passport: a Result of a Verifier for the TLS key of an identity, once or again and again. */
#include "cli.h"

#include "atls/limits.h"
#include "base/diag.h"
#include "base/span.h"
#include "identity.h"
#include "json/file.h"
#include "options.h"
#include "renewal.h"
#include "remote.h"
#include "session/obtain.h"
#include "when.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static const char verb[] = "passport";

enum { TIMEOUT_MS = 30000 };

struct work {
    const struct cli_options *options;
    struct cli_identity identity;
    struct atls_context *context;
    uint8_t spki[ATLS_MAX_SPKI_LEN];
    size_t spki_len;
    int64_t exp_s;
};

static enum atls_err check_options(const struct cli_options *o, struct atls_diag *diag)
{
    if (o->verifier == NULL || o->identity == NULL || o->output == NULL || o->operands.count != 0) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", NULL,
                               o->operands.count != 0 ? o->operands.items[0]
                                                      : "no --verifier, --identity or -o",
                               "passport --verifier URL --identity DIR -o FILE");
    }
    return ATLS_OK;
}

static enum atls_err open_all(struct work *w, struct atls_diag *diag)
{
    const struct atls_buf room = {w->spki, sizeof w->spki};
    uint32_t timeout_ms = TIMEOUT_MS;
    enum atls_err err = check_options(w->options, diag);
    if (err == ATLS_OK) {
        err = cli_identity_open(&w->identity, w->options->identity, diag);
    }
    if (err == ATLS_OK) {
        err = atls_key_spki(w->identity.key, room, &w->spki_len);
    }
    if (err == ATLS_OK) {
        err = atls_context_new(&w->context, diag);
    }
    if (err == ATLS_OK && w->options->handshake_timeout != NULL) {
        err = cli_duration_ms(&timeout_ms, "--handshake-timeout", w->options->handshake_timeout,
                              diag);
    }
    if (err == ATLS_OK) {
        err = atls_context_set_timeout(w->context, timeout_ms, diag);
    }
    return err == ATLS_OK ? cli_remote_setup(w->context, w->options, diag) : err;
}

static void close_all(struct work *w)
{
    atls_context_unref(w->context);
    cli_identity_cleanup(&w->identity);
}

/* obtain puts a new passport in place of the old one, in one step. */
static enum atls_err obtain(struct work *w, struct atls_diag *diag)
{
    char *result = NULL;
    enum atls_err err =
        atls_context_obtain(w->context, &result, &w->exp_s, w->identity.ops, w->identity.attester,
                            atls_bytes_of(w->spki, w->spki_len), diag);
    if (err == ATLS_OK) {
        err = atls_file_write(w->options->output, atls_bytes_text(result), ATLS_FILE_PUBLIC, diag);
    }
    free(result);
    return err;
}

static json_t *describe(const struct work *w)
{
    char until[40] = "";
    const bool fits = cli_when_text(until, sizeof until, w->exp_s);
    return json_pack("{s:s,s:s,s:s?}", "file", w->options->output, "format",
                     w->identity.ops->format, "expires", fits ? until : NULL);
}

static uint32_t draw(void)
{
    uint32_t chance = 0;
    if (getrandom(&chance, sizeof chance, GRND_NONBLOCK) != (ssize_t)sizeof chance) {
        chance = 0;
    }
    return chance;
}

/* pause_until_told sleeps; true when a signal says that it is time to end. */
static bool pause_until_told(int64_t seconds)
{
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    const struct timespec time = {.tv_sec = (time_t)(seconds > 0 ? seconds : 1)};
    return sigtimedwait(&ends, NULL, &time) > 0;
}

static int64_t next_s(const struct work *w)
{
    return cli_renewal_wait(w->exp_s - atls_context_now(w->context), draw());
}

/* renew goes on until it is told to end. What fails is said, and tried again: the file keeps the
 * passport that it has, which nobody takes after its end. */
static void renew(struct work *w)
{
    int64_t retry_s = CLI_FIRST_RETRY_S;
    int64_t wait_s = next_s(w);
    while (!pause_until_told(wait_s)) {
        struct atls_diag diag;
        const enum atls_err err = obtain(w, &diag);
        if (err != ATLS_OK) {
            cli_note_error(verb, &diag);
            wait_s = cli_renewal_retry(&retry_s, draw());
        } else {
            wait_s = next_s(w);
            retry_s = CLI_FIRST_RETRY_S;
        }
        if (w->options->json) {
            cli_event(verb, err == ATLS_OK ? "renewed" : "failed", err == ATLS_OK ? NULL : &diag,
                      err == ATLS_OK ? describe(w) : NULL);
        }
    }
}

/* run: also with --renew, what cannot be had at the start is an error. */
static enum atls_err run(struct work *w, struct atls_diag *diag)
{
    enum atls_err err = open_all(w, diag);
    if (err == ATLS_OK && w->options->renew) {
        sigset_t ends;
        sigemptyset(&ends);
        sigaddset(&ends, SIGTERM);
        sigaddset(&ends, SIGINT);
        (void)pthread_sigmask(SIG_BLOCK, &ends, NULL);
    }
    if (err == ATLS_OK) {
        err = obtain(w, diag);
    }
    if (err == ATLS_OK && w->options->renew) {
        if (w->options->json) {
            cli_event(verb, "obtained", NULL, describe(w));
        }
        renew(w);
    }
    return err;
}

int cli_passport(int argc, char **argv)
{
    struct atls_diag diag;
    struct cli_options o;
    struct work w = {.options = &o};
    enum atls_err err = cli_options_parse(&o, CLI_PASSPORT, argc, argv, &diag);
    if (err == ATLS_OK && o.help) {
        cli_usage(CLI_PASSPORT, "passport --verifier URL --identity DIR -o FILE [OPTIONS]",
                  "Have the identity appraised by a Verifier, and keep its Result for --passport.");
        cli_options_cleanup(&o);
        return 0;
    }
    if (err == ATLS_OK) {
        err = run(&w, &diag);
    }
    json_t *result = err == ATLS_OK ? describe(&w) : NULL;
    if (err == ATLS_OK && o.renew && o.json) {
        cli_event_last(verb, "stopped", 0, result);
        close_all(&w);
        cli_options_cleanup(&o);
        return 0;
    }
    close_all(&w);
    const int status = cli_finish(verb, o.json, err == ATLS_OK ? NULL : &diag, result);
    cli_options_cleanup(&o);
    return status;
}
