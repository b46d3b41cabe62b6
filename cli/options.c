/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include "atls/limits.h"
#include "atls_build.h"

#include "base/diag.h"
#include "base/span.h"
#include "json/file.h"
#include "json/json.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum kind { FLAG, VALUE, LIST };

#define PEERS   (CLI_SERVE | CLI_CONNECT)
#define SERVERS (PEERS | CLI_VERIFIER)
#define EVERY                                                                                      \
    (PEERS | CLI_KEYGEN | CLI_ATTEST | CLI_APPRAISE | CLI_CORIM | CLI_DEMO | CLI_VERSION |         \
     CLI_INSPECT | CLI_VERIFIER | CLI_PASSPORT)
#define ASKERS     (PEERS | CLI_PASSPORT)
#define READERS    (ASKERS | CLI_APPRAISE) /* of Results */
#define AT(member) offsetof(struct cli_options, member)

static const struct option {
    const char *name; /* without its dashes; "o" is -o */
    enum kind kind;
    unsigned verbs;
    size_t at;
    const char *argument;
    const char *line;
} options[] = {
    {"identity", VALUE, PEERS | CLI_ATTEST | CLI_VERIFIER | CLI_PASSPORT, AT(identity), "DIR",
     "what keygen made: stands for --cert --key --attest of DIR"},
    {"cert", VALUE, SERVERS, AT(cert), "FILE", "our certificate chain, PEM"},
    {"key", VALUE, SERVERS, AT(key), "FILE", "our private key, PEM or TSS2 PRIVATE KEY"},
    {"ca", VALUE, SERVERS, AT(ca), "FILE", "certificates to which the peer's chain must lead, PEM"},
    {"name", VALUE, CLI_CONNECT, AT(name), "NAME", "name that the server's certificate must have"},
    {"no-pkix", FLAG, PEERS, AT(no_pkix), NULL, "attestation instead of PKIX: self-signed peers"},
    {"attest", VALUE, PEERS, AT(attest), "NAME|none",
     "attester of --identity, which must be this one; none: do not attest"},
    {"require", VALUE, PEERS | CLI_APPRAISE, AT(require), "NAME[,NAME]|result|none",
     "what the peer must attest with"},
    {"endorsements", LIST, PEERS | CLI_APPRAISE | CLI_VERIFIER, AT(endorsements), "PATH",
     "CoRIM or collateral, file or folder; NAME@FILE: anchor; repeatable"},
    {"collateral", LIST, PEERS | CLI_APPRAISE | CLI_VERIFIER, AT(collateral), "DIR|URL",
     "where collateral is kept, and fetched from; may be repeated"},
    {"endorsement-key", LIST, SERVERS | CLI_APPRAISE, AT(endorsement_keys), "FILE",
     "take only CoRIM that this key or certificate signed; may be repeated"},
    {"passport", LIST, PEERS, AT(passports), "[URI=]FILE",
     "bring this Result of a Verifier; may be repeated"},
    {"trust-verifier", LIST, READERS, AT(trusted_verifiers), "URI=FILE|URL",
     "take Results of Verifier URI by these keys; may be repeated"},
#if ATLS_NET
    {"verifier", VALUE, READERS, AT(verifier), "URL",
     "have Evidence appraised by this Verifier; trustee+URL: a Trustee"},
    {"verifier-ca", VALUE, READERS, AT(verifier_ca), "FILE",
     "certificates to which the Verifier's must lead, or its own, PEM"},
    {"plain-http", FLAG, READERS, AT(plain_http), NULL,
     "take an http:// Verifier on this machine, with pinned keys"},
#endif
    {"policy", VALUE, PEERS | CLI_APPRAISE, AT(policy), "FILE", "appraisal policy, JSON"},
    {"revoked", VALUE, SERVERS | CLI_APPRAISE, AT(revoked), "FILE",
     "keys, certificates and machines that are refused, JSON"},
    {"simulated", FLAG, PEERS | CLI_APPRAISE, AT(simulated), NULL,
     "take Evidence of a simulated root of trust"},
    {"timing", VALUE, PEERS, AT(timing), "TIMING",
     "when to attest: handshake (default), post, both, or certificate"},
    {"carriage", VALUE, PEERS, AT(carriage), "extension", "how the Evidence travels"},
    {"handshake-timeout", VALUE, ASKERS, AT(handshake_timeout), "TIME",
     "bound of a handshake, such as 10s (default) or 500ms"},
    {"max-handshakes", VALUE, CLI_SERVE, AT(max_handshakes), "N",
     "handshakes at one time (default 1024)"},
    {"per-source", VALUE, CLI_SERVE | CLI_VERIFIER, AT(per_source), "N/s",
     "new connections a second from one source (default: no bound)"},
    {"attester-queue", VALUE, PEERS, AT(attester_queue), "N",
     "requests for Evidence that may wait (default 256)"},
    {"extension-type", VALUE, PEERS, AT(extension_type), "N",
     "code point of remoteAttestation (default 0xff5e)"},
    {"cmw-extension-type", VALUE, PEERS, AT(cmw_extension_type), "N",
     "with post or both: code point of cmw_attestation (default 0xff5f)"},
    {"exporter-label", VALUE, PEERS, AT(exporter_label), "LABEL",
     "with post or both: label of an older draft, such as Attestation"},
    {"psk", VALUE, PEERS, AT(psk), "FILE", "with post: an external PSK of both sides, JSON (0600)"},
    {"framed", FLAG, PEERS, AT(framed), NULL,
     "with post or both: data in frames, rounds among them"},
    {"reattest", VALUE, PEERS, AT(reattest), "PERIOD[,DEADLINE]",
     "have the peer attest again, such as 60s,10s; stands for --framed, too"},
    {"resume", FLAG, PEERS, AT(resume), NULL, "resume sessions while what was appraised holds"},
    {"dtls", FLAG, PEERS, AT(dtls), NULL, "with post: DTLS 1.2 over UDP, data as datagrams"},
    {"keylog", VALUE, PEERS, AT(keylog), "FILE", "append TLS secrets to FILE (0600), to debug"},
    {"config", VALUE, SERVERS, AT(config), "FILE", "read options from a JSON file"},
    {"echo", FLAG, CLI_SERVE, AT(echo), NULL, "send back what comes in (default)"},
    {"exec", VALUE, CLI_SERVE, AT(exec), "CMD",
     "run CMD by the shell for each connection (--dtls: a read, a datagram)"},
    {"forward", VALUE, CLI_SERVE, AT(forward), "ADDR:PORT",
     "relay each connection over TCP; --dtls: over UDP"},
    {"once", FLAG, CLI_SERVE, AT(once), NULL, "serve one connection, exit with its status"},
    {"rot", VALUE, CLI_KEYGEN | CLI_DEMO, AT(rot), "ROT",
     "root of trust: an attester that \"atls version\" names"},
    {"o", VALUE, CLI_KEYGEN | CLI_ATTEST | CLI_CORIM | CLI_PASSPORT, AT(output), "PATH",
     "where to write"},
    {"name", LIST, CLI_KEYGEN, AT(names), "DNS|IP",
     "subjectAltName (default localhost, 127.0.0.1, ::1); may be repeated"},
    {"days", VALUE, CLI_KEYGEN, AT(days), "N", "validity of the certificate (default 365)"},
    {"kat", FLAG, CLI_ATTEST, AT(kat), NULL, "a bundle that names the TLS key, as for a passport"},
    {"ra-tls", VALUE, CLI_KEYGEN, AT(ra_tls), "interop|cmw",
     "put Evidence of the key into the certificate"},
    {"csr", FLAG, CLI_KEYGEN, AT(csr), NULL, "also write DIR/request.pem for a CA"},
    {"tcti", VALUE, CLI_KEYGEN | CLI_DEMO, AT(tcti), "CONF",
     "TPM (keygen: default device:/dev/tpmrm0; demo: software ones)"},
    {"pcrs", VALUE, CLI_KEYGEN, AT(pcrs), "SEL", "PCR selection, such as sha256:0,1,2,7"},
    {"set", LIST, CLI_KEYGEN, AT(sets), "CLAIM=VALUE",
     "a claim of a simulation, or a setting of the attester"},
    {"nonce", VALUE, CLI_ATTEST | CLI_APPRAISE, AT(nonce), "HEX", "the nonce; appraise: or none"},
    {"time", VALUE, CLI_APPRAISE, AT(time), "RFC3339", "appraise as if it were this time"},
    {"format", VALUE, CLI_APPRAISE, AT(format), "NAME",
     "FILE is bare Evidence of this format, not in a CMW"},
    {"with", LIST, CLI_APPRAISE, AT(with), "FILE", "one more file of endorsements"},
    {"signing-key", LIST, CLI_APPRAISE | CLI_VERIFIER, AT(signing_keys), "FILE",
     "sign the EAR with this key, PEM or JWK; others are published only"},
    {"ear-profile", VALUE, CLI_APPRAISE | CLI_VERIFIER, AT(ear_profile), "veraison|ietf",
     "flavour of the EAR (default veraison)"},
    {"ear-form", VALUE, CLI_APPRAISE | CLI_VERIFIER, AT(ear_form), "jwt|cwt",
     "form of the signed EAR (default jwt)"},
    {"raw-evidence", FLAG, CLI_APPRAISE, AT(raw_evidence), NULL, "put the Evidence into the EAR"},
    {"cnf", FLAG, CLI_APPRAISE, AT(cnf), NULL, "name the attested key as cnf, too"},
    {"profile", VALUE, CLI_CORIM, AT(profile), "NAME|URI",
     "CoRIM profile where no template has it"},
    {"key", VALUE, CLI_CORIM, AT(key), "FILE",
     "sign: private key; verify, create --from JWT: public key; PEM"},
    {"from", VALUE, CLI_CORIM, AT(from), "FILE",
     "create: Evidence or EAR of a machine that is known to be right"},
    {"ak", VALUE, CLI_CORIM, AT(ak), "FILE", "create: that machine's attestation key, PEM"},
    {"pcr-values", VALUE, CLI_CORIM, AT(pcr_values), "FILE",
     "create: that machine's PCRs, as tpm2_pcrread writes them"},
    {"class", VALUE, CLI_CORIM, AT(class_uuid), "UUID",
     "create: class of machines, for tpm2 (default: a new one)"},
    {"signer", VALUE, CLI_CORIM, AT(signer), "NAME", "sign: who signs (default: the key's hash)"},
    {"cert", VALUE, CLI_CORIM, AT(cert), "FILE", "sign: certificate chain of the key, goes along"},
    {"days", VALUE, CLI_CORIM, AT(days), "N", "sign: for how long (default: no end)"},
    {"ca", VALUE, CLI_CORIM, AT(ca), "FILE", "verify: certificates to which the signer's lead"},
    {"time", VALUE, CLI_CORIM, AT(time), "RFC3339", "verify: as if it were this time"},
    {"simulated", FLAG, CLI_CORIM, AT(simulated), NULL, "mark as endorsements of a simulation"},
#if ATLS_NET
    {"renew", FLAG, CLI_PASSPORT, AT(renew), NULL, "stay, and renew it in time until SIGTERM"},
#endif
#if ATLS_VERIFIER && ATLS_NET
    {"verifier", FLAG, CLI_DEMO, AT(demo_verifier), NULL,
     "with a Verifier as a service: background checks and passports"},
#endif
    {"keep", VALUE, CLI_DEMO, AT(keep), "DIR", "keep the demo's files in DIR"},
#if ATLS_VERIFIER
    {"listen", VALUE, CLI_VERIFIER, AT(listen), "ADDR:PORT",
     "where to listen (default 127.0.0.1:8443)"},
    {"id", VALUE, CLI_VERIFIER, AT(id), "URI",
     "who this Verifier is: an absolute URI (default: its address)"},
    {"store", VALUE, CLI_VERIFIER, AT(store), "sqlite:FILE|postgres://...",
     "sessions and endorsements (default sqlite:atls-verifier.db)"},
    {"token", VALUE, CLI_VERIFIER, AT(token), "FILE",
     "bearer token of those who may provision endorsements"},
    {"plain-http", FLAG, CLI_VERIFIER, AT(force_plain), NULL,
     "no TLS on an address that others reach, too"},
    {"appraisers", VALUE, CLI_VERIFIER, AT(appraisers), "N",
     "processes that appraise (default: one a core)"},
#endif
    {"json", FLAG, EVERY, AT(json), NULL, "one JSON object on standard output"},
    {"help", FLAG, EVERY, AT(help), NULL, "this text"},
};

