/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of the command line and, under the same names, of a configuration file (--config FILE,
 * strict JSON). One table says which verbs take which option.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "atls/bytes.h"
#include "atls/error.h"

enum { CLI_MAX_LIST = 32 };

struct cli_list {
    const char *items[CLI_MAX_LIST];
    size_t count;
};

struct cli_options {
    /* every verb */
    bool json, help;
    bool raw_evidence, cnf; /* appraise */
    /* serve, connect and others: identity, requirement, limits */
    const char *config;
    const char *identity, *cert, *key, *ca, *name;
    const char *attest, *require, *policy, *revoked;
    const char *ra_tls;
    const char *timing, *carriage, *extension_type, *keylog;
    const char *cmw_extension_type, *exporter_label;
    const char *verifier, *verifier_ca;
    struct cli_list trusted_verifiers, passports;
    bool plain_http;
    const char *handshake_timeout, *max_handshakes, *per_source, *attester_queue;
    bool no_pkix, simulated, resume, framed, dtls;
    const char *psk, *reattest;
    struct cli_list endorsements, endorsement_keys, collateral;
    /* serve */
    const char *exec, *forward;
    bool echo, once;
    bool renew;         /* passport */
    bool csr;           /* keygen */
    bool kat;           /* attest */
    bool demo_verifier; /* demo --verifier */
    /* keygen */
    const char *rot, *output, *tcti, *pcrs, *days;
    struct cli_list names, sets;
    /* attest, appraise */
    const char *nonce, *time, *format, *ear_profile, *ear_form;
    struct cli_list with, signing_keys;
    /* corim */
    const char *profile, *signer;
    const char *from, *ak, *pcr_values, *class_uuid;
    /* verifier */
    const char *listen, *id, *store, *token, *appraisers;
    bool force_plain; /* --plain-http */
    /* demo */
    const char *keep;
    /* what is no option */
    struct cli_list operands;
    void *storage; /* what a configuration file's texts live in */
};

/* Which verb takes an option: bits of the table. */
enum cli_verbs {
    CLI_SERVE = 1,
    CLI_CONNECT = 2,
    CLI_KEYGEN = 4,
    CLI_ATTEST = 8,
    CLI_APPRAISE = 16,
    CLI_CORIM = 32,
    CLI_DEMO = 64,
    CLI_VERSION = 128,
    CLI_INSPECT = 256,
    CLI_VERIFIER = 512,
    CLI_PASSPORT = 1024
};

/* cli_options_parse reads argv after the verb, then the configuration file, whose values the
 * command line overrides. Errors are ATLS_ERR_CONFIG or ATLS_ERR_NOT_BUILT. */
ATLS_NODISCARD enum atls_err cli_options_parse(struct cli_options *out, enum cli_verbs verb,
                                               int argc, char **argv, struct atls_diag *diag);
void cli_options_cleanup(struct cli_options *options);
/* cli_usage prints "usage: ..." and the options of a verb on stdout. */
void cli_usage(enum cli_verbs verb, const char *synopsis, const char *purpose);

/* Values: whole decimal numbers, durations ("10s", "500ms", "2m"), rates ("5/s"). */
ATLS_NODISCARD enum atls_err cli_number(uint64_t *out, const char *option, const char *text,
                                        uint64_t min, uint64_t max, struct atls_diag *diag);
ATLS_NODISCARD enum atls_err cli_duration_ms(uint32_t *out, const char *option, const char *text,
                                             struct atls_diag *diag);
#endif
