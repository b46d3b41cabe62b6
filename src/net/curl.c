/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exchanges over libcurl. An easy handle is one connection that is kept open; idle handles wait in
 * a row of slots, each taken and put back by one atomic exchange: no lock, so nothing that a fork
 * could leave locked. A handle of before a fork is the parent's: the child leaves it alone, since
 * even closing it would speak on the parent's connection.
 */
#include "atls/net.h"

#include "atls/limits.h"

#include "base/diag.h"
#include "base/span.h"
#include "base/text.h"
#include "net/answer.h"
#include "net/sigpipe.h"

#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char step[] = "HTTP client";

#define MAX_IDLE 64
/* An address that does not answer must not take the whole of the time. */
static const uint32_t max_connect_ms = 5000;

struct line {
    CURL *curl;
    pid_t pid; /* whose connection it is */
    char error[CURL_ERROR_SIZE];
};

struct atls_fetcher {
    uint8_t *ca_pem;
    size_t ca_pem_len;
    bool system_ca;
    struct line *idle[MAX_IDLE]; /* atomic */
};

static pthread_once_t init_once = PTHREAD_ONCE_INIT;
static CURLcode init_result = CURLE_FAILED_INIT;

static void init(void)
{
    init_result = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static void line_free(struct line *line)
{
    if (line != NULL) {
        curl_easy_cleanup(line->curl);
        free(line);
    }
}

/* A line of before a fork is leaked: see above. */
static void line_close(struct line *line)
{
    if (line != NULL && line->pid == getpid()) {
        line_free(line);
    }
}

static struct line *take_line(struct atls_fetcher *fetcher)
{
    struct line *line = NULL;
    for (size_t i = 0; i < MAX_IDLE; i++) {
        line = __atomic_exchange_n(&fetcher->idle[i], NULL, __ATOMIC_ACQ_REL);
        if (line != NULL && line->pid == getpid()) {
            return line;
        }
    }
    line = calloc(1, sizeof *line);
    if (line != NULL) {
        line->curl = curl_easy_init();
        line->pid = getpid();
    }
    if (line == NULL || line->curl == NULL) {
        free(line);
        return NULL;
    }
    return line;
}

static void put_line(struct atls_fetcher *fetcher, struct line *line)
{
    for (size_t i = 0; i < MAX_IDLE; i++) {
        struct line *none = NULL;
        if (__atomic_compare_exchange_n(&fetcher->idle[i], &none, line, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED)) {
            return;
        }
    }
    line_close(line);
}

static enum atls_err check_certificates(struct atls_bytes pem, struct atls_diag *diag)
{
    size_t count = 0;
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    X509 *cert = NULL;
    while (bio != NULL && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        X509_free(cert);
        count++;
    }
    BIO_free(bio);
    ERR_clear_error();
    return count != 0 ? ATLS_OK
                      : atls_fail_texts(diag, ATLS_ERR_FILE, step, "certificates",
                                        "a file without any", "PEM certificates");
}

static enum atls_err open_curl(struct atls_fetcher **out, const struct atls_fetcher_config *config,
                               struct atls_diag *diag)
{
    if (config->ca_pem.len > ATLS_MAX_FILE_LEN) {
        return atls_fail_texts(diag, ATLS_ERR_FILE, step, "certificates", "a file that is too long",
                               "at most 4 MiB");
    }
    if (config->ca_pem.len != 0) {
        const enum atls_err err = check_certificates(config->ca_pem, diag);
        if (err != ATLS_OK) {
            return err;
        }
    }
    pthread_once(&init_once, init);
    struct atls_fetcher *fetcher = calloc(1, sizeof *fetcher);
    uint8_t *pem = malloc(config->ca_pem.len + 1);
    if (init_result != CURLE_OK || fetcher == NULL || pem == NULL) {
        free(fetcher);
        free(pem);
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "libcurl");
    }
    if (config->ca_pem.len != 0) {
        memcpy(pem, config->ca_pem.data, config->ca_pem.len);
    }
    fetcher->ca_pem = pem;
    fetcher->ca_pem_len = config->ca_pem.len;
    fetcher->system_ca = config->system_ca;
    *out = fetcher;
    return ATLS_OK;
}

