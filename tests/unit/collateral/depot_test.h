/* SPDX-License-Identifier: Apache-2.0 */
/* A depot whose servers answer from a script, at a time that the test says. */
#ifndef UNIT_COLLATERAL_DEPOT_TEST_H
#define UNIT_COLLATERAL_DEPOT_TEST_H

#include "support/folder.h"
#include "support/intel_maker.h"

#include "collateral/depot.h"

#include <pthread.h>
#include <stdlib.h>

#define NOW      TEST_CHAIN_NOW
#define SERVER_A "https://a.example"
#define SERVER_B "http://b.example:8080/proxy/"

/* What one server answers. */
struct web_answer {
    enum atls_fetch_outcome outcome;
    unsigned status;
    struct atls_bytes body;
    const char *field;
    bool has_retry_after;
    uint32_t retry_after_s;
};

static struct {
    struct web_answer by_a, by_b;
    pthread_mutex_t gate; /* locked: no answer */
    unsigned asked;       /* atomic */
    char urls[64][300];
    char field[64];
    size_t max_body;
    uint32_t timeout_ms;
    unsigned opened;
} web = {.gate = PTHREAD_MUTEX_INITIALIZER};

static int64_t test_now_s; /* atomic */
static struct atls_diag diag;

static enum atls_err web_open(struct atls_fetcher **out, const struct atls_fetcher_config *config,
                              struct atls_diag *why)
{
    (void)why;
    assert_true(config->system_ca);
    web.opened++;
    *out = (struct atls_fetcher *)&web;
    return ATLS_OK;
}

static void web_close(struct atls_fetcher *fetcher)
{
    assert_ptr_equal(fetcher, &web);
    web.opened--;
}

static enum atls_err web_fetch(struct atls_fetcher *fetcher, struct atls_fetch_answer *out,
                               const struct atls_fetch_request *request, struct atls_diag *why)
{
    (void)fetcher;
    (void)why;
    pthread_mutex_lock(&web.gate);
    const unsigned at = __atomic_fetch_add(&web.asked, 1, __ATOMIC_ACQ_REL);
    snprintf(web.urls[at % 64], sizeof web.urls[0], "%s", request->url);
    snprintf(web.field, sizeof web.field, "%s", request->field != NULL ? request->field : "");
    web.max_body = request->max_body;
    web.timeout_ms = request->timeout_ms;
    const struct web_answer *answer =
        strncmp(request->url, SERVER_B, 20) == 0 ? &web.by_b : &web.by_a;
    memset(out, 0, sizeof *out);
    out->outcome = answer->outcome;
    out->status = answer->status;
    out->has_retry_after = answer->has_retry_after;
    out->retry_after_s = answer->retry_after_s;
    snprintf(out->detail, sizeof out->detail, "%s",
             answer->outcome == ATLS_FETCH_ANSWERED ? "" : "no such luck");
    if (answer->field != NULL && request->field != NULL) {
        snprintf(out->field, sizeof out->field, "%s", answer->field);
    }
    if (answer->body.len != 0) {
        out->body = malloc(answer->body.len + 1);
        memcpy(out->body, answer->body.data, answer->body.len);
        out->body_len = answer->body.len;
    }
    pthread_mutex_unlock(&web.gate);
    return ATLS_OK;
}

static const struct atls_fetcher_ops web_ops = {.abi = ATLS_FETCHER_ABI,
                                                .size = sizeof web_ops,
                                                .name = "test",
                                                .open = web_open,
                                                .close = web_close,
                                                .fetch = web_fetch};

static int64_t now_of(void *arg)
{
    (void)arg;
    return __atomic_load_n(&test_now_s, __ATOMIC_ACQUIRE);
}

static inline void set_now(int64_t now_s)
{
    __atomic_store_n(&test_now_s, now_s, __ATOMIC_RELEASE);
}

static inline unsigned asked(void)
{
    return __atomic_load_n(&web.asked, __ATOMIC_ACQUIRE);
}

static inline struct web_answer gives(struct atls_bytes body)
{
    const struct web_answer answer = {.outcome = ATLS_FETCH_ANSWERED, .status = 200, .body = body};
    return answer;
}

static inline struct web_answer says(unsigned status)
{
    const struct web_answer answer = {.outcome = ATLS_FETCH_ANSWERED, .status = status};
    return answer;
}

/* reset puts everything as it is at the beginning. */
static inline void reset(struct web_answer by_a, struct web_answer by_b)
{
    web.by_a = by_a;
    web.by_b = by_b;
    web.asked = 0;
    set_now(NOW);
}

static inline struct atls_depot *depot_of(const char *folder, size_t num_urls)
{
    static const char *const urls[] = {SERVER_A, SERVER_B};
    const struct atls_depot_options options = {.fetcher = num_urls != 0 ? &web_ops : NULL,
                                               .urls = urls,
                                               .num_urls = num_urls,
                                               .folder = folder,
                                               .now_s = now_of};
    struct atls_depot *depot = NULL;
    const enum atls_err err = atls_depot_open(&depot, &options, &diag);
    if (err != ATLS_OK) {
        print_message("%s: %s\n", atls_err_name(err), diag.found);
    }
    assert_err(err, OK);
    return depot;
}

static inline enum atls_err obtain(struct atls_depot *depot, struct atls_lease **out,
                                   const struct atls_collateral_wanted *wanted)
{
    *out = NULL;
    const enum atls_err err =
        atls_depot_obtain(depot, out, wanted, atls_depot_clock_ms() + 5000, &diag);
    assert_true((err == ATLS_OK) == (*out != NULL));
    return err;
}

/* Items to ask for: lists of AMD-like makers, of which there are many. */
static inline struct atls_collateral_wanted list_of(const char *product)
{
    struct atls_collateral_wanted wanted = {.kind = ATLS_WANTED_AMD_CRL};
    snprintf(wanted.product, sizeof wanted.product, "%s", product);
    return wanted;
}

/* list_until is a list of revoked certificates that ends then. */
static inline struct atls_bytes list_until(int64_t end_s)
{
    static struct test_chain chain;
    if (chain.len == 0) {
        chain = test_chain_make(&atls_chain_pck, test_pck_names, 3);
    }
    const struct atls_issue_crl_spec spec = {
        .this_update_s = NOW - 100, .next_update_s = end_s, .signature = ATLS_CHAIN_ECDSA_SHA256};
    return test_crl(&chain, 2, &spec);
}

#endif