/* Names of the contract that come later: told apart from a slip of the finger. */
static const char *const not_built[] = {
#if !ATLS_NET
    "verifier",   "verifier-ca",
#endif
    "ra-tls",
#if !ATLS_VERIFIER
    "verifier",   "store",       "listen", "token", "id",
#endif
#if !ATLS_NET
    "plain-http",
#endif
};

static const struct option *find(enum cli_verbs verb, struct atls_bytes name)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(options); i++) {
        if ((options[i].verbs & (unsigned)verb) != 0 && atls_bytes_is_text(name, options[i].name)) {
            return &options[i];
        }
    }
    return NULL;
}

static enum atls_err fail_unknown(struct atls_bytes name, const char *where, struct atls_diag *diag)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(not_built); i++) {
        if (atls_bytes_is_text(name, not_built[i])) {
            atls_fail(diag, ATLS_ERR_NOT_BUILT, where, NULL);
            atls_diag_found_text(diag, "--");
            atls_diag_found_peer_text(diag, name);
            return ATLS_ERR_NOT_BUILT;
        }
    }
    atls_fail(diag, ATLS_ERR_CONFIG, where, "option");
    atls_diag_found_text(diag, "--");
    atls_diag_found_peer_text(diag, name);
    atls_diag_expected_text(diag, "an option of this verb (-h lists them)");
    return ATLS_ERR_CONFIG;
}

