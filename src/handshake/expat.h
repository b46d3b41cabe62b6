/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The binder of attestation after the handshake (draft-fossati-seat-expat-04, "Attestation
 * Binder"):
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

/* Of version -04. Earlier ones had other labels, for peers that have not moved on. */
#define ATLS_EXPAT_LABEL    "EXPORTER-cmw-attestation"
#define ATLS_EXPAT_LABEL_02 "Attestation" /* -02, -03 */
#define ATLS_EXPAT_LABEL_01 "Attestation Binding"

/* atls_expat_export takes `exported` for the context of a request; it is a secret of the
 * connection. */
ATLS_NODISCARD enum atls_err atls_expat_export(struct atls_digest *out,
                                               const struct atls_exporter *exporter,
                                               const char *label, struct atls_bytes context,
                                               struct atls_diag *diag);

/* atls_expat_bind is the second step, for the key `spki`: what an attester's room gets. */
ATLS_NODISCARD enum atls_err atls_expat_bind(const struct atls_crypto_ops *ops, int32_t hash_alg,
                                             const struct atls_digest *exported,
                                             struct atls_bytes spki, struct atls_digest *out,
                                             struct atls_diag *diag);

/* atls_expat_binder is both, for the key `spki` and the context of the request. */
ATLS_NODISCARD enum atls_err atls_expat_binder(const struct atls_crypto_ops *ops,
                                               struct atls_digest *out,
                                               const struct atls_exporter *exporter,
                                               const char *label, struct atls_bytes context,
                                               struct atls_bytes spki, struct atls_diag *diag);

#endif
