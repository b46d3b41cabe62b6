/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an appraiser hands over: only claims that a verified signature covers. Spans borrow the
 * Evidence, which outlives the appraisal.
 */
#ifndef RESULT_APPRAISAL_H
#define RESULT_APPRAISAL_H

#include "atls/result.h"
#include "base/crypto_ops.h"
#include "base/formats.h"
#include "result/revocation.h"

/* One measured thing, for the policy's "measurements": name as docs/appraisal.md has it. */
struct atls_measurement {
    struct atls_bytes name;  /* text: PSA measurement type; "pcrs" for a TPM quote */
    struct atls_bytes value; /* digest */
};

/* DER SubjectPublicKeyInfo that Evidence shows: room for RSA of 4096 bits. */
#define ATLS_MAX_ATTESTED_SPKI_LEN 560

/* What lowered a claim of the vector: the rule's own words. */
struct atls_cause {
    enum atls_err err;
    const char *what; /* static; NULL: not known */
};

struct atls_submod {
    const struct atls_format *format;
    struct atls_trust_vector vector;
    enum atls_tier status; /* worst tier of the vector; see atls_vector_status */
    bool simulated;        /* the trust anchor is marked "atls simulation" */
    bool debug;            /* the platform is open for debugging */
    bool fresh;            /* the nonce was compared and is equal */
    bool of_certificate;   /* bound to a key by its certificate, and to no session */
    enum atls_key_binding key_binding;
    bool has_reference_values;       /* reference values existed for this class */
    struct atls_digest attested_key; /* SHA-256 of the SPKI shown by the Evidence; len 0: none */
    uint8_t attested_spki[ATLS_MAX_ATTESTED_SPKI_LEN]; /* that SPKI itself, for a Result */
    size_t attested_spki_len;
    struct atls_bytes machine;         /* instance id, ueid, kid: who this machine is */
    bool has_caller;                   /* the format says who asked for the Evidence */
    int32_t caller;                    /* client-id of PSA: negative outside the secure side */
    struct atls_identities identities; /* all that could be revoked; never empty */
    bool revoked;                      /* one of them is, and `reason` says which */
    struct atls_measurement measurements[ATLS_MAX_COMPONENTS];
    size_t num_measurements;
    struct atls_diag reason; /* the first cause of the worst tier; err OK when affirming */
    const char *reason_what; /* of the causes below, the one that `reason` tells more of; or NULL */
    struct atls_cause causes[ATLS_NUM_TRUST_CLAIMS];
    char *claims_json; /* verified claims as a JSON object; owned; NULL unless asked for */
    void *storage; /* owned: what spans point to that the Evidence has in another form; or NULL */
};

struct atls_appraisal {
    struct atls_submod submods[ATLS_MAX_SUBMODS];
    size_t num_submods;
    void *storage; /* owned: Evidence that came in another form than CBOR; NULL when borrowed */
};

/* atls_appraisal_init leaves an appraisal without submods, for atls_appraisal_cleanup to take. The
 * submods are large, and nobody looks beyond num_submods: they are not cleared. */
void atls_appraisal_init(struct atls_appraisal *appraisal);

/* atls_appraisal_cleanup frees what host rooms attached (claims_json, storage) through
 * `free_text`. */
void atls_appraisal_cleanup(struct atls_appraisal *appraisal, void (*free_text)(void *));

/* atls_verdict_take_evidence describes the submods in `verdict`, which then owns their claims. The
 * verdict's state stays what it was: an appraisal decides nothing. */
void atls_verdict_take_evidence(struct atls_verdict *verdict, struct atls_appraisal *appraisal);

#endif
