/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence of a trust domain of Intel TDX: a quote as Linux's configfs-tsm gives it. */
#ifndef APPRAISER_TDX_TDX_H
#define APPRAISER_TDX_TDX_H

#include "appraiser/intel/appraisal.h"

/* attributes of a trust domain (Intel TDX module, ATTRIBUTES). */
#define ATLS_TD_UNDER_DEBUG     UINT64_C(0xff) /* bit 0 DEBUG, the others alike */
#define ATLS_TD_SEPT_VE_DISABLE (UINT64_C(1) << 28)
#define ATLS_TD_MIGRATABLE      (UINT64_C(1) << 29)
/* ICSSD, LASS, the two above, PKS, KL; TPA, PERFMON. */
#define ATLS_TD_KNOWN                                                                              \
    (ATLS_TD_UNDER_DEBUG | UINT64_C(1) << 16 | UINT64_C(1) << 27 | ATLS_TD_SEPT_VE_DISABLE |       \
     ATLS_TD_MIGRATABLE | UINT64_C(3) << 30 | UINT64_C(3) << 62)
/* x87 and SSE state: a processor has no XFAM without them. */
#define ATLS_TD_XFAM_FIXED UINT64_C(3)
/* AVX, AVX-512, PT, PKRU, CET, UINTR, LBR, AMX, APX beside them (Intel TDX module, XFAM; SDM, XCR0
 * and IA32_XSS); MPX, PASID, HDC and HWP are none of a trust domain. */
#define ATLS_TD_XFAM_KNOWN UINT64_C(0xedbe7)

#define ATLS_TDX_NUM_RULES 23
extern const struct atls_appraiser_rule atls_tdx_rules[ATLS_TDX_NUM_RULES];
extern const struct atls_quote_kind atls_tdx_kind;

/* structure.c: the quote of a TSM report whose provider is tdx_guest, and that is labelled so. */
ATLS_NODISCARD enum atls_err atls_tdx_unwrap(struct atls_bytes *out_quote,
                                             struct atls_bytes evidence,
                                             struct atls_bytes media_type, struct atls_diag *diag);

#endif