/* set stores one value; `value` is NULL for a flag. With `keep`, what is set already stays. */
static enum atls_err set(struct cli_options *out, const struct option *option, const char *value,
                         bool keep, struct atls_diag *diag)
{
    char *base = (char *)out + option->at;
    if (option->kind == FLAG) {
        *(bool *)(void *)base = true;
        return ATLS_OK;
    }
    if (option->kind == VALUE) {
        const char **slot = (const char **)(void *)base;
        if (*slot != NULL && !keep) {
            return atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", option->name,
                                   "the option twice", "it once");
        }
        *slot = *slot != NULL ? *slot : value;
        return ATLS_OK;
    }
    struct cli_list *list = (struct cli_list *)(void *)base;
    if (list->count == CLI_MAX_LIST) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", option->name, "too many",
                               "at most 32");
    }
    list->items[list->count++] = value;
    return ATLS_OK;
}

static enum atls_err parse_option(struct cli_options *out, enum cli_verbs verb, int argc,
                                  char **argv, int *at, struct atls_diag *diag)
{
    const char *word = argv[*at];
    const bool is_short = word[1] != '-';
    struct atls_bytes name = atls_bytes_text(word + (is_short ? 1 : 2));
    if (is_short && atls_bytes_is_text(name, "h")) {
        name = atls_bytes_text("help");
    } else if (is_short != atls_bytes_is_text(name, "o")) {
        return fail_unknown(atls_bytes_text(word + (is_short ? 0 : 2)), "command line", diag);
    }
    const char *value = NULL;
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] == '=') {
            value = (const char *)&name.data[i + 1];
            name.len = i;
        }
    }
    const struct option *option = find(verb, name);
    if (option == NULL) {
        return fail_unknown(name, "command line", diag);
    }
    if (option->kind == FLAG && value != NULL) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", option->name, "a value",
                               "none");
    }
    if (option->kind != FLAG && value == NULL) {
        if (*at + 1 >= argc) {
            return atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", option->name, "nothing",
                                   option->argument);
        }
        value = argv[++*at];
    }
    return set(out, option, value, false, diag);
}

