/* SPDX-License-Identifier: Apache-2.0 */
/* The fetcher against a server of its own process, which answers rightly and in every wrong way. */
#include "atls/net.h"

#include "crypto/cert.h"
#include "support/keys.h"
#include "support/threads.h"
#include "unit/net/web.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

static const struct atls_fetcher_ops *const ops = &atls_fetcher_curl;

/* Whoever hangs is waited for so long; it is no bound of what must be fast. */
enum { PATIENCE_MS = 20000, IMPATIENCE_MS = 300 };

static struct atls_fetcher *open_plain(void)
{
    const struct atls_fetcher_config config = {.ca_pem = {NULL, 0}};
    struct atls_fetcher *fetcher = NULL;
    assert_err(ops->open(&fetcher, &config, NULL), OK);
    return fetcher;
}

static struct atls_fetch_answer ask(struct atls_fetcher *fetcher, enum atls_fetch_method method,
                                    const char *scheme, const char *host, unsigned port,
                                    uint32_t timeout_ms)
{
    char url[128];
    struct atls_fetch_answer answer;
    snprintf(url, sizeof url, "%s://%s:%u/a/b?c=d", scheme, host, port);
    const bool posts = method == ATLS_FETCH_POST;
    const struct atls_fetch_request request = {
        .method = method,
        .url = url,
        .accept = "application/x",
        .content_type = posts ? "application/y; z=\"1\"" : NULL,
        .body = posts ? atls_bytes_text("the body") : atls_bytes_of(NULL, 0),
        .max_body = 1000,
        .timeout_ms = timeout_ms,
    };
    struct atls_diag diag;
    assert_err(ops->fetch(fetcher, &answer, &request, &diag), OK);
    return answer;
}

static struct atls_fetch_answer get(struct atls_fetcher *fetcher, const struct web *web)
{
    return ask(fetcher, ATLS_FETCH_GET, "http", "127.0.0.1", web->port, PATIENCE_MS);
}

#define OK_ANSWER                                                                                  \
    "HTTP/1.1 200 OK\r\ncontent-type: text/x\r\nContent-Length: 5\r\n"                             \
    "Retry-After: 3\r\nLocation: there\r\n\r\nhello"

static void an_answer_is_handed_over_as_it_is(void **state)
{
    (void)state;
    static const struct web_answer answers[] = {{.octets = OK_ANSWER}};
    struct web web;
    web_start(&web, answers, 1, NULL);
    struct atls_fetcher *fetcher = open_plain();
    struct atls_fetch_answer answer = get(fetcher, &web);
    assert_int_equal(answer.outcome, ATLS_FETCH_ANSWERED);
    assert_true(answer.sent);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.content_type, "text/x");
    assert_string_equal(answer.location, "there");
    assert_int_equal(answer.retry_after_s, 3);
    assert_string_equal((const char *)answer.body, "hello");
    assert_int_equal(answer.body_len, 5);
    assert_string_equal(answer.detail, "");
    free(answer.body);
    ops->close(fetcher);
    web_stop(&web);
}

static void three_methods_go_over_one_connection(void **state)
{
    (void)state;
    static const struct web_answer answers[] = {
        {.octets = OK_ANSWER},
        {.octets =
             "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"},
        {.octets = "HTTP/1.1 204 No Content\r\n\r\n"}};
    struct web web;
    web_start(&web, answers, 3, NULL);
    struct atls_fetcher *fetcher = open_plain();
    struct atls_fetch_answer answer = get(fetcher, &web);
    free(answer.body);
    answer = ask(fetcher, ATLS_FETCH_POST, "http", "127.0.0.1", web.port, PATIENCE_MS);
    assert_int_equal(answer.status, 201);
    assert_int_equal(answer.body_len, 2);
    free(answer.body);
    answer = ask(fetcher, ATLS_FETCH_DELETE, "http", "127.0.0.1", web.port, PATIENCE_MS);
    assert_int_equal(answer.status, 204);
    assert_null(answer.body);
    ops->close(fetcher);
    web_stop(&web);
    assert_int_equal(web.num_connections, 1);
    assert_non_null(strstr(web.requests[0], "GET /a/b?c=d HTTP/1.1\r\n"));
    assert_non_null(strstr(web.requests[0], "\r\nAccept: application/x\r\n"));
    assert_null(strstr(web.requests[0], "Content-Type"));
    assert_non_null(strstr(web.requests[1], "POST /a/b?c=d HTTP/1.1\r\n"));
    assert_non_null(strstr(web.requests[1], "\r\nContent-Type:application/y; z=\"1\"\r\n"));
    assert_non_null(strstr(web.requests[1], "\r\n\r\nthe body"));
    assert_null(strstr(web.requests[1], "Expect"));
    assert_non_null(strstr(web.requests[2], "DELETE /a/b?c=d HTTP/1.1\r\n"));
    assert_null(strstr(web.requests[2], "the body"));
}

