/* SPDX-License-Identifier: Apache-2.0 */
/* What the three files of the negotiation share; negotiation.c explains it. */
#ifndef HANDSHAKE_NEGOTIATION_INTERNAL_H
#define HANDSHAKE_NEGOTIATION_INTERNAL_H

#include "handshake/negotiation.h"

/* An event is a call that the order of the messages allows in some states only. */
struct negotiation_event {
    const char *name;
    unsigned roles; /* NEGOTIATION_IN of each role */
    unsigned from;  /* NEGOTIATION_IN of each state */
};
#define NEGOTIATION_IN(number) (1u << (number))

extern const struct negotiation_event negotiation_make_offer;
extern const struct negotiation_event negotiation_take_choice;
extern const struct negotiation_event negotiation_take_offer;
extern const struct negotiation_event negotiation_switch_terms;
extern const struct negotiation_event negotiation_choose;

/* negotiation_begin is what every function of the machine does first: the event must fit role and
 * state, and the terms must be something that can be negotiated. */
ATLS_NODISCARD enum atls_err negotiation_begin(struct atls_negotiation *n,
                                               const struct negotiation_event *event,
                                               struct atls_diag *diag);
/* negotiation_fail goes to FAILED, forgets what was agreed, and returns `err`. */
enum atls_err negotiation_fail(struct atls_negotiation *n, enum atls_err err);

/* The lists of the terms; never NULL. */
const struct atls_scheme_list *negotiation_can_attest(const struct atls_negotiation *n);
const struct atls_scheme_list *negotiation_can_appraise(const struct atls_negotiation *n);

#endif
