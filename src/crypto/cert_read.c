/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a certificate file. */
#include "crypto/cert.h"

#include "base/span.h"
#include "crypto/cert_internal.h"
#include "crypto/crypto_internal.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

static const char step[] = "certificate";

static X509 *load_der(struct atls_bytes der)
{
    const uint8_t *at = der.data;
    X509 *cert = d2i_X509(NULL, &at, (long)der.len);
    if (cert != NULL && at != der.data + der.len) {
        X509_free(cert);
        return NULL;
    }
    return cert;
}

X509 *atls_cert_load(struct atls_bytes cert)
{
    if (cert.len == 0 || cert.len > ATLS_MAX_FILE_LEN) {
        return NULL;
    }
    if (cert.data[0] == 0x30) { /* SEQUENCE; no PEM text that has a certificate starts with '0' */
        return load_der(cert);
    }
    BIO *bio = BIO_new_mem_buf(cert.data, (int)cert.len);
    X509 *loaded = bio != NULL ? PEM_read_bio_X509(bio, NULL, atls_ossl_no_passphrase, NULL) : NULL;
    BIO_free(bio);
    return loaded;
}

static bool seconds_of(const ASN1_TIME *time, int64_t *out)
{
    int days = 0;
    int seconds = 0;
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    const bool done = epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1;
    ASN1_TIME_free(epoch);
    *out = (int64_t)days * 86400 + seconds;
    return done;
}

/* shorten copies a name, of one that is too long the beginning and a hash of all: two are two. */
static bool shorten(char *out, size_t cap, struct atls_bytes name)
{
    static const char digits[] = "0123456789abcdef";
    enum { HASHED = 16, TAIL = 3 + 2 * HASHED };
    uint8_t hash[EVP_MAX_MD_SIZE];
    if (name.len < cap) {
        if (name.len != 0) {
            memcpy(out, name.data, name.len);
        }
        out[name.len] = '\0';
        return true;
    }
    if (cap <= TAIL || EVP_Digest(name.data, name.len, hash, NULL, EVP_sha256(), NULL) != 1) {
        return false;
    }
    char *tail = &out[cap - 1 - TAIL];
    memcpy(out, name.data, cap - 1 - TAIL);
    memcpy(tail, "...", 3);
    for (size_t i = 0; i < HASHED; i++) {
        tail[3 + 2 * i] = digits[hash[i] >> 4];
        tail[4 + 2 * i] = digits[hash[i] & 15];
    }
    tail[TAIL] = '\0';
    return true;
}

static bool subject_of(const X509 *cert, char *out, size_t cap)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    /* This form escapes all but printable ASCII, so that a name cannot forge a line. */
    if (bio == NULL ||
        X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253) < 0) {
        BIO_free(bio);
        return false;
    }
    const long len = BIO_get_mem_data(bio, &text);
    const bool done = shorten(out, cap, atls_bytes_of(text, len > 0 ? (size_t)len : 0));
    BIO_free(bio);
    return done;
}

static bool spki_of(const X509 *cert, uint8_t *out, size_t cap, size_t *out_len)
{
    uint8_t *der = NULL;
    const int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
    const bool fits = len > 0 && (size_t)len <= cap;
    if (fits) {
        memcpy(out, der, (size_t)len);
        *out_len = (size_t)len;
    }
    OPENSSL_free(der);
    return fits;
}

static bool read_all(struct atls_cert_info *info, struct atls_bytes cert)
{
    X509 *loaded = atls_cert_load(cert);
    const bool done = loaded != NULL &&
                      seconds_of(X509_get0_notBefore(loaded), &info->not_before_s) &&
                      seconds_of(X509_get0_notAfter(loaded), &info->not_after_s) &&
                      subject_of(loaded, info->subject, sizeof info->subject) &&
                      spki_of(loaded, info->spki, sizeof info->spki, &info->spki_len);
    X509_free(loaded);
    return done;
}

enum atls_err atls_cert_read(struct atls_cert_info *out, struct atls_bytes cert,
                             struct atls_diag *diag)
{
    struct atls_cert_info info = {0};
    ERR_set_mark();
    const bool done = read_all(&info, cert);
    ERR_pop_to_mark();
    if (!done) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "X.509", NULL,
                               "a certificate in PEM or DER");
    }
    *out = info;
    return ATLS_OK;
}

enum atls_err atls_cert_spki(struct atls_bytes cert, struct atls_buf out, size_t *out_len,
                             struct atls_diag *diag)
{
    struct atls_cert_info info;
    enum atls_err err = atls_cert_read(&info, cert, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (info.spki_len > out.cap) {
        return atls_fail(diag, ATLS_ERR_BUFFER, step, "SubjectPublicKeyInfo");
    }
    memcpy(out.data, info.spki, info.spki_len);
    *out_len = info.spki_len;
    return ATLS_OK;
}

bool atls_cert_ends_soon(const struct atls_cert_info *cert, int64_t now_s)
{
    return cert->not_after_s - now_s < ATLS_CERT_WARNING_S;
}