/* What goes wrong at a server that is there, and what comes of it. */
static const struct {
    struct web_answer answer;
    enum atls_fetch_outcome outcome;
    const char *detail; /* part of it */
} faults[] = {
    {{.octets = "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\nb", .repeat = 1000},
     ATLS_FETCH_OVERSIZED,
     "a body that is larger"},
    {{.octets = "HTTP/1.1 200 OK\r\n\r\nb", .repeat = 1000, .close = true},
     ATLS_FETCH_OVERSIZED,
     "a body that is larger"},
    {{.octets = "HTTP/1.1 200 OK\r\nX: y", .repeat = 200000, .hang = true},
     ATLS_FETCH_OVERSIZED,
     "a head"},
    {{.octets = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", .close = true},
     ATLS_FETCH_UNREACHABLE,
     "with 6 bytes "},
    {{.close = true}, ATLS_FETCH_UNREACHABLE, "Empty reply"},
    {{.octets = "I speak no such thing\r\n", .close = true}, ATLS_FETCH_MALFORMED, "HTTP/0.9"},
    {{.octets = "HTTP/1.1 abc\r\n\r\n", .close = true}, ATLS_FETCH_MALFORMED, ""},
    {{.octets = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", .close = true},
     ATLS_FETCH_UNREACHABLE,
     "chunk"},
    {{.octets = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx"},
     ATLS_FETCH_MALFORMED,
     "a body that is packed"},
    {{.octets = "HTTP/1.1 200 OK\r\nLocation: a\r\nLocation: b\r\n\r\n", .close = true},
     ATLS_FETCH_MALFORMED,
     "a Location"},
};

static void every_fault_of_a_server_has_its_outcome(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(faults); i++) {
        struct web web;
        web_start(&web, &faults[i].answer, 1, NULL);
        struct atls_fetcher *fetcher = open_plain();
        const struct atls_fetch_answer answer = get(fetcher, &web);
        if (answer.outcome != faults[i].outcome ||
            strstr(answer.detail, faults[i].detail) == NULL) {
            print_error("fault %zu: %s\n", i, answer.detail);
        }
        assert_int_equal(answer.outcome, faults[i].outcome);
        assert_non_null(strstr(answer.detail, faults[i].detail));
        assert_true(answer.detail[0] != '\0');
        assert_true(answer.sent);
        assert_null(answer.body);
        assert_int_equal(answer.status, 0);
        assert_string_equal(answer.location, "");
        ops->close(fetcher);
        web_stop(&web);
    }
}

static void a_server_that_hangs_is_left_at_the_deadline(void **state)
{
    (void)state;
    static const struct web_answer answers[] = {
        {.hang = true}, {.octets = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1", .hang = true}};
    struct web web;
    web_start(&web, answers, 2, NULL);
    struct atls_fetcher *fetcher = open_plain();
    for (int i = 0; i < 2; i++) {
        const struct atls_fetch_answer answer =
            ask(fetcher, ATLS_FETCH_GET, "http", "127.0.0.1", web.port, IMPATIENCE_MS);
        assert_int_equal(answer.outcome, ATLS_FETCH_TIMEOUT);
        assert_null(answer.body);
    }
    const struct atls_fetch_answer answer =
        ask(fetcher, ATLS_FETCH_GET, "http", "127.0.0.1", web.port, 0);
    assert_int_equal(answer.outcome, ATLS_FETCH_TIMEOUT);
    assert_false(answer.sent);
    ops->close(fetcher);
    web_stop(&web);
}

/* A server that closes a connection which it seemed to keep: libcurl by itself asks again. */
static void what_may_be_sent_once_is_not_sent_again(void **state)
{
    (void)state;
    static const struct web_answer answers[] = {
        {.octets = OK_ANSWER}, {.close = true}, {.octets = OK_ANSWER}};
    for (int once = 0; once <= 1; once++) {
        struct web web;
        char url[64];
        web_start(&web, answers, 3, NULL);
        struct atls_fetcher *fetcher = open_plain();
        struct atls_fetch_answer answer = get(fetcher, &web);
        free(answer.body);
        snprintf(url, sizeof url, "http://127.0.0.1:%u/", web.port);
        const struct atls_fetch_request request = {.method = ATLS_FETCH_POST,
                                                   .url = url,
                                                   .body = atls_bytes_text("Evidence"),
                                                   .once = once != 0,
                                                   .max_body = 1000,
                                                   .timeout_ms = PATIENCE_MS};
        assert_err(ops->fetch(fetcher, &answer, &request, NULL), OK);
        assert_int_equal(answer.outcome, once ? ATLS_FETCH_UNREACHABLE : ATLS_FETCH_ANSWERED);
        assert_true(answer.sent);
        free(answer.body);
        ops->close(fetcher);
        web_stop(&web);
        assert_int_equal(web.num_requests, once ? 2 : 3);
        assert_non_null(strstr(web.requests[1], "Content-Length: 8\r\n"));
        assert_non_null(strstr(web.requests[1], "\r\n\r\nEvidence"));
    }
}

static void nobody_there_is_unreachable(void **state)
{
    (void)state;
    struct web web;
    web_bind(&web);
    struct atls_fetcher *fetcher = open_plain();
    const struct atls_fetch_answer answer = get(fetcher, &web);
    close(web.listener);
    assert_int_equal(answer.outcome, ATLS_FETCH_UNREACHABLE);
    assert_false(answer.sent);
    assert_non_null(strstr(answer.detail, "onnect"));
    ops->close(fetcher);
}

static void a_redirect_is_an_answer_like_any_other(void **state)
{
    (void)state;
    static const struct web_answer answers[] = {
        {.octets = "HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:1/\r\n"
                   "Content-Length: 0\r\n\r\n"}};
    struct web web;
    web_start(&web, answers, 1, NULL);
    struct atls_fetcher *fetcher = open_plain();
    const struct atls_fetch_answer answer = get(fetcher, &web);
    assert_int_equal(answer.outcome, ATLS_FETCH_ANSWERED);
    assert_int_equal(answer.status, 307);
    free(answer.body);
    ops->close(fetcher);
    web_stop(&web);
    assert_int_equal(web.num_requests, 1);
}

static void the_environment_names_no_proxy(void **state)
{
    (void)state;
    static const char *const names[] = {"http_proxy", "all_proxy", "ALL_PROXY", "HTTP_PROXY"};
    static const struct web_answer answers[] = {{.octets = OK_ANSWER}};
    struct web web;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(names); i++) {
        setenv(names[i], "http://127.0.0.1:1", 1);
    }
    web_start(&web, answers, 1, NULL);
    struct atls_fetcher *fetcher = open_plain();
    struct atls_fetch_answer answer = get(fetcher, &web);
    assert_int_equal(answer.outcome, ATLS_FETCH_ANSWERED);
    free(answer.body);
    ops->close(fetcher);
    web_stop(&web);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(names); i++) {
        unsetenv(names[i]);
    }
}

static void a_url_of_another_kind_is_not_asked(void **state)
{
    (void)state;
    static const char *const urls[] = {"file:///etc/hostname", "ftp://127.0.0.1/x",
                                       "nonsense:", "https://127.0.0.1:1/",
                                       "http://user:word@127.0.0.1:1/"};
    struct atls_fetcher *fetcher = open_plain();
    for (size_t i = 0; i < ATLS_ARRAY_LEN(urls); i++) {
        struct atls_fetch_answer answer;
        const struct atls_fetch_request request = {
            .method = ATLS_FETCH_GET, .url = urls[i], .max_body = 10, .timeout_ms = PATIENCE_MS};
        assert_err(ops->fetch(fetcher, &answer, &request, NULL), OK);
        assert_int_not_equal(answer.outcome, ATLS_FETCH_ANSWERED);
        assert_false(answer.sent);
        assert_null(answer.body);
    }
    struct atls_fetch_answer answer;
    const struct atls_fetch_request request = {
        .method = (enum atls_fetch_method)9, .url = "http://127.0.0.1:1/", .timeout_ms = 1};
    assert_err(ops->fetch(fetcher, &answer, &request, NULL), ARGUMENT);
    ops->close(fetcher);
}

static int child_asks(struct atls_fetcher *fetcher, const struct web *busy, const struct web *web)
{
    const struct atls_fetch_answer waited = ask(fetcher, ATLS_FETCH_GET, "http", "127.0.0.1",
                                                busy->port, 100),
                                   answer = get(fetcher, web);
    free(answer.body);
    return waited.outcome == ATLS_FETCH_TIMEOUT && answer.outcome == ATLS_FETCH_ANSWERED ? 0 : 1;
}

static void the_child_of_a_fork_has_connections_of_its_own(void **state)
{
    (void)state;
    /* one connection at a time: `busy` has the parent's */
    static const struct web_answer answers[] = {{.octets = OK_ANSWER}};
    struct web web, second, busy;
    web_start(&web, answers, 1, NULL);
    web_start(&second, answers, 1, NULL);
    web_start(&busy, answers, 1, NULL);
    struct atls_fetcher *fetcher = open_plain();
    free(get(fetcher, &busy).body);
    struct atls_fetch_answer answer = get(fetcher, &web);
    free(answer.body);
    test_wait_for_sleeping_threads();
    const pid_t child = fork();
    if (child == 0) {
        _exit(child_asks(fetcher, &busy, &second));
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    answer = get(fetcher, &web); /* over the connection of before */
    assert_int_equal(answer.outcome, ATLS_FETCH_ANSWERED);
    free(answer.body);
    ops->close(fetcher);
    web_stop(&busy);
    web_stop(&second);
    web_stop(&web);
    assert_int_equal(web.num_connections, 1);
    assert_int_equal(second.num_connections, 1);
}

/* ---- over TLS ---- */

struct server_identity {
    struct atls_key *key, *ca_key;
    char *ca, *issued, *self_signed;
};

static struct server_identity identity;

static void make_identity(const char *name)
{
    const struct atls_cert_spec spec = {
        .names = &name, .num_names = 1, .not_before_s = (int64_t)time(NULL) - 60, .days = 2};
    memset(&identity, 0, sizeof identity);
    identity.key = test_key(ATLS_CRV_P256);
    identity.ca_key = test_key(ATLS_CRV_P256);
    assert_err(atls_ca_create(&identity.ca, identity.ca_key, "a test", spec.not_before_s, 2, NULL),
               OK);
    assert_err(atls_ca_issue(&identity.issued, atls_bytes_text(identity.ca), identity.ca_key,
                             identity.key, &spec, NULL),
               OK);
    assert_err(atls_cert_self_signed(&identity.self_signed, identity.key, &spec, NULL), OK);
}

static void free_identity(void)
{
    atls_pem_free(identity.ca);
    atls_pem_free(identity.issued);
    atls_pem_free(identity.self_signed);
}

static SSL_CTX *tls_with(const char *cert_pem)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    BIO *bio = BIO_new_mem_buf(cert_pem, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, atls_key_evp(identity.key)), 1);
    X509_free(cert);
    BIO_free(bio);
    return ctx;
}

/* over_tls asks a server that shows `cert`, trusting `trusted`, as `host`. */
static struct atls_fetch_answer over_tls(const char *cert, const char *trusted, const char *host,
                                         size_t *num_requests)
{
    static const struct web_answer answers[] = {{.octets = OK_ANSWER}};
    struct web web;
    SSL_CTX *tls = tls_with(cert);
    web_start(&web, answers, 1, tls);
    const struct atls_fetcher_config config = {.ca_pem = atls_bytes_text(trusted)};
    struct atls_fetcher *fetcher = NULL;
    assert_err(ops->open(&fetcher, &config, NULL), OK);
    struct atls_fetch_answer answer =
        ask(fetcher, ATLS_FETCH_POST, "https", host, web.port, PATIENCE_MS);
    free(answer.body);
    answer.body = NULL;
    ops->close(fetcher);
    web_stop(&web);
    SSL_CTX_free(tls);
    *num_requests = web.num_requests;
    return answer;
}

static void a_server_is_known_by_its_authority_or_its_own_certificate(void **state)
{
    (void)state;
    size_t num_requests = 0;
    make_identity("127.0.0.1");
    struct atls_fetch_answer answer =
        over_tls(identity.issued, identity.ca, "127.0.0.1", &num_requests);
    assert_string_equal(answer.detail, "");
    assert_int_equal(answer.outcome, ATLS_FETCH_ANSWERED);
    assert_int_equal(num_requests, 1);
    answer = over_tls(identity.self_signed, identity.self_signed, "127.0.0.1", &num_requests);
    assert_int_equal(answer.outcome, ATLS_FETCH_ANSWERED);
    answer = over_tls(identity.issued, identity.issued, "127.0.0.1", &num_requests);
    assert_int_equal(answer.outcome, ATLS_FETCH_ANSWERED);
    free_identity();
}

static void a_server_of_another_certificate_gets_nothing(void **state)
{
    (void)state;
    size_t num_requests = 1;
    make_identity("127.0.0.1");
    struct atls_fetch_answer answer =
        over_tls(identity.self_signed, identity.ca, "127.0.0.1", &num_requests);
    assert_int_equal(answer.outcome, ATLS_FETCH_UNTRUSTED);
    assert_false(answer.sent);
    assert_int_equal(num_requests, 0);
    answer = over_tls(identity.issued, identity.ca, "localhost", &num_requests);
    assert_int_equal(answer.outcome, ATLS_FETCH_UNTRUSTED);
    assert_false(answer.sent);
    assert_int_equal(num_requests, 0);
    free_identity();
}

static void the_secrets_of_a_connection_go_to_no_file(void **state)
{
    (void)state;
    char path[] = "/tmp/atls-test-keylog-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    make_identity("127.0.0.1");
    /* libcurl looks at the variable once a process: in a process of its own it has not yet. */
    const pid_t child = fork();
    if (child == 0) {
        setenv("SSLKEYLOGFILE", path, 1);
        execl("/proc/self/exe", "test_curl", "keylog", (char *)NULL);
        _exit(9);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    char octet = 0;
    assert_int_equal(read(fd, &octet, 1), 0);
    close(fd);
    unlink(path);
    free_identity();
}

static void a_file_without_certificates_is_refused(void **state)
{
    (void)state;
    struct atls_fetcher *fetcher = NULL;
    struct atls_diag diag;
    const struct atls_fetcher_config config = {.ca_pem = atls_bytes_text("no certificate\n")};
    assert_err(ops->open(&fetcher, &config, &diag), FILE);
    assert_null(fetcher);
    assert_string_equal(diag.found, "a file without any");
    ops->close(NULL);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "keylog") == 0) {
        const struct CMUnitTest alone[] = {
            cmocka_unit_test(a_server_is_known_by_its_authority_or_its_own_certificate)};
        return cmocka_run_group_tests(alone, NULL, NULL);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_handed_over_as_it_is),
        cmocka_unit_test(three_methods_go_over_one_connection),
        cmocka_unit_test(every_fault_of_a_server_has_its_outcome),
        cmocka_unit_test(a_server_that_hangs_is_left_at_the_deadline),
        cmocka_unit_test(what_may_be_sent_once_is_not_sent_again),
        cmocka_unit_test(nobody_there_is_unreachable),
        cmocka_unit_test(a_redirect_is_an_answer_like_any_other),
        cmocka_unit_test(the_environment_names_no_proxy),
        cmocka_unit_test(a_url_of_another_kind_is_not_asked),
        cmocka_unit_test(the_child_of_a_fork_has_connections_of_its_own),
        cmocka_unit_test(a_server_is_known_by_its_authority_or_its_own_certificate),
        cmocka_unit_test(a_server_of_another_certificate_gets_nothing),
        cmocka_unit_test(the_secrets_of_a_connection_go_to_no_file),
        cmocka_unit_test(a_file_without_certificates_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
