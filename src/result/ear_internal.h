/* SPDX-License-Identifier: Apache-2.0 */
/* What the reader of Results is made of, for ear_*.c only. `map` is where a claim is looked for. */
#ifndef RESULT_EAR_INTERNAL_H
#define RESULT_EAR_INTERNAL_H

#include "result/ear_form.h"
#include "result/vector.h"

/* atls_ear_wrong refuses a claim of the submod, or of the whole, that is being read. */
enum atls_err atls_ear_wrong(const struct atls_ear_reader *r, const struct atls_ear_row *row,
                             const char *found, const char *expected);
/* atls_ear_find gives a claim in whatever spelling it has; two of them are one claim twice.
 * atls_ear_need refuses where there is none. */
enum atls_err atls_ear_find(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                            const struct atls_ear_row *row, struct atls_ear_node *out, bool *found);
enum atls_err atls_ear_need(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                            enum atls_ear_claim claim, struct atls_ear_node *out);
/* atls_ear_text reads a value; the others read a claim that may be there. */
enum atls_err atls_ear_text(const struct atls_ear_reader *r, const struct atls_ear_node *node,
                            enum atls_ear_claim claim, struct atls_bytes *out);
enum atls_err atls_ear_octets(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                              enum atls_ear_claim claim, size_t min, size_t max,
                              struct atls_bytes *out);
enum atls_err atls_ear_status(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                              enum atls_tier *out, bool *found);
/* atls_ear_free_map reads a map whose contents are free. */
enum atls_err atls_ear_free_map(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                                enum atls_ear_claim claim, struct atls_ear_value *out);
/* atls_ear_submod_read reads one appraisal, whose name r->submod is. */
enum atls_err atls_ear_submod_read(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                                   struct atls_ear_submod *submod);

#endif
