/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/evidence_cert.h"

#include "atls/limits.h"
#include "base/rfc3339.h"
#include "base/span.h"
#include "crypto/cert_internal.h"
#include "crypto/x509_internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

static const char step[] = "certificate with Evidence";

struct atls_evidence_cert {
    X509 *cert;
    uint8_t *spki;
    size_t spki_len;
    char *pem; /* of the key */
    int64_t not_before_s;
    int64_t not_after_s;
};

void atls_evidence_cert_free(struct atls_evidence_cert *cert)
{
    if (cert != NULL) {
        X509_free(cert->cert);
        OPENSSL_free(cert->spki);
        OPENSSL_free(cert->pem);
        free(cert);
    }
}

void atls_evidence_cert_cleanup(struct atls_evidence_cert **cert)
{
    atls_evidence_cert_free(*cert);
}

static enum atls_err refuse(struct atls_diag *diag, const char *claim, const char *found,
                            const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, claim, found, expected);
}

/* key_pem writes what PEM_write_bio_PUBKEY does; a NUL is kept behind it. */
static char *key_pem(X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    EVP_PKEY *key = X509_get0_pubkey(cert);
    char *data = NULL;
    const bool written = bio != NULL && key != NULL && PEM_write_bio_PUBKEY(bio, key) == 1;
    const long len = written ? BIO_get_mem_data(bio, &data) : 0;
    char *text = len > 0 ? OPENSSL_strndup(data, (size_t)len) : NULL;
    BIO_free(bio);
    return text;
}

static bool has_twice(X509 *cert)
{
    const int num = X509_get_ext_count(cert);
    for (int i = 0; i < num; i++) {
        if (X509_get_ext_by_OBJ(cert, X509_EXTENSION_get_object(X509_get_ext(cert, i)), i) >= 0) {
            return true;
        }
    }
    return false;
}

static enum atls_err fill(struct atls_evidence_cert *out, struct atls_diag *diag)
{
    if (X509_get_version(out->cert) != X509_VERSION_3) {
        return refuse(diag, "version", "not 3", "3");
    }
    if (has_twice(out->cert)) {
        return refuse(diag, "extensions", "one that stands twice", "each at most once");
    }
    if (!atls_asn1_seconds(X509_get0_notBefore(out->cert), &out->not_before_s) ||
        !atls_asn1_seconds(X509_get0_notAfter(out->cert), &out->not_after_s)) {
        return refuse(diag, "validity", "no dates", "notBefore and notAfter");
    }
    const int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(out->cert), &out->spki);
    out->pem = key_pem(out->cert);
    if (len <= 0 || out->pem == NULL) {
        return refuse(diag, "SubjectPublicKeyInfo", "no key that can be read", "a public key");
    }
    out->spki_len = (size_t)len;
    return ATLS_OK;
}

enum atls_err atls_evidence_cert_read(struct atls_evidence_cert **out, struct atls_bytes file,
                                      struct atls_diag *diag)
{
    if (file.len > (size_t)2 * ATLS_MAX_EVIDENCE_CERT_LEN) { /* PEM takes a third more */
        return refuse(diag, "X.509", "too many octets", "a certificate of at most 65536 octets");
    }
    struct atls_evidence_cert *cert = calloc(1, sizeof *cert);
    if (cert == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    ERR_set_mark();
    cert->cert = atls_cert_load(file);
    enum atls_err err = cert->cert != NULL
                            ? fill(cert, diag)
                            : refuse(diag, "X.509", "none", "a certificate in PEM or DER");
    ERR_pop_to_mark();
    if (err != ATLS_OK) {
        atls_evidence_cert_free(cert);
        return err;
    }
    *out = cert;
    return ATLS_OK;
}

struct atls_bytes atls_evidence_cert_spki(const struct atls_evidence_cert *cert)
{
    return atls_bytes_of(cert->spki, cert->spki_len);
}

struct atls_bytes atls_evidence_cert_public_key(const struct atls_evidence_cert *cert)
{
    const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(cert->cert);
    return atls_bytes_of(ASN1_STRING_get0_data(bits), (size_t)ASN1_STRING_length(bits));
}

bool atls_evidence_cert_is_rsa(const struct atls_evidence_cert *cert)
{
    return EVP_PKEY_get_base_id(X509_get0_pubkey(cert->cert)) == EVP_PKEY_RSA;
}

struct atls_bytes atls_evidence_cert_key_pem(const struct atls_evidence_cert *cert)
{
    return atls_bytes_of(cert->pem, strlen(cert->pem) + 1);
}

bool atls_evidence_cert_extension(const struct atls_evidence_cert *cert, struct atls_bytes oid,
                                  struct atls_bytes *out)
{
    for (int i = 0; i < X509_get_ext_count(cert->cert); i++) {
        X509_EXTENSION *extension = X509_get_ext(cert->cert, i);
        const ASN1_OBJECT *object = X509_EXTENSION_get_object(extension);
        if (atls_bytes_equal(atls_bytes_of(OBJ_get0_data(object), OBJ_length(object)), oid)) {
            const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
            *out = atls_bytes_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
            return true;
        }
    }
    return false;
}

static enum atls_err refuse_pkix(struct atls_diag *diag, const char *claim, const char *found,
                                 const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_PKIX, step, claim, found, expected);
}

enum atls_err atls_evidence_cert_check(const struct atls_evidence_cert *cert, int64_t now_s,
                                       bool self_signed, struct atls_diag *diag)
{
    if (now_s + ATLS_MAX_SKEW_S < cert->not_before_s ||
        now_s - ATLS_MAX_SKEW_S > cert->not_after_s) {
        char date[ATLS_RFC3339_LEN];
        refuse_pkix(diag, "validity", NULL, "dates around ");
        atls_rfc3339_write(date, cert->not_before_s);
        atls_diag_found_text(diag, date);
        atls_diag_found_text(diag, " to ");
        atls_rfc3339_write(date, cert->not_after_s);
        atls_diag_found_text(diag, date);
        atls_rfc3339_write(date, now_s);
        atls_diag_expected_text(diag, date);
        return ATLS_ERR_PKIX;
    }
    if (!self_signed) {
        return ATLS_OK;
    }
    ERR_set_mark();
    const bool signed_by_itself = X509_verify(cert->cert, X509_get0_pubkey(cert->cert)) == 1;
    ERR_pop_to_mark();
    return signed_by_itself
               ? ATLS_OK
               : refuse_pkix(diag, "signature", "one by another key", "one by its own key");
}
