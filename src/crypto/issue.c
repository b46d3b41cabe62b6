/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/issue.h"

#include "base/span.h"
#include "crypto/x509_internal.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

static const char step[] = "certificate";

#define MAX_OUTPUT_LEN 1048576

static bool set_time(ASN1_TIME *out, int64_t seconds)
{
    return ASN1_TIME_adj(out, 0, (int)(seconds / 86400), (long)(seconds % 86400)) != NULL;
}

static bool set_name(X509_NAME *name, const char *common_name)
{
    return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                      (const unsigned char *)common_name, -1, -1, 0) == 1;
}

/* add takes `extension` over. */
static bool add(X509 *cert, X509_EXTENSION *extension)
{
    const bool done = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return done;
}

static bool add_constraints(X509 *cert, const struct atls_issue_spec *spec)
{
    BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();
    bool done = constraints != NULL;
    if (done) {
        constraints->ca = spec->is_ca ? 0xff : 0;
        if (spec->path_len != ATLS_ISSUE_NO_PATH_LEN) {
            constraints->pathlen = ASN1_INTEGER_new();
            done = constraints->pathlen != NULL &&
                   ASN1_INTEGER_set(constraints->pathlen, spec->path_len) == 1;
        }
        done = done && add(cert, X509V3_EXT_i2d(NID_basic_constraints, 1, constraints));
    }
    BASIC_CONSTRAINTS_free(constraints);
    return done;
}

static bool add_usage(X509 *cert, unsigned usage)
{
    ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
    bool done = bits != NULL;
    for (int bit = 0; done && bit < 9; bit++) {
        done = (usage >> bit & 1u) == 0 || ASN1_BIT_STRING_set_bit(bits, bit, 1) == 1;
    }
    done = done && add(cert, X509V3_EXT_i2d(NID_key_usage, 1, bits));
    ASN1_BIT_STRING_free(bits);
    return done;
}

static bool add_more(X509 *cert, const struct atls_cert_extension *more)
{
    ASN1_OBJECT *oid = OBJ_txt2obj(more->oid, 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    const bool done = oid != NULL && value != NULL && more->value.len <= ATLS_MAX_X509_LEN &&
                      ASN1_OCTET_STRING_set(value, more->value.data, (int)more->value.len) == 1 &&
                      add(cert, X509_EXTENSION_create_by_OBJ(NULL, oid, more->critical, value));
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
    return done;
}

static bool add_extensions(X509 *cert, const struct atls_issue_spec *spec)
{
    bool done = spec->bare ||
                (add_constraints(cert, spec) && (spec->usage == 0 || add_usage(cert, spec->usage)));
    for (size_t i = 0; done && i < spec->num_extensions; i++) {
        done = add_more(cert, &spec->extensions[i]);
    }
    return done;
}

/* signer gives a context that is ready to sign; NULL when the key cannot. */
static EVP_MD_CTX *signer(const struct atls_key *key, enum atls_chain_signature signature)
{
    const EVP_MD *md = signature == ATLS_CHAIN_ECDSA_SHA256 ? EVP_sha256() : EVP_sha384();
    EVP_PKEY_CTX *pkey = NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done =
        context != NULL && EVP_DigestSignInit(context, &pkey, md, NULL, atls_key_evp(key)) == 1;
    if (done && signature == ATLS_CHAIN_PSS_SHA384 && EVP_PKEY_is_a(atls_key_evp(key), "RSA")) {
        done = EVP_PKEY_CTX_set_rsa_padding(pkey, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey, RSA_PSS_SALTLEN_DIGEST) == 1;
    }
    if (!done) {
        EVP_MD_CTX_free(context);
        return NULL;
    }
    return context;
}

/* give copies what OpenSSL encoded; takes `der` over. */
static enum atls_err give(uint8_t **out, size_t *out_len, uint8_t *der, int len,
                          struct atls_diag *diag)
{
    uint8_t *copy = len > 0 && len <= MAX_OUTPUT_LEN ? malloc((size_t)len) : NULL;
    if (copy != NULL) {
        memcpy(copy, der, (size_t)len);
        *out = copy;
        *out_len = (size_t)len;
    }
    OPENSSL_free(der);
    return copy != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
}

static bool build(X509 *cert, const struct atls_issue_spec *spec, const struct atls_key *subject,
                  const X509 *issuer)
{
    return X509_set_version(cert, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), spec->serial) == 1 &&
           set_time(X509_getm_notBefore(cert), spec->not_before_s) &&
           set_time(X509_getm_notAfter(cert), spec->not_after_s) &&
           set_name(X509_get_subject_name(cert), spec->common_name) &&
           X509_set_issuer_name(cert, X509_get_subject_name(issuer != NULL ? issuer : cert)) == 1 &&
           X509_set_pubkey(cert, atls_key_evp(subject)) == 1 && add_extensions(cert, spec);
}

