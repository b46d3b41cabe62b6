/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The act of appraisal in this process (RFC 9334, background check with Relying Party and Verifier
 * in one): CMW in, appraisal out. The format must be one that the caller expects: the peer's label
 * can only fail to match, it never selects.
 */
#ifndef VERIFIER_VERIFIER_H
#define VERIFIER_VERIFIER_H

#include "appraiser/appraiser.h"
#include "collateral/depot.h"

/* Where a process without a depot has collateral from: what it was handed. The functions are those
 * of collateral/depot.h; obtain never waits. */
struct atls_collateral_source {
    void *arg;
    enum atls_err (*obtain)(void *arg, struct atls_lease **out,
                            const struct atls_collateral_wanted *wanted, struct atls_diag *diag);
    void (*give_back)(void *arg, struct atls_lease *lease, enum atls_lease_end end);
};

struct atls_verify_request {
    const struct atls_crypto_ops *crypto;
    const struct atls_endorsements *endorsements;
    const struct atls_format *format; /* what was negotiated; NULL: any format, by its label */
    struct atls_bytes cmw;
    const struct atls_cmw *label;     /* instead of `cmw`, for who has read it; NULL: nobody has */
    const struct atls_lookup *lookup; /* of the value of that label; NULL: none was made */
    struct atls_bytes expected_nonce;
    bool no_nonce;
    struct atls_bytes tls_spki;
    int64_t now_s;
    bool want_claims;
    const struct atls_revocations *revoked; /* NULL: nothing is */
    bool signer_is_checked;                 /* of a certificate: who signed it, by the TLS stack */
    /* of a Result that another Verifier makes: the largest age in seconds; 0: as its own exp */
    uint32_t max_result_age_s;
    const struct atls_collateral *collateral; /* beside that of the endorsements; NULL: none */
    const struct atls_collateral *brought;    /* with the Evidence, around it; NULL: none */
    /* Where collateral that is missing is fetched; NULL: nowhere. The end of that waiting, by
     * CLOCK_MONOTONIC. */
    struct atls_depot *depot;
    int64_t deadline_ms;
    const struct atls_collateral_source *source; /* instead of a depot; NULL: none */
    /* What the outcome rests on, for who keeps it; NULL: nobody asks. Lowered as in struct
     * atls_appraisal_input, and by the end of a Result; gets the keys that may have signed one. */
    int64_t *ends_s;
    struct atls_identities *verifier_keys;
};

/*
 * atls_verify appraises; on success the caller runs atls_appraisal_cleanup(appraisal, free). Spans
 * in the appraisal borrow request->cmw, or what the appraisal itself owns. Besides the appraiser's
 * own errors: EVIDENCE_MALFORMED for what is no CMW; EVIDENCE_TYPE for another format than the
 * negotiated one, for a collection that is none, and for an Attestation Result; STATE for an
 * appraiser that contradicts itself. Revoked Evidence is no error: it is appraised, and
 * contraindicated.
 */
ATLS_NODISCARD enum atls_err atls_verify(struct atls_appraisal *out,
                                         const struct atls_verify_request *request,
                                         struct atls_diag *diag);

/* atls_verify_check_submod refuses a submod that an appraiser of `format` cannot have meant:
 * another format, a comparison that did not take place, a status that is better than its
 * vector, a simulated root on genuine hardware, nothing that could be revoked. `no_nonce` is
 * the request's. */
ATLS_NODISCARD enum atls_err atls_verify_check_submod(const struct atls_submod *submod,
                                                      const struct atls_format *format,
                                                      bool no_nonce, struct atls_diag *diag);

#endif