static void close_curl(struct atls_fetcher *fetcher)
{
    if (fetcher == NULL) {
        return;
    }
    for (size_t i = 0; i < MAX_IDLE; i++) {
        line_close(__atomic_exchange_n(&fetcher->idle[i], NULL, __ATOMIC_ACQ_REL));
    }
    free(fetcher->ca_pem);
    free(fetcher);
}

static size_t on_field(char *data, size_t size, size_t count, void *arg)
{
    const size_t len = size * count;
    return net_take_field(arg, atls_bytes_of(data, len)) ? len : 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    const size_t len = size * count;
    return net_take_body(arg, atls_bytes_of(data, len)) ? len : len + 1;
}

/* A body that may leave once is not given to libcurl as a whole, which it would send again on a
 * connection of its own choice; what has been read cannot be read again. */
struct body {
    struct atls_bytes octets;
    size_t at;
};

static size_t on_read(char *out, size_t size, size_t count, void *arg)
{
    struct body *body = arg;
    const size_t left = body->octets.len - body->at;
    const size_t len = size * count < left ? size * count : left;
    if (len != 0) {
        memcpy(out, &body->octets.data[body->at], len);
    }
    body->at += len;
    return len;
}

static int on_seek(void *arg, curl_off_t offset, int origin)
{
    const struct body *body = arg;
    return body->at == 0 && offset == 0 && origin == SEEK_SET ? CURL_SEEKFUNC_OK
                                                              : CURL_SEEKFUNC_FAIL;
}

/* libcurl writes the secrets of its connections to where SSLKEYLOGFILE names: not ours. */
static CURLcode on_ssl_ctx(CURL *curl, void *ssl_ctx, void *arg)
{
    (void)curl;
    (void)arg;
    SSL_CTX_set_keylog_callback(ssl_ctx, NULL);
    return CURLE_OK;
}

/* SET is false once an option was not taken: by another libcurl than the one we were built for. */
#define SET(option, value) (curl_easy_setopt(line->curl, (option), (value)) == CURLE_OK)

/* Who the server must be: by these certificates alone, not those of the environment; those of the
 * system, which libcurl was built with, only where the opener said so and named no others. */
static bool set_trust(struct line *line, const struct atls_fetcher *fetcher)
{
    struct curl_blob blob = {fetcher->ca_pem, fetcher->ca_pem_len, CURL_BLOB_NOCOPY};
    const bool https = fetcher->ca_pem_len != 0 || fetcher->system_ca;
    const bool by_system = fetcher->ca_pem_len == 0 && fetcher->system_ca;
    return SET(CURLOPT_PROTOCOLS_STR, https ? "https,http" : "http") &&
           SET(CURLOPT_SSL_VERIFYPEER, 1L) && SET(CURLOPT_SSL_VERIFYHOST, 2L) &&
           SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
           (by_system ||
            (SET(CURLOPT_CAPATH, (char *)NULL) && SET(CURLOPT_CAINFO, (char *)NULL))) &&
           (!https || by_system || SET(CURLOPT_CAINFO_BLOB, &blob)) &&
           SET(CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
}

/* What the environment and the files of the user could change, and what is to be left alone. */
static bool set_habits(struct line *line)
{
    return SET(CURLOPT_PROXY, "") && SET(CURLOPT_NOPROXY, "*") &&
           SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
           SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) && SET(CURLOPT_FOLLOWLOCATION, 0L) &&
           SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
           SET(CURLOPT_HTTP09_ALLOWED, 0L) && SET(CURLOPT_NOSIGNAL, 1L) &&
           SET(CURLOPT_TCP_NODELAY, 1L) && SET(CURLOPT_ERRORBUFFER, line->error) &&
           SET(CURLOPT_MAXCONNECTS, 2L);
}

