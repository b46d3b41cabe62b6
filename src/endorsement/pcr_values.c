/* SPDX-License-Identifier: Apache-2.0 */
/* The text of tpm2_pcrread:
 *
 *       sha256:
 *         0 : 0x3D458CFE55CC03EA1F443F1562BEEC8DF51C75E14A9FCF9A7234A13F198E7969
 */
#include "endorsement/corim_from.h"

#include "base/span.h"
#include "json/base64.h"

static const char step[] = "PCR values";

static const struct {
    const char *name;
    int32_t alg;
} banks[] = {{"sha256", ATLS_ALG_SHA256}, {"sha384", ATLS_ALG_SHA384}, {"sha512", ATLS_ALG_SHA512}};

static bool is_blank(uint8_t octet)
{
    return octet == ' ' || octet == '\t' || octet == '\r';
}

static struct atls_bytes trimmed(struct atls_bytes text)
{
    while (text.len > 0 && is_blank(text.data[0])) {
        text = atls_bytes_of(text.data + 1, text.len - 1);
    }
    while (text.len > 0 && is_blank(text.data[text.len - 1])) {
        text.len--;
    }
    return text;
}

/* take_line gives the next line without its end; false at the end of the text. */
static bool take_line(struct atls_bytes *rest, struct atls_bytes *out)
{
    size_t len = 0;
    if (rest->len == 0) {
        return false;
    }
    while (len < rest->len && rest->data[len] != '\n') {
        len++;
    }
    *out = trimmed(atls_bytes_of(rest->data, len));
    const size_t used = len < rest->len ? len + 1 : len;
    *rest = atls_bytes_of(rest->data + used, rest->len - used);
    return true;
}

/* split gives what is before and behind the first colon. */
static bool split(struct atls_bytes line, struct atls_bytes *before, struct atls_bytes *behind)
{
    size_t at = 0;
    while (at < line.len && line.data[at] != ':') {
        at++;
    }
    if (at == line.len) {
        return false;
    }
    *before = trimmed(atls_bytes_of(line.data, at));
    *behind = trimmed(atls_bytes_of(&line.data[at + 1], line.len - at - 1));
    return true;
}

static bool index_of(struct atls_bytes text, size_t *out)
{
    size_t value = 0;
    if (text.len == 0 || text.len > 2) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        value = value * 10 + (size_t)(text.data[i] - '0');
    }
    *out = value;
    return value < 32;
}

static enum atls_err refuse(struct atls_bytes line, const char *expected, struct atls_diag *diag)
{
    const size_t shown = line.len < 60 ? line.len : 60;
    atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, step, "line", "\"", expected);
    atls_diag_found_peer_text(diag, atls_bytes_of(line.data, shown));
    atls_diag_found_text(diag, "\"");
    return ATLS_ERR_ENDORSEMENT;
}

/* read_value puts one PCR into its bank. */
static enum atls_err read_value(struct atls_pcr_bank *bank, struct atls_bytes line,
                                struct atls_bytes before, struct atls_bytes behind,
                                struct atls_diag *diag)
{
    size_t index = 0;
    size_t len = 0;
    const bool has_prefix = behind.len > 2 && behind.data[0] == '0' && behind.data[1] == 'x';
    if (!index_of(before, &index) || !has_prefix) {
        return refuse(line, "INDEX : 0xHEX, index 0 to 31", diag);
    }
    const struct atls_buf room = {bank->value[index], ATLS_MAX_HASH_LEN};
    if (!atls_hex_decode(atls_bytes_of(&behind.data[2], behind.len - 2), room, &len) ||
        len != atls_hash_len(bank->alg)) {
        return refuse(line, "as many octets as the hash of the bank has", diag);
    }
    if ((bank->present >> index & 1) != 0) {
        return refuse(line, "each PCR of a bank once", diag);
    }
    bank->present |= (uint32_t)1 << index;
    return ATLS_OK;
}

/* find_bank gives where a bank's values go: NULL in *out for a bank that is skipped. */
static bool find_bank(struct atls_pcr_values *values, struct atls_bytes name,
                      struct atls_pcr_bank **out)
{
    *out = NULL;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(banks); i++) {
        if (atls_bytes_is_text(name, banks[i].name)) {
            values->banks[i].alg = banks[i].alg;
            *out = &values->banks[i];
            return true;
        }
    }
    return atls_bytes_is_text(name, "sha1") || atls_bytes_is_text(name, "sm3_256");
}

enum atls_err atls_pcr_values_read(struct atls_pcr_values *out, struct atls_bytes text,
                                   struct atls_diag *diag)
{
    struct atls_pcr_values values;
    struct atls_pcr_bank *bank = NULL;
    struct atls_bytes line, before, behind;
    bool in_bank = false;
    memset(&values, 0, sizeof values);
    while (take_line(&text, &line)) {
        enum atls_err err = ATLS_OK;
        if (line.len == 0) {
            continue;
        }
        if (!split(line, &before, &behind)) {
            return refuse(line, "the text of tpm2_pcrread", diag);
        }
        if (behind.len == 0) {
            in_bank = find_bank(&values, before, &bank);
            err = in_bank ? ATLS_OK : refuse(line, "a bank such as sha256:", diag);
        } else if (!in_bank) {
            err = refuse(line, "a bank such as sha256: first", diag);
        } else if (bank != NULL) {
            err = read_value(bank, line, before, behind, diag);
        }
        if (err != ATLS_OK) {
            return err;
        }
    }
    *out = values;
    return ATLS_OK;
}
