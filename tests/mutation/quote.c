/* SPDX-License-Identifier: Apache-2.0 */
#include "mutation/quote.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "mutation/wrap.h"
#include "support/memory.h"

#include <stdlib.h>
#include <string.h>

static const size_t key_len = 64, signature_len = 64, report_len = 384, head_len = 48;

static const struct mutation_quote_part enclave[] = {
    MUTATION_QUOTE_ENCLAVE(MUTATION_QUOTE_PART, "qe."){NULL, VALUE_OCTETS, 0}};

static void flip(struct value_change *change, const struct mutation_quote_bit *bits,
                 const char *part, uint8_t *octets)
{
    for (size_t i = 0; bits[i].name != NULL; i++) {
        if (change->kind == VALUE_CHANGE_OTHER && strcmp(bits[i].part, part) == 0 &&
            strcmp(bits[i].name, change->field) == 0) {
            octets[bits[i].bit / 8] ^= (uint8_t)(1u << bits[i].bit % 8);
            change->applied = true;
        }
    }
}

/* cut gives the octets again, part by part, with the change. */
static struct atls_bytes cut(struct atls_bytes octets, const struct mutation_quote_part *parts,
                             const struct mutation_quote_bit *bits, struct value_change *change)
{
    struct mutation_parts out = {.change = change};
    size_t at = 0;
    for (size_t i = 0; parts[i].len != 0; i++) {
        const struct atls_bytes part = test_copy(atls_bytes_of(&octets.data[at], parts[i].len));
        flip(change, bits, parts[i].name, (uint8_t *)(uintptr_t)part.data);
        mutation_add(&out, parts[i].name, parts[i].kind, part);
        at += parts[i].len;
    }
    if (at != octets.len) {
        abort(); /* the plan is not that of this body */
    }
    return mutation_join(&out);
}

static struct atls_bytes little(uint64_t value, size_t len)
{
    const struct atls_buf room = test_room(len);
    for (size_t i = 0; i < len; i++) {
        room.data[i] = (uint8_t)(value >> 8 * i);
    }
    return atls_bytes_of(room.data, len);
}

static struct atls_bytes once(struct value_change *change, const char *field, enum value_kind kind,
                              struct atls_bytes octets)
{
    struct mutation_parts part = {.change = change};
    mutation_add(&part, field, kind, octets);
    return mutation_join(&part);
}

/* report_data is that of the quoting enclave: key and its own data, then zeros. */
static struct atls_bytes report_data(struct atls_bytes key, struct atls_bytes auth)
{
    struct mutation_parts both = {.part = {key, auth}, .num_parts = 2};
    struct atls_digest digest;
    const struct atls_buf room = test_room(64);
    memset(room.data, 0, 64);
    if (atls_crypto_openssl()->hash(ATLS_ALG_SHA256, mutation_join(&both), &digest) != ATLS_OK) {
        abort();
    }
    memcpy(room.data, digest.data, digest.len);
    return atls_bytes_of(room.data, 64);
}

static struct atls_bytes covered(const struct test_quote *t, const struct mutation_quote_plan *plan,
                                 struct value_change *change)
{
    const struct atls_buf room = test_room(2048);
    struct mutation_parts padded = {.part = {test_quote_nonce(), test_fill(0, 32)}, .num_parts = 2};
    struct atls_writer w = atls_writer_of(room);
    atls_sim_quote_put_covered(&w, &t->quote, mutation_join(&padded));
    return cut(atls_bytes_of(room.data, w.len), plan->covered, plan->bits, change);
}

/* What the quoting enclave says of the key, and the chain behind it. */
static struct atls_bytes vouched(const struct test_quote *t, const struct mutation_quote_plan *plan,
                                 struct value_change *change, struct atls_bytes key)
{
    const struct atls_bytes auth =
        once(change, "qe.auth", VALUE_OCTETS,
             atls_bytes_of(t->quote.qe_auth, (size_t)t->quote.qe_auth_len));
    const struct atls_bytes chain =
        once(change, "quote.chain", VALUE_OCTETS, atls_bytes_text(t->intel.chain_pem));
    const struct atls_buf room = test_room(report_len);
    struct atls_writer w = atls_writer_of(room);
    atls_sim_quote_put_enclave(&w, &t->quote.qe, report_data(key, auth));
    const struct atls_bytes report =
        cut(atls_bytes_of(room.data, w.len), enclave, plan->bits, change);
    struct mutation_parts out = {.change = change};
    out.part[out.num_parts++] = report;
    mutation_add(&out, "qe.signature", VALUE_OCTETS_ES256,
                 test_sign(t->intel.pck, ATLS_ALG_ES256, report));
    mutation_add(&out, "qe.auth_len", VALUE_LITTLE, little(auth.len, 2));
    out.part[out.num_parts++] = auth;
    mutation_add(&out, "quote.chain_type", VALUE_LITTLE, little(5, 2));
    mutation_add(&out, "quote.chain_len", VALUE_LITTLE, little(chain.len, 4));
    out.part[out.num_parts++] = chain;
    return mutation_join(&out);
}

