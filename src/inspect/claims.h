/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of claims, a file each; claims.c chooses. */
#ifndef INSPECT_CLAIMS_H
#define INSPECT_CLAIMS_H

#include "inspect/formats.h"

extern const struct inspect_fields inspect_eat_claims;          /* RFC 8392, 8747, 9711 */
extern const struct inspect_fields inspect_psa_claims;          /* RFC 9783 */
extern const struct inspect_fields inspect_psa_interim_claims;  /* http://arm.com/psa/2.0.0 */
extern const struct inspect_fields inspect_psa_legacy_claims;   /* PSA_IOT_PROFILE_1 */
extern const struct inspect_fields inspect_cca_platform_claims; /* draft-ffm-rats-cca-token */
extern const struct inspect_fields inspect_cca_realm_claims;
extern const struct inspect_fields inspect_ear_claims; /* draft-ietf-rats-ear */
extern const struct inspect_fields inspect_ear_appraisal;
extern const struct inspect_fields inspect_nitro_claims; /* AWS Nitro attestation document */
extern const struct inspect_fields inspect_dice_claims;  /* Open Profile for DICE */

inspect_explain inspect_lifecycle;                        /* of PSA and CCA */
inspect_explain inspect_instance_id;                      /* 33 octets, the first 01 */
extern const struct inspect_lengths inspect_hash_lengths; /* 32, 48 or 64 */
inspect_explain inspect_hash_value; /* octets of such a length, and the hash that has it */
inspect_explain inspect_ueid;
inspect_explain inspect_eat_submods;

#endif
