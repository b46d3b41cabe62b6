/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of attestation documents begin with. */
#ifndef APPRAISER_NITRO_SCENE_H
#define APPRAISER_NITRO_SCENE_H

#include "scene.h"
#include "support/nitro_maker.h"

static struct test_nitro_chain chain;
static struct atls_endorsements *set;

/* The root of `chain`, and its image by PCR 0, 1 and 2. */
static inline struct atls_endorsements *nitro_endorsements(bool simulated)
{
    struct atls_endorsements *made = test_endorsements();
    test_add_nitro_root(made, chain.certs[0], simulated);
    test_add_nitro_image(made, 7);
    return made;
}

static inline void nitro_set_up(void)
{
    test_nitro_chain_init(&chain);
    test_nitro_issue(&chain);
    set = nitro_endorsements(false);
}

static inline enum atls_err appraise_octets(struct scene *s, struct atls_bytes evidence)
{
    scene_init(s, set, test_nitro_nonce());
    return appraise(s, &atls_appraiser_nitro, evidence);
}

static inline enum atls_err appraise_document(struct scene *s, const struct test_nitro *document)
{
    return appraise_octets(s, test_nitro_sign(document));
}

#endif
