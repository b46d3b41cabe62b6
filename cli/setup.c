/* SPDX-License-Identifier: Apache-2.0 */
#include "setup.h"

#include "atls/limits.h"
#include "attesters.h"
#include "base/diag.h"
#include "base/formats.h"
#include "base/span.h"
#include "cli.h"
#include "collateral.h"
#include "crypto/key.h"
#include "dtls.h"
#include "json/file.h"
#include "passport_file.h"
#include "psk.h"
#include "remote.h"
#include "timing.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum atls_err fail_openssl(struct atls_diag *diag, enum atls_err err, const char *step,
                                  const char *path, const char *expected)
{
    /* the first error is the cause; what comes after it says only which layer handed it on */
    const unsigned long code = ERR_peek_error();
    const char *reason =
        ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);
    ERR_clear_error();
    atls_fail_texts(diag, err, step, path, reason, expected);
    return err;
}

static enum atls_err fail_config(struct atls_diag *diag, const char *claim, const char *found,
                                 const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", claim, found, expected);
}

/* path_in gives DIR/NAME in `out`, or `given` when the option was given by itself. */
static const char *path_in(char *out, size_t cap, const char *given, const char *directory,
                           const char *name)
{
    if (given != NULL || directory == NULL) {
        return given;
    }
    return (size_t)snprintf(out, cap, "%s/%s", directory, name) < cap ? out : NULL;
}

/* check_resume: draft-fossati-seat-expat, 6: a server sends no NewSessionTicket, and a client takes
 * none. */
static enum atls_err check_resume(const struct cli_options *o, struct atls_diag *diag)
{
    const enum atls_timing timing = cli_timing_of(o);
    if (!o->resume || timing == ATLS_TIMING_HANDSHAKE) {
        return ATLS_OK;
    }
    return atls_fail_texts(
        diag, ATLS_ERR_CONFIG, "--resume", "--timing", o->timing,
        timing == ATLS_TIMING_CERTIFICATE
            ? "--timing handshake: the Evidence in a certificate is looked at each time"
            : "--timing handshake: attestation after the handshake (expat) forbids tickets");
}

static enum atls_err check_options(const struct cli_options *o, bool is_server,
                                   struct atls_diag *diag)
{
    const bool requires = o->require != NULL && strcmp(o->require, "none") != 0;
    enum atls_err timing = cli_dtls_check(o, diag);
    if (timing == ATLS_OK) {
        timing = cli_timing_check(o, requires, diag);
    }
    if (timing == ATLS_OK) {
        timing = check_resume(o, diag);
    }
    if (timing == ATLS_OK) {
        timing = cli_psk_check(o, diag);
    }
    if (timing != ATLS_OK) {
        return timing;
    }
    if (o->carriage != NULL && strcmp(o->carriage, "extension") != 0) {
        return atls_fail_texts(diag, ATLS_ERR_NOT_BUILT, "--carriage", NULL, o->carriage,
                               "extension");
    }
    if (o->no_pkix && o->ca != NULL) {
        return fail_config(diag, "--no-pkix", "--ca beside it", "one of the two");
    }
    if (o->no_pkix && !requires) {
        return fail_config(diag, "--no-pkix", "no --require", "--require: else nothing is checked");
    }
    const enum atls_err remote = cli_remote_check(o, requires, diag);
    if (remote != ATLS_OK) {
        return remote;
    }
    if (!requires && (o->endorsements.count != 0 || o->collateral.count != 0 || o->policy != NULL ||
                      o->simulated)) {
        return fail_config(diag, "--require",
                           "none, beside --endorsements, --collateral, --policy or --simulated",
                           "what the peer must attest with");
    }
    if (is_server && !requires && o->ca == NULL && o->revoked != NULL) {
        return fail_config(diag, "--revoked", "neither --require nor --ca beside it",
                           "one of them: else no client says who it is");
    }
    if (o->endorsement_keys.count != 0 && o->endorsements.count == 0) {
        return fail_config(diag, "--endorsement-key", "no --endorsements beside it",
                           "--endorsements with the files that it signed");
    }
    if (is_server && o->psk == NULL && o->identity == NULL && (o->cert == NULL || o->key == NULL)) {
        return fail_config(diag, "--identity", "no certificate and key",
                           "--identity DIR, or --cert and --key");
    }
    if (o->passports.count != 0 && o->identity == NULL && o->cert == NULL) {
        return fail_config(diag, "--passport", "no certificate beside it",
                           "--identity DIR, or --cert and --key, of the key that it is about");
    }
    if ((o->cert == NULL) != (o->key == NULL)) {
        return fail_config(diag, "--cert", "one of --cert and --key", "both or none");
    }
    if (!is_server && o->name != NULL && o->no_pkix) {
        return fail_config(diag, "--name", "--no-pkix beside it",
                           "a name only where PKIX checks it");
    }
    return ATLS_OK;
}

