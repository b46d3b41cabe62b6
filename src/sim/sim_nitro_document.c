/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/sim_nitro_document.h"

#include "base/span.h"
#include "codec/cose.h"
#include "crypto/crypto.h"
#include "crypto/issue.h"

#include <stdlib.h>

static const char step[] = "sim-nitro";

#define AUTHORITY_S (INT64_C(3652) * 86400)
/* AWS backdates the certificate of an enclave by some seconds; a peer's clock may be behind too. */
#define BACKDATED_S 60

static const struct atls_bytes none = {NULL, 0};

static void cert_cleanup(struct atls_sim_nitro_cert *cert)
{
    free(cert->der);
    memset(cert, 0, sizeof *cert);
}

void atls_sim_nitro_authorities_cleanup(struct atls_sim_nitro_authorities *authorities)
{
    for (size_t i = 0; i < ATLS_SIM_NITRO_AUTHORITIES; i++) {
        cert_cleanup(&authorities->certs[i]);
    }
    atls_key_free(authorities->key);
    authorities->key = NULL;
}

void atls_sim_nitro_leaf_cleanup(struct atls_sim_nitro_leaf *leaf)
{
    cert_cleanup(&leaf->cert);
    atls_key_free(leaf->key);
    leaf->key = NULL;
}

static struct atls_bytes octets_of(const struct atls_sim_nitro_cert *cert)
{
    return atls_bytes_of(cert->der, cert->len);
}

/* How AWS builds its chains: names, path lengths and uses. The last lives for a day there. */
static const struct {
    const char *name;
    long path_len;
    unsigned usage;
} authorities[ATLS_SIM_NITRO_AUTHORITIES] = {
    {"atls simulation of aws.nitro-enclaves", ATLS_ISSUE_NO_PATH_LEN,
     ATLS_ISSUE_DIGITAL_SIGNATURE | ATLS_ISSUE_CERT_SIGN | ATLS_ISSUE_CRL_SIGN},
    {"region.aws.nitro-enclaves", 2,
     ATLS_ISSUE_DIGITAL_SIGNATURE | ATLS_ISSUE_CERT_SIGN | ATLS_ISSUE_CRL_SIGN},
    {"zonal.region.aws.nitro-enclaves", 1,
     ATLS_ISSUE_DIGITAL_SIGNATURE | ATLS_ISSUE_CERT_SIGN | ATLS_ISSUE_CRL_SIGN},
    {"instance.region.aws.nitro-enclaves", 0, ATLS_ISSUE_CERT_SIGN},
};

static enum atls_err new_serial(uint64_t *out, struct atls_diag *diag)
{
    uint8_t octets[7];
    const enum atls_err err = atls_random((struct atls_buf){octets, sizeof octets});
    *out = 1;
    for (size_t i = 0; i < sizeof octets; i++) {
        *out = *out << 8 | octets[i];
    }
    return err == ATLS_OK ? ATLS_OK : atls_fail(diag, err, step, "serial number");
}

/* issue certifies a new key; `issuer` NULL: itself. */
static enum atls_err issue(struct atls_sim_nitro_cert *out, struct atls_key **out_key,
                           struct atls_issue_spec *spec, const struct atls_sim_nitro_cert *issuer,
                           const struct atls_key *issuer_key, struct atls_diag *diag)
{
    ATLS_AUTO(atls_key_cleanup) struct atls_key *key = NULL;
    spec->signature = ATLS_CHAIN_ECDSA_SHA384;
    enum atls_err err = atls_key_generate(&key, ATLS_CRV_P384, diag);
    if (err == ATLS_OK) {
        err = new_serial(&spec->serial, diag);
    }
    const struct atls_issuer signer = {issuer != NULL ? octets_of(issuer) : none,
                                       issuer != NULL ? issuer_key : key};
    if (err == ATLS_OK) {
        err = atls_issue_cert(&out->der, &out->len, spec, key, &signer, diag);
    }
    if (err == ATLS_OK) {
        *out_key = key;
        key = NULL;
    }
    return err;
}

enum atls_err atls_sim_nitro_authorities_new(struct atls_sim_nitro_authorities *out, int64_t now_s,
                                             struct atls_diag *diag)
{
    struct atls_sim_nitro_authorities made = {.key = NULL};
    enum atls_err err = ATLS_OK;
    for (size_t i = 0; err == ATLS_OK && i < ATLS_SIM_NITRO_AUTHORITIES; i++) {
        struct atls_issue_spec spec = {.common_name = authorities[i].name,
                                       .not_before_s = now_s - BACKDATED_S,
                                       .not_after_s = now_s + AUTHORITY_S,
                                       .is_ca = true,
                                       .path_len = authorities[i].path_len,
                                       .usage = authorities[i].usage};
        struct atls_key *key = NULL;
        err =
            issue(&made.certs[i], &key, &spec, i == 0 ? NULL : &made.certs[i - 1], made.key, diag);
        if (err == ATLS_OK) {
            atls_key_free(made.key);
            made.key = key;
        }
    }
    if (err != ATLS_OK) {
        atls_sim_nitro_authorities_cleanup(&made);
        return err;
    }
    *out = made;
    return ATLS_OK;
}

