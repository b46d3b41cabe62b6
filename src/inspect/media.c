/* SPDX-License-Identifier: Apache-2.0 */
/* What explains content of a media type, and octets that say by themselves what they are. */
#include "inspect/formats.h"

#include "base/span.h"
#include "codec/cbor.h"
#include "json/json.h"

/* clang-format off: one type a line */
static const struct inspect_media types[] = {
    {"application/eat+cwt", INSPECT_CBOR, inspect_cose, NULL},
    {"application/eat-cwt", INSPECT_CBOR, inspect_cose, NULL},
    {"application/cwt", INSPECT_CBOR, inspect_cose, NULL},
    {"application/cose", INSPECT_CBOR, inspect_cose, NULL},
    {"application/psa-attestation-token", INSPECT_CBOR, inspect_cose, NULL},
    {"application/eat+jwt", INSPECT_OCTETS, inspect_jws, NULL},
    {"application/eat-jwt", INSPECT_OCTETS, inspect_jws, NULL},
    {"application/eat-ucs+cbor", INSPECT_CBOR, inspect_claims, NULL},
    {"application/eat-ucs+json", INSPECT_JSON, inspect_claims, NULL},
    {"application/uccs+cbor", INSPECT_CBOR, inspect_claims, NULL},
    {"application/eat-bun+cbor", INSPECT_CBOR, inspect_bundle, NULL},
    {"application/eat-bun+json", INSPECT_JSON, inspect_bundle, NULL},
    {"application/eat-collection", INSPECT_CBOR, inspect_cca, NULL},
    {"application/cmw+cbor", INSPECT_CBOR, inspect_cmw, NULL},
    {"application/cmw+json", INSPECT_JSON, inspect_cmw, NULL},
    {"application/cmw+cose", INSPECT_CBOR, inspect_cose, NULL},
    {"application/cmw+jws", INSPECT_OCTETS, inspect_jws, NULL},
    {"application/rim+cbor", INSPECT_CBOR, inspect_corim, NULL},
    {"application/rim+cose", INSPECT_CBOR, inspect_cose, NULL},
    {"application/corim-unsigned+cbor", INSPECT_CBOR, inspect_corim, NULL},
    {"application/corim-signed+cbor", INSPECT_CBOR, inspect_cose, NULL},
    {"application/ce+cbor", INSPECT_CBOR, inspect_concise_evidence, NULL},
    {"application/cose-key", INSPECT_CBOR, inspect_cose_key, NULL},
    {"application/pkix-cert", INSPECT_OCTETS, inspect_certificate, NULL},
    {"application/pkcs10", INSPECT_OCTETS, inspect_certificate_request, NULL},
    {"application/vnd.parallaxsecond.key-attestation.tpm", INSPECT_CBOR, inspect_parsec, NULL},
    {"application/vnd.parallaxsecond.key-attestation.cca", INSPECT_CBOR, inspect_parsec, NULL},
    {"application/vnd.veraison.tsm-report+cbor", INSPECT_CBOR, inspect_tsm, NULL},
    {"application/vnd.veraison.tsm-report+json", INSPECT_JSON, inspect_tsm, NULL},
    {"application/vnd.enacttrust.tpm-evidence", INSPECT_OCTETS, inspect_enacttrust, NULL},
    {"application/vnd.atls.nitro+cose", INSPECT_CBOR, inspect_cose, NULL},
};
/* clang-format on */

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* is_type compares type and subtype, which have no case (RFC 9110, 8.3.1). */
static bool is_type(struct atls_bytes found, const char *type)
{
    size_t len = 0;
    while (len < found.len && found.data[len] != ';' && found.data[len] != ' ') {
        len++;
    }
    if (len != atls_text_len(type)) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (lower(found.data[i]) != (uint8_t)type[i]) {
            return false;
        }
    }
    return true;
}

const struct inspect_media *inspect_media_find(struct atls_bytes media_type)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(types); i++) {
        if (is_type(media_type, types[i].type)) {
            return &types[i];
        }
    }
    return NULL;
}

void inspect_whole(struct inspect *in, struct inspect_node *node, const struct inspect_found *found,
                   struct atls_bytes whole)
{
    if (found->value.form != INSPECT_OCTETS) {
        inspect_check(in, node, &found->value, whole);
    }
    inspect_later(in, node, &found->value, found->explain, found->arg);
}

/* by_media makes of octets what their media type says that they are. */
static struct inspect_found by_media(const struct inspect_media *media, struct atls_bytes octets)
{
    struct inspect_found found = {NULL, media->explain, media->arg, inspect_value_octets(octets)};
    if (media->form == INSPECT_CBOR) {
        found.value = inspect_value_cbor(octets);
    } else if (media->form == INSPECT_JSON) {
        found.value = inspect_value_json(octets);
    }
    return found;
}

bool inspect_is_sound(enum inspect_form form, struct atls_bytes octets)
{
    struct atls_cbor item;
    json_t *root = NULL;
    if (form == INSPECT_CBOR) {
        return atls_cbor_parse(&item, octets,
                               ATLS_CBOR_ALLOW_INDEFINITE | ATLS_CBOR_ALLOW_LONG_FORM, "CBOR",
                               NULL) == ATLS_OK;
    }
    if (form == INSPECT_JSON) {
        const bool sound = atls_json_parse(&root, octets, "JSON", NULL) == ATLS_OK;
        json_decref(root);
        return sound;
    }
    return true;
}

bool inspect_hide_unsound(struct inspect *in, struct inspect_node *node,
                          const struct inspect_value *v)
{
    if (inspect_is_sound(v->form, v->encoded)) {
        return false;
    }
    inspect_show_secret(in, node, v->encoded.len);
    inspect_problem(in, node, "not well-formed, and it may hold a secret: nothing is shown");
    return true;
}

void inspect_guess(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                   const void *arg)
{
    struct atls_bytes octets;
    struct inspect_found found;
    (void)arg;
    if (!inspect_octets_of(in, node, v, &octets)) {
        return;
    }
    if (octets.len == 0 || !inspect_detect(octets, &found) ||
        !inspect_is_sound(found.value.form, octets)) {
        inspect_show_octets(in, node, octets);
        inspect_note_printable(in, node, octets);
        return;
    }
    inspect_note(in, node, "%zu octets, by their content", octets.len);
    inspect_later(in, node, &found.value, found.explain, found.arg);
}

void inspect_content(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                     const void *arg)
{
    struct atls_bytes octets;
    struct inspect_found found;
    if (!inspect_octets_of(in, node, v, &octets)) {
        return;
    }
    if (octets.len != 0 && arg != NULL) {
        found = by_media(arg, octets);
    } else if (octets.len == 0 || !inspect_detect(octets, &found)) {
        inspect_show_octets(in, node, octets);
        inspect_note_printable(in, node, octets);
        return;
    }
    inspect_note_len(in, node, octets.len);
    inspect_whole(in, node, &found, octets);
}
