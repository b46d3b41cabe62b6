/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The negotiation of one connection (draft-fossati-seat-early-attestation-07, sections 6 and 7).
 *
 *        offer             choice          credential
 *   START ----> HELLO ----------> CHOSEN ------------> CREDENTIAL
 *     |  \      |  ^                ^
 *     |   \     |  | offer again    |                  every state ----> FAILED
 *     |    \    v  |                |                             refusal
 *     |     `-> RETRY ------------->|
 *     |   HelloRetryRequest         |
 *     `-----------------------------'
 *       server, when nothing was offered
 *
 * Transitions, and the function that makes each:
 *
 *   START, HELLO, RETRY         -> HELLO       client  atls_negotiation_offer
 *                                              server  atls_negotiation_take_offer
 *   START, HELLO                -> RETRY       both    atls_negotiation_retry
 *   START, HELLO, RETRY         -> the same    server  atls_negotiation_switch_terms
 *   HELLO, CHOSEN               -> CHOSEN      client  atls_negotiation_take_server_choice,
 *                                                      atls_negotiation_take_client_choice
 *   START, HELLO, RETRY, CHOSEN -> CHOSEN      server  atls_negotiation_choose_server,
 *                                                      atls_negotiation_choose_client
 *   CHOSEN                      -> CREDENTIAL  both    atls_negotiation_take_credential
 *   any                         -> FAILED      any of them, with its error
 *
 * A server stays in START while no ClientHello with the extension comes, and may choose from
 * there and from RETRY: nothing was offered, so nothing is chosen.
 *
 * Invariants, which atls_negotiation_check_state() tests by number:
 *
 *   1. In FAILED nothing is chosen and no credential was seen, so that no Evidence is made and no
 *      peer passes after a refusal. In every other state the role is client or server.
 *   2. In START, HELLO and RETRY nothing is chosen and no credential was seen.
 *   3. In START nothing was offered. What is chosen was offered.
 *   4. A chosen scheme is usable, is an entry of our own terms and borrows from there, and on a
 *      server is an entry of the client's offer too.
 *   5. A credential was seen if and only if the state is CREDENTIAL, and only of a peer whose
 *      scheme was chosen.
 *   6. A client holds no offer of a peer; a server's copy keeps the limit of its lists.
 */
#include "handshake/negotiation_internal.h"

#include "base/span.h"

static const struct atls_scheme_list empty_list;

const struct atls_scheme_list *negotiation_can_attest(const struct atls_negotiation *n)
{
    return n->terms.can_attest != NULL ? n->terms.can_attest : &empty_list;
}

const struct atls_scheme_list *negotiation_can_appraise(const struct atls_negotiation *n)
{
    return n->terms.can_appraise != NULL ? n->terms.can_appraise : &empty_list;
}

enum atls_err negotiation_fail(struct atls_negotiation *n, enum atls_err err)
{
    n->state = ATLS_NEGOTIATION_FAILED;
    n->server_chosen = false;
    n->client_chosen = false;
    n->peer_credential_seen = false;
    return err;
}

void atls_negotiation_init(struct atls_negotiation *n, enum atls_role role,
                           const struct atls_terms *terms)
{
    memset(n, 0, sizeof *n);
    n->role = role;
    if (terms == NULL || (role != ATLS_ROLE_CLIENT && role != ATLS_ROLE_SERVER)) {
        (void)negotiation_fail(n, ATLS_ERR_ARGUMENT);
        return;
    }
    n->terms = *terms;
}

enum {
    CLIENT = NEGOTIATION_IN(ATLS_ROLE_CLIENT),
    SERVER = NEGOTIATION_IN(ATLS_ROLE_SERVER),
    START = NEGOTIATION_IN(ATLS_NEGOTIATION_START),
    HELLO = NEGOTIATION_IN(ATLS_NEGOTIATION_HELLO),
    RETRY = NEGOTIATION_IN(ATLS_NEGOTIATION_RETRY),
    CHOSEN = NEGOTIATION_IN(ATLS_NEGOTIATION_CHOSEN),
    CREDENTIAL = NEGOTIATION_IN(ATLS_NEGOTIATION_CREDENTIAL)
};

