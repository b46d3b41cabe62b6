/* SPDX-License-Identifier: Apache-2.0 */
/*
 * atls corim show FILE: what a CoRIM would make this version trust, signed or not and valid today
 * or not. Of a CoRIM that this version does not evaluate: its head, and the sentence that says why.
 */
#include "corim.h"

#include "atls/limits.h"
#include "base/diag.h"
#include "base/span.h"
#include "crypto/crypto.h"
#include "endorsement/corim.h"
#include "endorsement/statement_json.h"
#include "json/base64.h"
#include "json/file.h"

#include <stdio.h>
#include <stdlib.h>

static json_t *text_json(struct atls_bytes text)
{
    return json_stringn((const char *)text.data, text.len);
}

static json_t *hex_json(struct atls_bytes octets)
{
    char *hex = atls_hex_new(octets);
    json_t *value = json_string(hex);
    free(hex);
    return value;
}

/* class_json gives 16 octets as the UUID that they are (RFC 9562, 4): no other class has so few. */
static json_t *class_json(struct atls_bytes octets)
{
    if (octets.len != 16) {
        return hex_json(octets);
    }
    char *hex = atls_hex_new(octets);
    json_t *value = hex != NULL ? json_sprintf("%.8s-%.4s-%.4s-%.4s-%s", hex, hex + 8, hex + 12,
                                               hex + 16, hex + 20)
                                : NULL;
    free(hex);
    return value;
}

/* uri_json gives the URI of tag 32 or of an array of one (before 2025), or the octets of an OID. */
static json_t *uri_json(const struct atls_cbor *item)
{
    struct atls_cbor inner = *item;
    struct atls_bytes value;
    if (item->type == ATLS_CBOR_TAG && !atls_cbor_tag(item, item->argument, &inner)) {
        return json_null();
    }
    if (item->type == ATLS_CBOR_ARRAY && !atls_cbor_at(item, 0, &inner)) {
        return json_null();
    }
    if (atls_cbor_text(&inner, 0, SIZE_MAX, &value)) {
        return text_json(value);
    }
    return atls_cbor_bytes(&inner, 0, SIZE_MAX, &value) ? hex_json(value) : json_null();
}

/* id_json gives a text as it is, octets in hexadecimal. */
static json_t *id_json(const struct atls_cbor *item)
{
    struct atls_bytes value;
    if (atls_cbor_text(item, 0, SIZE_MAX, &value)) {
        return text_json(value);
    }
    return atls_cbor_bytes(item, 0, SIZE_MAX, &value) ? hex_json(value) : json_null();
}

static json_t *date_json(const struct atls_cbor *map, int64_t key)
{
    struct atls_cbor value;
    struct atls_cbor inner;
    int64_t seconds = 0;
    return atls_cbor_get(map, key, &value) && atls_cbor_tag(&value, ATLS_TAG_EPOCH, &inner) &&
                   atls_cbor_int(&inner, &seconds)
               ? cli_corim_date(seconds, INT64_MIN)
               : json_null();
}

static json_t *entities_json(const struct atls_cbor *map)
{
    json_t *list = json_array();
    struct atls_cbor entities;
    struct atls_cbor entity;
    struct atls_cbor name;
    struct atls_bytes text;
    if (!atls_cbor_get(map, 5, &entities) || entities.type != ATLS_CBOR_ARRAY) {
        return list;
    }
    struct atls_cbor_iter iter = atls_cbor_members(&entities);
    while (atls_cbor_next(&iter, &entity)) {
        if (atls_cbor_get(&entity, 0, &name) && atls_cbor_text(&name, 0, SIZE_MAX, &text)) {
            json_array_append_new(list, text_json(text));
        }
    }
    return list;
}

