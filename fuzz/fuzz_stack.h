/* SPDX-License-Identifier: Apache-2.0 */
/* Two ends of TLS in memory for the targets of the OpenSSL adapter: an attester that makes nothing,
 * an endorsement of a key that is thrown away, and the octets of the fuzz_input. */
#ifndef FUZZ_STACK_H
#define FUZZ_STACK_H

#include "fuzz_check.h"

#include "atls/openssl.h"
#include "base/span.h"
#include "codec/cose.h"
#include "crypto/cert.h"
#include "endorsement/corim_create.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static const uint8_t cmw[] = {0x82, 0x19, 0x27, 0x13, 0x41, 0x00}; /* [10003, h'00'] */

static enum atls_err toy_open(struct atls_attester **out, struct atls_bytes config,
                              struct atls_diag *diag)
{
    (void)config, (void)diag;
    *out = NULL;
    return ATLS_OK;
}

static void toy_close(struct atls_attester *attester)
{
    (void)attester;
}

static size_t toy_max_nonce(const struct atls_attester *attester)
{
    (void)attester;
    return 64;
}

static enum atls_err toy_attest(struct atls_attester *attester, struct atls_buf out,
                                size_t *out_len, const struct atls_attest_request *request,
                                struct atls_diag *diag)
{
    (void)attester, (void)diag;
    fuzz_require(request->nonce.len == 32 && out.cap >= sizeof cmw);
    memcpy(out.data, cmw, sizeof cmw);
    *out_len = sizeof cmw;
    return ATLS_OK;
}

static enum atls_err toy_load_key(struct atls_attester *attester, struct evp_pkey_st **out,
                                  struct atls_bytes pem, struct atls_diag *diag)
{
    (void)attester, (void)out, (void)pem, (void)diag;
    return ATLS_ERR_KEY;
}

static enum atls_err toy_provision(struct atls_provision *out,
                                   const struct atls_provision_request *request,
                                   struct atls_diag *diag)
{
    (void)out, (void)request, (void)diag;
    return ATLS_ERR_ATTESTER;
}

static const struct atls_attester_ops toy = {
    .abi = ATLS_ATTESTER_ABI,
    .size = sizeof toy,
    .name = "toy",
    .format = "psa",
    .computes = true,
    .open = toy_open,
    .close = toy_close,
    .max_nonce = toy_max_nonce,
    .attest = toy_attest,
    .load_key = toy_load_key,
    .provision = toy_provision,
};

/* load_endorsement endorses a key that is thrown away. */
static inline void load_endorsement(struct atls_context *context)
{
    static const char template[] =
        "{\"tag-identity\":{\"id\":\"fuzz\",\"version\":0},\"triples\":{"
        "\"attester-verification-keys\":[{\"environment\":{\"class\":{\"id\":{\"type\":\"bytes\","
        "\"value\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}},\"instance\":{\"type\":"
        "\"ueid\",\"value\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}},"
        "\"verification-keys\":[{\"type\":\"pkix-base64-key\",\"value\":\"%s\"}]}]}}";
    char json[2048], line[1024], path[] = "/tmp/atls-fuzz-XXXXXX";
    struct atls_key *key = NULL;
    char *pem = NULL;
    uint8_t *corim = NULL;
    size_t at = 0, len = 0;
    fuzz_require(atls_key_generate(&key, ATLS_CRV_P256, NULL) == ATLS_OK &&
                 atls_key_to_public_pem(&pem, key, NULL) == ATLS_OK);
    for (const char *c = pem; *c != '\0'; c++) { /* line ends as JSON has them */
        at += (size_t)snprintf(&line[at], sizeof line - at, *c == '\n' ? "\\n" : "%c", *c);
    }
    snprintf(json, sizeof json, template, line);
    const struct atls_bytes text = atls_bytes_text(json);
    fuzz_require(atls_corim_create(&corim, &len, &text, 1, "tag:arm.com,2025:psa#1.0.0", true,
                                   NULL) == ATLS_OK);
    const int fd = mkstemp(path);
    fuzz_require(fd >= 0 && write(fd, corim, len) == (ssize_t)len);
    close(fd);
    fuzz_require(atls_context_load_endorsements(context, path, NULL) == ATLS_OK);
    unlink(path);
    free(corim);
    atls_pem_free(pem);
    atls_key_free(key);
}

/* ---- the input ---- */

static struct atls_bytes fuzz_input;

static inline uint8_t take_octet(uint8_t otherwise)
{
    if (fuzz_input.len == 0) {
        return otherwise;
    }
    const uint8_t octet = fuzz_input.data[0];
    fuzz_input = atls_bytes_of(&fuzz_input.data[1], fuzz_input.len - 1);
    return octet;
}

static inline struct atls_bytes take_octets(void)
{
    size_t len = (size_t)take_octet(0) << 8;
    len |= take_octet(0);
    len = len < fuzz_input.len ? len : fuzz_input.len;
    const struct atls_bytes octets = atls_bytes_of(fuzz_input.data, len);
    fuzz_input = atls_bytes_of(&fuzz_input.data[len], fuzz_input.len - len);
    return octets;
}

static inline SSL_CTX *new_ctx(void)
{
    static const char *const names[] = {"localhost"};
    const struct atls_cert_spec spec = {
        .names = names, .num_names = 1, .not_before_s = (int64_t)time(NULL) - 60, .days = 2};
    struct atls_key *key = NULL;
    char *pem = NULL;
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    fuzz_require(ctx != NULL && atls_key_generate(&key, ATLS_CRV_P256, NULL) == ATLS_OK &&
                 atls_cert_self_signed(&pem, key, &spec, NULL) == ATLS_OK);
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    fuzz_require(SSL_CTX_use_certificate(ctx, cert) == 1 &&
                 SSL_CTX_use_PrivateKey(ctx, atls_key_evp(key)) == 1);
    X509_free(cert);
    BIO_free(bio);
    atls_pem_free(pem);
    atls_key_free(key);
    return ctx;
}

#endif
