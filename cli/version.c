/* SPDX-License-Identifier: Apache-2.0 */
/* atls version: what is built in. */
#include "cli.h"

#include "atls_build.h"
#include "attesters.h"
#include "base/compiler.h"
#include "base/diag.h"
#include "base/formats.h"
#include "options.h"

#include <openssl/crypto.h>
#include <stdio.h>

static const char verb[] = "version";
static const char wire[] = "draft-fossati-seat-early-attestation-07, draft-fossati-seat-expat-04";

/* What this build can do, then the parts that it was built with. */
static const char *const features[] = {
    "handshake",
    "post",
    "psk",
    "resumption",
    "background-check",
    "passport",
    "openssl",
#if ATLS_TPM2
    "tpm2",
#endif
#if ATLS_SIM
    "sim",
#endif
#if ATLS_NET
    "net",
#endif
#if ATLS_VERIFIER
    "verifier",
    "store-sqlite",
#endif
#if ATLS_POSTGRES
    "store-postgres",
#endif
};

static json_t *describe(void)
{
    json_t *attesters = json_array();
    json_t *formats = json_array();
    json_t *parts = json_array();
    for (size_t i = 0; i < ATLS_ARRAY_LEN(features); i++) {
        json_array_append_new(parts, json_string(features[i]));
    }
    for (size_t i = 0; cli_attester_at(i) != NULL; i++) {
        json_array_append_new(attesters, json_string(cli_attester_at(i)->name));
    }
    for (size_t i = 0; i < atls_num_formats; i++) {
        json_array_append_new(formats, json_string(atls_formats[i].name));
    }
    return json_pack("{s:s,s:s,s:s,s:o,s:o,s:o}", "version", ATLS_BUILD_VERSION, "wire", wire,
                     "openssl", OpenSSL_version(OPENSSL_VERSION), "features", parts, "attesters",
                     attesters, "formats", formats);
}

int cli_version(int argc, char **argv)
{
    struct atls_diag diag;
    struct cli_options o;
    enum atls_err err = cli_options_parse(&o, CLI_VERSION, argc, argv, &diag);
    if (err == ATLS_OK && o.help) {
        cli_usage(CLI_VERSION, "version [--json]", "What is built in.");
        cli_options_cleanup(&o);
        return 0;
    }
    if (err == ATLS_OK && o.operands.count != 0) {
        err = atls_fail_texts(&diag, ATLS_ERR_CONFIG, "command line", NULL, o.operands.items[0],
                              "no operand");
    }
    if (err != ATLS_OK || o.json) {
        const int status = cli_finish(verb, o.json, err == ATLS_OK ? NULL : &diag,
                                      err == ATLS_OK ? describe() : NULL);
        cli_options_cleanup(&o);
        return status;
    }
    printf("atls %s\nwire: %s\n%s\nfeatures:", ATLS_BUILD_VERSION, wire,
           OpenSSL_version(OPENSSL_VERSION));
    for (size_t i = 0; i < ATLS_ARRAY_LEN(features); i++) {
        printf(" %s", features[i]);
    }
    printf("\nattesters:");
    for (size_t i = 0; cli_attester_at(i) != NULL; i++) {
        printf(" %s", cli_attester_at(i)->name);
    }
    printf("\nformats:");
    for (size_t i = 0; i < atls_num_formats; i++) {
        printf(" %s", atls_formats[i].name);
    }
    printf("\n");
    cli_options_cleanup(&o);
    return 0;
}
