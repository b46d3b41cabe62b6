/* SPDX-License-Identifier: Apache-2.0 */
/* CMW and UCCS: an accepted record or tag is written again as it came, and every member of an
 * accepted collection is accepted by itself. */
#include "fuzz_check.h"

#include "atls/limits.h"
#include "base/span.h"
#include "codec/cmw.h"
#include "codec/uccs.h"

#include <string.h>

static void put(struct atls_writer *w, const struct atls_cmw *cmw)
{
    char media_type[ATLS_MAX_SCHEME_TEXT_LEN + 1] = {0};
    if (cmw->kind == ATLS_CMW_TAG) {
        fuzz_require(atls_cmw_put_tag(w, cmw->content_format, cmw->value));
    } else if (cmw->by_content_format) {
        atls_cmw_put_record_cf(w, cmw->content_format, cmw->value, cmw->ind);
    } else {
        fuzz_require(cmw->media_type.len < sizeof media_type);
        memcpy(media_type, cmw->media_type.data, cmw->media_type.len);
        fuzz_require(atls_media_type_equal(cmw->media_type, cmw->media_type));
        atls_cmw_put_record_media(w, media_type, cmw->value, cmw->ind);
    }
}

static void check_written(const struct atls_cmw *cmw, struct atls_bytes input)
{
    uint8_t *room = malloc(input.len);
    fuzz_require(room != NULL);
    const struct atls_buf buf = {room, input.len};
    struct atls_writer w = atls_writer_of(buf);
    size_t len = 0;
    put(&w, cmw);
    fuzz_require(atls_writer_finish(&w, &len));
    fuzz_require(atls_bytes_equal(atls_bytes_of(room, len), input));
    free(room);
}

/* Recursion is as deep as the parser let collections be. */
static void check_members(const struct atls_cmw *collection, int levels)
{
    struct atls_cbor_iter iter = atls_cbor_members(&collection->collection);
    struct atls_cbor key;
    struct atls_cbor value;
    fuzz_require(levels > 0);
    while (atls_cbor_next_pair(&iter, &key, &value)) {
        struct atls_cmw member;
        if (atls_cbor_is_text(&key, "__cmwc_t")) {
            continue;
        }
        fuzz_require(atls_cmw_parse_item(&member, &value, NULL) == ATLS_OK);
        if (member.kind == ATLS_CMW_COLLECTION) {
            check_members(&member, levels - 1);
        } else {
            check_written(&member, value.encoded);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct atls_bytes input = {data, size};
    struct atls_cmw cmw;
    struct atls_cmw member;
    struct atls_cbor claims;
    struct atls_diag diag = {0};
    const enum atls_err err = atls_cmw_parse(&cmw, input, &diag);
    fuzz_require(err == diag.err);
    if (err == ATLS_OK && cmw.kind == ATLS_CMW_COLLECTION) {
        check_members(&cmw, ATLS_MAX_COLLECTION_DEPTH);
        (void)atls_cmw_find(&cmw, "kat", &member);
    } else if (err == ATLS_OK) {
        check_written(&cmw, input);
        fuzz_require(!atls_cmw_find(&cmw, "kat", &member));
    }
    if (atls_uccs_parse(&claims, input, NULL) == ATLS_OK) {
        fuzz_require(claims.type == ATLS_CBOR_MAP && claims.encoded.len + 3 == input.len);
    }
    return 0;
}
