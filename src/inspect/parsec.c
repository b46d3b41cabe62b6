/* SPDX-License-Identifier: Apache-2.0 */
/* The bundles of Parsec: a key attested by a TPM, or by an Arm CCA realm; and TSM reports. */
#include "inspect/formats.h"

#define ALONE INSPECT_NO_LABEL

static const struct inspect_media signature = {NULL, INSPECT_OCTETS, inspect_tpmt_signature, NULL};
static const struct inspect_media attest = {NULL, INSPECT_OCTETS, inspect_tpms_attest, NULL};
static const struct inspect_media public_area = {NULL, INSPECT_OCTETS, inspect_tpmt_public, NULL};

static const struct inspect_field kat_rows[] = {
    {ALONE, "tpmVer", NULL, inspect_text, NULL, true},
    {ALONE, "kid", NULL, inspect_octets, NULL, true},
    {ALONE, "sig", NULL, inspect_content, &signature, true},
    {ALONE, "certInfo", NULL, inspect_content, &attest, true},
    {ALONE, "pubArea", NULL, inspect_content, &public_area, true},
};
static const struct inspect_fields kat = INSPECT_FIELDS("TPM2_Certify of the key", kat_rows);
static const struct inspect_field pat_rows[] = {
    {ALONE, "tpmVer", NULL, inspect_text, NULL, true},
    {ALONE, "kid", NULL, inspect_octets, NULL, true},
    {ALONE, "sig", NULL, inspect_content, &signature, true},
    {ALONE, "attestInfo", NULL, inspect_content, &attest, true},
};
static const struct inspect_fields pat = INSPECT_FIELDS("TPM2_Quote of the platform", pat_rows);

static const struct inspect_field tpm_rows[] = {
    {ALONE, "kat", NULL, inspect_map, &kat, true},
    {ALONE, "pat", NULL, inspect_map, &pat, true},
};
static const struct inspect_fields tpm =
    INSPECT_FIELDS("Parsec key attestation by a TPM (tpm2)", tpm_rows);

static const struct inspect_field cca_rows[] = {
    {ALONE, "kat", NULL, inspect_claims, NULL, true},
    {ALONE, "pat", NULL, inspect_cca, NULL, true},
};
static const struct inspect_fields cca =
    INSPECT_FIELDS("Parsec key attestation by an Arm CCA realm", cca_rows);

void inspect_parsec(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                    const void *arg)
{
    struct inspect_value key;
    (void)arg;
    const bool is_cca = inspect_get_text(v, "kat", &key) && key.type == INSPECT_TAG;
    inspect_map(in, node, v, is_cca ? &cca : &tpm);
}

/* What Linux's configfs-tsm gives, as Veraison carries it. */

/* With sev_guest a table of certificates, with other providers nothing. */
static void explain_auxblob(struct inspect *in, struct inspect_node *node,
                            const struct inspect_value *v, const void *arg)
{
    struct atls_bytes octets;
    (void)arg;
    if (!inspect_octets_of(in, node, v, &octets)) {
        return;
    }
    if (octets.len == 0) {
        inspect_show_octets(in, node, octets);
        return;
    }
    const struct inspect_value table = inspect_value_octets(octets);
    inspect_note_len(in, node, octets.len);
    inspect_later(in, node, &table, inspect_certificate_table, NULL);
}

static const struct inspect_field tsm_rows[] = {
    {ALONE, "provider", NULL, inspect_text, NULL, true},
    {ALONE, "outblob", NULL, inspect_content, NULL, true},
    {ALONE, "auxblob", NULL, explain_auxblob, NULL, false},
    {ALONE, "manifestblob", NULL, inspect_octets, NULL, false},
};
static const struct inspect_fields tsm = INSPECT_FIELDS("TSM report", tsm_rows);

void inspect_tsm(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                 const void *arg)
{
    (void)arg;
    inspect_map(in, node, v, &tsm);
}
