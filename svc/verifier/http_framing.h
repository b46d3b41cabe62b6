/* SPDX-License-Identifier: Apache-2.0 */
/* Where a request ends, and for which host: what two readers must not see differently (RFC 9112).
 */
#ifndef SVC_VERIFIER_HTTP_FRAMING_H
#define SVC_VERIFIER_HTTP_FRAMING_H

#include <microhttpd.h>

/*
 * verifier_framing_check gives 0, or the status that a request is refused with, and why. The
 * library takes the first of two lengths, and of a length beside a transfer coding the latter; a
 * proxy in front may not. Then one side's body is the other's next request, so the connection ends
 * with it.
 */
unsigned verifier_framing_check(struct MHD_Connection *connection, const char *version,
                                const char **out_why);

#endif
