/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SubjectPublicKeyInfo (RFC 5280, 4.1.2.7) of a TPM key, in DER, as TLS shows it. Made here, since
 * the comparison needs octets only, and building a library's key for it costs as much as a
 * signature. EC: RFC 5480; RSA: RFC 8017, A.1.1.
 */
#include "appraiser/tpm2/tpm2.h"

#include "base/span.h"
#include "base/writer.h"

enum { DER_INTEGER = 0x02, DER_BIT_STRING = 0x03, DER_SEQUENCE = 0x30 };

/* Everything in front of the point: both sequences, the two object identifiers, the bit string,
 * its count of unused bits and the 04 of an uncompressed point. */
static const uint8_t p256_head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                    0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                    0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
static const uint8_t p384_head[] = {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
                                    0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
                                    0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04};
static const uint8_t p521_head[] = {0x30, 0x81, 0x9b, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
                                    0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81,
                                    0x04, 0x00, 0x23, 0x03, 0x81, 0x86, 0x00, 0x04};
/* AlgorithmIdentifier of rsaEncryption with its NULL. */
static const uint8_t rsa_algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                        0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};

static void put_padded(struct atls_writer *w, struct atls_bytes coordinate, size_t len)
{
    for (size_t i = coordinate.len; i < len; i++) {
        atls_write_u8(w, 0);
    }
    atls_write_bytes(w, coordinate);
}

static bool ecc_spki(struct atls_writer *w, const struct atls_tpm_public *public_area)
{
    struct atls_bytes head;
    size_t len = 0;
    switch (public_area->curve) {
    case ATLS_TPM_P256:
        head = atls_bytes_of(p256_head, sizeof p256_head);
        len = 32;
        break;
    case ATLS_TPM_P384:
        head = atls_bytes_of(p384_head, sizeof p384_head);
        len = 48;
        break;
    case ATLS_TPM_P521:
        head = atls_bytes_of(p521_head, sizeof p521_head);
        len = 66;
        break;
    default:
        return false;
    }
    atls_write_bytes(w, head);
    put_padded(w, public_area->x, len);
    put_padded(w, public_area->y, len);
    return true;
}

/* Lengths up to 65535 (X.690, 8.1.3). */
static size_t head_len(size_t len)
{
    return len < 0x80 ? 2 : len < 0x100 ? 3 : 4;
}

static void put_head(struct atls_writer *w, uint8_t tag, size_t len)
{
    atls_write_u8(w, tag);
    if (len >= 0x100) {
        atls_write_u8(w, 0x82);
        atls_write_u16(w, (uint16_t)len);
    } else if (len >= 0x80) {
        atls_write_u8(w, 0x81);
        atls_write_u8(w, (uint8_t)len);
    } else {
        atls_write_u8(w, (uint8_t)len);
    }
}

/* A positive INTEGER has a zero in front where its first bit is set (X.690, 8.3). */
static size_t integer_len(struct atls_bytes value)
{
    return value.len + ((value.data[0] & 0x80) != 0 ? 1 : 0);
}

static void put_integer(struct atls_writer *w, struct atls_bytes value)
{
    put_head(w, DER_INTEGER, integer_len(value));
    if (integer_len(value) != value.len) {
        atls_write_u8(w, 0);
    }
    atls_write_bytes(w, value);
}

static void rsa_spki(struct atls_writer *w, const struct atls_tpm_public *public_area)
{
    const uint32_t e = public_area->exponent;
    const uint8_t octets[4] = {(uint8_t)(e >> 24), (uint8_t)(e >> 16), (uint8_t)(e >> 8),
                               (uint8_t)e};
    const size_t zeros = e > 0xffffff ? 0 : e > 0xffff ? 1 : e > 0xff ? 2 : 3;
    const struct atls_bytes exponent = atls_bytes_of(&octets[zeros], 4 - zeros);
    const size_t n_len = integer_len(public_area->n);
    const size_t e_len = integer_len(exponent);
    const size_t key_len = head_len(n_len) + n_len + head_len(e_len) + e_len;
    const size_t bits_len = 1 + head_len(key_len) + key_len;
    put_head(w, DER_SEQUENCE, sizeof rsa_algorithm + head_len(bits_len) + bits_len);
    atls_write_bytes(w, atls_bytes_of(rsa_algorithm, sizeof rsa_algorithm));
    put_head(w, DER_BIT_STRING, bits_len);
    atls_write_u8(w, 0); /* no unused bits */
    put_head(w, DER_SEQUENCE, key_len);
    put_integer(w, public_area->n);
    put_integer(w, exponent);
}

bool atls_tpm2_spki(struct atls_buf out, size_t *out_len, const struct atls_tpm_public *public_area)
{
    struct atls_writer w = atls_writer_of(out);
    if (public_area->type == ATLS_TPM_RSA) {
        rsa_spki(&w, public_area);
    } else if (!ecc_spki(&w, public_area)) {
        return false;
    }
    return atls_writer_finish(&w, out_len);
}
