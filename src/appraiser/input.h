/* SPDX-License-Identifier: Apache-2.0 */
/* What every appraiser does alike with its input: check it, compare the nonce, find its row. */
#ifndef APPRAISER_INPUT_H
#define APPRAISER_INPUT_H

#include "appraiser/appraiser.h"

/* The steps that sentences name. */
#define ATLS_STEP_INPUT       "appraisal input"
#define ATLS_STEP_STRUCTURE   "evidence structure"
#define ATLS_STEP_ENDORSEMENT "evidence endorsement"
#define ATLS_STEP_SIGNATURE   "evidence signature"
#define ATLS_STEP_CLAIMS      "evidence claims"
#define ATLS_STEP_FRESHNESS   "evidence freshness"
#define ATLS_STEP_KEY_BINDING "evidence key binding"
#define ATLS_STEP_APPRAISAL   "evidence appraisal"

/* atls_input_check refuses an appraisal that could not refuse: without endorsements, or without a
 * nonce unless the caller says so. */
ATLS_NODISCARD enum atls_err atls_input_check(const struct atls_appraisal_input *input,
                                              struct atls_diag *diag);

/* atls_input_check_unverified is for Evidence that somebody else verifies: with a nonce always. */
ATLS_NODISCARD enum atls_err atls_input_check_unverified(const struct atls_appraisal_input *input,
                                                         struct atls_diag *diag);

/* atls_input_compare_nonce compares all octets and the length, in constant time.
 * `claim` names where `found` stood. Nothing is compared when input->no_nonce. */
ATLS_NODISCARD enum atls_err atls_input_compare_nonce(const struct atls_appraisal_input *input,
                                                      struct atls_bytes found, const char *claim,
                                                      struct atls_diag *diag);

/* atls_input_compare_padded_nonce is for roots of trust that take 64 octets, to which a shorter
 * nonce is padded with zeros: all 64 of `found` are compared. */
ATLS_NODISCARD enum atls_err
atls_input_compare_padded_nonce(const struct atls_appraisal_input *input, struct atls_bytes found,
                                const char *claim, struct atls_diag *diag);

/* atls_input_challenge_binding is that of Evidence which names no TLS key: that the key belongs to
 * it rests on the binder, which is the nonce and holds the key's hash ("challenge"). Without a key
 * to compare there was no binder. */
enum atls_key_binding atls_input_challenge_binding(const struct atls_appraisal_input *input);

/* An endorsement that has ended since it was loaded (a Verifier may run for months) counts for
 * nothing: atls_input_check_anchor says so, and atls_input_next_reference passes it over. It also
 * passes over what its endorser lets other keys say only (authorized-by): `signer` signed. */
ATLS_NODISCARD enum atls_err atls_input_check_anchor(const struct atls_trust_anchor *anchor,
                                                     int64_t now_s, struct atls_diag *diag);
const struct atls_reference *atls_input_next_reference(const struct atls_appraisal_input *input,
                                                       const struct atls_format *format,
                                                       struct atls_bytes class_id,
                                                       const struct atls_trust_anchor *signer,
                                                       size_t *cursor);

/* atls_evidence_recode gives MALFORMED of the codecs the code that Evidence has. */
enum atls_err atls_evidence_recode(enum atls_err err, struct atls_diag *diag);

#endif
