/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crl.h"

#include "atls/limits.h"
#include "base/rfc3339.h"
#include "base/span.h"
#include "crypto/chain_internal.h"
#include "crypto/crypto_internal.h"
#include "crypto/key_internal.h"
#include "crypto/verified.h"
#include "crypto/x509_internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

static const char step[] = "list of revoked certificates";

struct atls_crl {
    X509_CRL *crl;
    uint8_t *der;                     /* by OpenSSL */
    struct atls_signed_octets octets; /* all of it, the signature too */
    int64_t this_update_s;
    int64_t next_update_s;
};

void atls_crl_free(struct atls_crl *crl)
{
    if (crl != NULL) {
        X509_CRL_free(crl->crl);
        OPENSSL_free(crl->der);
        free(crl);
    }
}

static X509_CRL *load_der(struct atls_bytes der)
{
    const uint8_t *at = der.data;
    X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)der.len);
    if (crl != NULL && at != der.data + der.len) {
        X509_CRL_free(crl);
        return NULL;
    }
    return crl;
}

static X509_CRL *load_pem(struct atls_bytes pem)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    X509_CRL *crl =
        bio != NULL ? PEM_read_bio_X509_CRL(bio, NULL, atls_ossl_no_passphrase, NULL) : NULL;
    BIO_free(bio);
    return crl;
}

static int nibble(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* load_hex: PCCS answers with the DER in hexadecimal, with or without a line end behind it. */
static X509_CRL *load_hex(struct atls_bytes text)
{
    while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r')) {
        text.len--;
    }
    uint8_t *der = text.len % 2 == 0 ? malloc(text.len / 2 + 1) : NULL;
    bool whole = der != NULL;
    for (size_t i = 0; whole && i + 1 < text.len; i += 2) {
        const int high = nibble(text.data[i]);
        const int low = nibble(text.data[i + 1]);
        whole = high >= 0 && low >= 0;
        der[i / 2] = (uint8_t)(whole ? high * 16 + low : 0);
    }
    X509_CRL *crl = whole ? load_der(atls_bytes_of(der, text.len / 2)) : NULL;
    free(der);
    return crl;
}

static X509_CRL *load(struct atls_bytes file)
{
    if (file.len < 2 || file.len > ATLS_MAX_FILE_LEN) {
        return NULL;
    }
    if (file.data[0] == '-') {
        return load_pem(file);
    }
    return file.data[0] == 0x30 && file.data[1] >= 0x80 ? load_der(file) : load_hex(file);
}

static enum atls_err malformed(struct atls_diag *diag, const char *claim, const char *found,
                               const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, claim, found, expected);
}

/* has_critical: no critical extension is known here, of lists (a delta, one of a part) or of their
 * entries (one of another issuer). */
static bool has_critical(const STACK_OF(X509_EXTENSION) * extensions)
{
    for (int i = 0; i < sk_X509_EXTENSION_num(extensions); i++) {
        if (X509_EXTENSION_get_critical(sk_X509_EXTENSION_value(extensions, i))) {
            return true;
        }
    }
    return false;
}

static enum atls_err check_extensions(X509_CRL *crl, struct atls_diag *diag)
{
    bool critical = has_critical(X509_CRL_get0_extensions(crl));
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl);
    for (int i = 0; !critical && i < sk_X509_REVOKED_num(entries); i++) {
        critical = has_critical(X509_REVOKED_get0_extensions(sk_X509_REVOKED_value(entries, i)));
    }
    return critical ? malformed(diag, "extensions", "a critical one",
                                "a complete list of its own issuer")
                    : ATLS_OK;
}

static enum atls_err fill(struct atls_crl *out, struct atls_diag *diag)
{
    if (!atls_asn1_seconds(X509_CRL_get0_lastUpdate(out->crl), &out->this_update_s) ||
        !atls_asn1_seconds(X509_CRL_get0_nextUpdate(out->crl), &out->next_update_s)) {
        return malformed(diag, "dates", "one that is missing", "thisUpdate and nextUpdate");
    }
    const int len = i2d_X509_CRL(out->crl, &out->der);
    if (len <= 0) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    out->octets = atls_signed_octets(atls_bytes_of(out->der, (size_t)len));
    return check_extensions(out->crl, diag);
}

