/* SPDX-License-Identifier: Apache-2.0 */
/* What a bag of collateral holds, for the files of this room. */
#ifndef ENDORSEMENT_BAG_H
#define ENDORSEMENT_BAG_H

#include "endorsement/collateral.h"

struct atls_bag_cert {
    struct atls_x509 *cert;
    const char *anchor_for; /* format whose trust anchor it is; NULL: of none */
    bool is_amd;            /* a VCEK or VLEK */
    struct atls_amd_cert amd;
    const char *source;
};

struct atls_bag_json {
    struct atls_intel_json json;
    uint8_t *text; /* which `json` borrows */
    size_t text_len;
    const char *source;
};

struct atls_bag_crl {
    struct atls_crl *crl;
    const char *source;
};

struct atls_bag_name {
    struct atls_bag_name *next;
    char text[];
};

struct atls_collateral {
    struct atls_collateral *next; /* of the same set, loaded before */
    size_t max;                   /* entries of all three kinds */
    struct atls_bag_cert *certs;
    size_t num_certs, cap_certs;
    struct atls_bag_crl *crls;
    size_t num_crls, cap_crls;
    struct atls_bag_json *jsons;
    size_t num_jsons, cap_jsons;
    struct atls_bag_name *names;
};

/* atls_bag_add_anchor takes the certificates of a file as trust anchors of a format. */
ATLS_NODISCARD enum atls_err atls_bag_add_anchor(struct atls_collateral *bag, const char *format,
                                                 struct atls_bytes file, const char *source,
                                                 struct atls_diag *diag);
/* atls_bag_takes is true for octets that may be collateral, by their beginning. */
bool atls_bag_takes(struct atls_bytes octets);

/* One entry after the other of all bags of a scope: those of the set, what was brought, what was
 * fetched. All zero begins; NULL is the end. */
struct atls_bag_cursor {
    const struct atls_collateral *bag;
    size_t place; /* which of the scope's comes next */
    size_t at;
};
const struct atls_bag_cert *atls_bag_next_cert(const struct atls_collateral_scope *scope,
                                               struct atls_bag_cursor *cursor);
const struct atls_bag_crl *atls_bag_next_crl(const struct atls_collateral_scope *scope,
                                             struct atls_bag_cursor *cursor);
const struct atls_bag_json *atls_bag_next_json(const struct atls_collateral_scope *scope,
                                               struct atls_bag_cursor *cursor);

/* atls_bag_chain is atls_collateral_chain for a leaf that was read already. */
ATLS_NODISCARD enum atls_err atls_bag_chain(struct atls_chain **out, struct atls_root *root,
                                            const struct atls_collateral_scope *scope,
                                            const struct atls_x509 *leaf,
                                            const struct atls_chain_profile *profile,
                                            struct atls_diag *diag);

/* atls_collateral_want tells the scope's owner what is missing; the first counts. */
void atls_collateral_want(const struct atls_collateral_scope *scope,
                          const struct atls_collateral_wanted *wanted);

#endif
