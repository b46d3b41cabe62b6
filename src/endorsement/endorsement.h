/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endorsements and reference values: what a Verifier knows beforehand (RFC 9334, 8.2, 8.3). Loaded
 * from CoRIM files into a builder, then frozen into an immutable set that threads share. Keys are
 * parsed once, when they are loaded.
 */
#ifndef ENDORSEMENT_ENDORSEMENT_H
#define ENDORSEMENT_ENDORSEMENT_H

#include "base/crypto_ops.h"
#include "base/diag.h"
#include "base/formats.h"

struct atls_corim_source;
struct atls_endorsements; /* reference-counted, immutable once shared */

/* An attestation key (CoRIM attest-key triple) or other trust anchor. */
struct atls_trust_anchor {
    const struct atls_format *format; /* from the CoRIM profile */
    struct atls_bytes class_id;       /* content octets of 560, 37 or 111; empty when absent */
    struct atls_bytes instance;       /* content octets of 550 or 560; empty when absent */
    const struct atls_key *key;
    struct atls_bytes spki; /* DER */
    bool simulated;         /* CoRIM entity "atls simulation" */
    const char *source;     /* file it came from, for sentences */
    const struct atls_corim_source *file;
    int64_t not_after_s; /* end of its file or of the signature; INT64_MAX: none */
};

/* One digest of a reference measurement. */
struct atls_reference_digest {
    int32_t alg; /* enum atls_cose_alg of the hash */
    struct atls_bytes value;
};

/* One measurement-map of a reference triple. */
struct atls_reference {
    const struct atls_format *format;
    struct atls_bytes class_id;
    bool key_is_uint; /* mkey: PCR index */
    uint64_t key_uint;
    struct atls_bytes key_text; /* mkey text, such as "psa.software-component" */
    struct atls_reference_digest digests[8];
    size_t num_digests;
    struct atls_bytes name;          /* mval 11 */
    struct atls_bytes version;       /* mval 0 */
    struct atls_bytes signer_id;     /* mval 13, the one tagged 560; empty when absent */
    struct atls_bytes authorized_by; /* list of keys as encoded: see apply.h; empty when absent */
    const char *source;
    const struct atls_corim_source *file;
    int64_t not_after_s; /* as above */
};

ATLS_NODISCARD enum atls_err atls_endorsements_new(struct atls_endorsements **out,
                                                   struct atls_diag *diag);
struct atls_endorsements *atls_endorsements_ref(struct atls_endorsements *set);
void atls_endorsements_unref(struct atls_endorsements *set);

/* atls_endorsements_add_signer takes CoRIM from the holder of one public key (PEM), or of the
 * certificates of a file and of what these issue, and from then on from nobody else: unsigned files
 * are refused too. May be called again, for more; only before the first file. Errors are
 * ATLS_ERR_KEY and ATLS_ERR_STATE. What a file's signature then refuses is
 * ATLS_ERR_ENDORSEMENT_SIGNATURE. */
ATLS_NODISCARD enum atls_err atls_endorsements_add_signer(struct atls_endorsements *set,
                                                          struct atls_bytes pem,
                                                          struct atls_diag *diag);

/* atls_endorsements_load adds a file, or every file of a folder (not its subfolders), all or
 * nothing; the kind is found by content: CoRIM, or collateral (collateral.h). NAME@FILE makes the
 * certificates of FILE trust anchors of format NAME. What is not recognised is an error (design:
 * 7). Not after sharing, which atls_endorsements_ref begins. Validity is compared with the system's
 * clock; atls_endorsements_load_at takes the time instead (seconds since 1970). */
ATLS_NODISCARD enum atls_err atls_endorsements_load(struct atls_endorsements *set, const char *path,
                                                    struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_endorsements_load_at(struct atls_endorsements *set,
                                                       const char *path, int64_t now_s,
                                                       struct atls_diag *diag);
/* atls_endorsements_add_corim adds one CoRIM, signed if the set has signers; `source` names it in
 * sentences. `now_s` (seconds since 1970) is compared with its validity. */
ATLS_NODISCARD enum atls_err atls_endorsements_add_corim(struct atls_endorsements *set,
                                                         struct atls_bytes corim,
                                                         const char *source, int64_t now_s,
                                                         struct atls_diag *diag);

/* atls_endorsements_find_key looks an attestation key up; an empty class_id matches any class. NULL
 * when there is none. Borrowed from the set. */
const struct atls_trust_anchor *atls_endorsements_find_key(const struct atls_endorsements *set,
                                                           const struct atls_format *format,
                                                           struct atls_bytes instance,
                                                           struct atls_bytes class_id);
/* atls_endorsements_next_reference walks the reference values of one class: *cursor starts at 0;
 * NULL at the end. */
const struct atls_reference *atls_endorsements_next_reference(const struct atls_endorsements *set,
                                                              const struct atls_format *format,
                                                              struct atls_bytes class_id,
                                                              size_t *cursor);
/* atls_endorsement_has_ended compares with 60 s of grace, as loading does: a Verifier that runs for
 * months looks at the end of what it once loaded. */
bool atls_endorsement_has_ended(int64_t not_after_s, int64_t now_s);
/* atls_endorsements_digest gives a SHA-256 over all that was loaded, in its order. */
ATLS_NODISCARD enum atls_err atls_endorsements_digest(const struct atls_endorsements *set,
                                                      const struct atls_crypto_ops *crypto,
                                                      struct atls_digest *out,
                                                      struct atls_diag *diag);
/* atls_endorsements_next_end gives when the next of the loaded CoRIM ends that has not ended at
 * `now_s`, INT64_MAX: none does. Until then what was judged by them would be judged so again. It
 * looks at every file: remember the answer until that time. */
int64_t atls_endorsements_next_end(const struct atls_endorsements *set, int64_t now_s);
size_t atls_endorsements_num_keys(const struct atls_endorsements *set);
size_t atls_endorsements_num_references(const struct atls_endorsements *set);

#endif
