/* SPDX-License-Identifier: Apache-2.0 */
/* Claims of PSA tokens (RFC 9783) and of the two forms before it. */
#include "inspect/claims.h"

#include "base/span.h"

const struct inspect_lengths inspect_hash_lengths = {{32, 48, 64}, 0, 0};
static const struct inspect_lengths thirty_two = {{32}, 0, 0};
static const struct inspect_lengths seed_lengths = {{0}, 8, 32};
static const struct inspect_lengths not_empty = {{0}, 1, SIZE_MAX};

void inspect_hash_value(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_octets(in, node, v, &inspect_hash_lengths);
    if (node->shown == INSPECT_SHOW_OCTETS) {
        const char *name = inspect_hash_of_len(node->octets.len);
        if (name != NULL) {
            inspect_note(in, node, "%s by its length", name);
        }
    }
}

void inspect_instance_id(struct inspect *in, struct inspect_node *node,
                         const struct inspect_value *v, const void *arg)
{
    static const struct inspect_lengths lengths = {{33}, 0, 0};
    (void)arg;
    inspect_octets(in, node, v, &lengths);
    if (node->shown == INSPECT_SHOW_OCTETS && node->octets.len > 0 && node->octets.data[0] != 1) {
        inspect_problem(in, node, "the first octet is %u, expected 1", node->octets.data[0]);
    }
}

/* RFC 9783, 4.3.1: the upper octet says the state, the lower one is the implementation's. */
void inspect_lifecycle(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                       const void *arg)
{
    static const struct inspect_name_of rows[] = {
        {0x00, "unknown"},        {0x10, "assembly-and-test"}, {0x20, "psa-rot-provisioning"},
        {0x30, "secured"},        {0x40, "non-psa-rot-debug"}, {0x50, "recoverable-psa-rot-debug"},
        {0x60, "decommissioned"},
    };
    static const struct inspect_names states = INSPECT_NAMES("a state", rows, true);
    int64_t number = 0;
    (void)arg;
    inspect_uint(in, node, v, NULL);
    if (node->shown != INSPECT_SHOW_UINT || !inspect_int(v, &number)) {
        return;
    }
    const char *name = inspect_name_find(&states, number >> 8);
    if (name == NULL) {
        inspect_problem(in, node, "0x%llx is outside every range of the security lifecycle",
                        (unsigned long long)number);
        return;
    }
    inspect_note(in, node, "0x%04llx %s", (unsigned long long)number, name);
}

static void explain_client(struct inspect *in, struct inspect_node *node,
                           const struct inspect_value *v, const void *arg)
{
    int64_t number = 0;
    (void)arg;
    inspect_number(in, node, v, NULL);
    if (inspect_int(v, &number)) {
        if (number == 0 || number > INT32_MAX || number < INT32_MIN) {
            inspect_problem(in, node, "a client id has 32 bits and is not 0");
        } else {
            inspect_note(in, node, "%s", number < 0 ? "non-secure" : "secure");
        }
    }
}

static const struct inspect_field component_rows[] = {
    {1, "measurement-type", NULL, inspect_text, NULL, false},
    {2, "measurement-value", NULL, inspect_hash_value, NULL, true},
    {4, "version", NULL, inspect_text, NULL, false},
    {5, "signer-id", NULL, inspect_hash_value, NULL, true},
    {6, "measurement-desc", NULL, inspect_text, NULL, false},
    {INSPECT_NO_LABEL, "measurement-description", NULL, inspect_text, NULL, false},
};
static const struct inspect_fields component = INSPECT_FIELDS(NULL, component_rows);
static const struct inspect_list components = {"psa-software-component", inspect_map, &component,
                                               1};

#define PROFILE_KEYS                                                                               \
    {INSPECT_NO_LABEL, "eat-profile", NULL, inspect_text, NULL, false},                            \
    {                                                                                              \
        INSPECT_NO_LABEL, "psa-profile", NULL, inspect_text, NULL, false                           \
    }

/* clang-format off: one claim a line */
static const struct inspect_field psa_rows[] = {
    {10, "psa-nonce", NULL, inspect_octets, &inspect_hash_lengths, true},
    {256, "psa-instance-id", NULL, inspect_instance_id, NULL, true},
    {268, "psa-boot-seed", NULL, inspect_octets, &seed_lengths, false},
    {2394, "psa-client-id", NULL, explain_client, NULL, true},
    {2395, "psa-security-lifecycle", NULL, inspect_lifecycle, NULL, true},
    {2396, "psa-implementation-id", NULL, inspect_octets, &thirty_two, true},
    {2398, "psa-certification-reference", NULL, inspect_text, NULL, false},
    {2399, "psa-software-components", NULL, inspect_array, &components, true},
    {2400, "psa-verification-service-indicator", NULL, inspect_text, &not_empty, false},
    PROFILE_KEYS,
};
static const struct inspect_field interim_rows[] = {
    {10, "psa-nonce", NULL, inspect_octets, &inspect_hash_lengths, true},
    {256, "psa-instance-id", NULL, inspect_instance_id, NULL, true},
    {2394, "psa-client-id", NULL, explain_client, NULL, true},
    {2395, "psa-security-lifecycle", NULL, inspect_lifecycle, NULL, true},
    {2396, "psa-implementation-id", NULL, inspect_octets, &thirty_two, true},
    {2397, "psa-boot-seed", NULL, inspect_octets, &thirty_two, false},
    {2398, "psa-certification-reference", NULL, inspect_text, NULL, false},
    {2399, "psa-software-components", NULL, inspect_array, &components, true},
    {2400, "psa-verification-service-indicator", NULL, inspect_text, &not_empty, false},
    PROFILE_KEYS,
};
static const struct inspect_field legacy_rows[] = {
    {-75000, "psa-profile", NULL, inspect_text, NULL, false},
    {-75001, "psa-client-id", NULL, explain_client, NULL, true},
    {-75002, "psa-security-lifecycle", NULL, inspect_lifecycle, NULL, true},
    {-75003, "psa-implementation-id", NULL, inspect_octets, &thirty_two, true},
    {-75004, "psa-boot-seed", NULL, inspect_octets, &thirty_two, true},
    {-75005, "psa-certification-reference", NULL, inspect_text, NULL, false},
    {-75006, "psa-software-components", NULL, inspect_array, &components, false},
    {-75007, "psa-no-sw-measurement", NULL, inspect_uint, NULL, false},
    {-75008, "psa-nonce", NULL, inspect_octets, &inspect_hash_lengths, true},
    {-75009, "psa-instance-id", NULL, inspect_instance_id, NULL, true},
    {-75010, "psa-verification-service-indicator", NULL, inspect_text, &not_empty, false},
    {INSPECT_NO_LABEL, "eat-profile", NULL, inspect_text, NULL, false},
};
/* clang-format on */

const struct inspect_fields inspect_psa_claims =
    INSPECT_FIELDS_ALSO("PSA token claims (RFC 9783)", psa_rows, &inspect_eat_claims);
const struct inspect_fields inspect_psa_interim_claims = INSPECT_FIELDS_ALSO(
    "PSA token claims (http://arm.com/psa/2.0.0)", interim_rows, &inspect_eat_claims);
const struct inspect_fields inspect_psa_legacy_claims =
    INSPECT_FIELDS_ALSO("PSA token claims (PSA_IOT_PROFILE_1)", legacy_rows, &inspect_eat_claims);
