/* SPDX-License-Identifier: Apache-2.0 */
/* What the measured connections are made of: P-256 leaves of one CA, and a simulated PSA attester
 * on each side whose token is about 2 KiB. */
#include "bench.h"

#include "atls/sim.h"
#include "base/diag.h"
#include "base/span.h"
#include "crypto/cert.h"
#include "crypto/crypto.h"
#include "crypto/key.h"
#include "endorsement/corim_create.h"
#include "json/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct side {
    struct atls_key *key;
    char *cert;
    struct atls_provision provision;
    char corim_path[64];
};

struct bench_material {
    struct atls_key *ca_key;
    char *ca;
    struct side client, server;
    size_t evidence_len;
};

static void must(enum atls_err err, const struct atls_diag *diag, const char *what)
{
    if (err != ATLS_OK) {
        char sentence[800];
        atls_diag_sentence(sentence, sizeof sentence, diag);
        fprintf(stderr, "bench: %s: %s\n", what, sentence);
        exit(1);
    }
}

static void must_be(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench: %s failed\n", what);
        exit(1);
    }
}

static void make_side(struct bench_material *m, struct side *side)
{
    static const char *const names[] = {"localhost"};
    static char padding[1700];
    struct atls_diag diag;
    const struct atls_cert_spec spec = {
        .names = names, .num_names = 1, .not_before_s = (int64_t)time(NULL) - 60, .days = 2};
    memset(padding, 'x', sizeof padding - 1);
    memcpy(padding, "vsi=", 4);
    padding[1540] = '\0'; /* brings the token to 2 KiB */
    const char *const claims[] = {padding};
    const struct atls_provision_request request = {.claims = claims, .num_claims = 1};
    must(atls_key_generate(&side->key, ATLS_CRV_P256, &diag), &diag, "key");
    must(atls_ca_issue(&side->cert, atls_bytes_text(m->ca), m->ca_key, side->key, &spec, &diag),
         &diag, "certificate");
    must(atls_attester_sim_psa.provision(&side->provision, &request, &diag), &diag, "attester");
    uint8_t *corim = NULL;
    size_t len = 0;
    const struct atls_bytes text = atls_bytes_text(side->provision.comid_json);
    must(atls_corim_create(&corim, &len, &text, 1, "tag:arm.com,2025:psa#1.0.0", true, &diag),
         &diag, "endorsement");
    snprintf(side->corim_path, sizeof side->corim_path, "/tmp/atls-bench-XXXXXX");
    const int fd = mkstemp(side->corim_path);
    must_be(fd >= 0 && write(fd, corim, len) == (ssize_t)len, "writing the endorsement");
    close(fd);
    free(corim);
}

static void measure_evidence(struct bench_material *m)
{
    struct atls_diag diag;
    struct atls_attester *attester = NULL;
    static uint8_t cmw[ATLS_MAX_CMW_LEN];
    const uint8_t nonce[32] = {0};
    const struct atls_attest_request request = {.nonce = atls_bytes_of(nonce, sizeof nonce),
                                                .timeout_ms = 1000};
    const struct atls_attester_ops *ops = &atls_attester_sim_psa;
    must(ops->open(&attester, atls_bytes_text(m->server.provision.config_json), &diag), &diag,
         "attester");
    must(ops->attest(attester, (struct atls_buf){cmw, sizeof cmw}, &m->evidence_len, &request,
                     &diag),
         &diag, "Evidence");
    ops->close(attester);
}

struct bench_material *bench_material_new(void)
{
    struct atls_diag diag;
    struct bench_material *m = calloc(1, sizeof *m);
    must_be(m != NULL, "memory");
    must(atls_key_generate(&m->ca_key, ATLS_CRV_P256, &diag), &diag, "CA key");
    must(atls_ca_create(&m->ca, m->ca_key, "bench", (int64_t)time(NULL) - 60, 2, &diag), &diag,
         "CA");
    make_side(m, &m->client);
    make_side(m, &m->server);
    measure_evidence(m);
    return m;
}

