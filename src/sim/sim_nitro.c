/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim-nitro: a Nitro Secure Module made of a file, under a root of its own. It has the form of one,
 * and none of its worth.
 */
#include "atls/sim.h"

#include "attester/attester.h"
#include "attester/written.h"
#include "base/formats.h"
#include "base/span.h"
#include "json/base64.h"
#include "json/comid_json.h"
#include "json/json.h"
#include "json/references.h"
#include "sim/sim_key.h"
#include "sim/sim_nitro_document.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

static const char step[] = "sim-nitro";

#define MS_PER_S 1000
/* A new certificate is made so long before the last one ends. */
#define RENEW_S        600
#define MAX_CERT_LEN   1024
#define MAX_PUBLIC_KEY 1024 /* of one field of the document */

struct sim_nitro {
    struct atls_sim_nitro_claims claims;
    struct atls_sim_nitro_authorities authorities;
    pthread_mutex_t lock; /* of the leaf: `attest` may be called from several threads */
    struct atls_sim_nitro_leaf leaf;
};

/* Each implementation defines its own struct atls_attester; here it is only ever a pointer to
 * this one. */
static struct sim_nitro *self_of(struct atls_attester *attester)
{
    return (struct sim_nitro *)(void *)attester;
}

static void sim_close(struct atls_attester *attester)
{
    if (attester != NULL) {
        struct sim_nitro *self = self_of(attester);
        atls_sim_nitro_leaf_cleanup(&self->leaf);
        atls_sim_nitro_authorities_cleanup(&self->authorities);
        (void)pthread_mutex_destroy(&self->lock);
        free(attester);
    }
}

static enum atls_err read_cert(struct atls_sim_nitro_cert *out, const json_t *value,
                               struct atls_diag *diag)
{
    struct atls_bytes text;
    const struct atls_buf room = {malloc(MAX_CERT_LEN), MAX_CERT_LEN};
    size_t len = 0;
    if (room.data == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    if (!atls_json_text_of(value, &text) || !atls_base64_decode(text, room, &len) || len == 0) {
        free(room.data);
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "cabundle", NULL,
                               "certificates in base64");
    }
    out->der = room.data;
    out->len = len;
    return ATLS_OK;
}

static enum atls_err read_bundle(struct sim_nitro *self, const json_t *root, struct atls_diag *diag)
{
    const json_t *list = NULL;
    enum atls_err err = atls_json_array(&list, root, "cabundle", step, diag);
    if (err == ATLS_OK && json_array_size(list) != ATLS_SIM_NITRO_AUTHORITIES) {
        err = atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "cabundle", "another number", "4");
    }
    for (size_t i = 0; err == ATLS_OK && i < ATLS_SIM_NITRO_AUTHORITIES; i++) {
        err = read_cert(&self->authorities.certs[i], json_array_get(list, i), diag);
    }
    return err;
}

static enum atls_err read_config(struct sim_nitro *self, const json_t *root, struct atls_diag *diag)
{
    static const char *const names[] = {"rot", "format", "key", "cabundle", "claims", NULL};
    const json_t *claims = NULL;
    enum atls_err err = atls_json_only_keys(root, names, step, diag);
    if (err == ATLS_OK) {
        err = atls_json_object(&claims, root, "claims", step, diag);
    }
    if (err == ATLS_OK) {
        err = atls_sim_nitro_claims_from_json(&self->claims, claims, diag);
    }
    if (err == ATLS_OK) {
        err = read_bundle(self, root, diag);
    }
    return err == ATLS_OK
               ? atls_sim_key_read(&self->authorities.key, root, ATLS_ALG_ES384, step, diag)
               : err;
}

