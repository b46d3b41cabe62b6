/* SPDX-License-Identifier: Apache-2.0 */
/* atls inspect FILE|-: what a file is, field by field. Nothing is verified. */
#include "cli.h"

#include "atls/limits.h"
#include "base/diag.h"
#include "base/span.h"
#include "inspect/inspect.h"
#include "json/file.h"
#include "options.h"

#include <unistd.h>

static const char verb[] = "inspect";

static enum atls_err read_input(uint8_t **out, size_t *out_len, const char *path,
                                struct atls_diag *diag)
{
    return strcmp(path, "-") == 0 ? atls_file_read_fd(out, out_len, STDIN_FILENO, "standard input",
                                                      ATLS_MAX_FILE_LEN, diag)
                                  : atls_file_read(out, out_len, path, ATLS_MAX_FILE_LEN, diag);
}

/* show writes what was found; problems that are marked in it are a refusal, exit 2. */
static int show(const struct inspect *inspection, const struct cli_options *o)
{
    struct atls_diag diag;
    json_t *result = o->json ? atls_inspect_json(inspection) : NULL;
    if (o->json && result == NULL) {
        atls_fail(&diag, ATLS_ERR_MEMORY, verb, NULL);
    } else if (!o->json && atls_inspect_print(stdout, inspection) != ATLS_OK) {
        atls_fail(&diag, ATLS_ERR_FILE, verb, "standard output");
    } else if (atls_inspect_problem(inspection, &diag) == ATLS_OK) {
        return cli_finish(verb, o->json, NULL, result);
    }
    return cli_finish(verb, o->json, &diag, result);
}

static int run(const struct cli_options *o)
{
    struct atls_diag diag;
    struct inspect *inspection = NULL;
    uint8_t *input = NULL;
    size_t len = 0;
    enum atls_err err = read_input(&input, &len, o->operands.items[0], &diag);
    if (err == ATLS_OK) {
        err = atls_inspect(&inspection, atls_bytes_of(input, len), &diag);
    }
    const int status =
        err == ATLS_OK ? show(inspection, o) : cli_finish(verb, o->json, &diag, NULL);
    atls_inspect_free(inspection);
    atls_file_free(input, len);
    return status;
}

int cli_inspect(int argc, char **argv)
{
    struct atls_diag diag;
    struct cli_options o;
    int status = 0;
    enum atls_err err = cli_options_parse(&o, CLI_INSPECT, argc, argv, &diag);
    if (err == ATLS_OK && o.help) {
        cli_usage(
            CLI_INSPECT, "inspect FILE|- [OPTIONS]",
            "Explain Evidence, tokens, Results, endorsements, certificates and keys, field by "
            "field.\nNothing is verified.");
        cli_options_cleanup(&o);
        return 0;
    }
    if (err == ATLS_OK && o.operands.count != 1) {
        err = atls_fail_texts(&diag, ATLS_ERR_CONFIG, "command line", NULL,
                              o.operands.count == 0 ? "no file" : "more than one file",
                              "inspect FILE|-");
    }
    status = err == ATLS_OK ? run(&o) : cli_finish(verb, o.json, &diag, NULL);
    cli_options_cleanup(&o);
    return status;
}
