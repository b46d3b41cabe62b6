/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing CoRIM from JSON templates. Each writer checks its piece of JSON and puts CBOR behind one
 * another, map keys in ascending order (RFC 8949, 4.2.1). It runs twice with the same JSON: on a
 * counting writer, which finds every fault and the length, then on one with room.
 */
#ifndef ENDORSEMENT_TEMPLATE_H
#define ENDORSEMENT_TEMPLATE_H

#include "codec/cbor.h"
#include "endorsement/corim.h"
#include "json/json.h"

/* The end of the sentence for another profile. */
#define ATLS_TEMPLATE_PROFILES                                                                     \
    "a profile that is known here: psa, tpm2, cca-platform, cca-realm, parsec-cca, snp, intel, "   \
    "riot, enacttrust or nitro"

/* Largest octet string that a template names as base64, keys apart. */
#define ATLS_TEMPLATE_MAX_OCTETS 256

/* A map whose members are written in order: what there is of it is counted first. */
struct atls_template {
    struct atls_writer *w;
    struct atls_diag *diag;
};

/* atls_template_refuse refuses `found` (text of the template); never ATLS_OK. */
enum atls_err atls_template_refuse(const struct atls_template *t, const char *step,
                                   const char *claim, struct atls_bytes found,
                                   const char *expected);
/* atls_template_list gives a member that is an array of at least one. */
ATLS_NODISCARD enum atls_err atls_template_list(const struct atls_template *t, const json_t *object,
                                                const char *key, const char *step,
                                                const json_t **out);
/* atls_template_typed takes {"type": …, "value": …} apart. */
ATLS_NODISCARD enum atls_err atls_template_typed(const struct atls_template *t,
                                                 const json_t *object, const char *step,
                                                 struct atls_bytes *out_type,
                                                 const json_t **out_value);

/* Octets, texts and tags of single values. */
struct atls_template_octets {
    uint8_t data[ATLS_TEMPLATE_MAX_OCTETS];
    size_t len;
};
/* Padded base64 of the standard alphabet, as cocli has it in "value". */
ATLS_NODISCARD enum atls_err atls_template_base64(const struct atls_template *t,
                                                  const json_t *value, const char *step,
                                                  struct atls_template_octets *out);
/* atls_template_uuid is true for the text form of a UUID (RFC 9562, 4). */
ATLS_NODISCARD bool atls_template_uuid(struct atls_bytes text, uint8_t out[16]);
/* atls_template_oid gives the content octets of a dotted OID. */
ATLS_NODISCARD bool atls_template_oid(struct atls_bytes text, struct atls_template_octets *out);
/* atls_template_put_id writes an identity: 16 octets for the text of a UUID, else the text. */
ATLS_NODISCARD enum atls_err atls_template_put_id(const struct atls_template *t,
                                                  const json_t *object, const char *key,
                                                  const char *step);
/* atls_template_put_date writes tag 1 for a date of RFC 3339 without a fraction of a second. */
ATLS_NODISCARD enum atls_err atls_template_put_date(const struct atls_template *t,
                                                    const json_t *object, const char *key,
                                                    const char *step);
/* atls_template_put_tagged writes class or instance: tag and octets by {"type", "value"}. */
ATLS_NODISCARD enum atls_err atls_template_put_tagged(const struct atls_template *t,
                                                      const json_t *object, const char *step);
/* atls_template_put_entity writes one entity; roles are numbered from `first_role` in the order
 * of `roles`, which ends with NULL. */
ATLS_NODISCARD enum atls_err atls_template_put_entity(const struct atls_template *t,
                                                      const json_t *object,
                                                      const char *const *roles,
                                                      uint64_t first_role);

/* atls_template_put_environment writes an environment-map. */
ATLS_NODISCARD enum atls_err atls_template_put_environment(const struct atls_template *t,
                                                           const json_t *object);
/* atls_template_put_triples writes a triples-map. */
ATLS_NODISCARD enum atls_err atls_template_put_triples(const struct atls_template *t,
                                                       const json_t *object);
/* atls_template_put_mkey writes a measurement key of {"type", "value"}; not psa.refval-id. */
ATLS_NODISCARD enum atls_err atls_template_put_mkey(const struct atls_template *t,
                                                    const json_t *object);
/* atls_template_put_values writes a measurement-values-map of all members that cocli has. */
ATLS_NODISCARD enum atls_err atls_template_put_values(const struct atls_template *t,
                                                      const json_t *object);
/* A member of a measurement-values-map: its name here, its key there, and what writes its value. */
struct atls_template_member {
    const char *name;
    int64_t key;
    enum atls_err (*put)(const struct atls_template *t, const json_t *value, const char *name);
};
/* Those of Intel's profile, in the order of their keys in CBOR, which is behind all others. */
#define ATLS_TEMPLATE_NUM_INTEL 9
extern const struct atls_template_member atls_template_intel[ATLS_TEMPLATE_NUM_INTEL];
/* atls_template_put_digests writes a list of digests. */
ATLS_NODISCARD enum atls_err atls_template_put_digests(const struct atls_template *t,
                                                       const json_t *list);
/* atls_template_put_digest writes [algorithm, octets] of "sha-256;base64" or [1, base64url]. */
ATLS_NODISCARD enum atls_err atls_template_put_digest(const struct atls_template *t,
                                                      const json_t *item, const char *step);

/* atls_template_put_key writes a key, certificate or thumbprint by {"type", "value"}; a bare key as
 * tag 554. */
ATLS_NODISCARD enum atls_err atls_template_put_key(const struct atls_template *t,
                                                   const json_t *object);
/* atls_template_is_key_type is true for the types that atls_template_put_key takes. */
bool atls_template_is_key_type(struct atls_bytes type);
/* atls_template_put_measurement writes a measurement-map. */
ATLS_NODISCARD enum atls_err atls_template_put_measurement(const struct atls_template *t,
                                                           const json_t *object);
/* atls_template_put_comid writes a CoMID map. */
ATLS_NODISCARD enum atls_err atls_template_put_comid(const struct atls_template *t,
                                                     const json_t *object);

#endif
