/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tpm2/key_file.h"

#include "attester/tpm2/handles.h"
#include "attester/tpm2/public.h"
#include "base/reader.h"
#include "base/span.h"
#include "base/writer.h"
#include "json/base64.h"

#include <stdlib.h>
#include <tss2/tss2_mu.h>

#define STEP  "TPM key file"
#define BEGIN "-----BEGIN TSS2 PRIVATE KEY-----"
#define END   "-----END TSS2 PRIVATE KEY-----"
/* RFC 7468, 2: lines of 64 characters. */
#define LINE_LEN 64

/* DER tags (X.690). */
enum {
    TAG_BOOLEAN = 0x01,
    TAG_INTEGER = 0x02,
    TAG_OCTETS = 0x04,
    TAG_OID = 0x06,
    TAG_UTF8 = 0x0c,
    TAG_SEQUENCE = 0x30,
    TAG_EMPTY_AUTH = 0xa0,
    TAG_POLICY = 0xa1,
    TAG_SECRET = 0xa2,
    TAG_AUTH_POLICY = 0xa3,
    TAG_DESCRIPTION = 0xa4,
    TAG_RSA_PARENT = 0xa5
};

/* 2.23.133.10.1.3, a loadable key. */
static const uint8_t loadable[] = {0x67, 0x81, 0x05, 0x0a, 0x01, 0x03};

/* ---- PEM ---- */

/* take_text moves past `text`. */
static bool take_text(struct atls_bytes *at, const char *text)
{
    const size_t len = strlen(text);
    if (at->len < len || strncmp((const char *)at->data, text, len) != 0) {
        return false;
    }
    *at = atls_bytes_of(&at->data[len], at->len - len);
    return true;
}

static bool take_line_end(struct atls_bytes *at)
{
    return take_text(at, "\r\n") || take_text(at, "\n");
}

/* take_base64 gathers the lines up to the END line: all full but the last. */
static bool take_base64(struct atls_bytes *at, struct atls_buf out, size_t *out_len)
{
    size_t len = 0;
    bool last = false;
    while (at->len > 0 && at->data[0] != '-') {
        size_t line = 0;
        while (line < at->len && at->data[line] != '\r' && at->data[line] != '\n') {
            line++;
        }
        if (last || line == 0 || line > LINE_LEN || line > out.cap - len) {
            return false;
        }
        last = line < LINE_LEN;
        memcpy(&out.data[len], at->data, line);
        len += line;
        *at = atls_bytes_of(&at->data[line], at->len - line);
        if (!take_line_end(at)) {
            return false;
        }
    }
    *out_len = len;
    return true;
}

static bool decode_pem(struct atls_buf der, size_t *der_len, struct atls_bytes pem)
{
    uint8_t text[ATLS_TPM_MAX_KEY_PEM];
    const struct atls_buf room = {text, sizeof text};
    size_t text_len = 0;
    if (!take_text(&pem, BEGIN) || !take_line_end(&pem) || !take_base64(&pem, room, &text_len) ||
        !take_text(&pem, END)) {
        return false;
    }
    (void)take_line_end(&pem); /* editors differ */
    return pem.len == 0 && atls_base64_decode(atls_bytes_of(text, text_len), der, der_len);
}

/* ---- DER ---- */

/* take reads one element with this tag; lengths in the shortest form (X.690, 10.1). */
static bool take(struct atls_reader *r, uint8_t tag, struct atls_bytes *content)
{
    struct atls_reader at = *r;
    uint8_t found, first;
    if (!atls_read_u8(&at, &found) || found != tag || !atls_read_u8(&at, &first)) {
        return false;
    }
    uint8_t one;
    uint16_t len = first;
    if (first == 0x81) {
        if (!atls_read_u8(&at, &one) || one < 0x80) {
            return false;
        }
        len = one;
    } else if (first == 0x82) {
        if (!atls_read_u16(&at, &len) || len < 0x100) {
            return false;
        }
    } else if (first >= 0x80) {
        return false;
    }
    if (!atls_read_bytes(&at, len, content)) {
        return false;
    }
    *r = at;
    return true;
}

