/* SPDX-License-Identifier: Apache-2.0 */
/* Dates of certificates and lists. */
#ifndef CRYPTO_ASN1_TIME_H
#define CRYPTO_ASN1_TIME_H

#include <openssl/asn1.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Certificates, CoRIMs and lists hold by dates that OpenSSL and libc compare as time_t: one of 32
 * bits would make 2099 a year that has been. */
_Static_assert(sizeof(time_t) >= sizeof(int64_t), "atls needs a time_t of 64 bits");

/* atls_asn1_seconds gives seconds since 1970; false for no time. */
bool atls_asn1_seconds(const ASN1_TIME *time, int64_t *out);

#endif
