/* SPDX-License-Identifier: Apache-2.0 */
/* What of a ServerHello the TLS library does not say afterwards. */
#ifndef HANDSHAKE_SERVER_HELLO_H
#define HANDSHAKE_SERVER_HELLO_H

#include "atls/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>

/* atls_server_hello_has_key_share is true for a whole ServerHello, with its 4-octet header, that
 * has the extension key_share (RFC 8446, 4.2.8). What cannot be read has none. */
ATLS_NODISCARD bool atls_server_hello_has_key_share(struct atls_bytes message);

#endif
