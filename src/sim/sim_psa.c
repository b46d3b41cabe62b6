/* SPDX-License-Identifier: Apache-2.0 */
/* sim-psa: a PSA root of trust made of a file. It has the form of one, and none of its worth. */
#include "atls/sim.h"

#include "attester/attester.h"
#include "attester/written.h"
#include "base/formats.h"
#include "base/span.h"
#include "codec/cose.h"
#include "crypto/crypto.h"
#include "crypto/key.h"
#include "json/json.h"
#include "sim/sim_key.h"
#include "sim/sim_token.h"

#include <stdlib.h>

static const char step[] = "sim-psa";

/* Room for tag, headers and ES256 signature around the claims set. */
#define ENVELOPE_LEN 128

struct sim_psa {
    struct atls_key *key;
    struct atls_sim_claims claims;
};

/* Each implementation defines its own struct atls_attester; here it is only ever a pointer to
 * this one. */
static struct sim_psa *self_of(struct atls_attester *attester)
{
    return (struct sim_psa *)(void *)attester;
}

static void sim_close(struct atls_attester *attester)
{
    if (attester != NULL) {
        atls_key_free(self_of(attester)->key);
        free(attester);
    }
}

static enum atls_err read_config(struct sim_psa *self, const json_t *root, struct atls_diag *diag)
{
    static const char *const names[] = {"rot", "format", "key", "claims", NULL};
    const json_t *claims = NULL;
    enum atls_err err = atls_json_only_keys(root, names, step, diag);
    if (err == ATLS_OK) {
        err = atls_json_object(&claims, root, "claims", step, diag);
    }
    if (err == ATLS_OK) {
        err = atls_sim_claims_from_json(&self->claims, claims, diag);
    }
    return err == ATLS_OK ? atls_sim_key_read(&self->key, root, ATLS_ALG_ES256, step, diag) : err;
}

static enum atls_err sim_open(struct atls_attester **out, struct atls_bytes config_json,
                              struct atls_diag *diag)
{
    ATLS_AUTO(atls_json_cleanup) json_t *root = NULL;
    enum atls_err err = atls_json_parse(&root, config_json, "attester.json", diag);
    if (err != ATLS_OK) {
        return atls_json_recode(err, ATLS_ERR_CONFIG, diag);
    }
    struct sim_psa *self = calloc(1, sizeof *self);
    if (self == NULL) {
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
    return 64; /* RFC 9783, 4.1.1 */
}

/* write_token signs the claims set in `token`, and wraps it as a CMW record. */
static enum atls_err write_token(const struct sim_psa *self, struct atls_bytes claims,
                                 struct atls_buf token, struct atls_buf out, size_t *out_len,
                                 struct atls_diag *diag)
{
    const struct atls_bytes no_headers = {NULL, 0};
    size_t len = 0;
    enum atls_err err =
        atls_cose_sign1_write(atls_crypto_openssl(), token, &len, true, ATLS_ALG_ES256, self->key,
                              no_headers, 0, claims, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_format *format = atls_format_by_name(atls_bytes_text("psa"));
    return atls_attester_put_evidence(out, out_len, format->media_type,
                                      atls_bytes_of(token.data, len), step, diag);
}

static enum atls_err sim_attest(struct atls_attester *attester, struct atls_buf out,
                                size_t *out_len, const struct atls_attest_request *request,
                                struct atls_diag *diag)
{
    const struct sim_psa *self = self_of(attester);
    if (request->nonce.len != 32 && request->nonce.len != 48 && request->nonce.len != 64) {
        atls_fail_texts(diag, ATLS_ERR_NONCE_LENGTH, step, "psa-nonce", NULL,
                        "32, 48 or 64 octets");
        atls_diag_found_int(diag, (int64_t)request->nonce.len);
        atls_diag_found_text(diag, " octets");
        return ATLS_ERR_NONCE_LENGTH;
    }
    struct atls_writer count = atls_writer_counting();
    atls_sim_put_claims(&count, &self->claims, request->nonce);
    uint8_t *room = malloc(2 * count.len + ENVELOPE_LEN);
    if (room == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "Evidence");
    }
    const struct atls_buf buf = {room, count.len};
    struct atls_writer w = atls_writer_of(buf);
    atls_sim_put_claims(&w, &self->claims, request->nonce);
    const struct atls_buf token = {&room[count.len], count.len + ENVELOPE_LEN};
    enum atls_err err =
        write_token(self, atls_bytes_of(room, count.len), token, out, out_len, diag);
    free(room);
    return err;
}

/* The instance-id of Arm's implementations: 01 and the hash of the uncompressed point. */
static enum atls_err default_instance(struct atls_sim_claims *claims, const struct atls_key *key,
                                      struct atls_diag *diag)
{
    struct atls_digest digest;
    enum atls_err err = atls_crypto_openssl()->hash(ATLS_ALG_SHA256, atls_key_point(key), &digest);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "instance-id");
    }
    claims->instance_id.data[0] = 0x01;
    memcpy(&claims->instance_id.data[1], digest.data, digest.len);
    claims->instance_id.len = 1 + digest.len;
    return ATLS_OK;
}

