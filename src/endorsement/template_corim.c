/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One unsigned CoRIM of templates. What comes out has been read by our own reader: a CoRIM that a
 * Verifier would refuse is not written.
 */
#include "endorsement/corim_create.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "endorsement/merge.h"
#include "endorsement/template.h"

#include <stdlib.h>

static const char step[] = "CoRIM template";

/* All the templates of one CoRIM, taken apart. */
struct manifest {
    const json_t *corim; /* the CoRIM template; NULL when there is none */
    const struct atls_profile *profile;
    uint8_t random_id[16];
    struct atls_buf *comids; /* encoded, owned */
    size_t num_comids;
    bool simulated;
};

/* find_profile looks a profile up by the URI of either dialect, by its OID with dots, or by name; a
 * format with one profile is a name of it. */
static const struct atls_profile *find_profile(struct atls_bytes text)
{
    bool is_old = false;
    struct atls_template_octets oid;
    const struct atls_profile *profile = atls_profile_by_uri(text, &is_old);
    if (profile == NULL) {
        profile = atls_profile_by_name(text);
    }
    if (profile == NULL && atls_template_oid(text, &oid)) {
        profile = atls_profile_by_oid(atls_bytes_of(oid.data, oid.len));
    }
    return profile;
}

static enum atls_err take_profile(const struct atls_template *t, struct atls_bytes text,
                                  const struct atls_profile **out)
{
    const struct atls_profile *profile = find_profile(text);
    if (profile == NULL) {
        return atls_template_refuse(t, step, "profile", text, ATLS_TEMPLATE_PROFILES);
    }
    if (*out != NULL && *out != profile) {
        return atls_template_refuse(t, step, "profile", text, (*out)->name);
    }
    *out = profile;
    return ATLS_OK;
}

/* template_profile takes "profile" as text or {"type": "uri" or "oid", "value"}, or "profiles" with
 * one. */
static enum atls_err template_profile(const struct atls_template *t, const json_t *corim,
                                      const struct atls_profile **out)
{
    const json_t *profile = json_object_get(corim, "profile");
    const json_t *profiles = json_object_get(corim, "profiles");
    struct atls_bytes text;
    struct atls_bytes type;
    if (profile == NULL && profiles == NULL) {
        return ATLS_OK;
    }
    if (profiles != NULL) {
        if (profile != NULL || json_array_size(profiles) != 1) {
            return atls_fail_texts(t->diag, ATLS_ERR_ENDORSEMENT, step, "profiles",
                                   "another number of profiles", "exactly one");
        }
        profile = json_array_get(profiles, 0);
    }
    if (json_is_object(profile)) {
        const enum atls_err err = atls_template_typed(t, profile, step, &type, &profile);
        if (err != ATLS_OK) {
            return err;
        }
        if (!atls_bytes_is_text(type, "uri") && !atls_bytes_is_text(type, "oid")) {
            return atls_template_refuse(t, step, "profile type", type, "uri or oid");
        }
    }
    if (!atls_json_text_of(profile, &text)) {
        return atls_fail_texts(t->diag, ATLS_ERR_ENDORSEMENT, step, "profile",
                               atls_json_type_name(profile), "a URI");
    }
    return take_profile(t, text, out);
}

static enum atls_err put_validity(const struct atls_template *t, const json_t *object)
{
    static const char validity_step[] = "template: validity";
    static const char *const names[] = {"not-before", "not-after", NULL};
    enum atls_err err = atls_json_only_keys(object, names, validity_step, t->diag);
    const bool has_start = atls_json_has(object, names[0]);
    atls_cbor_put_map(t->w, has_start ? 2 : 1);
    if (err == ATLS_OK && has_start) {
        atls_cbor_put_uint(t->w, 0);
        err = atls_template_put_date(t, object, names[0], validity_step);
    }
    atls_cbor_put_uint(t->w, 1);
    return err != ATLS_OK ? err : atls_template_put_date(t, object, names[1], validity_step);
}

