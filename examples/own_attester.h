/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXAMPLES_OWN_ATTESTER_H
#define EXAMPLES_OWN_ATTESTER_H

#include <atls/attester.h>

/* Its configuration is the path of a socket: that of token_service.py. */
extern const struct atls_attester_ops own_attester;

#endif
