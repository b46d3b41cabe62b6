/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/verified.h"

#include "crypto/crypto_internal.h"

#include <pthread.h>
#include <stdio.h>

static struct atls_names_entry entries[ATLS_MAX_VERIFIED];
static struct atls_names names = {.entries = entries, .num = ATLS_MAX_VERIFIED};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct atls_signed_octets atls_signed_octets(struct atls_bytes octets)
{
    struct atls_signed_octets made = {.octets = octets};
    made.has_name = atls_octets_name(&made.name, "octets", &octets, 1);
    return made;
}

static bool is_kept(const struct atls_octets_name *name)
{
    if (pthread_mutex_trylock(&lock) != 0) {
        return false;
    }
    const bool found = atls_names_find(&names, name) < names.num;
    pthread_mutex_unlock(&lock);
    return found;
}

bool atls_verified_known(struct atls_verified *out, const char *kind,
                         const struct atls_x509 *issuer, const struct atls_signed_octets *octets,
                         struct atls_bytes signature)
{
    const struct atls_bytes parts[] = {
        atls_x509_spki(issuer), atls_bytes_of(octets->name.octets, sizeof octets->name.octets),
        signature};
    out->has_name =
        octets->has_name && atls_octets_name(&out->name, kind, parts, ATLS_ARRAY_LEN(parts));
    return out->has_name && is_kept(&out->name);
}

void atls_verified_note(const struct atls_verified *verified)
{
    if (!verified->has_name || pthread_mutex_trylock(&lock) != 0) {
        return;
    }
    if (atls_names_find(&names, &verified->name) == names.num) {
        (void)atls_names_keep(&names, &verified->name);
    } /* else another thread was first */
    pthread_mutex_unlock(&lock);
}

void atls_verified_clear(void)
{
    pthread_mutex_lock(&lock);
    atls_names_clear(&names);
    pthread_mutex_unlock(&lock);
}

enum atls_err atls_verified_by(const struct atls_x509 *signer, int32_t alg,
                               const struct atls_signed_octets *octets, struct atls_bytes signature)
{
    char kind[32];
    struct atls_verified verified;
    snprintf(kind, sizeof kind, "signature %d", (int)alg);
    if (atls_verified_known(&verified, kind, signer, octets, signature)) {
        return ATLS_OK;
    }
    const enum atls_err err =
        atls_ossl_verify(alg, atls_x509_key(signer), &octets->octets, 1, signature);
    if (err == ATLS_OK) {
        atls_verified_note(&verified);
    }
    return err;
}
