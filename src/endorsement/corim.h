/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the readers of a CoRIM (draft-ietf-rats-corim-11) share: the context of one file, strict
 * maps, and the rules of the profiles.
 *
 * The rule of this room: whatever a CoRIM says is either taken or refused by name. Nothing is
 * skipped, for a statement that a Verifier overlooks is one that it has not appraised.
 */
#ifndef ENDORSEMENT_CORIM_H
#define ENDORSEMENT_CORIM_H

#include "codec/cbor.h"
#include "endorsement/batch.h"
#include "endorsement/measured.h"
#include "endorsement/profile.h"
#include "endorsement/signer.h"

/* CBOR tags (draft-ietf-rats-corim, IANA considerations; 600 and 601 of the dialect before 2025).
 */
enum {
    ATLS_TAG_EPOCH = 1,
    ATLS_TAG_URI = 32,
    ATLS_TAG_UUID = 37,
    ATLS_TAG_OID = 111,
    ATLS_TAG_CORIM = 501,
    ATLS_TAG_COSWID = 505,
    ATLS_TAG_COMID = 506,
    ATLS_TAG_COTS = 507,
    ATLS_TAG_COTL = 508,
    ATLS_TAG_UEID = 550,
    ATLS_TAG_SVN = 552,
    ATLS_TAG_MIN_SVN = 553,
    ATLS_TAG_PEM_KEY = 554,
    ATLS_TAG_COSE_KEY = 558,
    ATLS_TAG_PEM_CERT = 555,
    ATLS_TAG_PEM_PATH = 556,
    ATLS_TAG_KEY_THUMBPRINT = 557,
    ATLS_TAG_CERT_THUMBPRINT = 559,
    ATLS_TAG_BYTES = 560,
    ATLS_TAG_PATH_THUMBPRINT = 561,
    ATLS_TAG_DER_CERT = 562,
    ATLS_TAG_MASKED = 563,
    ATLS_TAG_INT_RANGE = 564,
    ATLS_TAG_OLD_IMPL_ID = 600,
    ATLS_TAG_OLD_REFVAL_ID = 601,
    ATLS_TAG_OLD_CONFIG_ID = 602
};

/* The end of the sentence for what a later version may take. */
#define ATLS_CORIM_ONLY_BUILT "only what the profile has and this version evaluates"
/* mkey of every PSA software component. */
#define ATLS_PSA_COMPONENT_KEY "psa.software-component"
/* Entity that marks every trust anchor of a CoRIM as simulated (design: simulation). */
#define ATLS_SIMULATION_ENTITY "atls simulation"
/* Octets of a UEID of type RAND with 256 bits (RFC 9711, 4.2.1.1): PSA instance, Parsec kid. */
#define ATLS_INSTANCE_LEN 33
/* PCR indices: 0 to 31, TPM2_MAX_PCRS of the TSS specification. */
#define ATLS_MAX_PCR 31

/* What the profiles of psa and tpm2 demand of the keys and reference values that an appraiser looks
 * up by instance and class. */
struct atls_corim_rules {
    uint64_t class_tag;
    size_t class_len;
    const char *class_text; /* the two, for sentences */
    uint64_t instance_tag;
    uint64_t other_instance_tag; /* equal to the first when there is only one */
    const char *instance_text;
    const char *mkey; /* text of every mkey; NULL: PCR indices */
    bool described;   /* name, version and signer-id belong to a measurement */
};

/* The file that is being read. */
struct atls_corim {
    struct atls_batch *batch;
    struct atls_corim_source *source;
    const struct atls_profile *profile;   /* NULL: none, or one that is not known */
    const struct atls_corim_rules *rules; /* of the profile, NULL: it has none */
    const struct atls_format *format;     /* of the profile, NULL: not built in */
    enum atls_extensions extensions;
    bool old_profile; /* the profile's URI is that of before 2025: tags 600 and 601 are read */
    bool old_dialect; /* no tag 501 in front */
    bool check_time;
    int64_t now_s;
    bool simulated;
    struct atls_diag *diag;
};

/* How a file is read. */
struct atls_corim_reading {
    const struct atls_signers *signers; /* with any, only what they signed is taken */
    bool check_time;                    /* false: validity is read and not compared */
    int64_t now_s;
};

/*
 * atls_corim_read reads one CoRIM into `batch`: an unsigned one where no signers are given, else
 * one that they signed. On failure the batch holds a part of it and is good for cleanup only.
 */
ATLS_NODISCARD enum atls_err atls_corim_read(struct atls_batch *batch, struct atls_bytes octets,
                                             const char *name,
                                             const struct atls_corim_reading *reading,
                                             struct atls_diag *diag);

/* atls_corim_refuse refuses the file because of the item `at`; with found NULL the caller appends
 * what was found. Always ATLS_ERR_ENDORSEMENT. */
enum atls_err atls_corim_refuse(const struct atls_corim *corim, const struct atls_cbor *at,
                                const char *claim, const char *found, const char *expected);
/* atls_corim_refuse_item is the same, and says what kind of item was found. */
enum atls_err atls_corim_refuse_item(const struct atls_corim *corim, const struct atls_cbor *at,
                                     const char *claim, const char *expected);
#ifdef __clang_analyzer__ /* as in base/diag.h */
#define atls_corim_refuse(corim, at, claim, found, expected)                                       \
    (atls_corim_refuse((corim), (at), (claim), (found), (expected)), ATLS_ERR_ENDORSEMENT)
#define atls_corim_refuse_item(corim, at, claim, expected)                                         \
    (atls_corim_refuse_item((corim), (at), (claim), (expected)), ATLS_ERR_ENDORSEMENT)