/* take_inside reads an EXPLICIT element: one that holds exactly one of type `tag`. */
static bool take_inside(struct atls_reader *r, uint8_t explicit_tag, uint8_t tag,
                        struct atls_bytes *content)
{
    struct atls_reader at = *r;
    struct atls_bytes wrapped;
    if (!take(&at, explicit_tag, &wrapped)) {
        return false;
    }
    struct atls_reader inner = atls_reader_of(wrapped);
    if (!take(&inner, tag, content) || !atls_read_end(&inner)) {
        return false;
    }
    *r = at;
    return true;
}

/* take_flag reads an EXPLICIT BOOLEAN. TRUE is ff in DER (X.690, 11.1); tpm2-openssl writes 01. */
static bool take_flag(struct atls_reader *r, uint8_t explicit_tag, bool *value)
{
    struct atls_bytes content;
    if (!take_inside(r, explicit_tag, TAG_BOOLEAN, &content) || content.len != 1 ||
        (content.data[0] != 0x00 && content.data[0] != 0x01 && content.data[0] != 0xff)) {
        return false;
    }
    *value = content.data[0] != 0x00;
    return true;
}

static bool next_is(const struct atls_reader *r, uint8_t tag)
{
    return r->left > 0 && r->data[0] == tag;
}

/* take_handle reads a positive INTEGER of 32 bits in the shortest form (X.690, 8.3). */
static bool take_handle(struct atls_reader *r, TPM2_HANDLE *out)
{
    struct atls_bytes content;
    if (!take(r, TAG_INTEGER, &content) || content.len == 0 || content.len > 5 ||
        content.data[0] >= 0x80 ||
        (content.len > 1 && content.data[0] == 0 && content.data[1] < 0x80) ||
        (content.len == 5 && content.data[0] != 0)) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < content.len; i++) {
        value = value << 8 | content.data[i];
    }
    *out = (TPM2_HANDLE)value;
    return true;
}

struct parts {
    bool empty_auth;
    bool restricted_use; /* policy, secret or authPolicy is there */
    bool rsa_parent;
    TPM2_HANDLE parent;
    struct atls_bytes public_area, private_area;
};

static bool take_options(struct atls_reader *r, struct parts *parts)
{
    struct atls_bytes content;
    if (next_is(r, TAG_EMPTY_AUTH) && !take_flag(r, TAG_EMPTY_AUTH, &parts->empty_auth)) {
        return false;
    }
    static const uint8_t restrictions[] = {TAG_POLICY, TAG_SECRET, TAG_AUTH_POLICY};
    for (size_t i = 0; i < sizeof restrictions; i++) {
        if (next_is(r, restrictions[i])) {
            if (!take(r, restrictions[i], &content)) {
                return false;
            }
            parts->restricted_use = true;
        }
    }
    if (next_is(r, TAG_DESCRIPTION) && !take_inside(r, TAG_DESCRIPTION, TAG_UTF8, &content)) {
        return false;
    }
    return !next_is(r, TAG_RSA_PARENT) || take_flag(r, TAG_RSA_PARENT, &parts->rsa_parent);
}

static bool parse_der(struct parts *parts, struct atls_bytes der)
{
    struct atls_reader outer = atls_reader_of(der);
    struct atls_bytes body, type;
    if (!take(&outer, TAG_SEQUENCE, &body) || !atls_read_end(&outer)) {
        return false;
    }
    struct atls_reader r = atls_reader_of(body);
    return take(&r, TAG_OID, &type) &&
           atls_bytes_equal(type, atls_bytes_of(loadable, sizeof loadable)) &&
           take_options(&r, parts) && take_handle(&r, &parts->parent) &&
           take(&r, TAG_OCTETS, &parts->public_area) &&
           take(&r, TAG_OCTETS, &parts->private_area) && atls_read_end(&r);
}

