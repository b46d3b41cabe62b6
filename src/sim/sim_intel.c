/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, certificates and signatures of a simulated platform. */
#include "sim/sim_intel.h"

#include "base/rfc3339.h"
#include "base/span.h"
#include "crypto/crypto.h"
#include "crypto/issue.h"
#include "json/base64.h"
#include "sim/sim_intel_pck.h"

#include <stdlib.h>

static const char step[] = "simulated platform";

/* Serial numbers. */
enum { ROOT = 1, CA = 2, TCB_SIGNING = 3, PCK = 4 };

void atls_sim_intel_cleanup(struct atls_sim_intel *intel)
{
    atls_key_free(intel->root);
    atls_key_free(intel->ca);
    atls_key_free(intel->pck);
    atls_key_free(intel->tcb);
    free(intel->root_pem);
    free(intel->chain_pem);
    free(intel->tcb_chain_pem);
    free(intel->collateral);
    memset(intel, 0, sizeof *intel);
}

/* A certificate in DER; freed. */
struct cert {
    uint8_t *der;
    size_t len;
};

static struct atls_bytes der_of(const struct cert *cert)
{
    return atls_bytes_of(cert->der, cert->len);
}

static enum atls_err seconds_of(int64_t *out, const char *name, const char *text,
                                struct atls_diag *diag)
{
    if (atls_rfc3339_parse(atls_bytes_text(text), out)) {
        return ATLS_OK;
    }
    atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, name, NULL, "a time of RFC 3339");
    atls_diag_found_peer_text(diag, atls_bytes_text(text));
    return ATLS_ERR_ARGUMENT;
}

/* add_pem appends a block to a text in memory of its own. */
static enum atls_err add_pem(char **text, struct atls_bytes der, struct atls_diag *diag)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----\n";
    static const char end[] = "-----END CERTIFICATE-----\n";
    char *base64 = atls_base64_new(der);
    const size_t used = *text != NULL ? strlen(*text) : 0;
    const size_t len = base64 != NULL ? strlen(base64) : 0;
    char *grown = base64 != NULL
                      ? realloc(*text, used + sizeof begin + len + len / 64 + 2 + sizeof end)
                      : NULL;
    if (grown == NULL) {
        free(base64);
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "PEM");
    }
    size_t at = used;
    memcpy(&grown[at], begin, sizeof begin - 1);
    at += sizeof begin - 1;
    for (size_t i = 0; i < len; i += 64) {
        const size_t line = len - i < 64 ? len - i : 64;
        memcpy(&grown[at], &base64[i], line);
        at += line;
        grown[at++] = '\n';
    }
    memcpy(&grown[at], end, sizeof end);
    free(base64);
    *text = grown;
    return ATLS_OK;
}

/* The four certificates. */
struct certs {
    struct cert root, ca, tcb, pck;
};

static void certs_cleanup(struct certs *certs)
{
    free(certs->root.der);
    free(certs->ca.der);
    free(certs->tcb.der);
    free(certs->pck.der);
}

struct plan {
    const char *name;
    uint64_t serial;
    bool is_ca;
    long path_len;
    const struct atls_key *subject;
    struct atls_issuer issuer;
    const struct atls_cert_extension *extension; /* NULL: none */
};

static enum atls_err issue(struct cert *out, const struct plan *plan,
                           const struct atls_sim_platform *platform, struct atls_diag *diag)
{
    struct atls_issue_spec spec = {
        .common_name = plan->name,
        .serial = plan->serial,
        .is_ca = plan->is_ca,
        .path_len = plan->path_len,
        .usage = plan->is_ca ? ATLS_ISSUE_CERT_SIGN | ATLS_ISSUE_CRL_SIGN
                             : ATLS_ISSUE_DIGITAL_SIGNATURE | ATLS_ISSUE_NON_REPUDIATION,
        .extensions = plan->extension,
        .num_extensions = plan->extension != NULL ? 1 : 0,
        .signature = ATLS_CHAIN_ECDSA_SHA256,
    };
    enum atls_err err = seconds_of(&spec.not_before_s, "made", platform->made, diag);
    if (err == ATLS_OK) {
        err = seconds_of(&spec.not_after_s, "pck.until", platform->pck_until, diag);
    }
    return err == ATLS_OK
               ? atls_issue_cert(&out->der, &out->len, &spec, plan->subject, &plan->issuer, diag)
               : err;
}

