/* SPDX-License-Identifier: Apache-2.0 */
#include "store/statements.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *types;
    const char *text;
} statements[STORE_NUM_STATEMENTS] = {
#define STORE_STATEMENT_ROW(name, param_types, statement_text) {param_types, statement_text},
    STORE_STATEMENTS(STORE_STATEMENT_ROW)
#undef STORE_STATEMENT_ROW
};

const char *store_statement_text(enum store_statement statement)
{
    return statements[statement].text;
}

const char *store_statement_types(enum store_statement statement)
{
    return statements[statement].types;
}

static void append(char out[STORE_MAX_TEXT], size_t *len, const char *text, size_t text_len)
{
    if (text_len >= STORE_MAX_TEXT - *len) {
        abort();
    }
    memcpy(out + *len, text, text_len);
    *len += text_len;
}

/* append_now writes `now` with '#' replaced. */
static void append_now(char out[STORE_MAX_TEXT], size_t *len, const char *now, size_t number)
{
    char digits[24];
    const int num_digits = snprintf(digits, sizeof digits, "%zu", number);
    const size_t before = strcspn(now, "#");
    append(out, len, now, before);
    append(out, len, digits, (size_t)num_digits);
    append(out, len, now + before + 1, strlen(now + before + 1));
}

void store_expand(char out[STORE_MAX_TEXT], const char *text, const struct store_dialect *dialect,
                  size_t num_params)
{
    const struct {
        const char *word;
        const char *text;
    } words[] = {{"@skip", dialect->skip},     {"@lock", dialect->lock},
                 {"@int", dialect->integer},   {"@octets", dialect->octets},
                 {"@strict", dialect->strict}, {"@tables", dialect->tables}};
    size_t len = 0;
    while (*text != '\0') {
        const size_t plain = strcspn(text, "@$");
        append(out, &len, text, plain);
        text += plain;
        if (*text == '$') {
            append(out, &len, &dialect->parameter, 1);
            text++;
        } else if (strncmp(text, "@now", 4) == 0) {
            append_now(out, &len, dialect->now, num_params + 1);
            text += 4;
        } else if (*text == '@') {
            size_t i = 0;
            while (strncmp(text, words[i].word, strlen(words[i].word)) != 0) {
                if (++i == sizeof words / sizeof words[0]) {
                    abort();
                }
            }
            append(out, &len, words[i].text, strlen(words[i].text));
            text += strlen(words[i].word);
        }
    }
    out[len] = '\0';
}
