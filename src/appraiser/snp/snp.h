/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AMD SEV-SNP: an attestation report (AMD 56860, "SEV Secure Nested Paging Firmware ABI") in the
 * map that Linux's configfs-tsm gives (codec/tsm_report.h), with the host's table of certificates.
 *
 * The order is in the types. atls_snp_parse gives a struct that nobody looks into but signatures.c
 * and unverified.c; the report of an atls_snp_verified is signed by a key whose certificate leads
 * to a trusted root and says the same of chip and firmware, and only atls_snp_verify makes one.
 */
#ifndef APPRAISER_SNP_SNP_H
#define APPRAISER_SNP_SNP_H

#include "appraiser/appraiser.h"
#include "endorsement/collateral.h"
#include "endorsement/measured.h"

struct atls_additions;

/* Product lines whose roots are known, by what differs in their reports. */
struct atls_snp_product {
    const char *name;   /* as in certificates and in KDS' paths */
    bool has_fmc;       /* the order of a TCB version's octets (57230, 2.2) */
    size_t chip_id_len; /* the rest of CHIP_ID is zero */
};
/* atls_snp_product_by_name gives NULL for a name that is not known. */
const struct atls_snp_product *atls_snp_product_by_name(const char *name);

/* Bits of POLICY (56860, 4.3) that are looked at by themselves. */
#define ATLS_SNP_POLICY_MIGRATE_MA (UINT64_C(1) << 18)
#define ATLS_SNP_POLICY_DEBUG      (UINT64_C(1) << 19)

/* The fields of a report (56860, table "ATTESTATION_REPORT"); spans borrow the Evidence. */
struct atls_snp_report {
    struct atls_bytes octets; /* all of it */
    uint32_t version;
    uint32_t guest_svn;
    uint64_t policy;
    uint32_t vmpl;
    uint64_t platform_info;
    bool author_key_en;
    bool mask_chip_key;
    enum atls_amd_key signing_key;
    uint8_t family, model, stepping; /* of version 3 on */
    struct atls_bytes family_id, image_id, report_data, measurement, host_data;
    struct atls_bytes id_key_digest, author_key_digest, report_id, report_id_ma, chip_id;
    struct atls_bytes current_tcb, reported_tcb, committed_tcb, launch_tcb; /* 8 octets each */
    uint8_t current_version[3], committed_version[3]; /* major, minor, build */
    uint64_t launch_mit_vector, current_mit_vector;   /* of version 5 on */
};

/* report.c: every field, with what version and reserved octets demand. EVIDENCE_MALFORMED. */
ATLS_NODISCARD enum atls_err atls_snp_report_read(struct atls_snp_report *out,
                                                  struct atls_bytes octets, struct atls_diag *diag);
/* atls_snp_report_product gives the product line that the report's processor is of; *out is NULL
 * where a report of version 2 does not say it. CLAIM for a processor that is not known. */
ATLS_NODISCARD enum atls_err atls_snp_report_product(const struct atls_snp_product **out,
                                                     const struct atls_snp_report *report,
                                                     struct atls_diag *diag);
/* atls_snp_tcb_of names the components of a TCB version. */
struct atls_amd_tcb atls_snp_tcb_of(struct atls_bytes octets,
                                    const struct atls_snp_product *product);

/* The table that hosts send beside a report (GHCB specification, 4.1.8.1; 56421). */
enum { ATLS_SNP_MAX_TABLE_ENTRIES = 16 };
struct atls_snp_table {
    struct atls_bytes vcek, vlek, ask, ark, crl; /* PEM or DER; empty: not there */
};
/* table.c: every entry within bounds, behind the table and apart from the others. */
ATLS_NODISCARD enum atls_err atls_snp_table_read(struct atls_snp_table *out,
                                                 struct atls_bytes auxblob, struct atls_diag *diag);

struct atls_snp_parsed;
struct atls_snp_verified;

/* structure.c. `media_type` is how the Evidence was labelled. Gives *out to the caller; it borrows
 * `evidence`. */
ATLS_NODISCARD enum atls_err atls_snp_parse(struct atls_snp_parsed **out,
                                            struct atls_bytes evidence,
                                            struct atls_bytes media_type, struct atls_diag *diag);
void atls_snp_parsed_free(struct atls_snp_parsed *parsed);
void atls_snp_parsed_cleanup(struct atls_snp_parsed **parsed);

/* signatures.c: the chain of certificates up to a trusted root, the report's signature, and that
 * certificate and report say the same. */
