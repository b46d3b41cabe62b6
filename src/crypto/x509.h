/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One X.509 certificate that was read (RFC 5280, 4), of a maker of roots of trust: what it says,
 * for those who read it. Nothing here is verified; crypto/chain.h does that.
 *
 * Reading is strict where two readers could see two things: DER with nothing after it, version 3,
 * no extension twice. AMD's certificates have serial number 0 and neither keyUsage nor
 * basicConstraints in leaves; that is taken here, and judged by the chain's profile.
 */
#ifndef CRYPTO_X509_H
#define CRYPTO_X509_H

#include "base/diag.h"
#include "crypto/key.h"

#include <stdbool.h>

/* Largest DER of one certificate: those of AMD have 1,700 octets. */
#define ATLS_MAX_X509_LEN 8192

struct atls_x509; /* immutable once read, so threads share it */

/* atls_x509_read copies what it needs. ATLS_ERR_MALFORMED for what is no such certificate,
 * ATLS_ERR_ALGORITHM for a key that is not one of ours. */
ATLS_NODISCARD enum atls_err atls_x509_read(struct atls_x509 **out, struct atls_bytes der,
                                            struct atls_diag *diag);
/* NULL is fine. */
void atls_x509_free(struct atls_x509 *cert);

/* These lend, as long as the certificate lives. */
struct atls_bytes atls_x509_der(const struct atls_x509 *cert);
struct atls_bytes atls_x509_spki(const struct atls_x509 *cert);    /* DER */
struct atls_bytes atls_x509_subject(const struct atls_x509 *cert); /* DER of the Name */
struct atls_bytes atls_x509_issuer(const struct atls_x509 *cert);  /* DER of the Name */
struct atls_bytes atls_x509_serial(const struct atls_x509 *cert);  /* INTEGER's content octets */
const struct atls_key *atls_x509_key(const struct atls_x509 *cert);
/* Common name of subject and issuer, "" where there is none; printable ASCII, others as '?'. */
const char *atls_x509_common_name(const struct atls_x509 *cert);
const char *atls_x509_issuer_name(const struct atls_x509 *cert);
int64_t atls_x509_not_before(const struct atls_x509 *cert); /* seconds since 1970 */
int64_t atls_x509_not_after(const struct atls_x509 *cert);
/* True for a certificate whose subject is its issuer. */
bool atls_x509_is_self_issued(const struct atls_x509 *cert);

/* atls_x509_is_signed_by is true when the key of `issuer` signed this certificate: to choose among
 * certificates of one name, before a chain of them is checked. */
bool atls_x509_is_signed_by(const struct atls_x509 *cert, const struct atls_x509 *issuer);

/*
 * atls_x509_extension lends the content octets of extnValue of the extension `oid`, given as the
 * content octets of its OBJECT IDENTIFIER (AMD's 1.3.6.1.4.1.3704.1.4 is 2b 06 01 04 01 9c 78 01
 * 04). What is in them is the vendor's: a DER value, or, in AMD's hwID, bare octets. False when the
 * certificate has none.
 */
bool atls_x509_extension(const struct atls_x509 *cert, struct atls_bytes oid,
                         struct atls_bytes *out);

#endif
