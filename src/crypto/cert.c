/* SPDX-License-Identifier: Apache-2.0 */
/* Making certificates and requests. */
#include "crypto/cert.h"

#include "base/span.h"
#include "crypto/cert_internal.h"
#include "crypto/crypto.h"
#include "crypto/key_internal.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static const char step[] = "certificate";

#define MAX_DAYS          36500
#define MAX_DNS_LEN       253 /* RFC 1035, 2.3.4, without the root's dot */
#define MAX_COMMON_NAME   64  /* RFC 5280, A.1, ub-common-name */
#define SERIAL_LEN        16  /* of 20 that RFC 5280, 4.1.2.2 allows */
#define SECONDS_PER_DAY_S 86400

static enum atls_err bad_argument(struct atls_diag *diag, const char *claim, const char *found,
                                  const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, claim, found, expected);
}

/* digest_for keeps to the pairs of curve and hash that TLS 1.3 knows (RFC 8446, 4.2.3). */
static const EVP_MD *digest_for(const struct atls_key *key)
{
    switch (atls_key_default_alg(key)) {
    case ATLS_ALG_EDDSA:
        return NULL;
    case ATLS_ALG_ES384:
        return EVP_sha384();
    case ATLS_ALG_ES512:
        return EVP_sha512();
    default:
        return EVP_sha256();
    }
}

static bool is_dns_name(const char *name)
{
    const size_t len = strlen(name);
    for (size_t i = 0; i < len; i++) {
        const char c = name[i];
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                           (c == '*' && i == 0);
        if (!plain) {
            return false;
        }
    }
    return len > 0 && len <= MAX_DNS_LEN;
}

/* general_name makes one subjectAltName entry; NULL when `name` is neither host nor address. */
static GENERAL_NAME *general_name(const char *name)
{
    GENERAL_NAME *entry = GENERAL_NAME_new();
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(name);
    if (entry != NULL && address != NULL) {
        GENERAL_NAME_set0_value(entry, GEN_IPADD, address);
        return entry;
    }
    ASN1_OCTET_STRING_free(address);
    ASN1_IA5STRING *host = is_dns_name(name) ? ASN1_IA5STRING_new() : NULL;
    if (entry != NULL && host != NULL && ASN1_STRING_set(host, name, -1) == 1) {
        GENERAL_NAME_set0_value(entry, GEN_DNS, host);
        return entry;
    }
    ASN1_IA5STRING_free(host);
    GENERAL_NAME_free(entry);
    return NULL;
}

static enum atls_err alt_names(GENERAL_NAMES **out, const struct atls_cert_spec *spec,
                               struct atls_diag *diag)
{
    if (spec->num_names == 0) {
        return bad_argument(diag, "names", "none", "a host name or an IP address");
    }
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    for (size_t i = 0; names != NULL && i < spec->num_names; i++) {
        GENERAL_NAME *entry = general_name(spec->names[i]);
        if (entry == NULL) {
            GENERAL_NAMES_free(names);
            return bad_argument(diag, "names", spec->names[i], "a host name or an IP address");
        }
        if (sk_GENERAL_NAME_push(names, entry) <= 0) {
            GENERAL_NAME_free(entry);
            GENERAL_NAMES_free(names);
            names = NULL;
        }
    }
    if (names == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "names");
    }
    *out = names;
    return ATLS_OK;
}

/* add_known adds an extension that OpenSSL makes of its configuration text. */
static bool add_known(STACK_OF(X509_EXTENSION) * list, X509V3_CTX *context, int nid,
                      const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, context, nid, value);
    if (extension == NULL || sk_X509_EXTENSION_push(list, extension) <= 0) {
        X509_EXTENSION_free(extension);
        return false;
    }
    return true;
}

static bool add_names(STACK_OF(X509_EXTENSION) * list, GENERAL_NAMES *names)
{
    X509_EXTENSION *extension = X509V3_EXT_i2d(NID_subject_alt_name, 0, names);
    if (extension == NULL || sk_X509_EXTENSION_push(list, extension) <= 0) {
        X509_EXTENSION_free(extension);
        return false;
    }
    return true;
}

static bool add_more(STACK_OF(X509_EXTENSION) * list, const struct atls_cert_spec *spec)
{
    for (size_t i = 0; i < spec->num_extensions; i++) {
        const struct atls_cert_extension *more = &spec->extensions[i];
        ASN1_OBJECT *oid = OBJ_txt2obj(more->oid, 1);
        ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
        X509_EXTENSION *extension = NULL;
        if (oid != NULL && value != NULL && more->value.len <= ATLS_MAX_FILE_LEN &&
            ASN1_OCTET_STRING_set(value, more->value.data, (int)more->value.len) == 1) {
            extension = X509_EXTENSION_create_by_OBJ(NULL, oid, more->critical, value);
        }
        ASN1_OCTET_STRING_free(value);
        ASN1_OBJECT_free(oid);
        if (extension == NULL || sk_X509_EXTENSION_push(list, extension) <= 0) {
            X509_EXTENSION_free(extension);
            return false;
        }
    }
    return true;
}

