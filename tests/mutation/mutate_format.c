/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mutate_format FORMAT raw|unsigned|re-signed|table|control
 *
 * raw        ATLS_MUTATIONS (20000) mutants from seed ATLS_MUTATION_SEED (1)
 * unsigned   as many, with every signature taken for good
 * re-signed  every field of FORMAT.fields made wrong, signed by an endorsed root
 * table      prints what re-signed finds as a table, to be read before it is kept
 * control    both runs where they must fail: an appraiser that takes every signature for good,
 *            and a table without rows
 */
#include "base/span.h"
#include "crypto/crypto.h"
#include "mutation/raw.h"
#include "mutation/resigned.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_MUTANTS 20000
#define DEFAULT_SEED    1

static const struct mutation_format *const formats[] = {
    &mutation_psa,         &mutation_psa_interim, &mutation_psa_legacy, &mutation_tpm2,
    &mutation_tpm2_rsa,    &mutation_nitro,       &mutation_snp,        &mutation_kat,
    &mutation_sgx,         &mutation_tdx,         &mutation_pck,        &mutation_tcb_info,
    &mutation_qe_identity,
};

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    if (text == NULL) {
        return otherwise;
    }
    char *end = NULL;
    const unsigned long long value = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || text[0] == '-') {
        fprintf(stderr, "%s=%s is no number\n", name, text);
        exit(1);
    }
    return value;
}

static struct raw_settings raw_settings_of(void)
{
    const struct raw_settings settings = {
        .seed = setting("ATLS_MUTATION_SEED", DEFAULT_SEED),
        .num_mutants = setting("ATLS_MUTATIONS", DEFAULT_MUTANTS),
        .crypto = atls_crypto_openssl(),
        .max_failures = 20,
    };
    return settings;
}

static bool run_raw(const struct mutation_format *format)
{
    struct raw_settings settings = raw_settings_of();
    /* Fewer, or others, may well miss a region of one octet. */
    settings.want_every_region =
        settings.num_mutants >= DEFAULT_MUTANTS && settings.seed == DEFAULT_SEED;
    return raw_run(format, &settings) == 0;
}

static enum atls_err take_any_signature(int32_t alg, const struct atls_key *key,
                                        const struct atls_bytes *parts, size_t num_parts,
                                        struct atls_bytes signature)
{
    (void)alg;
    (void)key;
    (void)parts;
    (void)num_parts;
    (void)signature;
    return ATLS_OK;
}

static bool run_unsigned(const struct mutation_format *format)
{
    struct atls_crypto_ops broken = *atls_crypto_openssl();
    broken.verify = take_any_signature;
    struct raw_settings settings = raw_settings_of();
    settings.crypto = &broken;
    settings.is_unsigned = true;
    return raw_run(format, &settings) == 0;
}

/* run_control: what a broken appraiser lets through must be found, or the runs are worth nothing.
 */
static bool run_control(const struct mutation_format *format)
{
    struct atls_crypto_ops broken = *atls_crypto_openssl();
    broken.verify = take_any_signature;
    struct raw_settings raw = raw_settings_of();
    raw.crypto = &broken;
    raw.seed = DEFAULT_SEED;
    raw.num_mutants = DEFAULT_MUTANTS;
    raw.count_only = true;
    const uint64_t found = raw_run(format, &raw);
    const struct resigned_settings resigned = {.no_table = true};
    const unsigned unlisted = resigned_run(format, &resigned);
    printf("control: %" PRIu64 " mutants that a broken appraiser accepts, of 20 at most; %u "
           "verdicts that no table has\n",
           found, unlisted);
    return found == raw.max_failures && unlisted >= format->num_fields;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s FORMAT raw|unsigned|re-signed|table|control\n", argv[0]);
        return 1;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(formats); i++) {
        struct resigned_settings resigned = {.no_table = false};
        if (strcmp(formats[i]->name, argv[1]) != 0) {
            continue;
        }
        if (formats[i]->samples != NULL && strcmp(argv[2], "raw") == 0) {
            return run_raw(formats[i]) ? 0 : 1;
        }
        if (formats[i]->samples != NULL && strcmp(argv[2], "unsigned") == 0) {
            return run_unsigned(formats[i]) ? 0 : 1;
        }
        if (formats[i]->samples != NULL && strcmp(argv[2], "control") == 0) {
            return run_control(formats[i]) ? 0 : 1;
        }
        if (strcmp(argv[2], "re-signed") == 0) {
            return resigned_run(formats[i], &resigned) == 0 ? 0 : 1;
        }
        if (strcmp(argv[2], "table") == 0) {
            resigned.print_only = true;
            return resigned_run(formats[i], &resigned) == 0 ? 0 : 1;
        }
    }
    fprintf(stderr, "no format %s, or no run %s\n", argv[1], argv[2]);
    return 1;
}
