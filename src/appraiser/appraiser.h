/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appraisers: one folder a format, all with the same three files and order, which their types make
 * the only one: structure (parse) -> signatures (verify) -> claims. Nothing that was read before
 * the signature verified leaves an appraiser.
 */
#ifndef APPRAISER_APPRAISER_H
#define APPRAISER_APPRAISER_H

#include "codec/cmw.h"
#include "endorsement/collateral.h"
#include "endorsement/endorsement.h"
#include "result/appraisal.h"
#include "result/vector.h"

struct atls_lookup;

struct atls_appraisal_input {
    const struct atls_crypto_ops *crypto;
    const struct atls_endorsements *endorsements;
    struct atls_bytes evidence;       /* value of the CMW record */
    struct atls_bytes media_type;     /* how it was labelled; empty when by content format */
    struct atls_bytes expected_nonce; /* the binder; empty only for `atls appraise --nonce none` */
    bool no_nonce;                    /* --nonce none: not fresh, at best warning */
    struct atls_bytes tls_spki;       /* DER SPKI of the TLS key; empty for `atls appraise` */
    int64_t now_s;
    bool want_claims; /* fill claims_json */
    /* For the scopes of endorsement/collateral.h; NULL where nothing can be fetched. */
    const struct atls_collateral_fetched *fetched;
    struct atls_collateral_wanted *wanted;
    /* Lowered to the first end among the certificates, lists and collateral that the outcome rests
     * on, loaded CoRIM apart (base/ends.h); NULL: nobody asks. */
    int64_t *ends_s;
    const struct atls_lookup *lookup; /* of these octets under this label; NULL: none was made */
};

/*
 * One row of a format's table in docs/appraisal.md, which is made of these tables: what a check
 * found, and which value it gives to which claim (0: it says nothing of that one). The first row of
 * a table is the vector of Evidence in which nothing is wrong; any other makes claims of it worse.
 */
struct atls_appraiser_rule {
    const char *what;
    enum atls_err reason;
    struct atls_trust_vector vector;
};

#define ATLS_APPRAISER_ABI 2u

struct atls_appraiser_ops {
    uint32_t abi;
    uint32_t size;
    const char *format;                      /* row of the table of names */
    const struct atls_appraiser_rule *rules; /* every vector is made of these alone; a bundle */
    size_t num_rules;                        /* has none but those of its parts */
    /*
     * appraise fills one submod. ATLS_OK means that the Evidence is authentic, fresh and about the
     * right key, whatever its status is; a measurement or lifecycle that is not trusted is a tier
     * in the vector with its `reason`, not an error. Malformed, unendorsed, badly signed, stale or
     * misbound Evidence is an error: there are then no claims.
     */
    enum atls_err (*appraise)(struct atls_submod *out, const struct atls_appraisal_input *input,
                              struct atls_diag *diag);
    /*
     * read_unverified is for Evidence whose signatures a remote Verifier checks: it looks at none,
     * and input->endorsements may be NULL. It compares what such a Verifier may only have repeated,
     * the nonce and the TLS key, with the errors of `appraise`, and fills what the
     * Evidence says: key binding, attested key, machine, measurements, identities, reference
     * values. Vector and status stay "none", which no policy takes: they are the Verifier's to say.
     */
    enum atls_err (*read_unverified)(struct atls_submod *out,
                                     const struct atls_appraisal_input *input,
                                     struct atls_diag *diag);
};

/* The table, chosen at build time. NULL when no appraiser has that format. */
const struct atls_appraiser_ops *atls_appraiser_for(const struct atls_format *format);

extern const struct atls_appraiser_ops atls_appraiser_psa;
extern const struct atls_appraiser_ops atls_appraiser_snp;
extern const struct atls_appraiser_ops atls_appraiser_tpm2;
extern const struct atls_appraiser_ops atls_appraiser_kat;
extern const struct atls_appraiser_ops atls_appraiser_nitro;
extern const struct atls_appraiser_ops atls_appraiser_tdx;
extern const struct atls_appraiser_ops atls_appraiser_sgx;

#endif