/* The table of transitions above. A choice or a credential that comes too late is let in here and
 * refused as the peer's mistake; everything else in the wrong place is our own. */
const struct negotiation_event negotiation_make_offer = {"offer", CLIENT, START | HELLO | RETRY};
const struct negotiation_event negotiation_take_offer = {"take_offer", SERVER,
                                                         START | HELLO | RETRY};
const struct negotiation_event negotiation_switch_terms = {"switch_terms", SERVER,
                                                           START | HELLO | RETRY};
const struct negotiation_event negotiation_take_choice = {"take_choice", CLIENT,
                                                          HELLO | CHOSEN | CREDENTIAL};
const struct negotiation_event negotiation_choose = {"choose", SERVER,
                                                     START | HELLO | RETRY | CHOSEN};
static const struct negotiation_event retry = {"retry", CLIENT | SERVER, START | HELLO};
static const struct negotiation_event take_credential = {
    "take_credential", CLIENT | SERVER, START | HELLO | RETRY | CHOSEN | CREDENTIAL};

static const char *state_name(enum atls_negotiation_state state)
{
    switch (state) {
    case ATLS_NEGOTIATION_START:
        return "before any offer";
    case ATLS_NEGOTIATION_HELLO:
        return "after the offer";
    case ATLS_NEGOTIATION_RETRY:
        return "after HelloRetryRequest";
    case ATLS_NEGOTIATION_CHOSEN:
        return "after a choice";
    case ATLS_NEGOTIATION_CREDENTIAL:
        return "after the peer's Certificate";
    case ATLS_NEGOTIATION_FAILED:
    default:
        return "after a refusal";
    }
}

/* check_event: a call in the wrong role or at the wrong moment is our own mistake. */
static enum atls_err check_event(const struct atls_negotiation *n,
                                 const struct negotiation_event *event, struct atls_diag *diag)
{
    const bool state_fits =
        n->state != ATLS_NEGOTIATION_FAILED && (event->from & NEGOTIATION_IN(n->state)) != 0;
    if (state_fits && (event->roles & NEGOTIATION_IN(n->role)) != 0) {
        return ATLS_OK;
    }
    atls_fail_texts(diag, ATLS_ERR_STATE, "negotiation", event->name,
                    n->role == ATLS_ROLE_CLIENT ? "a client " : "a server ",
                    "a call in the order of the messages of TLS 1.3");
    atls_diag_found_text(diag, state_name(n->state));
    return ATLS_ERR_STATE;
}

static enum atls_err check_scheme(const struct atls_scheme *scheme, const char *claim,
                                  struct atls_diag *diag)
{
    struct atls_writer w = atls_writer_counting();
    size_t len = 0;
    atls_scheme_write(&w, scheme);
    if (atls_writer_finish(&w, &len) && atls_scheme_is_usable(scheme)) {
        return ATLS_OK;
    }
    atls_fail_texts(diag, ATLS_ERR_CONFIG, "negotiation", claim, "a name of ",
                    "a media type or a Verifier identity of 1 to ");
    atls_diag_found_int(diag, (int64_t)scheme->text.len);
    atls_diag_found_text(diag, " octets");
    atls_diag_expected_int(diag, ATLS_MAX_SCHEME_TEXT_LEN);
    return ATLS_ERR_CONFIG;
}

static enum atls_err check_list(const struct atls_scheme_list *list, const char *claim,
                                struct atls_diag *diag)
{
    if (list->count > ATLS_MAX_SCHEMES) {
        atls_fail_texts(diag, ATLS_ERR_CONFIG, "negotiation", claim, NULL, "at most ");
        atls_diag_found_int(diag, (int64_t)list->count);
        atls_diag_found_text(diag, " schemes");
        atls_diag_expected_int(diag, ATLS_MAX_SCHEMES);
        return ATLS_ERR_CONFIG;
    }
    enum atls_err err = ATLS_OK;
    for (size_t i = 0; err == ATLS_OK && i < list->count; i++) {
        err = check_scheme(&list->items[i], claim, diag);
    }
    return err;
}

