/* SPDX-License-Identifier: Apache-2.0 */
/* What octets and numbers mean to people, and the strict parsers' word on a whole. */
#include "inspect/explain.h"

#include "base/span.h"
#include "codec/ascii.h"
#include "codec/cbor.h"
#include "crypto/crypto.h"
#include "inspect/der.h"
#include "json/base64.h"
#include "json/json.h"

#include <time.h>

void inspect_note_time(struct inspect *in, struct inspect_node *node, int64_t seconds)
{
    const time_t when = (time_t)seconds;
    struct tm tm;
    /* RFC 3339 has years of four digits. */
    if (seconds < -62135596800 || seconds > 253402300799 || gmtime_r(&when, &tm) == NULL) {
        inspect_note(in, node, "beyond the year 9999");
        return;
    }
    inspect_note(in, node, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
                 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void inspect_note_printable(struct inspect *in, struct inspect_node *node, struct atls_bytes octets)
{
    size_t words = 0; /* characters of words: octets that look so by chance have few of them */
    size_t len = octets.len;
    while (len > 0 && octets.data[len - 1] == 0) { /* text that fills a field is padded so */
        len--;
    }
    const char *padding = len < octets.len ? " and zeros" : "";
    octets.len = len;
    if (octets.len < 4 || octets.len > 100) {
        return;
    }
    for (size_t i = 0; i < octets.len; i++) {
        if (octets.data[i] < 0x20 || octets.data[i] > 0x7e) {
            return;
        }
        words +=
            atls_ascii_is_letter(octets.data[i]) || atls_ascii_is_digit(octets.data[i]) ? 1 : 0;
    }
    if (words < octets.len - octets.len / 4) {
        return;
    }
    inspect_note(in, node, "\"%.*s\"%s", (int)octets.len, (const char *)octets.data, padding);
}

const char *inspect_hash_of_len(size_t len)
{
    return len == 32 ? "sha-256" : len == 48 ? "sha-384" : len == 64 ? "sha-512" : NULL;
}

void inspect_note_sha256(struct inspect *in, struct inspect_node *node, const char *of,
                         struct atls_bytes octets)
{
    struct atls_digest digest;
    char hex[ATLS_HEX_SIZE(ATLS_MAX_HASH_LEN)];
    if (atls_crypto_openssl()->hash(ATLS_ALG_SHA256, octets, &digest) == ATLS_OK &&
        atls_hex_encode(atls_digest_bytes(&digest), hex, sizeof hex)) {
        inspect_note(in, node, "SHA-256%s %s", of, hex);
    }
}

void inspect_oid(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                 const void *arg)
{
    struct atls_bytes octets;
    (void)arg;
    if (!inspect_octets_of(in, node, v, &octets)) {
        return;
    }
    inspect_show_octets(in, node, octets);
    /* Some write tag and length as well; spec: compare as octets. */
    if (octets.len > 2 && octets.data[0] == 0x06 && octets.data[1] == octets.len - 2) {
        octets = inspect_rest(octets, 2);
        inspect_note(in, node, "with tag and length of DER");
    }
    inspect_note_oid(in, node, octets);
}

/* gather copies the characters that are not blanks and not padding; true when they may be base64.
 */
static bool gather(struct atls_bytes text, char *out, size_t *out_len, const char **out_how)
{
    size_t len = 0;
    size_t padding = 0;
    bool url = false;
    bool plain = false;
    for (size_t i = 0; i < text.len; i++) {
        const char c = (char)text.data[i];
        if (c == '\n' || c == '\r' || c == ' ' || c == '\t') {
            continue;
        }
        if (c == '=') {
            padding++;
            continue;
        }
        if (padding != 0) {
            return false;
        }
        url = url || c == '-' || c == '_';
        plain = plain || c == '+' || c == '/';
        out[len++] = c;
        if (c == '+' || c == '/') {
            out[len - 1] = c == '+' ? '-' : '_';
        }
    }
    *out_len = len;
    *out_how = plain || (padding != 0 && !url) ? "base64"
               : padding != 0                  ? "base64url with padding"
                                               : "base64url";
    return !(url && plain) && (padding == 0 || (len + padding) % 4 == 0) && padding < 3;
}

struct atls_bytes inspect_base64(struct inspect *in, struct atls_bytes text, const char **out_how)
{
    const char *how = NULL;
    size_t len = 0;
    size_t octets_len = 0;
    char *characters = inspect_keep(in, text.len + 1);
    const size_t cap = ATLS_BASE64_DECODED_SIZE(text.len);
    const struct atls_buf room = {inspect_keep(in, cap), cap};
    *out_how = NULL;
    if (characters == NULL || room.data == NULL || !gather(text, characters, &len, &how) ||
        !atls_base64url_decode(atls_bytes_of(characters, len), room, &octets_len)) {
        return atls_bytes_of(NULL, 0);
    }
    *out_how = how;
    return atls_bytes_of(room.data, octets_len);
}

/* The strict parsers. */

static enum atls_err parse_strictly(struct atls_bytes whole, enum inspect_form form, unsigned flags,
                                    struct atls_diag *diag)
{
    struct atls_cbor item;
    json_t *root = NULL;
    if (form == INSPECT_CBOR) {
        return atls_cbor_parse(&item, whole, flags, "CBOR", diag);
    }
    const enum atls_err err = atls_json_parse(&root, whole, "JSON", diag);
    json_decref(root);
    return err;
}

void inspect_check(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                   struct atls_bytes whole)
{
    struct atls_diag diag;
    if (parse_strictly(whole, v->form, ATLS_CBOR_STRICT, &diag) == ATLS_OK) {
        return;
    }
    if (diag.err == ATLS_ERR_MEMORY) {
        in->err = ATLS_ERR_MEMORY;
        return;
    }
    const char *form = v->form == INSPECT_JSON ? "JSON" : "CBOR";
    size_t at = diag.offset < whole.len ? diag.offset : whole.len;
    struct atls_diag loose;
    if (v->form == INSPECT_CBOR) {
        if (parse_strictly(whole, v->form, ATLS_CBOR_ALLOW_INDEFINITE | ATLS_CBOR_ALLOW_LONG_FORM,
                           &loose) == ATLS_OK) {
            inspect_note(in, node, "well-formed, not in the strict form: %s at octet %zu",
                         diag.found, (size_t)(&whole.data[at] - node->inner->start));
            return;
        }
        diag = loose;
        at = diag.offset < whole.len ? diag.offset : whole.len;
    }
    /* jansson quotes the token that it met, which may be half of a secret. */
    char *quoted = strstr(diag.found, " near '");
    if (quoted != NULL) {
        *quoted = '\0';
    }
    inspect_problem_at(in, node, &whole.data[at], "%s: %s%sexpected %s", form, diag.found,
                       diag.found[0] != '\0' ? ", " : "", diag.expected);
}
