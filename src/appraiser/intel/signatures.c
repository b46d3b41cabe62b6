/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signatures of a quote: root -> PCK certificate -> report of the quoting enclave ->
 * attestation key -> quote. Certificates come from the quote itself, and count for what their root
 * is worth; what is revoked, and what Intel says of the platform, comes from the collateral.
 */
#include "appraiser/intel/verified.h"

#include "appraiser/input.h"
#include "appraiser/intel/unverified.h"
#include "base/diag.h"
#include "base/span.h"
#include "crypto/key.h"
#include "crypto/pem.h"
#include "crypto/verified.h"

#include <stdlib.h>
#include <string.h>

/* Certificates of a PCK chain, the root counted. */
#define MAX_CERTS 4

struct atls_quote_verified {
    struct atls_quote_facts facts;
    struct atls_bytes key; /* x || y */
    struct atls_chain *chain;
};

void atls_quote_verified_free(struct atls_quote_verified *verified)
{
    if (verified != NULL) {
        atls_chain_release(verified->chain);
    }
    free(verified);
}

void atls_quote_verified_cleanup(struct atls_quote_verified **verified)
{
    atls_quote_verified_free(*verified);
}

const struct atls_quote_facts *atls_quote_facts(const struct atls_quote_verified *verified)
{
    return &verified->facts;
}

/* The certificates of a quote, decoded into one block of memory. */
struct certs {
    uint8_t *memory;
    struct atls_bytes der[MAX_CERTS];
    size_t num;
};

static enum atls_err bad_chain(const char *found, struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE,
                           "quote.certification_data", found, "2 to 4 certificates in PEM");
}

static enum atls_err read_certs(struct certs *out, struct atls_bytes pem, struct atls_diag *diag)
{
    struct atls_pem_block block;
    size_t used = 0;
    enum atls_pem_found found;
    out->memory = malloc(pem.len + 1); /* base64 is longer than what it stands for */
    if (out->memory == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_STEP_STRUCTURE, "quote.certification_data");
    }
    while ((found = atls_pem_next(&pem, &block)) == ATLS_PEM_BLOCK) {
        const struct atls_buf room = {&out->memory[used], block.body.len};
        size_t len = 0;
        if (out->num == MAX_CERTS || !atls_bytes_is_text(block.label, "CERTIFICATE")) {
            return bad_chain("something else, or more", diag);
        }
        if (!atls_pem_decode(&block, room, &len)) {
            return bad_chain("a block that is no base64", diag);
        }
        out->der[out->num++] = atls_bytes_of(&out->memory[used], len);
        used += len;
    }
    return found == ATLS_PEM_END && out->num >= 2 ? ATLS_OK : bad_chain("fewer", diag);
}

static enum atls_err other_name(const char *claim, const char *found, const char *expected,
                                struct atls_diag *diag)
{
    atls_fail_texts(diag, ATLS_ERR_CHAIN, ATLS_STEP_SIGNATURE, claim, NULL, expected);
    atls_diag_found_text(diag, found);
    return ATLS_ERR_CHAIN;
}

/* Under one root Intel signs PCK certificates and TCB info: neither may stand for the other. */
static enum atls_err check_names(const struct atls_chain *chain, struct atls_diag *diag)
{
    const char *leaf = atls_x509_common_name(atls_chain_cert(chain, 0));
    const char *issuer = atls_x509_common_name(atls_chain_cert(chain, 1));
    if (strstr(leaf, "SGX PCK Certificate") == NULL) {
        return other_name("PCK certificate.subject", leaf, "SGX PCK Certificate", diag);
    }
    if (strstr(issuer, "SGX PCK Platform CA") == NULL &&
        strstr(issuer, "SGX PCK Processor CA") == NULL) {
        return other_name("PCK certificate.issuer", issuer,
                          "SGX PCK Platform CA or SGX PCK Processor CA", diag);
    }
    return ATLS_OK;
}

/* make_chain takes the certificates in the order of the chain. Some quoting libraries wrote the
 * root in front of its CA, which Intel's own library takes; so they are tried in that order, too.
 */
static enum atls_err make_chain(struct atls_quote_verified *v, struct certs *certs,
                                const struct atls_collateral_scope *scope, struct atls_diag *diag)
{
    enum atls_err err = atls_collateral_chain(&v->chain, &v->facts.root, scope, certs->der,
                                              certs->num, &atls_chain_pck, diag);
    if (err == ATLS_ERR_CHAIN && certs->num == 3) {
        const struct atls_bytes swapped[] = {certs->der[0], certs->der[2], certs->der[1]};
        err = atls_collateral_chain(&v->chain, &v->facts.root, scope, swapped, 3, &atls_chain_pck,
                                    NULL) == ATLS_OK
                  ? ATLS_OK
                  : err;
    }
    return atls_evidence_recode(err, diag);
}

