/* SPDX-License-Identifier: Apache-2.0 */
/* sim-snp: an SEV-SNP guest and its firmware made of a file. It has the form of one, under an ARK
 * of its own, and none of its worth. */
#include "atls/sim.h"

#include "attester/attester.h"
#include "attester/written.h"
#include "base/formats.h"
#include "base/span.h"
#include "codec/tsm_report.h"
#include "json/base64.h"
#include "json/comid_json.h"
#include "json/json.h"
#include "sim/sim_key.h"
#include "sim/sim_snp_chain.h"
#include "sim/sim_snp_comid.h"

#include <stdlib.h>
#include <time.h>

static const char step[] = "sim-snp";

enum { MAX_TABLE_LEN = 16384 };

struct sim_snp {
    struct atls_key *key;
    uint8_t report[ATLS_SIM_SNP_SIGNED_LEN];
    uint8_t table[MAX_TABLE_LEN];
    size_t table_len;
};

static struct sim_snp *self_of(struct atls_attester *attester)
{
    return (struct sim_snp *)(void *)attester;
}

static void snp_close(struct atls_attester *attester)
{
    if (attester != NULL) {
        atls_key_free(self_of(attester)->key);
        free(attester);
    }
}

static enum atls_err read_table(struct sim_snp *self, const json_t *root, struct atls_diag *diag)
{
    struct atls_bytes text = {NULL, 0};
    const struct atls_buf room = {self->table, sizeof self->table};
    enum atls_err err = atls_json_text(&text, root, "certificates", step, diag);
    if (err == ATLS_OK && !atls_base64_decode(text, room, &self->table_len)) {
        err = atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "certificates", "another form",
                              "base64 of at most 16384 octets");
    }
    return err;
}

static enum atls_err read_config(struct sim_snp *self, const json_t *root, struct atls_diag *diag)
{
    static const char *const names[] = {"rot", "format", "key", "report", "certificates", NULL};
    const struct atls_buf report = {self->report, sizeof self->report};
    size_t len = 0;
    enum atls_err err = atls_json_only_keys(root, names, step, diag);
    if (err == ATLS_OK) {
        err = atls_json_hex(report, &len, sizeof self->report, root, "report", step, diag);
    }
    if (err == ATLS_OK) {
        err = read_table(self, root, diag);
    }
    return err == ATLS_OK ? atls_sim_key_read(&self->key, root, ATLS_ALG_ES384, step, diag) : err;
}

static enum atls_err snp_open(struct atls_attester **out, struct atls_bytes config_json,
                              struct atls_diag *diag)
{
    ATLS_AUTO(atls_json_cleanup) json_t *root = NULL;
    enum atls_err err = atls_json_parse(&root, config_json, "attester.json", diag);
    if (err != ATLS_OK) {
        return atls_json_recode(err, ATLS_ERR_CONFIG, diag);
    }
    struct sim_snp *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "attester");
    }
    struct atls_attester *attester = (struct atls_attester *)(void *)self;
    err = atls_json_recode(read_config(self, root, diag), ATLS_ERR_CONFIG, diag);
    if (err != ATLS_OK) {
        snp_close(attester);
        return err;
    }
    *out = attester;
    return ATLS_OK;
}

static size_t snp_max_nonce(const struct atls_attester *attester)
{
    (void)attester;
    return ATLS_MAX_NONCE_LEN;
}

static enum atls_err snp_attest(struct atls_attester *attester, struct atls_buf out,
                                size_t *out_len, const struct atls_attest_request *request,
                                struct atls_diag *diag)
{
    const struct sim_snp *self = self_of(attester);
    uint8_t report[ATLS_SIM_SNP_REPORT_LEN];
    if (request->nonce.len == 0 || request->nonce.len > ATLS_MAX_NONCE_LEN) {
        return atls_fail_texts(diag, ATLS_ERR_NONCE_LENGTH, step, "REPORT_DATA",
                               "none, or more octets", "1 to 64 octets");
    }
    const enum atls_err err =
        atls_sim_snp_sign(report, self->report, self->key, request->nonce, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_tsm_report map = {
        .provider = atls_bytes_text(ATLS_TSM_SEV_GUEST),
        .outblob = atls_bytes_of(report, sizeof report),
        .auxblob = atls_bytes_of(self->table, self->table_len),
    };
    uint8_t *value = malloc(sizeof report + self->table_len + 128);
    if (value == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "Evidence");
    }
    const struct atls_buf room = {value, sizeof report + self->table_len + 128};
    struct atls_writer inner = atls_writer_of(room);
    size_t len = 0;
    atls_tsm_report_put(&inner, &map);
    enum atls_err done = atls_writer_finish(&inner, &len)
                             ? ATLS_OK
                             : atls_fail(diag, ATLS_ERR_BUFFER, step, "Evidence");
    if (done == ATLS_OK) {
        done = atls_attester_put_evidence(out, out_len,
                                          atls_format_by_name(atls_bytes_text("snp"))->media_type,
                                          atls_bytes_of(value, len), step, diag);
    }
    free(value);
    return done;
}