/* put_entities writes the template's entities and, for a simulation, its mark. */
static enum atls_err put_entities(const struct atls_template *t, const json_t *corim,
                                  bool simulated)
{
    static const char *const roles[] = {"manifestCreator", "manifestSigner", NULL};
    const json_t *list = NULL;
    enum atls_err err = ATLS_OK;
    if (atls_json_has(corim, "entities")) {
        err = atls_template_list(t, corim, "entities", step, &list);
    }
    const size_t num = list == NULL ? 0 : json_array_size(list);
    atls_cbor_put_uint(t->w, 5);
    atls_cbor_put_array(t->w, num + simulated);
    for (size_t i = 0; i < num && err == ATLS_OK; i++) {
        err = atls_template_put_entity(t, json_array_get(list, i), roles, 1);
    }
    if (simulated) {
        atls_cbor_put_map(t->w, 2);
        atls_cbor_put_uint(t->w, 0);
        atls_cbor_put_str(t->w, ATLS_SIMULATION_ENTITY);
        atls_cbor_put_uint(t->w, 2);
        atls_cbor_put_array(t->w, 1);
        atls_cbor_put_uint(t->w, 1);
    }
    return err;
}

static void put_tags(const struct atls_template *t, const struct manifest *manifest)
{
    atls_cbor_put_uint(t->w, 1);
    atls_cbor_put_array(t->w, manifest->num_comids);
    for (size_t i = 0; i < manifest->num_comids; i++) {
        atls_cbor_put_tag(t->w, ATLS_TAG_COMID);
        atls_cbor_put_bytes(t->w, atls_bytes_of(manifest->comids[i].data, manifest->comids[i].cap));
    }
}

/* put_dependent writes [{"href", "thumbprint"}]. */
static enum atls_err put_dependent(const struct atls_template *t, const json_t *corim)
{
    static const char rims_step[] = "template: dependent-rims";
    static const char *const names[] = {"href", "thumbprint", NULL};
    const json_t *list = NULL;
    struct atls_bytes href;
    enum atls_err err = atls_template_list(t, corim, "dependent-rims", step, &list);
    const size_t num = list == NULL ? 0 : json_array_size(list);
    atls_cbor_put_uint(t->w, 2);
    atls_cbor_put_array(t->w, num);
    for (size_t i = 0; i < num && err == ATLS_OK; i++) {
        const json_t *rim = json_array_get(list, i);
        const bool has_thumbprint = atls_json_has(rim, "thumbprint");
        err = atls_json_only_keys(rim, names, rims_step, t->diag);
        if (err == ATLS_OK) {
            err = atls_json_text(&href, rim, "href", rims_step, t->diag);
        }
        if (err != ATLS_OK) {
            return err;
        }
        atls_cbor_put_map(t->w, has_thumbprint ? 2 : 1);
        atls_cbor_put_uint(t->w, 0);
        atls_cbor_put_tag(t->w, ATLS_TAG_URI);
        atls_cbor_put_text(t->w, href);
        if (has_thumbprint) {
            atls_cbor_put_uint(t->w, 1);
            err = atls_template_put_digest(t, json_object_get(rim, "thumbprint"), "thumbprint");
        }
    }
    return err;
}

/* put_corim writes tag 501 and the map: 0 id, 1 tags, 3 profile, 4 validity, 5 entities. */
static enum atls_err put_corim(const struct atls_template *t, const void *context)
{
    static const char *const names[] = {"corim-id", "profile",  "profiles", "dependent-rims",
                                        "validity", "entities", NULL};
    const struct manifest *manifest = context;
    const json_t *corim = manifest->corim;
    enum atls_err err = ATLS_OK;
    if (corim != NULL) {
        err = atls_json_only_keys(corim, names, step, t->diag);
    }
    const bool has_validity = atls_json_has(corim, "validity");
    const bool has_entities = atls_json_has(corim, "entities") || manifest->simulated;
    atls_cbor_put_tag(t->w, ATLS_TAG_CORIM);
    const bool has_dependent = atls_json_has(corim, "dependent-rims");
    atls_cbor_put_map(t->w, 3u + has_validity + has_entities + has_dependent);
    atls_cbor_put_uint(t->w, 0);
    if (corim == NULL) {
        atls_cbor_put_bytes(t->w, atls_bytes_of(manifest->random_id, sizeof manifest->random_id));
    } else if (err == ATLS_OK) {
        err = atls_template_put_id(t, corim, "corim-id", step);
    }
    put_tags(t, manifest);
    if (err == ATLS_OK && has_dependent) {
        err = put_dependent(t, corim);
    }
    atls_cbor_put_uint(t->w, 3);
    if (manifest->profile->uri != NULL) {
        atls_cbor_put_tag(t->w, ATLS_TAG_URI);
        atls_cbor_put_str(t->w, manifest->profile->uri);
    } else {
        atls_cbor_put_tag(t->w, ATLS_TAG_OID);
        atls_cbor_put_bytes(t->w, manifest->profile->oid);
    }
    if (err == ATLS_OK && has_validity) {
        atls_cbor_put_uint(t->w, 4);
        err = put_validity(t, json_object_get(corim, "validity"));
    }
    if (err == ATLS_OK && has_entities) {
        err = put_entities(t, corim, manifest->simulated);
    }
    return err;
}

