/* SPDX-License-Identifier: Apache-2.0 */
/* atls corim ACTION ...: making, signing, verifying and showing files of endorsements. */
#include "corim.h"

#include "base/diag.h"
#include "base/span.h"

static const char verb[] = "corim";

typedef enum atls_err action_fn(const struct cli_options *o, json_t **result,
                                struct atls_diag *diag);
static const struct {
    const char *name;
    action_fn *run;
} actions[] = {
    {"create", cli_corim_create},
    {"sign", cli_corim_sign},
    {"verify", cli_corim_verify},
    {"show", cli_corim_show},
};

static enum atls_err run(const struct cli_options *o, json_t **result, struct atls_diag *diag)
{
    const char *action = o->operands.count != 0 ? o->operands.items[0] : "nothing";
    for (size_t i = 0; i < ATLS_ARRAY_LEN(actions); i++) {
        if (strcmp(action, actions[i].name) == 0) {
            return actions[i].run(o, result, diag);
        }
    }
    return atls_fail_texts(diag, ATLS_ERR_CONFIG, "corim", NULL, action,
                           "create, sign, verify or show");
}

int cli_corim(int argc, char **argv)
{
    struct atls_diag diag;
    struct cli_options o;
    json_t *result = NULL;
    enum atls_err err = cli_options_parse(&o, CLI_CORIM, argc, argv, &diag);
    if (err == ATLS_OK && o.help) {
        cli_usage(CLI_CORIM,
                  "corim create TEMPLATE... -o FILE [OPTIONS]\n"
                  "       atls corim create --from FILE -o FILE [--ak FILE] [OPTIONS]\n"
                  "       atls corim sign FILE --key FILE -o FILE [OPTIONS]\n"
                  "       atls corim verify FILE --key FILE | --ca FILE\n"
                  "       atls corim show FILE",
                  "Make endorsements (CoRIM) of JSON templates, sign, verify and show them.");
        cli_options_cleanup(&o);
        return 0;
    }
    if (err == ATLS_OK) {
        err = run(&o, &result, &diag);
    }
    const int status = cli_finish(verb, o.json, err == ATLS_OK ? NULL : &diag, result);
    cli_options_cleanup(&o);
    return status;
}
