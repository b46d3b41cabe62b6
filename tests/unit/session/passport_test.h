/* SPDX-License-Identifier: Apache-2.0 */
/* Passports of a Verifier of the test's own, brought and taken over the loopback. */
#ifndef UNIT_SESSION_PASSPORT_TEST_H
#define UNIT_SESSION_PASSPORT_TEST_H

#include "loopback.h"

#include "atls/sim.h"
#include "crypto/crypto.h"
#include "json/base64.h"
#include "json/jws.h"

#include <stdio.h>
#include <stdlib.h>

#define NOW 1780000000
#define URI "https://verifier.example/fleet"

static struct test_world *world;
static struct atls_key *signer;
static const char *keys; /* of the Verifier, as PEM */
static struct loop loop;
static int64_t now_s;
static struct atls_diag diag;

static inline int64_t clock_of_test(void *arg)
{
    (void)arg;
    return now_s;
}

/* What a Result says: of whose key, by whom, and when. */
struct result {
    const struct test_machine *machine; /* NULL: of none */
    const char *iss;                    /* NULL: no claim */
    int64_t iat_s, exp_s;               /* 0: no claim exp */
};

static inline const char *jwt(const struct result *r)
{
    char claims[1200], iss[200] = "", exp[64] = "", key[400] = "";
    char *akpub = r->machine != NULL ? atls_base64url_new(spki_of(r->machine)) : NULL;
    char *token = NULL;
    if (r->iss != NULL) {
        snprintf(iss, sizeof iss, "\"iss\":\"%s\",", r->iss);
    }
    if (r->exp_s != 0) {
        snprintf(exp, sizeof exp, "\"exp\":%lld,", (long long)r->exp_s);
    }
    if (akpub != NULL) {
        snprintf(key, sizeof key, ",\"ear_veraison_key_attestation\":{\"akpub\":\"%s\"}", akpub);
    }
    snprintf(
        claims, sizeof claims,
        "{\"eat_profile\":\"tag:ietf.org,2026:rats/ear#04\",%s%s\"iat\":%lld,"
        "\"ear_verifier_id\":{\"developer\":\"d\",\"build\":\"1\"},\"submods\":{\"PARSEC_TPM\":"
        "{\"ear_status\":\"affirming\",\"ear_trustworthiness_vector\":{\"instance-identity\":2,"
        "\"executables\":3,\"hardware\":2}%s}}}",
        iss, exp, (long long)r->iat_s, key);
    assert_err(atls_jws_sign(&token, atls_crypto_openssl(), signer, "JWT", NULL,
                             atls_bytes_text(claims), NULL),
               OK);
    const struct atls_bytes copy = test_copy(atls_bytes_of(token, strlen(token) + 1));
    free(akpub);
    free(token);
    return (const char *)copy.data;
}

static inline struct result good(const struct test_machine *machine)
{
    return (struct result){machine, URI, now_s, now_s + 300};
}

static inline struct atls_bytes good_jwt(const struct test_machine *machine)
{
    const struct result result = good(machine);
    return atls_bytes_text(jwt(&result));
}

static inline struct atls_context *new_context(void)
{
    struct atls_context *context = test_context(world, &(struct test_spec){0});
    assert_err(atls_context_set_clock(context, clock_of_test, NULL, &diag), OK);
    return context;
}

/* takes makes a context that wants a Result of the Verifier. */
static inline void takes(struct atls_context *context)
{
    assert_err(atls_context_require(context, "result", &diag), OK);
    assert_err(atls_context_trust_verifier(context, URI, atls_bytes_text(keys), &diag), OK);
}

static inline struct atls_context *bringing(const struct test_machine *machine)
{
    struct atls_context *context = new_context();
    assert_err(atls_context_add_passport(context, NULL, good_jwt(machine), &diag), OK);
    return context;
}

static inline int start(void **state)
{
    char *pem = NULL;
    (void)state;
    now_s = NOW;
    world = test_world(&atls_attester_sim_psa);
    signer = test_key(ATLS_CRV_P256);
    assert_err(atls_key_to_public_pem(&pem, signer, NULL), OK);
    keys = (const char *)test_copy(atls_bytes_of(pem, strlen(pem) + 1)).data;
    atls_pem_free(pem);
    return 0;
}

static inline int begin(void **state)
{
    (void)state;
    now_s = NOW;
    memset(&loop, 0, sizeof loop);
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    close_end(&loop.client);
    close_end(&loop.server);
    return 0;
}

static inline void open_loop(struct atls_context *client, struct atls_context *server)
{
    open_end(&loop.client, client, ATLS_ROLE_CLIENT, &world->client);
    open_end(&loop.server, server, ATLS_ROLE_SERVER, &world->server);
}

#endif