static void free_side(struct side *side)
{
    unlink(side->corim_path);
    atls_key_free(side->key);
    atls_pem_free(side->cert);
    atls_provision_cleanup(&side->provision);
}

void bench_material_free(struct bench_material *m)
{
    free_side(&m->client);
    free_side(&m->server);
    atls_pem_free(m->ca);
    atls_key_free(m->ca_key);
    free(m);
}

size_t bench_evidence_len(const struct bench_material *m)
{
    return m->evidence_len;
}

static X509 *read_cert(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    must_be(cert != NULL, "reading a certificate");
    return cert;
}

static SSL_CTX *new_ctx(const struct bench_material *m, bool is_server, bool with_cert,
                        bool verifies)
{
    SSL_CTX *ctx = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
    const struct side *side = is_server ? &m->server : &m->client;
    X509 *ca = read_cert(m->ca);
    must_be(ctx != NULL && X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca) == 1, "SSL_CTX");
    X509_free(ca);
    if (with_cert) {
        X509 *cert = read_cert(side->cert);
        must_be(SSL_CTX_use_certificate(ctx, cert) == 1 &&
                    SSL_CTX_use_PrivateKey(ctx, atls_key_evp(side->key)) == 1,
                "certificate");
        X509_free(cert);
    }
    if (verifies) {
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    return ctx;
}

/* The empty verify callback of the definition of T: PKIX, and nothing on top. */
static int only_pkix(X509_STORE_CTX *store, void *arg)
{
    (void)arg;
    return X509_verify_cert(store);
}

static void as_atls_does(SSL_CTX *ctx)
{
    must_be(SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
                SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") == 1 &&
                SSL_CTX_set1_groups_list(ctx, "X25519") == 1 &&
                SSL_CTX_set_num_tickets(ctx, 0) == 1,
            "plain TLS as ours");
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_cert_verify_callback(ctx, only_pkix, NULL);
#ifdef SSL_OP_NO_TX_CERTIFICATE_COMPRESSION
    SSL_CTX_set_options(ctx, SSL_OP_NO_TX_CERTIFICATE_COMPRESSION |
                                 SSL_OP_NO_RX_CERTIFICATE_COMPRESSION);
#endif
}

struct bench_pair bench_plain(const struct bench_material *m, bool mutual, bool as_ours)
{
    const struct bench_pair pair = {.client = new_ctx(m, false, mutual, true),
                                    .server = new_ctx(m, true, true, mutual)};
    if (as_ours) {
        as_atls_does(pair.client);
        as_atls_does(pair.server);
    } else {
        /* A server that asks for certificates and gives tickets must name its sessions. */
        SSL_CTX_set_session_id_context(pair.server, (const unsigned char *)"bench", 5);
    }
    return pair;
}

/* What a side does; without anything it has atls enabled, and does not use it. */
struct part {
    bool attests, requires, resumes;
    enum atls_timing timing; /* NONE: the default */
    bool framed;             /* and asks again, where it requires */
};

static void enable(SSL_CTX *ctx, const struct side *self, const struct side *peer, struct part part)
{
    struct atls_diag diag;
    struct atls_context *context = NULL;
    must(atls_context_new(&context, &diag), &diag, "context");
    if (part.resumes) {
        must(atls_context_set_resume(context, &diag), &diag, "resumption");
    }
    if (part.timing != ATLS_TIMING_NONE) {
        must(atls_context_set_timing(context, part.timing, &diag), &diag, "timing");
    }
    if (part.framed) {
        must(part.requires ? atls_context_set_reattest(context, 0, 60000, ATLS_LATE_CLOSE, &diag)
                           : atls_context_set_framed(context, &diag),
             &diag, "frames");
    }
    if (part.attests) {
        must(atls_context_add_attester(context, &atls_attester_sim_psa,
                                       atls_bytes_text(self->provision.config_json), &diag),
             &diag, "attester");
    }
    if (part.requires) {
        must(atls_context_require(context, "psa", &diag), &diag, "requirement");
        must(atls_context_load_endorsements(context, peer->corim_path, &diag), &diag,
             "endorsement");
        must(atls_context_allow_simulated(context, &diag), &diag, "simulation");
    }
    must(atls_openssl_enable(ctx, context, &diag), &diag, "atls_openssl_enable");
    must_be(SSL_CTX_set1_groups_list(ctx, "X25519") == 1, "group");
    atls_context_unref(context);
}