static enum atls_err add_attester(struct cli_setup *s, const struct cli_options *o,
                                  struct atls_diag *diag)
{
    const struct atls_attester_ops *ops = NULL;
    uint8_t *config = NULL;
    size_t len = 0;
    if (o->attest != NULL && strcmp(o->attest, "none") == 0) {
        return ATLS_OK;
    }
    if (o->identity == NULL) {
        return o->attest == NULL ? ATLS_OK
                                 : fail_config(diag, "--attest", "no --identity",
                                               "--identity with the attester that keygen made");
    }
    enum atls_err err = cli_attester_read(&ops, &config, &len, o->identity, diag);
    if (err == ATLS_OK && o->attest != NULL && strcmp(o->attest, ops->name) != 0 &&
        strcmp(o->attest, ops->format) != 0) {
        const bool planned = atls_format_is_planned(atls_bytes_text(o->attest));
        err = atls_fail_texts(diag, planned ? ATLS_ERR_NOT_BUILT : ATLS_ERR_CONFIG, "command line",
                              "--attest", o->attest, ops->name);
    }
    if (err == ATLS_OK) {
        err = atls_context_add_attester(s->context, ops, atls_bytes_of(config, len), diag);
    }
    atls_file_free(config, len);
    if (err == ATLS_OK) {
        snprintf(s->attests_name, sizeof s->attests_name, "%s", ops->name);
        s->attests = s->attests_name;
    }
    return err;
}

static enum atls_err add_passport(struct atls_context *context, const char *text,
                                  struct atls_diag *diag)
{
    struct cli_passport_file file = {.identity = NULL};
    enum atls_err err = cli_passport_read(&file, text, diag);
    if (err == ATLS_OK) {
        err = atls_context_add_passport(context, file.identity,
                                        atls_bytes_of(file.result, file.len), diag);
    }
    cli_passport_file_cleanup(&file);
    return err;
}

static enum atls_err set_limits(struct cli_setup *s, const struct cli_options *o,
                                struct atls_diag *diag)
{
    uint64_t number = 0;
    enum atls_err err = ATLS_OK;
    s->handshake_timeout_ms = 10000;
    if (o->handshake_timeout != NULL) {
        err = cli_duration_ms(&s->handshake_timeout_ms, "--handshake-timeout", o->handshake_timeout,
                              diag);
    }
    if (err == ATLS_OK) {
        err = atls_context_set_timeout(s->context, s->handshake_timeout_ms, diag);
    }
    if (err == ATLS_OK && o->attester_queue != NULL) {
        err = cli_number(&number, "--attester-queue", o->attester_queue, 1, 65536, diag);
        if (err == ATLS_OK) {
            const unsigned threads = o->verifier != NULL ? CLI_REMOTE_THREADS : 2;
            err = atls_context_set_workers(s->context, threads, (unsigned)number, diag);
        }
    }
    if (err == ATLS_OK && o->extension_type != NULL) {
        err = cli_number(&number, "--extension-type", o->extension_type, 0, 0xffff, diag);
        if (err == ATLS_OK) {
            err = atls_context_set_extension_type(s->context, (uint16_t)number, diag);
        }
    }
    return err;
}

static enum atls_err add_endorsement_key(struct cli_setup *s, const char *path,
                                         struct atls_diag *diag)
{
    uint8_t *pem = NULL;
    size_t len = 0;
    enum atls_err err = atls_file_read(&pem, &len, path, ATLS_MAX_FILE_LEN, diag);
    if (err == ATLS_OK) {
        err = atls_context_endorsement_key(s->context, atls_bytes_of(pem, len), diag);
    }
    atls_file_free(pem, len);
    return err;
}

enum atls_err cli_set_revoked(struct atls_context *context, const char *path,
                              struct atls_diag *diag)
{
    uint8_t *text = NULL;
    size_t len = 0;
    enum atls_err err = atls_file_read(&text, &len, path, ATLS_MAX_FILE_LEN, diag);
    if (err == ATLS_OK) {
        err = atls_context_set_revoked(context, atls_bytes_of(text, len), diag);
    }
    atls_file_free(text, len);
    return err;
}

/* note_endorsements says what of the files has no effect here. */
static void note_endorsements(const struct cli_setup *s, bool is_server)
{
    const char *note;
    for (size_t i = 0; (note = atls_context_endorsement_note(s->context, i)) != NULL; i++) {
        cli_note(is_server ? "serve" : "connect", "note: %s", note);
    }
}