static enum atls_err issue_all(struct certs *c, const struct atls_sim_intel *intel,
                               const struct atls_sim_platform *platform, struct atls_diag *diag)
{
    uint8_t pck_room[ATLS_SIM_PCK_LEN];
    const struct atls_buf room = {pck_room, sizeof pck_room};
    struct atls_writer w = atls_writer_of(room);
    atls_sim_pck_put(&w, platform);
    const struct atls_cert_extension extension = {ATLS_SIM_PCK_OID, false,
                                                  atls_bytes_of(pck_room, w.len)};
    const struct plan root = {.name = "atls simulation: root of SGX and TDX",
                              .serial = ROOT,
                              .is_ca = true,
                              .path_len = 1,
                              .subject = intel->root,
                              .issuer = {{NULL, 0}, intel->root}};
    enum atls_err err = issue(&c->root, &root, platform, diag);
    if (err == ATLS_OK) {
        const struct plan ca = {.name = "Intel SGX PCK Platform CA",
                                .serial = CA,
                                .is_ca = true,
                                .path_len = 0,
                                .subject = intel->ca,
                                .issuer = {der_of(&c->root), intel->root}};
        err = issue(&c->ca, &ca, platform, diag);
    }
    if (err == ATLS_OK) {
        const struct plan tcb = {.name = "Intel SGX TCB Signing",
                                 .serial = TCB_SIGNING,
                                 .path_len = ATLS_ISSUE_NO_PATH_LEN,
                                 .subject = intel->tcb,
                                 .issuer = {der_of(&c->root), intel->root}};
        err = issue(&c->tcb, &tcb, platform, diag);
    }
    if (err == ATLS_OK) {
        const struct plan pck = {.name = "Intel SGX PCK Certificate",
                                 .serial = PCK,
                                 .path_len = ATLS_ISSUE_NO_PATH_LEN,
                                 .subject = intel->pck,
                                 .issuer = {der_of(&c->ca), intel->ca},
                                 .extension = &extension};
        err = issue(&c->pck, &pck, platform, diag);
    }
    return err;
}

static enum atls_err issue_crl(struct cert *out, const struct atls_sim_platform *platform,
                               const struct atls_issuer *issuer, uint64_t serial,
                               struct atls_diag *diag)
{
    struct atls_issue_crl_spec spec = {.serials = &serial,
                                       .num_serials = serial != 0 ? 1 : 0,
                                       .signature = ATLS_CHAIN_ECDSA_SHA256};
    enum atls_err err = seconds_of(&spec.this_update_s, "made", platform->made, diag);
    if (err == ATLS_OK) {
        err = seconds_of(&spec.next_update_s, "crl.until", platform->crl_until, diag);
    }
    return err == ATLS_OK ? atls_issue_crl(&out->der, &out->len, &spec, issuer, diag) : err;
}

static bool revokes(const struct atls_sim_platform *platform, const char *what)
{
    return strcmp(platform->revoked, what) == 0;
}

static enum atls_err make_collateral(struct atls_sim_intel *intel, const struct certs *c,
                                     const struct atls_sim_quote *quote, struct atls_diag *diag)
{
    const struct atls_sim_platform *platform = &quote->platform;
    const struct atls_issuer root = {der_of(&c->root), intel->root};
    const struct atls_issuer ca = {der_of(&c->ca), intel->ca};
    struct cert root_crl = {NULL, 0};
    struct cert pck_crl = {NULL, 0};
    const uint64_t of_root = revokes(platform, "ca")            ? CA
                             : revokes(platform, "tcb-signing") ? TCB_SIGNING
                                                                : 0;
    enum atls_err err = issue_crl(&root_crl, platform, &root, of_root, diag);
    if (err == ATLS_OK) {
        err = issue_crl(&pck_crl, platform, &ca, revokes(platform, "pck") ? PCK : 0, diag);
    }
    if (err == ATLS_OK) {
        err = atls_sim_collateral(&intel->collateral, intel, quote, der_of(&root_crl),
                                  der_of(&pck_crl), diag);
    }
    free(root_crl.der);
    free(pck_crl.der);
    return err;
}

static enum atls_err make_texts(struct atls_sim_intel *intel, const struct certs *c,
                                struct atls_diag *diag)
{
    enum atls_err err = add_pem(&intel->root_pem, der_of(&c->root), diag);
    if (err == ATLS_OK) {
        err = add_pem(&intel->chain_pem, der_of(&c->pck), diag);
    }
    if (err == ATLS_OK) {
        err = add_pem(&intel->chain_pem, der_of(&c->ca), diag);
    }
    if (err == ATLS_OK) {
        err = add_pem(&intel->chain_pem, der_of(&c->root), diag);
    }
    if (err == ATLS_OK) {
        err = add_pem(&intel->tcb_chain_pem, der_of(&c->tcb), diag);
    }
    return err == ATLS_OK ? add_pem(&intel->tcb_chain_pem, der_of(&c->root), diag) : err;
}

