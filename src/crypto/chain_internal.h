/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_CHAIN_INTERNAL_H
#define CRYPTO_CHAIN_INTERNAL_H

#include "crypto/chain.h"

/* atls_chain_share takes one more reference. */
struct atls_chain *atls_chain_share(struct atls_chain *chain);
const struct atls_chain_profile *atls_chain_profile_of(const struct atls_chain *chain);

#endif
