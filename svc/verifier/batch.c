/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/batch.h"

#include "base/span.h"

#include <stdlib.h>

enum { COUNT_LEN = 2, HEAD_LEN = 5 };

/* has_room makes room for `more` octets behind those that are there. */
static bool has_room(struct verifier_packer *packer, size_t more)
{
    const size_t need = packer->len + more;
    if (need <= packer->cap) {
        return true;
    }
    const size_t cap = need < 4096 ? 4096 : 2 * need;
    uint8_t *data = need <= VERIFIER_MAX_FRAME_LEN ? realloc(packer->data, cap) : NULL;
    if (data == NULL) {
        return false;
    }
    packer->data = data;
    packer->cap = cap;
    return true;
}

void verifier_pack_begin(struct verifier_packer *packer)
{
    packer->num = 0;
    packer->failed = !has_room(packer, 0);
    packer->len = COUNT_LEN;
}

void verifier_pack(struct verifier_packer *packer, uint8_t type, verifier_put_function *put,
                   const void *message)
{
    struct atls_writer count = atls_writer_counting();
    size_t len = 0;
    if (packer->len == 0) {
        packer->len = COUNT_LEN;
    }
    put(&count, message);
    if (packer->failed || !atls_writer_finish(&count, &len) || packer->num == VERIFIER_MAX_BATCH ||
        len > VERIFIER_MAX_FRAME_LEN || !has_room(packer, HEAD_LEN + len)) {
        packer->failed = true;
        return;
    }
    const struct atls_buf room = {packer->data + packer->len, HEAD_LEN + len};
    struct atls_writer w = atls_writer_of(room);
    atls_write_u8(&w, type);
    atls_write_u32(&w, (uint32_t)len);
    put(&w, message);
    if (!atls_writer_finish(&w, &len)) {
        packer->failed = true;
        return;
    }
    packer->len += len;
    packer->num++;
}

enum atls_err verifier_pack_octets(struct atls_bytes *out, struct verifier_packer *packer)
{
    if (packer->failed || packer->num == 0) {
        return ATLS_ERR_MEMORY;
    }
    packer->data[0] = (uint8_t)(packer->num >> 8);
    packer->data[1] = (uint8_t)packer->num;
    *out = atls_bytes_of(packer->data, packer->len);
    return ATLS_OK;
}

void verifier_packer_cleanup(struct verifier_packer *packer)
{
    if (packer->data != NULL) {
        atls_wipe(packer->data, packer->cap);
    }
    free(packer->data);
    memset(packer, 0, sizeof *packer);
}

enum atls_err verifier_unpack(struct verifier_packed out[VERIFIER_MAX_BATCH], size_t *out_num,
                              struct atls_bytes payload)
{
    struct atls_reader r = atls_reader_of(payload);
    uint16_t num = 0;
    if (!atls_read_u16(&r, &num) || num == 0 || num > VERIFIER_MAX_BATCH) {
        return ATLS_ERR_MALFORMED;
    }
    for (size_t i = 0; i < num; i++) {
        uint32_t len = 0;
        if (!atls_read_u8(&r, &out[i].type) || !atls_read_u32(&r, &len) ||
            !atls_read_bytes(&r, len, &out[i].payload)) {
            return ATLS_ERR_MALFORMED;
        }
    }
    if (!atls_read_end(&r)) {
        return ATLS_ERR_MALFORMED;
    }
    *out_num = num;
    return ATLS_OK;
}
