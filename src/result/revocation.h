/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is revoked: a list that json/revoked_json.c reads, and the one function that looks
 * identities up in it. Whoever handles a peer, a format of Evidence or a Result hands in who that
 * is; a row of the table of kinds says how long such a value is.
 */
#ifndef RESULT_REVOCATION_H
#define RESULT_REVOCATION_H

#include "base/crypto_ops.h"
#include "base/diag.h"

/* The kinds, in the order of the words in a file. */
enum atls_revoked_kind {
    ATLS_REVOKED_SPKI = 0,    /* SHA-256 of a DER SubjectPublicKeyInfo: any key of the peer's */
    ATLS_REVOKED_CERT_SERIAL, /* serialNumber of a certificate, big-endian, of any issuer */
    ATLS_REVOKED_UEID,        /* what a verdict shows as the machine: instance-id, kid, ueid */
    ATLS_REVOKED_CHIP,        /* identifier of a processor */
    ATLS_REVOKED_VERIFIER_KEY /* SHA-256 of the DER SubjectPublicKeyInfo that verifies Results */
};
#define ATLS_NUM_REVOKED_KINDS     5

#define ATLS_MAX_REVOKED_VALUE_LEN 64
/* Entries of one list. */
#define ATLS_MAX_REVOKED 32768
/* Identities of one piece of Evidence: a machine, the key that it names, and of each certificate of
 * its longest chain (8, ATLS_MAX_CHAIN) number and key; two more of a bundle around it. */
#define ATLS_MAX_IDENTITIES 20

struct atls_revoked_rule {
    const char *word;
    size_t min_len, max_len; /* octets of a value */
};
/* The table; NULL for what is no kind. */
const struct atls_revoked_rule *atls_revoked_rule(enum atls_revoked_kind kind);
bool atls_revoked_kind_by_word(struct atls_bytes word, enum atls_revoked_kind *out);

struct atls_revoked_entry {
    int64_t from_s; /* seconds since 1970: in force from then on */
    uint8_t kind;   /* enum atls_revoked_kind */
    uint8_t len;
    uint8_t value[ATLS_MAX_REVOKED_VALUE_LEN];
};

/* Entries in the order of atls_revoked_compare. Zero is the empty list. */
struct atls_revocations {
    struct atls_revoked_entry *entries; /* owned by the host room that made the list */
    size_t num;
};

/* One thing that a peer, its Evidence or a Result rests on. */
struct atls_identity {
    const char *what; /* as a sentence names it, such as "attestation key"; a constant */
    uint8_t kind;
    uint8_t len;
    uint8_t value[ATLS_MAX_REVOKED_VALUE_LEN];
};

struct atls_identities {
    struct atls_identity items[ATLS_MAX_IDENTITIES];
    size_t num;
    bool incomplete; /* one was left out: nobody may rely on this set */
};

/* atls_identities_add adds one. What does not fit makes the set incomplete: a value of another
 * length than its kind has, one too many, a hash that failed. */
void atls_identities_add(struct atls_identities *set, enum atls_revoked_kind kind, const char *what,
                         struct atls_bytes value);
/* atls_identities_add_key adds the SHA-256 of a DER SubjectPublicKeyInfo, of kind SPKI or
 * VERIFIER_KEY. */
void atls_identities_add_key(struct atls_identities *set, enum atls_revoked_kind kind,
                             const char *what, const struct atls_crypto_ops *crypto,
                             struct atls_bytes spki);
/* atls_identities_add_serial adds a serial number; leading zeros do not count. A negative or empty
 * one, and one that RFC 5280 (4.1.2.2) calls too long, is in no list: it is not added. */
void atls_identities_add_serial(struct atls_identities *set, const char *what,
                                struct atls_bytes serial);

/* atls_revoked_compare orders by kind, value, then time, so that the earliest of equal ones is
 * first. */
int atls_revoked_compare(const struct atls_revoked_entry *a, const struct atls_revoked_entry *b);

/*
 * atls_revocations_check refuses with ATLS_ERR_REVOKED the first identity that an entry names whose
 * time has come (from <= now, without grace). The sentence has kind, value and since when.
 * ATLS_ERR_STATE for an incomplete set. `list` NULL is the empty list.
 */
ATLS_NODISCARD enum atls_err atls_revocations_check(const struct atls_revocations *list,
                                                    const struct atls_identities *set,
                                                    int64_t now_s, struct atls_diag *diag);

#endif