static enum atls_err set_from_json(struct cli_options *out, const struct option *option,
                                   const json_t *value, struct atls_diag *diag)
{
    if (option->kind == FLAG && json_is_boolean(value)) {
        return json_is_true(value) ? set(out, option, NULL, true, diag) : ATLS_OK;
    }
    if (option->kind != FLAG && json_is_string(value)) {
        return set(out, option, json_string_value(value), true, diag);
    }
    if (option->kind == LIST && json_is_array(value)) {
        size_t index = 0;
        json_t *item = NULL;
        json_array_foreach(value, index, item)
        {
            enum atls_err err = json_is_string(item)
                                    ? set(out, option, json_string_value(item), true, diag)
                                    : ATLS_ERR_CONFIG;
            if (err != ATLS_OK) {
                return atls_fail_texts(diag, ATLS_ERR_CONFIG, "configuration file", option->name,
                                       atls_json_type_name(item), "a list of strings");
            }
        }
        return ATLS_OK;
    }
    return atls_fail_texts(diag, ATLS_ERR_CONFIG, "configuration file", option->name,
                           atls_json_type_name(value),
                           option->kind == FLAG   ? "true or false"
                           : option->kind == LIST ? "a string or a list of strings"
                                                  : "a string");
}

static enum atls_err read_config(struct cli_options *out, enum cli_verbs verb,
                                 struct atls_diag *diag)
{
    uint8_t *text = NULL;
    size_t len = 0;
    json_t *root = NULL;
    enum atls_err err = atls_file_read(&text, &len, out->config, ATLS_MAX_FILE_LEN, diag);
    if (err == ATLS_OK) {
        err = atls_json_recode(
            atls_json_parse(&root, atls_bytes_of(text, len), "configuration file", diag),
            ATLS_ERR_CONFIG, diag);
    }
    atls_file_free(text, len);
    if (err != ATLS_OK) {
        return err;
    }
    out->storage = root;
    if (!json_is_object(root)) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "configuration file", NULL,
                               atls_json_type_name(root), "an object");
    }
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(root, key, value)
    {
        const struct option *option = find(verb, atls_bytes_text(key));
        if (option == NULL || atls_bytes_is_text(atls_bytes_text(key), "config")) {
            return fail_unknown(atls_bytes_text(key), "configuration file", diag);
        }
        err = set_from_json(out, option, value, diag);
        if (err != ATLS_OK) {
            return err;
        }
    }
    return ATLS_OK;
}

