/* SPDX-License-Identifier: Apache-2.0 */
/*
 * atls keygen: DIR/key.pem, DIR/cert.pem, DIR/attester.json, DIR/endorsement.corim and, with --csr,
 * DIR/request.pem. The key of a TPM is made in it and stays there.
 */
#include "cli.h"

#include "atls/limits.h"
#include "attester/attester.h"
#include "attesters.h"
#include "base/diag.h"
#include "base/formats.h"
#include "base/span.h"
#include "crypto/cert.h"
#include "crypto/crypto.h"
#include "endorsement/corim_create.h"
#include "identity.h"
#include "json/base64.h"
#include "json/file.h"
#include "keygen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char verb[] = "keygen";
static const char *const default_names[] = {"localhost", "127.0.0.1", "::1"};
static const char *const file_names[] = {"key.pem",           "attester.json", "cert.pem",
                                         "endorsement.corim", "request.pem",   "collateral.json"};

static enum atls_err write_text(const char *directory, const char *name, const char *text,
                                enum atls_file_kind kind, struct atls_diag *diag)
{
    char path[1024];
    enum atls_err err = cli_path(path, sizeof path, directory, name, diag);
    return err != ATLS_OK ? err : atls_file_write(path, atls_bytes_text(text), kind, diag);
}

static enum atls_err make_directory(const char *directory, struct atls_diag *diag)
{
    char path[1024];
    if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
        return atls_fail_texts(diag, ATLS_ERR_FILE, verb, directory, strerror(errno),
                               "a folder that can be made");
    }
    enum atls_err err = ATLS_OK;
    for (size_t i = 0; err == ATLS_OK && i < ATLS_ARRAY_LEN(file_names); i++) {
        struct stat found;
        err = cli_path(path, sizeof path, directory, file_names[i], diag);
        if (err == ATLS_OK && lstat(path, &found) == 0) {
            err = atls_fail_texts(diag, ATLS_ERR_FILE, verb, path, "a file that is there already",
                                  "a folder without it: a key is never replaced");
        }
    }
    return err;
}

/* remove_files takes back what was made, so that the folder is as good as before. */
static void remove_files(const char *directory)
{
    char path[1024];
    for (size_t i = 0; i < ATLS_ARRAY_LEN(file_names); i++) {
        if (cli_path(path, sizeof path, directory, file_names[i], NULL) == ATLS_OK) {
            (void)unlink(path);
        }
    }
}

static enum atls_err write_endorsement(const char *directory, const struct atls_attester_ops *ops,
                                       const struct atls_provision *made, struct atls_diag *diag)
{
    uint8_t *corim = NULL;
    size_t len = 0;
    char path[1024];
    if (made->comid_json == NULL) {
        return ATLS_OK; /* nobody here would read it */
    }
    const struct atls_bytes template_text = atls_bytes_text(made->comid_json);
    const struct atls_format *format = atls_format_by_name(atls_bytes_text(ops->format));
    enum atls_err err = cli_path(path, sizeof path, directory, "endorsement.corim", diag);
    if (err == ATLS_OK) {
        err =
            atls_corim_create(&corim, &len, &template_text, 1,
                              format != NULL ? format->corim_profile : NULL, made->simulated, diag);
    }
    if (err == ATLS_OK) {
        err = atls_file_write(path, atls_bytes_of(corim, len), ATLS_FILE_PUBLIC, diag);
    }
    free(corim);
    return err;
}

/* write_key writes the TPM's key file, or makes an ordinary key. */
static enum atls_err write_key(const char *directory, const struct atls_provision *made,
                               struct atls_diag *diag)
{
    struct atls_key *key = NULL;
    char *pem = NULL;
    if (made->key_pem != NULL) {
        return write_text(directory, "key.pem", made->key_pem, ATLS_FILE_SECRET, diag);
    }
    enum atls_err err = atls_key_generate(&key, ATLS_CRV_P256, diag);
    if (err == ATLS_OK) {
        err = atls_key_to_private_pem(&pem, key, diag);
    }
    if (err == ATLS_OK) {
        err = write_text(directory, "key.pem", pem, ATLS_FILE_SECRET, diag);
    }
    atls_pem_free(pem);
    atls_key_free(key);
    return err;
}

/* Room for the Evidence of one certificate. */
#define MAX_EXTENSION_LEN 32768

