/* SPDX-License-Identifier: Apache-2.0 */
/* Endorsements for tests, by way of real CoRIMs (link room_endorsement). */
#ifndef SUPPORT_ENDORSE_H
#define SUPPORT_ENDORSE_H

#include "endorsement/endorsement.h"

/* test_endorsements gives an empty set, freed when the program ends. */
struct atls_endorsements *test_endorsements(void);

/* test_add_comid adds a CoRIM made of one CoMID template. */
void test_add_comid(struct atls_endorsements *set, const char *comid_json, const char *profile,
                    bool simulated);
/* test_endorsements_until gives what is added from now on an end, "2026-09-21T15:00:00Z"; NULL:
 * none. */
void test_endorsements_until(const char *not_after);
/* test_add_corim adds a CoRIM as it is, valid or not checked for time. */
void test_add_corim(struct atls_endorsements *set, struct atls_bytes corim);

/* PSA: attestation key of an instance, and reference values of an implementation. `name` and
 * `version` may be NULL. */
void test_add_psa_key(struct atls_endorsements *set, struct atls_bytes implementation_id,
                      struct atls_bytes instance_id, const struct atls_key *key, bool simulated);
void test_add_psa_component(struct atls_endorsements *set, struct atls_bytes implementation_id,
                            const char *name, const char *version, struct atls_bytes value,
                            struct atls_bytes signer_id);

/* TPM: attestation key by its identifier, and one reference value of a PCR, in a class that is
 * named by a UUID in its text form. */
void test_add_tpm2_key(struct atls_endorsements *set, const char *class_uuid, struct atls_bytes kid,
                       const struct atls_key *key, bool simulated);
void test_add_pcr(struct atls_endorsements *set, const char *class_uuid, unsigned pcr,
                  struct atls_bytes value);

#endif
