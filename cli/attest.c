/* SPDX-License-Identifier: Apache-2.0 */
/* atls attest: Evidence over a nonce from outside, which can never serve a handshake.
 */
#include "cli.h"

#include "atls/limits.h"
#include "attester/attester.h"
#include "base/diag.h"
#include "base/span.h"
#include "crypto/crypto.h"
#include "identity.h"
#include "json/base64.h"
#include "json/file.h"
#include "options.h"
#include "tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char verb[] = "attest";

static enum atls_err attest(const struct cli_identity *identity, const struct cli_options *o,
                            struct atls_bytes nonce, struct atls_bytes spki, struct atls_buf out,
                            size_t *len, struct atls_diag *diag)
{
    enum { timeout_ms = 30000 };
    if (!o->kat) {
        return atls_attester_for_nonce(identity->ops, identity->attester, nonce, spki, timeout_ms,
                                       out, len, diag);
    }
    if (!atls_format_is_pat(atls_format_by_name(atls_bytes_text(identity->ops->format)))) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", "--kat",
                               identity->ops->format, "Evidence that names no key, such as psa");
    }
    return atls_attester_for_passport(identity->ops, identity->attester, atls_crypto_openssl(),
                                      nonce, spki, timeout_ms, out, len, diag);
}

static enum atls_err make(const struct cli_options *o, uint8_t *cmw, size_t *len,
                          const char **format, struct atls_diag *diag)
{
    uint8_t nonce[256];
    uint8_t spki[ATLS_MAX_SPKI_LEN];
    size_t nonce_len = 0, spki_len = 0;
    struct cli_identity identity = {.ops = NULL};
    const struct atls_buf nonce_room = {nonce, sizeof nonce};
    const struct atls_buf spki_room = {spki, sizeof spki};
    const struct atls_buf cmw_room = {cmw, ATLS_MAX_CMW_LEN};
    if (!atls_hex_decode(atls_bytes_text(o->nonce), nonce_room, &nonce_len)) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", "--nonce", o->nonce,
                               "hexadecimal digits, two an octet");
    }
    enum atls_err err = cli_identity_open(&identity, o->identity, diag);
    if (err == ATLS_OK) {
        err = atls_key_spki(identity.key, spki_room, &spki_len);
    }
    if (err == ATLS_OK) {
        err = attest(&identity, o, atls_bytes_of(nonce, nonce_len), atls_bytes_of(spki, spki_len),
                     cmw_room, len, diag);
        *format = o->kat ? "kat" : identity.ops->format;
    }
    cli_identity_cleanup(&identity);
    return err;
}

static enum atls_err put_out(const struct cli_options *o, struct atls_bytes cmw,
                             struct atls_diag *diag)
{
    int out_fd = STDOUT_FILENO;
    if (o->output != NULL) {
        return atls_file_write(o->output, cmw, ATLS_FILE_PUBLIC, diag);
    }
    if (o->json) {
        return ATLS_OK; /* it is in the object */
    }
    if (isatty(out_fd)) {
        char *hex = atls_hex_new(cmw);
        const bool ok = hex != NULL && puts(hex) >= 0;
        free(hex);
        return ok ? ATLS_OK : atls_fail(diag, ATLS_ERR_FILE, "standard output", NULL);
    }
    return cli_sink_fd(&out_fd, cmw.data, cmw.len)
               ? ATLS_OK
               : atls_fail(diag, ATLS_ERR_FILE, "standard output", NULL);
}

static json_t *describe(const struct cli_options *o, struct atls_bytes cmw, const char *format)
{
    char *text = o->output == NULL ? atls_base64url_new(cmw) : NULL;
    json_t *result = json_pack("{s:s?,s:s,s:I,s:s?}", "file", o->output, "format", format,
                               "cmw_len", (json_int_t)cmw.len, "cmw", text);
    free(text);
    return result;
}

int cli_attest(int argc, char **argv)
{
    struct atls_diag diag;
    struct cli_options o;
    const char *format = "";
    size_t len = 0;
    json_t *result = NULL;
    enum atls_err err = cli_options_parse(&o, CLI_ATTEST, argc, argv, &diag);
    if (err == ATLS_OK && o.help) {
        cli_usage(CLI_ATTEST, "attest --identity DIR --nonce HEX [--kat] [-o FILE]",
                  "Make Evidence (a CMW) over a nonce. Lengths that a handshake uses are refused.");
        cli_options_cleanup(&o);
        return 0;
    }
    if (err == ATLS_OK && (o.identity == NULL || o.nonce == NULL || o.operands.count != 0)) {
        err = atls_fail_texts(&diag, ATLS_ERR_CONFIG, "command line", NULL,
                              o.operands.count != 0 ? o.operands.items[0]
                                                    : "no --identity or no --nonce",
                              "attest --identity DIR --nonce HEX");
    }
    uint8_t *cmw = malloc(ATLS_MAX_CMW_LEN);
    if (err == ATLS_OK && cmw == NULL) {
        err = atls_fail(&diag, ATLS_ERR_MEMORY, verb, NULL);
    }
    if (err == ATLS_OK) {
        err = make(&o, cmw, &len, &format, &diag);
    }
    if (err == ATLS_OK) {
        err = put_out(&o, atls_bytes_of(cmw, len), &diag);
    }
    if (err == ATLS_OK && o.json) {
        result = describe(&o, atls_bytes_of(cmw, len), format);
    }
    free(cmw);
    const int status = cli_finish(verb, o.json, err == ATLS_OK ? NULL : &diag, result);
    cli_options_cleanup(&o);
    return status;
}
