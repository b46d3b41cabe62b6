/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates for other uses than those that the library makes (include from tests that link
 * room_crypto). */
#ifndef SUPPORT_CERT_USAGE_H
#define SUPPORT_CERT_USAGE_H

#include "support/check.h"
#include "support/memory.h"

#include "crypto/key.h"

#include <openssl/x509v3.h>

/* test_with_extension gives the certificate with another value of an extension of usage (NULL:
 * without it), signed anew. */
static inline struct atls_bytes test_with_extension(struct atls_bytes der, int nid,
                                                    const char *usage,
                                                    const struct atls_key *ca_key)
{
    const unsigned char *at = der.data;
    unsigned char *made = NULL;
    X509 *cert = d2i_X509(NULL, &at, (long)der.len);
    assert_non_null(cert);
    const int place = X509_get_ext_by_NID(cert, nid, -1);
    X509_EXTENSION_free(place >= 0 ? X509_delete_ext(cert, place) : NULL);
    if (usage != NULL) {
        X509_EXTENSION *added = X509V3_EXT_conf_nid(NULL, NULL, nid, usage);
        assert_int_equal(X509_add_ext(cert, added, -1), 1);
        X509_EXTENSION_free(added);
    }
    assert_true(X509_sign(cert, atls_key_evp(ca_key), EVP_sha256()) > 0);
    const int len = i2d_X509(cert, &made);
    assert_true(len > 0);
    const struct atls_bytes copy = test_copy(atls_bytes_of(made, (size_t)len));
    OPENSSL_free(made);
    X509_free(cert);
    return copy;
}

/* test_with_usage: another extendedKeyUsage. */
static inline struct atls_bytes test_with_usage(struct atls_bytes der, const char *usage,
                                                const struct atls_key *ca_key)
{
    return test_with_extension(der, NID_ext_key_usage, usage, ca_key);
}

#endif
