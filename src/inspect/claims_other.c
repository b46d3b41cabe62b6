/* SPDX-License-Identifier: Apache-2.0 */
/* AWS Nitro attestation documents, and certificates in CBOR of the Open Profile for DICE. */
#include "inspect/claims.h"

#define ALONE INSPECT_NO_LABEL

static const struct inspect_lengths some = {{0}, 1, 1024};
static const struct inspect_media certificate = {NULL, INSPECT_OCTETS, inspect_certificate, NULL};
static const struct inspect_list bundle = {"", inspect_content, &certificate, 1};

/* Real documents have null where the text allows nothing at all (spec: treat it as absent). */
static void explain_optional(struct inspect *in, struct inspect_node *node,
                             const struct inspect_value *v, const void *arg)
{
    static const struct inspect_lengths lengths = {{0}, 0, 1024};
    (void)arg;
    if (v->type == INSPECT_NULL) {
        inspect_show_value(in, node, v);
    } else {
        inspect_octets(in, node, v, &lengths);
    }
}

static void explain_pcrs(struct inspect *in, struct inspect_node *node,
                         const struct inspect_value *v, const void *arg)
{
    static const struct inspect_list pcrs = {"", inspect_octets, &inspect_hash_lengths, 1};
    struct inspect_value pcr;
    (void)arg;
    inspect_named_map(in, node, v, &pcrs);
    if (!inspect_get(v, 0, &pcr) || pcr.type != INSPECT_BYTES || pcr.content.len == 0) {
        return;
    }
    for (size_t i = 0; i < pcr.content.len; i++) {
        if (pcr.content.data[i] != 0) {
            return;
        }
    }
    inspect_note(in, node, "PCR 0 is all zero: the enclave runs in debug mode");
}

static const struct inspect_field nitro_rows[] = {
    {ALONE, "module_id", NULL, inspect_text, &some, true},
    {ALONE, "digest", NULL, inspect_text, NULL, true},
    {ALONE, "timestamp", NULL, inspect_millis, NULL, true},
    {ALONE, "pcrs", NULL, explain_pcrs, NULL, false},
    {ALONE, "nitrotpm_pcrs", NULL, explain_pcrs, NULL, false},
    {ALONE, "certificate", NULL, inspect_content, &certificate, true},
    {ALONE, "cabundle", NULL, inspect_array, &bundle, true},
    {ALONE, "public_key", NULL, explain_optional, NULL, false},
    {ALONE, "user_data", NULL, explain_optional, NULL, false},
    {ALONE, "nonce", NULL, explain_optional, NULL, false},
};
const struct inspect_fields inspect_nitro_claims =
    INSPECT_FIELDS("AWS Nitro attestation document", nitro_rows);

static const struct inspect_media key = {NULL, INSPECT_CBOR, inspect_cose_key, NULL};
static const struct inspect_field dice_rows[] = {
    {-4670545, NULL, "codeHash", inspect_octets, NULL, false},
    {-4670546, NULL, "codeDescriptor", inspect_octets, NULL, false},
    {-4670547, NULL, "configurationHash", inspect_octets, NULL, false},
    {-4670548, NULL, "configurationDescriptor", inspect_octets, NULL, false},
    {-4670549, NULL, "authorityHash", inspect_octets, NULL, false},
    {-4670550, NULL, "authorityDescriptor", inspect_octets, NULL, false},
    {-4670551, NULL, "mode", inspect_octets, NULL, false},
    {-4670552, NULL, "subjectPublicKey", inspect_content, &key, true},
    {-4670553, NULL, "keyUsage", inspect_octets, NULL, false},
    {-4670554, NULL, "profileName", inspect_text, NULL, false},
};
const struct inspect_fields inspect_dice_claims =
    INSPECT_FIELDS_ALSO("Open DICE certificate", dice_rows, &inspect_eat_claims);
