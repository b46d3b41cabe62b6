/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENDORSEMENT_STATEMENT_READ_H
#define ENDORSEMENT_STATEMENT_READ_H

#include "endorsement/corim.h"
#include "endorsement/statement.h"

/* atls_corim_statement checks one record of a triple, and what the file's profile demands of it. */
ATLS_NODISCARD enum atls_err atls_corim_statement(const struct atls_corim *corim,
                                                  enum atls_triple triple,
                                                  const struct atls_cbor *record,
                                                  struct atls_statement *out);
/* atls_statement_context gives what reading a statement again needs: without a diag, for it was
 * checked when it was loaded. */
struct atls_corim atls_statement_context(const struct atls_statement *statement);
/* atls_corim_certificates adds what an attest-key triple names by certificates (tags 555, 556, 562)
 * as authorities for its environment. */
ATLS_NODISCARD enum atls_err atls_corim_certificates(const struct atls_corim *corim,
                                                     const struct atls_statement *statement);
/* atls_corim_cots reads the map of a CoTS (draft-ietf-rats-concise-ta-stores) into authorities. */
ATLS_NODISCARD enum atls_err atls_corim_cots(struct atls_corim *corim, const struct atls_cbor *map);
/* atls_corim_cotl reads the map of a CoTL (draft-ietf-rats-corim-11, 6). */
ATLS_NODISCARD enum atls_err atls_corim_cotl(struct atls_corim *corim, const struct atls_cbor *map);
/* atls_corim_tag_identity reads id and version of a CoMID, CoTS or CoTL; NULL: not the version of
 * the file. */
ATLS_NODISCARD enum atls_err atls_corim_tag_identity(const struct atls_corim *corim,
                                                     const struct atls_cbor *map,
                                                     struct atls_corim_source *file);

#endif
