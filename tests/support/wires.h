/* SPDX-License-Identifier: Apache-2.0 */
/* A network of datagrams between two connections, on which a test has a hand (link room_stack). */
#ifndef SUPPORT_WIRES_H
#define SUPPORT_WIRES_H

#include "support/pair.h"

enum { TEST_MAX_WIRE_LEN = 2000 };

/* Two connections, each with a socket of datagrams, and the network between: what one has sent is
 * at net[0], the other's at net[1]. */
struct test_wires {
    struct test_pair pair;
    int ends[2], net[2];
    unsigned carried, lose; /* the datagram of this number is lost */
    bool twice, backwards;  /* each; those that are on their way together */
};

/* test_wires_join takes over both SSL_CTX. */
void test_wires_join(struct test_wires *w, SSL_CTX *client, SSL_CTX *server);
void test_wires_free(struct test_wires *w);
/* test_wires_carry moves what is on its way; false when nothing was. */
bool test_wires_carry(struct test_wires *w);

#endif
