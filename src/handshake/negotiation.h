/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which scheme is used for each direction: a state machine of one connection, without I/O, for
 * both roles. The rules and the alert of each violation are in PROTOCOL.md; the states and their
 * transitions are drawn in negotiation.c.
 *
 * Directions are named by who attests: `server` schemes prove the server, `client` schemes prove
 * the client. In each direction the order of the relying side decides.
 *
 * What is borrowed. Schemes hold spans for their texts. `terms` and the two chosen schemes borrow
 * from the context, which outlives its connections: a choice of the peer is replaced by our own
 * entry that equals it. `peer`, the offer of the client, borrows the extension_data of its
 * ClientHello: the session keeps that body for the life of the connection, and the body of the
 * first ClientHello until a second one was taken.
 */
#ifndef HANDSHAKE_NEGOTIATION_H
#define HANDSHAKE_NEGOTIATION_H

#include "handshake/remote_attestation.h"

enum atls_role { ATLS_ROLE_CLIENT = 1, ATLS_ROLE_SERVER = 2 };

/* What this side is able and willing to do, borrowed from the context for the connection's life.
 * A NULL list is an empty one. */
struct atls_terms {
    const struct atls_scheme_list *can_attest;   /* what I prove myself with, in my order */
    const struct atls_scheme_list *can_appraise; /* what I take from the peer, in my order */
    bool requires_peer;                          /* without attestation of the peer: refuse */
};

enum atls_negotiation_state {
    ATLS_NEGOTIATION_START = 0,  /* no ClientHello yet, or (server) one without the extension */
    ATLS_NEGOTIATION_HELLO,      /* client: the offer is made; server: the offer is taken */
    ATLS_NEGOTIATION_RETRY,      /* HelloRetryRequest: the second ClientHello is awaited */
    ATLS_NEGOTIATION_CHOSEN,     /* something was chosen, or nothing on purpose */
    ATLS_NEGOTIATION_CREDENTIAL, /* the peer's credential has come */
    ATLS_NEGOTIATION_FAILED      /* refused, for good */
};

struct atls_negotiation {
    enum atls_role role;
    enum atls_negotiation_state state;
    struct atls_terms terms;
    bool offered;           /* the extension was in the ClientHello */
    struct atls_offer peer; /* server: the client's offer; spans borrow what was parsed */
    bool server_chosen, client_chosen;
    struct atls_scheme server_scheme, client_scheme;
    bool peer_credential_seen;
};

/* atls_negotiation_init begins a connection, or begins it again from nothing (SSL_clear). */
void atls_negotiation_init(struct atls_negotiation *n, enum atls_role role,
                           const struct atls_terms *terms);

/* Client. The offer to send; *out_send is false when there is nothing to offer, and the extension
 * is left out of the ClientHello. The second ClientHello after HelloRetryRequest gets the same. */
ATLS_NODISCARD enum atls_err atls_negotiation_offer(struct atls_negotiation *n, bool *out_send,
                                                    struct atls_offer *out, struct atls_diag *diag);
/* Client, EncryptedExtensions / CertificateRequest: `choice` must be one of what was offered. */
ATLS_NODISCARD enum atls_err atls_negotiation_take_server_choice(struct atls_negotiation *n,
                                                                 const struct atls_scheme *choice,
                                                                 struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_negotiation_take_client_choice(struct atls_negotiation *n,
                                                                 const struct atls_scheme *choice,
                                                                 struct atls_diag *diag);

/* Both: a HelloRetryRequest was sent or received. From here on a server that had an offer must get
 * it again, and one that had none must get none (RFC 8446, 4.1.2). */
ATLS_NODISCARD enum atls_err atls_negotiation_retry(struct atls_negotiation *n,
                                                    struct atls_diag *diag);

/* Server. Takes the parsed offer; a second ClientHello after HelloRetryRequest replaces it, and
 * must then be equal (RFC 8446, 4.1.2). */
ATLS_NODISCARD enum atls_err atls_negotiation_take_offer(struct atls_negotiation *n,
                                                         const struct atls_offer *offer,
                                                         struct atls_diag *diag);
/* Server, before anything was chosen: goes on with other terms, those of the context that a server
 * name has chosen. What came and what must come again stays as it is. */
ATLS_NODISCARD enum atls_err atls_negotiation_switch_terms(struct atls_negotiation *n,
                                                           const struct atls_terms *terms,
                                                           struct atls_diag *diag);
/* Server, EncryptedExtensions: how I prove myself: the first of what the client takes, in its
 * order, that I can; *out_send is false for nothing.
 * Schemes longer than what `can_take` allows are left out by the session beforehand. */
ATLS_NODISCARD enum atls_err atls_negotiation_choose_server(struct atls_negotiation *n,
                                                            bool *out_send, struct atls_scheme *out,
                                                            struct atls_diag *diag);
/* Server, CertificateRequest: how the client proves itself: the first of what I take, in my order,
 * that the client offers. ATLS_ERR_NOTHING_OFFERED (109) when I require and nothing fits. */
ATLS_NODISCARD enum atls_err atls_negotiation_choose_client(struct atls_negotiation *n,
                                                            bool *out_send, struct atls_scheme *out,
                                                            struct atls_diag *diag);

/* Both: am I to put a credential into my Certificate, and which scheme must it be of? */
ATLS_NODISCARD bool atls_negotiation_must_attest(const struct atls_negotiation *n,
                                                 struct atls_scheme *out);
/* Both: was a credential of the peer negotiated, and of which scheme? */
ATLS_NODISCARD bool atls_negotiation_expects_peer(const struct atls_negotiation *n,
                                                  struct atls_scheme *out);

/* Both: the extension stood in CertificateEntry `chain_index` of the peer's Certificate. Refuses
 * one that was not negotiated, an index other than 0, and a second one. */
ATLS_NODISCARD enum atls_err atls_negotiation_take_credential(struct atls_negotiation *n,
                                                              size_t chain_index,
                                                              struct atls_diag *diag);
/* Both, when the peer's Certificate is complete: negotiated but absent, or required but never
 * negotiated, is ATLS_ERR_NOT_ATTESTED. */
ATLS_NODISCARD enum atls_err atls_negotiation_check_complete(const struct atls_negotiation *n,
                                                             struct atls_diag *diag);

/* atls_negotiation_check_state is true when every invariant of negotiation.c holds. For tests,
 * fuzzing and proofs; the machine itself never needs it. */
ATLS_NODISCARD bool atls_negotiation_check_state(const struct atls_negotiation *n);

#endif
