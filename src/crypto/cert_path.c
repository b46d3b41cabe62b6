/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cert_path.h"

#include "base/span.h"
#include "crypto/cert_internal.h"
#include "crypto/crypto_internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

static const char step[] = "certification path";

/* Signatures of at least 112 bits: what SHA-1 and RSA below 2048 bits do not reach. */
#define AUTH_LEVEL 2

void atls_cert_list_cleanup(struct atls_cert_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free((void *)(uintptr_t)list->cert[i].data);
    }
    memset(list, 0, sizeof *list);
}

/* append encodes one certificate into memory of its own. */
static bool append(struct atls_cert_list *list, X509 *cert)
{
    const int len = i2d_X509(cert, NULL);
    uint8_t *der = len > 0 ? malloc((size_t)len) : NULL;
    if (der == NULL || list->count == ATLS_MAX_CERT_PATH) {
        free(der);
        return false;
    }
    uint8_t *at = der;
    (void)i2d_X509(cert, &at);
    list->cert[list->count++] = atls_bytes_of(der, (size_t)len);
    return true;
}

/* read_pem takes every certificate; what else the text holds is skipped, as PEM has it. */
static bool read_pem(struct atls_cert_list *list, struct atls_bytes text)
{
    BIO *bio = BIO_new_mem_buf(text.data, (int)text.len);
    bool whole = bio != NULL;
    while (whole) {
        X509 *cert = PEM_read_bio_X509(bio, NULL, atls_ossl_no_passphrase, NULL);
        if (cert == NULL) {
            const unsigned long why = ERR_peek_last_error();
            /* No further block; every other reason is a block that cannot be read. */
            whole = ERR_GET_LIB(why) == ERR_LIB_PEM && ERR_GET_REASON(why) == PEM_R_NO_START_LINE;
            break;
        }
        whole = append(list, cert);
        X509_free(cert);
    }
    BIO_free(bio);
    return whole && list->count > 0;
}

static bool read_list(struct atls_cert_list *list, struct atls_bytes file)
{
    if (file.len == 0 || file.len > ATLS_MAX_FILE_LEN) {
        return false;
    }
    if (file.data[0] != 0x30) { /* SEQUENCE */
        return read_pem(list, file);
    }
    X509 *cert = atls_cert_load(file);
    const bool done = cert != NULL && append(list, cert);
    X509_free(cert);
    return done;
}

enum atls_err atls_cert_list_read(struct atls_cert_list *out, struct atls_bytes file,
                                  struct atls_diag *diag)
{
    struct atls_cert_list list = {.count = 0};
    ERR_set_mark();
    const bool done = read_list(&list, file);
    ERR_pop_to_mark();
    if (!done) {
        atls_cert_list_cleanup(&list);
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, "certificate", "X.509",
                               "something else, or too many",
                               "one to eight certificates in PEM, or one in DER");
    }
    *out = list;
    return ATLS_OK;
}

/* load takes DER only: x5chain has no other form (RFC 9360, 2). */
static X509 *load(struct atls_bytes der)
{
    return der.len > 0 && der.data[0] == 0x30 ? atls_cert_load(der) : NULL;
}

static bool signs_data(X509 *cert)
{
    return (X509_get_key_usage(cert) & KU_DIGITAL_SIGNATURE) != 0;
}

bool atls_cert_signs_data(struct atls_bytes cert)
{
    ERR_set_mark();
    X509 *loaded = atls_cert_load(cert);
    const bool signs = loaded != NULL && signs_data(loaded);
    X509_free(loaded);
    ERR_pop_to_mark();
    return signs;
}

/* What one check holds: freed as a whole. */
struct check {
    X509 *leaf;
    STACK_OF(X509) * others;
    X509_STORE *anchors;
    X509_STORE_CTX *context;
};

static void check_cleanup(struct check *c)
{
    X509_STORE_CTX_free(c->context);
    X509_STORE_free(c->anchors);
    sk_X509_pop_free(c->others, X509_free);
    X509_free(c->leaf);
}

static enum atls_err fail_memory(struct atls_diag *diag)
{
    return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
}

