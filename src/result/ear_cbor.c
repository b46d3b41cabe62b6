/* SPDX-License-Identifier: Apache-2.0 */
/* Results in CBOR: the form of result/ear_form.h, and the envelope of a CWT. */
#include "base/span.h"
#include "result/ear_form.h"
#include "result/vector.h"

enum { TAG_CWT = 61 };
enum { CNF_COSE_KEY = 1, CNF_CKT = 5 }; /* RFC 8747, 3.1; RFC 9679, 5.6 */
enum { LABEL_KID = 4 };

static const struct atls_bytes none = {NULL, 0};

static bool member(const struct atls_ear_node *map, const struct atls_ear_row *row,
                   unsigned spelling, struct atls_ear_node *out)
{
    if (row->label == ATLS_EAR_NO_LABEL) {
        return spelling == 0 && atls_cbor_get_text(&map->cbor, row->name, &out->cbor);
    }
    const int64_t label = spelling == 0 ? row->label : row->old_label;
    return spelling < 2 && label != ATLS_EAR_NO_LABEL &&
           atls_cbor_get(&map->cbor, label, &out->cbor);
}

static enum atls_ear_kind kind(const struct atls_ear_node *node)
{
    return node->cbor.type == ATLS_CBOR_MAP     ? ATLS_EAR_IS_MAP
           : node->cbor.type == ATLS_CBOR_ARRAY ? ATLS_EAR_IS_ARRAY
                                                : ATLS_EAR_IS_OTHER;
}

static size_t count(const struct atls_ear_node *node)
{
    return node->cbor.argument < SIZE_MAX ? (size_t)node->cbor.argument : SIZE_MAX;
}

static bool at(const struct atls_ear_node *node, size_t index, struct atls_bytes *name,
               struct atls_ear_node *out)
{
    struct atls_cbor_iter iter = atls_cbor_members(&node->cbor);
    struct atls_cbor key;
    if (node->cbor.type == ATLS_CBOR_ARRAY) {
        return atls_cbor_at(&node->cbor, index, &out->cbor);
    }
    for (size_t i = 0; atls_cbor_next_pair(&iter, &key, &out->cbor); i++) {
        if (i == index) {
            return atls_cbor_text(&key, 0, SIZE_MAX, name);
        }
    }
    return false;
}

static bool integer(const struct atls_ear_node *node, int64_t *out)
{
    return atls_cbor_int(&node->cbor, out);
}

static bool text(const struct atls_ear_node *node, struct atls_bytes *out)
{
    return atls_cbor_text(&node->cbor, 0, SIZE_MAX, out);
}

static bool boolean(const struct atls_ear_node *node, bool *out)
{
    return atls_cbor_bool(&node->cbor, out);
}

static bool tier(const struct atls_ear_node *node, enum atls_tier *out)
{
    int64_t value = 0;
    if (!atls_cbor_int(&node->cbor, &value) || value < 0 || value > ATLS_TIER_CONTRAINDICATED ||
        !atls_tier_is_known((enum atls_tier)value)) {
        return false;
    }
    *out = (enum atls_tier)value;
    return true;
}

static bool octets(void *storage, const struct atls_ear_node *node, struct atls_bytes *out)
{
    (void)storage;
    return atls_cbor_bytes(&node->cbor, 0, SIZE_MAX, out);
}

static bool record(void *storage, const struct atls_ear_node *node, struct atls_cmw *out)
{
    (void)storage;
    return node->cbor.type == ATLS_CBOR_ARRAY &&
           atls_cmw_parse_item(out, &node->cbor, NULL) == ATLS_OK && out->kind == ATLS_CMW_RECORD;
}

