/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates with one extension, and their appraisal. */
#ifndef UNIT_VERIFIER_CERTIFICATE_TEST_H
#define UNIT_VERIFIER_CERTIFICATE_TEST_H

#include "support/cbor.h"
#include "support/check.h"
#include "support/endorse.h"
#include "support/keys.h"
#include "support/memory.h"

#include "codec/ratls.h"
#include "crypto/cert.h"
#include "crypto/crypto.h"
#include "verifier/certificate.h"

#include <stdlib.h>

static struct atls_endorsements *set;
static struct atls_key *key;
static int64_t now_s;

static inline struct atls_bytes certificate(const struct atls_key *of, const char *oid,
                                            struct atls_bytes value)
{
    static const char *const names[] = {"localhost"};
    const struct atls_cert_extension extension = {oid, false, value};
    const struct atls_cert_spec spec = {.names = names,
                                        .num_names = 1,
                                        .not_before_s = now_s - 10,
                                        .days = 1,
                                        .extensions = &extension,
                                        .num_extensions = value.len != 0 ? 1 : 0};
    char *pem = NULL;
    assert_err(atls_cert_self_signed(&pem, of, &spec, NULL), OK);
    const struct atls_bytes copy = test_copy(atls_bytes_text(pem));
    atls_pem_free(pem);
    return copy;
}

static inline struct atls_verify_request request_of(struct atls_bytes cert)
{
    const struct atls_verify_request request = {.crypto = atls_crypto_openssl(),
                                                .endorsements = set,
                                                .cmw = cert,
                                                .no_nonce = true,
                                                .now_s = now_s,
                                                .want_claims = true};
    return request;
}

static inline enum atls_err verify(struct atls_appraisal *out, struct atls_bytes cert,
                                   struct atls_diag *diag)
{
    const char *form = NULL;
    const struct atls_verify_request request = request_of(cert);
    memset(diag, 0, sizeof *diag);
    return atls_verify_certificate(out, &form, &request, diag);
}

#endif
