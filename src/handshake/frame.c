/* SPDX-License-Identifier: Apache-2.0 */
#include "handshake/frame.h"

#include "base/reader.h"
#include "base/span.h"

static const char step[] = "frame";

static const struct kind {
    const char *name; /* NULL: no such type */
    size_t min, max;
} kinds[] = {
    [ATLS_FRAME_HELLO] = {"HELLO", ATLS_FRAME_HELLO_LEN, ATLS_MAX_FRAME_HELLO_LEN},
    [ATLS_FRAME_REQUEST] = {"REQUEST", 1, ATLS_MAX_FRAME_REQUEST_LEN},
    [ATLS_FRAME_AUTHENTICATOR] = {"AUTHENTICATOR", 1, ATLS_MAX_FRAME_AUTHENTICATOR_LEN},
    [ATLS_FRAME_DONE] = {"DONE", 0, 0},
    [ATLS_FRAME_DATA] = {"DATA", 1, ATLS_MAX_FRAME_DATA_LEN},
    [ATLS_FRAME_CLOSE] = {"CLOSE", 1, 1},
};

static const struct kind *kind_of(size_t type)
{
    return type < ATLS_ARRAY_LEN(kinds) && kinds[type].name != NULL ? &kinds[type] : NULL;
}

const char *atls_frame_name(enum atls_frame_type type)
{
    const struct kind *kind = kind_of((size_t)type);
    return kind != NULL ? kind->name : "a frame";
}

static enum atls_err refuse_type(uint8_t type, struct atls_diag *diag)
{
    atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "type", NULL, "1 (HELLO) to 6 (CLOSE)");
    atls_diag_found_int(diag, type);
    return ATLS_ERR_MALFORMED;
}

static enum atls_err refuse_len(enum atls_err err, const struct kind *kind, size_t len,
                                struct atls_diag *diag)
{
    atls_fail(diag, err, step, "length");
    atls_diag_found_text(diag, kind->name);
    atls_diag_found_text(diag, " with octets: ");
    atls_diag_found_int(diag, (int64_t)len);
    atls_diag_expected_int(diag, (int64_t)kind->min);
    atls_diag_expected_text(diag, " to ");
    atls_diag_expected_int(diag, (int64_t)kind->max);
    return err;
}

enum atls_err atls_frame_head_parse(struct atls_frame_head *out, struct atls_bytes octets,
                                    struct atls_diag *diag)
{
    struct atls_reader r = atls_reader_of(octets);
    uint8_t type = 0;
    uint32_t len = 0;
    if (!atls_read_u8(&r, &type) || !atls_read_u24(&r, &len) || !atls_read_end(&r)) {
        return atls_fail_at(diag, ATLS_ERR_MALFORMED, step, "head", atls_reader_offset(&r),
                            "a type of one octet and a length of three");
    }
    const struct kind *kind = kind_of(type);
    if (kind == NULL) {
        return refuse_type(type, diag);
    }
    if (len < kind->min || len > kind->max) {
        return refuse_len(ATLS_ERR_MALFORMED, kind, len, diag);
    }
    out->type = (enum atls_frame_type)type;
    out->len = len;
    return ATLS_OK;
}

enum atls_err atls_frame_head_write(uint8_t out[ATLS_FRAME_HEAD_LEN],
                                    const struct atls_frame_head *head, struct atls_diag *diag)
{
    const struct kind *kind = kind_of((size_t)head->type);
    if (kind == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "type", "one that there is not",
                               "1 (HELLO) to 6 (CLOSE)");
    }
    if (head->len < kind->min || head->len > kind->max) {
        return refuse_len(ATLS_ERR_ARGUMENT, kind, head->len, diag);
    }
    out[0] = (uint8_t)head->type;
    out[1] = (uint8_t)(head->len >> 16);
    out[2] = (uint8_t)(head->len >> 8 & 0xff);
    out[3] = (uint8_t)(head->len & 0xff);
    return ATLS_OK;
}

enum atls_err atls_frame_hello_parse(struct atls_frame_hello *out, struct atls_bytes body,
                                     struct atls_diag *diag)
{
    struct atls_reader r = atls_reader_of(body);
    uint8_t version = 0, flags = 0;
    if (!atls_read_u8(&r, &version) || !atls_read_u8(&r, &flags)) {
        return atls_fail_at(diag, ATLS_ERR_MALFORMED, step, "HELLO", atls_reader_offset(&r),
                            "a version and flags");
    }
    if (version != ATLS_FRAME_VERSION) {
        atls_fail_texts(diag, ATLS_ERR_ILLEGAL, step, "version", NULL, "1, which ALPN has named");
        atls_diag_found_int(diag, version);
        return ATLS_ERR_ILLEGAL;
    }
    out->asks = (flags & ATLS_FRAME_ASKS) != 0;
    out->frames = (flags & ATLS_FRAME_FRAMES) != 0;
    return ATLS_OK;
}

void atls_frame_hello_write(uint8_t out[ATLS_FRAME_HELLO_LEN], const struct atls_frame_hello *hello)
{
    out[0] = ATLS_FRAME_VERSION;
    out[1] =
        (uint8_t)((hello->asks ? ATLS_FRAME_ASKS : 0) | (hello->frames ? ATLS_FRAME_FRAMES : 0));
}
