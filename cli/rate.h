/* SPDX-License-Identifier: Apache-2.0 */
/* What a server gives to strangers: new connections a second from one source. */
#ifndef CLI_RATE_H
#define CLI_RATE_H

#include "atls/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* A source is an IPv4 address, or the /64 of an IPv6 address: who has one of these addresses has
 * them all. */
struct cli_source {
    uint8_t prefix[9]; /* family, and the octets of the address that count */
};
struct cli_source cli_source_of(const struct sockaddr *address);
bool cli_source_equal(const struct cli_source *a, const struct cli_source *b);

/* A token bucket for each of a bounded number of sources; the longest unseen makes room. */
struct cli_rate;

/* `text` is "N/s"; NULL gives NULL, which allows everything. */
ATLS_NODISCARD enum atls_err cli_rate_new(struct cli_rate **out, const char *text,
                                          struct atls_diag *diag);
void cli_rate_free(struct cli_rate *rate);
/* cli_rate_allows takes one token of the address's source; false when there is none. One thread at
 * a time. */
bool cli_rate_allows(struct cli_rate *rate, const struct sockaddr *address, int64_t now_ms);

#endif
