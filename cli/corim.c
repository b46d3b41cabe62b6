/* SPDX-License-Identifier: Apache-2.0 */
/* atls corim create TEMPLATE... -o FILE: unsigned CoRIM from JSON templates. */
#include "cli.h"

#include "atls/limits.h"
#include "base/diag.h"
#include "base/formats.h"
#include "base/span.h"
#include "endorsement/corim_create.h"
#include "endorsement/endorsement.h"
#include "json/file.h"
#include "options.h"

#include <stdlib.h>
#include <time.h>

static const char verb[] = "corim";
static const char *const not_built[] = {"show", "sign", "verify"};

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
    return format != NULL ? format->corim_profile : given;
}

/* describe loads what was made, as a Verifier would: what it refuses is an error of the templates.
 */
static enum atls_err describe(json_t **out, struct atls_bytes corim, const struct cli_options *o,
                              struct atls_diag *diag)
{
    struct atls_endorsements *set = NULL;
    enum atls_err err = atls_endorsements_new(&set, diag);
    if (err == ATLS_OK) {
        err = atls_endorsements_add_corim(set, corim, o->output, (int64_t)time(NULL), diag);
    }
    if (err == ATLS_OK) {
        *out = json_pack("{s:s,s:s?,s:I,s:I}", "file", o->output, "profile", profile_of(o->profile),
                         "keys", (json_int_t)atls_endorsements_num_keys(set), "reference_values",
                         (json_int_t)atls_endorsements_num_references(set));
    }
    atls_endorsements_unref(set);
    return err;
}

static enum atls_err create(const struct cli_options *o, json_t **result, struct atls_diag *diag)
{
    struct templates templates = {.count = 0};
    uint8_t *corim = NULL;
    size_t len = 0;
    enum atls_err err = read_templates(&templates, o, diag);
    if (err == ATLS_OK) {
        err = atls_corim_create(&corim, &len, templates.text, templates.count,
                                profile_of(o->profile), o->simulated, diag);
    }
    if (err == ATLS_OK) {
        err = describe(result, atls_bytes_of(corim, len), o, diag);
    }
    if (err == ATLS_OK) {
        err = atls_file_write(o->output, atls_bytes_of(corim, len), ATLS_FILE_PUBLIC, diag);
    }
    free_templates(&templates);
    free(corim);
    return err;
}

static enum atls_err check(const struct cli_options *o, struct atls_diag *diag)
{
    const char *action = o->operands.count != 0 ? o->operands.items[0] : "nothing";
    for (size_t i = 0; i < ATLS_ARRAY_LEN(not_built); i++) {
        if (strcmp(action, not_built[i]) == 0) {
            return atls_fail_texts(diag, ATLS_ERR_NOT_BUILT, "corim", NULL, action, "create");
        }
    }
    if (strcmp(action, "create") != 0) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "corim", NULL, action, "create");
    }
    if (o->operands.count < 2 || o->output == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "corim create", NULL,
                               o->output == NULL ? "no -o FILE" : "no template",
                               "corim create TEMPLATE... -o FILE");
    }
    return ATLS_OK;
}

int cli_corim(int argc, char **argv)
{
    struct atls_diag diag;
    struct cli_options o;
    json_t *result = NULL;
    enum atls_err err = cli_options_parse(&o, CLI_CORIM, argc, argv, &diag);
    if (err == ATLS_OK && o.help) {
        cli_usage(CLI_CORIM, "corim create TEMPLATE... -o FILE [OPTIONS]",
                  "Make endorsements (an unsigned CoRIM) of JSON templates.");
        cli_options_cleanup(&o);
        return 0;
    }
    if (err == ATLS_OK) {
        err = check(&o, &diag);
    }
    if (err == ATLS_OK) {
        err = create(&o, &result, &diag);
    }
    const int status = cli_finish(verb, o.json, err == ATLS_OK ? NULL : &diag, result);
    cli_options_cleanup(&o);
    return status;
}
