/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/x509_internal.h"

#include "base/span.h"
#include "crypto/cert_internal.h"
#include "crypto/verified.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

static const char step[] = "certificate";

/* Octets of a serial number (RFC 5280, 4.1.2.2). */
#define MAX_SERIAL_LEN 20
#define MAX_NAME_LEN   96

struct atls_x509 {
    X509 *cert;
    struct atls_key *key;
    uint8_t *der;
    struct atls_signed_octets octets; /* all of it, the signature too */
    uint8_t *spki;
    size_t spki_len;
    uint8_t serial[MAX_SERIAL_LEN];
    size_t serial_len;
    char subject_name[MAX_NAME_LEN];
    char issuer_name[MAX_NAME_LEN];
    int64_t not_before_s;
    int64_t not_after_s;
};

void atls_x509_free(struct atls_x509 *cert)
{
    if (cert != NULL) {
        X509_free(cert->cert);
        atls_key_free(cert->key);
        free(cert->der);
        OPENSSL_free(cert->spki);
        free(cert);
    }
}

static enum atls_err refuse(struct atls_diag *diag, const char *claim, const char *found,
                            const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, claim, found, expected);
}

bool atls_asn1_seconds(const ASN1_TIME *time, int64_t *out)
{
    int days = 0;
    int seconds = 0;
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    const bool done =
        epoch != NULL && time != NULL && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1;
    ASN1_TIME_free(epoch);
    *out = (int64_t)days * 86400 + seconds;
    return done;
}

/* copy_common_name takes the last one, as OpenSSL and others show it. */
static void copy_common_name(char out[MAX_NAME_LEN], const X509_NAME *name)
{
    int at = -1;
    for (int next = -1; (next = X509_NAME_get_index_by_NID(name, NID_commonName, next)) >= 0;) {
        at = next;
    }
    const ASN1_STRING *value =
        at >= 0 ? X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)) : NULL;
    const int len = value != NULL ? ASN1_STRING_length(value) : 0;
    int used = 0;
    for (; used < len && used < MAX_NAME_LEN - 1; used++) {
        const unsigned char c = ASN1_STRING_get0_data(value)[used];
        out[used] = c >= 0x20 && c <= 0x7e ? (char)c : '?';
    }
    out[used] = '\0';
}

/* check_extensions: what OpenSSL could not make sense of, and what stands twice (RFC 5280, 4.2). */
static enum atls_err check_extensions(X509 *cert, struct atls_diag *diag)
{
    (void)X509_check_purpose(cert, -1, 0); /* has them looked at now, and not by a thread later */
    if ((X509_get_extension_flags(cert) & EXFLAG_INVALID) != 0) {
        return refuse(diag, "extensions", "one that cannot be read", "extensions of RFC 5280");
    }
    const int num = X509_get_ext_count(cert);
    for (int i = 0; i < num; i++) {
        const ASN1_OBJECT *oid = X509_EXTENSION_get_object(X509_get_ext(cert, i));
        if (X509_get_ext_by_OBJ(cert, oid, i) >= 0) {
            return refuse(diag, "extensions", "one that stands twice", "each at most once");
        }
    }
    return ATLS_OK;
}

static enum atls_err copy_serial(struct atls_x509 *out, struct atls_diag *diag)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(out->cert);
    const int len = ASN1_STRING_length(serial);
    if (len < 1 || len > MAX_SERIAL_LEN || ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER) {
        return refuse(diag, "serial number", "one that is negative or too long",
                      "0 to 20 octets, not negative");
    }
    memcpy(out->serial, ASN1_STRING_get0_data(serial), (size_t)len);
    out->serial_len = (size_t)len;
    return ATLS_OK;
}

static enum atls_err fill(struct atls_x509 *out, struct atls_diag *diag)
{
    if (X509_get_version(out->cert) != X509_VERSION_3) {
        return refuse(diag, "version", "not 3", "3");
    }
    enum atls_err err = check_extensions(out->cert, diag);
    if (err == ATLS_OK) {
        err = copy_serial(out, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    if (!atls_asn1_seconds(X509_get0_notBefore(out->cert), &out->not_before_s) ||
        !atls_asn1_seconds(X509_get0_notAfter(out->cert), &out->not_after_s)) {
        return refuse(diag, "validity", "no dates", "notBefore and notAfter");
    }
    copy_common_name(out->subject_name, X509_get_subject_name(out->cert));
    copy_common_name(out->issuer_name, X509_get_issuer_name(out->cert));
    const int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(out->cert), &out->spki);
    if (len <= 0) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "SubjectPublicKeyInfo");
    }
    out->spki_len = (size_t)len;
    EVP_PKEY *key = X509_get0_pubkey(out->cert);
    if (key == NULL) {
        return refuse(diag, "SubjectPublicKeyInfo", "no key that can be read", "a public key");
    }
    return atls_key_wrap_evp(&out->key, key, diag);
}