static enum atls_err write_config(char **out, const struct atls_sim_snp *snp,
                                  const struct atls_sim_snp_chain *chain,
                                  const struct atls_key *key, struct atls_diag *diag)
{
    char *pem = NULL;
    enum atls_err err = atls_key_to_private_pem(&pem, key, diag);
    if (err != ATLS_OK) {
        return err;
    }
    char *report = atls_hex_new(atls_bytes_of(snp->report, sizeof snp->report));
    char *table = atls_base64_new(atls_bytes_of(chain->table, chain->table_len));
    json_t *root = json_pack("{s:s, s:s, s:s, s:s, s:s}", "rot", "sim-snp", "format", "snp", "key",
                             pem, "report", report, "certificates", table);
    free(report);
    free(table);
    atls_pem_free(pem);
    return atls_attester_config_text(out, root, step, diag);
}

/* make_keys: those of ARK and ASK sign once and are forgotten. */
static enum atls_err make_keys(struct atls_sim_snp_maker *maker, struct atls_diag *diag)
{
    enum { MAKER_RSA_BITS = 2048 };
    enum atls_err err = atls_key_generate_rsa(&maker->keys[ATLS_SIM_SNP_ARK], MAKER_RSA_BITS, diag);
    if (err == ATLS_OK) {
        err = atls_key_generate_rsa(&maker->keys[ATLS_SIM_SNP_ASK], MAKER_RSA_BITS, diag);
    }
    return err == ATLS_OK ? atls_key_generate(&maker->keys[ATLS_SIM_SNP_LEAF], ATLS_CRV_P384, diag)
                          : err;
}

static enum atls_err provision_with(struct atls_provision *out,
                                    const struct atls_sim_snp_maker *maker,
                                    const struct atls_sim_snp *snp, struct atls_diag *diag)
{
    struct atls_sim_snp_chain chain = {NULL, NULL, 0};
    struct atls_provision made = {.simulated = true};
    enum atls_err err = atls_sim_snp_chain_make(&chain, snp, maker, diag);
    if (err == ATLS_OK) {
        err = write_config(&made.config_json, snp, &chain, maker->keys[ATLS_SIM_SNP_LEAF], diag);
    }
    if (err == ATLS_OK) {
        err = atls_comid_of(&made.comid_json, atls_sim_snp_triples(snp, chain.ark_pem), step, diag);
    }
    atls_sim_snp_chain_cleanup(&chain);
    if (err != ATLS_OK) {
        atls_provision_cleanup(&made);
        return err;
    }
    *out = made;
    return ATLS_OK;
}

static enum atls_err snp_provision(struct atls_provision *out,
                                   const struct atls_provision_request *request,
                                   struct atls_diag *diag)
{
    struct atls_sim_snp snp;
    struct atls_sim_snp_maker maker = {.now_s = (int64_t)time(NULL),
                                       .parts = ATLS_SIM_SNP_ALL_PARTS};
    enum atls_err err = atls_sim_snp_init(&snp, request->claims, request->num_claims, diag);
    if (err == ATLS_OK) {
        err = make_keys(&maker, diag);
    }
    if (err == ATLS_OK) {
        err = provision_with(out, &maker, &snp, diag);
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(maker.keys); i++) {
        atls_key_free(maker.keys[i]);
    }
    return err;
}

const struct atls_attester_ops atls_attester_sim_snp = {
    .abi = ATLS_ATTESTER_ABI,
    .size = (uint32_t)sizeof(struct atls_attester_ops),
    .name = "sim-snp",
    .format = "snp",
    .simulated = true,
    .computes = true,
    .padded_len = ATLS_MAX_NONCE_LEN,
    .open = snp_open,
    .close = snp_close,
    .max_nonce = snp_max_nonce,
    .attest = snp_attest,
    .load_key = atls_attester_no_key,
    .provision = snp_provision,
};