enum atls_err atls_sim_nitro_leaf_new(struct atls_sim_nitro_leaf *out,
                                      const struct atls_sim_nitro_authorities *under,
                                      int64_t not_before_s, const char *module_id,
                                      struct atls_diag *diag)
{
    struct atls_sim_nitro_leaf made = {.not_before_s = not_before_s};
    struct atls_issue_spec spec = {.common_name = module_id,
                                   .not_before_s = not_before_s - BACKDATED_S,
                                   .not_after_s = not_before_s + ATLS_SIM_NITRO_LEAF_S,
                                   .path_len = ATLS_ISSUE_NO_PATH_LEN,
                                   .usage = ATLS_ISSUE_DIGITAL_SIGNATURE};
    const enum atls_err err =
        issue(&made.cert, &made.key, &spec, &under->certs[ATLS_SIM_NITRO_AUTHORITIES - 1],
              under->key, diag);
    if (err == ATLS_OK) {
        *out = made;
    }
    return err;
}

static void put_optional(struct atls_writer *w, const char *name, struct atls_bytes octets)
{
    atls_cbor_put_str(w, name);
    if (octets.len != 0) {
        atls_cbor_put_bytes(w, octets);
    } else {
        atls_cbor_put_null(w);
    }
}

static void put_pcrs(struct atls_writer *w, const struct atls_sim_nitro_claims *claims)
{
    static const uint8_t zeros[ATLS_SIM_NITRO_PCR_LEN] = {0};
    uint64_t num = 0;
    for (unsigned pcr = 0; pcr < ATLS_SIM_NITRO_NUM_PCRS; pcr++) {
        num += claims->pcrs >> pcr & 1;
    }
    atls_cbor_put_str(w, "pcrs");
    atls_cbor_put_map(w, num);
    for (unsigned pcr = 0; pcr < ATLS_SIM_NITRO_NUM_PCRS; pcr++) {
        if ((claims->pcrs >> pcr & 1) != 0) {
            const bool open = claims->debug && pcr <= 2;
            atls_cbor_put_uint(w, pcr);
            atls_cbor_put_bytes(w, atls_bytes_of(open ? zeros : claims->pcr[pcr], sizeof zeros));
        }
    }
}

/* put_payload writes the nine members in the order that the NSM has. */
static void put_payload(struct atls_writer *w, const struct atls_sim_nitro_statement *s)
{
    atls_cbor_put_map(w, 9);
    atls_cbor_put_str(w, "module_id");
    atls_cbor_put_str(w, s->claims->module_id);
    atls_cbor_put_str(w, "digest");
    atls_cbor_put_str(w, "SHA384");
    atls_cbor_put_str(w, "timestamp");
    atls_cbor_put_uint(w, (uint64_t)s->timestamp_ms);
    put_pcrs(w, s->claims);
    atls_cbor_put_str(w, "certificate");
    atls_cbor_put_bytes(w, octets_of(&s->leaf->cert));
    atls_cbor_put_str(w, "cabundle");
    atls_cbor_put_array(w, ATLS_SIM_NITRO_AUTHORITIES);
    for (size_t i = 0; i < ATLS_SIM_NITRO_AUTHORITIES; i++) {
        atls_cbor_put_bytes(w, octets_of(&s->authorities->certs[i]));
    }
    put_optional(w, "public_key", s->public_key);
    put_optional(w, "user_data",
                 atls_bytes_of(s->claims->user_data.data, s->claims->user_data.len));
    put_optional(w, "nonce", s->nonce);
}

enum atls_err atls_sim_nitro_document(uint8_t **out, size_t *out_len,
                                      const struct atls_sim_nitro_statement *statement,
                                      struct atls_diag *diag)
{
    struct atls_writer count = atls_writer_counting();
    put_payload(&count, statement);
    const size_t envelope_len = 160; /* heads, protected header and signature */
    uint8_t *payload = malloc(count.len);
    uint8_t *document = malloc(count.len + envelope_len);
    enum atls_err err = payload != NULL && document != NULL
                            ? ATLS_OK
                            : atls_fail(diag, ATLS_ERR_MEMORY, step, "Evidence");
    if (err == ATLS_OK) {
        struct atls_writer w = atls_writer_of((struct atls_buf){payload, count.len});
        put_payload(&w, statement);
        err = atls_cose_sign1_write(atls_crypto_openssl(),
                                    (struct atls_buf){document, count.len + envelope_len}, out_len,
                                    false, ATLS_ALG_ES384, statement->leaf->key, none, 0,
                                    atls_bytes_of(payload, count.len), diag);
    }
    free(payload);
    if (err != ATLS_OK) {
        free(document);
        return err;
    }
    *out = document;
    return ATLS_OK;
}
