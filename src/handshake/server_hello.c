/* SPDX-License-Identifier: Apache-2.0 */
/* ServerHello (RFC 8446, 4.1.3): whether its key exchange is more than a PSK. */
#include "handshake/server_hello.h"

#include "base/reader.h"

enum { SERVER_HELLO = 2, KEY_SHARE = 51 };
enum {
    VERSION_AND_RANDOM_LEN = 2 + 32,
    SUITE_AND_COMPRESSION_LEN = 2 + 1,
    MAX_SESSION_ID_LEN = 32
};

/* read_extensions reads up to the list of extensions. */
static bool read_extensions(struct atls_bytes message, struct atls_reader *out)
{
    struct atls_reader r = atls_reader_of(message);
    struct atls_bytes body, skipped, list;
    uint8_t type = 0;
    if (!atls_read_u8(&r, &type) || type != SERVER_HELLO ||
        !atls_read_vec24(&r, 0, r.left, &body) || !atls_read_end(&r)) {
        return false;
    }
    r = atls_reader_of(body);
    if (!atls_read_bytes(&r, VERSION_AND_RANDOM_LEN, &skipped) ||
        !atls_read_vec8(&r, 0, MAX_SESSION_ID_LEN, &skipped) ||
        !atls_read_bytes(&r, SUITE_AND_COMPRESSION_LEN, &skipped) ||
        !atls_read_vec16(&r, 0, UINT16_MAX, &list) || !atls_read_end(&r)) {
        return false;
    }
    *out = atls_reader_of(list);
    return true;
}

bool atls_server_hello_has_key_share(struct atls_bytes message)
{
    struct atls_reader extensions;
    bool found = false;
    if (!read_extensions(message, &extensions)) {
        return false;
    }
    while (extensions.left != 0) {
        struct atls_bytes data;
        uint16_t type = 0;
        if (!atls_read_u16(&extensions, &type) ||
            !atls_read_vec16(&extensions, 0, UINT16_MAX, &data)) {
            return false;
        }
        found = found || type == KEY_SHARE;
    }
    return found;
}
