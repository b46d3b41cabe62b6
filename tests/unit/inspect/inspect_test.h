/* SPDX-License-Identifier: Apache-2.0 */
/* What `atls inspect` says about some octets, as one text. */
#ifndef INSPECT_TEST_H
#define INSPECT_TEST_H

#include "support/check.h"
#include "support/file.h"
#include "support/memory.h"
#include "support/mutate.h"

#include "inspect/inspect.h"
#include "json/json.h"

#include <stdlib.h>

#define KAT(name) TEST_SOURCE_DIR "/tests/kat/inspect/" name

/* What came of one inspection. */
struct said {
    enum atls_err err; /* OK, or MALFORMED for an unknown format or marked problems */
    bool recognised;   /* there is a tree */
    char kind[40];     /* empty when not recognised */
    char format[240];
    char *text; /* the tree, then the sentence, then the exit status; caller: free */
    size_t text_len;
};

static inline void say(struct said *out, struct atls_bytes input)
{
    struct inspect *in = NULL;
    struct atls_diag diag;
    char sentence[ATLS_MAX_SENTENCE_LEN + 1];
    memset(out, 0, sizeof *out);
    FILE *stream = open_memstream(&out->text, &out->text_len);
    assert_non_null(stream);
    out->err = atls_inspect(&in, input, &diag);
    out->recognised = out->err == ATLS_OK;
    if (out->recognised) {
        assert_int_equal(atls_inspect_print(stream, in), ATLS_OK);
        (void)snprintf(out->kind, sizeof out->kind, "%s", atls_inspect_kind(in));
        (void)snprintf(out->format, sizeof out->format, "%s", atls_inspect_format(in));
        out->err = atls_inspect_problem(in, &diag);
    } else {
        assert_null(in);
    }
    if (out->err != ATLS_OK) {
        assert_int_equal(diag.err, out->err);
        atls_diag_sentence(sentence, sizeof sentence, &diag);
        fprintf(stream, "atls inspect: %s\n", sentence);
    }
    fprintf(stream, "exit %d\n", atls_err_exit(out->err));
    assert_int_equal(fclose(stream), 0);
    atls_inspect_free(in);
}

/* assert_says checks that a part of the text is there. */
static inline void assert_says(struct atls_bytes input, const char *part)
{
    struct said said;
    say(&said, input);
    if (strstr(said.text, part) == NULL) {
        print_error("\"%s\" is not in:\n%s", part, said.text);
        fail();
    }
    free(said.text);
}

#endif
