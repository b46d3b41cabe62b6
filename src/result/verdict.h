/* SPDX-License-Identifier: Apache-2.0 */
/* From an appraisal to what a verdict keeps of it. */
#ifndef RESULT_VERDICT_H
#define RESULT_VERDICT_H

#include "result/appraisal.h"

/* atls_text_copy copies a NUL-terminated text into `cap` octets and cuts it where it would not fit;
 * NULL is the empty text. */
void atls_text_copy(char *out, size_t cap, const char *text);

/* atls_verdict_take_evidence fills evidence[] and key_binding; the claims of the submods are handed
 * over to the verdict. What the verdict had there must have been cleaned up. */
void atls_verdict_take_evidence(struct atls_verdict *verdict, struct atls_appraisal *appraisal);

#endif