static enum atls_err check_chain(struct atls_quote_verified *v,
                                 const struct atls_quote_parsed *parsed,
                                 const struct atls_collateral_scope *scope, struct atls_diag *diag)
{
    struct certs certs = {.memory = NULL};
    enum atls_err err = read_certs(&certs, parsed->pck_chain, diag);
    if (err == ATLS_OK) {
        err = make_chain(v, &certs, scope, diag);
    }
    free(certs.memory);
    return err == ATLS_OK ? check_names(v->chain, diag) : err;
}

static enum atls_err check_revoked(const struct atls_quote_verified *v,
                                   const struct atls_collateral_scope *scope,
                                   struct atls_diag *diag)
{
    enum atls_err err = ATLS_OK;
    for (size_t i = 0; err == ATLS_OK && i + 1 < atls_chain_len(v->chain); i++) {
        err = atls_collateral_check_revoked(scope, v->chain, i, diag);
    }
    return err;
}

static enum atls_err unless_verified(enum atls_err err, const char *claim, const char *expected,
                                     struct atls_diag *diag)
{
    return err == ATLS_OK ? ATLS_OK
                          : atls_fail_texts(diag, err, ATLS_STEP_SIGNATURE, claim,
                                            "one that does not verify", expected);
}

/* The report of the quoting enclave certifies its key: it is made once, and comes with each quote
 * of that key, like a certificate. That it verifies may be remembered; of a quote it never is. */
static enum atls_err check_report(const struct atls_chain *chain,
                                  const struct atls_quote_parsed *parsed, struct atls_diag *diag)
{
    const struct atls_signed_octets report = atls_signed_octets(parsed->qe_report);
    return unless_verified(
        atls_verified_by(atls_chain_cert(chain, 0), ATLS_ALG_ES256, &report, parsed->qe_signature),
        "qe_report.signature", "one by the key of the PCK certificate", diag);
}

/* The quoting enclave vouches for its key: SHA-256 of key and its own data, then zeros. */
static enum atls_err check_key_hash(const struct atls_quote_parsed *parsed,
                                    const struct atls_crypto_ops *crypto, struct atls_diag *diag)
{
    struct atls_hash state;
    struct atls_digest digest;
    memset(&state, 0, sizeof state);
    enum atls_err err = crypto->hash_init(&state, ATLS_ALG_SHA256);
    if (err == ATLS_OK) {
        err = crypto->hash_update(&state, parsed->key);
    }
    if (err == ATLS_OK) {
        err = crypto->hash_update(&state, parsed->qe_auth);
    }
    if (err == ATLS_OK) {
        err = crypto->hash_peek(&state, &digest);
    }
    crypto->hash_cleanup(&state);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, ATLS_STEP_SIGNATURE, "qe_report.report_data");
    }
    const struct atls_bytes data = parsed->qe.report_data;
    const struct atls_bytes found = atls_bytes_of(data.data, digest.len);
    const struct atls_bytes rest = atls_bytes_of(&data.data[digest.len], data.len - digest.len);
    if (atls_bytes_equal(found, atls_digest_bytes(&digest)) && atls_is_zero(rest)) {
        return ATLS_OK;
    }
    return atls_fail_texts(diag, ATLS_ERR_SIGNATURE, ATLS_STEP_SIGNATURE, "qe_report.report_data",
                           "another value", "the hash of the attestation key of this quote");
}

static enum atls_err check_quote(const struct atls_quote_parsed *parsed,
                                 const struct atls_crypto_ops *crypto, struct atls_diag *diag)
{
    uint8_t point[65] = {0x04};
    ATLS_AUTO(atls_key_cleanup) struct atls_key *key = NULL;
    memcpy(&point[1], parsed->key.data, parsed->key.len);
    const enum atls_err err =
        atls_key_from_ec_point(&key, ATLS_CRV_P256, atls_bytes_of(point, sizeof point), diag);
    if (err == ATLS_ERR_MALFORMED) {
        return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE,
                               "quote.attestation_key", "no point of P-256", "x and y of one");
    }
    return err == ATLS_OK
               ? unless_verified(
                     crypto->verify(ATLS_ALG_ES256, key, &parsed->covered, 1, parsed->signature),
                     "quote.signature", "one by the attestation key of the quoting enclave", diag)
               : err;
}

/* Intel's files of one root do not speak of platforms of another: neither those of a simulation of
 * Intel's, nor those of one maker of another's. */
static enum atls_err check_root(const struct atls_root *root, const struct atls_root *other,
                                const char *claim, struct atls_diag *diag)
{
    const struct atls_bytes key = atls_bytes_of(root->spki_sha256, sizeof root->spki_sha256);
    if (atls_bytes_equal(key, atls_bytes_of(other->spki_sha256, sizeof other->spki_sha256))) {
        return ATLS_OK;
    }
    return atls_fail_texts(diag, ATLS_ERR_COLLATERAL, ATLS_STEP_ENDORSEMENT, claim,
                           "one of another root", "one of the root of the PCK certificate");
}

