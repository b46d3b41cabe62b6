/* SPDX-License-Identifier: Apache-2.0 */
#include "endorsement/corim_claims.h"

#include "base/span.h"
#include "json/base64.h"

struct atls_bytes atls_corim_octets(const struct atls_corim_octets *octets)
{
    return atls_bytes_of(octets->data, octets->len);
}

static bool is_len(size_t len, size_t wanted)
{
    return wanted != 0 ? len == wanted : len == 32 || len == 48 || len == 64;
}

/* decode: what is hex is not tried as base64, which it is as well, of another length. */
static bool decode(struct atls_corim_octets *out, struct atls_bytes text)
{
    const struct atls_buf room = {out->data, sizeof out->data};
    return atls_hex_decode(text, room, &out->len) || atls_base64_decode(text, room, &out->len) ||
           atls_base64url_decode(text, room, &out->len);
}

enum atls_err atls_corim_read_octets(struct atls_corim_octets *out, const json_t *object,
                                     const char *name, size_t len, struct atls_diag *diag)
{
    const json_t *value = json_object_get(object, name);
    if (json_is_string(value) &&
        decode(out, atls_bytes_of(json_string_value(value), json_string_length(value))) &&
        is_len(out->len, len)) {
        return ATLS_OK;
    }
    return atls_corim_claim_refuse(diag, name, value == NULL ? "none" : "another length or form",
                                   len == 0 ? "32, 48 or 64 octets as hex or base64"
                                            : "octets of the format's length as hex or base64");
}

enum atls_err atls_corim_read_number(uint64_t *out, const json_t *object, const char *name,
                                     uint64_t max, struct atls_diag *diag)
{
    const json_t *value = json_object_get(object, name);
    const json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || (uint64_t)number > max) {
        return atls_corim_claim_refuse(diag, name, value == NULL ? "none" : "another value or form",
                                       "a number that the format can have");
    }
    *out = (uint64_t)number;
    return ATLS_OK;
}
