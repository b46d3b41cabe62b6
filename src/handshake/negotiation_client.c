/* SPDX-License-Identifier: Apache-2.0 */
/* The client of the negotiation: its offer, and the two choices of the server. */
#include "handshake/negotiation_internal.h"

enum atls_err atls_negotiation_offer(struct atls_negotiation *n, bool *out_send,
                                     struct atls_offer *out, struct atls_diag *diag)
{
    enum atls_err err = negotiation_begin(n, &negotiation_make_offer, diag);
    if (err != ATLS_OK) {
        return err;
    }
    n->state = ATLS_NEGOTIATION_HELLO;
    n->offered = negotiation_can_attest(n)->count != 0 || negotiation_can_appraise(n)->count != 0;
    out->server = *negotiation_can_appraise(n);
    out->client = *negotiation_can_attest(n);
    *out_send = n->offered;
    return ATLS_OK;
}

/* direction gathers what differs between the two choices. */
struct direction {
    const char *message;
    const char *chosen_name;
    const char *list_name;
    const struct atls_scheme_list *offered;
    bool *chosen;
    struct atls_scheme *scheme;
};

static enum atls_err refuse_choice(struct atls_negotiation *n, enum atls_err err,
                                   const struct direction *d, const char *found,
                                   const char *expected, struct atls_diag *diag)
{
    return negotiation_fail(
        n, atls_fail_texts(diag, err, d->message, d->chosen_name, found, expected));
}

static enum atls_err take(struct atls_negotiation *n, const struct direction *d,
                          const struct atls_scheme *choice, struct atls_diag *diag)
{
    enum atls_err err = negotiation_begin(n, &negotiation_take_choice, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (!n->offered) {
        return refuse_choice(n, ATLS_ERR_UNSOLICITED, d, "remoteAttestation",
                             "no such extension, since ClientHello had none", diag);
    }
    if (*d->chosen || n->state == ATLS_NEGOTIATION_CREDENTIAL) {
        return refuse_choice(n, ATLS_ERR_ILLEGAL, d,
                             *d->chosen ? "a second choice" : "a choice after the Certificate",
                             "one choice, in its message of the handshake", diag);
    }
    if (!atls_scheme_is_usable(choice)) {
        return refuse_choice(n, ATLS_ERR_ILLEGAL, d, "a scheme with an empty name",
                             "a scheme that was offered", diag);
    }
    const struct atls_scheme *own = atls_scheme_find(d->offered, choice);
    if (own == NULL) {
        (void)refuse_choice(n, ATLS_ERR_ILLEGAL, d, NULL, "one of the ", diag);
        atls_scheme_describe(diag, choice);
        atls_diag_expected_int(diag, (int64_t)d->offered->count);
        atls_diag_expected_text(diag, " schemes that were offered in ");
        atls_diag_expected_text(diag, d->list_name);
        return ATLS_ERR_ILLEGAL;
    }
    *d->scheme = *own;
    *d->chosen = true;
    n->state = ATLS_NEGOTIATION_CHOSEN;
    return ATLS_OK;
}

enum atls_err atls_negotiation_take_server_choice(struct atls_negotiation *n,
                                                  const struct atls_scheme *choice,
                                                  struct atls_diag *diag)
{
    const struct direction d = {"EncryptedExtensions",     "chosen_server_scheme",
                                "server_attester_schemes", negotiation_can_appraise(n),
                                &n->server_chosen,         &n->server_scheme};
    return take(n, &d, choice, diag);
}

enum atls_err atls_negotiation_take_client_choice(struct atls_negotiation *n,
                                                  const struct atls_scheme *choice,
                                                  struct atls_diag *diag)
{
    const struct direction d = {"CertificateRequest",      "chosen_client_scheme",
                                "client_attester_schemes", negotiation_can_attest(n),
                                &n->client_chosen,         &n->client_scheme};
    return take(n, &d, choice, diag);
}