/* check_terms: what the context was told must be something that can be negotiated. */
static enum atls_err check_terms(const struct atls_negotiation *n, struct atls_diag *diag)
{
    enum atls_err err = check_list(negotiation_can_attest(n), "can_attest", diag);
    if (err == ATLS_OK) {
        err = check_list(negotiation_can_appraise(n), "can_appraise", diag);
    }
    if (err == ATLS_OK && n->terms.requires_peer && negotiation_can_appraise(n)->count == 0) {
        err = atls_fail_texts(diag, ATLS_ERR_CONFIG, "negotiation", "can_appraise", "no scheme",
                              "at least one, since attestation of the peer is required");
    }
    return err;
}

enum atls_err negotiation_begin(struct atls_negotiation *n, const struct negotiation_event *event,
                                struct atls_diag *diag)
{
    enum atls_err err = check_event(n, event, diag);
    if (err == ATLS_OK) {
        err = check_terms(n, diag);
    }
    return err == ATLS_OK ? ATLS_OK : negotiation_fail(n, err);
}

enum atls_err atls_negotiation_retry(struct atls_negotiation *n, struct atls_diag *diag)
{
    enum atls_err err = negotiation_begin(n, &retry, diag);
    if (err == ATLS_OK) {
        n->state = ATLS_NEGOTIATION_RETRY;
    }
    return err;
}

/* ---- the credential of the peer ---- */

/* chosen_for gives the scheme by which `attester` proves itself, NULL when there is none. */
static const struct atls_scheme *chosen_for(const struct atls_negotiation *n,
                                            enum atls_role attester)
{
    if (attester == ATLS_ROLE_SERVER) {
        return n->server_chosen ? &n->server_scheme : NULL;
    }
    return n->client_chosen ? &n->client_scheme : NULL;
}

static enum atls_role other(enum atls_role role)
{
    return role == ATLS_ROLE_CLIENT ? ATLS_ROLE_SERVER : ATLS_ROLE_CLIENT;
}

bool atls_negotiation_must_attest(const struct atls_negotiation *n, struct atls_scheme *out)
{
    const struct atls_scheme *scheme = chosen_for(n, n->role);
    if (scheme == NULL) {
        return false;
    }
    *out = *scheme;
    return true;
}

bool atls_negotiation_expects_peer(const struct atls_negotiation *n, struct atls_scheme *out)
{
    const struct atls_scheme *scheme = chosen_for(n, other(n->role));
    if (scheme == NULL) {
        return false;
    }
    *out = *scheme;
    return true;
}

