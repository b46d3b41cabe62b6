/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PEM text with several blocks (RFC 7468): certificates and lists of revoked ones, one after the
 * other, as makers of roots of trust and their tools write them. Blocks may follow each other
 * without a line end; text between them is skipped.
 */
#ifndef CRYPTO_PEM_H
#define CRYPTO_PEM_H

#include "atls/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>

/* One block. Spans borrow the text. */
struct atls_pem_block {
    struct atls_bytes label; /* "CERTIFICATE", "X509 CRL" */
    struct atls_bytes body;  /* base64, with its line ends */
};

/* What atls_pem_next came to. */
enum atls_pem_found {
    ATLS_PEM_END,   /* no further block */
    ATLS_PEM_BLOCK, /* *out is one */
    ATLS_PEM_BROKEN /* a block begins that does not end, or ends as another one */
};

/* atls_pem_next takes the next block off the front of *text. */
ATLS_NODISCARD enum atls_pem_found atls_pem_next(struct atls_bytes *text,
                                                 struct atls_pem_block *out);

/* atls_pem_decode writes the octets of a block, at most out.cap of them; false for what is no
 * base64 or too long. A block of n characters has at most n / 4 * 3 + 3 octets. */
ATLS_NODISCARD bool atls_pem_decode(const struct atls_pem_block *block, struct atls_buf out,
                                    size_t *out_len);

#endif
