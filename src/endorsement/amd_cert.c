/* SPDX-License-Identifier: Apache-2.0 */
#include "endorsement/amd_cert.h"

#include "base/span.h"

static const char step[] = "AMD certificate";

/* 1.3.6.1.4.1.3704.1 */
#define ARC                0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x01
#define TURIN_CHIP_ID_LEN  8
#define TAG_INTEGER        0x02
#define TAG_OCTET_STRING   0x04
#define TAG_IA5STRING      0x16
#define MAX_SHORT_FORM_LEN 127

/* value_of gives the content of one DER value of the short form that fills `der`. */
static bool value_of(struct atls_bytes der, uint8_t tag, struct atls_bytes *out)
{
    if (der.len < 2 || der.data[0] != tag || der.data[1] > MAX_SHORT_FORM_LEN ||
        der.data[1] != der.len - 2) {
        return false;
    }
    *out = atls_bytes_of(&der.data[2], der.len - 2);
    return true;
}

static enum atls_err refuse(struct atls_diag *diag, const char *claim, const char *found,
                            const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, claim, found, expected);
}

/* read_level reads an INTEGER of 0 to 255; 0x80 and above have a zero octet in front (X.690, 8.3).
 */
static bool read_level(struct atls_bytes der, uint8_t *out)
{
    struct atls_bytes number;
    if (!value_of(der, TAG_INTEGER, &number)) {
        return false;
    }
    if (number.len == 1 && number.data[0] < 0x80) {
        *out = number.data[0];
        return true;
    }
    if (number.len == 2 && number.data[0] == 0 && number.data[1] >= 0x80) {
        *out = number.data[1];
        return true;
    }
    return false;
}

static enum atls_err read_tcb(struct atls_amd_tcb *tcb, const struct atls_x509 *cert,
                              struct atls_diag *diag)
{
    static const uint8_t fmc[] = {ARC, 3, 9};
    const struct {
        const char *name;
        uint8_t *out;
        uint8_t oid[10];
        bool needed;
    } levels[] = {
        {"blSPL", &tcb->bootloader, {ARC, 3, 1}, true},
        {"teeSPL", &tcb->tee, {ARC, 3, 2}, true},
        {"snpSPL", &tcb->snp, {ARC, 3, 3}, true},
        {"ucodeSPL", &tcb->microcode, {ARC, 3, 8}, true},
        {"fmcSPL", &tcb->fmc, {ARC, 3, 9}, false},
        {"spl4", &tcb->reserved[0], {ARC, 3, 4}, false}, /* Turin has none */
        {"spl5", &tcb->reserved[1], {ARC, 3, 5}, false},
        {"spl6", &tcb->reserved[2], {ARC, 3, 6}, false},
        {"spl7", &tcb->reserved[3], {ARC, 3, 7}, false},
    };
    struct atls_bytes value;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(levels); i++) {
        const struct atls_bytes oid = atls_bytes_of(levels[i].oid, sizeof levels[i].oid);
        if (!atls_x509_extension(cert, oid, &value)) {
            if (levels[i].needed) {
                return refuse(diag, levels[i].name, "nothing", "an INTEGER of 0 to 255");
            }
        } else if (!read_level(value, levels[i].out)) {
            return refuse(diag, levels[i].name, "something else", "an INTEGER of 0 to 255");
        }
    }
    tcb->has_fmc = atls_x509_extension(cert, atls_bytes_of(fmc, sizeof fmc), &value);
    return ATLS_OK;
}

/* copy_text copies printable ASCII up to `end`, which no text holds when it is NUL. */
static bool copy_text(char *out, size_t cap, struct atls_bytes text, char end)
{
    size_t len = 0;
    while (len < text.len && (char)text.data[len] != end) {
        if (len + 1 >= cap || text.data[len] < 0x20 || text.data[len] > 0x7e) {
            return false;
        }
        out[len] = (char)text.data[len];
        len++;
    }
    out[len] = '\0';
    return len != 0;
}

static enum atls_err read_product(struct atls_amd_cert *out, const struct atls_x509 *cert,
                                  struct atls_diag *diag)
{
    static const uint8_t oid[] = {ARC, 2};
    struct atls_bytes value;
    struct atls_bytes text;
    if (!atls_x509_extension(cert, atls_bytes_of(oid, sizeof oid), &value) ||
        !value_of(value, TAG_IA5STRING, &text) ||
        !copy_text(out->product, sizeof out->product, text, '-')) {
        return refuse(diag, "productName", "nothing that can be read", "an IA5String");
    }
    return ATLS_OK;
}

/* strip gives the content of an OCTET STRING inside the extension: KDS puts the octets there as
 * they are, others wrap them. */
static struct atls_bytes strip(struct atls_bytes value)
{
    struct atls_bytes inner;
    const bool is_bare = value.len == ATLS_AMD_CHIP_ID_LEN || value.len == TURIN_CHIP_ID_LEN;
    return !is_bare && value_of(value, TAG_OCTET_STRING, &inner) ? inner : value;
}

/* read_subject reads who the key belongs to: a chip (VCEK), or a cloud (VLEK). */
static enum atls_err read_subject(struct atls_amd_cert *out, const struct atls_x509 *cert,
                                  struct atls_diag *diag)
{
    static const uint8_t hw_id[] = {ARC, 4};
    static const uint8_t csp_id[] = {ARC, 5};
    struct atls_bytes chip;
    struct atls_bytes csp;
    struct atls_bytes text;
    const bool has_chip = atls_x509_extension(cert, atls_bytes_of(hw_id, sizeof hw_id), &chip);
    const bool has_csp = atls_x509_extension(cert, atls_bytes_of(csp_id, sizeof csp_id), &csp);
    if (has_chip == has_csp) {
        return refuse(diag, "hwID", has_chip ? "both hwID and cspID" : "neither hwID nor cspID",
                      "one of the two");
    }
    out->kind = has_chip ? ATLS_AMD_VCEK : ATLS_AMD_VLEK;
    if (has_csp) {
        return value_of(csp, TAG_IA5STRING, &text) &&
                       copy_text(out->csp, sizeof out->csp, text, '\0')
                   ? ATLS_OK
                   : refuse(diag, "cspID", "nothing that can be read", "an IA5String");
    }
    out->chip_id = strip(chip);
    return out->chip_id.len == ATLS_AMD_CHIP_ID_LEN || out->chip_id.len == TURIN_CHIP_ID_LEN
               ? ATLS_OK
               : refuse(diag, "hwID", "another number of octets", "64, or 8 of Turin");
}

enum atls_err atls_amd_cert_read(struct atls_amd_cert *out, const struct atls_x509 *cert,
                                 struct atls_diag *diag)
{
    struct atls_amd_cert read = {.kind = ATLS_AMD_VCEK};
    enum atls_err err = read_product(&read, cert, diag);
    if (err == ATLS_OK) {
        err = read_tcb(&read.tcb, cert, diag);
    }
    if (err == ATLS_OK) {
        err = read_subject(&read, cert, diag);
    }
    if (err == ATLS_OK) {
        *out = read;
    }
    return err;
}

bool atls_amd_tcb_equal(const struct atls_amd_tcb *a, const struct atls_amd_tcb *b)
{
    return a->has_fmc == b->has_fmc && (!a->has_fmc || a->fmc == b->fmc) &&
           a->bootloader == b->bootloader && a->tee == b->tee && a->snp == b->snp &&
           a->microcode == b->microcode &&
           atls_bytes_equal(atls_bytes_of(a->reserved, sizeof a->reserved),
                            atls_bytes_of(b->reserved, sizeof b->reserved));
}