static bool set_bounds(struct line *line, struct net_intake *intake, uint32_t timeout_ms)
{
    const uint32_t connect_ms = timeout_ms < max_connect_ms ? timeout_ms : max_connect_ms;
    return SET(CURLOPT_TIMEOUT_MS, (long)timeout_ms) &&
           SET(CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms) &&
           SET(CURLOPT_HEADERFUNCTION, on_field) && SET(CURLOPT_HEADERDATA, intake) &&
           SET(CURLOPT_WRITEFUNCTION, on_body) && SET(CURLOPT_WRITEDATA, intake);
}

static bool set_body(struct line *line, const struct atls_fetch_request *request, struct body *body)
{
    if (!SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len)) {
        return false;
    }
    if (request->once && request->body.len != 0) {
        return SET(CURLOPT_READFUNCTION, on_read) && SET(CURLOPT_READDATA, body) &&
               SET(CURLOPT_SEEKFUNCTION, on_seek) && SET(CURLOPT_SEEKDATA, body);
    }
    return SET(CURLOPT_POSTFIELDS, request->body.len != 0 ? (const char *)request->body.data : "");
}

static bool set_method(struct line *line, const struct atls_fetch_request *request,
                       struct body *body)
{
    switch (request->method) {
    case ATLS_FETCH_GET:
        return SET(CURLOPT_HTTPGET, 1L);
    case ATLS_FETCH_DELETE:
        return SET(CURLOPT_HTTPGET, 1L) && SET(CURLOPT_CUSTOMREQUEST, "DELETE");
    case ATLS_FETCH_POST:
        return SET(CURLOPT_POST, 1L) && set_body(line, request, body);
    default:
        return false;
    }
}

static bool add_field(struct curl_slist **fields, const char *name, const char *value)
{
    char text[700];
    const size_t name_len = atls_text_len(name);
    if (atls_text_len(value) + name_len >= sizeof text) {
        return false;
    }
    atls_text_copy(text, sizeof text, name);
    atls_text_copy(&text[name_len], sizeof text - name_len, value);
    struct curl_slist *longer = curl_slist_append(*fields, text);
    *fields = longer != NULL ? longer : *fields;
    return longer != NULL;
}

/* "Expect:" and, without a type, "Content-Type:" take out what libcurl would send by itself. */
static bool set_fields(struct line *line, struct curl_slist **fields,
                       const struct atls_fetch_request *request)
{
    return add_field(fields, "Expect:", "") && add_field(fields, "User-Agent: ", "atls") &&
           add_field(fields, "Accept: ", request->accept != NULL ? request->accept : "*/*") &&
           add_field(fields,
                     "Content-Type:", request->content_type != NULL ? request->content_type : "") &&
           (request->cookie == NULL || add_field(fields, "Cookie: ", request->cookie)) &&
           SET(CURLOPT_URL, request->url) && SET(CURLOPT_HTTPHEADER, *fields);
}

/* CURLE_TOO_LARGE of libcurl 8.6: that calls so what others call CURLE_OUT_OF_MEMORY, a line of the
 * head without an end. */
enum { TOO_LARGE = 100 };

static enum atls_fetch_outcome outcome_of(CURLcode code, const struct net_intake *intake)
{
    if (intake->failed != ATLS_FETCH_NONE) {
        return intake->failed;
    }
    switch ((int)code) {
    case CURLE_OK:
        return ATLS_FETCH_ANSWERED;
    case CURLE_OPERATION_TIMEDOUT:
        return ATLS_FETCH_TIMEOUT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return ATLS_FETCH_UNTRUSTED;
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_OUT_OF_MEMORY: /* so it calls a line without an end, see run() */
    case TOO_LARGE:
        return ATLS_FETCH_OVERSIZED;
    case CURLE_UNSUPPORTED_PROTOCOL: /* of the answer: the URL's was looked at */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WRITE_ERROR:
        return ATLS_FETCH_MALFORMED;
    default:
        return ATLS_FETCH_UNREACHABLE;
    }
}

