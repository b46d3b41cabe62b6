/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One report of configfs-tsm, from the object's making to its removal, with the check that nobody
 * changed the question in between.
 */
#ifndef ATTESTER_TSM_REPORT_H
#define ATTESTER_TSM_REPORT_H

#include "attester/tsm/fs.h"
#include "base/diag.h"

#include <stdbool.h>

#define ATLS_TSM_ROOT "/sys/kernel/config/tsm/report"

enum {
    ATLS_TSM_INBLOB_LEN = 64,        /* every provider takes exactly or at most these */
    ATLS_TSM_MAX_OUTBLOB = 48 << 10, /* SNP 1184 octets, TDX quotes up to 8 KiB; a CMW ends at 64 */
    ATLS_TSM_MAX_AUXBLOB = 16 << 10, /* SEV_FW_BLOB_MAX_SIZE */
    ATLS_TSM_MAX_PROVIDER = 32,
    ATLS_TSM_MAX_PATH = 256,
    ATLS_TSM_NO_PRIVLEVEL = -1
};

/* Where to ask, and for what. */
struct atls_tsm_question {
    const struct atls_tsm_fs *fs;
    const char *root;     /* folder of the objects, such as ATLS_TSM_ROOT */
    const char *provider; /* who must answer: "sev_guest" */
    int privlevel;        /* SNP: the report's VMPL, 0 to 3; ATLS_TSM_NO_PRIVLEVEL: the default */
    uint8_t inblob[ATLS_TSM_INBLOB_LEN];
    int64_t deadline_ms; /* of the monotonic clock */
};

/* What came; all zero is empty. */
struct atls_tsm_answer {
    uint8_t *outblob; /* ATLS_TSM_MAX_OUTBLOB octets of room, and behind them those of auxblob */
    size_t outblob_len;
    uint8_t *auxblob;
    size_t auxblob_len; /* 0: the provider has none */
};

void atls_tsm_answer_cleanup(struct atls_tsm_answer *answer);

/*
 * atls_tsm_probe makes an object only to see who answers. ATLS_ERR_ATTESTER when there is nobody,
 * or somebody else.
 */
ATLS_NODISCARD enum atls_err atls_tsm_probe(const struct atls_tsm_question *question,
                                            struct atls_diag *diag);

/*
 * atls_tsm_report takes a report about question->inblob, and tries again while another process
 * is at it or changed the object: `generation` shows that. ATLS_ERR_ATTESTER with the kernel's
 * reason, ATLS_ERR_DEADLINE, ATLS_ERR_MEMORY. `out` is the caller's to clean up, after ATLS_OK.
 */
ATLS_NODISCARD enum atls_err atls_tsm_report(struct atls_tsm_answer *out,
                                             const struct atls_tsm_question *question,
                                             struct atls_diag *diag);

#endif