/* leaf_extensions gives what certificate and request have in common; NULL on failure. */
static STACK_OF(X509_EXTENSION) *
    leaf_extensions(const struct atls_cert_spec *spec, GENERAL_NAMES *names)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, NULL, NULL, NULL, NULL, 0);
    STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
    if (list == NULL || !add_known(list, &context, NID_basic_constraints, "critical,CA:FALSE") ||
        !add_known(list, &context, NID_key_usage, "critical,digitalSignature") ||
        !add_known(list, &context, NID_ext_key_usage, "serverAuth,clientAuth") ||
        !add_names(list, names) || !add_more(list, spec)) {
        sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
        return NULL;
    }
    return list;
}

static bool set_common_name(X509_NAME *name, const char *text)
{
    const char *shown = strlen(text) <= MAX_COMMON_NAME ? text : "atls";
    return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                      (const unsigned char *)shown, -1, -1, 0) == 1;
}

/* set_serial: positive, of full length, and not to be guessed. */
static bool set_serial(X509 *cert)
{
    uint8_t octets[SERIAL_LEN];
    const struct atls_buf room = {octets, sizeof octets};
    if (atls_random(room) != ATLS_OK) {
        return false;
    }
    octets[0] = (uint8_t)((octets[0] & 0x3f) | 0x40);
    BIGNUM *number = BN_bin2bn(octets, sizeof octets, NULL);
    const bool done =
        number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
    BN_free(number);
    return done;
}

static bool set_dates(X509 *cert, int64_t not_before_s, unsigned days)
{
    return ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)not_before_s) != NULL &&
           ASN1_TIME_adj(X509_getm_notAfter(cert), (time_t)not_before_s, (int)days, 0) != NULL;
}

/* new_cert gives a certificate with everything but issuer, extensions and signature. */
static X509 *new_cert(const struct atls_key *subject, const char *name, int64_t not_before_s,
                      unsigned days)
{
    X509 *cert = X509_new();
    if (cert == NULL || X509_set_version(cert, X509_VERSION_3) != 1 || !set_serial(cert) ||
        !set_dates(cert, not_before_s, days) || X509_set_pubkey(cert, atls_key_evp(subject)) != 1 ||
        !set_common_name(X509_get_subject_name(cert), name)) {
        X509_free(cert);
        return NULL;
    }
    return cert;
}

static bool add_extensions(X509 *cert, const STACK_OF(X509_EXTENSION) * list)
{
    for (int i = 0; i < sk_X509_EXTENSION_num(list); i++) {
        if (X509_add_ext(cert, sk_X509_EXTENSION_value(list, i), -1) != 1) {
            return false;
        }
    }
    return true;
}

/* add_key_ids adds the identifiers by which chains are built (RFC 5280, 4.2.1.1, 4.2.1.2). */
static bool add_key_ids(X509 *cert, X509 *issuer)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *subject_id =
        X509V3_EXT_nconf_nid(NULL, &context, NID_subject_key_identifier, "hash");
    bool done = subject_id != NULL && X509_add_ext(cert, subject_id, -1) == 1;
    X509_EXTENSION_free(subject_id);
    if (done && issuer != cert) {
        X509_EXTENSION *issuer_id =
            X509V3_EXT_nconf_nid(NULL, &context, NID_authority_key_identifier, "keyid:always");
        done = issuer_id != NULL && X509_add_ext(cert, issuer_id, -1) == 1;
        X509_EXTENSION_free(issuer_id);
    }
    return done;
}

/* new_pem gives what a BIO holds as text; takes `bio` over. */
static char *new_pem(BIO *bio, bool written)
{
    char *data = NULL;
    const long len = written ? BIO_get_mem_data(bio, &data) : 0;
    char *text = len > 0 ? OPENSSL_strndup(data, (size_t)len) : NULL;
    BIO_free(bio);
    return text;
}

/* finish signs `cert` and writes it; takes it over, NULL included. */
static enum atls_err finish(char **out, X509 *cert, X509 *issuer, const struct atls_key *key,
                            struct atls_diag *diag)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const bool written =
        cert != NULL && bio != NULL && !key->public_only &&
        X509_set_issuer_name(cert, X509_get_subject_name(issuer != NULL ? issuer : cert)) == 1 &&
        add_key_ids(cert, issuer != NULL ? issuer : cert) &&
        X509_sign(cert, atls_key_evp(key), digest_for(key)) > 0 &&
        PEM_write_bio_X509(bio, cert) == 1;
    char *pem = new_pem(bio, written);
    X509_free(cert);
    if (pem == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_KEY, step, "signature", NULL,
                               "a private key that signs");
    }
    *out = pem;
    return ATLS_OK;
}

