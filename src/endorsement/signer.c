/* SPDX-License-Identifier: Apache-2.0 */
/* The keys and certificates whose signatures count. */
#include "endorsement/signer.h"

#include "base/span.h"
#include "crypto/cert.h"

#include <stdlib.h>

static const char step[] = "endorsement key";

static void signer_cleanup(struct atls_signer *signer)
{
    atls_key_free(signer->key);
    free((void *)(uintptr_t)signer->cert.data);
}

void atls_signers_cleanup(struct atls_signers *signers)
{
    for (size_t i = 0; i < signers->count; i++) {
        signer_cleanup(&signers->items[i]);
    }
    memset(signers, 0, sizeof *signers);
}

static enum atls_err refuse(struct atls_diag *diag, const char *found, const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_KEY, step, NULL, found, expected);
}

static enum atls_err check_room(const struct atls_signers *signers, size_t more,
                                struct atls_diag *diag)
{
    return signers->count + more <= ATLS_MAX_SIGNERS ? ATLS_OK
                                                     : refuse(diag, "too many keys", "at most 64");
}

/* make_certificate fills `out` from one certificate, whose octets it takes on success. */
static enum atls_err make_certificate(struct atls_signer *out, struct atls_bytes cert,
                                      struct atls_diag *diag)
{
    struct atls_cert_info info;
    struct atls_signer signer = {.key = NULL, .cert = cert};
    enum atls_err err = atls_cert_read(&info, cert, diag);
    if (err != ATLS_OK) {
        return err;
    }
    signer.not_before_s = info.not_before_s;
    signer.not_after_s = info.not_after_s;
    if (atls_cert_signs_data(cert)) {
        err = atls_key_from_spki_der(&signer.key, atls_bytes_of(info.spki, info.spki_len), diag);
    }
    if (err == ATLS_OK) {
        *out = signer;
    }
    return err;
}

static enum atls_err add_certificates(struct atls_signers *signers, struct atls_bytes file,
                                      struct atls_diag *diag)
{
    struct atls_cert_list list;
    enum atls_err err = atls_cert_list_read(&list, file, diag);
    if (err != ATLS_OK) {
        return err;
    }
    err = check_room(signers, list.count, diag);
    size_t made = 0;
    while (err == ATLS_OK && made < list.count) {
        err = make_certificate(&signers->items[signers->count + made], list.cert[made], diag);
        made += err == ATLS_OK;
    }
    if (err != ATLS_OK) {
        for (size_t i = 0; i < made; i++) {
            atls_key_free(signers->items[signers->count + i].key);
        }
        memset(&signers->items[signers->count], 0, made * sizeof signers->items[0]);
        atls_cert_list_cleanup(&list);
        return err;
    }
    signers->count += made;
    return ATLS_OK;
}

static enum atls_err add_key(struct atls_signers *signers, struct atls_bytes pem,
                             struct atls_diag *diag)
{
    struct atls_key *key = NULL;
    enum atls_err err = check_room(signers, 1, diag);
    if (err == ATLS_OK) {
        err = atls_key_from_pem(&key, pem, diag);
    }
    if (err == ATLS_OK && !atls_key_is_public(key)) {
        atls_key_free(key);
        return refuse(diag, "a private key",
                      "a public key (openssl pkey -pubout) or a certificate");
    }
    if (err == ATLS_OK) {
        signers->items[signers->count++].key = key;
    }
    return err;
}

static bool contains(struct atls_bytes text, const char *part)
{
    const size_t len = strlen(part);
    for (size_t i = 0; i + len <= text.len; i++) {
        if (atls_bytes_equal(atls_bytes_of(&text.data[i], len), atls_bytes_of(part, len))) {
            return true;
        }
    }
    return false;
}

enum atls_err atls_signers_add(struct atls_signers *signers, struct atls_bytes file,
                               enum atls_signer_kind kind, struct atls_diag *diag)
{
    const bool is_der = file.len > 0 && file.data[0] == 0x30;
    const bool is_cert = is_der || contains(file, "-----BEGIN CERTIFICATE-----");
    const bool has_key = contains(file, "PRIVATE KEY-----") || contains(file, "PUBLIC KEY-----");
    if (is_cert && !is_der && has_key) {
        return refuse(diag, "a key and a certificate", "one or the other");
    }
    if (!is_cert && (kind == ATLS_SIGNER_CERTIFICATES || !has_key)) {
        return refuse(diag, "something else",
                      kind == ATLS_SIGNER_CERTIFICATES ? "certificates in PEM"
                                                       : "a public key or certificates in PEM");
    }
    enum atls_err err =
        is_cert ? add_certificates(signers, file, diag) : add_key(signers, file, diag);
    if (err != ATLS_OK && err != ATLS_ERR_MEMORY) {
        err = ATLS_ERR_KEY;
        if (diag != NULL) {
            diag->err = err;
        }
    }
    return err;
}
