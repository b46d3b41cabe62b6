/* SPDX-License-Identifier: Apache-2.0 */
/* Who a certificate is of, as a text by which endorsers are told apart. */
#ifndef SVC_VERIFIER_SUBJECT_NAME_H
#define SVC_VERIFIER_SUBJECT_NAME_H

#include "crypto/cert.h"

enum { VERIFIER_SUBJECT_SIZE = 256 };

/* verifier_subject_name writes the subject, in which no two read alike (RFC 2253), or the key where
 * there is none: else all who have certificates without a subject were one. */
ATLS_NODISCARD enum atls_err verifier_subject_name(char out[VERIFIER_SUBJECT_SIZE],
                                                   const struct atls_cert_info *cert,
                                                   struct atls_diag *diag);

#endif
