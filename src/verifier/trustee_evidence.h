/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence as Trustee's Attestation Service wants it (confidential-containers/trustee,
 * attestation-service/docs/restful-as.md): a name of the kind of machine, and a JSON value of that
 * kind's own. A format that it takes is one row here.
 */
#ifndef VERIFIER_TRUSTEE_EVIDENCE_H
#define VERIFIER_TRUSTEE_EVIDENCE_H

#include "base/diag.h"
#include "base/formats.h"

#include <jansson.h>

/* verifier_trustee_tee gives the name of a format there; NULL: it takes none of that format. */
const char *verifier_trustee_tee(const struct atls_format *format);

/* verifier_trustee_format gives the row of the kind of machine that annotated evidence of Trustee's
 * is about; NULL for none that is known here, and for several. */
const struct atls_format *verifier_trustee_format(const json_t *annotated);

/*
 * verifier_trustee_evidence makes the JSON value (caller: json_decref) of Evidence as it is within
 * its CMW. EVIDENCE_MALFORMED for Evidence that has no such value, EVIDENCE_TYPE for a format
 * without a row.
 */
ATLS_NODISCARD enum atls_err verifier_trustee_evidence(json_t **out,
                                                       const struct atls_format *format,
                                                       struct atls_bytes evidence,
                                                       struct atls_diag *diag);

#endif
