/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files on CoRIM. */
#ifndef INSPECT_CORIM_H
#define INSPECT_CORIM_H

#include "inspect/formats.h"

inspect_explain inspect_corim_uri; /* tag 32 */
inspect_explain inspect_tag_identity;
inspect_explain inspect_tag_id; /* text, or 16 octets of a UUID */
inspect_explain inspect_corim_validity;
inspect_explain inspect_environment;
inspect_explain inspect_measurement;
inspect_explain inspect_crypto_key; /* tagged */
extern const struct inspect_list inspect_crypto_keys;
extern const struct inspect_list inspect_measurements;

#endif
