/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Linux's configfs-tsm gives a confidential guest, as one CBOR map: the form that
 * application/vnd.veraison.tsm-report+cbor names. Nothing of the map is signed; what `outblob`
 * holds is (an SNP report, a TD quote), and `provider` says which of them it is.
 */
#ifndef CODEC_TSM_REPORT_H
#define CODEC_TSM_REPORT_H

#include "codec/cbor.h"

/* What all providers share the media type by; a parameter "provider" tells their formats apart. */
#define ATLS_TSM_MEDIA_TYPE "application/vnd.veraison.tsm-report+cbor"

/* A CCA token comes as it is: this is how Veraison names its collection. */
#define ATLS_CCA_MEDIA_TYPE "application/eat-collection; profile=\"http://arm.com/CCA-SSD/1.0.0\""

/* Names of the kernel's modules, as its attribute `provider` has them before the newline. */
#define ATLS_TSM_SEV_GUEST "sev_guest"
#define ATLS_TSM_TDX_GUEST "tdx_guest"
#define ATLS_TSM_CCA_GUEST "arm_cca_guest"

/* Spans borrow the input; each is empty where the map says nothing. */
struct atls_tsm_report {
    struct atls_bytes provider; /* without the newline that the kernel puts behind it */
    struct atls_bytes outblob;  /* never empty */
    struct atls_bytes auxblob;  /* sev_guest: the table of certificates */
    struct atls_bytes manifestblob;
    struct atls_bytes service_provider;
};

/* atls_tsm_report_parse reads the map in strict CBOR. ATLS_ERR_MALFORMED for a member that is
 * unknown, missing or of another type, and for a manifest that no service gave. */
ATLS_NODISCARD enum atls_err atls_tsm_report_parse(struct atls_tsm_report *out,
                                                   struct atls_bytes input, struct atls_diag *diag);

/* atls_tsm_report_put writes the map in deterministic CBOR (RFC 8949, 4.2.1), without members that
 * are empty, and with the provider's newline: attesters that copy the attribute send it, so that
 * every reader takes it. */
void atls_tsm_report_put(struct atls_writer *w, const struct atls_tsm_report *report);

#endif
