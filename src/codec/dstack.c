/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/dstack.h"

#include "base/reader.h"
#include "base/span.h"
#include "codec/ratls.h"

static const char step[] = "dstack attestation";

static enum atls_err malformed(struct atls_diag *diag, const char *claim, const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, claim, "another structure", expected);
}

enum atls_err atls_dstack_quote(struct atls_bytes *out, struct atls_bytes input,
                                struct atls_diag *diag)
{
    return atls_ratls_open_octets(out, input, "quote", "an OCTET STRING with a quote", diag);
}

static enum atls_err other_platform(struct atls_diag *diag, struct atls_bytes name)
{
    atls_fail_texts(diag, ATLS_ERR_EVIDENCE_TYPE, step, "platform", NULL,
                    "tdx or sev-snp: other platforms of dstack need more than one Evidence");
    atls_diag_found_peer_text(diag, name);
    return ATLS_ERR_EVIDENCE_TYPE;
}

static enum atls_err copy(struct atls_dstack *out, struct atls_buf room,
                          enum atls_dstack_platform platform, struct atls_bytes octets)
{
    if (octets.len == 0 || octets.len > room.cap) {
        return ATLS_ERR_MALFORMED;
    }
    memcpy(room.data, octets.data, octets.len);
    *out = (struct atls_dstack){platform, octets.len};
    return ATLS_OK;
}

/* Version 0, SCALE. */

/* read_compact reads a length (SCALE, "compact integers") in its shortest form, below 2^30. */
static bool read_compact(struct atls_reader *r, size_t *out)
{
    enum { ONE = 0, TWO = 1, FOUR = 2 };
    uint8_t octet = 0;
    uint32_t value = 0;
    if (!atls_read_u8(r, &octet)) {
        return false;
    }
    const unsigned mode = octet & 3;
    const unsigned more = mode == ONE ? 0 : mode == TWO ? 1 : 3;
    value = octet;
    for (unsigned i = 1; i <= more; i++) {
        if (!atls_read_u8(r, &octet)) {
            return false;
        }
        value |= (uint32_t)octet << 8 * i;
    }
    value >>= 2;
    *out = value;
    return mode == ONE || (mode == TWO && value >= 1u << 6) || (mode == FOUR && value >= 1u << 14);
}

static enum atls_err read_scale(struct atls_dstack *out, struct atls_buf room,
                                struct atls_reader *r, struct atls_diag *diag)
{
    static const char *const names[] = {"tdx", "gcp-tdx", "nitro-enclave", "sev-snp",
                                        "aws-nitro-tpm"};
    enum { TDX = 0, SNP = 3 };
    uint8_t variant = 0;
    size_t len = 0;
    struct atls_bytes octets;
    if (!atls_read_u8(r, &variant) || variant >= ATLS_ARRAY_LEN(names)) {
        return malformed(diag, "platform", "a platform of version 0");
    }
    if (variant != TDX && variant != SNP) {
        return other_platform(diag, atls_bytes_text(names[variant]));
    }
    if (!read_compact(r, &len) || !atls_read_bytes(r, len, &octets) ||
        copy(out, room, variant == TDX ? ATLS_DSTACK_TDX : ATLS_DSTACK_SNP, octets) != ATLS_OK) {
        return malformed(diag, variant == TDX ? "quote" : "report", "octets behind their number");
    }
    return ATLS_OK;
}

/* Version 1, MessagePack. */

enum kind { NUMBER, TEXT, OCTETS, LIST, MAP, OTHER };

/* The head of an item: a number, or how many octets, items or pairs follow. */
struct head {
    enum kind kind;
    uint64_t argument;
    size_t octets; /* that belong to the item alone */
};

static bool read_big_endian(struct atls_reader *r, size_t len, uint64_t *out)
{
    uint64_t value = 0;
    uint8_t octet = 0;
    for (size_t i = 0; i < len; i++) {
        if (!atls_read_u8(r, &octet)) {
            return false;
        }
        value = value << 8 | octet;
    }
    *out = value;
    return true;
}

/* The first octets that have a number of so many octets behind them. */
static const struct {
    uint8_t first, width;
    enum kind kind;
} heads[] = {
    {0xc4, 1, OCTETS}, {0xc5, 2, OCTETS}, {0xc6, 4, OCTETS}, {0xcc, 1, NUMBER}, {0xcd, 2, NUMBER},
    {0xce, 4, NUMBER}, {0xcf, 8, NUMBER}, {0xd9, 1, TEXT},   {0xda, 2, TEXT},   {0xdb, 4, TEXT},
    {0xdc, 2, LIST},   {0xdd, 4, LIST},   {0xde, 2, MAP},    {0xdf, 4, MAP},
};

/* Items that are of no use here, by the octets behind the first one. */
static bool read_other(uint8_t first, struct head *out)
{
    static const struct {
        uint8_t first, octets;
    } others[] = {{0xc0, 0}, {0xc2, 0}, {0xc3, 0}, {0xca, 4}, {0xcb, 8},
                  {0xd0, 1}, {0xd1, 2}, {0xd2, 4}, {0xd3, 8}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        if (others[i].first == first) {
            *out = (struct head){OTHER, 0, others[i].octets};
            return true;
        }
    }
    *out = (struct head){OTHER, 0, 0};
    return first >= 0xe0; /* a small negative number; extensions are not read */
}

