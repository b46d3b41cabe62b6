/* SPDX-License-Identifier: Apache-2.0 */
/* Unsigned CoRIM from JSON templates (the shape of cocli's, both dialects of it read, the new one
 * of 2025 written): `atls corim create` and `atls keygen`. */
#ifndef ENDORSEMENT_CORIM_CREATE_H
#define ENDORSEMENT_CORIM_CREATE_H

#include "base/diag.h"

/*
 * atls_corim_create makes one CoRIM of `num` JSON texts: CoMID templates and at most one CoRIM
 * template (recognised by its members). Without a CoRIM template, `profile` (may be NULL) and a
 * random id are used. `simulated` adds the entity "atls simulation". Gives *out, freed by free().
 */
ATLS_NODISCARD enum atls_err atls_corim_create(uint8_t **out, size_t *out_len,
                                               const struct atls_bytes *templates, size_t num,
                                               const char *profile, bool simulated,
                                               struct atls_diag *diag);
#endif