static enum atls_err put_comid(const struct atls_template *t, const void *context)
{
    return atls_template_put_comid(t, context);
}

typedef enum atls_err item_writer(const struct atls_template *t, const void *context);

/* encode runs a writer twice, and gives new memory. */
static enum atls_err encode(item_writer *writer, const void *context, uint8_t **out,
                            size_t *out_len, struct atls_diag *diag)
{
    size_t len = 0;
    struct atls_writer count = atls_writer_counting();
    struct atls_template t = {&count, diag};
    enum atls_err err = writer(&t, context);
    if (err != ATLS_OK) {
        return atls_json_recode(err, ATLS_ERR_ENDORSEMENT, diag);
    }
    if (!atls_writer_finish(&count, &len) || len > ATLS_MAX_FILE_LEN) {
        return atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, step, "length", "more octets",
                               "at most 4 MiB");
    }
    const struct atls_buf room = {malloc(len), len};
    if (room.data == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "CoRIM");
    }
    struct atls_writer w = atls_writer_of(room);
    t.w = &w;
    err = writer(&t, context);
    if (err != ATLS_OK || !atls_writer_finish(&w, out_len)) {
        free(room.data);
        return err != ATLS_OK ? err : atls_fail(diag, ATLS_ERR_BUFFER, step, "CoRIM");
    }
    *out = room.data;
    return ATLS_OK;
}

static bool is_comid(const json_t *template)
{
    return atls_json_has(template, "tag-identity") || atls_json_has(template, "triples");
}

/* is_corim: none of these members is in a CoMID template. */
static bool is_corim(const json_t *template)
{
    return atls_json_has(template, "corim-id") || atls_json_has(template, "profile") ||
           atls_json_has(template, "profiles") || atls_json_has(template, "validity");
}

/* add_template sorts one template in, and encodes it when it is a CoMID. */
static enum atls_err add_template(struct manifest *manifest, const json_t *template,
                                  struct atls_diag *diag)
{
    if (is_comid(template)) {
        struct atls_buf *comid = &manifest->comids[manifest->num_comids];
        const enum atls_err err = encode(put_comid, template, &comid->data, &comid->cap, diag);
        manifest->num_comids += err == ATLS_OK;
        return err;
    }
    if (!is_corim(template)) {
        return atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, step, "template",
                               "neither tag-identity nor corim-id", "a CoMID or a CoRIM template");
    }
    if (manifest->corim != NULL) {
        return atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, step, "template",
                               "a second CoRIM template", "at most one");
    }
    manifest->corim = template;
    return ATLS_OK;
}

static void name_template(struct atls_diag *diag, size_t index)
{
    atls_diag_found_text(diag, " in template ");
    atls_diag_found_int(diag, (int64_t)index + 1);
}

static enum atls_err add_templates(struct manifest *manifest, json_t **parsed,
                                   const struct atls_bytes *templates, size_t num,
                                   struct atls_diag *diag)
{
    enum atls_err err = ATLS_OK;
    for (size_t i = 0; i < num && err == ATLS_OK; i++) {
        err = atls_json_parse(&parsed[i], templates[i], step, diag);
        err = atls_json_recode(err, ATLS_ERR_ENDORSEMENT, diag);
        if (err == ATLS_OK) {
            err = add_template(manifest, parsed[i], diag);
        }
        if (err == ATLS_ERR_ENDORSEMENT) {
            name_template(diag, i);
        }
    }
    if (err == ATLS_OK && manifest->num_comids == 0) {
        return atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, step, "template", "no CoMID template",
                               "at least one");
    }
    return err;
}

