/* SPDX-License-Identifier: Apache-2.0 */
/* Trustee's key broker: what is hashed, and what of its challenge is taken before Evidence is made.
 */
#include "unit/json/ear_samples.h"

#include "verifier/kbs.h"

#include <stdio.h>

#define NONCE "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define CHALLENGE                                                                                  \
    "{\"nonce\":\"" NONCE "\",\"extra-params\":{\"selected-hash-algorithm\":\"sha512\"}}"
#define COOKIE "kbs-session-id=1f; Path=/"

static struct atls_diag diag;

/* ---- the challenge ---- */

static struct {
    const char *cookie;
    struct atls_bytes body;
    unsigned asked, made;
    int32_t hash_alg;
} broker;

static enum atls_err fetch(struct atls_fetcher *fetcher, struct atls_fetch_answer *out,
                           const struct atls_fetch_request *request, struct atls_diag *why)
{
    (void)fetcher, (void)why;
    broker.asked++;
    assert_string_equal(request->url, "https://kbs.example/kbs/v0/auth");
    assert_string_equal(request->field, "set-cookie");
    assert_null(request->cookie);
    assert_text(request->body, "{\"version\":\"0.4.0\",\"tee\":\"tdx\",\"extra-params\":"
                               "{\"supported-hash-algorithms\":[\"sha384\",\"sha512\"]}}");
    memset(out, 0, sizeof *out);
    out->outcome = ATLS_FETCH_ANSWERED;
    out->status = 200;
    out->body = calloc(broker.body.len + 1, 1);
    memcpy(out->body, broker.body.data, broker.body.len);
    out->body_len = broker.body.len;
    snprintf(out->field, sizeof out->field, "%s", broker.cookie);
    return ATLS_OK;
}

static bool never(const void *arg)
{
    (void)arg;
    return false;
}

/* make_hashed ends the exchange: all of the challenge was taken. */
static enum atls_err make_hashed(void *arg, int32_t hash_alg, const char *nonce,
                                 struct atls_bytes *out, struct atls_diag *why)
{
    (void)arg, (void)out;
    broker.made++;
    broker.hash_alg = hash_alg;
    assert_string_equal(nonce, NONCE);
    return atls_fail(why, ATLS_ERR_CANCELLED, "test", NULL);
}

static enum atls_err exchange(const char *cookie, struct atls_bytes body)
{
    static const struct atls_format tdx = {.name = "tdx", .submod = "TDX"};
    static const struct atls_fetcher_ops ops = {.fetch = fetch};
    const struct atls_verifier_wait wait = {atls_verifier_clock_ms() + 60000, never, NULL};
    struct verifier_service_url url;
    char *token = NULL;
    assert_err(verifier_url_parse(&url, "https://kbs.example", NULL), OK);
    const struct verifier_line line = {.ops = &ops, .url = &url, .wait = &wait};
    const struct verifier_question question = {.format = &tdx,
                                               .make_hashed = make_hashed,
                                               .crypto = atls_crypto_openssl(),
                                               .tls_spki = ear_octets(EAR_AKPUB)};
    memset(&diag, 0, sizeof diag);
    memset(&broker, 0, sizeof broker);
    broker.cookie = cookie;
    broker.body = body;
    const enum atls_err err = verifier_kbs_exchange(&token, &line, &question, &diag);
    assert_null(token);
    assert_int_equal(broker.asked, 1);
    assert_int_equal(broker.made, err == ATLS_ERR_CANCELLED ? 1 : 0);
    return err;
}

static void a_challenge_is_taken_with_its_cookie(void **state)
{
    (void)state;
    assert_err(exchange(COOKIE, atls_bytes_text(CHALLENGE)), CANCELLED);
    assert_err(exchange("kbs-session-id=a", atls_bytes_text(CHALLENGE)), CANCELLED);
    assert_int_equal(broker.hash_alg, ATLS_ALG_SHA512);
}

/* A broker that says nothing takes SHA-384, and so does Trustee's own for machines of SNP and TDX.
 */
static void the_hash_is_the_brokers_of_those_that_were_offered(void **state)
{
    (void)state;
    static const char *const sha384[] = {
        "{\"nonce\":\"" NONCE "\"}", "{\"nonce\":\"" NONCE "\",\"extra-params\":\"\"}",
        "{\"nonce\":\"" NONCE "\",\"extra-params\":{}}",
        "{\"nonce\":\"" NONCE "\",\"extra-params\":{\"selected-hash-algorithm\":\"sha384\"}}"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(sha384); i++) {
        assert_err(exchange(COOKIE, atls_bytes_text(sha384[i])), CANCELLED);
        assert_int_equal(broker.hash_alg, ATLS_ALG_SHA384);
    }
}

static void a_challenge_of_another_form_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *cookie, *body, *claim;
    } cases[] = {
        {"", CHALLENGE, "cookie"},
        {"kbs-session-id=", CHALLENGE, "cookie"},
        {"kbs-session-id=;", CHALLENGE, "cookie"},
        {"kbs-session-id=a,b", CHALLENGE, "cookie"},
        {"KBS-session-id=a", CHALLENGE, "cookie"},
        {COOKIE,
         "{\"nonce\":\"" NONCE "\",\"extra-params\":{\"selected-hash-algorithm\":\"sha256\"}}",
         "selected-hash-algorithm"},
        {COOKIE, "{\"nonce\":\"" NONCE "\",\"extra-params\":{\"selected-hash-algorithm\":null}}",
         "selected-hash-algorithm"},
        {COOKIE,
         "{\"nonce\":\"" NONCE "\",\"extra-params\":{\"selected-hash-algorithm\":[\"sha512\"]}}",
         "selected-hash-algorithm"},
        {COOKIE, "{\"extra-params\":{\"selected-hash-algorithm\":\"sha512\"}}", "nonce"},
        {COOKIE,
         "{\"nonce\":\"AAAA\\\"AAAAAAA\",\"extra-params\":{\"selected-hash-algorithm\":\"sha512\"}"
         "}",
         "nonce"},
        {COOKIE,
         "{\"nonce\":\"AAAAAAAAAA\",\"extra-params\":"
         "{\"selected-hash-algorithm\":\"sha512\"}}",
         "nonce"}, /* 7 octets */
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        assert_err(exchange(cases[i].cookie, atls_bytes_text(cases[i].body)), VERIFIER_ANSWER);
        assert_string_equal(diag.claim, cases[i].claim);
    }
    for (size_t len = 0; len < sizeof CHALLENGE - 1; len++) {
        assert_err(exchange(COOKIE, test_copy(atls_bytes_of(CHALLENGE, len))), VERIFIER_ANSWER);
    }
}

static void a_cookie_has_256_octets_at_most(void **state)
{
    (void)state;
    char cookie[300] = "kbs-session-id=";
    memset(cookie + 15, 'a', 256);
    assert_err(exchange(cookie, atls_bytes_text(CHALLENGE)), CANCELLED);
    cookie[15 + 256] = 'a';
    assert_err(exchange(cookie, atls_bytes_text(CHALLENGE)), VERIFIER_ANSWER);
    assert_string_equal(diag.found, "a longer value");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_challenge_is_taken_with_its_cookie),
        cmocka_unit_test(the_hash_is_the_brokers_of_those_that_were_offered),
        cmocka_unit_test(a_challenge_of_another_form_is_refused),
        cmocka_unit_test(a_cookie_has_256_octets_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
