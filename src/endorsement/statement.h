/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements: the triples of CoMID tags (draft-ietf-rats-corim-11, 5.1.4) that are no key and no
 * reference value of a format in place. They are checked when they are loaded and stay encoded;
 * what an appraiser asks for is taken out of them then.
 */
#ifndef ENDORSEMENT_STATEMENT_H
#define ENDORSEMENT_STATEMENT_H

#include "endorsement/endorsement.h"
#include "endorsement/measured.h"
#include "endorsement/profile.h"

/* Triples, by their key in triples-map; 7 and 9 are not assigned. */
enum atls_triple {
    ATLS_TRIPLE_REFERENCE = 0,
    ATLS_TRIPLE_ENDORSED = 1,
    ATLS_TRIPLE_IDENTITY = 2,
    ATLS_TRIPLE_ATTEST_KEY = 3,
    ATLS_TRIPLE_DEPENDENCY = 4,
    ATLS_TRIPLE_MEMBERSHIP = 5,
    ATLS_TRIPLE_COSWID = 6,
    ATLS_TRIPLE_SERIES = 8,
    ATLS_TRIPLE_CONDITIONAL = 10,
    ATLS_NUM_TRIPLES = 11
};

/* One record. `environment` is its first; of a conditional endorsement that of the first
 * condition. */
struct atls_statement {
    enum atls_triple triple;
    const struct atls_profile *profile; /* NULL: none or not known, and then without effect */
    bool old_profile;
    struct atls_environment environment;
    struct atls_cbor record;
    const char *source;
    const struct atls_corim_source *file;
    int64_t not_after_s;
};

/* What a certificate or key may be used for (draft-ietf-rats-concise-ta-stores, 3): bits. */
enum atls_purpose {
    ATLS_PURPOSE_COTS = 1u << 0,
    ATLS_PURPOSE_CORIM = 1u << 1,
    ATLS_PURPOSE_COMID = 1u << 2,
    ATLS_PURPOSE_COSWID = 1u << 3,
    ATLS_PURPOSE_EAT = 1u << 4,
    ATLS_PURPOSE_KEY_ATTESTATION = 1u << 5,
    ATLS_PURPOSE_CERTIFICATE = 1u << 6,
    ATLS_PURPOSE_ALL = (1u << 7) - 1
};

/*
 * A trust anchor that is no attestation key: a root certificate or key of a maker, from a CoTS or
 * an attest-key triple with certificates; or a CA certificate that helps to build paths.
 */
struct atls_authority {
    const struct atls_profile *profile; /* NULL: none or not known, and then without effect */
    bool is_anchor;                     /* false: a CA certificate, trusted for nothing by itself */
    bool has_environment;               /* false: for every environment */
    struct atls_environment environment;
    struct atls_bytes store_name; /* of a named trust anchor store; empty when absent */
    uint32_t purposes;
    struct atls_bytes cert; /* DER; empty for a bare key */
    struct atls_bytes spki; /* DER */
    bool simulated;
    const char *source;
    const struct atls_corim_source *file;
    int64_t not_after_s;
};

/*
 * These walk what a set has for one format of Evidence, by its name, in the order of loading.
 * *cursor starts at 0; NULL at the end. What has ended at `now_s` is passed over, and so is what is
 * superseded. `format` NULL: of all, those without effect as well.
 */
const struct atls_statement *atls_endorsements_next_statement(const struct atls_endorsements *set,
                                                              const char *format,
                                                              enum atls_triple triple,
                                                              int64_t now_s, size_t *cursor);
/* Those for `environment` (NULL: those for every one) and for at least one of `purposes`. */
const struct atls_authority *
atls_endorsements_next_authority(const struct atls_endorsements *set, const char *format,
                                 const struct atls_environment *environment, uint32_t purposes,
                                 int64_t now_s, size_t *cursor);
/* atls_endorsements_next_note gives sentences about what of the files has no effect here. */
const char *atls_endorsements_next_note(const struct atls_endorsements *set, size_t *cursor);
size_t atls_endorsements_num_statements(const struct atls_endorsements *set);
size_t atls_endorsements_num_authorities(const struct atls_endorsements *set);

/* Members of reference and endorsed values (measurements), of attestation and identity keys (keys),
 * by index; false behind the last, and for triples of other kinds. */
bool atls_statement_measurement(const struct atls_statement *statement, size_t index,
                                struct atls_measurement_map *out);
bool atls_statement_key(const struct atls_statement *statement, size_t index,
                        struct atls_tagged *out);
/* atls_triple_name gives the name of the draft, such as "reference-triples". */
const char *atls_triple_name(enum atls_triple triple);

#endif
