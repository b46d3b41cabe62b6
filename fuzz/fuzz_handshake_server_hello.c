/* SPDX-License-Identifier: Apache-2.0 */
/* A ServerHello's key_share, against a walk by indexes. */
#include "fuzz_check.h"

#include "base/span.h"
#include "handshake/server_hello.h"

static size_t u16_at(const uint8_t *data, size_t at)
{
    return (size_t)data[at] << 8 | data[at + 1];
}

/* 4 octets of header, 34 of version and random, session id, 3 of suite and compression, list. */
static bool walk(const uint8_t *data, size_t size)
{
    bool found = false;
    if (size < 4 + 34 + 1 || data[0] != 2 || data[1] != 0 || u16_at(data, 2) != size - 4 ||
        data[38] > 32) {
        return false;
    }
    size_t at = 39 + (size_t)data[38] + 3;
    if (size < at + 2 || u16_at(data, at) != size - at - 2) {
        return false;
    }
    for (at += 2; at != size;) {
        if (size - at < 4 || size - at - 4 < u16_at(data, at + 2)) {
            return false;
        }
        found = found || u16_at(data, at) == 51;
        at += 4 + u16_at(data, at + 2);
    }
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 0x10000) { /* the walk has two octets of a message's length */
        fuzz_require(atls_server_hello_has_key_share(atls_bytes_of(data, size)) ==
                     walk(data, size));
    }
    return 0;
}