static enum atls_err set_requirement(struct cli_setup *s, const struct cli_options *o,
                                     bool is_server, struct atls_diag *diag)
{
    enum atls_err err = ATLS_OK;
    const bool requires = o->require != NULL && strcmp(o->require, "none") != 0;
    if (o->require != NULL) {
        err = atls_context_require(s->context, o->require, diag);
    }
    for (size_t i = 0; err == ATLS_OK && i < o->endorsement_keys.count; i++) {
        err = add_endorsement_key(s, o->endorsement_keys.items[i], diag);
    }
    for (size_t i = 0; err == ATLS_OK && i < o->endorsements.count; i++) {
        err = atls_context_load_endorsements(s->context, o->endorsements.items[i], diag);
    }
    if (err == ATLS_OK) {
        err = cli_collateral_set(s->context, o, is_server, diag);
    }
    note_endorsements(s, is_server);
    if (err == ATLS_OK) {
        err = cli_remote_setup(s->context, o, diag);
    }
    if (err == ATLS_OK && o->policy != NULL) {
        uint8_t *text = NULL;
        size_t len = 0;
        err = atls_file_read(&text, &len, o->policy, ATLS_MAX_FILE_LEN, diag);
        if (err == ATLS_OK) {
            err = atls_context_set_policy(s->context, atls_bytes_of(text, len), diag);
        }
        atls_file_free(text, len);
    }
    if (err == ATLS_OK && o->revoked != NULL) {
        err = cli_set_revoked(s->context, o->revoked, diag);
    }
    if (err == ATLS_OK && o->simulated) {
        err = atls_context_allow_simulated(s->context, diag);
    }
    if (err == ATLS_OK && o->resume) {
        err = atls_context_set_resume(s->context, diag);
    }
    if (err == ATLS_OK && o->json) {
        err = atls_context_keep_claims(s->context, diag);
    }
    /* A server that requires attestation and has no --ca takes any self-signed client: its
     * start-up line says so. */
    const bool no_pkix = o->no_pkix || (is_server && requires && o->ca == NULL);
    if (err == ATLS_OK && no_pkix) {
        err = atls_context_set_no_pkix(s->context, diag);
    }
    if (err == ATLS_OK) {
        err = cli_timing_set(s->context, o, diag);
    }
    s->pkix = !no_pkix && (!is_server || o->ca != NULL);
    /* A client that attests after the handshake brings its certificate there. */
    const bool after_only = requires && cli_timing_of(o) == ATLS_TIMING_POST;
    s->asks_client = is_server && !after_only && (requires || o->ca != NULL);
    s->takes_any_client = is_server && requires && no_pkix;
    return err;
}

/* load_tss2 loads a key that lives in a TPM: by the attester of the context, or by one that is
 * opened for this alone when we are not to attest. */
static enum atls_err load_tss2(struct cli_setup *s, const struct cli_options *o, EVP_PKEY **out,
                               struct atls_bytes pem, struct atls_diag *diag)
{
    uint8_t *config = NULL;
    size_t len = 0;
    if (s->attests != NULL || o->identity == NULL) {
        return atls_context_load_key(s->context, out, pem, diag);
    }
    enum atls_err err = cli_attester_read(&s->key_ops, &config, &len, o->identity, diag);
    if (err == ATLS_OK) {
        err = s->key_ops->open(&s->key_attester, atls_bytes_of(config, len), diag);
    }
    atls_file_free(config, len);
    return err == ATLS_OK ? s->key_ops->load_key(s->key_attester, out, pem, diag) : err;
}

static enum atls_err use_key(struct cli_setup *s, const struct cli_options *o, const char *path,
                             struct atls_diag *diag)
{
    uint8_t *text = NULL;
    size_t len = 0;
    struct atls_key *key = NULL;
    EVP_PKEY *pkey = NULL;
    enum atls_err err = atls_file_read(&text, &len, path, ATLS_MAX_FILE_LEN, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (strstr((const char *)text, "BEGIN TSS2 PRIVATE KEY") != NULL) {
        err = load_tss2(s, o, &pkey, atls_bytes_of(text, len), diag);
    } else {
        err = atls_key_from_pem(&key, atls_bytes_of(text, len), diag);
        pkey = err == ATLS_OK ? atls_key_evp(key) : NULL;
    }
    atls_file_free(text, len);
    ERR_clear_error(); /* decoders leave the formats behind that they tried */
    if (err == ATLS_OK && SSL_CTX_use_PrivateKey(s->ssl_ctx, pkey) != 1) {
        err = fail_openssl(diag, ATLS_ERR_KEY, "private key", path, "the key of the certificate");
    }
    if (key == NULL) {
        EVP_PKEY_free(pkey); /* the SSL_CTX has its own reference */
    }
    atls_key_free(key);
    return err;
}

static void warn_of_expiry(const char *verb, const SSL_CTX *ctx)
{
    const X509 *cert = SSL_CTX_get0_certificate(ctx);
    int days = 0, seconds = 0;
    if (cert != NULL && ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert)) == 1 &&
        days < 30) {
        if (days < 0 || seconds < 0) {
            cli_note(verb, "warning: our certificate has expired");
        } else {
            cli_note(verb, "warning: our certificate ends in %d days", days);
        }
    }
}

