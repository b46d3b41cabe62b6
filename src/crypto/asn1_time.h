/* SPDX-License-Identifier: Apache-2.0 */
/* Dates of certificates and lists. */
#ifndef CRYPTO_ASN1_TIME_H
#define CRYPTO_ASN1_TIME_H

#include <openssl/asn1.h>
#include <stdbool.h>
#include <stdint.h>

/* atls_asn1_seconds gives seconds since 1970; false for no time. */
bool atls_asn1_seconds(const ASN1_TIME *time, int64_t *out);

#endif
