/* SPDX-License-Identifier: Apache-2.0 */
/* Parts that several messages have. No other file than message*.c includes this. */
#ifndef SVC_VERIFIER_MESSAGE_PARTS_H
#define SVC_VERIFIER_MESSAGE_PARTS_H

#include "base/reader.h"
#include "base/writer.h"
#include "svc/verifier/message.h"

/* Octets with 32 bits of length in front. */
void verifier_put_long(struct atls_writer *w, struct atls_bytes octets);
bool verifier_get_long(struct atls_reader *r, struct atls_bytes *out);

void verifier_put_diag(struct atls_writer *w, const struct atls_diag *diag);
bool verifier_get_diag(struct atls_reader *r, struct atls_diag *out);

/* A format by its name; none is the empty name. */
void verifier_put_format(struct atls_writer *w, const struct atls_format *format);
bool verifier_get_format(struct atls_reader *r, const struct atls_format **out);

void verifier_put_match(struct atls_writer *w, const struct verifier_match *match);
bool verifier_get_match(struct atls_reader *r, struct verifier_match *out);

/* What collateral is wanted; whoever reads has no use for what is not one of the kinds. */
void verifier_put_wanted(struct atls_writer *w, const struct atls_collateral_wanted *wanted);
bool verifier_get_wanted(struct atls_reader *r, struct atls_collateral_wanted *out);
void verifier_put_fetched(struct atls_writer *w, const struct verifier_fetched *fetched);
bool verifier_get_fetched(struct atls_reader *r, struct verifier_fetched *out);

void verifier_put_outcome(struct atls_writer *w, const struct verifier_outcome *outcome);
/* On false *out is empty. */
bool verifier_get_outcome(struct atls_reader *r, struct verifier_outcome *out, bool with_claims);

#endif
