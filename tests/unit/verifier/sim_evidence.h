/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence of a simulated PSA root of trust, and the endorsements that go with it. */
#ifndef UNIT_VERIFIER_SIM_EVIDENCE_H
#define UNIT_VERIFIER_SIM_EVIDENCE_H

#include "support/check.h"
#include "support/memory.h"

#include "atls/sim.h"
#include "crypto/crypto.h"
#include "endorsement/corim_create.h"
#include "endorsement/endorsement.h"
#include "verifier/verifier.h"

#include <stdlib.h>

#define NOW_S 1780000000

static const uint8_t nonce_octets[32] = {0x0a, 0x0b, 0x0c};
static const uint8_t tls_spki_octets[] = {0x30, 0x00};

struct sim {
    struct atls_endorsements *endorsements;
    struct atls_bytes cmw; /* one record, labelled by its media type */
    struct atls_bytes token;
};

static inline struct atls_bytes sim_nonce(void)
{
    return atls_bytes_of(nonce_octets, sizeof nonce_octets);
}

static inline void sim_endorse(struct sim *sim, const struct atls_provision *provision)
{
    uint8_t *corim = NULL;
    size_t len = 0;
    const struct atls_format *psa = atls_format_by_name(atls_bytes_text("psa"));
    const struct atls_bytes comid = atls_bytes_text(provision->comid_json);
    assert_err(atls_corim_create(&corim, &len, &comid, 1, psa->corim_profile, true, NULL), OK);
    assert_err(atls_endorsements_new(&sim->endorsements, NULL), OK);
    assert_err(atls_endorsements_add_corim(sim->endorsements, atls_bytes_of(corim, len), "test",
                                           NOW_S, NULL),
               OK);
    free(corim);
}

static inline struct sim sim_new(void)
{
    struct sim sim;
    const struct atls_attester_ops *ops = &atls_attester_sim_psa;
    const struct atls_provision_request provision_request = {NULL, NULL, NULL, 0};
    struct atls_provision provision;
    struct atls_attester *attester = NULL;
    struct atls_cmw record;
    memset(&sim, 0, sizeof sim);
    memset(&provision, 0, sizeof provision);
    assert_err(ops->provision(&provision, &provision_request, NULL), OK);
    sim_endorse(&sim, &provision);
    assert_err(ops->open(&attester, atls_bytes_text(provision.config_json), NULL), OK);
    const struct atls_attest_request request = {
        sim_nonce(), atls_bytes_of(tls_spki_octets, sizeof tls_spki_octets), 1000};
    const struct atls_buf room = test_room(4096);
    size_t len = 0;
    assert_err(ops->attest(attester, room, &len, &request, NULL), OK);
    sim.cmw = test_copy(atls_bytes_of(room.data, len));
    assert_err(atls_cmw_parse(&record, sim.cmw, NULL), OK);
    sim.token = record.value;
    ops->close(attester);
    atls_provision_cleanup(&provision);
    return sim;
}

static inline struct atls_verify_request sim_request(const struct sim *sim)
{
    const struct atls_verify_request request = {
        .crypto = atls_crypto_openssl(),
        .endorsements = sim->endorsements,
        .format = atls_format_by_name(atls_bytes_text("psa")),
        .cmw = sim->cmw,
        .expected_nonce = sim_nonce(),
        .tls_spki = atls_bytes_of(tls_spki_octets, sizeof tls_spki_octets),
        .now_s = NOW_S,
        .want_claims = true,
    };
    return request;
}

/* sim_labelled gives the token under another media type; ind 0 leaves the indicator out. */
static inline struct atls_bytes sim_labelled(const struct sim *sim, const char *media_type,
                                             uint32_t ind)
{
    const struct atls_buf room = test_room(4096);
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    atls_cmw_put_record_media(&w, media_type, sim->token, ind);
    assert_true(atls_writer_finish(&w, &len));
    return test_copy(atls_bytes_of(room.data, len));
}

#endif
