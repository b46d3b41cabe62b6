/* SPDX-License-Identifier: Apache-2.0 */
/* The server of the negotiation: the offer of the client, and the two choices. In each direction
 * the order of the relying side decides: for the server's proof that is the client's order. */
#include "handshake/negotiation_internal.h"

/* check_repeated: what differs between the two ClientHellos is listed in RFC 8446, 4.1.2, and
 * this extension is not in that list. */
static enum atls_err check_repeated(const struct atls_negotiation *n,
                                    const struct atls_offer *offer, struct atls_diag *diag)
{
    if (n->state == ATLS_NEGOTIATION_RETRY && !n->offered) {
        return atls_fail_texts(diag, ATLS_ERR_ILLEGAL, "ClientHello", "remoteAttestation",
                               "the extension in the second ClientHello alone",
                               "the extensions of the first ClientHello");
    }
    if (n->offered && (!atls_scheme_lists_equal(&n->peer.server, &offer->server) ||
                       !atls_scheme_lists_equal(&n->peer.client, &offer->client))) {
        return atls_fail_texts(diag, ATLS_ERR_ILLEGAL, "ClientHello", "remoteAttestation",
                               "other schemes in the second ClientHello",
                               "those of the first ClientHello");
    }
    return ATLS_OK;
}

enum atls_err atls_negotiation_take_offer(struct atls_negotiation *n,
                                          const struct atls_offer *offer, struct atls_diag *diag)
{
    enum atls_err err = negotiation_begin(n, &negotiation_take_offer, diag);
    if (err != ATLS_OK) {
        return err;
    }
    err = check_repeated(n, offer, diag);
    if (err != ATLS_OK) {
        return negotiation_fail(n, err);
    }
    n->peer = *offer;
    n->offered = true;
    n->state = ATLS_NEGOTIATION_HELLO;
    return ATLS_OK;
}

enum atls_err atls_negotiation_switch_terms(struct atls_negotiation *n,
                                            const struct atls_terms *terms, struct atls_diag *diag)
{
    enum atls_err err = negotiation_begin(n, &negotiation_switch_terms, diag);
    if (err == ATLS_OK) {
        n->terms = *terms;
    }
    return err;
}

/* begin_choice: a client that offered before HelloRetryRequest must have offered again. */
static enum atls_err begin_choice(struct atls_negotiation *n, struct atls_diag *diag)
{
    enum atls_err err = negotiation_begin(n, &negotiation_choose, diag);
    if (err == ATLS_OK && n->state == ATLS_NEGOTIATION_RETRY && n->offered) {
        err = negotiation_fail(n, atls_fail_texts(diag, ATLS_ERR_ILLEGAL, "ClientHello",
                                                  "remoteAttestation",
                                                  "no such extension in the second ClientHello",
                                                  "the extensions of the first ClientHello"));
    }
    return err;
}

/* prefer gives the first entry of `first`, in its order, that `second` has too. One of the two is
 * of our own terms, which hold no empty name: what a client offers without a name never matches. */
static const struct atls_scheme *prefer(const struct atls_scheme_list *first,
                                        const struct atls_scheme_list *second)
{
    for (size_t i = 0; i < first->count; i++) {
        if (atls_scheme_in(second, &first->items[i])) {
            return &first->items[i];
        }
    }
    return NULL;
}

enum atls_err atls_negotiation_choose_server(struct atls_negotiation *n, bool *out_send,
                                             struct atls_scheme *out, struct atls_diag *diag)
{
    enum atls_err err = begin_choice(n, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_scheme *wanted = prefer(&n->peer.server, negotiation_can_attest(n));
    n->state = ATLS_NEGOTIATION_CHOSEN;
    n->server_chosen = wanted != NULL;
    if (wanted != NULL) {
        n->server_scheme = *atls_scheme_find(negotiation_can_attest(n), wanted);
        *out = n->server_scheme;
    }
    *out_send = wanted != NULL;
    return ATLS_OK;
}

static enum atls_err refuse_offer(struct atls_negotiation *n, struct atls_diag *diag)
{
    const struct atls_scheme_list *offered = &n->peer.client;
    atls_fail_texts(diag, ATLS_ERR_NOTHING_OFFERED, "ClientHello", "client_attester_schemes", NULL,
                    NULL);
    if (!n->offered) {
        atls_diag_found_text(diag, "no remoteAttestation");
    } else if (offered->count == 0) {
        atls_diag_found_text(diag, "an empty list");
    } else {
        atls_scheme_describe(diag, &offered->items[0]);
        if (offered->count > 1) {
            atls_diag_found_text(diag, " and others");
        }
    }
    atls_scheme_describe_expected(diag, &negotiation_can_appraise(n)->items[0]);
    if (negotiation_can_appraise(n)->count > 1) {
        atls_diag_expected_text(diag, " or another that this server takes");
    }
    return negotiation_fail(n, ATLS_ERR_NOTHING_OFFERED);
}

enum atls_err atls_negotiation_choose_client(struct atls_negotiation *n, bool *out_send,
                                             struct atls_scheme *out, struct atls_diag *diag)
{
    enum atls_err err = begin_choice(n, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_scheme *wanted = prefer(negotiation_can_appraise(n), &n->peer.client);
    if (wanted == NULL && n->terms.requires_peer) {
        return refuse_offer(n, diag);
    }
    n->state = ATLS_NEGOTIATION_CHOSEN;
    n->client_chosen = wanted != NULL;
    if (wanted != NULL) {
        n->client_scheme = *wanted;
        *out = n->client_scheme;
    }
    *out_send = wanted != NULL;
    return ATLS_OK;
}
