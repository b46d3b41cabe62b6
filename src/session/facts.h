/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was appraised, as it is kept with a TLS session that may be resumed: in a server's ticket,
 * in a client's memory or file. All that a verdict says, what could be revoked of it, by which
 * configuration it was judged, for which connection, and until when it holds. A CBOR array:
 *
 *     [ 1, accepted, h'context', h'connection', appraised, not-after,
 *       h'key' or null, "subject", pkix, key-binding, "policy id", policy version,
 *       "verifier", "own format",
 *       [ [ "format", "submod", status, h'vector', simulated ] ... ],
 *       [ [ kind, h'value' ] ... ] ]
 *
 * One text has one encoding, so that what was read is written back octet for octet.
 */
#ifndef SESSION_FACTS_H
#define SESSION_FACTS_H

#include "atls/result.h"
#include "result/revocation.h"

/* Things that may be revoked: of eight submods and a chain of certificates, each once. */
#define SESSION_MAX_FACT_IDENTITIES 96
/* Octets of it all: what fits into a ticket beside a certificate chain. */
#define SESSION_MAX_FACTS_LEN 12288

struct session_facts {
    uint8_t context[32];    /* who judged, and by what: atls_context's digest */
    uint8_t connection[32]; /* for whom: the adapter's digest of names, trust and own key */
    int64_t appraised_s, not_after_s;
    /* ACCEPTED or NOT_REQUIRED, and all the rest but channel, reason and claims. */
    struct atls_verdict verdict;
    struct atls_identity identities[SESSION_MAX_FACT_IDENTITIES];
    size_t num_identities;
    bool incomplete; /* something was left out: nobody may rely on these */
};

/* session_facts_add adds identities, each once. What does not fit makes the facts incomplete. */
void session_facts_add(struct session_facts *facts, const struct atls_identities *set);

/* session_facts_write gives ATLS_ERR_RESUMPTION for facts that are incomplete. */
ATLS_NODISCARD enum atls_err session_facts_write(struct atls_buf out, size_t *out_len,
                                                 const struct session_facts *facts,
                                                 struct atls_diag *diag);
/* session_facts_read gives ATLS_ERR_RESUMPTION for anything but what session_facts_write writes.
 * `out` is overwritten, with zeros where it fails. */
ATLS_NODISCARD enum atls_err session_facts_read(struct session_facts *out, struct atls_bytes in,
                                                struct atls_diag *diag);

/* session_facts_check_revoked refuses with ATLS_ERR_REVOKED what an entry of the list names. */
ATLS_NODISCARD enum atls_err session_facts_check_revoked(const struct session_facts *facts,
                                                         const struct atls_revocations *list,
                                                         int64_t now_s, struct atls_diag *diag);
#endif
