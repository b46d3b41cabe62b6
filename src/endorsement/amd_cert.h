/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What AMD's VCEK and VLEK certificates say in their extensions (AMD 57230, VCEK Certificate and
 * KDS Interface Specification). Read by identifier, not by place.
 */
#ifndef ENDORSEMENT_AMD_CERT_H
#define ENDORSEMENT_AMD_CERT_H

#include "crypto/x509.h"

/* Octets of a chip id in a report; those of Turin use the first 8. */
#define ATLS_AMD_CHIP_ID_LEN 64

/* Security patch levels of one TCB version. */
struct atls_amd_tcb {
    bool has_fmc; /* Turin and later */
    uint8_t fmc, bootloader, tee, snp, microcode;
    uint8_t reserved[4]; /* spl4 to spl7: of components that nobody has named yet */
};

enum atls_amd_key { ATLS_AMD_VCEK = 0, ATLS_AMD_VLEK = 1 };

struct atls_amd_cert {
    enum atls_amd_key kind; /* a VLEK has no hwID, and names a cloud (cspID) */
    char product[16];       /* "Milan", "Genoa", "Turin": before the "-" of "Milan-B0" */
    struct atls_amd_tcb tcb;
    struct atls_bytes chip_id; /* 64 octets, 8 of Turin; empty in a VLEK */
    char csp[128];             /* cspID; "" in a VCEK */
};

/*
 * atls_amd_cert_read reads the extensions of a leaf; *out borrows `cert`. Nothing is verified.
 * ATLS_ERR_MALFORMED for a certificate that lacks one, or has one of another form.
 */
ATLS_NODISCARD enum atls_err
atls_amd_cert_read(struct atls_amd_cert *out, const struct atls_x509 *cert, struct atls_diag *diag);
bool atls_amd_tcb_equal(const struct atls_amd_tcb *a, const struct atls_amd_tcb *b);

#endif
