/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The formats: an explainer each, and how content is recognised. A new format is an explainer, a
 * row in detect.c, and where it has a media type a row in media.c.
 */
#ifndef INSPECT_FORMATS_H
#define INSPECT_FORMATS_H

#include "inspect/explain.h"

/* What some octets are: the result of looking at them. */
struct inspect_found {
    const char *kind;
    inspect_explain *explain;
    const void *arg;
    struct inspect_value value;
};

/* inspect_detect finds the format by content; false when it is none that is known. */
ATLS_NODISCARD bool inspect_detect(struct atls_bytes octets, struct inspect_found *out);

/* Content of one media type. */
struct inspect_media {
    const char *type; /* without parameters */
    enum inspect_form form;
    inspect_explain *explain;
    const void *arg;
};
/* inspect_media_find gives NULL for a type that has no row. */
const struct inspect_media *inspect_media_find(struct atls_bytes media_type);

/* Octets with a format inside: a byte string, or base64 text. By the media type in `arg` (struct
 * inspect_media), or when that is NULL by what they hold; content of no known format is shown. */
inspect_explain inspect_content;

/* inspect_guess is inspect_content where nothing says what the octets are: a format is seen in them
 * only when they are sound, so that a guess makes no problem of somebody else's format. */
inspect_explain inspect_guess;

/* inspect_is_sound is true for what the strict parsers take, apart from CBOR's preferred form. */
bool inspect_is_sound(enum inspect_form form, struct atls_bytes octets);
/* inspect_hide_unsound is for what may hold a private part: when it is not well-formed, nothing of
 * it is shown, a problem is marked, and it is true. */
bool inspect_hide_unsound(struct inspect *in, struct inspect_node *node,
                          const struct inspect_value *v);

/* inspect_whole runs the strict parser over a whole text, then hands on to the explainer. */
void inspect_whole(struct inspect *in, struct inspect_node *node, const struct inspect_found *found,
                   struct atls_bytes whole);

/* CBOR, or CBOR and JSON */
inspect_explain inspect_cmw;
inspect_explain inspect_cose;
inspect_explain inspect_claims; /* CWT, EAT, PSA, CCA, EAR, Nitro: a claims set, tag 601 or not */
inspect_explain inspect_cwt_claims; /* those of RFC 8392 alone */
inspect_explain inspect_bundle;     /* detached EAT bundle */
inspect_explain inspect_cca;
inspect_explain inspect_ear_appraisals; /* submods of an EAR, without the EAR */
inspect_explain inspect_cose_key;
inspect_explain inspect_corim;
inspect_explain inspect_comid;
inspect_explain inspect_comid_octets; /* a byte string that holds one */
inspect_explain inspect_cotl;
inspect_explain inspect_cots;   /* tagged, in octets, or the map */
inspect_explain inspect_coswid; /* tagged, in octets, or the map */
inspect_explain inspect_concise_evidence;
inspect_explain inspect_corim_meta;
inspect_explain inspect_digest; /* [alg, octets] with the numbers of Named Information */
inspect_explain inspect_parsec;
inspect_explain inspect_tsm;
inspect_explain inspect_ratls; /* tag([evidence, claims]) */

/* JSON alone */
inspect_explain inspect_jwk;
inspect_explain inspect_jwk_set;
inspect_explain inspect_jws_json;
inspect_explain inspect_policy;
inspect_explain inspect_attester;
inspect_explain inspect_template;   /* of a CoRIM or CoMID */
inspect_explain inspect_collateral; /* TCB info, identity of a quoting enclave, or a bundle */
inspect_explain inspect_azure;      /* Evidence of a virtual machine of Azure, with its TPM's */

/* Octets */
inspect_explain inspect_jws; /* compact */
inspect_explain inspect_pem;
inspect_explain inspect_certificate;
inspect_explain inspect_certificate_request;
inspect_explain inspect_crl;
inspect_explain inspect_general_names;
inspect_explain inspect_spki;
inspect_explain inspect_pkcs8;
inspect_explain inspect_encrypted_pkcs8;
inspect_explain inspect_ec_private_key;
inspect_explain inspect_rsa_private_key;
inspect_explain inspect_tpm_key_file; /* the DER in TSS2 PRIVATE KEY */
inspect_explain inspect_tpms_attest;
inspect_explain inspect_tpmt_signature;
inspect_explain inspect_tpmt_public;
inspect_explain inspect_tpm2b_public;
inspect_explain inspect_tpm_name;
inspect_explain inspect_enacttrust;
inspect_explain inspect_snp_report;
inspect_explain inspect_quote; /* SGX and TDX */
inspect_explain inspect_hcl_report;
inspect_explain inspect_open_enclave;      /* the header of Open Enclave, then a quote */
inspect_explain inspect_certificate_table; /* of an SNP report (GHCB specification) */

/* inspect_quote_is and inspect_tdx_is say by the header what a quote is. */
bool inspect_quote_is(struct atls_bytes octets);
bool inspect_quote_is_tdx(struct atls_bytes octets);

#endif
