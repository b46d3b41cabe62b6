/* SPDX-License-Identifier: Apache-2.0 */
/* Arm CCA tokens (draft-ffm-rats-cca-token): the envelope, the platform's and the realm's claims.
 */
#include "inspect/claims.h"

#include <inttypes.h>

static const struct inspect_lengths thirty_two = {{32}, 0, 0};
static const struct inspect_lengths sixty_four = {{64}, 0, 0};
static const struct inspect_lengths not_empty = {{0}, 1, SIZE_MAX};

static const struct inspect_field component_rows[] = {
    {1, "component-type", NULL, inspect_text, NULL, false},
    {2, "measurement-value", NULL, inspect_hash_value, NULL, true},
    {4, "version", NULL, inspect_text, NULL, false},
    {5, "signer-id", NULL, inspect_hash_value, NULL, true},
    {6, "hash-algo-id", NULL, inspect_text, NULL, false},
    {7, NULL, "live-firmware-activation", inspect_boolean, NULL, false},
    {8, NULL, "countersigners", inspect_any, NULL, false},
};
static const struct inspect_fields component = INSPECT_FIELDS(NULL, component_rows);
static const struct inspect_list components = {"cca-sw-component", inspect_map, &component, 1};

static const struct inspect_name_of hash_rows[] = {
    {0, "sha-256"},
    {0, "sha-384"},
    {0, "sha-512"},
};
static const struct inspect_names hash_ids = INSPECT_NAMES("a hash of CCA", hash_rows, true);

static void explain_hash_id(struct inspect *in, struct inspect_node *node,
                            const struct inspect_value *v, const void *arg)
{
    (void)arg;
    if (v->type == INSPECT_TEXT) {
        inspect_word(in, node, v, &hash_ids);
    } else {
        inspect_wrong_type(in, node, v, "text");
    }
}

/* clang-format off: one claim a line */
static const struct inspect_field platform_rows[] = {
    {10, "cca-platform-challenge", NULL, inspect_octets, &inspect_hash_lengths, false},
    {256, "cca-platform-instance-id", NULL, inspect_instance_id, NULL, true},
    {265, "cca-platform-profile", NULL, inspect_text, NULL, true},
    {2394, "cca-platform-client-id", NULL, inspect_number, NULL, false},
    {2395, "cca-platform-lifecycle", NULL, inspect_lifecycle, NULL, true},
    {2396, "cca-platform-implementation-id", NULL, inspect_octets, &thirty_two, true},
    {2399, "cca-platform-sw-components", NULL, inspect_array, &components, true},
    {2400, "cca-platform-service-indicator", NULL, inspect_text, &not_empty, false},
    {2401, "cca-platform-config", NULL, inspect_octets, NULL, true},
    {2402, "cca-platform-hash-algo-id", NULL, explain_hash_id, NULL, true},
    {2403, NULL, "cca-platform-manufacturing-config", inspect_octets, NULL, false},
    {2404, NULL, "cca-platform-extension", inspect_any, NULL, false},
    {2405, NULL, "cca-platform-tbb-rotpk", inspect_any, NULL, false},
    {2406, NULL, "cca-platform-peer-signers", inspect_any, NULL, false},
    {2407, NULL, "cca-platform-discrete-tpm-binding", inspect_any, NULL, false},
    {2408, NULL, "cca-platform-workload-binding", inspect_octets, &inspect_hash_lengths, false},
};
/* clang-format on */
const struct inspect_fields inspect_cca_platform_claims =
    INSPECT_FIELDS_ALSO("CCA platform claims", platform_rows, &inspect_eat_claims);

/* The attestation key: a COSE_Key, or as the first tokens had it the point alone. */
static void explain_rak(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v, const void *arg)
{
    struct atls_bytes octets;
    (void)arg;
    if (!inspect_octets_of(in, node, v, &octets)) {
        return;
    }
    inspect_note_len(in, node, octets.len);
    const struct inspect_value key = inspect_value_cbor(octets);
    if (key.type == INSPECT_MAP) {
        inspect_check(in, node, &key, octets);
        inspect_later(in, node, &key, inspect_cose_key, NULL);
        return;
    }
    inspect_show_octets(in, node, octets);
    if (octets.len == 97) {
        inspect_note(in, node, "point on P-384%s",
                     octets.data[0] == 4 ? "" : ", not as it should be");
    } else {
        inspect_problem(in, node, "neither a COSE_Key nor an uncompressed point on P-384");
    }
}

static const struct inspect_name_of mec_rows[] = {{0, "shared"}, {1, "private"}};
static const struct inspect_names mec = INSPECT_NAMES("a MEC policy", mec_rows, false);
static const struct inspect_list registers = {"REM", inspect_hash_value, NULL, 1};

/* clang-format off: one claim a line */
static const struct inspect_field realm_rows[] = {
    {10, "cca-realm-challenge", NULL, inspect_octets, &sixty_four, true},
    {256, NULL, "cca-realm-instance-id", inspect_instance_id, NULL, false},
    {265, "cca-realm-profile", NULL, inspect_text, NULL, false},
    {44235, "cca-realm-personalization-value", NULL, inspect_octets, &sixty_four, true},
    {44236, "cca-realm-hash-algo-id", NULL, explain_hash_id, NULL, true},
    {44237, "cca-realm-public-key", NULL, explain_rak, NULL, true},
    {44238, "cca-realm-initial-measurement", NULL, inspect_hash_value, NULL, true},
    {44239, "cca-realm-extensible-measurements", NULL, inspect_array, &registers, true},
    {44240, "cca-realm-public-key-hash-algo-id", NULL, explain_hash_id, NULL, true},
    {44243, NULL, "cca-realm-mec-policy", inspect_word, &mec, false},
    {44244, NULL, "cca-realm-lfa-policy", inspect_number, NULL, false},
    {44257, NULL, "cca-realm-devices-token-hash", inspect_octets, NULL, false},
};
/* clang-format on */
const struct inspect_fields inspect_cca_realm_claims =
    INSPECT_FIELDS_ALSO("CCA realm claims", realm_rows, &inspect_eat_claims);

/* An entry of the envelope: a CMW record (tag 907), or a byte string (tag 399). */
static void explain_entry(struct inspect *in, struct inspect_node *node,
                          const struct inspect_value *v, const void *arg)
{
    static const struct inspect_media token = {NULL, INSPECT_CBOR, inspect_cose, NULL};
    (void)arg;
    if (v->type == INSPECT_ARRAY) {
        inspect_later(in, node, v, inspect_cmw, NULL);
    } else if (v->type == INSPECT_MAP) { /* how the claims are written down in JSON */
        inspect_later(in, node, v, inspect_claims, NULL);
    } else {
        inspect_later(in, node, v, inspect_content, &token);
    }
}

static const struct inspect_field token_rows[] = {
    {44234, "cca-platform-token", NULL, explain_entry, NULL, true},
    {44241, "cca-realm-delegated-token", NULL, explain_entry, NULL, true},
};
static const struct inspect_fields token = INSPECT_FIELDS("CCA token", token_rows);

void inspect_cca(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                 const void *arg)
{
    const struct inspect_value inside = v->type == INSPECT_TAG ? inspect_inside(v) : *v;
    (void)arg;
    if (v->type == INSPECT_TAG) {
        inspect_note(in, node, "tag %" PRIu64, v->argument);
        if (v->argument != 399 && v->argument != 907) {
            inspect_problem(in, node, "tag %" PRIu64 ", expected 907 or 399", v->argument);
        }
    }
    inspect_map(in, node, &inside, &token);
}