/* describe completes *answer after an exchange; without an answer nothing of one is left. */
static void describe(struct atls_fetch_answer *answer, const struct line *line, CURLcode code,
                     const struct net_intake *intake)
{
    long status = 0, sent = 0;
    curl_easy_getinfo(line->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(line->curl, CURLINFO_REQUEST_SIZE, &sent);
    const enum atls_fetch_outcome outcome = outcome_of(code, intake);
    if (outcome == ATLS_FETCH_ANSWERED && status >= 100 && status <= 999) {
        answer->outcome = outcome;
        answer->status = (unsigned)status;
        answer->sent = true;
        return;
    }
    free(answer->body);
    memset(answer, 0, sizeof *answer);
    answer->outcome = outcome == ATLS_FETCH_ANSWERED ? ATLS_FETCH_MALFORMED : outcome;
    answer->sent = sent > 0;
    const char *why = intake->why;
    if (code == CURLE_OUT_OF_MEMORY || (int)code == TOO_LARGE) {
        why = "a head with a line that does not end";
    } else if (why == NULL) {
        why = line->error[0] != '\0' ? line->error : curl_easy_strerror(code);
    }
    atls_text_copy(answer->detail, sizeof answer->detail, why);
}

static enum atls_err run(struct line *line, const struct atls_fetcher *fetcher,
                         struct atls_fetch_answer *out, const struct atls_fetch_request *request,
                         struct atls_diag *diag)
{
    struct net_intake intake = {
        .answer = out, .max_body = request->max_body, .field = request->field};
    struct body body = {.octets = request->body, .at = 0};
    struct curl_slist *fields = NULL;
    curl_easy_reset(line->curl);
    line->error[0] = '\0';
    const bool set = set_trust(line, fetcher) && set_habits(line) &&
                     set_bounds(line, &intake, request->timeout_ms) &&
                     set_method(line, request, &body) && set_fields(line, &fields, request);
    if (!set) {
        curl_slist_free_all(fields);
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "libcurl",
                               "an option that it does "
                               "not take",
                               "libcurl 7.85 or later, on OpenSSL");
    }
    struct net_sigpipe shield;
    net_sigpipe_block(&shield);
    const CURLcode code = curl_easy_perform(line->curl);
    net_sigpipe_restore(&shield);
    describe(out, line, code, &intake);
    curl_slist_free_all(fields);
    if (intake.no_memory || (code == CURLE_OUT_OF_MEMORY && !out->sent)) {
        free(out->body);
        memset(out, 0, sizeof *out);
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    return ATLS_OK;
}

static enum atls_err fetch_curl(struct atls_fetcher *fetcher, struct atls_fetch_answer *out,
                                const struct atls_fetch_request *request, struct atls_diag *diag)
{
    memset(out, 0, sizeof *out);
    if (request->timeout_ms == 0) { /* which libcurl takes for no bound at all */
        out->outcome = ATLS_FETCH_TIMEOUT;
        atls_text_copy(out->detail, sizeof out->detail, "no time was left to ask");
        return ATLS_OK;
    }
    struct line *line = take_line(fetcher);
    if (line == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "libcurl");
    }
    const enum atls_err err = run(line, fetcher, out, request, diag);
    if (err == ATLS_OK && out->outcome == ATLS_FETCH_ANSWERED) {
        put_line(fetcher, line);
    } else {
        line_free(line); /* a connection in a state that is not known */
    }
    return err;
}

const struct atls_fetcher_ops atls_fetcher_curl = {
    .abi = ATLS_FETCHER_ABI,
    .size = (uint32_t)sizeof(struct atls_fetcher_ops),
    .name = "curl",
    .open = open_curl,
    .close = close_curl,
    .fetch = fetch_curl,
};