ATLS_NODISCARD enum atls_err atls_snp_verify(struct atls_snp_verified **out,
                                             const struct atls_snp_parsed *parsed,
                                             const struct atls_appraisal_input *input,
                                             struct atls_diag *diag);
void atls_snp_verified_free(struct atls_snp_verified *verified);
void atls_snp_verified_cleanup(struct atls_snp_verified **verified);

/* What a verified report rests on; all lend. */
const struct atls_snp_report *atls_snp_report(const struct atls_snp_verified *verified);
const struct atls_snp_product *atls_snp_product(const struct atls_snp_verified *verified);
const struct atls_chain *atls_snp_chain(const struct atls_snp_verified *verified);
const struct atls_root *atls_snp_root(const struct atls_snp_verified *verified);
const struct atls_amd_cert *atls_snp_cert(const struct atls_snp_verified *verified);
/* atls_snp_unchecked says why nobody could look whether the chain is revoked; OK: somebody did. */
const struct atls_diag *atls_snp_unchecked(const struct atls_snp_verified *verified);

/* certificate.c: certificate and report are of one line, chip and firmware; CLAIM. */
ATLS_NODISCARD enum atls_err atls_snp_check_certificate(const struct atls_snp_verified *verified,
                                                        struct atls_diag *diag);

/* consistency.c: what firmware that signs with AMD's keys never writes; CLAIM. */
ATLS_NODISCARD enum atls_err atls_snp_check_claims(const struct atls_snp_report *report,
                                                   struct atls_diag *diag);

/* measured.c: the fields as CoRIM sees them (draft-deeglaze-amd-sev-snp-corim-profile). */
enum { ATLS_SNP_NUM_FIELDS = 21 };
struct atls_snp_measured {
    struct atls_environment environment; /* class, and the launch measurement as instance */
    struct atls_measurement_map fields[ATLS_SNP_NUM_FIELDS];
    struct atls_mdigest digests[ATLS_SNP_NUM_FIELDS];
    uint8_t octets[ATLS_SNP_NUM_FIELDS][8]; /* numbers, big-endian */
    char texts[ATLS_SNP_NUM_FIELDS][16];    /* versions */
};
/* *out is large and holds pointers into itself: it stays where it is. */
void atls_snp_measure(struct atls_snp_measured *out, const struct atls_snp_report *report,
                      const struct atls_snp_product *product);

/* What a reference value that differs, or one that is stated, is about. */
enum atls_snp_field_kind {
    ATLS_SNP_FIELD_LAUNCH,        /* what was loaded */
    ATLS_SNP_FIELD_GUEST_SVN,     /* how old it is */
    ATLS_SNP_FIELD_CONFIGURATION, /* how it was launched, and where */
    ATLS_SNP_FIELD_TCB            /* firmware of the platform, by component */
};
struct atls_snp_field {
    const char *name;
    uint64_t mkey;
    enum atls_snp_field_kind kind;
};
/* atls_snp_compare is true when what a reference value says of a field is so in the report. *out
 * names the field; *found and *expected are for the sentence of one that is not. */
bool atls_snp_compare(const struct atls_snp_measured *measured,
                      const struct atls_measurement_map *reference,
                      const struct atls_snp_field **out, struct atls_diag *why);

/* appraisal.c: the rows of docs/appraisal.md. */
#define ATLS_SNP_NUM_RULES 15
extern const struct atls_appraiser_rule atls_snp_rules[ATLS_SNP_NUM_RULES];

/* appraisal.c: policy, firmware and measurement against reference values, into the vector.
 * *out_known: a reference value takes the whole report. */
void atls_snp_judge(struct atls_submod *submod, bool *out_known,
                    const struct atls_snp_verified *verified,
                    const struct atls_snp_measured *measured,
                    const struct atls_appraisal_input *input);
/* appraisal.c: the measured values, by the names of the fields. */
void atls_snp_measurements(struct atls_submod *submod, const struct atls_snp_report *report);

/* claims_json.c; `endorsed` may be NULL. */
ATLS_NODISCARD enum atls_err atls_snp_claims_json(char **out,
                                                  const struct atls_snp_verified *verified,
                                                  const struct atls_additions *endorsed,
                                                  struct atls_diag *diag);

/* unverified.c: what a report says while a remote Verifier checks its signature. */
ATLS_NODISCARD enum atls_err atls_snp_read_unverified(struct atls_submod *out,
                                                      const struct atls_appraisal_input *input,
                                                      struct atls_diag *diag);

#endif