static bool read_head(struct atls_reader *r, struct head *out)
{
    uint8_t first = 0;
    if (!atls_read_u8(r, &first)) {
        return false;
    }
    if (first < 0x80) {
        *out = (struct head){NUMBER, first, 0};
        return true;
    }
    if (first < 0xa0) {
        *out = (struct head){first < 0x90 ? MAP : LIST, first & 0x0fu, 0};
        return true;
    }
    if (first < 0xc0) {
        *out = (struct head){TEXT, first & 0x1fu, first & 0x1fu};
        return true;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(heads); i++) {
        if (heads[i].first == first) {
            struct head head = {heads[i].kind, 0, 0};
            if (!read_big_endian(r, heads[i].width, &head.argument)) {
                return false;
            }
            const bool is_string = head.kind == TEXT || head.kind == OCTETS;
            head.octets = is_string ? (size_t)head.argument : 0;
            *out = head;
            return true;
        }
    }
    return read_other(first, out);
}

/* skip goes over one item with all that is in it. An item has an octet at least, so that more of
 * them than octets cannot follow. */
static bool skip(struct atls_reader *r)
{
    uint64_t pending = 1;
    while (pending > 0) {
        struct head head;
        struct atls_bytes octets;
        if (!read_head(r, &head) || !atls_read_bytes(r, head.octets, &octets)) {
            return false;
        }
        pending--;
        const bool holds = head.kind == LIST || head.kind == MAP;
        const uint64_t more = holds ? head.argument * (head.kind == MAP ? 2 : 1) : 0;
        if (more > r->left || pending + more > r->left) {
            return false;
        }
        pending += more;
    }
    return true;
}

/* read_text reads a text; false for another item. */
static bool read_text(struct atls_reader *r, struct atls_bytes *out)
{
    struct head head;
    return read_head(r, &head) && head.kind == TEXT && atls_read_bytes(r, head.octets, out);
}

/* find goes through a map to its end, and gives the value of `key`, which stands there once. */
static bool find(struct atls_reader *r, const char *key, struct atls_reader *out)
{
    struct head head;
    struct atls_bytes name;
    unsigned num = 0;
    if (!read_head(r, &head) || head.kind != MAP) {
        return false;
    }
    for (uint64_t i = 0; i < head.argument; i++) {
        if (!read_text(r, &name)) {
            return false;
        }
        if (atls_bytes_is_text(name, key)) {
            *out = *r;
            num++;
        }
        if (!skip(r)) {
            return false;
        }
    }
    return num == 1;
}

/* copy_octets copies octets that stand as such, or as a list of numbers. */
static bool copy_octets(struct atls_buf room, size_t *out_len, struct atls_reader *r)
{
    struct head head;
    struct atls_bytes octets;
    if (!read_head(r, &head)) {
        return false;
    }
    if (head.kind == OCTETS) {
        if (head.octets > room.cap || !atls_read_bytes(r, head.octets, &octets)) {
            return false;
        }
        memcpy(room.data, octets.data, octets.len);
        *out_len = octets.len;
        return octets.len != 0;
    }
    if (head.kind != LIST || head.argument == 0 || head.argument > room.cap) {
        return false;
    }
    for (size_t i = 0; i < (size_t)head.argument; i++) {
        struct head item;
        if (!read_head(r, &item) || item.kind != NUMBER || item.argument > UINT8_MAX) {
            return false;
        }
        room.data[i] = (uint8_t)item.argument;
    }
    *out_len = (size_t)head.argument;
    return true;
}

static enum atls_err read_message(struct atls_dstack *out, struct atls_buf room,
                                  struct atls_reader *r, struct atls_diag *diag)
{
    struct atls_reader platform, kind, data, octets;
    struct atls_bytes name = {NULL, 0};
    struct atls_dstack found = {ATLS_DSTACK_TDX, 0};
    if (!find(r, "platform", &platform) || !atls_read_end(r)) {
        return malformed(diag, "attestation", "one map of MessagePack, with its platform");
    }
    kind = platform;
    data = platform;
    if (!find(&kind, "kind", &octets) || !read_text(&octets, &name) ||
        !find(&data, "data", &octets)) {
        return malformed(diag, "platform", "a map with kind and data");
    }
    const bool is_tdx = atls_bytes_is_text(name, "tdx");
    if (!is_tdx && !atls_bytes_is_text(name, "sev-snp")) {
        return other_platform(diag, name);
    }
    found.platform = is_tdx ? ATLS_DSTACK_TDX : ATLS_DSTACK_SNP;
    data = octets;
    if (!find(&data, is_tdx ? "quote" : "report", &octets) ||
        !copy_octets(room, &found.len, &octets)) {
        return malformed(diag, is_tdx ? "quote" : "report", "octets");
    }
    *out = found;
    return ATLS_OK;
}

enum atls_err atls_dstack_attestation(struct atls_dstack *out, struct atls_buf room,
                                      struct atls_bytes input, struct atls_diag *diag)
{
    struct atls_bytes content;
    uint8_t version = 0;
    const enum atls_err err = atls_ratls_open_octets(&content, input, "attestation",
                                                     "an OCTET STRING with an attestation", diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_reader r = atls_reader_of(content);
    struct atls_reader ahead = r;
    if (!atls_read_u8(&ahead, &version)) {
        return malformed(diag, "attestation", "version 0 or 1");
    }
    return version == 0 ? read_scale(out, room, &ahead, diag) : read_message(out, room, &r, diag);
}
