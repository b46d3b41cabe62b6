/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a CMW, and the tags that stand for content formats (RFC 9277, 4.3). */
#include "codec/cmw.h"

/* TN(ct) = FIRST_TAG + (ct / 255) * 256 + ct % 255: the last octet of a tag is never 0. */
#define FIRST_TAG                   UINT32_C(0x63740101)
#define LAST_TAG                    UINT32_C(0x6374ffff)
#define MAX_CONTENT_FORMAT_WITH_TAG 65024

bool atls_cmw_tag_of(uint16_t content_format, uint32_t *out_tag)
{
    if (content_format > MAX_CONTENT_FORMAT_WITH_TAG) {
        return false;
    }
    *out_tag = FIRST_TAG + content_format / 255u * 256u + content_format % 255u;
    return true;
}

bool atls_cmw_tag_inverse(uint64_t tag, uint16_t *out_content_format)
{
    if (tag < FIRST_TAG || tag > LAST_TAG) {
        return false;
    }
    const uint32_t number = (uint32_t)tag - FIRST_TAG;
    if (number % 256 == 255) {
        return false;
    }
    *out_content_format = (uint16_t)(number / 256 * 255 + number % 256);
    return true;
}

static void put_record_end(struct atls_writer *w, struct atls_bytes value, uint32_t ind)
{
    atls_cbor_put_bytes(w, value);
    if (ind != 0) {
        atls_cbor_put_uint(w, ind);
    }
}

void atls_cmw_put_record_cf(struct atls_writer *w, uint16_t content_format, struct atls_bytes value,
                            uint32_t ind)
{
    atls_cbor_put_array(w, ind != 0 ? 3 : 2);
    atls_cbor_put_uint(w, content_format);
    put_record_end(w, value, ind);
}

void atls_cmw_put_record_media(struct atls_writer *w, const char *media_type,
                               struct atls_bytes value, uint32_t ind)
{
    atls_cbor_put_array(w, ind != 0 ? 3 : 2);
    atls_cbor_put_str(w, media_type);
    put_record_end(w, value, ind);
}

bool atls_cmw_put_tag(struct atls_writer *w, uint16_t content_format, struct atls_bytes value)
{
    uint32_t tag = 0;
    if (!atls_cmw_tag_of(content_format, &tag)) {
        return false;
    }
    atls_cbor_put_tag(w, tag);
    atls_cbor_put_bytes(w, value);
    return true;
}
