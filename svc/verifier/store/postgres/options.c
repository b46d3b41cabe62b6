/* SPDX-License-Identifier: Apache-2.0 */
/* What libpq is told: the URI of the operator, and safe values for what it leaves open. */
#include "store/postgres/connection.h"

#include <stdio.h>
#include <stdlib.h>

/* What a URI may leave open. libpq would look into the environment for some of these (PGSSLMODE),
 * and nothing of that kind may weaken a connection. */
static const struct {
    const char *keyword;
    const char *value;
} defaults[] = {
    {"application_name", "atls-verifier"},
    {"client_encoding", "UTF8"},
    {"gssencmode", "disable"},
    /* of several servers the one that takes writes, as after a failover */
    {"target_session_attrs", "read-write"},
};

enum { NUM_MORE = ATLS_ARRAY_LEN(defaults) + 4 /* sslmode, connect_timeout, options, NULL */ };

static const char *given(const PQconninfoOption *parsed, const char *keyword)
{
    for (const PQconninfoOption *option = parsed; option->keyword != NULL; option++) {
        if (strcmp(option->keyword, keyword) == 0) {
            return option->val != NULL && *option->val != '\0' ? option->val : NULL;
        }
    }
    return NULL;
}

/* host_is_here is true for a Unix socket and the loopback addresses; hosts come as a list. */
static bool host_is_here(const char *hosts)
{
    static const char *const here[] = {"localhost", "127.0.0.1", "::1"};
    for (const char *host = hosts; host != NULL && *host != '\0';) {
        const size_t len = strcspn(host, ",");
        bool is_here = *host == '/' || *host == '@' || len == 0;
        for (size_t i = 0; i < ATLS_ARRAY_LEN(here); i++) {
            is_here = is_here || atls_bytes_is_text(atls_bytes_of(host, len), here[i]);
        }
        if (!is_here) {
            return false;
        }
        host += len + (host[len] == ',' ? 1 : 0);
    }
    return true;
}

static void add(struct store_postgres_options *options, size_t *count, const char *keyword,
                const char *value)
{
    options->keywords[*count] = keyword;
    options->values[*count] = value;
    (*count)++;
}

static void fill(struct store_postgres_options *options, const PQconninfoOption *parsed)
{
    size_t count = 0;
    for (const PQconninfoOption *option = parsed; option->keyword != NULL; option++) {
        const bool is_ours = strcmp(option->keyword, "options") == 0 ||
                             strcmp(option->keyword, "connect_timeout") == 0;
        if (option->val != NULL && *option->val != '\0' && !is_ours) {
            add(options, &count, option->keyword, option->val);
        }
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(defaults); i++) {
        if (given(parsed, defaults[i].keyword) == NULL) {
            add(options, &count, defaults[i].keyword, defaults[i].value);
        }
    }
    if (given(parsed, "sslmode") == NULL) {
        const bool is_here =
            host_is_here(given(parsed, "host")) && host_is_here(given(parsed, "hostaddr"));
        add(options, &count, "sslmode", is_here ? "prefer" : "verify-full");
    }
    /* 0 and less would wait for ever */
    const char *timeout = given(parsed, "connect_timeout");
    const long timeout_s = timeout != NULL ? strtol(timeout, NULL, 10) : 0;
    add(options, &count, "connect_timeout",
        timeout_s >= 1 && timeout_s <= 60 ? timeout : options->timeout);
    add(options, &count, "options", options->session);
}

enum atls_err store_postgres_options_read(struct store_postgres_options *out, const char *uri,
                                          uint32_t timeout_ms, struct atls_diag *diag)
{
    char *wrong = NULL;
    PQconninfoOption *parsed = PQconninfoParse(uri, &wrong);
    if (parsed == NULL) {
        /* the text of libpq may repeat a password, so it is not shown */
        PQfreemem(wrong);
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "store", "URI", "one that libpq cannot read",
                               "postgres://USER@HOST/DATABASE");
    }
    size_t count = 0;
    while (parsed[count].keyword != NULL) {
        count++;
    }
    /* Commits of this service are on the server's disk before they are acknowledged, whatever the
     * server's own default is; transactions that we left are not kept open. */
    static const char limits[] = " -c statement_timeout=%u -c lock_timeout=%u"
                                 " -c idle_in_transaction_session_timeout=%u"
                                 " -c synchronous_commit=on"
                                 " -c default_transaction_isolation=read\\ committed";
    const char *own = given(parsed, "options");
    const size_t cap = sizeof limits + 40 + (own != NULL ? strlen(own) : 0);
    struct store_postgres_options options = {.parsed = parsed};
    options.keywords = calloc(count + NUM_MORE, sizeof *options.keywords);
    options.values = calloc(count + NUM_MORE, sizeof *options.values);
    options.session = malloc(cap);
    if (options.keywords == NULL || options.values == NULL || options.session == NULL) {
        store_postgres_options_cleanup(&options);
        return atls_fail(diag, ATLS_ERR_MEMORY, "store", "postgres");
    }
    const int len = snprintf(options.session, cap, "%s", own != NULL ? own : "");
    /* less than our own, so that as a rule the server ends a statement, and the connection stays */
    const unsigned limit_ms = timeout_ms - timeout_ms / 4;
    snprintf(options.session + len, cap - (size_t)len, limits, limit_ms, limit_ms, timeout_ms);
    *out = options;
    /* libpq takes whole seconds, and two at least */
    snprintf(out->timeout, sizeof out->timeout, "%u", timeout_ms < 2000 ? 2 : timeout_ms / 1000);
    fill(out, parsed);
    return ATLS_OK;
}

void store_postgres_options_cleanup(struct store_postgres_options *options)
{
    PQconninfoFree(options->parsed);
    free((void *)options->keywords);
    free((void *)options->values);
    free(options->session);
    *options = (struct store_postgres_options){.parsed = NULL};
}
