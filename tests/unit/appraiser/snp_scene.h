/* SPDX-License-Identifier: Apache-2.0 */
/* One appraisal of a made-up SNP report. */
#ifndef APPRAISER_SNP_SCENE_H
#define APPRAISER_SNP_SCENE_H

#include "scene.h"
#include "support/snp_maker.h"

#define MAX_SETTINGS 6

/* run appraises what `snp` makes with endorsements of `set`; NULL: its own. */
static inline enum atls_err run(struct scene *s, const struct test_snp *snp,
                                const struct atls_endorsements *set)
{
    scene_init(s, set != NULL ? set : test_snp_endorsements(snp, false), test_snp_nonce());
    s->input.now_s = TEST_SNP_NOW;
    return appraise(s, &atls_appraiser_snp, test_snp_evidence(snp));
}

static inline enum atls_err run_settings(struct scene *s, const char *const *settings)
{
    struct test_snp snp;
    test_snp_init(&snp, settings);
    return run(s, &snp, NULL);
}

/* One thing that is wrong, in a report that is signed as it should be. */
struct negative {
    const char *settings[MAX_SETTINGS];
    enum atls_err err;
    const char *claim;
};

static inline void assert_negatives(const struct negative *cases, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        struct scene s;
        const enum atls_err err = run_settings(&s, cases[i].settings);
        if (err != cases[i].err || strcmp(s.diag.claim, cases[i].claim) != 0) {
            fail_msg("%s: %s, %s", cases[i].settings[0], atls_err_name(err), s.diag.claim);
        }
        assert_true(s.diag.found[0] != '\0' && s.diag.expected[0] != '\0');
    }
}

#define GOOD_VECTOR 2, 2, 3, 0, 2, 2, 0, 0

#define X16(octet)                                                                                 \
    octet octet octet octet octet octet octet octet octet octet octet octet octet octet octet octet
#define KEY_DIGEST X16("5a") X16("5a") X16("5a")

#endif
