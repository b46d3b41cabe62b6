/* SPDX-License-Identifier: Apache-2.0 */
#include "rate.h"

#include "base/diag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { sources = 1024 };

struct cli_rate {
    unsigned per_second;
    struct {
        char host[64];
        int64_t seen_ms;
        double tokens; /* at most per_second: a burst of one second */
    } source[sources];
};

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

bool cli_rate_allows(struct cli_rate *rate, const char *host, int64_t now_ms)
{
    if (rate == NULL) {
        return true;
    }
    size_t at = 0;
    for (size_t i = 0; i < sources; i++) {
        if (strcmp(rate->source[i].host, host) == 0) {
            at = i;
            break;
        }
        if (rate->source[i].seen_ms < rate->source[at].seen_ms) {
            at = i;
        }
    }
    if (strcmp(rate->source[at].host, host) != 0) {
        snprintf(rate->source[at].host, sizeof rate->source[at].host, "%s", host);
        rate->source[at].tokens = rate->per_second;
        rate->source[at].seen_ms = now_ms;
    }
    const double passed_s = (double)(now_ms - rate->source[at].seen_ms) / 1000.0;
    double tokens = rate->source[at].tokens + passed_s * rate->per_second;
    tokens = tokens > rate->per_second ? rate->per_second : tokens;
    rate->source[at].seen_ms = now_ms;
    rate->source[at].tokens = tokens >= 1.0 ? tokens - 1.0 : tokens;
    return tokens >= 1.0;
}
