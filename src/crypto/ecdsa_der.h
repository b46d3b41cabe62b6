/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two forms of an ECDSA signature: r||s of fixed width, as COSE and JOSE have it (RFC 9053,
 * 2.1), and the SEQUENCE of two INTEGERs that OpenSSL takes and gives (RFC 3279, 2.2.3). By way of
 * OpenSSL's own types this takes ten allocations, and a fiftieth of the signature's verification.
 */
#ifndef CRYPTO_ECDSA_DER_H
#define CRYPTO_ECDSA_DER_H

#include "atls/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>

/* DER of a signature on P-521: two INTEGERs of at most 67 octets, and headers. */
enum { ATLS_MAX_ECDSA_DER_LEN = 144 };

/* atls_ecdsa_to_der gives the length of the DER; 0 for a signature that is longer than on P-521, or
 * has no halves. */
size_t atls_ecdsa_to_der(struct atls_bytes raw, uint8_t der[ATLS_MAX_ECDSA_DER_LEN]);
/* atls_ecdsa_from_der fills `raw`, half with r and half with s; false for what is no DER of two
 * numbers that fit. */
ATLS_NODISCARD bool atls_ecdsa_from_der(struct atls_bytes der, uint8_t *raw, size_t raw_len);

#endif
