/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence of interoperable RA-TLS: tag([evidence, claims]), or the endorsements under the same
 * tags. */
#include "inspect/formats.h"
#include "inspect/names.h"

#include <inttypes.h>

static const struct inspect_field hash_rows[] = {
    {0, NULL, "alg", inspect_word, &inspect_hash_names, true},
    {1, NULL, "hash", inspect_octets, NULL, true},
};
static const struct inspect_fields hash = INSPECT_FIELDS(NULL, hash_rows);
static const struct inspect_media hash_cbor = {NULL, INSPECT_CBOR, inspect_tuple, &hash};

static const struct inspect_field claims_rows[] = {
    {INSPECT_NO_LABEL, "pubkey-hash", NULL, inspect_content, &hash_cbor, true},
    {INSPECT_NO_LABEL, "nonce", NULL, inspect_octets, NULL, false},
};
static const struct inspect_fields claims = INSPECT_FIELDS(NULL, claims_rows);
static const struct inspect_media claims_cbor = {NULL, INSPECT_CBOR, inspect_map, &claims};

static const struct inspect_field evidence_rows[] = {
    {0, NULL, "evidence", inspect_content, NULL, true},
    {1, NULL, "claims", inspect_content, &claims_cbor, true},
};
static const struct inspect_fields evidence = INSPECT_FIELDS("RA-TLS evidence", evidence_rows);

/* clang-format off: one member a line */
static const struct inspect_field endorsement_rows[] = {
    {0, NULL, "version", inspect_uint, NULL, true},
    {1, NULL, "TCB_INFO", inspect_raw_text, NULL, true},
    {2, NULL, "TCB_ISSUER_CHAIN", inspect_content, NULL, true},
    {3, NULL, "CRL_PCK_CERT", inspect_content, NULL, true},
    {4, NULL, "CRL_PCK_PROC_CA", inspect_content, NULL, true},
    {5, NULL, "CRL_ISSUER_CHAIN_PCK_CERT", inspect_content, NULL, true},
    {6, NULL, "QE_ID_INFO", inspect_raw_text, NULL, true},
    {7, NULL, "QE_ID_ISSUER_CHAIN", inspect_content, NULL, true},
    {8, NULL, "CREATION_DATETIME", inspect_raw_text, NULL, false},
};
/* clang-format on */
static const struct inspect_fields endorsements =
    INSPECT_FIELDS("RA-TLS endorsements", endorsement_rows);

static const struct inspect_name_of tag_rows[] = {
    {60000, "Intel TEE quote"}, {60001, "Intel TEE report"}, {60002, "legacy SGX report"},
    {0x1a7504, "SEV-SNP"},      {0x1a7505, "SEV"},           {0x1a7506, "CSV"},
};
static const struct inspect_names tags = INSPECT_NAMES("a kind of evidence", tag_rows, true);

void inspect_ratls(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                   const void *arg)
{
    struct inspect_value first;
    (void)arg;
    if (v->type != INSPECT_TAG) {
        inspect_wrong_type(in, node, v, "a tag");
        return;
    }
    const struct inspect_value inside = inspect_inside(v);
    const char *name = inspect_name_find(&tags, (int64_t)v->argument);
    inspect_note(in, node, "tag %" PRIu64 " %s", v->argument, name != NULL ? name : "");
    const bool endorsed = inspect_at(&inside, 0, &first) && first.type == INSPECT_UINT;
    inspect_tuple(in, node, &inside, endorsed ? &endorsements : &evidence);
}