static enum atls_err issue(uint8_t **out, size_t *out_len, const struct atls_issue_spec *spec,
                           const struct atls_key *subject, const struct atls_issuer *issuer,
                           const X509 *issuer_cert, struct atls_diag *diag)
{
    X509 *cert = X509_new();
    enum atls_err err = ATLS_OK;
    if (cert == NULL || !build(cert, spec, subject, issuer_cert)) {
        err =
            atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "content", NULL, "what can be encoded");
    } else {
        EVP_MD_CTX *context = signer(issuer->key, spec->signature);
        uint8_t *der = NULL;
        if (context != NULL && X509_sign_ctx(cert, context) > 0) {
            const int len = i2d_X509(cert, &der);
            err = give(out, out_len, der, len, diag);
        } else {
            err = atls_fail(diag, ATLS_ERR_KEY, step, "signing");
        }
        EVP_MD_CTX_free(context);
    }
    X509_free(cert);
    return err;
}

/* load_issuer gives *out NULL for a certificate that signs itself. */
static enum atls_err load_issuer(struct atls_x509 **out, const struct atls_issuer *issuer,
                                 struct atls_diag *diag)
{
    *out = NULL;
    return issuer->cert.len != 0 ? atls_x509_read(out, issuer->cert, diag) : ATLS_OK;
}

enum atls_err atls_issue_cert(uint8_t **out, size_t *out_len, const struct atls_issue_spec *spec,
                              const struct atls_key *subject, const struct atls_issuer *issuer,
                              struct atls_diag *diag)
{
    struct atls_x509 *above = NULL;
    enum atls_err err = load_issuer(&above, issuer, diag);
    if (err == ATLS_OK) {
        ERR_set_mark();
        err = issue(out, out_len, spec, subject, issuer,
                    above != NULL ? atls_x509_ossl(above) : NULL, diag);
        ERR_pop_to_mark();
    }
    atls_x509_free(above);
    return err;
}

static bool add_revoked(X509_CRL *crl, uint64_t serial, int64_t date_s)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    ASN1_TIME *date = ASN1_TIME_new();
    const bool done = entry != NULL && number != NULL && date != NULL &&
                      ASN1_INTEGER_set_uint64(number, serial) == 1 && set_time(date, date_s) &&
                      X509_REVOKED_set_serialNumber(entry, number) == 1 &&
                      X509_REVOKED_set_revocationDate(entry, date) == 1 &&
                      X509_CRL_add0_revoked(crl, entry) == 1;
    ASN1_INTEGER_free(number);
    ASN1_TIME_free(date);
    if (!done) {
        X509_REVOKED_free(entry);
    }
    return done;
}

static bool build_crl(X509_CRL *crl, const struct atls_issue_crl_spec *spec, const X509 *issuer)
{
    ASN1_TIME *from = ASN1_TIME_new();
    ASN1_TIME *to = ASN1_TIME_new();
    bool done = from != NULL && to != NULL && set_time(from, spec->this_update_s) &&
                set_time(to, spec->next_update_s) &&
                X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
                X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer)) == 1 &&
                X509_CRL_set1_lastUpdate(crl, from) == 1 && X509_CRL_set1_nextUpdate(crl, to) == 1;
    for (size_t i = 0; done && i < spec->num_serials; i++) {
        done = add_revoked(crl, spec->serials[i], spec->this_update_s);
    }
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    return done;
}

static enum atls_err issue_crl(uint8_t **out, size_t *out_len,
                               const struct atls_issue_crl_spec *spec,
                               const struct atls_issuer *issuer, const X509 *above,
                               struct atls_diag *diag)
{
    X509_CRL *crl = X509_CRL_new();
    enum atls_err err = ATLS_OK;
    if (crl == NULL || !build_crl(crl, spec, above)) {
        err =
            atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "content", NULL, "what can be encoded");
    } else {
        EVP_MD_CTX *context = signer(issuer->key, spec->signature);
        uint8_t *der = NULL;
        if (context != NULL && X509_CRL_sign_ctx(crl, context) > 0) {
            const int len = i2d_X509_CRL(crl, &der);
            err = give(out, out_len, der, len, diag);
        } else {
            err = atls_fail(diag, ATLS_ERR_KEY, step, "signing");
        }
        EVP_MD_CTX_free(context);
    }
    X509_CRL_free(crl);
    return err;
}

enum atls_err atls_issue_crl(uint8_t **out, size_t *out_len, const struct atls_issue_crl_spec *spec,
                             const struct atls_issuer *issuer, struct atls_diag *diag)
{
    struct atls_x509 *above = NULL;
    enum atls_err err = atls_x509_read(&above, issuer->cert, diag);
    if (err == ATLS_OK) {
        ERR_set_mark();
        err = issue_crl(out, out_len, spec, issuer, atls_x509_ossl(above), diag);
        ERR_pop_to_mark();
    }
    atls_x509_free(above);
    return err;
}
