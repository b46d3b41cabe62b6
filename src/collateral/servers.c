/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/servers.h"

#include "base/span.h"

#include <stdlib.h>
#include <time.h>

static const char step[] = "collateral server";

/* A server that says to wait and not how long, or that does not answer. */
#define DEFAULT_PAUSE_MS 10000
/* Exchanges at once, and one more each second: Evidence of strangers makes us ask. */
#define BUDGET    32
#define BUDGET_MS 1000

int64_t atls_depot_clock_ms(void)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum atls_err check_table(const struct atls_fetcher_ops *ops, struct atls_diag *diag)
{
    const bool whole = ops->abi == ATLS_FETCHER_ABI && ops->size == sizeof *ops &&
                       ops->open != NULL && ops->close != NULL && ops->fetch != NULL;
    return whole ? ATLS_OK
                 : atls_fail_texts(diag, ATLS_ERR_ARGUMENT, "collateral", "fetcher",
                                   "a table that is not of this version", "every operation");
}

static enum atls_err copy_urls(struct depot_servers *servers,
                               const struct atls_depot_options *options, struct atls_diag *diag)
{
    if (options->num_urls > ATLS_DEPOT_MAX_SERVERS) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "collateral", "servers", "more than four",
                               "at most four");
    }
    for (size_t i = 0; i < options->num_urls; i++) {
        const enum atls_err err = depot_url_check(options->urls[i], diag);
        if (err != ATLS_OK) {
            return err;
        }
        servers->urls[servers->num] = strdup(options->urls[i]);
        if (servers->urls[servers->num] == NULL) {
            return atls_fail(diag, ATLS_ERR_MEMORY, "collateral", "URL");
        }
        servers->num++;
    }
    return ATLS_OK;
}

enum atls_err depot_servers_open(struct depot_servers *out,
                                 const struct atls_depot_options *options, struct atls_diag *diag)
{
    memset(out, 0, sizeof *out);
    if (pthread_mutex_init(&out->lock, NULL) != 0) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "collateral", "lock");
    }
    out->budget = BUDGET;
    out->budget_at_ms = atls_depot_clock_ms();
    enum atls_err err = ATLS_OK;
    if (options->num_urls != 0 && options->fetcher == NULL) {
        err = atls_fail_texts(diag, ATLS_ERR_NOT_BUILT, "collateral", "fetcher", "none", "one");
    }
    if (err == ATLS_OK) {
        err = copy_urls(out, options, diag);
    }
    if (err == ATLS_OK && out->num != 0) {
        err = check_table(options->fetcher, diag);
    }
    if (err == ATLS_OK && out->num != 0) {
        const struct atls_fetcher_config config = {.ca_pem = options->ca_pem, .system_ca = true};
        err = options->fetcher->open(&out->fetcher, &config, diag);
        out->ops = err == ATLS_OK ? options->fetcher : NULL;
    }
    if (err != ATLS_OK) {
        depot_servers_close(out);
    }
    return err;
}

void depot_servers_close(struct depot_servers *servers)
{
    if (servers->ops != NULL) {
        servers->ops->close(servers->fetcher);
    }
    for (size_t i = 0; i < servers->num; i++) {
        free(servers->urls[i]);
    }
    pthread_mutex_destroy(&servers->lock);
}

static enum atls_err refuse(struct atls_diag *diag, enum atls_err err, const char *server,
                            const char *found)
{
    const size_t max = 100;
    const size_t len = strlen(server);
    atls_fail_texts(diag, err, step, "answer", found, "collateral from ");
    atls_diag_expected_text(diag, len > max ? "..." : "");
    atls_diag_expected_text(diag, &server[len > max ? len - max : 0]);
    return err;
}

/* may_ask takes one exchange of the budget, and looks whether the server wants to be asked. */
static bool may_ask(struct depot_servers *servers, size_t at, const char **why)
{
    const int64_t now_ms = atls_depot_clock_ms();
    pthread_mutex_lock(&servers->lock);
    const int64_t earned = (now_ms - servers->budget_at_ms) / BUDGET_MS;
    if (earned > 0) {
        const uint64_t sum = servers->budget + (uint64_t)earned;
        servers->budget = sum > BUDGET ? BUDGET : (unsigned)sum;
        servers->budget_at_ms += earned * BUDGET_MS;
    }
    *why = now_ms < servers->pause_until_ms[at]
               ? "a pause that the server asked for, or that it needs after a failure"
           : servers->budget == 0 ? "more questions than this side asks in a while"
                                  : NULL;
    if (*why == NULL) {
        servers->budget--;
    }
    pthread_mutex_unlock(&servers->lock);
    return *why == NULL;
}

