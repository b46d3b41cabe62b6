/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The binder of attestation after the handshake (draft-fossati-seat-expat-04, 4.2):
 *
 *   exported = TLS-Exporter("EXPORTER-cmw-attestation", certificate_request_context, 32)
 *   binder   = Hash(public_key || exported)
 *
 * The draft does not say which octets `public_key` is: here it is the DER SubjectPublicKeyInfo of
 * the authenticator's end-entity certificate. `exported` has a fixed length and stands at the end,
 * so that no two pairs make the same octets. Other uses of the exporter have other labels
 * (R-07).
 */
#ifndef HANDSHAKE_EXPAT_H
#define HANDSHAKE_EXPAT_H

#include "handshake/authenticator_keys.h"

/* Of version -04. Earlier ones had "Attestation" (-02, -03) and "Attestation Binding" (-01). */
#define ATLS_EXPAT_LABEL "EXPORTER-cmw-attestation"

/* atls_expat_binder computes it for the key `spki` and the context of the request. */
ATLS_NODISCARD enum atls_err atls_expat_binder(const struct atls_crypto_ops *ops,
                                               struct atls_digest *out,
                                               const struct atls_exporter *exporter,
                                               const char *label, struct atls_bytes context,
                                               struct atls_bytes spki, struct atls_diag *diag);

#endif
