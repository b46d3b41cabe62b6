/* SPDX-License-Identifier: Apache-2.0 */
#include "support/snp_maker.h"

#include "base/span.h"
#include "codec/tsm_report.h"
#include "json/base64.h"
#include "json/json.h"
#include "sim/sim_snp_comid.h"
#include "support/cbor.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>

static const char profile[] = "tag:amd.com,2024:snp-corim-profile";

static void need(bool holds, const char *what, const struct atls_diag *diag)
{
    if (!holds) {
        fprintf(stderr, "test SNP: %s %s %s %s\n", what, diag != NULL ? diag->claim : "",
                diag != NULL ? diag->found : "", diag != NULL ? diag->expected : "");
        exit(1);
    }
}

/* maker_keys: RSA keys take long to make, so that all of a program share them. */
static void maker_keys(struct atls_sim_snp_maker *maker)
{
    static struct atls_key *keys[ATLS_SIM_SNP_CRL];
    if (keys[0] == NULL) {
        keys[ATLS_SIM_SNP_ARK] = test_rsa_key(2048);
        keys[ATLS_SIM_SNP_ASK] = test_rsa_key(2048);
        keys[ATLS_SIM_SNP_LEAF] = test_key(ATLS_CRV_P384);
    }
    memcpy(maker->keys, keys, sizeof keys);
}

void test_snp_init(struct test_snp *s, const char *const *settings)
{
    struct atls_diag diag;
    char chip[7 + 1 + 128 + 1] = "chip_id=";
    const char *all[24] = {"report_id=d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1"
                           "d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1"};
    size_t num = 1;
    bool vlek = false, turin = false;
    memset(s, 0, sizeof *s);
    for (size_t i = 0; settings != NULL && settings[i] != NULL; i++) {
        vlek = vlek || strcmp(settings[i], "signing_key=vlek") == 0;
        turin = turin || strcmp(settings[i], "product=Turin") == 0;
    }
    for (size_t i = 0; i < 64; i++) {
        snprintf(&chip[8 + 2 * i], 3, vlek || (turin && i >= 8) ? "00" : "c1");
    }
    all[num++] = chip;
    for (size_t i = 0; settings != NULL && settings[i] != NULL; i++) {
        all[num++] = settings[i];
    }
    need(atls_sim_snp_init(&s->snp, all, num, &diag) == ATLS_OK, "init", &diag);
    maker_keys(&s->maker);
    s->maker.now_s = TEST_SNP_NOW;
    s->maker.parts = ATLS_SIM_SNP_ALL_PARTS;
    s->provider = ATLS_TSM_SEV_GUEST;
}

void test_snp_put(struct test_snp *s, size_t at, struct atls_bytes octets)
{
    need(at + octets.len <= sizeof s->snp.report, "put", NULL);
    memcpy(&s->snp.report[at], octets.data, octets.len);
}

struct atls_bytes test_snp_nonce(void)
{
    return test_fill(0x4e, 32);
}

struct atls_bytes test_snp_report(const struct test_snp *s)
{
    uint8_t report[ATLS_SIM_SNP_REPORT_LEN];
    struct atls_diag diag;
    const struct atls_key *key =
        s->other_signature ? test_key(ATLS_CRV_P384) : s->maker.keys[ATLS_SIM_SNP_LEAF];
    need(atls_sim_snp_sign(report, s->snp.report, key, test_snp_nonce(), &diag) == ATLS_OK, "sign",
         &diag);
    return test_copy(atls_bytes_of(report, sizeof report));
}

struct atls_bytes test_snp_table(const struct test_snp *s)
{
    struct atls_sim_snp_chain chain;
    struct atls_diag diag;
    need(atls_sim_snp_chain_make(&chain, &s->snp, &s->maker, &diag) == ATLS_OK, "chain", &diag);
    const struct atls_bytes table = test_copy(atls_bytes_of(chain.table, chain.table_len));
    atls_sim_snp_chain_cleanup(&chain);
    return table;
}

struct atls_bytes test_snp_wrap(const char *provider, struct atls_bytes report,
                                struct atls_bytes table)
{
    const struct atls_tsm_report map = {
        .provider = atls_bytes_text(provider), .outblob = report, .auxblob = table};
    const struct atls_buf room = test_room(report.len + table.len + 128);
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    atls_tsm_report_put(&w, &map);
    need(atls_writer_finish(&w, &len), "wrap", NULL);
    return test_copy(atls_bytes_of(room.data, len));
}

struct atls_bytes test_snp_evidence(const struct test_snp *s)
{
    return test_snp_wrap(s->provider, test_snp_report(s), test_snp_table(s));
}

/* add takes the triples. */
static void add(struct atls_endorsements *set, json_t *triples, bool simulated)
{
    static unsigned number;
    json_t *comid = json_pack("{s:{s:o},s:o}", "tag-identity", "id",
                              json_sprintf("snp-%u", number++), "triples", triples);
    char *text = atls_json_dump(comid);
    json_decref(comid);
    test_add_comid(set, text, profile, simulated);
    free(text);
}

static char *ark_of(const struct test_snp *s)
{
    struct atls_sim_snp_chain chain;
    struct atls_diag diag;
    need(atls_sim_snp_chain_make(&chain, &s->snp, &s->maker, &diag) == ATLS_OK, "ARK", &diag);
    char *pem = strdup(chain.ark_pem);
    atls_sim_snp_chain_cleanup(&chain);
    return pem;
}

void test_snp_add_root(struct atls_endorsements *set, const struct test_snp *s, const char *product,
                       bool simulated)
{
    char *pem = ark_of(s);
    add(set,
        json_pack("{s:[{s:{s:{s:s,s:o}},s:[{s:s,s:s}]}]}", "attester-verification-keys",
                  "environment", "class", "vendor", "Advanced Micro Devices", "model",
                  json_sprintf("ARK-%s", product), "verification-keys", "type", "pkix-base64-cert",
                  "value", pem),
        simulated);
    free(pem);
}

void test_snp_add_reference(struct atls_endorsements *set, const struct test_snp *s,
                            const char *measurements)
{
    char *instance = atls_base64_new(atls_sim_snp_field(&s->snp, "measurement"));
    add(set,
        json_pack("{s:[{s:{s:{s:{s:s,s:s}},s:{s:s,s:s}},s:o}]}", "reference-values", "environment",
                  "class", "id", "type", "oid", "value", "1.3.6.1.4.1.3704.3.1", "instance", "type",
                  "bytes", "value", instance, "measurements", json_loads(measurements, 0, NULL)),
        false);
    free(instance);
}

void test_snp_add_references(struct atls_endorsements *set, const struct test_snp *s)
{
    json_t *triples = atls_sim_snp_triples(&s->snp, "");
    json_object_del(triples, "attester-verification-keys");
    add(set, triples, false);
}

struct atls_endorsements *test_snp_endorsements(const struct test_snp *s, bool simulated)
{
    struct atls_endorsements *set = test_endorsements();
    char *pem = ark_of(s);
    add(set, atls_sim_snp_triples(&s->snp, pem), simulated);
    free(pem);
    return set;
}
