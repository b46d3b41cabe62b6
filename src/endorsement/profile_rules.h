/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What profiles demand of environments, measurements and keys: tables, and the one way to hold a
 * record against them. Names and numbers are those of each profile's document.
 */
#ifndef ENDORSEMENT_PROFILE_RULES_H
#define ENDORSEMENT_PROFILE_RULES_H

#include "endorsement/corim.h"

enum atls_member { ATLS_MAY, ATLS_MUST, ATLS_MUST_NOT };

struct atls_environment_rule {
    enum atls_member class_id, instance;
    uint64_t class_tag;
    size_t class_lens[3];           /* 0: no further one */
    struct atls_bytes class_octets; /* one class-id and no other; empty: any */
    const char *class_text;
    uint64_t instance_tag;
    size_t instance_len;   /* 0: any */
    bool instance_is_rand; /* a UEID of type RAND: the first octet is 01 */
    const char *instance_text;
    const char *vendor; /* exactly this; "": any text; NULL: may be anything or absent */
    const char *model;
};

/* Measurements with one key, and what they may hold (bits of enum atls_measured_has). */
struct atls_measurement_rule {
    const char *text;      /* of a text */
    const char *expected;  /* the sentence for other values */
    uint64_t number, last; /* of a number, first and last; of a tag its number */
    int64_t only_digest;   /* exactly one digest, of this algorithm; -1: of any; 0: no bound */
    size_t raw_len;        /* 0: any */
    size_t min_count, max_count; /* in one record; max 0: no bound */
    uint32_t must, may;
    enum atls_mkey_kind kind;
    bool has_signer; /* cryptokeys: one signer-id, a hash in tag 560 */
};

struct atls_profile_checks {
    const char *no_references; /* what a reference value is refused with; NULL: they are taken */
    const char *no_keys;
    struct atls_environment_rule references, keys;
    const struct atls_measurement_rule *rules;
    size_t num_rules;
    const char *mkey_text; /* the keys of `rules`, for sentences */
    uint64_t key_tags[3];  /* of the one key of a record */
    const char *key_text;
    bool refuse_zero; /* a digest of zeros is none: Nitro in debug mode */
};

/* One record of reference values or attestation keys. */
struct atls_record {
    const struct atls_cbor *at;
    const struct atls_cbor *environment_item;
    const struct atls_environment *environment;
    const struct atls_cbor *list; /* measurements or keys, read already */
};

ATLS_NODISCARD enum atls_err atls_profile_check_references(const struct atls_corim *corim,
                                                           const struct atls_record *record);
ATLS_NODISCARD enum atls_err atls_profile_check_keys(const struct atls_corim *corim,
                                                     const struct atls_record *record);

extern const struct atls_corim_rules atls_rules_psa, atls_rules_tpm2;
extern const struct atls_profile_checks atls_checks_cca_platform, atls_checks_cca_realm,
    atls_checks_snp, atls_checks_intel, atls_checks_riot, atls_checks_enacttrust, atls_checks_nitro;

#endif