struct bench_pair bench_attested(const struct bench_material *m, enum bench_attests attests,
                                 bool mutual, bool resumes)
{
    const bool by_server = (attests & BENCH_SERVER) != 0, by_client = (attests & BENCH_CLIENT) != 0;
    const struct bench_pair pair = {.client = new_ctx(m, false, mutual || by_client, true),
                                    .server = new_ctx(m, true, true, mutual || by_client)};
    enable(pair.client, &m->client, &m->server,
           (struct part){by_client, by_server, resumes, ATLS_TIMING_NONE, false});
    enable(pair.server, &m->server, &m->client,
           (struct part){by_server, by_client, resumes, ATLS_TIMING_NONE, false});
    return pair;
}

struct bench_pair bench_attested_when(const struct bench_material *m, enum bench_attests attests,
                                      enum atls_timing timing)
{
    const bool by_server = (attests & BENCH_SERVER) != 0, by_client = (attests & BENCH_CLIENT) != 0;
    /* With "post" a client shows its certificate once, in its authenticator. */
    const bool asks = by_client && timing != ATLS_TIMING_POST;
    const struct bench_pair pair = {.client = new_ctx(m, false, by_client, true),
                                    .server = new_ctx(m, true, true, asks)};
    enable(pair.client, &m->client, &m->server,
           (struct part){by_client, by_server, false, timing, false});
    enable(pair.server, &m->server, &m->client,
           (struct part){by_server, by_client, false, timing, false});
    return pair;
}

struct bench_pair bench_reattested(const struct bench_material *m)
{
    const struct bench_pair pair = {.client = new_ctx(m, false, false, true),
                                    .server = new_ctx(m, true, true, false)};
    enable(pair.client, &m->client, &m->server,
           (struct part){.requires = true, .timing = ATLS_TIMING_POST, .framed = true});
    enable(pair.server, &m->server, &m->client,
           (struct part){.attests = true, .timing = ATLS_TIMING_POST, .framed = true});
    return pair;
}

static int keep_newest(SSL *ssl, SSL_SESSION *session)
{
    SSL_SESSION **newest = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    SSL_SESSION_free(*newest);
    *newest = session;
    return 1;
}

void bench_resume(struct bench_pair *pair)
{
    pair->newest = calloc(1, sizeof *pair->newest);
    must_be(pair->newest != NULL && SSL_CTX_set_app_data(pair->client, pair->newest) == 1 &&
                SSL_CTX_set_session_id_context(pair->server, (const unsigned char *)"bench", 5) ==
                    1,
            "a place for sessions");
    SSL_CTX_set_session_cache_mode(pair->client,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(pair->client, keep_newest);
}

struct bench_pair bench_plain_resumed(const struct bench_material *m, bool mutual)
{
    struct bench_pair pair = bench_plain(m, mutual, true);
    SSL_CTX_clear_options(pair.server, SSL_OP_NO_TICKET);
    must_be(SSL_CTX_set_num_tickets(pair.server, 1) == 1, "tickets");
    bench_resume(&pair);
    return pair;
}

void bench_pair_free(struct bench_pair *pair)
{
    if (pair->newest != NULL) {
        SSL_SESSION_free(*pair->newest);
        free(pair->newest);
    }
    SSL_CTX_free(pair->client);
    SSL_CTX_free(pair->server);
}
