/* SPDX-License-Identifier: Apache-2.0 */
/* Chains from what is there, the roots that they may lead to, and revocation. */
#include "endorsement/bag.h"

#include "base/ends.h"
#include "base/span.h"
#include "crypto/crypto.h"
#include "endorsement/statement.h"

#include <stdlib.h>

static const char step[] = "collateral";

/* For what a CoTS must allow an authority that stands behind Evidence. */
#define EVIDENCE (ATLS_PURPOSE_EAT | ATLS_PURPOSE_KEY_ATTESTATION)

/* by_certificate looks among the files that were named as trust anchors (NAME@file). */
static bool by_certificate(struct atls_root *out, const struct atls_collateral_scope *scope,
                           struct atls_bytes spki)
{
    const struct atls_bag_cert *entry = NULL;
    /* Those of the set only: neither Evidence nor a server says whom to trust. */
    const struct atls_collateral_scope own = {.endorsements = scope->endorsements};
    struct atls_bag_cursor cursor = {.bag = NULL};
    while ((entry = atls_bag_next_cert(&own, &cursor)) != NULL) {
        if (entry->anchor_for != NULL && strcmp(entry->anchor_for, scope->format) == 0 &&
            atls_bytes_equal(atls_x509_spki(entry->cert), spki)) {
            out->source = entry->source;
            return true;
        }
    }
    return false;
}

/* by_corim looks among the authorities of CoRIM and CoTS. One that is simulated makes the root
 * simulated, whatever else names it. */
static bool by_corim(struct atls_root *out, const struct atls_collateral_scope *scope,
                     struct atls_bytes spki)
{
    bool found = false;
    size_t cursor = 0;
    const struct atls_authority *authority = NULL;
    while ((authority = atls_endorsements_next_authority(scope->endorsements, scope->format,
                                                         scope->environment, EVIDENCE, scope->now_s,
                                                         &cursor)) != NULL) {
        if (authority->is_anchor && atls_bytes_equal(authority->spki, spki)) {
            out->source = authority->source;
            out->simulated = out->simulated || authority->simulated;
            found = true;
        }
    }
    return found;
}

enum atls_err atls_collateral_check_root(struct atls_root *out,
                                         const struct atls_collateral_scope *scope,
                                         const struct atls_x509 *root, struct atls_diag *diag)
{
    const struct atls_bytes spki = atls_x509_spki(root);
    struct atls_root found = {.vendor = NULL};
    struct atls_digest digest;
    const enum atls_err err = atls_crypto_openssl()->hash(ATLS_ALG_SHA256, spki, &digest);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, "evidence endorsement", "root");
    }
    memcpy(found.spki_sha256, digest.data, sizeof found.spki_sha256);
    found.vendor = atls_vendor_root_find(scope->format, atls_digest_bytes(&digest));
    if (found.vendor == NULL) {
        const bool by_file = by_certificate(&found, scope, spki);
        if (!by_corim(&found, scope, spki) && !by_file) {
            atls_fail_texts(diag, ATLS_ERR_NOT_ENDORSED, "evidence endorsement", "root",
                            atls_x509_common_name(root),
                            "a maker's root, or one of a loaded trust anchor");
            atls_diag_found_text(diag, ", with a key that nobody vouches for");
            return ATLS_ERR_NOT_ENDORSED;
        }
    }
    *out = found;
    return ATLS_OK;
}

/* A path that grows from its leaf. Certificates that were read for it alone are in `own`. */
struct path {
    struct atls_bytes ders[ATLS_MAX_CHAIN];
    size_t len;
    struct atls_x509 *own[ATLS_MAX_CHAIN];
    size_t num_own;
};

static void path_cleanup(struct path *path)
{
    for (size_t i = 0; i < path->num_own; i++) {
        atls_x509_free(path->own[i]);
    }
}

static bool is_issuer(const struct atls_x509 *cert, const struct atls_x509 *candidate)
{
    return atls_bytes_equal(atls_x509_issuer(cert), atls_x509_subject(candidate)) &&
           atls_x509_is_signed_by(cert, candidate);
}

static bool is_in_dates(const struct atls_x509 *cert, int64_t now_s)
{
    return atls_x509_not_before(cert) <= now_s && now_s <= atls_x509_not_after(cert);
}

/* issuer_in_bags prefers one in its dates: a maker may certify one key twice. */
static const struct atls_x509 *issuer_in_bags(const struct atls_collateral_scope *scope,
                                              const struct atls_x509 *cert)
{
    const struct atls_x509 *other = NULL;
    const struct atls_bag_cert *entry = NULL;
    struct atls_bag_cursor cursor = {.bag = NULL};
    while ((entry = atls_bag_next_cert(scope, &cursor)) != NULL) {
        if (!is_issuer(cert, entry->cert)) {
            continue;
        }
        if (is_in_dates(entry->cert, scope->now_s)) {
            return entry->cert;
        }
        other = entry->cert;
    }
    return other;
}