static enum atls_err sim_open(struct atls_attester **out, struct atls_bytes config_json,
                              struct atls_diag *diag)
{
    ATLS_AUTO(atls_json_cleanup) json_t *root = NULL;
    enum atls_err err = atls_json_parse(&root, config_json, "attester.json", diag);
    if (err != ATLS_OK) {
        return atls_json_recode(err, ATLS_ERR_CONFIG, diag);
    }
    struct sim_nitro *self = calloc(1, sizeof *self);
    if (self == NULL || pthread_mutex_init(&self->lock, NULL) != 0) {
        free(self);
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "attester");
    }
    struct atls_attester *attester = (struct atls_attester *)(void *)self;
    err = atls_json_recode(read_config(self, root, diag), ATLS_ERR_CONFIG, diag);
    if (err != ATLS_OK) {
        sim_close(attester);
        return err;
    }
    *out = attester;
    return ATLS_OK;
}

static size_t sim_max_nonce(const struct atls_attester *attester)
{
    (void)attester;
    return ATLS_MAX_NONCE_LEN;
}

/* renew makes a certificate for `now_s`, unless the last one still is one. */
static enum atls_err renew(struct sim_nitro *self, int64_t now_s, struct atls_diag *diag)
{
    const int64_t age_s = now_s - self->leaf.not_before_s;
    if (self->leaf.key != NULL && age_s >= 0 && age_s < ATLS_SIM_NITRO_LEAF_S - RENEW_S) {
        return ATLS_OK;
    }
    struct atls_sim_nitro_leaf leaf;
    const enum atls_err err =
        atls_sim_nitro_leaf_new(&leaf, &self->authorities, now_s, self->claims.module_id, diag);
    if (err == ATLS_OK) {
        atls_sim_nitro_leaf_cleanup(&self->leaf);
        self->leaf = leaf;
    }
    return err;
}

static int64_t now_ms(const struct sim_nitro *self)
{
    return self->claims.timestamp_ms != 0 ? self->claims.timestamp_ms
                                          : (int64_t)time(NULL) * MS_PER_S;
}

/* make_document holds the lock throughout: it is a simulation, and need not be fast. */
static enum atls_err make_document(uint8_t **out, size_t *out_len, struct sim_nitro *self,
                                   struct atls_bytes nonce, struct atls_bytes public_key,
                                   struct atls_diag *diag)
{
    const int64_t made_ms = now_ms(self);
    const struct atls_sim_nitro_statement statement = {.claims = &self->claims,
                                                       .authorities = &self->authorities,
                                                       .leaf = &self->leaf,
                                                       .timestamp_ms = made_ms,
                                                       .nonce = nonce,
                                                       .public_key = public_key};
    (void)pthread_mutex_lock(&self->lock);
    enum atls_err err = renew(self, made_ms / MS_PER_S, diag);
    if (err == ATLS_OK) {
        err = atls_sim_nitro_document(out, out_len, &statement, diag);
    }
    (void)pthread_mutex_unlock(&self->lock);
    return err;
}

