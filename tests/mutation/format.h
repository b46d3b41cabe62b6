/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a format of Evidence gives to be mutated: one row, in a file format_NAME.c of its own, with
 * NAME.regions and NAME.fields beside it and samples in tests/kat/NAME (docs/testing.md).
 */
#ifndef MUTATION_FORMAT_H
#define MUTATION_FORMAT_H

#include "endorsement/collateral.h"
#include "mutation/shape.h"
#include "mutation/value.h"
#include "support/sample.h"

#include <jansson.h>

/* One field that is signed anew: where it stands and what kind of value it is. */
struct mutation_field {
    const char *name;
    enum value_kind kind;
};

struct mutation_format {
    const char *name; /* row of the table of names, and of the files */
    /* raw: the samples to mutate, and to splice them with; which byte strings hold CBOR */
    const char *const *samples;
    const char *const *embedded;
    /* NULL, or what of a byte string is signed, in an order of its own: the rest of it is PATH~ */
    struct atls_bytes (*signed_part)(const char *path, struct atls_bytes leaf);
    const char *other; /* another format, whose samples answer the same nonces */
    /*
     * unsigned: false, and what in `out_why`, for verified claims that the default policy must not
     * accept for a sample, given what expected.json has for it.
     */
    bool (*may_accept)(const json_t *claims, const json_t *expected, const char **out_why);
    /* re-signed */
    const struct mutation_field *fields;
    size_t num_fields;
    /* set_up makes keys and what endorses them; afterwards nonce and key are those of `make`. */
    void (*set_up)(struct test_sample *out_original, const struct atls_endorsements **out_set);
    /*
     * make gives a CMW whose root signed it after `change` was made (CHANGE_NONE: the original).
     * change->applied says whether it was: it is not when the field has no such mutation.
     */
    struct atls_bytes (*make)(struct value_change *change);
    /*
     * NULL, or it gives the collateral of what `make` gave last, signed anew; an error where it
     * cannot be read, which is then what came of the change. A refusal is told with its claim.
     */
    enum atls_err (*bring)(struct atls_collateral **out, struct atls_diag *diag);
};

extern const struct mutation_format mutation_psa;
extern const struct mutation_format mutation_tpm2;
extern const struct mutation_format mutation_nitro;
extern const struct mutation_format mutation_snp;
extern const struct mutation_format mutation_kat;
extern const struct mutation_format mutation_sgx;
extern const struct mutation_format mutation_tdx;
/* Variants, re-signed only: they have a table of fields, and no samples. */
extern const struct mutation_format mutation_psa_interim;
extern const struct mutation_format mutation_psa_legacy;
extern const struct mutation_format mutation_tpm2_rsa;
/* What Intel signs beside quotes. */
extern const struct mutation_format mutation_pck;
extern const struct mutation_format mutation_tcb_info;
extern const struct mutation_format mutation_qe_identity;

/* What may be accepted of a PSA token as part of a bundle: as may_accept of psa, but for its nonce.
 */
bool mutation_psa_may_be_part(const json_t *claims, const json_t *expected, const char **out_why);

#endif