/* ---- what the TPM made ---- */

/* decode_public reads a TPM2B_PUBLIC that is written in the one way that a TPM writes it. */
static bool decode_public(TPM2B_PUBLIC *out, struct atls_bytes octets)
{
    uint8_t again[sizeof(TPM2B_PUBLIC)];
    size_t offset = 0, len = 0;
    memset(out, 0, sizeof *out);
    return Tss2_MU_TPM2B_PUBLIC_Unmarshal(octets.data, octets.len, &offset, out) ==
               TSS2_RC_SUCCESS &&
           offset == octets.len &&
           Tss2_MU_TPM2B_PUBLIC_Marshal(out, again, sizeof again, &len) == TSS2_RC_SUCCESS &&
           atls_bytes_equal(octets, atls_bytes_of(again, len));
}

static bool decode_private(TPM2B_PRIVATE *out, struct atls_bytes octets)
{
    struct atls_reader r = atls_reader_of(octets);
    struct atls_bytes content;
    if (!atls_read_vec16(&r, 1, sizeof out->buffer, &content) || !atls_read_end(&r)) {
        return false;
    }
    memset(out, 0, sizeof *out);
    out->size = (UINT16)content.len;
    memcpy(out->buffer, content.data, content.len);
    return true;
}

static enum atls_err refuse(struct atls_diag *diag, const char *claim, const char *found,
                            const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_KEY, STEP, claim, found, expected);
}

static enum atls_err check_use(const struct parts *parts, struct atls_diag *diag)
{
    if (!parts->empty_auth || parts->restricted_use) {
        return refuse(diag, "emptyAuth", "a key that wants a password or a policy",
                      "a key without authorization");
    }
    if (parts->rsa_parent) {
        return refuse(diag, "rsaParent", "a key below an RSA primary key",
                      "an elliptic curve primary key, or a persistent parent");
    }
    if (parts->parent != TPM2_RH_OWNER && parts->parent != TPM2_RH_ENDORSEMENT &&
        (parts->parent < ATLS_TPM_PERSISTENT_FIRST || parts->parent > ATLS_TPM_PERSISTENT_LAST)) {
        return refuse(diag, "parent", "another handle",
                      "0x40000001, 0x4000000b or a persistent handle");
    }
    return ATLS_OK;
}

