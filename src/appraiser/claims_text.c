/* SPDX-License-Identifier: Apache-2.0 */
#include "appraiser/claims_text.h"

#include "base/span.h"
#include "json/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct atls_claims_text atls_claims_text_new(void)
{
    struct atls_claims_text text = {.out = {.text = NULL}};
    atls_json_put(&text.out, "{");
    return text;
}

void atls_claims_text_cleanup(struct atls_claims_text *text)
{
    atls_json_writer_cleanup(&text->out);
}

static void put_name(struct atls_claims_text *text, const char *name)
{
    if (name != NULL) {
        atls_json_put_name(&text->out, name);
    } else {
        atls_json_put_next(&text->out);
    }
}

void atls_claims_open_object(struct atls_claims_text *text, const char *name)
{
    put_name(text, name);
    atls_json_put(&text->out, "{");
}

void atls_claims_close_object(struct atls_claims_text *text)
{
    atls_json_put(&text->out, "}");
}

void atls_claims_open_array(struct atls_claims_text *text, const char *name)
{
    put_name(text, name);
    atls_json_put(&text->out, "[");
}

void atls_claims_close_array(struct atls_claims_text *text)
{
    atls_json_put(&text->out, "]");
}

void atls_claims_put_json(struct atls_claims_text *text, const char *name, json_t *value)
{
    char *dumped = atls_json_dump(value);
    put_name(text, name);
    if (dumped != NULL) {
        atls_json_put(&text->out, dumped);
    } else {
        text->out.failed = true;
    }
    free(dumped);
    json_decref(value);
}

void atls_claims_put_hex(struct atls_claims_text *text, const char *name, struct atls_bytes octets)
{
    put_name(text, name);
    atls_json_put_hex(&text->out, octets);
}

void atls_claims_put_text(struct atls_claims_text *text, const char *name, struct atls_bytes utf8)
{
    put_name(text, name);
    atls_json_put_string(&text->out, utf8);
}

void atls_claims_put_int(struct atls_claims_text *text, const char *name, int64_t value)
{
    put_name(text, name);
    atls_json_put_number(&text->out, value);
}

void atls_claims_put_u64(struct atls_claims_text *text, const char *name, uint64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, value);
    atls_claims_put_text(text, name, atls_bytes_text(digits));
}

void atls_claims_put_bool(struct atls_claims_text *text, const char *name, bool value)
{
    put_name(text, name);
    atls_json_put(&text->out, value ? "true" : "false");
}

enum atls_err atls_claims_text_finish(char **out, struct atls_claims_text *text,
                                      struct atls_diag *diag)
{
    atls_json_put(&text->out, "}");
    char *line = atls_json_writer_take(&text->out);
    if (line == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "evidence claims", "claims as JSON");
    }
    *out = line;
    return ATLS_OK;
}