#endif
/* atls_corim_found_text appends text of the file, cut where it is long. */
void atls_corim_found_text(const struct atls_corim *corim, struct atls_bytes text);

/* A key of a map, and what this version does with it. */
enum atls_corim_use { ATLS_CORIM_OPTIONAL, ATLS_CORIM_REQUIRED, ATLS_CORIM_NOT_BUILT };
struct atls_corim_field {
    int64_t key;
    const char *name;
    enum atls_corim_use use;
};
/*
 * atls_corim_fields reads a map whose keys are all in `fields`, and gives the value of fields[i]
 * in out[i]: absent when out[i].encoded.len is 0. `what` names the map.
 */
ATLS_NODISCARD enum atls_err atls_corim_fields(const struct atls_corim *corim,
                                               const struct atls_cbor *map, const char *what,
                                               const struct atls_corim_field *fields, size_t num,
                                               struct atls_cbor *out);
static inline bool atls_corim_has(const struct atls_cbor *value)
{
    return value->encoded.len != 0;
}
/* atls_corim_list refuses what is not an array of at least one member. */
ATLS_NODISCARD enum atls_err atls_corim_list(const struct atls_corim *corim,
                                             const struct atls_cbor *item, const char *claim);
/* atls_corim_parse checks octets inside the file as CBOR of their own. */
ATLS_NODISCARD enum atls_err atls_corim_parse(const struct atls_corim *corim,
                                              struct atls_bytes octets, const char *what,
                                              struct atls_cbor *out);
/* atls_corim_identity checks a tag or manifest identity: text, or 16 octets of a UUID. */
ATLS_NODISCARD enum atls_err atls_corim_identity(const struct atls_corim *corim,
                                                 const struct atls_cbor *item, const char *claim);
/* atls_corim_entities reads entities; roles go from 0 or 1 to `max_role`. */
ATLS_NODISCARD enum atls_err atls_corim_entities(struct atls_corim *corim,
                                                 const struct atls_cbor *list, int64_t min_role,
                                                 int64_t max_role);

/* Bounds of a validity-map; where one is absent it is INT64_MIN or INT64_MAX. */
struct atls_corim_dates {
    int64_t not_before_s;
    int64_t not_after_s;
};
/* atls_corim_validity reads a validity-map (4.1.5); `what` names it. */
ATLS_NODISCARD enum atls_err atls_corim_validity(const struct atls_corim *corim,
                                                 const struct atls_cbor *map, const char *what,
                                                 struct atls_corim_dates *out);
/* atls_corim_check_dates compares with the time of the file that is read, with 60 s of grace. */
ATLS_NODISCARD enum atls_err atls_corim_check_dates(const struct atls_corim *corim,
                                                    const struct atls_cbor *at,
                                                    const struct atls_corim_dates *dates);

/* atls_corim_comid reads one CoMID map. */
ATLS_NODISCARD enum atls_err atls_corim_comid(struct atls_corim *corim,
                                              const struct atls_cbor *map);
/* atls_corim_environment reads class and, for a trust anchor, instance. */
ATLS_NODISCARD enum atls_err atls_corim_environment(const struct atls_corim *corim,
                                                    const struct atls_cbor *map,
                                                    bool is_trust_anchor,
                                                    struct atls_bytes *out_class_id,
                                                    struct atls_bytes *out_instance);
/* atls_corim_measurement fills everything of `out` but format, class and source. */
ATLS_NODISCARD enum atls_err atls_corim_measurement(const struct atls_corim *corim,
                                                    const struct atls_cbor *map,
                                                    struct atls_reference *out);
/*
 * The same maps as the draft has them, without what a profile demands; `out` borrows the file.
 */
ATLS_NODISCARD enum atls_err atls_corim_any_environment(const struct atls_corim *corim,
                                                        const struct atls_cbor *map,
                                                        struct atls_environment *out);
ATLS_NODISCARD enum atls_err atls_corim_any_values(const struct atls_corim *corim,
                                                   const struct atls_cbor *map,
                                                   struct atls_measured *out);
ATLS_NODISCARD enum atls_err atls_corim_any_measurement(const struct atls_corim *corim,
                                                        const struct atls_cbor *map,
                                                        struct atls_measurement_map *out);
ATLS_NODISCARD enum atls_err atls_corim_any_mkey(const struct atls_corim *corim,
                                                 const struct atls_cbor *item,
                                                 struct atls_mkey *out);
ATLS_NODISCARD enum atls_err atls_corim_any_keys(const struct atls_corim *corim,
                                                 const struct atls_cbor *list, const char *claim,
                                                 struct atls_mkeys *out);
/* atls_corim_note keeps a sentence for whoever loads the file: what of it has no effect here. The
 * same one twice is one. */
ATLS_NODISCARD enum atls_err atls_corim_note(const struct atls_corim *corim, const char *what,
                                             const char *why);

/* atls_corim_key makes the key of one tagged crypto-key; the caller frees it. */
ATLS_NODISCARD enum atls_err atls_corim_key(const struct atls_corim *corim,
                                            const struct atls_cbor *item, struct atls_key **out);

/* Digest algorithms: Named Information numbers and names (IANA, RFC 6920), never COSE's. */
struct atls_corim_digest {
    int64_t number;
    const char *name;
    size_t len;  /* octets of a value */
    int32_t alg; /* ATLS_ALG_NONE: known, and not built in this version */
};
const struct atls_corim_digest *atls_corim_digest_by_number(int64_t number);
const struct atls_corim_digest *atls_corim_digest_by_name(struct atls_bytes name);

#endif
