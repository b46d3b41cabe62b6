/* SPDX-License-Identifier: Apache-2.0 */
/* What a server sends, as it comes in: bounded, and kept as it is. */
#ifndef NET_ANSWER_H
#define NET_ANSWER_H

#include "atls/fetcher.h"

/* The head of an answer: status line and fields, those of interim answers and trailers too. */
#define NET_MAX_HEAD_LEN 16384

struct net_intake {
    struct atls_fetch_answer *answer;
    size_t max_body, body_cap, head_len;
    enum atls_fetch_outcome failed; /* NONE as long as nothing is wrong */
    bool no_memory;
    const char *why;   /* with `failed` */
    const char *field; /* of the request */
};

/* net_take_field takes one line of the head, with its line end. False ends the exchange, and
 * intake->failed says why. */
bool net_take_field(struct net_intake *intake, struct atls_bytes line);
/* net_take_body takes octets of the body, in the same way. */
bool net_take_body(struct net_intake *intake, struct atls_bytes octets);

#endif