enum atls_err atls_crl_read(struct atls_crl **out, struct atls_bytes file, struct atls_diag *diag)
{
    struct atls_crl *crl = calloc(1, sizeof *crl);
    if (crl == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    ERR_set_mark();
    crl->crl = load(file);
    const enum atls_err err =
        crl->crl != NULL ? fill(crl, diag)
                         : malformed(diag, "CRL", NULL, "one list in DER, PEM or hexadecimal");
    ERR_pop_to_mark();
    if (err != ATLS_OK) {
        atls_crl_free(crl);
        return err;
    }
    *out = crl;
    return ATLS_OK;
}

struct atls_bytes atls_crl_issuer(const struct atls_crl *crl)
{
    const unsigned char *der = NULL;
    size_t len = 0;
    return X509_NAME_get0_der(X509_CRL_get_issuer(crl->crl), &der, &len) == 1
               ? atls_bytes_of(der, len)
               : atls_bytes_of(NULL, 0);
}

struct atls_bytes atls_crl_der(const struct atls_crl *crl)
{
    return crl->octets.octets;
}

int64_t atls_crl_this_update(const struct atls_crl *crl)
{
    return crl->this_update_s;
}

int64_t atls_crl_next_update(const struct atls_crl *crl)
{
    return crl->next_update_s;
}

static enum atls_err refuse(struct atls_diag *diag, enum atls_err err,
                            const struct atls_x509 *issuer, const char *claim, const char *found,
                            const char *expected)
{
    atls_fail_texts(diag, err, step, claim, found, expected);
    atls_diag_found_text(diag, ", in the list of ");
    atls_diag_found_text(diag, atls_x509_common_name(issuer));
    return err;
}

static enum atls_err refuse_date(struct atls_diag *diag, const struct atls_x509 *issuer,
                                 const char *claim, int64_t date_s, int64_t now_s)
{
    char date[ATLS_RFC3339_LEN];
    char now[ATLS_RFC3339_LEN];
    atls_rfc3339_write(date, date_s);
    atls_rfc3339_write(now, now_s);
    refuse(diag, ATLS_ERR_COLLATERAL, issuer, claim, date, "dates around ");
    atls_diag_expected_text(diag, now);
    return ATLS_ERR_COLLATERAL;
}

/* verifies: how, is for the list and the key to say, so a signature that verified once always does.
 */
static bool verifies(const struct atls_crl *crl, const struct atls_x509 *issuer)
{
    struct atls_verified verified;
    if (atls_verified_known(&verified, "list of revoked certificates", issuer, &crl->octets,
                            atls_bytes_of(NULL, 0))) {
        return true;
    }
    ERR_set_mark();
    const bool is_signed = X509_CRL_verify(crl->crl, X509_get0_pubkey(atls_x509_ossl(issuer))) == 1;
    ERR_pop_to_mark();
    if (is_signed) {
        atls_verified_note(&verified);
    }
    return is_signed;
}

static enum atls_err check_signer(const struct atls_crl *crl, const struct atls_x509 *issuer,
                                  enum atls_chain_signature wanted, struct atls_diag *diag)
{
    X509 *cert = atls_x509_ossl(issuer);
    const X509_ALGOR *algorithm = NULL;
    X509_CRL_get0_signature(crl->crl, NULL, &algorithm);
    if (X509_NAME_cmp(X509_CRL_get_issuer(crl->crl), X509_get_subject_name(cert)) != 0) {
        return refuse(diag, ATLS_ERR_COLLATERAL, issuer, "issuer", "another name", "its own");
    }
    if ((X509_get_extension_flags(cert) & EXFLAG_KUSAGE) == 0 ||
        (X509_get_key_usage(cert) & KU_CRL_SIGN) == 0) {
        return refuse(diag, ATLS_ERR_COLLATERAL, issuer, "keyUsage of the issuer", "no cRLSign",
                      "cRLSign");
    }
    if (!atls_chain_is_algorithm(algorithm, wanted) ||
        !atls_chain_key_fits(atls_x509_key(issuer), wanted)) {
        return refuse(diag, ATLS_ERR_ALGORITHM, issuer, "signatureAlgorithm", "another algorithm",
                      atls_chain_algorithm_name(wanted));
    }
    return verifies(crl, issuer) ? ATLS_OK
                                 : refuse(diag, ATLS_ERR_COLLATERAL, issuer, "signature",
                                          "one that does not verify", "one by the issuer's key");
}

enum atls_err atls_crl_verify(const struct atls_crl *crl, const struct atls_x509 *issuer,
                              const struct atls_chain_profile *profile, int64_t now_s,
                              struct atls_diag *diag)
{
    const enum atls_err err = check_signer(crl, issuer, profile->signature, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (crl->this_update_s - ATLS_MAX_SKEW_S > now_s) {
        return refuse_date(diag, issuer, "thisUpdate", crl->this_update_s, now_s);
    }
    if (crl->next_update_s + ATLS_MAX_SKEW_S < now_s) {
        return refuse_date(diag, issuer, "nextUpdate", crl->next_update_s, now_s);
    }
    return ATLS_OK;
}

enum atls_err atls_chain_check_revoked(const struct atls_chain *chain, size_t index,
                                       const struct atls_crl *crl, int64_t now_s,
                                       struct atls_diag *diag)
{
    const struct atls_x509 *cert = atls_chain_cert(chain, index);
    const struct atls_x509 *issuer = atls_chain_cert(chain, index + 1);
    if (cert == NULL || issuer == NULL) {
        return atls_fail(diag, ATLS_ERR_ARGUMENT, step, "certificate");
    }
    const enum atls_err err =
        atls_crl_verify(crl, issuer, atls_chain_profile_of(chain), now_s, diag);
    if (err != ATLS_OK) {
        return err;
    }
    X509_REVOKED *entry = NULL;
    const ASN1_INTEGER *serial = X509_get0_serialNumber(atls_x509_ossl(cert));
    if (X509_CRL_get0_by_serial(crl->crl, &entry, (ASN1_INTEGER *)(uintptr_t)serial) == 0) {
        return ATLS_OK;
    }
    atls_fail_texts(diag, ATLS_ERR_REVOKED, step, "serial number", NULL,
                    "one that is not on the list");
    atls_diag_found_bytes(diag, atls_x509_serial(cert));
    atls_diag_found_text(diag, " of ");
    atls_diag_found_text(diag, atls_x509_common_name(cert));
    atls_diag_found_text(diag, ", which is in the list of ");
    atls_diag_found_text(diag, atls_x509_common_name(issuer));
    return ATLS_ERR_REVOKED;
}
