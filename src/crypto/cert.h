/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X.509 certificates that we make (RFC 5280): self-signed, requests, and a throw-away authority
 * for demonstrations and tests; and what is asked of a certificate file. All signing goes through
 * EVP, so that keys may live in a provider. Checking a peer's chain is the TLS stack's work.
 */
#ifndef CRYPTO_CERT_H
#define CRYPTO_CERT_H

#include "base/diag.h"
#include "crypto/key.h"

/* One more extension, such as a CMW (id-pe-cmw, 1.3.6.1.5.5.7.1.35). */
struct atls_cert_extension {
    const char *oid; /* dotted */
    bool critical;
    struct atls_bytes value; /* DER, the content of extnValue */
};

/* What a certificate says. Everything is borrowed. */
struct atls_cert_spec {
    const char *const *names; /* DNS names and IP addresses, one or more; the first is the CN */
    size_t num_names;
    int64_t not_before_s; /* seconds since 1970 */
    unsigned days;        /* 1 to 36500 */
    const struct atls_cert_extension *extensions;
    size_t num_extensions;
};

/*
 * Each gives PEM, NUL-terminated, freed by atls_pem_free. End-entity certificates have a random
 * serial number, the names as subjectAltName, keyUsage digitalSignature, and extendedKeyUsage
 * serverAuth and clientAuth. ARGUMENT for names or days that cannot be, KEY when signing fails.
 */
ATLS_NODISCARD enum atls_err atls_cert_self_signed(char **out, const struct atls_key *key,
                                                   const struct atls_cert_spec *spec,
                                                   struct atls_diag *diag);
/* atls_csr makes a PKCS #10 request for the same; dates are the authority's choice. */
ATLS_NODISCARD enum atls_err atls_csr(char **out, const struct atls_key *key,
                                      const struct atls_cert_spec *spec, struct atls_diag *diag);
/* atls_ca_create makes a self-signed authority called `name`, which signs end entities only. */
ATLS_NODISCARD enum atls_err atls_ca_create(char **out, const struct atls_key *key,
                                            const char *name, int64_t not_before_s, unsigned days,
                                            struct atls_diag *diag);
/* atls_ca_issue certifies the public key `subject`; `ca_cert` is PEM or DER, `ca_key` its key. */
ATLS_NODISCARD enum atls_err atls_ca_issue(char **out, struct atls_bytes ca_cert,
                                           const struct atls_key *ca_key,
                                           const struct atls_key *subject,
                                           const struct atls_cert_spec *spec,
                                           struct atls_diag *diag);

/* What programs ask of a certificate file; its key is not judged. */
struct atls_cert_info {
    int64_t not_before_s;
    int64_t not_after_s;
    char subject[256];               /* RFC 2253, printable */
    uint8_t spki[ATLS_MAX_SPKI_LEN]; /* DER SubjectPublicKeyInfo */
    size_t spki_len;
};

/* atls_cert_read reads the first certificate of a PEM text, or one DER certificate with nothing
 * after it. MALFORMED otherwise. */
ATLS_NODISCARD enum atls_err atls_cert_read(struct atls_cert_info *out, struct atls_bytes cert,
                                            struct atls_diag *diag);
/* atls_cert_spki is the SubjectPublicKeyInfo alone. */
ATLS_NODISCARD enum atls_err atls_cert_spki(struct atls_bytes cert, struct atls_buf out,
                                            size_t *out_len, struct atls_diag *diag);

#define ATLS_CERT_WARNING_S (INT64_C(30) * 24 * 3600)

/* atls_cert_ends_soon is true when `cert` ends within 30 days of `now_s`, or has ended. */
bool atls_cert_ends_soon(const struct atls_cert_info *cert, int64_t now_s);

#endif
