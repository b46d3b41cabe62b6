/* SPDX-License-Identifier: Apache-2.0 */
/* Appraisals and decisions that hold in every leg, for tests to break in one place. */
#ifndef UNIT_RESULT_APPRAISALS_H
#define UNIT_RESULT_APPRAISALS_H

#include "base/span.h"
#include "result/policy.h"
#include "result/vector.h"

static const uint8_t peer_hash[32] = {0x11, 0x22, 0x33};
static const uint8_t own_hash[32] = {0x44, 0x55, 0x66};
static const uint8_t machine_id[] = {0x01, 0xaa, 0xbb, 0xcc};
static const uint8_t digest_a[32] = {0xa1, 0xa2};
static const uint8_t digest_b[32] = {0xb1, 0xb2};

static inline struct atls_submod good_submod(const char *format)
{
    struct atls_submod submod;
    memset(&submod, 0, sizeof submod);
    submod.format = atls_format_by_name(atls_bytes_text(format));
    submod.vector.claim[ATLS_TRUST_INSTANCE_IDENTITY] = ATLS_INSTANCE_RECOGNISED;
    submod.vector.claim[ATLS_TRUST_EXECUTABLES] = ATLS_EXECUTABLES_APPROVED_BOOT;
    submod.vector.claim[ATLS_TRUST_HARDWARE] = ATLS_HARDWARE_GENUINE;
    submod.status = ATLS_TIER_AFFIRMING;
    submod.fresh = true;
    submod.key_binding = ATLS_KEY_BINDING_HARDWARE;
    submod.has_reference_values = true;
    memcpy(submod.attested_key.data, peer_hash, sizeof peer_hash);
    submod.attested_key.len = sizeof peer_hash;
    submod.machine = atls_bytes_of(machine_id, sizeof machine_id);
    submod.measurements[0].name = atls_bytes_text("BL");
    submod.measurements[0].value = atls_bytes_of(digest_a, sizeof digest_a);
    submod.num_measurements = 1;
    return submod;
}

struct scene {
    struct atls_policy policy;
    struct atls_appraisal appraisal;
    struct atls_decision_input input;
    struct atls_submod *submod; /* the first one */
    struct atls_diag diag;
};

static inline void scene_init(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    atls_policy_default(&scene->policy);
    scene->appraisal.submods[0] = good_submod("tpm2");
    scene->appraisal.num_submods = 1;
    scene->submod = &scene->appraisal.submods[0];
    scene->input.pkix_required = true;
    scene->input.pkix_ok = true;
    scene->input.peer_spki_sha256 = atls_bytes_of(peer_hash, sizeof peer_hash);
    scene->input.own_spki_sha256 = atls_bytes_of(own_hash, sizeof own_hash);
    scene->input.appraisal = &scene->appraisal;
    scene->input.channel_ok = true;
    scene->input.timing = ATLS_TIMING_HANDSHAKE;
}

/* set_claim gives a claim a value, and the submod the status that goes with it. */
static inline void set_claim(struct scene *scene, enum atls_trust_claim claim, int8_t value)
{
    scene->submod->vector.claim[claim] = value;
    scene->submod->status = atls_vector_status(&scene->submod->vector);
}

static inline enum atls_err decide(struct scene *scene)
{
    memset(&scene->diag, 0, sizeof scene->diag);
    return atls_policy_decide(&scene->policy, &scene->input, &scene->diag);
}

#endif
