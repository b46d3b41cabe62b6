/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schemes by one letter, for tables: P content format 10003, M the media type of the same token
 * (another scheme), T a media type of TPM Evidence, V the Result of a Verifier.
 */
#ifndef TEST_NEGOTIATION_TEST_H
#define TEST_NEGOTIATION_TEST_H

#include "handshake_test.h"

#include "handshake/negotiation.h"

static inline struct atls_scheme scheme_of(char letter)
{
    switch (letter) {
    case 'P':
        return by_format(10003);
    case 'M':
        return by_media("application/eat+cwt");
    case 'T':
        return by_media("application/vnd.example.tpm");
    case 'V':
        return by_verifier("https://verifier.example");
    case '-': /* well-formed, and of no use */
        return by_media("");
    default:
        fail();
        return by_media("");
    }
}

static inline struct atls_scheme_list list_of(const char *letters)
{
    struct atls_scheme_list list = {0};
    for (; *letters != '\0'; letters++) {
        list.items[list.count++] = scheme_of(*letters);
    }
    return list;
}

static inline char letter_of(const struct atls_scheme *scheme)
{
    static const char letters[] = "PMTV";
    for (const char *letter = letters; *letter != '\0'; letter++) {
        const struct atls_scheme candidate = scheme_of(*letter);
        if (atls_scheme_equal(scheme, &candidate)) {
            return *letter;
        }
    }
    return '?';
}

/* One side: what it is told, and the lists that its terms borrow. */
struct side {
    const char *can_attest, *can_appraise;
    bool requires_peer;
};

struct peer {
    struct atls_scheme_list can_attest, can_appraise;
    struct atls_negotiation n;
};

static inline void peer_init(struct peer *peer, enum atls_role role, const struct side *side)
{
    peer->can_attest = list_of(side->can_attest);
    peer->can_appraise = list_of(side->can_appraise);
    const struct atls_terms terms = {&peer->can_attest, &peer->can_appraise, side->requires_peer};
    atls_negotiation_init(&peer->n, role, &terms);
}

static inline void assert_sound(const struct peer *peer)
{
    assert_true(atls_negotiation_check_state(&peer->n));
}

#endif
