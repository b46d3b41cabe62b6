/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a PCK certificate says of its platform: the extension 1.2.840.113741.1.13.1 (Intel SGX PCK
 * Certificate and CRL Profile Specification). It is the certificate's, not the quote's: these are
 * the SVNs that Intel's levels are compared with.
 */
#ifndef APPRAISER_INTEL_PCK_H
#define APPRAISER_INTEL_PCK_H

#include "base/diag.h"
#include "crypto/x509.h"

enum atls_pck_type { ATLS_PCK_STANDARD = 0, ATLS_PCK_SCALABLE, ATLS_PCK_SCALABLE_WITH_INTEGRITY };
/* A member of the platform's configuration, which certificates of processors do not have. */
enum atls_pck_said { ATLS_PCK_NOT_SAID = 0, ATLS_PCK_NO, ATLS_PCK_YES };

struct atls_pck {
    uint8_t ppid[16];
    uint8_t components[16];
    uint16_t pcesvn;
    uint8_t cpu_svn[16];
    uint8_t pce_id[2];
    uint8_t fmspc[6];
    enum atls_pck_type type;
    bool has_instance;
    uint8_t instance[16]; /* platform instance id */
    enum atls_pck_said dynamic_platform;
    enum atls_pck_said cached_keys;
    enum atls_pck_said smt_enabled;
};

/* atls_pck_read reads the extension of a certificate strictly: each member once, nothing that is
 * not known, DER. ATLS_ERR_EVIDENCE_MALFORMED otherwise. */
ATLS_NODISCARD enum atls_err atls_pck_read(struct atls_pck *out, const struct atls_x509 *cert,
                                           struct atls_diag *diag);
/* atls_pck_read_extension is the same of the content octets of extnValue. */
ATLS_NODISCARD enum atls_err atls_pck_read_extension(struct atls_pck *out, struct atls_bytes der,
                                                     struct atls_diag *diag);

#endif