static enum atls_err judge_platform(struct atls_quote_facts *facts,
                                    const struct atls_collateral_scope *scope,
                                    struct atls_diag *diag)
{
    const bool is_td = facts->body.tee == ATLS_TEE_TDX;
    struct atls_quote_platform platform = {
        .pck = &facts->pck, .body = &facts->body, .qe = &facts->qe};
    struct atls_root root;
    enum atls_err err = atls_collateral_tcb_info(
        &platform.info, &root, scope, atls_bytes_of(facts->pck.fmspc, sizeof facts->pck.fmspc),
        is_td ? ATLS_INTEL_TDX : ATLS_INTEL_SGX, diag);
    if (err == ATLS_OK) {
        err = check_root(&facts->root, &root, "tcbInfo", diag);
    }
    if (err == ATLS_OK) {
        err = atls_collateral_identity(&platform.identity, &root, scope,
                                       is_td ? ATLS_INTEL_TD_QE : ATLS_INTEL_QE, diag);
    }
    if (err == ATLS_OK) {
        err = check_root(&facts->root, &root, "enclaveIdentity", diag);
    }
    return err == ATLS_OK ? atls_quote_tcb_evaluate(&facts->tcb, &platform, diag) : err;
}

/* check_signed follows the signatures below the PCK certificate. */
static enum atls_err check_signed(const struct atls_chain *chain,
                                  const struct atls_quote_parsed *parsed,
                                  const struct atls_crypto_ops *crypto, struct atls_diag *diag)
{
    enum atls_err err = check_report(chain, parsed, diag);
    if (err == ATLS_OK) {
        err = check_key_hash(parsed, crypto, diag);
    }
    return err == ATLS_OK ? check_quote(parsed, crypto, diag) : err;
}

static enum atls_err verify(struct atls_quote_verified *v, const struct atls_quote_parsed *parsed,
                            const struct atls_crypto_ops *crypto,
                            const struct atls_collateral_scope *scope, struct atls_diag *diag)
{
    enum atls_err err = check_chain(v, parsed, scope, diag);
    if (err == ATLS_OK) {
        err = check_revoked(v, scope, diag);
    }
    if (err == ATLS_OK) {
        err = atls_pck_read(&v->facts.pck, atls_chain_cert(v->chain, 0), diag);
    }
    if (err == ATLS_OK) {
        err = check_signed(v->chain, parsed, crypto, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    v->facts.body = parsed->body;
    v->facts.qe = parsed->qe;
    v->key = parsed->key;
    return judge_platform(&v->facts, scope, diag);
}

enum atls_err atls_quote_verify(struct atls_quote_verified **out,
                                const struct atls_quote_parsed *parsed,
                                const struct atls_crypto_ops *crypto,
                                const struct atls_collateral_scope *scope, struct atls_diag *diag)
{
    struct atls_quote_verified *verified = calloc(1, sizeof *verified);
    if (verified == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_STEP_SIGNATURE, "quote");
    }
    const enum atls_err err = verify(verified, parsed, crypto, scope, diag);
    if (err != ATLS_OK) {
        atls_quote_verified_free(verified);
        return err;
    }
    *out = verified;
    return ATLS_OK;
}

enum atls_err atls_quote_check_signatures(const struct atls_quote_parsed *parsed,
                                          const struct atls_crypto_ops *crypto,
                                          const struct atls_collateral_scope *scope,
                                          struct atls_diag *diag)
{
    struct atls_quote_verified *verified = calloc(1, sizeof *verified);
    if (verified == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_STEP_SIGNATURE, "quote");
    }
    enum atls_err err = check_chain(verified, parsed, scope, diag);
    if (err == ATLS_OK) {
        err = check_signed(verified->chain, parsed, crypto, diag);
    }
    atls_quote_verified_free(verified);
    return err;
}

struct atls_bytes atls_quote_root_key(const struct atls_quote_verified *verified)
{
    const struct atls_chain *chain = verified->chain;
    return atls_x509_spki(atls_chain_cert(chain, atls_chain_len(chain) - 1));
}

void atls_quote_identities(struct atls_identities *out, const struct atls_quote_verified *verified,
                           const struct atls_crypto_ops *crypto)
{
    const struct atls_pck *pck = &verified->facts.pck;
    const struct atls_bytes ppid = atls_bytes_of(pck->ppid, sizeof pck->ppid);
    atls_identities_add(out, ATLS_REVOKED_UEID, "PPID", ppid);
    atls_identities_add(out, ATLS_REVOKED_CHIP, "PPID", ppid);
    if (pck->has_instance) {
        atls_identities_add(out, ATLS_REVOKED_UEID, "Platform Instance ID",
                            atls_bytes_of(pck->instance, sizeof pck->instance));
    }
    for (size_t i = 0; i < atls_chain_len(verified->chain); i++) {
        const struct atls_x509 *cert = atls_chain_cert(verified->chain, i);
        atls_identities_add_serial(out, i == 0 ? "PCK certificate" : "certificate of an authority",
                                   atls_x509_serial(cert));
        atls_identities_add_key(out, ATLS_REVOKED_SPKI, i == 0 ? "PCK" : "key of an authority",
                                crypto, atls_x509_spki(cert));
    }
}
