/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share about certificates of makers of roots of trust. */
#ifndef CRYPTO_X509_INTERNAL_H
#define CRYPTO_X509_INTERNAL_H

#include "crypto/asn1_time.h"
#include "crypto/chain.h"

#include <openssl/x509.h>

/* X509 of a certificate, whose extensions OpenSSL has looked at: nothing of it changes later. */
X509 *atls_x509_ossl(const struct atls_x509 *cert);

/* atls_chain_is_signed_by is true when an algorithm identifier is that of a profile, parameters
 * and all. */
bool atls_chain_is_algorithm(const X509_ALGOR *algorithm, enum atls_chain_signature wanted);
/* atls_chain_key_fits is true when a key makes such signatures. */
bool atls_chain_key_fits(const struct atls_key *key, enum atls_chain_signature wanted);
/* atls_chain_algorithm_name says what is wanted, for sentences. */
const char *atls_chain_algorithm_name(enum atls_chain_signature wanted);

#endif
