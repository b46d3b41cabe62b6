/* SPDX-License-Identifier: Apache-2.0 */
/* Reading one item of octets that atls_cbor_parse has checked. */
#ifndef CODEC_CBOR_ITEM_H
#define CODEC_CBOR_ITEM_H

#include "base/reader.h"
#include "codec/cbor.h"

/* atls_cbor_item_read reads the next item and moves past it; false, and nothing moves, at the end.
 * It is safe on any octets, but judges only what it needs in order to find the item's end. */
ATLS_NODISCARD bool atls_cbor_item_read(struct atls_reader *r, struct atls_cbor *out);

#endif