/* head_json gives what every profile has in the same place. */
static enum atls_err head_json(json_t *result, struct atls_bytes content, struct atls_diag *diag)
{
    struct atls_cbor outer;
    struct atls_cbor map;
    struct atls_cbor value;
    enum atls_err err = atls_cbor_parse(&outer, content, ATLS_CBOR_STRICT, "CoRIM", diag);
    if (err == ATLS_OK) {
        map = outer;
        if (outer.type != ATLS_CBOR_MAP &&
            !(atls_cbor_tag(&outer, ATLS_TAG_CORIM, &map) && map.type == ATLS_CBOR_MAP)) {
            err = atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, "corim show", "CoRIM",
                                  "something else", "tag 501 with a map, signed or not");
        }
    }
    if (err != ATLS_OK) {
        if (diag != NULL) {
            diag->err = ATLS_ERR_ENDORSEMENT;
        }
        return ATLS_ERR_ENDORSEMENT;
    }
    const struct atls_cbor none = {.type = ATLS_CBOR_MAP};
    struct atls_cbor validity = none;
    json_object_set_new(result, "id",
                        atls_cbor_get(&map, 0, &value) ? id_json(&value) : json_null());
    json_object_set_new(result, "profile",
                        atls_cbor_get(&map, 3, &value) ? uri_json(&value) : json_null());
    if (!atls_cbor_get(&map, 4, &validity)) {
        validity = none;
    }
    json_object_set_new(result, "not_before", date_json(&validity, 0));
    json_object_set_new(result, "not_after", date_json(&validity, 1));
    json_object_set_new(result, "entities", entities_json(&map));
    return ATLS_OK;
}

static json_t *key_json(const struct atls_trust_anchor *anchor)
{
    struct atls_digest digest = {.len = 0};
    json_t *hash = atls_crypto_openssl()->hash(ATLS_ALG_SHA256, anchor->spki, &digest) == ATLS_OK
                       ? hex_json(atls_digest_bytes(&digest))
                       : json_null();
    return json_pack("{s:o,s:o,s:o,s:b}", "instance", hex_json(anchor->instance), "class",
                     class_json(anchor->class_id), "spki_sha256", hash, "simulated",
                     anchor->simulated);
}

static json_t *digests_json(const struct atls_reference *reference)
{
    json_t *list = json_array();
    for (size_t i = 0; i < reference->num_digests; i++) {
        json_array_append_new(list, hex_json(reference->digests[i].value));
    }
    return list;
}

static json_t *reference_json(const struct atls_reference *reference)
{
    char pcr[sizeof "pcr 18446744073709551615"];
    snprintf(pcr, sizeof pcr, "pcr %llu", (unsigned long long)reference->key_uint);
    json_t *object =
        json_pack("{s:o,s:o,s:o}", "class", class_json(reference->class_id), "measurement",
                  reference->key_is_uint ? json_string(pcr) : text_json(reference->key_text),
                  "digests", digests_json(reference));
    const struct {
        const char *name;
        struct atls_bytes text;
    } texts[] = {{"name", reference->name}, {"version", reference->version}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(texts); i++) {
        json_object_set_new(object, texts[i].name,
                            texts[i].text.len != 0 ? text_json(texts[i].text) : json_null());
    }
    json_object_set_new(object, "signer_id",
                        reference->signer_id.len != 0 ? hex_json(reference->signer_id)
                                                      : json_null());
    return object;
}

/* kept_json gives what is neither a key nor a reference value of a format in place: statements,
 * certificates and keys of makers, and what of the file has no effect. */
static void kept_json(json_t *result, const struct atls_batch *batch, bool good)
{
    json_t *statements = json_array();
    json_t *authorities = json_array();
    json_t *notes = json_array();
    for (size_t i = 0; good && i < batch->num_statements; i++) {
        json_array_append_new(statements, atls_statement_json(batch->statements[i]));
    }
    for (size_t i = 0; good && i < batch->num_authorities; i++) {
        json_array_append_new(authorities, atls_authority_json(&batch->authorities[i]->authority));
    }
    const struct atls_note *note = good ? batch->sources->notes : NULL;
    for (; note != NULL; note = note->next) {
        json_array_append_new(notes, json_string(note->text));
    }
    json_object_set_new(result, "statements", statements);
    json_object_set_new(result, "authorities", authorities);
    json_object_set_new(result, "notes", notes);
}