static void pause_server(struct depot_servers *servers, size_t at,
                         const struct atls_fetch_answer *answer)
{
    int64_t pause_ms = DEFAULT_PAUSE_MS;
    if (answer->outcome == ATLS_FETCH_ANSWERED && answer->has_retry_after) {
        const uint32_t asked_s = answer->retry_after_s < ATLS_DEPOT_MAX_PAUSE_S
                                     ? answer->retry_after_s
                                     : ATLS_DEPOT_MAX_PAUSE_S;
        pause_ms = (int64_t)asked_s * 1000;
    }
    pthread_mutex_lock(&servers->lock);
    servers->pause_until_ms[at] = atls_depot_clock_ms() + pause_ms;
    pthread_mutex_unlock(&servers->lock);
}

/* judge says what an answer without collateral means. */
static enum atls_err judge(struct depot_servers *servers, size_t at,
                           const struct atls_fetch_answer *answer, struct atls_diag *diag)
{
    const char *server = servers->urls[at];
    if (answer->outcome != ATLS_FETCH_ANSWERED) {
        pause_server(servers, at, answer);
        return refuse(diag, ATLS_ERR_COLLATERAL_SERVER, server, answer->detail);
    }
    if (answer->status == 400 || answer->status == 404) { /* KDS: 400 for a chip of another line */
        refuse(diag, ATLS_ERR_COLLATERAL, server, "status ");
        atls_diag_found_int(diag, answer->status);
        return ATLS_ERR_COLLATERAL;
    }
    pause_server(servers, at, answer);
    refuse(diag, ATLS_ERR_COLLATERAL_SERVER, server, "status ");
    atls_diag_found_int(diag, answer->status);
    if (answer->has_retry_after) {
        atls_diag_found_text(diag, ", not before seconds: ");
        atls_diag_found_int(diag, answer->retry_after_s);
    }
    return ATLS_ERR_COLLATERAL_SERVER;
}

static enum atls_err read_answer(struct atls_lease **out, const struct atls_fetch_answer *answer,
                                 const struct depot_location *location, int64_t now_s,
                                 struct atls_diag *diag)
{
    const char *chain = location->chain_field != NULL ? answer->field : "";
    const struct atls_bytes body = atls_bytes_of(answer->body, answer->body_len);
    return depot_item_new(out, location->path, chain, body, now_s, now_s, diag);
}

static enum atls_err ask_one(struct depot_servers *servers, size_t at, struct atls_lease **out,
                             const struct depot_location *location, int64_t now_s,
                             int64_t deadline_ms, struct atls_diag *diag)
{
    char url[DEPOT_MAX_URL_LEN];
    const char *why = NULL;
    const int64_t left_ms = deadline_ms - atls_depot_clock_ms();
    if (!depot_url_of(url, servers->urls[at], location)) {
        return refuse(diag, ATLS_ERR_COLLATERAL_SERVER, servers->urls[at],
                      "a URL that is too long");
    }
    if (left_ms <= 0) {
        return refuse(diag, ATLS_ERR_COLLATERAL_SERVER, url, "no time that was left to ask");
    }
    if (!may_ask(servers, at, &why)) {
        return refuse(diag, ATLS_ERR_COLLATERAL_SERVER, url, why);
    }
    struct atls_fetch_answer *answer = calloc(1, sizeof *answer);
    if (answer == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    const struct atls_fetch_request request = {
        .method = ATLS_FETCH_GET,
        .url = url,
        .max_body = ATLS_DEPOT_MAX_BODY,
        .timeout_ms = (uint32_t)(left_ms < ATLS_DEPOT_TIMEOUT_MS ? left_ms : ATLS_DEPOT_TIMEOUT_MS),
        .field = location->chain_field,
    };
    enum atls_err err = servers->ops->fetch(servers->fetcher, answer, &request, diag);
    if (err == ATLS_OK) {
        err = answer->outcome == ATLS_FETCH_ANSWERED && answer->status == 200
                  ? read_answer(out, answer, location, now_s, diag)
                  : judge(servers, at, answer, diag);
    }
    free(answer->body);
    free(answer);
    return err;
}

enum atls_err depot_servers_ask(struct depot_servers *servers, struct atls_lease **out,
                                const struct depot_location *location, int64_t now_s,
                                int64_t deadline_ms, struct atls_diag *diag)
{
    enum atls_err err = atls_fail_texts(diag, ATLS_ERR_COLLATERAL, step, "server", "none to ask",
                                        "a server, or collateral that is loaded");
    for (size_t i = 0; err != ATLS_OK && i < servers->num; i++) {
        struct atls_diag why;
        const enum atls_err its_err = ask_one(servers, i, out, location, now_s, deadline_ms, &why);
        /* Of several refusals the one that may pass by itself is told. */
        const bool tell = its_err == ATLS_OK || i == 0 || err == ATLS_ERR_COLLATERAL;
        if (tell && diag != NULL) {
            *diag = why;
        }
        err = tell ? its_err : err;
    }
    return err;
}
