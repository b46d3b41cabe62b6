/* SPDX-License-Identifier: Apache-2.0 */
/* atls corim create TEMPLATE...|--from FILE -o FILE: unsigned CoRIM from JSON templates, or from
 * what a machine says of itself. */
#include "corim.h"

#include "atls/limits.h"
#include "base/diag.h"
#include "base/formats.h"
#include "base/span.h"
#include "endorsement/corim_create.h"
#include "endorsement/endorsement.h"
#include "endorsement/statement.h"
#include "corim_from.h"
#include "json/file.h"
#include "when.h"

#include <stdlib.h>

struct templates {
    struct atls_bytes text[CLI_MAX_LIST];
    size_t count;
};

static void free_templates(struct templates *t)
{
    for (size_t i = 0; i < t->count; i++) {
        atls_file_free((uint8_t *)(uintptr_t)t->text[i].data, t->text[i].len);
    }
}

static enum atls_err read_templates(struct templates *t, const struct cli_options *o,
                                    struct atls_diag *diag)
{
    for (size_t i = 1; i < o->operands.count; i++) {
        uint8_t *text = NULL;
        size_t len = 0;
        enum atls_err err =
            atls_file_read(&text, &len, o->operands.items[i], ATLS_MAX_FILE_LEN, diag);
        if (err != ATLS_OK) {
            return err;
        }
        t->text[t->count++] = atls_bytes_of(text, len);
    }
    return ATLS_OK;
}

/* A profile by the name of the table, or as it stands in CoRIM. */
static const char *profile_of(const char *given)
{
    const struct atls_format *format =
        given != NULL ? atls_format_by_name(atls_bytes_text(given)) : NULL;
    return format != NULL && format->corim_profile != NULL ? format->corim_profile : given;
}

/* describe loads what was made, as a Verifier would: what it refuses is an error of the templates.
 */
static enum atls_err describe(json_t **out, struct atls_bytes corim, const struct cli_options *o,
                              const char *profile, struct atls_diag *diag)
{
    struct atls_endorsements *set = NULL;
    int64_t now_s = 0;
    enum atls_err err = cli_when(&now_s, NULL, diag);
    if (err == ATLS_OK) {
        err = atls_endorsements_new(&set, diag);
    }
    if (err == ATLS_OK) {
        err = atls_endorsements_add_corim(set, corim, o->output, now_s, diag);
    }
    if (err == ATLS_OK) {
        *out = json_pack("{s:s,s:s,s:s?,s:I,s:I,s:I}", "action", "create", "file", o->output,
                         "profile", profile, "keys", (json_int_t)atls_endorsements_num_keys(set),
                         "reference_values", (json_int_t)atls_endorsements_num_references(set),
                         "statements", (json_int_t)atls_endorsements_num_statements(set));
        size_t cursor = 0;
        const char *note;
        while ((note = atls_endorsements_next_note(set, &cursor)) != NULL) {
            cli_note("corim", "note: %s", note);
        }
    }
    atls_endorsements_unref(set);
    return err;
}

static enum atls_err check(const struct cli_options *o, struct atls_diag *diag)
{
    const bool has_facts = o->ak != NULL || o->pcr_values != NULL || o->class_uuid != NULL;
    if (o->output == NULL || (o->from == NULL && o->operands.count < 2)) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "corim create", NULL,
                               o->output == NULL ? "no -o FILE" : "no template",
                               "corim create TEMPLATE...|--from FILE -o FILE");
    }
    if (o->from == NULL && has_facts) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "corim create", NULL,
                               "--ak, --pcr-values or --class without --from", "--from FILE");
    }
    return ATLS_OK;
}

/* add_from puts what a machine says of itself behind the templates, which may then be one that
 * gives id, validity and makers. */
static enum atls_err add_from(struct templates *t, struct cli_corim_from *from,
                              const struct cli_options *o, struct atls_diag *diag)
{
    if (t->count == CLI_MAX_LIST) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "corim create", NULL, "too many templates",
                               "at most 31 beside --from");
    }
    enum atls_err err = cli_corim_from_read(from, o, diag);
    if (err == ATLS_OK) {
        t->text[t->count++] = atls_bytes_text(from->template);
        from->template = NULL; /* free_templates has it now */
    }
    return err;
}

/* profile_to_use: the format of the Evidence says it; another one that was asked for is an error.
 */
static enum atls_err profile_to_use(const char **out, const struct cli_options *o,
                                    const struct cli_corim_from *from, struct atls_diag *diag)
{
    *out = profile_of(o->profile);
    if (from->format == NULL) {
        return ATLS_OK;
    }
    if (*out != NULL && strcmp(*out, from->format->corim_profile) != 0) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "corim create", "--profile", o->profile,
                               from->format->name);
    }
    *out = from->format->corim_profile;
    return ATLS_OK;
}

static enum atls_err create(const struct cli_options *o, struct templates *templates,
                            struct cli_corim_from *from, json_t **result, struct atls_diag *diag)
{
    uint8_t *corim = NULL;
    size_t len = 0;
    const char *profile = NULL;
    enum atls_err err = read_templates(templates, o, diag);
    if (err == ATLS_OK && o->from != NULL) {
        err = add_from(templates, from, o, diag);
    }
    if (err == ATLS_OK) {
        err = profile_to_use(&profile, o, from, diag);
    }
    if (err == ATLS_OK) {
        err = atls_corim_create(&corim, &len, templates->text, templates->count, profile,
                                o->simulated || from->simulated, diag);
    }
    if (err == ATLS_OK) {
        err = cli_corim_from_check(from, atls_bytes_of(corim, len), diag);
    }
    if (err == ATLS_OK) {
        err = describe(result, atls_bytes_of(corim, len), o, profile, diag);
    }
    if (err == ATLS_OK) {
        err = atls_file_write(o->output, atls_bytes_of(corim, len), ATLS_FILE_PUBLIC, diag);
    }
    free(corim);
    return err;
}

enum atls_err cli_corim_create(const struct cli_options *o, json_t **result, struct atls_diag *diag)
{
    struct templates templates = {.count = 0};
    struct cli_corim_from from = {.file = NULL};
    enum atls_err err = check(o, diag);
    if (err == ATLS_OK) {
        err = create(o, &templates, &from, result, diag);
    }
    free_templates(&templates);
    cli_corim_from_cleanup(&from);
    return err;
}
