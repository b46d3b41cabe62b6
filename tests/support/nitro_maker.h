/* SPDX-License-Identifier: Apache-2.0 */
/* Attestation documents of tests: chain and members in any form, and signed anew each time (link
 * room_endorsement). */
#ifndef SUPPORT_NITRO_MAKER_H
#define SUPPORT_NITRO_MAKER_H

#include "crypto/issue.h"
#include "endorsement/endorsement.h"
#include "support/cbor.h"
#include "support/keys.h"

/* Root, region, zone, instance; and the certificate of the document. */
#define TEST_NITRO_CERTS 5
#define TEST_NITRO_LEAF  (TEST_NITRO_CERTS - 1)
#define TEST_NITRO_NOW   INT64_C(1790000000)

struct test_nitro_chain {
    struct atls_issue_spec specs[TEST_NITRO_CERTS]; /* the root first */
    struct atls_key *keys[TEST_NITRO_CERTS];        /* private */
    struct atls_bytes certs[TEST_NITRO_CERTS];      /* made by test_nitro_issue */
};

/* test_nitro_chain_init gives what AWS would, at TEST_NITRO_NOW, with the same keys each time;
 * change `specs` and `keys`, then issue. */
void test_nitro_chain_init(struct test_nitro_chain *chain);
void test_nitro_issue(struct test_nitro_chain *chain);

struct test_nitro {
    struct test_map claims; /* keys are text */
    struct test_map protect;
    struct test_map unprotected;
    struct atls_key *key; /* that signs */
    bool tagged;
    bool indefinite; /* the payload: as newer NSMs write it */
};

/* test_nitro_init gives a document of the chain with all nine members: module "i-1-enc1", made at
 * TEST_NITRO_NOW, PCR 0 to 15, of which 0, 1, 2, 4 and 8 are 48 times a0, a1, a2, a4, a8 and the
 * others zero; nonce 32 times 4e; public_key and user_data null. */
void test_nitro_init(struct test_nitro *document, const struct test_nitro_chain *chain);
void test_nitro_set(struct test_nitro *document, const char *name, struct atls_bytes encoded);
void test_nitro_drop(struct test_nitro *document, const char *name);
/* test_nitro_pcrs gives the map of PCRs with one of them replaced; an empty value leaves it out. */
struct atls_bytes test_nitro_pcrs(size_t changed, struct atls_bytes value);
struct atls_bytes test_nitro_sign(const struct test_nitro *document);
/* test_nitro_envelope is the same around any payload. */
struct atls_bytes test_nitro_envelope(const struct test_nitro *document, struct atls_bytes payload);
struct atls_bytes test_nitro_nonce(void);

/* What endorses them: the root, and one image by the PCRs that `pcrs` names (bit n: PCR n), with
 * the values of test_nitro_init. */
void test_add_nitro_root(struct atls_endorsements *set, struct atls_bytes cert, bool simulated);
void test_add_nitro_image(struct atls_endorsements *set, uint32_t pcrs);
/* test_add_nitro_record adds one record of reference values: members of the environment beside the
 * class's vendor and model (may be ""), and the measurements, in JSON. */
void test_add_nitro_record(struct atls_endorsements *set, const char *class_more,
                           const char *environment_more, const char *measurements);

#endif
