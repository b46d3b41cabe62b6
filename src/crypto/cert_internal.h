/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_CERT_INTERNAL_H
#define CRYPTO_CERT_INTERNAL_H

#include "atls/bytes.h"

#include <openssl/x509.h>

/* atls_cert_load gives the first certificate of a PEM text or one DER certificate, NULL when it is
 * neither. */
X509 *atls_cert_load(struct atls_bytes cert);

#endif
