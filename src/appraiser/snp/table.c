/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of certificates that a host puts beside a report (GHCB specification, "SNP Extended
 * Guest Request"): entries of GUID, offset and length, an entry of zeros at the end, then what they
 * point at. Nobody signs the table; what is in it is worth what its signatures are worth.
 */
#include "appraiser/snp/snp.h"

#include "appraiser/input.h"
#include "base/diag.h"
#include "base/span.h"

enum { GUID_LEN = 16, ENTRY_LEN = 24 };

/* The GUIDs as they come: octets in the order of their text. */
static const struct {
    uint8_t guid[GUID_LEN];
    size_t offset; /* of the span in struct atls_snp_table */
} kinds[] = {
    {{0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac,
      0xcd},
     offsetof(struct atls_snp_table, vcek)},
    {{0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8,
      0xa1},
     offsetof(struct atls_snp_table, vlek)},
    {{0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7,
      0x82},
     offsetof(struct atls_snp_table, ask)},
    {{0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0,
      0xae},
     offsetof(struct atls_snp_table, ark)},
    {{0x92, 0xf8, 0x1b, 0xc3, 0x58, 0x11, 0x4d, 0x3d, 0x97, 0xff, 0xd1, 0x9f, 0x88, 0xdc, 0x67,
      0xea},
     offsetof(struct atls_snp_table, crl)},
};

/* One entry, and where what it points at begins and ends. */
struct entry {
    const uint8_t *guid;
    uint64_t from, to;
};

static enum atls_err refuse(struct atls_diag *diag, const char *claim, const char *found,
                            const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE, claim, found,
                           expected);
}

static uint64_t number(const uint8_t *octets)
{
    return (uint64_t)octets[0] | (uint64_t)octets[1] << 8 | (uint64_t)octets[2] << 16 |
           (uint64_t)octets[3] << 24;
}

/* read_entries gives the entries before that of zeros, and where the table ends. */
static enum atls_err read_entries(struct entry out[ATLS_SNP_MAX_TABLE_ENTRIES], size_t *out_num,
                                  uint64_t *out_end, struct atls_bytes blob, struct atls_diag *diag)
{
    for (size_t num = 0; num <= ATLS_SNP_MAX_TABLE_ENTRIES; num++) {
        if (blob.len - num * ENTRY_LEN < ENTRY_LEN) {
            return refuse(diag, "certificate table", "no end", "an entry of zeros behind the last");
        }
        const uint8_t *at = &blob.data[num * ENTRY_LEN];
        if (atls_is_zero(atls_bytes_of(at, ENTRY_LEN))) {
            *out_num = num;
            *out_end = (num + 1) * ENTRY_LEN;
            return ATLS_OK;
        }
        if (num < ATLS_SNP_MAX_TABLE_ENTRIES) {
            const uint64_t from = number(&at[GUID_LEN]);
            out[num] = (struct entry){at, from, from + number(&at[GUID_LEN + 4])};
        }
    }
    return refuse(diag, "certificate table", "more entries", "at most 16");
}

static enum atls_err check_places(const struct entry *entries, size_t num, uint64_t end,
                                  size_t blob_len, struct atls_diag *diag)
{
    for (size_t i = 0; i < num; i++) {
        if (entries[i].from < end || entries[i].to > blob_len) {
            return refuse(diag, "certificate table", "an entry that points out of it",
                          "places behind the table and within the blob");
        }
        for (size_t j = 0; j < i; j++) {
            if (entries[i].from < entries[j].to && entries[j].from < entries[i].to) {
                return refuse(diag, "certificate table", "entries that overlap",
                              "a place of its own for each");
            }
        }
    }
    return ATLS_OK;
}

/* span_for gives where an entry goes; NULL for what is of no use here. */
static struct atls_bytes *span_for(struct atls_snp_table *table, const uint8_t *guid)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(kinds); i++) {
        if (atls_bytes_equal(atls_bytes_of(kinds[i].guid, GUID_LEN),
                             atls_bytes_of(guid, GUID_LEN))) {
            return (struct atls_bytes *)(void *)((uint8_t *)table + kinds[i].offset);
        }
    }
    return NULL;
}

enum atls_err atls_snp_table_read(struct atls_snp_table *out, struct atls_bytes auxblob,
                                  struct atls_diag *diag)
{
    struct atls_snp_table table = {.vcek = {NULL, 0}};
    struct entry entries[ATLS_SNP_MAX_TABLE_ENTRIES];
    size_t num = 0;
    uint64_t end = 0;
    enum atls_err err = ATLS_OK;
    if (auxblob.len != 0) { /* configfs has an empty one where the host gave none */
        err = read_entries(entries, &num, &end, auxblob, diag);
    }
    if (err == ATLS_OK) {
        err = check_places(entries, num, end, auxblob.len, diag);
    }
    for (size_t i = 0; err == ATLS_OK && i < num; i++) {
        struct atls_bytes *span = span_for(&table, entries[i].guid);
        if (span != NULL && span->len != 0) {
            err = refuse(diag, "certificate table", "two entries of one kind", "one of each");
        } else if (span != NULL) {
            *span = atls_bytes_of(&auxblob.data[entries[i].from],
                                  (size_t)(entries[i].to - entries[i].from));
        }
    }
    if (err == ATLS_OK) {
        *out = table;
    }
    return err;
}