enum atls_err atls_tpm_key_file_parse(struct atls_tpm_key_file *out, struct atls_bytes pem,
                                      struct atls_diag *diag)
{
    uint8_t octets[ATLS_TPM_MAX_KEY_DER];
    const struct atls_buf der = {octets, sizeof octets};
    size_t der_len = 0;
    struct parts parts = {.parent = 0};
    struct atls_tpm_key_file file = {.parent = 0};
    if (pem.len > ATLS_TPM_MAX_KEY_PEM || !decode_pem(der, &der_len, pem)) {
        return refuse(diag, "PEM", "something else", "one \"TSS2 PRIVATE KEY\" and nothing else");
    }
    if (!parse_der(&parts, atls_bytes_of(octets, der_len))) {
        return refuse(diag, "TPMKey", "something else", "DER of a loadable key, 2.23.133.10.1.3");
    }
    enum atls_err err = check_use(&parts, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (!decode_public(&file.public_area, parts.public_area)) {
        return refuse(diag, "pubkey", "something else", "a TPM2B_PUBLIC");
    }
    if (!decode_private(&file.private_area, parts.private_area)) {
        return refuse(diag, "privkey", "something else", "a TPM2B_PRIVATE");
    }
    err = atls_tpm_public_is_tls(&file.public_area.publicArea, diag);
    if (err == ATLS_OK) {
        file.parent = parts.parent;
        *out = file;
    }
    return err;
}

/* ---- writing ---- */

static void put_head(struct atls_writer *w, uint8_t tag, size_t len)
{
    atls_write_u8(w, tag);
    if (len >= 0x100) {
        atls_write_u8(w, 0x82);
        atls_write_u16(w, (uint16_t)len);
    } else {
        if (len >= 0x80) {
            atls_write_u8(w, 0x81);
        }
        atls_write_u8(w, (uint8_t)len);
    }
}

static void put(struct atls_writer *w, uint8_t tag, struct atls_bytes content)
{
    put_head(w, tag, content.len);
    atls_write_bytes(w, content);
}

static void put_handle(struct atls_writer *w, TPM2_HANDLE handle)
{
    const uint8_t octets[5] = {0, (uint8_t)(handle >> 24), (uint8_t)(handle >> 16),
                               (uint8_t)(handle >> 8), (uint8_t)handle};
    /* Handles that are taken have their first octet set: 40 or 81. */
    const bool sign_octet = octets[1] >= 0x80;
    put(w, TAG_INTEGER, atls_bytes_of(&octets[sign_octet ? 0 : 1], sign_octet ? 5 : 4));
}

static void put_body(struct atls_writer *w, const struct parts *parts)
{
    static const uint8_t yes[] = {TAG_BOOLEAN, 1, 0xff};
    put(w, TAG_OID, atls_bytes_of(loadable, sizeof loadable));
    put(w, TAG_EMPTY_AUTH, atls_bytes_of(yes, sizeof yes));
    put_handle(w, parts->parent);
    put(w, TAG_OCTETS, parts->public_area);
    put(w, TAG_OCTETS, parts->private_area);
}

static char *encode_pem(struct atls_bytes der)
{
    char *base64 = atls_base64_new(der);
    const size_t len = base64 != NULL ? strlen(base64) : 0;
    char *pem =
        base64 != NULL ? malloc(len + len / LINE_LEN + sizeof BEGIN + sizeof END + 4) : NULL;
    if (pem != NULL) {
        char *at = stpcpy(pem, BEGIN "\n");
        for (size_t i = 0; i < len; i += LINE_LEN) {
            const size_t line = len - i < LINE_LEN ? len - i : LINE_LEN;
            memcpy(at, &base64[i], line);
            at[line] = '\n';
            at = &at[line + 1];
        }
        stpcpy(at, END "\n");
    }
    free(base64);
    return pem;
}

enum atls_err atls_tpm_key_file_write(char **out, const struct atls_tpm_key_file *file,
                                      struct atls_diag *diag)
{
    uint8_t public_area[sizeof(TPM2B_PUBLIC)], private_area[sizeof(TPM2B_PRIVATE)];
    uint8_t der[ATLS_TPM_MAX_KEY_DER];
    size_t public_len = 0, private_len = 0, len = 0;
    if (Tss2_MU_TPM2B_PUBLIC_Marshal(&file->public_area, public_area, sizeof public_area,
                                     &public_len) != TSS2_RC_SUCCESS ||
        Tss2_MU_TPM2B_PRIVATE_Marshal(&file->private_area, private_area, sizeof private_area,
                                      &private_len) != TSS2_RC_SUCCESS) {
        return refuse(diag, "key", "what cannot be written", NULL);
    }
    const struct parts parts = {.parent = file->parent,
                                .public_area = atls_bytes_of(public_area, public_len),
                                .private_area = atls_bytes_of(private_area, private_len)};
    struct atls_writer body = atls_writer_counting();
    put_body(&body, &parts);
    const struct atls_buf room = {der, sizeof der};
    struct atls_writer w = atls_writer_of(room);
    put_head(&w, TAG_SEQUENCE, body.len);
    put_body(&w, &parts);
    if (!atls_writer_finish(&w, &len)) {
        return refuse(diag, "key", "one that is too long", NULL);
    }
    char *pem = encode_pem(atls_bytes_of(der, len));
    if (pem == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, STEP, "PEM");
    }
    *out = pem;
    return ATLS_OK;
}