static enum atls_err use_identity(struct cli_setup *s, const struct cli_options *o,
                                  const char *verb, struct atls_diag *diag)
{
    char cert_path[1024], key_path[1024];
    const char *cert = path_in(cert_path, sizeof cert_path, o->cert, o->identity, "cert.pem");
    const char *key = path_in(key_path, sizeof key_path, o->key, o->identity, "key.pem");
    if (cert == NULL || key == NULL) {
        return ATLS_OK; /* a client without a certificate */
    }
    if (SSL_CTX_use_certificate_chain_file(s->ssl_ctx, cert) != 1) {
        return fail_openssl(diag, ATLS_ERR_FILE, "certificate", cert, "a PEM certificate chain");
    }
    enum atls_err err = use_key(s, o, key, diag);
    if (err == ATLS_OK) {
        warn_of_expiry(verb, s->ssl_ctx);
    }
    return err;
}

static enum atls_err use_trust(struct cli_setup *s, const struct cli_options *o, bool is_server,
                               struct atls_diag *diag)
{
    ERR_clear_error();
    if (o->ca != NULL && SSL_CTX_load_verify_file(s->ssl_ctx, o->ca) != 1) {
        return fail_openssl(diag, ATLS_ERR_FILE, "--ca", o->ca, "PEM certificates");
    }
    if (o->ca != NULL && is_server) {
        STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(o->ca);
        SSL_CTX_set_client_CA_list(s->ssl_ctx, names); /* takes it; NULL sends none */
    }
    if (o->ca == NULL && s->pkix && SSL_CTX_set_default_verify_paths(s->ssl_ctx) != 1) {
        return fail_openssl(diag, ATLS_ERR_FILE, "trust store", NULL, "the system's certificates");
    }
    if (!is_server) {
        SSL_CTX_set_verify(s->ssl_ctx, SSL_VERIFY_PEER, NULL);
    } else if (s->asks_client) {
        SSL_CTX_set_verify(s->ssl_ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    return ATLS_OK;
}

enum atls_err cli_setup(struct cli_setup *out, const struct cli_options *o, bool is_server,
                        const char *verb, struct atls_diag *diag)
{
    struct cli_setup s = {.context = NULL};
    enum atls_err err = check_options(o, is_server, diag);
    if (err == ATLS_OK) {
        err = atls_context_new(&s.context, diag);
    }
    if (err == ATLS_OK) {
        s.ssl_ctx = cli_dtls_ctx(o, is_server);
        err = s.ssl_ctx != NULL ? add_attester(&s, o, diag)
                                : atls_fail(diag, ATLS_ERR_MEMORY, "OpenSSL", "SSL_CTX");
    }
    for (size_t i = 0; err == ATLS_OK && i < o->passports.count; i++) {
        err = add_passport(s.context, o->passports.items[i], diag);
    }
    if (err == ATLS_OK) {
        err = set_limits(&s, o, diag);
    }
    if (err == ATLS_OK) {
        err = set_requirement(&s, o, is_server, diag);
    }
    if (err == ATLS_OK) {
        err = use_identity(&s, o, verb, diag);
    }
    if (err == ATLS_OK) {
        err = use_trust(&s, o, is_server, diag);
    }
    if (err == ATLS_OK) {
        err = cli_psk_set(s.ssl_ctx, o, diag);
    }
    if (err == ATLS_OK) {
        err = atls_openssl_enable(s.ssl_ctx, s.context, diag);
    }
    if (err == ATLS_OK && o->keylog != NULL) {
        err = atls_openssl_keylog(s.ssl_ctx, o->keylog, diag);
        cli_note(verb, "warning: TLS secrets go to %s; whoever reads it reads the connections",
                 o->keylog);
    }
    if (err != ATLS_OK) {
        cli_setup_cleanup(&s);
        return err;
    }
    SSL_CTX_set_mode(s.ssl_ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    *out = s;
    out->attests = s.attests != NULL ? out->attests_name : NULL;
    return ATLS_OK;
}

void cli_setup_cleanup(struct cli_setup *setup)
{
    SSL_CTX_free(setup->ssl_ctx);
    atls_context_unref(setup->context);
    if (setup->key_attester != NULL) {
        setup->key_ops->close(setup->key_attester);
    }
    memset(setup, 0, sizeof *setup);
}