static enum atls_err check_dates(int64_t not_before_s, unsigned days, struct atls_diag *diag)
{
    if (days == 0 || days > MAX_DAYS || not_before_s < 0 ||
        not_before_s > INT64_C(253402300799) - (int64_t)days * SECONDS_PER_DAY_S) {
        atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "days", NULL,
                        "1 to 36500, between the years 1970 and 9999");
        atls_diag_found_int(diag, days);
        return ATLS_ERR_ARGUMENT;
    }
    return ATLS_OK;
}

/* make_leaf: `issuer` is NULL for a self-signed certificate. */
static enum atls_err make_leaf(char **out, const struct atls_key *subject, X509 *issuer,
                               const struct atls_key *key, const struct atls_cert_spec *spec,
                               struct atls_diag *diag)
{
    GENERAL_NAMES *names = NULL;
    enum atls_err err = check_dates(spec->not_before_s, spec->days, diag);
    if (err == ATLS_OK) {
        err = alt_names(&names, spec, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    STACK_OF(X509_EXTENSION) *list = leaf_extensions(spec, names);
    X509 *cert = new_cert(subject, spec->names[0], spec->not_before_s, spec->days);
    if (cert == NULL || list == NULL || !add_extensions(cert, list)) {
        X509_free(cert);
        err = atls_fail(diag, ATLS_ERR_CRYPTO, step, "X.509");
    } else {
        err = finish(out, cert, issuer, key, diag);
    }
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    GENERAL_NAMES_free(names);
    return err;
}

enum atls_err atls_cert_self_signed(char **out, const struct atls_key *key,
                                    const struct atls_cert_spec *spec, struct atls_diag *diag)
{
    ERR_set_mark();
    enum atls_err err = make_leaf(out, key, NULL, key, spec, diag);
    ERR_pop_to_mark();
    return err;
}

enum atls_err atls_ca_issue(char **out, struct atls_bytes ca_cert, const struct atls_key *ca_key,
                            const struct atls_key *subject, const struct atls_cert_spec *spec,
                            struct atls_diag *diag)
{
    ERR_set_mark();
    enum atls_err err = ATLS_OK;
    X509 *issuer = atls_cert_load(ca_cert);
    if (issuer == NULL || X509_check_private_key(issuer, atls_key_evp(ca_key)) != 1) {
        err = bad_argument(diag, "authority", NULL, "its certificate and its own key");
    } else {
        err = make_leaf(out, subject, issuer, ca_key, spec, diag);
    }
    X509_free(issuer);
    ERR_pop_to_mark();
    return err;
}

enum atls_err atls_ca_create(char **out, const struct atls_key *key, const char *name,
                             int64_t not_before_s, unsigned days, struct atls_diag *diag)
{
    enum atls_err err = check_dates(not_before_s, days, diag);
    if (err != ATLS_OK) {
        return err;
    }
    ERR_set_mark();
    X509V3_CTX context;
    X509V3_set_ctx(&context, NULL, NULL, NULL, NULL, 0);
    X509 *cert = new_cert(key, name, not_before_s, days);
    STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
    if (cert == NULL || list == NULL ||
        !add_known(list, &context, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
        !add_known(list, &context, NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !add_extensions(cert, list)) {
        X509_free(cert);
        err = atls_fail(diag, ATLS_ERR_CRYPTO, step, "X.509");
    } else {
        err = finish(out, cert, NULL, key, diag);
    }
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    ERR_pop_to_mark();
    return err;
}

/* make_request takes nothing over. */
static char *make_request(const struct atls_key *key, const char *name,
                          STACK_OF(X509_EXTENSION) * list)
{
    X509_REQ *request = X509_REQ_new();
    BIO *bio = BIO_new(BIO_s_mem());
    const bool written = request != NULL && bio != NULL && list != NULL && !key->public_only &&
                         X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
                         X509_REQ_set_pubkey(request, atls_key_evp(key)) == 1 &&
                         set_common_name(X509_REQ_get_subject_name(request), name) &&
                         X509_REQ_add_extensions(request, list) == 1 &&
                         X509_REQ_sign(request, atls_key_evp(key), digest_for(key)) > 0 &&
                         PEM_write_bio_X509_REQ(bio, request) == 1;
    char *pem = new_pem(bio, written);
    X509_REQ_free(request);
    return pem;
}

enum atls_err atls_csr(char **out, const struct atls_key *key, const struct atls_cert_spec *spec,
                       struct atls_diag *diag)
{
    ERR_set_mark();
    GENERAL_NAMES *names = NULL;
    enum atls_err err = alt_names(&names, spec, diag);
    if (err == ATLS_OK) {
        STACK_OF(X509_EXTENSION) *list = leaf_extensions(spec, names);
        char *pem = make_request(key, spec->names[0], list);
        sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
        GENERAL_NAMES_free(names);
        if (pem == NULL) {
            err = atls_fail_texts(diag, ATLS_ERR_KEY, "certificate request", "signature", NULL,
                                  "a private key that signs");
        } else {
            *out = pem;
        }
    }
    ERR_pop_to_mark();
    return err;
}
