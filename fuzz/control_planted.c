/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The negative control: a fuzz target with a planted bug, which whoever runs the targets expects to
 * be found. The bug waits behind strict CBOR, a map of three pairs, so that the way there leads
 * through the codec's checks of lengths and of keys: without feedback from that room nothing gets
 * there.
 */
#include "fuzz_check.h"

#include "base/span.h"
#include "codec/cbor.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_cbor item;
    if (atls_cbor_parse(&item, atls_bytes_of(data, size), ATLS_CBOR_STRICT, "control", NULL) ==
            ATLS_OK &&
        item.type == ATLS_CBOR_MAP && item.argument == 3 && size >= 16) {
        fputs("the planted bug\n", stderr);
        abort();
    }
    return 0;
}