enum atls_err atls_x509_read(struct atls_x509 **out, struct atls_bytes der, struct atls_diag *diag)
{
    if (der.len == 0 || der.len > ATLS_MAX_X509_LEN || der.data[0] != 0x30) {
        return refuse(diag, "X.509", der.len > ATLS_MAX_X509_LEN ? "too many octets" : NULL,
                      "one certificate in DER, of at most 8192 octets");
    }
    struct atls_x509 *cert = calloc(1, sizeof *cert);
    uint8_t *copy = malloc(der.len);
    if (cert == NULL || copy == NULL) {
        free(cert);
        free(copy);
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    memcpy(copy, der.data, der.len);
    cert->der = copy;
    cert->octets = atls_signed_octets(atls_bytes_of(copy, der.len));
    ERR_set_mark();
    cert->cert = atls_cert_load(der);
    enum atls_err err = cert->cert != NULL ? fill(cert, diag)
                                           : refuse(diag, "X.509", NULL, "one certificate in DER");
    ERR_pop_to_mark();
    if (err != ATLS_OK) {
        atls_x509_free(cert);
        return err;
    }
    *out = cert;
    return ATLS_OK;
}

X509 *atls_x509_ossl(const struct atls_x509 *cert)
{
    return cert->cert;
}

struct atls_bytes atls_x509_der(const struct atls_x509 *cert)
{
    return cert->octets.octets;
}

struct atls_bytes atls_x509_spki(const struct atls_x509 *cert)
{
    return atls_bytes_of(cert->spki, cert->spki_len);
}

static struct atls_bytes der_of(const X509_NAME *name)
{
    const unsigned char *der = NULL;
    size_t len = 0;
    return X509_NAME_get0_der(name, &der, &len) == 1 ? atls_bytes_of(der, len)
                                                     : atls_bytes_of(NULL, 0);
}

struct atls_bytes atls_x509_subject(const struct atls_x509 *cert)
{
    return der_of(X509_get_subject_name(cert->cert));
}

struct atls_bytes atls_x509_issuer(const struct atls_x509 *cert)
{
    return der_of(X509_get_issuer_name(cert->cert));
}

struct atls_bytes atls_x509_serial(const struct atls_x509 *cert)
{
    return atls_bytes_of(cert->serial, cert->serial_len);
}

const struct atls_key *atls_x509_key(const struct atls_x509 *cert)
{
    return cert->key;
}

const char *atls_x509_common_name(const struct atls_x509 *cert)
{
    return cert->subject_name;
}

const char *atls_x509_issuer_name(const struct atls_x509 *cert)
{
    return cert->issuer_name;
}

int64_t atls_x509_not_before(const struct atls_x509 *cert)
{
    return cert->not_before_s;
}

int64_t atls_x509_not_after(const struct atls_x509 *cert)
{
    return cert->not_after_s;
}

bool atls_x509_is_self_issued(const struct atls_x509 *cert)
{
    return atls_bytes_equal(atls_x509_subject(cert), atls_x509_issuer(cert));
}

bool atls_x509_is_signed_by(const struct atls_x509 *cert, const struct atls_x509 *issuer)
{
    struct atls_verified verified;
    if (atls_verified_known(&verified, "certificate", issuer, &cert->octets,
                            atls_bytes_of(NULL, 0))) {
        return true;
    }
    ERR_set_mark();
    const bool is_signed = X509_verify(cert->cert, X509_get0_pubkey(issuer->cert)) == 1;
    ERR_pop_to_mark();
    if (is_signed) {
        atls_verified_note(&verified);
    }
    return is_signed;
}

bool atls_x509_extension(const struct atls_x509 *cert, struct atls_bytes oid,
                         struct atls_bytes *out)
{
    const int num = X509_get_ext_count(cert->cert);
    for (int i = 0; i < num; i++) {
        X509_EXTENSION *extension = X509_get_ext(cert->cert, i);
        const ASN1_OBJECT *name = X509_EXTENSION_get_object(extension);
        if (atls_bytes_equal(oid, atls_bytes_of(OBJ_get0_data(name), OBJ_length(name)))) {
            const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
            *out = atls_bytes_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
            return true;
        }
    }
    return false;
}
