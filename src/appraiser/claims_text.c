/* SPDX-License-Identifier: Apache-2.0 */
#include "appraiser/claims_text.h"

#include "json/base64.h"
#include "json/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct atls_claims_text atls_claims_text_new(void)
{
    struct atls_claims_text text = {json_object(), false};
    text.failed = text.object == NULL;
    return text;
}

void atls_claims_text_cleanup(struct atls_claims_text *text)
{
    json_decref(text->object);
    text->object = NULL;
}

void atls_claims_put_json(struct atls_claims_text *text, const char *name, json_t *value)
{
    if (text->failed) {
        json_decref(value);
        return;
    }
    text->failed = json_object_set_new(text->object, name, value) != 0;
}

void atls_claims_put_hex(struct atls_claims_text *text, const char *name, struct atls_bytes octets)
{
    char *hex = atls_hex_new(octets);
    atls_claims_put_json(text, name, hex != NULL ? json_string(hex) : NULL);
    free(hex);
}

void atls_claims_put_text(struct atls_claims_text *text, const char *name, struct atls_bytes utf8)
{
    atls_claims_put_json(text, name,
                         json_stringn(utf8.len != 0 ? (const char *)utf8.data : "", utf8.len));
}

void atls_claims_put_int(struct atls_claims_text *text, const char *name, int64_t value)
{
    atls_claims_put_json(text, name, json_integer(value));
}

void atls_claims_put_u64(struct atls_claims_text *text, const char *name, uint64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, value);
    atls_claims_put_json(text, name, json_string(digits));
}

void atls_claims_put_bool(struct atls_claims_text *text, const char *name, bool value)
{
    atls_claims_put_json(text, name, json_boolean(value));
}

json_t *atls_claims_take_object(struct atls_claims_text *text)
{
    if (text->failed) {
        atls_claims_text_cleanup(text);
        return NULL;
    }
    json_t *object = text->object;
    text->object = NULL;
    return object;
}

enum atls_err atls_claims_text_finish(char **out, struct atls_claims_text *text,
                                      struct atls_diag *diag)
{
    char *line = text->failed ? NULL : atls_json_dump(text->object);
    if (line == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "evidence claims", "claims as JSON");
    }
    *out = line;
    return ATLS_OK;
}