static enum atls_err load_path(struct check *c, const struct atls_bytes *path, size_t path_len,
                               struct atls_diag *diag)
{
    c->others = sk_X509_new_null();
    if (c->others == NULL) {
        return fail_memory(diag);
    }
    for (size_t i = 0; i < path_len; i++) {
        X509 *cert = load(path[i]);
        if (cert == NULL) {
            return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "certificate", "something else",
                                   "X.509 in DER");
        }
        if (i == 0) {
            c->leaf = cert;
        } else if (sk_X509_push(c->others, cert) <= 0) {
            X509_free(cert);
            return fail_memory(diag);
        }
    }
    return ATLS_OK;
}

static enum atls_err load_anchors(struct check *c, const struct atls_bytes *anchors,
                                  size_t num_anchors, struct atls_diag *diag)
{
    c->anchors = X509_STORE_new();
    for (size_t i = 0; i < num_anchors && c->anchors != NULL; i++) {
        X509 *cert = load(anchors[i]);
        const bool added = cert != NULL && X509_STORE_add_cert(c->anchors, cert) == 1;
        X509_free(cert);
        if (!added) {
            return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "trust anchor", "something else",
                                   "X.509 in DER");
        }
    }
    c->context = X509_STORE_CTX_new();
    return c->anchors != NULL && c->context != NULL ? ATLS_OK : fail_memory(diag);
}

static enum atls_err verify(struct check *c, int64_t now_s, struct atls_diag *diag)
{
    if (X509_STORE_CTX_init(c->context, c->anchors, c->leaf, c->others) != 1) {
        return fail_memory(diag);
    }
    X509_VERIFY_PARAM *rules = X509_STORE_CTX_get0_param(c->context);
    X509_VERIFY_PARAM_set_time(rules, (time_t)now_s);
    X509_VERIFY_PARAM_set_auth_level(rules, AUTH_LEVEL);
    /* What the operator names is trusted by itself, with or without its own issuer. */
    (void)X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
    if (X509_verify_cert(c->context) == 1) {
        return ATLS_OK;
    }
    const int why = X509_STORE_CTX_get_error(c->context);
    return atls_fail_texts(diag, ATLS_ERR_PKIX, step, "x5chain", X509_verify_cert_error_string(why),
                           "certificates that lead to one that is trusted");
}

/* is_for_tls: where one authority certifies the machines of TLS and those who endorse them, no
 * machine may endorse itself. A certificate without extendedKeyUsage is for anything. */
static bool is_for_tls(X509 *cert)
{
    const uint32_t uses = X509_get_extended_key_usage(cert);
    return (uses & (XKU_SSL_SERVER | XKU_SSL_CLIENT)) != 0 &&
           (uses & (XKU_CODE_SIGN | XKU_ANYEKU)) == 0;
}

/* check_leaf: who may issue certificates does not sign files (veraison/corim has the same rule). */
static enum atls_err check_leaf(const struct check *c, struct atls_key **out,
                                struct atls_diag *diag)
{
    if (X509_check_ca(c->leaf) != 0) {
        return atls_fail_texts(diag, ATLS_ERR_PKIX, step, "first certificate",
                               "one of an authority (CA)", "an end entity");
    }
    if (!signs_data(c->leaf)) {
        return atls_fail_texts(diag, ATLS_ERR_PKIX, step, "keyUsage", "no digitalSignature",
                               "digitalSignature, or no keyUsage");
    }
    if (is_for_tls(c->leaf)) {
        return atls_fail_texts(diag, ATLS_ERR_PKIX, step, "extendedKeyUsage",
                               "serverAuth or clientAuth",
                               "codeSigning beside it, or no extendedKeyUsage");
    }
    return atls_key_wrap_evp(out, X509_get0_pubkey(c->leaf), diag);
}

enum atls_err atls_cert_path_check(struct atls_key **out, const struct atls_bytes *path,
                                   size_t path_len, const struct atls_bytes *anchors,
                                   size_t num_anchors, int64_t now_s, struct atls_diag *diag)
{
    struct check c = {.leaf = NULL};
    if (path_len == 0 || path_len > ATLS_MAX_CERT_PATH) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "certificates", "none or too many",
                               "1 to 8");
    }
    ERR_set_mark();
    enum atls_err err = load_path(&c, path, path_len, diag);
    if (err == ATLS_OK) {
        err = load_anchors(&c, anchors, num_anchors, diag);
    }
    if (err == ATLS_OK) {
        err = verify(&c, now_s, diag);
    }
    if (err == ATLS_OK) {
        err = check_leaf(&c, out, diag);
    }
    check_cleanup(&c);
    ERR_pop_to_mark();
    return err;
}
