/* SPDX-License-Identifier: Apache-2.0 */
/* The two orders of a set: they make look-ups a binary search and equal entries neighbours. */
#ifndef ENDORSEMENT_ORDER_H
#define ENDORSEMENT_ORDER_H

#include "endorsement/batch.h"

/* atls_octets_compare orders by length, then by octets: public ones only. */
int atls_octets_compare(struct atls_bytes a, struct atls_bytes b);
/* Anchors: by format, instance, class. References: by format, class, then by all they say. */
int atls_anchor_compare(const struct atls_trust_anchor *a, const struct atls_trust_anchor *b);
int atls_reference_compare(const struct atls_reference *a, const struct atls_reference *b);
/* atls_anchor_compare_instance and atls_reference_compare_class look at the first two only. */
int atls_anchor_compare_instance(const struct atls_trust_anchor *a,
                                 const struct atls_trust_anchor *b);
int atls_reference_compare_class(const struct atls_reference *a, const struct atls_reference *b);

/* atls_batch_sort brings a batch into these orders. */
void atls_batch_sort(struct atls_batch *batch);

#endif