struct atls_bytes mutation_quote(const struct test_quote *t, const struct mutation_quote_plan *plan,
                                 struct value_change *change)
{
    const struct atls_bytes point = atls_key_point(t->key);
    const struct atls_bytes head = covered(t, plan, change);
    const struct atls_bytes key =
        once(change, "quote.key", VALUE_OCTETS, test_copy(atls_bytes_of(&point.data[1], key_len)));
    const struct atls_bytes inner = vouched(t, plan, change, key);
    struct mutation_parts data = {.change = change};
    mutation_add(&data, "quote.signature", VALUE_OCTETS_ES256,
                 test_sign(t->key, ATLS_ALG_ES256, head));
    data.part[data.num_parts++] = key;
    if (t->quote.version != 3) {
        mutation_add(&data, "quote.qe_type", VALUE_LITTLE, little(6, 2));
        mutation_add(&data, "quote.qe_len", VALUE_LITTLE, little(inner.len, 4));
    }
    data.part[data.num_parts++] = inner;
    const struct atls_bytes joined = mutation_join(&data);
    struct mutation_parts quote = {.change = change};
    quote.part[quote.num_parts++] = head;
    mutation_add(&quote, "quote.signature_len", VALUE_LITTLE, little(joined.len, 4));
    quote.part[quote.num_parts++] = joined;
    mutation_add(&quote, "quote.tail", VALUE_OCTETS, test_fill(0, 8));
    return mutation_join(&quote);
}

struct atls_bytes mutation_quote_signed_part(const char *path, struct atls_bytes leaf)
{
    const char *name = strrchr(path, '{');
    const uint8_t version = leaf.len > head_len + 6 ? leaf.data[0] : 0;
    const bool is_td = version > 3 && leaf.data[4] == 0x81;
    const bool is_1_5 = version == 5 && leaf.data[head_len] == 3;
    const size_t body = is_1_5 ? 648 : is_td ? 584 : report_len;
    const size_t signature = head_len + (version == 5 ? 6u : 0u) + body + 4;
    const size_t key = signature + signature_len;
    const size_t second = key + key_len + (version == 3 ? 0u : 6u) + report_len;
    const size_t auth = second + signature_len;
    if (name == NULL || (strcmp(name, "{outblob}") != 0 && strcmp(name, "{quote}") != 0) ||
        leaf.len < auth + 2) {
        return leaf;
    }
    const size_t end = auth + 2 + (size_t)(leaf.data[auth] | leaf.data[auth + 1] << 8) + 6;
    const struct mutation_parts parts = {
        .part = {atls_bytes_of(leaf.data, signature), atls_bytes_of(&leaf.data[key], second - key),
                 atls_bytes_of(&leaf.data[auth], (end < leaf.len ? end : leaf.len) - auth)},
        .num_parts = 3};
    return mutation_join(&parts);
}

bool mutation_quote_is_up_to_date(const json_t *found, const char **out_why)
{
    static const char *const names[] = {"status", "platform", "quoting_enclave"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(names); i++) {
        const char *status =
            json_string_value(json_object_get(json_object_get(found, "tcb"), names[i]));
        if (status == NULL || strcmp(status, "UpToDate") != 0) {
            *out_why = names[i];
            return false;
        }
    }
    return true;
}

bool mutation_quote_same(const char *const *names, const json_t *found, const json_t *expected,
                         const char **out_why)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        if (!json_equal(json_object_get(found, names[i]), json_object_get(expected, names[i]))) {
            *out_why = names[i];
            return false;
        }
    }
    return true;
}

void mutation_quote_set_up(struct test_sample *out_original,
                           const struct atls_endorsements **out_set, const struct test_quote *t)
{
    memset(out_original, 0, sizeof *out_original);
    out_original->format = atls_format_by_name(atls_bytes_text(t->quote.is_td ? "tdx" : "sgx"));
    out_original->nonce = test_quote_nonce();
    out_original->tls_spki = test_spki(test_key(ATLS_CRV_P256));
    *out_set = test_quote_endorsements(t, false);
}
