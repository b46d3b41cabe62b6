/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tpm2/pcrs.h"

#include "base/reader.h"
#include "base/span.h"

#include <stdlib.h>

static const struct {
    const char *prefix;
    TPM2_ALG_ID alg;
} banks[] = {{"sha256:", TPM2_ALG_SHA256}, {"sha384:", TPM2_ALG_SHA384}};

/* take_index reads one decimal number without leading zeros; -1 when there is none. */
static int take_index(struct atls_reader *r)
{
    int value = 0;
    size_t digits = 0;
    uint8_t digit;
    while (r->left > 0 && r->data[0] >= '0' && r->data[0] <= '9' && digits < 3 &&
           atls_read_u8(r, &digit)) {
        if (digits > 0 && value == 0) {
            return -1;
        }
        value = value * 10 + (digit - '0');
        digits++;
    }
    return digits > 0 && value < ATLS_TPM_NUM_PCRS ? value : -1;
}

static bool take_indices(uint32_t *out, struct atls_bytes text)
{
    struct atls_reader r = atls_reader_of(text);
    uint32_t bits = 0;
    uint8_t comma = ',';
    for (int last = -1; comma == ',';) {
        const int index = take_index(&r);
        if (index < 0 || index <= last) {
            return false;
        }
        last = index;
        bits |= UINT32_C(1) << index;
        if (atls_read_end(&r)) {
            *out = bits;
            return true;
        }
        if (!atls_read_u8(&r, &comma)) {
            return false;
        }
    }
    return false;
}

enum atls_err atls_tpm_pcrs_parse(struct atls_tpm_pcrs *out, struct atls_bytes text,
                                  struct atls_diag *diag)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(banks); i++) {
        const size_t len = strlen(banks[i].prefix);
        uint32_t bits;
        if (text.len > len && atls_bytes_is_text(atls_bytes_of(text.data, len), banks[i].prefix) &&
            take_indices(&bits, atls_bytes_of(&text.data[len], text.len - len))) {
            out->bank = banks[i].alg;
            out->bits = bits;
            return ATLS_OK;
        }
    }
    atls_fail(diag, ATLS_ERR_CONFIG, "TPM configuration", "pcrs");
    atls_diag_found_peer_text(diag, text);
    atls_diag_expected_text(diag, "a selection such as \"" ATLS_TPM_DEFAULT_PCRS
                                  "\": bank sha256 or sha384, indices 0 to 23, ascending");
    return ATLS_ERR_CONFIG;
}

void atls_tpm_pcrs_selection(TPML_PCR_SELECTION *out, const struct atls_tpm_pcrs *pcrs)
{
    memset(out, 0, sizeof *out);
    out->count = 1;
    out->pcrSelections[0].hash = pcrs->bank;
    out->pcrSelections[0].sizeofSelect = 3;
    for (size_t i = 0; i < 3; i++) {
        out->pcrSelections[0].pcrSelect[i] = (BYTE)(pcrs->bits >> (8 * i));
    }
}

/* bits_of gives the PCRs of `bank` in a selection that names no other bank; 0 otherwise. */
static uint32_t bits_of(const TPML_PCR_SELECTION *selection, TPM2_ALG_ID bank)
{
    uint32_t bits = 0;
    if (selection->count > ATLS_ARRAY_LEN(selection->pcrSelections)) {
        return 0;
    }
    for (UINT32 i = 0; i < selection->count; i++) {
        const TPMS_PCR_SELECTION *one = &selection->pcrSelections[i];
        if (one->sizeofSelect > sizeof one->pcrSelect) {
            return 0;
        }
        for (size_t octet = 0; octet < one->sizeofSelect; octet++) {
            if (one->pcrSelect[octet] != 0 && (one->hash != bank || octet > 2)) {
                return 0;
            }
            bits |= octet <= 2 ? (uint32_t)one->pcrSelect[octet] << (8 * octet) : 0;
        }
    }
    return bits;
}

bool atls_tpm_pcrs_equal(const TPML_PCR_SELECTION *selection, const struct atls_tpm_pcrs *pcrs)
{
    return selection->count == 1 && selection->pcrSelections[0].hash == pcrs->bank &&
           bits_of(selection, pcrs->bank) == pcrs->bits;
}

/* store puts the digests of one answer where they belong: ascending in the selection. */
static bool store(struct atls_digest values[ATLS_TPM_NUM_PCRS], uint32_t bits,
                  const TPML_DIGEST *digests, size_t digest_len)
{
    UINT32 at = 0;
    for (size_t pcr = 0; pcr < ATLS_TPM_NUM_PCRS; pcr++) {
        if ((bits >> pcr & 1) == 0) {
            continue;
        }
        if (at >= digests->count || at >= ATLS_ARRAY_LEN(digests->digests) ||
            digests->digests[at].size != digest_len) {
            return false;
        }
        memcpy(values[pcr].data, digests->digests[at].buffer, digest_len);
        values[pcr].len = digest_len;
        at++;
    }
    return at == digests->count;
}

enum atls_err atls_tpm_pcrs_read(struct atls_tpm_conn *conn,
                                 struct atls_digest values[ATLS_TPM_NUM_PCRS],
                                 const struct atls_tpm_pcrs *pcrs, struct atls_diag *diag)
{
    struct atls_tpm_pcrs left = *pcrs;
    while (left.bits != 0) { /* one answer holds eight digests; each round must get some */
        TPML_PCR_SELECTION wanted, *got = NULL;
        TPML_DIGEST *digests = NULL;
        UINT32 counter;
        atls_tpm_pcrs_selection(&wanted, &left);
        const TSS2_RC rc = Esys_PCR_Read(conn->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                         &wanted, &counter, &got, &digests);
        if (rc != TSS2_RC_SUCCESS) {
            return atls_tpm_conn_fail(conn, "TPM2_PCR_Read", rc, diag);
        }
        const uint32_t bits = bits_of(got, pcrs->bank);
        const bool stored = bits != 0 && (bits & ~left.bits) == 0 &&
                            store(values, bits, digests, pcrs->bank == TPM2_ALG_SHA384 ? 48 : 32);
        free(got);
        free(digests);
        if (!stored) {
            return atls_fail_texts(diag, ATLS_ERR_TPM, "TPM", "TPM2_PCR_Read",
                                   "not all PCRs of the selection",
                                   "a bank that is active in this TPM");
        }
        left.bits &= ~bits;
    }
    return ATLS_OK;
}
