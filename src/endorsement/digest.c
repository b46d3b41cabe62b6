/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set as a whole: which one it is, and when something of it ends next. For who keeps what was
 * judged by it, and must know whether that would still be judged so.
 */
#include "endorsement/bag.h"
#include "endorsement/set.h"

#include "base/ends.h"
#include "base/span.h"

/* A running hash in which each part has its length in front. The first failure stays. */
struct digesting {
    const struct atls_crypto_ops *crypto;
    struct atls_hash hash;
    enum atls_err err;
};

static void add(struct digesting *d, struct atls_bytes part)
{
    uint8_t len[8];
    for (size_t i = 0; i < sizeof len; i++) {
        len[i] = (uint8_t)((uint64_t)part.len >> (56 - 8 * i));
    }
    if (d->err == ATLS_OK) {
        d->err = d->crypto->hash_update(&d->hash, atls_bytes_of(len, sizeof len));
    }
    if (d->err == ATLS_OK) {
        d->err = d->crypto->hash_update(&d->hash, part);
    }
}

static void add_bag(struct digesting *d, const struct atls_collateral *bag)
{
    for (size_t i = 0; i < bag->num_certs; i++) {
        const char *anchor_for = bag->certs[i].anchor_for;
        add(d, atls_bytes_text(anchor_for != NULL ? anchor_for : ""));
        add(d, atls_x509_der(bag->certs[i].cert));
    }
    for (size_t i = 0; i < bag->num_crls; i++) {
        add(d, atls_crl_der(bag->crls[i].crl));
    }
    for (size_t i = 0; i < bag->num_jsons; i++) {
        add(d, atls_bytes_of(bag->jsons[i].text, bag->jsons[i].text_len));
    }
}

enum atls_err atls_endorsements_digest(const struct atls_endorsements *set,
                                       const struct atls_crypto_ops *crypto,
                                       struct atls_digest *out, struct atls_diag *diag)
{
    const struct atls_batch *all = atls_endorsements_all(set);
    struct digesting d = {.crypto = crypto};
    d.err = crypto->hash_init(&d.hash, ATLS_ALG_SHA256);
    for (const struct atls_corim_source *source = all->sources; source != NULL;
         source = source->next) {
        add(&d, atls_bytes_of(source->data, source->len));
    }
    add(&d, atls_bytes_of(NULL, 0)); /* no CoRIM is empty: here the collateral begins */
    for (const struct atls_collateral *bag = all->collateral; bag != NULL; bag = bag->next) {
        add_bag(&d, bag);
    }
    if (d.err == ATLS_OK) {
        d.err = crypto->hash_peek(&d.hash, out);
    }
    crypto->hash_cleanup(&d.hash);
    return d.err == ATLS_OK ? ATLS_OK : atls_fail(diag, d.err, "endorsement", "SHA-256");
}

int64_t atls_endorsements_next_end(const struct atls_endorsements *set, int64_t now_s)
{
    int64_t end_s = INT64_MAX;
    for (const struct atls_corim_source *source = atls_endorsements_all(set)->sources;
         source != NULL; source = source->next) {
        if (!atls_endorsement_has_ended(source->not_after_s, now_s)) {
            atls_ends_by(&end_s, source->not_after_s);
        }
    }
    return end_s;
}
