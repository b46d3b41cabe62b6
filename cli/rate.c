/* SPDX-License-Identifier: Apache-2.0 */
#include "rate.h"

#include "base/diag.h"
#include "base/span.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { sources = 1024 };

struct cli_rate {
    unsigned per_second;
    struct known {
        struct cli_source source;
        int64_t seen_ms;
        double tokens; /* at most per_second: a burst of one second */
    } known[sources];
};

/* An IPv4 address that is mapped into IPv6 counts as what it is (RFC 4291, 2.5.5.2). */
struct cli_source cli_source_of(const struct sockaddr *address)
{
    struct cli_source out = {{0}};
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        out.prefix[0] = 4;
        memcpy(&out.prefix[1], &v4->sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
        const bool is_mapped = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
        out.prefix[0] = is_mapped ? 4 : 6;
        memcpy(&out.prefix[1], &v6->sin6_addr.s6_addr[is_mapped ? 12 : 0], is_mapped ? 4 : 8);
    }
    return out;
}

bool cli_source_equal(const struct cli_source *a, const struct cli_source *b)
{
    return atls_bytes_equal(atls_bytes_of(a->prefix, sizeof a->prefix),
                            atls_bytes_of(b->prefix, sizeof b->prefix));
}

enum atls_err cli_rate_new(struct cli_rate **out, const char *text, struct atls_diag *diag)
{
    *out = NULL;
    if (text == NULL) {
        return ATLS_OK;
    }
    char *end = NULL;
    const unsigned long number = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || strcmp(end, "/s") != 0 || number < 1 ||
        number > 1000000) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", "--per-source", text,
                               "a rate such as 5/s");
    }
    struct cli_rate *rate = calloc(1, sizeof *rate);
    if (rate == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "--per-source", NULL);
    }
    rate->per_second = (unsigned)number;
    *out = rate;
    return ATLS_OK;
}

void cli_rate_free(struct cli_rate *rate)
{
    free(rate);
}

bool cli_rate_allows(struct cli_rate *rate, const struct sockaddr *address, int64_t now_ms)
{
    if (rate == NULL) {
        return true;
    }
    const struct cli_source source = cli_source_of(address);
    size_t at = 0;
    for (size_t i = 0; i < sources; i++) {
        if (cli_source_equal(&rate->known[i].source, &source)) {
            at = i;
            break;
        }
        if (rate->known[i].seen_ms < rate->known[at].seen_ms) {
            at = i;
        }
    }
    struct known *known = &rate->known[at];
    if (!cli_source_equal(&known->source, &source)) {
        known->source = source;
        known->tokens = rate->per_second;
        known->seen_ms = now_ms;
    }
    const double passed_s = (double)(now_ms - known->seen_ms) / 1000.0;
    double tokens = known->tokens + passed_s * rate->per_second;
    tokens = tokens > rate->per_second ? rate->per_second : tokens;
    known->seen_ms = now_ms;
    known->tokens = tokens >= 1.0 ? tokens - 1.0 : tokens;
    return tokens >= 1.0;
}