static enum atls_err cnf(void *storage, const struct atls_ear_node *node, struct atls_ear_cnf *out,
                         struct atls_diag *diag)
{
    struct atls_cbor value;
    (void)storage;
    if (atls_cbor_get(&node->cbor, CNF_COSE_KEY, &value)) {
        const enum atls_err err = atls_cose_key_parse(&out->key, &value, ATLS_EAR_STEP, diag);
        if (err != ATLS_OK) {
            if (diag != NULL) {
                diag->err = ATLS_ERR_RESULT;
            }
            return ATLS_ERR_RESULT;
        }
        out->has_key = true;
    }
    if (atls_cbor_get(&node->cbor, CNF_CKT, &value) &&
        !atls_cbor_bytes(&value, 32, 32, &out->ckt)) {
        return atls_ear_refuse(diag, none, "cnf ckt", "another type or length",
                               "a SHA-256 thumbprint, 32 octets");
    }
    return ATLS_OK;
}

static struct atls_ear_value value_of(const struct atls_ear_node *node)
{
    const struct atls_ear_value value = {.cbor = node->cbor.encoded};
    return value;
}

static const struct atls_ear_form cbor_form = {
    .member = member,
    .kind = kind,
    .count = count,
    .at = at,
    .integer = integer,
    .text = text,
    .boolean = boolean,
    .tier = tier,
    .octets = octets,
    .record = record,
    .cnf = cnf,
    .value = value_of,
};

/* recode makes a refusal of the codec one of the Result. */
static enum atls_err recode(enum atls_err err, struct atls_diag *diag)
{
    if (err != ATLS_ERR_MALFORMED) {
        return err;
    }
    if (diag != NULL) {
        diag->err = ATLS_ERR_RESULT;
    }
    return ATLS_ERR_RESULT;
}

enum atls_err atls_ear_read_cbor(struct atls_ear *out, struct atls_bytes claims,
                                 struct atls_diag *diag)
{
    struct atls_ear_node node;
    memset(&node, 0, sizeof node);
    const enum atls_err err =
        atls_cbor_parse(&node.cbor, claims, ATLS_CBOR_STRICT, ATLS_EAR_STEP, diag);
    if (err != ATLS_OK) {
        return recode(err, diag);
    }
    struct atls_ear_reader reader = {&cbor_form, NULL, none, diag};
    return atls_ear_read(out, &reader, &node);
}

enum atls_err atls_ear_cwt_parse(struct atls_cose_sign1 *out, struct atls_bytes token,
                                 struct atls_diag *diag)
{
    struct atls_cbor item;
    struct atls_cbor inside;
    enum atls_err err = atls_cbor_parse(&item, token, ATLS_CBOR_STRICT, ATLS_EAR_STEP, diag);
    if (err == ATLS_OK) {
        const bool is_cwt = atls_cbor_tag(&item, TAG_CWT, &inside);
        err = atls_cose_sign1_parse_item(out, is_cwt ? &inside : &item,
                                         is_cwt ? ATLS_COSE_TAGGED : ATLS_COSE_ANY, ATLS_EAR_STEP,
                                         diag);
    }
    if (err == ATLS_OK && out->detached) {
        err = atls_ear_refuse(diag, none, "payload", "null", "claims inside");
    }
    return recode(err, diag);
}

enum atls_err atls_ear_cwt_sign(const struct atls_crypto_ops *ops, struct atls_buf out,
                                size_t *out_len, int32_t alg, const struct atls_key *key,
                                struct atls_bytes kid, struct atls_bytes claims,
                                struct atls_diag *diag)
{
    uint8_t header[16 + 128];
    const struct atls_buf room = {header, sizeof header};
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    if (kid.len != 0) {
        atls_cbor_put_uint(&w, LABEL_KID);
        atls_cbor_put_bytes(&w, kid);
    }
    if (!atls_writer_finish(&w, &len)) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, ATLS_EAR_STEP, "kid", "a longer one",
                               "at most 128 octets");
    }
    return atls_cose_sign1_write(ops, out, out_len, true, alg, key, atls_bytes_of(header, len),
                                 kid.len != 0 ? 1 : 0, claims, diag);
}
