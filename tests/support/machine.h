/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Machines of tests: TLS key, certificates, a simulated attester and the CoRIM that endorses it.
 * The tables of attesters are handed in, so that who needs none links none.
 */
#ifndef SUPPORT_MACHINE_H
#define SUPPORT_MACHINE_H

#include "atls/attester.h"
#include "atls/context.h"
#include "crypto/key.h"

struct test_machine {
    struct atls_key *key;
    char *cert;        /* of the world's authority, for "localhost" */
    char *self_signed; /* of the same key */
    struct atls_provision provision;
    char corim_path[64];
};

/* An authority and three machines, of which `other` is a stranger to both sides. */
struct test_world {
    struct atls_key *ca_key;
    char *ca;
    const struct atls_attester_ops *attester;
    struct test_machine client, server, other;
};

/* test_world makes one, freed when the program ends; `attester` must be able to provision. */
struct test_world *test_world(const struct atls_attester_ops *attester);

struct atls_psk;

/* How a context is made. Zero attests with nothing and requires nothing. */
struct test_spec {
    const struct test_machine *attests;  /* with the world's attester, unless `ops` says another */
    const struct test_machine *requires; /* of this machine, by its endorsement */
    const struct atls_attester_ops *ops;
    bool no_pkix, keep_claims, no_simulated;
    uint16_t extension_type; /* 0: the default */
    uint32_t timeout_ms;     /* 0: the default */
    unsigned threads, max_queue;
    const char *policy;  /* JSON */
    const char *revoked; /* JSON */
    bool resume;
    atls_clock *clock; /* NULL: the system's */
    void *clock_arg;
    enum atls_timing timing; /* NONE: the default */
    bool own_carriage;
    const struct atls_psk *psk; /* of the SSL_CTX */
    bool framed;
    const uint32_t *reattest; /* period and deadline, in milliseconds; NULL: never */
    enum atls_late late;
    atls_executor *executor;
    void *executor_arg;
};

/* test_context makes a context that is not yet in use; the caller gives its reference back. */
struct atls_context *test_context(const struct test_world *world, const struct test_spec *spec);

/* test_sentence gives the sentence of a diag, valid until the next call. */
const char *test_sentence(const struct atls_diag *diag);

/* test_open_files counts the descriptors that this process has open. */
unsigned test_open_files(void);

#endif
