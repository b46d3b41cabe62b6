/* SPDX-License-Identifier: Apache-2.0 */
/* The map around quote and collateral. Nothing of it is signed but what it holds. */
#include "appraiser/sgx/sgx.h"

#include "appraiser/input.h"
#include "base/diag.h"
#include "base/span.h"
#include "codec/cbor.h"

static enum atls_err check_label(struct atls_bytes media_type, struct atls_diag *diag)
{
    const struct atls_format *format = atls_format_by_name(atls_bytes_text("sgx"));
    if (media_type.len == 0 || atls_media_type_is(media_type, format->media_type)) {
        return ATLS_OK;
    }
    atls_fail_texts(diag, ATLS_ERR_EVIDENCE_TYPE, ATLS_STEP_STRUCTURE, "media type", NULL,
                    format->media_type);
    atls_diag_found_peer_text(diag, media_type);
    return ATLS_ERR_EVIDENCE_TYPE;
}

static enum atls_err refuse(const char *claim, const char *found, const char *expected,
                            struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE, claim, found,
                           expected);
}

static enum atls_err read_collateral(struct atls_cbor *out, const struct atls_cbor *list,
                                     struct atls_diag *diag)
{
    static const char expected[] = "1 to 32 byte strings";
    struct atls_cbor item;
    struct atls_bytes octets;
    if (list->type != ATLS_CBOR_ARRAY || list->argument == 0 || list->argument > ATLS_MAX_BROUGHT) {
        return refuse("collateral", "something else", expected, diag);
    }
    struct atls_cbor_iter items = atls_cbor_members(list);
    while (atls_cbor_next(&items, &item)) {
        if (!atls_cbor_bytes(&item, 1, SIZE_MAX, &octets)) {
            return refuse("collateral", "another type", expected, diag);
        }
    }
    *out = *list;
    return ATLS_OK;
}

static enum atls_err read_members(struct atls_sgx_evidence *out, const struct atls_cbor *map,
                                  struct atls_diag *diag)
{
    struct atls_cbor key;
    struct atls_cbor value;
    struct atls_cbor_iter pairs = atls_cbor_members(map);
    while (atls_cbor_next_pair(&pairs, &key, &value)) {
        struct atls_bytes name = {NULL, 0};
        enum atls_err err = ATLS_OK;
        if (!atls_cbor_text(&key, 0, SIZE_MAX, &name)) {
            return refuse("member", "a name that is no text", "quote and collateral", diag);
        }
        if (atls_bytes_is_text(name, "quote")) {
            err = atls_cbor_bytes(&value, 1, SIZE_MAX, &out->quote)
                      ? ATLS_OK
                      : refuse("quote", "another type", "a byte string", diag);
        } else if (atls_bytes_is_text(name, "collateral")) {
            err = read_collateral(&out->collateral, &value, diag);
        } else {
            err = refuse("member", NULL, "quote and collateral", diag);
            atls_diag_found_peer_text(diag, name);
        }
        if (err != ATLS_OK) {
            return err;
        }
    }
    return out->quote.len != 0 ? ATLS_OK : refuse("quote", "none", "a byte string", diag);
}

enum atls_err atls_sgx_unwrap(struct atls_sgx_evidence *out, struct atls_bytes evidence,
                              struct atls_bytes media_type, struct atls_diag *diag)
{
    struct atls_sgx_evidence read;
    struct atls_cbor map;
    memset(&read, 0, sizeof read);
    enum atls_err err = check_label(media_type, diag);
    if (err == ATLS_OK) {
        err = atls_evidence_recode(
            atls_cbor_parse(&map, evidence, ATLS_CBOR_STRICT, "SGX evidence", diag), diag);
    }
    if (err == ATLS_OK && map.type != ATLS_CBOR_MAP) {
        err = refuse("SGX evidence", "another type", "a map", diag);
    }
    if (err == ATLS_OK) {
        err = read_members(&read, &map, diag);
    }
    if (err == ATLS_OK) {
        *out = read;
    }
    return err;
}

enum atls_err atls_sgx_collateral(struct atls_collateral **out,
                                  const struct atls_sgx_evidence *evidence, struct atls_diag *diag)
{
    struct atls_collateral *bag = NULL;
    struct atls_cbor item;
    struct atls_bytes octets;
    if (evidence->collateral.type != ATLS_CBOR_ARRAY || evidence->collateral.argument == 0) {
        return ATLS_OK;
    }
    enum atls_err err = atls_collateral_new(&bag, ATLS_MAX_BROUGHT, diag);
    struct atls_cbor_iter items = atls_cbor_members(&evidence->collateral);
    while (err == ATLS_OK && atls_cbor_next(&items, &item)) {
        err = atls_cbor_bytes(&item, 1, SIZE_MAX, &octets)
                  ? atls_collateral_add(bag, octets, "the Evidence", diag)
                  : refuse("collateral", "another type", "byte strings", diag);
        if (err == ATLS_ERR_ENDORSEMENT) { /* a file of ours would be; this is the peer's */
            err = ATLS_ERR_EVIDENCE_MALFORMED;
            if (diag != NULL) {
                diag->err = err;
            }
        }
    }
    if (err != ATLS_OK) {
        atls_collateral_free(bag);
        return err;
    }
    *out = bag;
    return ATLS_OK;
}
