/* SPDX-License-Identifier: Apache-2.0 */
/* Collateral between the front and an appraiser: the question, and the answer to it. */
#include "svc/verifier/message_parts.h"

#include "base/span.h"
#include "collateral/depot.h"

enum { MAX_PATH = 512, MAX_CHAIN = 8192 };

static void put_tcb(struct atls_writer *w, const struct atls_amd_tcb *tcb)
{
    atls_write_u8(w, tcb->has_fmc);
    atls_write_u8(w, tcb->fmc);
    atls_write_u8(w, tcb->bootloader);
    atls_write_u8(w, tcb->tee);
    atls_write_u8(w, tcb->snp);
    atls_write_u8(w, tcb->microcode);
}

void verifier_put_wanted(struct atls_writer *w, const struct atls_collateral_wanted *wanted)
{
    const void *end = memchr(wanted->product, '\0', sizeof wanted->product);
    const void *other_end = memchr(wanted->otherwise, '\0', sizeof wanted->otherwise);
    w->failed = w->failed || end == NULL || other_end == NULL ||
                wanted->chip_id_len > sizeof wanted->chip_id;
    if (w->failed) {
        return;
    }
    atls_write_u8(w, (uint8_t)wanted->kind);
    atls_write_u8(w, (uint8_t)wanted->amd_key);
    atls_write_vec8(w, atls_bytes_text(wanted->product));
    atls_write_vec8(w, atls_bytes_text(wanted->otherwise));
    atls_write_vec8(w, atls_bytes_of(wanted->chip_id, wanted->chip_id_len));
    put_tcb(w, &wanted->tcb);
    atls_write_bytes(w, atls_bytes_of(wanted->fmspc, sizeof wanted->fmspc));
    atls_write_u8(w, (uint8_t)wanted->tee);
    atls_write_u8(w, (uint8_t)wanted->enclave);
    atls_write_u8(w, wanted->platform_ca);
}

/* get_choice reads a number from `least` to `most`. */
static bool get_choice(struct atls_reader *r, uint8_t *out, unsigned least, unsigned most)
{
    return atls_read_u8(r, out) && *out >= least && *out <= most;
}

static bool get_tcb(struct atls_reader *r, struct atls_amd_tcb *out)
{
    uint8_t has_fmc = 0;
    if (!get_choice(r, &has_fmc, 0, 1) || !atls_read_u8(r, &out->fmc) ||
        !atls_read_u8(r, &out->bootloader) || !atls_read_u8(r, &out->tee) ||
        !atls_read_u8(r, &out->snp) || !atls_read_u8(r, &out->microcode)) {
        return false;
    }
    out->has_fmc = has_fmc == 1;
    return true;
}

/* get_product: the name of a product is a text that ends. */
static bool get_product(struct atls_reader *r, char out[static 16])
{
    struct atls_bytes product;
    if (!atls_read_vec8(r, 0, 15, &product) ||
        (product.len != 0 && memchr(product.data, '\0', product.len) != NULL)) {
        return false;
    }
    if (product.len != 0) {
        memcpy(out, product.data, product.len);
    }
    return true;
}

/* get_amd: a chip's id fits. */
static bool get_amd(struct atls_reader *r, struct atls_collateral_wanted *out)
{
    struct atls_bytes chip_id;
    if (!get_product(r, out->product) || !get_product(r, out->otherwise) ||
        !atls_read_vec8(r, 0, sizeof out->chip_id, &chip_id)) {
        return false;
    }
    if (chip_id.len != 0) {
        memcpy(out->chip_id, chip_id.data, chip_id.len);
    }
    out->chip_id_len = chip_id.len;
    return get_tcb(r, &out->tcb);
}

bool verifier_get_wanted(struct atls_reader *r, struct atls_collateral_wanted *out)
{
    struct atls_collateral_wanted wanted = {.kind = ATLS_WANTED_NOTHING};
    struct atls_bytes fmspc;
    uint8_t kind = 0, key = 0, tee = 0, enclave = 0, platform_ca = 0;
    if (!get_choice(r, &kind, ATLS_WANTED_AMD_LEAF, ATLS_WANTED_ROOT_CRL) ||
        !get_choice(r, &key, ATLS_AMD_VCEK, ATLS_AMD_VLEK) || !get_amd(r, &wanted) ||
        !atls_read_bytes(r, sizeof wanted.fmspc, &fmspc) ||
        !get_choice(r, &tee, ATLS_INTEL_SGX, ATLS_INTEL_TDX) ||
        !get_choice(r, &enclave, ATLS_INTEL_QE, ATLS_INTEL_QVE) ||
        !get_choice(r, &platform_ca, 0, 1)) {
        return false;
    }
    wanted.kind = (enum atls_collateral_kind)kind;
    wanted.amd_key = (enum atls_amd_key)key;
    wanted.tee = (enum atls_intel_tee)tee;
    wanted.enclave = (enum atls_intel_enclave)enclave;
    wanted.platform_ca = platform_ca == 1;
    memcpy(wanted.fmspc, fmspc.data, sizeof wanted.fmspc);
    *out = wanted;
    return true;
}

void verifier_put_fetched(struct atls_writer *w, const struct verifier_fetched *fetched)
{
    verifier_put_wanted(w, &fetched->wanted);
    atls_write_u64(w, fetched->number);
    atls_write_vec16(w, fetched->path);
    atls_write_vec16(w, fetched->chain);
    verifier_put_long(w, fetched->body);
}

/* get_text reads one without a NUL, since it becomes one with it. */
static bool get_text(struct atls_reader *r, size_t max, struct atls_bytes *out)
{
    return atls_read_vec16(r, 0, max, out) &&
           (out->len == 0 || memchr(out->data, '\0', out->len) == NULL);
}

bool verifier_get_fetched(struct atls_reader *r, struct verifier_fetched *out)
{
    return verifier_get_wanted(r, &out->wanted) && atls_read_u64(r, &out->number) &&
           out->number != 0 && get_text(r, MAX_PATH, &out->path) &&
           get_text(r, MAX_CHAIN, &out->chain) && verifier_get_long(r, &out->body) &&
           out->body.len <= ATLS_DEPOT_MAX_BODY;
}