/* body_json reads the rest as a Verifier would, dates apart; what it refuses becomes a sentence. */
static void body_json(json_t *result, struct atls_bytes content, const char *file)
{
    struct atls_batch batch = {.anchors = NULL};
    struct atls_diag why = {.err = ATLS_OK};
    const struct atls_corim_reading reading = {.check_time = false};
    const bool good = atls_corim_read(&batch, content, file, &reading, &why) == ATLS_OK;
    json_t *keys = json_array();
    json_t *references = json_array();
    char sentence[ATLS_MAX_SENTENCE_LEN + 1];
    for (size_t i = 0; good && i < batch.num_anchors; i++) {
        json_array_append_new(keys, key_json(&batch.anchors[i]->anchor));
    }
    for (size_t i = 0; good && i < batch.num_references; i++) {
        json_array_append_new(references, reference_json(batch.references[i]));
    }
    atls_diag_sentence(sentence, sizeof sentence, &why);
    json_object_set_new(result, "version",
                        good ? json_integer((json_int_t)(batch.sources->version & INT64_MAX))
                             : json_null());
    json_object_set_new(result, "keys", keys);
    json_object_set_new(result, "reference_values", references);
    kept_json(result, &batch, good);
    json_object_set_new(result, "problem", good ? json_null() : json_string(sentence));
    atls_batch_cleanup(&batch);
}

/* print writes a line for each field. Texts are written as JSON, so that none can forge a line. */
static void print(const json_t *result)
{
    const char *key = NULL;
    json_t *value = NULL;
    const size_t flags = JSON_ENCODE_ANY | JSON_ENSURE_ASCII;
    json_object_foreach((json_t *)(uintptr_t)result, key, value)
    {
        const size_t num = json_is_array(value) ? json_array_size(value) : 1;
        for (size_t i = 0; i < num && !json_is_null(value); i++) {
            char *text = json_dumps(json_is_array(value) ? json_array_get(value, i) : value, flags);
            printf("%s: %s\n", key, text != NULL ? text : "");
            free(text);
        }
    }
}

static enum atls_err show(json_t *result, struct atls_bytes octets, const char *file,
                          struct atls_diag *diag)
{
    struct atls_bytes content = octets;
    struct atls_corim_signature signature;
    json_t *signed_by = json_null();
    if (atls_corim_is_signed(octets)) {
        enum atls_err err = atls_corim_signature_peek(&signature, octets, diag);
        if (err == ATLS_ERR_ENDORSEMENT_SIGNATURE) { /* nobody asked whether it verifies */
            diag->err = err = ATLS_ERR_ENDORSEMENT;
        }
        if (err != ATLS_OK) {
            return err;
        }
        content = signature.payload;
        signed_by = cli_corim_signature(&signature);
    }
    json_object_set_new(result, "signature", signed_by);
    enum atls_err err = head_json(result, content, diag);
    if (err == ATLS_OK) {
        body_json(result, content, file);
    }
    return err;
}

enum atls_err cli_corim_show(const struct cli_options *o, json_t **result, struct atls_diag *diag)
{
    uint8_t *data = NULL;
    size_t len = 0;
    if (o->operands.count != 2) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "corim show", NULL, "another number of files",
                               "corim show FILE");
    }
    const char *file = o->operands.items[1];
    enum atls_err err = atls_file_read(&data, &len, file, ATLS_MAX_FILE_LEN, diag);
    json_t *object = json_pack("{s:s,s:s}", "action", "show", "file", file);
    if (err == ATLS_OK) {
        err = show(object, atls_bytes_of(data, len), file, diag);
    }
    atls_file_free(data, len);
    if (err != ATLS_OK) {
        json_decref(object);
        return err;
    }
    if (!o->json) {
        print(object);
        if (!json_is_null(json_object_get(object, "signature"))) {
            cli_note("corim", "the signature was not verified (corim verify does)");
        }
    }
    *result = object;
    return ATLS_OK;
}
