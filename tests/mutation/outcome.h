/* SPDX-License-Identifier: Apache-2.0 */
/* What came of one piece of Evidence: of its appraisal, and of the default policy's decision. */
#ifndef MUTATION_OUTCOME_H
#define MUTATION_OUTCOME_H

#include "support/sample.h"
#include "verifier/verifier.h"

struct outcome {
    enum atls_err appraisal;
    enum atls_err decision; /* of the policy; only where the appraisal is OK */
    struct atls_submod submod;
    uint8_t machine[128]; /* submod.machine points here: the Evidence may be gone */
    struct atls_diag diag;
};

/* outcome_context says what is being tried, for the sentence of outcome_of when it gives up. */
void outcome_context(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* outcome_of appraises `cmw` against the nonce, the key and the format of `sample`, and decides.
 * Afterwards outcome_cleanup frees. A refusal that is not a peer's fault, or that leaves traces in
 * the output, ends the program: no octet of a peer may cause either. */
void outcome_of(struct outcome *out, const struct test_sample *sample, struct atls_bytes cmw,
                const struct atls_endorsements *set, const struct atls_crypto_ops *crypto);
/* outcome_with is the same with collateral beside that of the set; NULL: none. */
void outcome_with(struct outcome *out, const struct test_sample *sample, struct atls_bytes cmw,
                  const struct atls_endorsements *set, const struct atls_collateral *collateral,
                  const struct atls_crypto_ops *crypto);
void outcome_cleanup(struct outcome *outcome);

/* outcome_equal compares everything that a verdict could show. */
bool outcome_equal(const struct outcome *a, const struct outcome *b);

/*
 * outcome_text says what came of it: the name of an error; "accepted" where the policy accepts;
 * else the reason and each claim of the vector that differs from that of the original,
 * "LIFECYCLE configuration=32".
 */
void outcome_text(char out[200], const struct outcome *outcome, const struct outcome *original);

#endif
