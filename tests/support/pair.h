/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two TLS connections joined in memory, driven step by step by the test (link room_stack). Both
 * ends live in this process; neither blocks but for the work of atls itself.
 */
#ifndef SUPPORT_PAIR_H
#define SUPPORT_PAIR_H

#include "support/check.h"
#include "support/machine.h"

#include "atls/openssl.h"

/* One end. `ret` and `error` are those of its last step; how it failed is noted at once, since both
 * ends share the error queue of the thread. */
struct test_end {
    SSL *ssl;
    int ret, error;
    bool done, failed;
    enum atls_err failed_with;
    struct atls_diag diag;
    int alert_in, alert_out; /* the fatal alerts that it got and sent; seen once it is watched */
};

struct test_pair {
    struct test_end client, server;
};

/* test_plain_ctx is an SSL_CTX of plain OpenSSL: TLS 1.3 only, `machine`'s certificate (NULL:
 * none), and trust in the world's authority. It asks for a certificate where `verifies`. */
SSL_CTX *test_plain_ctx(const struct test_world *world, const struct test_machine *machine,
                        bool verifies);
/* test_use_self_signed replaces the certificate by the self-signed one. */
void test_use_self_signed(SSL_CTX *ctx, const struct test_machine *machine);
/* test_enabled_ctx is test_plain_ctx with atls on it; `machine` has the TLS key. */
SSL_CTX *test_enabled_ctx(const struct test_world *world, const struct test_machine *machine,
                          const struct test_spec *spec);

/* test_pair_of makes connections of two SSL_CTX, of which it keeps no reference. */
struct test_pair test_pair_of(SSL_CTX *client, SSL_CTX *server);
/* test_pair_join gives both ends new BIOs in memory, as for a new connection. */
void test_pair_join(struct test_pair *pair);
/* test_pair_of_spec makes both SSL_CTX and gives them to the connections. */
struct test_pair test_pair_of_spec(const struct test_world *world, const struct test_spec *client,
                                   const struct test_spec *server);
void test_pair_free(struct test_pair *pair);

/* test_use_groups sets the groups of one connection. */
void test_use_groups(SSL *ssl, const char *list);

/* test_watch puts a callback around that of atls, which notes the alerts on the wire. */
void test_watch(struct test_pair *pair);

/* test_step runs one end on. */
void test_step(struct test_end *end);
/* test_shake runs both ends until each is done, has failed, or waits for what never comes. Under
 * SSL_MODE_ASYNC it waits for the descriptors as an application does. */
void test_shake(struct test_pair *pair);
/* test_send writes one octet on `from`, and returns whether it arrived at `to`. */
bool test_send(struct test_end *from, struct test_end *to);
/* test_read reads once, for a late alert; it returns what SSL_read did. */
int test_read(struct test_end *end);

/* test_outcome is atls_openssl_outcome, its sentence in `diag`. */
enum atls_err test_outcome(struct test_end *end, struct atls_diag *diag);

/* assert_open: both gates are open, and data passes both ways. */
#define assert_open(pair)                                                                          \
    do {                                                                                           \
        assert_outcome(&(pair)->client, OK, "no error");                                           \
        assert_outcome(&(pair)->server, OK, "no error");                                           \
        assert_true(test_send(&(pair)->client, &(pair)->server));                                  \
        assert_true(test_send(&(pair)->server, &(pair)->client));                                  \
    } while (0)

/* assert_outcome: the error and the whole sentence of how the handshake ended. */
#define assert_outcome(end, name, sentence)                                                        \
    do {                                                                                           \
        struct atls_diag outcome_diag = {.err = ATLS_OK};                                          \
        const enum atls_err outcome_err = test_outcome((end), &outcome_diag);                      \
        if (strcmp(test_sentence(&outcome_diag), (sentence)) != 0) {                               \
            print_error("outcome %s: %s\n", atls_err_name(outcome_err),                            \
                        test_sentence(&outcome_diag));                                             \
        }                                                                                          \
        assert_err(outcome_err, name);                                                             \
        assert_string_equal(test_sentence(&outcome_diag), (sentence));                             \
    } while (0)

/* assert_refused is assert_outcome, and that no octet passes this end in either direction. */
#define assert_refused(end, name, sentence)                                                        \
    do {                                                                                           \
        assert_outcome(end, name, sentence);                                                       \
        test_assert_shut(end);                                                                     \
    } while (0)
void test_assert_shut(struct test_end *end);

#endif