/* issuer_in_corim reads certificates of authorities, of which only few are looked at. */
static const struct atls_x509 *issuer_in_corim(struct path *path,
                                               const struct atls_collateral_scope *scope,
                                               const struct atls_x509 *cert)
{
    size_t cursor = 0;
    const struct atls_authority *authority = NULL;
    while ((authority = atls_endorsements_next_authority(scope->endorsements, scope->format,
                                                         scope->environment, EVIDENCE, scope->now_s,
                                                         &cursor)) != NULL) {
        struct atls_x509 *read = NULL;
        if (path->num_own == ATLS_MAX_CHAIN || authority->cert.len == 0 ||
            atls_x509_read(&read, authority->cert, NULL) != ATLS_OK) {
            continue;
        }
        if (is_issuer(cert, read)) {
            path->own[path->num_own++] = read;
            return read;
        }
        atls_x509_free(read);
    }
    return NULL;
}

/* The beginning of the name of AMD's authority for VLEKs. */
static const char asvk[] = "SEV-VLEK-";

/* want_issuer knows by its name where a maker publishes it. */
static void want_issuer(const struct atls_collateral_scope *scope, const char *name)
{
    struct atls_collateral_wanted wanted = {.kind = ATLS_WANTED_AMD_CHAIN};
    static const char ask[] = "SEV-";
    static const char ark[] = "ARK-";
    const char *product = NULL;
    if (strncmp(name, asvk, sizeof asvk - 1) == 0) {
        wanted.amd_key = ATLS_AMD_VLEK;
        product = &name[sizeof asvk - 1];
    } else if (strncmp(name, ask, sizeof ask - 1) == 0 || strncmp(name, ark, sizeof ark - 1) == 0) {
        product = &name[sizeof ask - 1];
    }
    if (product != NULL && strlen(product) < sizeof wanted.product) {
        memcpy(wanted.product, product, strlen(product) + 1);
        atls_collateral_want(scope, &wanted);
    }
}

/* complete adds issuers of `cert`, the last one, until the root is there. */
static enum atls_err complete(struct path *path, const struct atls_collateral_scope *scope,
                              const struct atls_x509 *cert, size_t max, struct atls_diag *diag)
{
    while (!atls_x509_is_self_issued(cert) && path->len < max) {
        const struct atls_x509 *issuer = issuer_in_bags(scope, cert);
        if (issuer == NULL) {
            issuer = issuer_in_corim(path, scope, cert);
        }
        if (issuer == NULL) {
            want_issuer(scope, atls_x509_issuer_name(cert));
            atls_fail_texts(diag, ATLS_ERR_COLLATERAL, step, "certificate",
                            "none, neither loaded nor brought along", "that of ");
            atls_diag_expected_text(diag, atls_x509_issuer_name(cert));
            return ATLS_ERR_COLLATERAL;
        }
        path->ders[path->len++] = atls_x509_der(issuer);
        cert = issuer;
    }
    return ATLS_OK;
}

static enum atls_err read_and_complete(struct path *path, const struct atls_collateral_scope *scope,
                                       size_t max, struct atls_diag *diag)
{
    struct atls_x509 *last = NULL;
    if (path->len == max) {
        return ATLS_OK; /* whether a root is at its end is for the chain to say */
    }
    const enum atls_err err = atls_x509_read(&last, path->ders[path->len - 1], diag);
    if (err != ATLS_OK) {
        return err;
    }
    path->own[path->num_own++] = last;
    return complete(path, scope, last, max, diag);
}

/* check takes the reference of `chain`. */
static enum atls_err check(struct atls_chain **out, struct atls_root *root,
                           const struct atls_collateral_scope *scope, struct atls_chain *chain,
                           struct atls_diag *diag)
{
    struct atls_root found = {.vendor = NULL};
    const struct atls_x509 *last = atls_chain_cert(chain, atls_chain_len(chain) - 1);
    enum atls_err err = atls_collateral_check_root(&found, scope, last, diag);
    if (err == ATLS_OK) {
        err = atls_chain_check_dates(chain, scope->now_s, diag);
    }
    if (err != ATLS_OK) {
        atls_chain_release(chain);
        return err;
    }
    for (size_t i = 0; i < atls_chain_len(chain); i++) {
        atls_ends_by(scope->ends_s, atls_x509_not_after(atls_chain_cert(chain, i)));
    }
    *out = chain;
    *root = found;
    return ATLS_OK;
}

static enum atls_err obtain(struct atls_chain **out, struct atls_root *root,
                            const struct atls_collateral_scope *scope, const struct path *path,
                            const struct atls_chain_profile *profile, struct atls_diag *diag)
{
    struct atls_chain *chain = NULL;
    const enum atls_err err = atls_chain_obtain(&chain, path->ders, path->len, profile, diag);
    return err == ATLS_OK ? check(out, root, scope, chain, diag) : err;
}