static enum atls_err choose_claims(struct atls_sim_claims *claims, const struct atls_key *key,
                                   const struct atls_provision_request *request,
                                   struct atls_diag *diag)
{
    enum atls_err err = atls_sim_claims_init(claims, diag);
    if (err == ATLS_OK) {
        err = default_instance(claims, key, diag);
    }
    if (err == ATLS_OK) {
        const struct atls_buf seed = {claims->boot_seed.data, 32};
        claims->boot_seed.len = 32;
        err = atls_random(seed);
    }
    for (size_t i = 0; err == ATLS_OK && i < request->num_claims; i++) {
        err = atls_sim_claims_set(claims, request->claims[i], diag);
    }
    return err;
}

static enum atls_err write_config(char **out, const struct atls_sim_claims *claims,
                                  const struct atls_key *key, struct atls_diag *diag)
{
    char *pem = NULL;
    enum atls_err err = atls_key_to_private_pem(&pem, key, diag);
    if (err != ATLS_OK) {
        return err;
    }
    json_t *root = json_pack("{s:s, s:s, s:s, s:o}", "rot", "sim-psa", "format", "psa", "key", pem,
                             "claims", atls_sim_claims_to_json(claims));
    atls_pem_free(pem);
    return atls_attester_config_text(out, root, step, diag);
}

static enum atls_err provision_with(struct atls_provision *out, struct atls_sim_claims *claims,
                                    const struct atls_key *key,
                                    const struct atls_provision_request *request,
                                    struct atls_diag *diag)
{
    struct atls_provision made = {.simulated = true};
    char *public_pem = NULL;
    enum atls_err err = choose_claims(claims, key, request, diag);
    if (err == ATLS_OK) {
        err = write_config(&made.config_json, claims, key, diag);
    }
    if (err == ATLS_OK) {
        err = atls_key_to_public_pem(&public_pem, key, diag);
    }
    if (err == ATLS_OK) {
        err = atls_sim_comid(&made.comid_json, claims, public_pem, diag);
    }
    atls_pem_free(public_pem);
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
    struct atls_sim_claims *claims = calloc(1, sizeof *claims);
    if (claims == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "claims");
    }
    ATLS_AUTO(atls_key_cleanup) struct atls_key *key = NULL;
    enum atls_err err = atls_key_generate(&key, ATLS_CRV_P256, diag);
    if (err == ATLS_OK) {
        err = provision_with(out, claims, key, request, diag);
    }
    free(claims);
    return err;
}

const struct atls_attester_ops atls_attester_sim_psa = {
    .abi = ATLS_ATTESTER_ABI,
    .size = (uint32_t)sizeof(struct atls_attester_ops),
    .name = "sim-psa",
    .format = "psa",
    .simulated = true,
    .computes = true,
    .open = sim_open,
    .close = sim_close,
    .max_nonce = sim_max_nonce,
    .attest = sim_attest,
    .load_key = atls_attester_no_key,
    .provision = sim_provision,
};