enum atls_err atls_negotiation_take_credential(struct atls_negotiation *n, size_t chain_index,
                                               struct atls_diag *diag)
{
    enum atls_err err = negotiation_begin(n, &take_credential, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (chosen_for(n, other(n->role)) == NULL) {
        err = atls_fail_texts(diag, ATLS_ERR_UNSOLICITED, "Certificate", "remoteAttestation",
                              "a credential", "none, since no scheme was chosen for the peer");
        return negotiation_fail(n, err);
    }
    if (chain_index != 0) {
        atls_fail_texts(diag, ATLS_ERR_ILLEGAL, "Certificate", "remoteAttestation",
                        "a credential in CertificateEntry ",
                        "it in the first one, which has index 0");
        atls_diag_found_int(diag, (int64_t)chain_index);
        return negotiation_fail(n, ATLS_ERR_ILLEGAL);
    }
    if (n->peer_credential_seen) {
        err = atls_fail_texts(diag, ATLS_ERR_ILLEGAL, "Certificate", "remoteAttestation",
                              "a second credential", "one");
        return negotiation_fail(n, err);
    }
    n->peer_credential_seen = true;
    n->state = ATLS_NEGOTIATION_CREDENTIAL;
    return ATLS_OK;
}

static enum atls_err refuse_unnegotiated(const struct atls_negotiation *n, struct atls_diag *diag)
{
    const bool is_client = n->role == ATLS_ROLE_CLIENT;
    return atls_fail_texts(diag, ATLS_ERR_NOT_ATTESTED,
                           is_client ? "EncryptedExtensions" : "CertificateRequest",
                           is_client ? "chosen_server_scheme" : "chosen_client_scheme",
                           is_client ? "no remoteAttestation" : "no scheme chosen for the client",
                           "attestation of the peer, which is required");
}

enum atls_err atls_negotiation_check_complete(const struct atls_negotiation *n,
                                              struct atls_diag *diag)
{
    if (n->state == ATLS_NEGOTIATION_FAILED) {
        return atls_fail_texts(diag, ATLS_ERR_STATE, "negotiation", "check_complete",
                               "a connection that was refused before", "one that was not");
    }
    const struct atls_scheme *scheme = chosen_for(n, other(n->role));
    if (scheme == NULL) {
        return n->terms.requires_peer ? refuse_unnegotiated(n, diag) : ATLS_OK;
    }
    if (!n->peer_credential_seen) {
        atls_fail_texts(diag, ATLS_ERR_NOT_ATTESTED, "Certificate", "remoteAttestation",
                        "no such extension", NULL);
        atls_scheme_describe_expected(diag, scheme);
        return ATLS_ERR_NOT_ATTESTED;
    }
    return ATLS_OK;
}

/* ---- the invariants ---- */

static bool holds_1(const struct atls_negotiation *n)
{
    if (n->state == ATLS_NEGOTIATION_FAILED) {
        return !n->server_chosen && !n->client_chosen && !n->peer_credential_seen;
    }
    return n->role == ATLS_ROLE_CLIENT || n->role == ATLS_ROLE_SERVER;
}

static bool holds_2(const struct atls_negotiation *n)
{
    const bool early = n->state == ATLS_NEGOTIATION_START || n->state == ATLS_NEGOTIATION_HELLO ||
                       n->state == ATLS_NEGOTIATION_RETRY;
    return !early || (!n->server_chosen && !n->client_chosen && !n->peer_credential_seen);
}

static bool holds_3(const struct atls_negotiation *n)
{
    const bool was_chosen = n->server_chosen || n->client_chosen;
    return n->offered ? n->state != ATLS_NEGOTIATION_START : !was_chosen;
}

/* is_ours: the scheme is the entry of `own`, its text at the same place in memory. */
static bool is_ours(const struct atls_scheme_list *own, const struct atls_scheme *scheme)
{
    const struct atls_scheme *entry = atls_scheme_find(own, scheme);
    return entry != NULL && entry->text.data == scheme->text.data && atls_scheme_is_usable(scheme);
}

static bool holds_4(const struct atls_negotiation *n)
{
    const bool is_server = n->role == ATLS_ROLE_SERVER;
    const struct atls_scheme_list *attest = negotiation_can_attest(n);
    const struct atls_scheme_list *appraise = negotiation_can_appraise(n);
    const bool server_fits = is_ours(is_server ? attest : appraise, &n->server_scheme) &&
                             (!is_server || atls_scheme_in(&n->peer.server, &n->server_scheme));
    const bool client_fits = is_ours(is_server ? appraise : attest, &n->client_scheme) &&
                             (!is_server || atls_scheme_in(&n->peer.client, &n->client_scheme));
    return (!n->server_chosen || server_fits) && (!n->client_chosen || client_fits);
}

static bool holds_5(const struct atls_negotiation *n)
{
    const bool is_credential = n->state == ATLS_NEGOTIATION_CREDENTIAL;
    return n->peer_credential_seen == is_credential &&
           (!is_credential || chosen_for(n, other(n->role)) != NULL);
}

static bool holds_6(const struct atls_negotiation *n)
{
    const size_t limit = n->role == ATLS_ROLE_SERVER ? ATLS_MAX_SCHEMES : 0;
    return n->peer.server.count <= limit && n->peer.client.count <= limit;
}

bool atls_negotiation_check_state(const struct atls_negotiation *n)
{
    return holds_1(n) && holds_2(n) && holds_3(n) && holds_4(n) && holds_5(n) && holds_6(n);
}