/* choose_profile takes what was asked for and what the template says; they must agree. */
static enum atls_err choose_profile(struct manifest *manifest, const char *profile,
                                    struct atls_diag *diag)
{
    struct atls_template t = {NULL, diag};
    enum atls_err err = ATLS_OK;
    if (profile != NULL) {
        err = take_profile(&t, atls_bytes_text(profile), &manifest->profile);
    }
    if (err == ATLS_OK && manifest->corim != NULL) {
        err = template_profile(&t, manifest->corim, &manifest->profile);
        err = atls_json_recode(err, ATLS_ERR_ENDORSEMENT, diag);
    }
    if (err == ATLS_OK && manifest->profile == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, step, "profile", "none",
                               "one, such as psa or tpm2, here or in a CoRIM template");
    }
    return err;
}

/* check reads what was written as a Verifier would, the date apart. */
static enum atls_err check(struct atls_bytes corim, struct atls_diag *diag)
{
    struct atls_batch batch = {.anchors = NULL};
    struct atls_batch set = {.anchors = NULL};
    const struct atls_corim_reading reading = {.check_time = false};
    enum atls_err err = atls_corim_read(&batch, corim, "the new CoRIM", &reading, diag);
    if (err == ATLS_OK) {
        err = atls_batch_merge(&set, &batch, diag);
    }
    atls_batch_cleanup(&batch);
    atls_batch_cleanup(&set);
    return err;
}

/* make_id makes a random UUID (RFC 9562, 5.4). */
static enum atls_err make_id(struct manifest *manifest, struct atls_diag *diag)
{
    const struct atls_buf room = {manifest->random_id, sizeof manifest->random_id};
    const enum atls_err err = atls_random(room);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "id");
    }
    manifest->random_id[6] = (uint8_t)((manifest->random_id[6] & 0x0f) | 0x40);
    manifest->random_id[8] = (uint8_t)((manifest->random_id[8] & 0x3f) | 0x80);
    return ATLS_OK;
}

static enum atls_err create(struct manifest *manifest, json_t **parsed, uint8_t **out,
                            size_t *out_len, const struct atls_bytes *templates, size_t num,
                            const char *profile, struct atls_diag *diag)
{
    uint8_t *octets = NULL;
    size_t len = 0;
    enum atls_err err = add_templates(manifest, parsed, templates, num, diag);
    if (err == ATLS_OK) {
        err = choose_profile(manifest, profile, diag);
    }
    if (err == ATLS_OK && manifest->corim == NULL) {
        err = make_id(manifest, diag);
    }
    if (err == ATLS_OK) {
        err = encode(put_corim, manifest, &octets, &len, diag);
    }
    if (err == ATLS_OK) {
        err = check(atls_bytes_of(octets, len), diag);
    }
    if (err != ATLS_OK) {
        free(octets);
        return err;
    }
    *out = octets;
    *out_len = len;
    return ATLS_OK;
}

enum atls_err atls_corim_create(uint8_t **out, size_t *out_len, const struct atls_bytes *templates,
                                size_t num, const char *profile, bool simulated,
                                struct atls_diag *diag)
{
    if (num == 0) {
        return atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, step, "template", "none",
                               "at least one CoMID template");
    }
    struct manifest manifest = {.simulated = simulated};
    json_t **parsed = calloc(num, sizeof(json_t *));
    manifest.comids = calloc(num, sizeof *manifest.comids);
    enum atls_err err = ATLS_ERR_MEMORY;
    if (parsed == NULL || manifest.comids == NULL) {
        atls_fail(diag, ATLS_ERR_MEMORY, step, "template");
    } else {
        err = create(&manifest, parsed, out, out_len, templates, num, profile, diag);
    }
    for (size_t i = 0; i < manifest.num_comids; i++) {
        free(manifest.comids[i].data);
    }
    for (size_t i = 0; i < num && parsed != NULL; i++) {
        json_decref(parsed[i]);
    }
    free(manifest.comids);
    free(parsed);
    return err;
}
