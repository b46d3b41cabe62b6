/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a verified quote says, in the words of CoRIM (docs/endorsements.md, "intel"), and the
 * reference values that it meets.
 */
#ifndef APPRAISER_INTEL_MEASURED_H
#define APPRAISER_INTEL_MEASURED_H

#include "appraiser/intel/verified.h"
#include "endorsement/apply.h"
#include "endorsement/intel.h"

/* Measured values by the key of their measurement; those of Intel's profile have none. */
#define ATLS_QUOTE_MAX_MAPS       8
#define ATLS_QUOTE_MAX_EXTENSIONS 12
#define ATLS_QUOTE_MAX_ADVISORIES ((size_t)3 * ATLS_INTEL_MAX_ADVISORIES)

/* All spans point into the facts, the collateral, or this struct: it does not move. */
struct atls_quote_measured {
    struct atls_environment environment;
    struct atls_measurement_map maps[ATLS_QUOTE_MAX_MAPS];
    struct atls_claim claims[ATLS_QUOTE_MAX_MAPS];
    size_t num_maps;
    struct atls_mextension extensions[ATLS_QUOTE_MAX_EXTENSIONS];
    size_t num_extensions;
    struct atls_mregister registers[ATLS_QUOTE_NUM_RTMRS];
    struct atls_mdigest digests[ATLS_QUOTE_NUM_RTMRS];
    uint64_t components[ATLS_INTEL_COMPONENTS];
    char pce_id[5];
    struct atls_bytes status;
    struct atls_bytes advisories[ATLS_QUOTE_MAX_ADVISORIES];
    size_t num_advisories;
};

/* atls_quote_measured_new gives it to the caller, who frees it; it borrows `verified`. */
ATLS_NODISCARD enum atls_err atls_quote_measured_new(struct atls_quote_measured **out,
                                                     const struct atls_quote_verified *verified,
                                                     struct atls_diag *diag);
void atls_quote_measured_free(struct atls_quote_measured *measured);
void atls_quote_measured_cleanup(struct atls_quote_measured **measured);
/* atls_quote_measured_claims lends all of it, as endorsers' conditions see it. */
struct atls_claims atls_quote_measured_claims(const struct atls_quote_measured *measured,
                                              const struct atls_quote_verified *verified);

/* What a reference value that is met may have stated. */
enum atls_quote_stated {
    ATLS_STATED_SEPT_VE = 1u << 0, /* these two are bits of attributes */
    ATLS_STATED_MIGRATABLE = 1u << 6,
    ATLS_STATED_CONFIG_ID = 1u << 1,
    ATLS_STATED_OWNER = 1u << 2,
    ATLS_STATED_OWNER_CONFIG = 1u << 3,
    ATLS_STATED_SERVICE_TD = 1u << 4,
    ATLS_STATED_XFAM = 1u << 5,
    ATLS_STATED_CONFIG_SVN = 1u << 7
};
struct atls_quote_references {
    bool any;        /* there are some for this kind of Evidence */
    bool met;        /* one that says which code runs is met */
    unsigned stated; /* what all that are met state */
};
/*
 * atls_quote_references_find looks for records that are met in full, each measurement of theirs. A
 * record counts only if it says which code it is for: mrtee, or for an enclave mrsigner and
 * isvprodid, each as a value and not as one that is excluded.
 */
struct atls_quote_references atls_quote_references_find(struct atls_quote_measured *measured,
                                                        const struct atls_quote_verified *verified,
                                                        const struct atls_appraisal_input *input);

#endif