enum atls_err atls_collateral_chain(struct atls_chain **out, struct atls_root *root,
                                    const struct atls_collateral_scope *scope,
                                    const struct atls_bytes *certs, size_t num,
                                    const struct atls_chain_profile *profile,
                                    struct atls_diag *diag)
{
    struct path path = {.len = num};
    if (num == 0 || num > profile->max_len) {
        /* which the reader says with its sentence */
        return atls_chain_obtain(out, certs, num, profile, diag);
    }
    struct atls_chain *known = atls_chain_recall(certs, num, profile);
    if (known != NULL) {
        return check(out, root, scope, known, diag); /* a chain has its root: nothing is missing */
    }
    memcpy(path.ders, certs, num * sizeof *certs);
    enum atls_err err = read_and_complete(&path, scope, profile->max_len, diag);
    if (err == ATLS_OK) {
        err = obtain(out, root, scope, &path, profile, diag);
    }
    path_cleanup(&path);
    return err;
}

enum atls_err atls_bag_chain(struct atls_chain **out, struct atls_root *root,
                             const struct atls_collateral_scope *scope,
                             const struct atls_x509 *leaf, const struct atls_chain_profile *profile,
                             struct atls_diag *diag)
{
    struct path path = {.ders = {atls_x509_der(leaf)}, .len = 1};
    enum atls_err err = complete(&path, scope, leaf, profile->max_len, diag);
    if (err == ATLS_OK) {
        err = obtain(out, root, scope, &path, profile, diag);
    }
    path_cleanup(&path);
    return err;
}

/* want_list knows by the issuer's name where its list is published. An ARK has two: its ASVK names
 * another place for it than its ASK (57230, 4). */
static void want_list(const struct atls_collateral_scope *scope, const struct atls_x509 *cert,
                      const struct atls_x509 *issuer)
{
    static const char ark[] = "ARK-";
    const char *name = atls_x509_common_name(issuer);
    struct atls_collateral_wanted wanted = {.kind = ATLS_WANTED_NOTHING};
    if (strncmp(name, ark, sizeof ark - 1) == 0 &&
        strlen(&name[sizeof ark - 1]) < sizeof wanted.product) {
        wanted.kind = ATLS_WANTED_AMD_CRL;
        wanted.amd_key = strncmp(atls_x509_common_name(cert), asvk, sizeof asvk - 1) == 0
                             ? ATLS_AMD_VLEK
                             : ATLS_AMD_VCEK;
        memcpy(wanted.product, &name[sizeof ark - 1], strlen(&name[sizeof ark - 1]) + 1);
    } else if (strcmp(name, "Intel SGX Root CA") == 0) {
        wanted.kind = ATLS_WANTED_ROOT_CRL;
    } else if (strcmp(name, "Intel SGX PCK Platform CA") == 0 ||
               strcmp(name, "Intel SGX PCK Processor CA") == 0) {
        wanted.kind = ATLS_WANTED_PCK_CRL;
        wanted.platform_ca = strcmp(name, "Intel SGX PCK Platform CA") == 0;
    }
    atls_collateral_want(scope, &wanted);
}

enum atls_err atls_collateral_check_revoked(const struct atls_collateral_scope *scope,
                                            const struct atls_chain *chain, size_t index,
                                            struct atls_diag *diag)
{
    const struct atls_x509 *issuer = atls_chain_cert(chain, index + 1);
    if (issuer == NULL) {
        return atls_fail(diag, ATLS_ERR_ARGUMENT, step, "certificate");
    }
    bool looked = false;
    atls_fail_texts(diag, ATLS_ERR_COLLATERAL, step, "list of revoked certificates",
                    "none, neither loaded nor brought along", "that of ");
    atls_diag_expected_text(diag, atls_x509_common_name(issuer));
    const struct atls_bag_crl *entry = NULL;
    struct atls_bag_cursor cursor = {.bag = NULL};
    while ((entry = atls_bag_next_crl(scope, &cursor)) != NULL) {
        if (!atls_bytes_equal(atls_crl_issuer(entry->crl), atls_x509_subject(issuer))) {
            continue;
        }
        struct atls_diag why;
        const enum atls_err err =
            atls_chain_check_revoked(chain, index, entry->crl, scope->now_s, &why);
        looked = looked || err == ATLS_OK;
        if (err == ATLS_OK) {
            atls_ends_by(scope->ends_s, atls_crl_next_update(entry->crl));
        }
        if (err != ATLS_OK && !looked && diag != NULL) {
            *diag = why;
        }
        if (err == ATLS_ERR_REVOKED) {
            if (diag != NULL) {
                *diag = why;
            }
            return err;
        }
    }
    if (looked) {
        return ATLS_OK;
    }
    want_list(scope, atls_chain_cert(chain, index), issuer);
    if (diag != NULL) {
        diag->err = ATLS_ERR_COLLATERAL; /* of another list's algorithm, too: there is none */
    }
    return ATLS_ERR_COLLATERAL;
}
