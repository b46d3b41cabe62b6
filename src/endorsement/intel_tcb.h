/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCB info and enclave identities of Intel's provisioning service (PCS API v4; TCB info v2 and v3,
 * identity v2): signed JSON, read into structs. What they mean for a quote is the appraiser's to
 * say. Every text is bounded, no member is guessed: what is missing or of another type is refused,
 * and what is not known is left alone, since the signature covers it and Intel adds members.
 */
#ifndef ENDORSEMENT_INTEL_TCB_H
#define ENDORSEMENT_INTEL_TCB_H

#include "base/diag.h"
#include "crypto/verified.h"

#include <stdbool.h>

#define ATLS_INTEL_COMPONENTS     16
#define ATLS_INTEL_MAX_LEVELS     128 /* of one list; Intel's longest has 20 */
#define ATLS_INTEL_MAX_MODULES    32
#define ATLS_INTEL_MAX_ADVISORIES 64 /* of one level */

enum atls_intel_tee { ATLS_INTEL_SGX = 0, ATLS_INTEL_TDX = 1 };
enum atls_intel_enclave { ATLS_INTEL_QE = 0, ATLS_INTEL_TD_QE = 1, ATLS_INTEL_QVE = 2 };

/* "tcbStatus"; another word than these is refused. */
enum atls_intel_status {
    ATLS_INTEL_UP_TO_DATE = 1,
    ATLS_INTEL_SW_HARDENING_NEEDED,
    ATLS_INTEL_CONFIGURATION_NEEDED,
    ATLS_INTEL_CONFIGURATION_AND_SW_HARDENING_NEEDED,
    ATLS_INTEL_OUT_OF_DATE,
    ATLS_INTEL_OUT_OF_DATE_CONFIGURATION_NEEDED,
    ATLS_INTEL_REVOKED
};
/* atls_intel_status_name gives Intel's word. */
const char *atls_intel_status_name(enum atls_intel_status status);

/* One level; of an identity or a TDX module `isv_svn` counts, of a platform all the rest. */
struct atls_intel_level {
    uint8_t sgx[ATLS_INTEL_COMPONENTS];
    uint8_t tdx[ATLS_INTEL_COMPONENTS]; /* has_tdx */
    bool has_tdx;
    uint16_t pcesvn;
    uint16_t isv_svn;
    enum atls_intel_status status;
    int64_t date_s;                      /* tcbDate */
    const struct atls_bytes *advisories; /* texts such as "INTEL-SA-00615" */
    size_t num_advisories;
};
struct atls_intel_levels {
    const struct atls_intel_level *items; /* as sent: the newest first */
    size_t num;
};

/* Who signed a TDX module, and what its attributes are. */
struct atls_intel_module {
    uint8_t version; /* of id "TDX_01": 1; 0 of the member tdxModule */
    uint8_t mrsigner[48];
    uint8_t attributes[8];
    uint8_t attributes_mask[8];
    struct atls_intel_levels levels; /* none of the member tdxModule */
};

/* When it was signed and until when it counts. */
struct atls_intel_dates {
    int64_t issue_s;
    int64_t next_update_s;
};

struct atls_intel_tcb_info {
    enum atls_intel_tee tee;
    unsigned version; /* 2 or 3 */
    struct atls_intel_dates dates;
    uint8_t fmspc[6];
    bool has_pce_id; /* files of version 2 may lack it */
    uint8_t pce_id[2];
    int64_t evaluation_number; /* tcbEvaluationDataNumber */
    struct atls_intel_levels levels;
    bool has_module; /* TDX: the member tdxModule */
    struct atls_intel_module module;
    const struct atls_intel_module *modules; /* tdxModuleIdentities */
    size_t num_modules;
};

struct atls_intel_identity {
    enum atls_intel_enclave enclave;
    struct atls_intel_dates dates;
    int64_t evaluation_number;
    uint8_t miscselect[4], miscselect_mask[4]; /* in the order of the text */
    uint8_t attributes[16], attributes_mask[16];
    uint8_t mrsigner[32];
    uint16_t isv_prod_id;
    struct atls_intel_levels levels;
};

/* One file that was read. Spans inside borrow it. */
enum atls_intel_kind { ATLS_INTEL_TCB_INFO = 1, ATLS_INTEL_IDENTITY };
struct atls_intel_json {
    enum atls_intel_kind kind;
    struct atls_signed_octets body; /* the exact octets that are signed */
    uint8_t signature[64];          /* r || s */
    union {
        struct atls_intel_tcb_info tcb;
        struct atls_intel_identity identity;
    } as;
    void *storage; /* what it owns */
};

/*
 * atls_intel_json_read reads {"tcbInfo":{...},"signature":"..."} or {"enclaveIdentity":...}. The
 * signature is not verified here: collateral.h does that. ATLS_ERR_MALFORMED for what it is not.
 */
ATLS_NODISCARD enum atls_err atls_intel_json_read(struct atls_intel_json *out,
                                                  struct atls_bytes text, struct atls_diag *diag);
void atls_intel_json_cleanup(struct atls_intel_json *json);

#endif
