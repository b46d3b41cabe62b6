/* SPDX-License-Identifier: Apache-2.0 */
/* When a passport is renewed: in time, and not by a whole fleet at once. */
#ifndef CLI_RENEWAL_H
#define CLI_RENEWAL_H

#include <stdint.h>

/* cli_renewal_wait gives after how many of the `left_s` seconds to renew: half to three quarters of
 * them, so that a Verifier which is down for a quarter of a life does no harm. `chance` is any. */
int64_t cli_renewal_wait(int64_t left_s, uint32_t chance);
/* cli_renewal_retry gives when to try again what failed: `retry_s` to twice that, and doubles it,
 * up to a minute. It begins with CLI_FIRST_RETRY_S. */
enum { CLI_FIRST_RETRY_S = 2 };
int64_t cli_renewal_retry(int64_t *retry_s, uint32_t chance);

#endif