/* attest_key makes the extension of --ra-tls; an empty one without it. */
static enum atls_err attest_key(struct atls_cert_extension *out, const struct cli_options *o,
                                const struct cli_identity *identity, struct atls_diag *diag)
{
    static const uint32_t timeout_ms = 10000;
    uint8_t spki[ATLS_MAX_SPKI_LEN];
    size_t spki_len = 0, len = 0;
    const bool interop = strcmp(o->ra_tls, "interop") == 0;
    if (!interop && strcmp(o->ra_tls, "cmw") != 0) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, verb, "--ra-tls", o->ra_tls,
                               "interop or cmw");
    }
    const struct atls_buf room = {malloc(MAX_EXTENSION_LEN), MAX_EXTENSION_LEN};
    if (room.data == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, verb, NULL);
    }
    enum atls_err err =
        atls_key_spki(identity->key, (struct atls_buf){spki, sizeof spki}, &spki_len);
    if (err != ATLS_OK) {
        err = atls_fail(diag, err, verb, "key");
    }
    if (err == ATLS_OK) {
        err = atls_attester_for_certificate(
            identity->ops, identity->attester, atls_crypto_openssl(),
            interop ? ATLS_CERTIFICATE_INTEROP : ATLS_CERTIFICATE_CMW,
            atls_bytes_of(spki, spki_len), timeout_ms, room, &len, diag);
    }
    if (err != ATLS_OK) {
        free(room.data);
        return err;
    }
    out->oid = interop ? "2.23.133.5.4.9" : "1.3.6.1.5.5.7.1.35";
    out->critical = false; /* TLS libraries refuse critical ones that they do not know */
    out->value = atls_bytes_of(room.data, len);
    return ATLS_OK;
}

static enum atls_err write_certificates(const struct cli_options *o, uint64_t days,
                                        struct atls_diag *diag)
{
    struct cli_identity identity = {.ops = NULL};
    char *cert = NULL, *request = NULL;
    struct atls_cert_extension evidence = {.oid = NULL};
    enum atls_err err = cli_identity_open(&identity, o->output, diag);
    if (err == ATLS_OK && o->ra_tls != NULL) {
        err = attest_key(&evidence, o, &identity, diag);
    }
    const struct atls_cert_spec spec = {
        .names = o->names.count != 0 ? o->names.items : default_names,
        .num_names = o->names.count != 0 ? o->names.count : ATLS_ARRAY_LEN(default_names),
        .not_before_s = (int64_t)time(NULL) - ATLS_MAX_SKEW_S, /* a peer's clock may be behind */
        .days = (unsigned)days,
        .extensions = &evidence,
        .num_extensions = o->ra_tls != NULL ? 1 : 0,
    };
    if (err == ATLS_OK) {
        err = atls_cert_self_signed(&cert, identity.key, &spec, diag);
    }
    if (err == ATLS_OK) {
        err = write_text(o->output, "cert.pem", cert, ATLS_FILE_PUBLIC, diag);
    }
    if (err == ATLS_OK && o->csr) {
        err = atls_csr(&request, identity.key, &spec, diag);
    }
    if (err == ATLS_OK && o->csr) {
        err = write_text(o->output, "request.pem", request, ATLS_FILE_PUBLIC, diag);
    }
    atls_pem_free(cert);
    atls_pem_free(request);
    free((void *)(uintptr_t)evidence.value.data);
    cli_identity_cleanup(&identity);
    return err;
}

static enum atls_err fill_directory(const struct cli_options *o,
                                    const struct atls_attester_ops *ops, uint64_t days,
                                    struct atls_diag *diag)
{
    struct atls_provision made;
    memset(&made, 0, sizeof made);
    const struct atls_provision_request request = {
        .tcti = o->tcti, .pcrs = o->pcrs, .claims = o->sets.items, .num_claims = o->sets.count};
    enum atls_err err = ops->provision(&made, &request, diag);
    if (err == ATLS_OK) {
        err = write_text(o->output, "attester.json", made.config_json, ATLS_FILE_SECRET, diag);
    }
    if (err == ATLS_OK) {
        err = write_endorsement(o->output, ops, &made, diag);
    }
    if (err == ATLS_OK && made.collateral_json != NULL) {
        err =
            write_text(o->output, "collateral.json", made.collateral_json, ATLS_FILE_PUBLIC, diag);
    }
    if (err == ATLS_OK) {
        err = write_key(o->output, &made, diag);
    }
    atls_provision_cleanup(&made);
    return err == ATLS_OK ? write_certificates(o, days, diag) : err;
}

/* no_attester lists those that are there, but for the ones that play back what is in a file. */
static enum atls_err no_attester(const char *rot, struct atls_diag *diag)
{
    const struct atls_bytes name = atls_bytes_text(rot);
    const bool known = atls_format_by_name(name) != NULL || atls_format_is_planned(name);
    const enum atls_err err = known ? ATLS_ERR_NOT_BUILT : ATLS_ERR_CONFIG;
    atls_fail_texts(diag, err, "keygen", "--rot", rot, "one of");
    const struct atls_attester_ops *ops = NULL;
    for (size_t i = 0; (ops = cli_attester_at(i)) != NULL; i++) {
        if (strncmp(ops->name, "sim-replay-", 11) != 0) {
            atls_diag_expected_text(diag, " ");
            atls_diag_expected_text(diag, ops->name);
        }
    }
    return err;
}

