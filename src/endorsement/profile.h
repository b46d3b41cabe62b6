/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles of CoRIM: which format of Evidence a file speaks of, and how it must be built. A new
 * profile is one row of profile.c and its checks.
 */
#ifndef ENDORSEMENT_PROFILE_H
#define ENDORSEMENT_PROFILE_H

#include "base/formats.h"
#include "endorsement/environment.h"

struct atls_corim_rules;
struct atls_profile_checks;

/* What keys below zero a profile may have in maps. */
enum atls_extensions {
    ATLS_EXTENSIONS_NONE,
    ATLS_EXTENSIONS_INTEL, /* in measured values, those of intel.h */
    ATLS_EXTENSIONS_ANY    /* in a file whose profile is not known, and which has no effect */
};

struct atls_profile {
    const char *name;
    const char *formats[2]; /* names of formats of Evidence; the second may be NULL */
    const char *uri;        /* NULL: its identifier is an OID */
    const char *alias;      /* another URI with the same meaning */
    const char *old_uri;    /* of the dialect before 2025 */
    struct atls_bytes oid;  /* content octets */
    struct atls_bytes other_oid;
    const struct atls_corim_rules *rules; /* psa, tpm2: keys and reference values are looked up
                                             by instance and class; NULL for others */
    enum atls_extensions extensions;
    enum atls_labels labels; /* of vendor and model */
    const struct atls_profile_checks *checks;
};

/* atls_profile_at gives row `index`, NULL behind the last. */
const struct atls_profile *atls_profile_at(size_t index);
/* These give NULL when no row has it. *out_is_old: the URI is that of before 2025. */
const struct atls_profile *atls_profile_by_uri(struct atls_bytes uri, bool *out_is_old);
const struct atls_profile *atls_profile_by_oid(struct atls_bytes oid);
const struct atls_profile *atls_profile_by_name(struct atls_bytes name);

bool atls_profile_has_format(const struct atls_profile *profile, const char *format);
/* atls_profile_format gives the first format of a profile that is built in, or NULL. */
const struct atls_format *atls_profile_format(const struct atls_profile *profile);

#endif
