/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certification paths of those who sign files (RFC 5280, 6; RFC 9360 for COSE's x5chain): DER in,
 * the public key of the first certificate out. Chains of TLS peers are the TLS stack's work.
 */
#ifndef CRYPTO_CERT_PATH_H
#define CRYPTO_CERT_PATH_H

#include "base/diag.h"
#include "crypto/key.h"

/* Certificates of one path or one file; more is refused. */
#define ATLS_MAX_CERT_PATH 8

/* Certificates of a file, each in DER. All zero is empty and safe to clean up. */
struct atls_cert_list {
    struct atls_bytes cert[ATLS_MAX_CERT_PATH];
    size_t count;
};

/* atls_cert_list_read takes all certificates of a PEM text, or one DER certificate with nothing
 * after it. MALFORMED when there is none, or more than 8. */
ATLS_NODISCARD enum atls_err atls_cert_list_read(struct atls_cert_list *out, struct atls_bytes file,
                                                 struct atls_diag *diag);
void atls_cert_list_cleanup(struct atls_cert_list *list);

/* atls_cert_signs_data is true when the key usage of `cert` allows signatures over data:
 * digitalSignature, or no key usage at all (RFC 5280, 4.2.1.3). */
bool atls_cert_signs_data(struct atls_bytes cert);

/*
 * atls_cert_path_check gives the key of path[0] when the path leads to one of `anchors` and every
 * certificate on it is in its dates at `now_s`. The first must be an end entity that signs data.
 * An anchor need not be self-signed, and may itself be path[0]. No revocation is looked up.
 *
 * ATLS_ERR_MALFORMED for octets that are no certificate, ATLS_ERR_PKIX for a path that does not
 * hold, ATLS_ERR_ALGORITHM for a key that is not one of ours.
 */
ATLS_NODISCARD enum atls_err atls_cert_path_check(struct atls_key **out,
                                                  const struct atls_bytes *path, size_t path_len,
                                                  const struct atls_bytes *anchors,
                                                  size_t num_anchors, int64_t now_s,
                                                  struct atls_diag *diag);

#endif