static enum atls_err sim_attest(struct atls_attester *attester, struct atls_buf out,
                                size_t *out_len, const struct atls_attest_request *request,
                                struct atls_diag *diag)
{
    static const struct atls_bytes none = {NULL, 0};
    uint8_t *document = NULL;
    size_t len = 0;
    const bool fits = request->spki.len <= MAX_PUBLIC_KEY;
    enum atls_err err = make_document(&document, &len, self_of(attester), request->nonce,
                                      fits ? request->spki : none, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_format *format = atls_format_by_name(atls_bytes_text("nitro"));
    err = atls_attester_put_evidence(out, out_len, format->media_type, atls_bytes_of(document, len),
                                     step, diag);
    free(document);
    return err;
}

static json_t *cert_json(const struct atls_sim_nitro_cert *cert)
{
    return atls_comid_base64(atls_bytes_of(cert->der, cert->len));
}

static json_t *bundle_json(const struct atls_sim_nitro_authorities *authorities)
{
    json_t *list = json_array();
    for (size_t i = 0; i < ATLS_SIM_NITRO_AUTHORITIES; i++) {
        atls_comid_append(&list, cert_json(&authorities->certs[i]));
    }
    return list;
}

static enum atls_err write_config(char **out, const struct sim_nitro *self, struct atls_diag *diag)
{
    char *pem = NULL;
    enum atls_err err = atls_key_to_private_pem(&pem, self->authorities.key, diag);
    if (err != ATLS_OK) {
        return err;
    }
    json_t *root = json_pack("{s:s, s:s, s:s, s:o, s:o}", "rot", "sim-nitro", "format", "nitro",
                             "key", pem, "cabundle", bundle_json(&self->authorities), "claims",
                             atls_sim_nitro_claims_to_json(&self->claims));
    atls_pem_free(pem);
    return atls_attester_config_text(out, root, step, diag);
}

/* pcrs_json is what describes the image: 0, 1, 2, and 8 where somebody signed it. */
static json_t *pcrs_json(const struct atls_sim_nitro_claims *claims)
{
    static const size_t indices[] = {0, 1, 2, 8};
    json_t *list = json_array();
    for (size_t i = 0; i < ATLS_ARRAY_LEN(indices); i++) {
        const struct atls_bytes value =
            atls_bytes_of(claims->pcr[indices[i]], ATLS_SIM_NITRO_PCR_LEN);
        if (!atls_is_zero(value)) { /* which no reference value may be */
            atls_comid_append(&list, atls_reference_pcr(indices[i], value));
        }
    }
    return list;
}

/* write_comid endorses the root, and the image unless nothing of it is measured. */
static enum atls_err write_comid(char **out, const struct sim_nitro *self, struct atls_diag *diag)
{
    json_t *measurements = pcrs_json(&self->claims);
    const bool is_measured = json_array_size(measurements) != 0;
    json_t *triples = json_pack(
        "{s:[{s:{s:{s:s, s:s}}, s:[{s:s, s:o}]}]}", "attester-verification-keys", "environment",
        "class", "vendor", "Amazon", "model", "aws.nitro-enclaves", "verification-keys", "type",
        "pkix-asn1der-cert", "value", cert_json(&self->authorities.certs[0]));
    json_t *references = atls_references_nitro(measurements);
    bool failed = triples == NULL || references == NULL;
    if (!failed && is_measured) {
        failed = json_object_set(triples, "reference-values", references) != 0;
    }
    json_decref(references);
    if (failed) {
        json_decref(triples);
        triples = NULL;
    }
    return atls_comid_of(out, triples, step, diag);
}

static enum atls_err provision_with(struct atls_provision *out, struct sim_nitro *self,
                                    const struct atls_provision_request *request,
                                    struct atls_diag *diag)
{
    struct atls_provision made = {.simulated = true};
    enum atls_err err = atls_sim_nitro_claims_init(&self->claims, diag);
    for (size_t i = 0; err == ATLS_OK && i < request->num_claims; i++) {
        err = atls_sim_nitro_claims_set(&self->claims, request->claims[i], diag);
    }
    if (err == ATLS_OK) {
        err = atls_sim_nitro_authorities_new(&self->authorities, now_ms(self) / MS_PER_S, diag);
    }
    if (err == ATLS_OK) {
        err = write_config(&made.config_json, self, diag);
    }
    if (err == ATLS_OK) {
        err = write_comid(&made.comid_json, self, diag);
    }
    if (err != ATLS_OK) {
        atls_provision_cleanup(&made);
        return err;
    }
    *out = made;
    return ATLS_OK;
}

static enum atls_err sim_provision(struct atls_provision *out,
                                   const struct atls_provision_request *request,
                                   struct atls_diag *diag)
{
    struct sim_nitro *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "claims");
    }
    const enum atls_err err = provision_with(out, self, request, diag);
    atls_sim_nitro_authorities_cleanup(&self->authorities);
    free(self);
    return err;
}

const struct atls_attester_ops atls_attester_sim_nitro = {
    .abi = ATLS_ATTESTER_ABI,
    .size = (uint32_t)sizeof(struct atls_attester_ops),
    .name = "sim-nitro",
    .format = "nitro",
    .simulated = true,
    .computes = true,
    .open = sim_open,
    .close = sim_close,
    .max_nonce = sim_max_nonce,
    .attest = sim_attest,
    .load_key = atls_attester_no_key,
    .provision = sim_provision,
};