enum atls_err atls_sim_intel_make(struct atls_sim_intel *out, const struct atls_sim_quote *quote,
                                  struct atls_diag *diag)
{
    struct atls_sim_intel made;
    struct certs certs;
    memset(&made, 0, sizeof made);
    memset(&certs, 0, sizeof certs);
    struct atls_key **const keys[] = {&made.root, &made.ca, &made.pck, &made.tcb};
    enum atls_err err = ATLS_OK;
    for (size_t i = 0; err == ATLS_OK && i < ATLS_ARRAY_LEN(keys); i++) {
        err = atls_key_generate(keys[i], ATLS_CRV_P256, diag);
    }
    if (err == ATLS_OK) {
        err = issue_all(&certs, &made, &quote->platform, diag);
    }
    if (err == ATLS_OK) {
        err = make_texts(&made, &certs, diag);
    }
    if (err == ATLS_OK) {
        err = make_collateral(&made, &certs, quote, diag);
    }
    certs_cleanup(&certs);
    if (err != ATLS_OK) {
        atls_sim_intel_cleanup(&made);
        return err;
    }
    *out = made;
    return ATLS_OK;
}

static enum atls_err put_signature(struct atls_writer *w, const struct atls_key *key,
                                   struct atls_bytes covered, struct atls_diag *diag)
{
    uint8_t octets[64];
    const struct atls_buf room = {octets, sizeof octets};
    size_t len = 0;
    const enum atls_err err =
        atls_crypto_openssl()->sign(ATLS_ALG_ES256, key, &covered, 1, room, &len);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "signature");
    }
    atls_write_bytes(w, atls_bytes_of(octets, len));
    return ATLS_OK;
}

/* put_vouched writes the quoting enclave's report over the key, and its signature. */
static enum atls_err put_vouched(struct atls_writer *w, const struct atls_sim_intel *intel,
                                 const struct atls_sim_quote *quote, struct atls_bytes key,
                                 struct atls_diag *diag)
{
    uint8_t report_data[64] = {0};
    uint8_t hashed[64 + sizeof quote->qe_auth];
    uint8_t report[ATLS_SIM_QUOTE_REPORT_LEN];
    struct atls_digest digest;
    const size_t auth_len = (size_t)quote->qe_auth_len;
    const struct atls_buf room = {report, sizeof report};
    if (auth_len > sizeof quote->qe_auth) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "qe.auth-len", NULL, "at most 64");
    }
    memcpy(hashed, key.data, 64);
    memcpy(&hashed[64], quote->qe_auth, auth_len);
    enum atls_err err =
        atls_crypto_openssl()->hash(ATLS_ALG_SHA256, atls_bytes_of(hashed, 64 + auth_len), &digest);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "report_data");
    }
    memcpy(report_data, digest.data, digest.len);
    struct atls_writer body = atls_writer_of(room);
    atls_sim_quote_put_enclave(&body, &quote->qe, atls_bytes_of(report_data, sizeof report_data));
    atls_write_bytes(w, atls_bytes_of(report, body.len));
    err = put_signature(w, intel->pck, atls_bytes_of(report, body.len), diag);
    atls_sim_put_le16(w, auth_len);
    atls_write_bytes(w, atls_bytes_of(quote->qe_auth, auth_len));
    return err;
}

enum atls_err atls_sim_certification(struct atls_writer *w, const struct atls_sim_intel *intel,
                                     const struct atls_sim_quote *quote, const struct atls_key *key,
                                     struct atls_diag *diag)
{
    const struct atls_bytes point = atls_key_point(key);
    const struct atls_bytes chain = atls_bytes_text(intel->chain_pem);
    const size_t inner =
        ATLS_SIM_QUOTE_REPORT_LEN + 64 + 2 + (size_t)quote->qe_auth_len + 6 + chain.len;
    const struct atls_bytes octets = atls_bytes_of(&point.data[1], point.len - 1); /* behind 04 */
    atls_write_bytes(w, octets);
    if (quote->version != 3) {
        atls_sim_put_le16(w, 6); /* report of the quoting enclave */
        atls_sim_put_le32(w, inner);
    }
    const enum atls_err err = put_vouched(w, intel, quote, octets, diag);
    atls_sim_put_le16(w, 5); /* PCK chain */
    atls_sim_put_le32(w, chain.len);
    atls_write_bytes(w, chain);
    return err;
}

enum atls_err atls_sim_quote_sign(struct atls_writer *w, const struct atls_sim_quote *quote,
                                  const struct atls_key *key, struct atls_bytes certification,
                                  struct atls_bytes report_data, struct atls_diag *diag)
{
    uint8_t covered[1024];
    const struct atls_buf room = {covered, sizeof covered};
    struct atls_writer body = atls_writer_of(room);
    atls_sim_quote_put_covered(&body, quote, report_data);
    atls_write_bytes(w, atls_bytes_of(covered, body.len));
    atls_sim_put_le32(w, 64 + certification.len);
    const enum atls_err err = put_signature(w, key, atls_bytes_of(covered, body.len), diag);
    atls_write_bytes(w, certification);
    return err;
}