enum atls_err cli_keygen_make(const struct cli_options *o, struct atls_diag *diag)
{
    const struct atls_attester_ops *ops = cli_attester(o->rot);
    if (ops == NULL) {
        return no_attester(o->rot, diag);
    }
    uint64_t days = 365;
    enum atls_err err = ATLS_OK;
    if (o->days != NULL) {
        err = cli_number(&days, "--days", o->days, 1, 36500, diag);
    }
    if (err == ATLS_OK) {
        err = make_directory(o->output, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    err = fill_directory(o, ops, days, diag);
    if (err != ATLS_OK) {
        remove_files(o->output);
    }
    return err;
}

/* has_endorsement is false for Evidence that this version does not appraise. */
static bool has_endorsement(const struct cli_options *o)
{
    char path[1024];
    return cli_path(path, sizeof path, o->output, "endorsement.corim", NULL) == ATLS_OK &&
           access(path, F_OK) == 0;
}

/* has_collateral is true where the attester made some: whoever verifies needs it too. */
static bool has_collateral(const struct cli_options *o)
{
    char path[1024];
    return cli_path(path, sizeof path, o->output, "collateral.json", NULL) == ATLS_OK &&
           access(path, F_OK) == 0;
}

static json_t *describe(const struct cli_options *o)
{
    char path[1024], hex[65] = "", not_after[32] = "";
    uint8_t *pem = NULL;
    size_t len = 0;
    struct atls_cert_info info;
    struct atls_digest hash = {.len = 0};
    if (cli_path(path, sizeof path, o->output, "cert.pem", NULL) != ATLS_OK ||
        atls_file_read(&pem, &len, path, ATLS_MAX_FILE_LEN, NULL) != ATLS_OK ||
        atls_cert_read(&info, atls_bytes_of(pem, len), NULL) != ATLS_OK ||
        atls_crypto_openssl()->hash(ATLS_ALG_SHA256, atls_bytes_of(info.spki, info.spki_len),
                                    &hash) != ATLS_OK ||
        !atls_hex_encode(atls_digest_bytes(&hash), hex, sizeof hex)) {
        atls_file_free(pem, len);
        return NULL;
    }
    const time_t end = (time_t)info.not_after_s;
    struct tm utc;
    strftime(not_after, sizeof not_after, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&end, &utc));
    json_t *names = json_array();
    const size_t num = o->names.count != 0 ? o->names.count : ATLS_ARRAY_LEN(default_names);
    for (size_t i = 0; i < num; i++) {
        json_array_append_new(
            names, json_string(o->names.count != 0 ? o->names.items[i] : default_names[i]));
    }
    json_t *files = json_pack("[s,s,s]", "key.pem", "cert.pem", "attester.json");
    if (has_endorsement(o)) {
        json_array_append_new(files, json_string("endorsement.corim"));
    }
    if (o->csr) {
        json_array_append_new(files, json_string("request.pem"));
    }
    if (has_collateral(o)) {
        json_array_append_new(files, json_string("collateral.json"));
    }
    atls_file_free(pem, len);
    return json_pack("{s:s,s:s,s:o,s:s,s:o,s:s}", "directory", o->output, "rot", o->rot, "files",
                     files, "spki_sha256", hex, "names", names, "not_after", not_after);
}

static void say_what_was_made(const struct cli_options *o)
{
    const char *request = o->csr ? ", request.pem" : "";
    if (has_endorsement(o)) {
        const bool collateral = has_collateral(o);
        cli_note(verb,
                 "%s holds key.pem, cert.pem, attester.json%s; give %s/endorsement.corim%s%s%s to "
                 "whoever verifies",
                 o->output, request, o->output, collateral ? " and " : "",
                 collateral ? o->output : "", collateral ? "/collateral.json" : "");
    } else {
        cli_note(verb,
                 "%s holds key.pem, cert.pem, attester.json%s; this version does not appraise %s, "
                 "so there is no endorsement.corim",
                 o->output, request, o->rot);
    }
}

int cli_keygen(int argc, char **argv)
{
    struct atls_diag diag;
    struct cli_options o;
    enum atls_err err = cli_options_parse(&o, CLI_KEYGEN, argc, argv, &diag);
    if (err == ATLS_OK && o.help) {
        cli_usage(CLI_KEYGEN, "keygen --rot ROT -o DIR [OPTIONS]",
                  "Make a TLS key, a self-signed certificate, an attester and its endorsement.");
        cli_options_cleanup(&o);
        return 0;
    }
    if (err == ATLS_OK && (o.rot == NULL || o.output == NULL || o.operands.count != 0)) {
        err = atls_fail_texts(&diag, ATLS_ERR_CONFIG, "command line", NULL,
                              o.operands.count != 0 ? o.operands.items[0] : "no --rot or no -o",
                              "keygen --rot ROT -o DIR");
    }
    if (err == ATLS_OK) {
        err = cli_keygen_make(&o, &diag);
    }
    json_t *result = err == ATLS_OK ? describe(&o) : NULL;
    if (err == ATLS_OK) {
        say_what_was_made(&o);
    }
    const int status = cli_finish(verb, o.json, err == ATLS_OK ? NULL : &diag, result);
    cli_options_cleanup(&o);
    return status;
}