enum atls_err cli_options_parse(struct cli_options *out, enum cli_verbs verb, int argc, char **argv,
                                struct atls_diag *diag)
{
    bool only_operands = false;
    enum atls_err err = ATLS_OK;
    memset(out, 0, sizeof *out);
    /* Known first, so that an error before it is an object as well. */
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        out->json = out->json || strcmp(argv[i], "--json") == 0;
    }
    for (int i = 1; i < argc && err == ATLS_OK; i++) {
        if (!only_operands && strcmp(argv[i], "--") == 0) {
            only_operands = true;
        } else if (!only_operands && argv[i][0] == '-' && argv[i][1] != '\0') {
            err = parse_option(out, verb, argc, argv, &i, diag);
        } else if (out->operands.count < CLI_MAX_LIST) {
            out->operands.items[out->operands.count++] = argv[i];
        } else {
            err = atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", "operands", "too many",
                                  "at most 32");
        }
    }
    return err == ATLS_OK && out->config != NULL ? read_config(out, verb, diag) : err;
}

void cli_options_cleanup(struct cli_options *opts)
{
    json_decref(opts->storage);
    memset(opts, 0, sizeof *opts);
}

void cli_usage(enum cli_verbs verb, const char *synopsis, const char *purpose)
{
    printf("usage: atls %s\n%s\n\noptions:\n", synopsis, purpose);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(options); i++) {
        if ((options[i].verbs & (unsigned)verb) != 0) {
            char head[64];
            const bool is_short = options[i].name[1] == '\0';
            snprintf(head, sizeof head, "%s%s%s%s", is_short ? "-" : "--", options[i].name,
                     options[i].argument != NULL ? " " : "",
                     options[i].argument != NULL ? options[i].argument : "");
            printf("  %-28s %s\n", head, options[i].line);
        }
    }
}

static enum atls_err fail_value(const char *option, const char *text, const char *expected,
                                struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", option, text, expected);
}

enum atls_err cli_number(uint64_t *out, const char *option, const char *text, uint64_t min,
                         uint64_t max, struct atls_diag *diag)
{
    char *end = NULL;
    char range[80];
    errno = 0;
    const uint64_t value = strtoull(text, &end, 0);
    snprintf(range, sizeof range, "a number from %llu to %llu", (unsigned long long)min,
             (unsigned long long)max);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < min ||
        value > max) {
        return fail_value(option, text, range, diag);
    }
    *out = value;
    return ATLS_OK;
}

enum atls_err cli_duration_ms(uint32_t *out, const char *option, const char *text,
                              struct atls_diag *diag)
{
    static const char expected[] = "a time from 1ms to 10m, such as 10s";
    char *end = NULL;
    errno = 0;
    const unsigned long value = strtoul(text, &end, 10);
    unsigned long unit = 0;
    if (strcmp(end, "ms") == 0) {
        unit = 1;
    } else if (strcmp(end, "s") == 0) {
        unit = 1000;
    } else if (strcmp(end, "m") == 0) {
        unit = 60000;
    }
    if (text[0] < '0' || text[0] > '9' || errno != 0 || unit == 0 || value == 0 ||
        value > 600000 / unit) {
        return fail_value(option, text, expected, diag);
    }
    *out = (uint32_t)(value * unit);
    return ATLS_OK;
}
