/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a context needs for sessions that are resumed: a digest of every setting that decides over a
 * peer, so that another policy, requirement or endorsement is seen; and the keys of tickets.
 *
 * Two keys at a time: the newer one seals, both open. The newer is replaced when it is as old as a
 * session may get, so that a ticket opens as long as it may serve, and no key lives longer than
 * twice that. They are in memory only, and gone with the context.
 */
#include "session/resumption_internal.h"

#include "atls/version.h"
#include "base/span.h"
#include "crypto/crypto.h"
#include "session/context.h"

#include <stdlib.h>

/* The longest that a session serves, whatever the policy says: a day. RFC 8446 (4.6.1) ends every
 * ticket after a week; what was appraised is old before that. */
enum { MAX_LIFETIME_S = 86400, NUM_KEYS = 2 };

struct context_resumption {
    uint8_t digest[32];
    /* Under context_lock(). */
    struct atls_ticket_key keys[NUM_KEYS]; /* the newer first */
    int64_t made_s[NUM_KEYS];
    size_t num_keys;
    int64_t next_end_s, next_end_since_s; /* as of context_next_end, and when that was asked */
    bool next_end_known;
};

enum atls_err atls_context_set_resume(struct atls_context *context, struct atls_diag *diag)
{
    const enum atls_err err = context_check_open(context, diag);
    if (err != ATLS_OK || context->resumption != NULL) {
        return err;
    }
    context->resumption = calloc(1, sizeof *context->resumption);
    return context->resumption != NULL ? ATLS_OK
                                       : atls_fail(diag, ATLS_ERR_MEMORY, "context", "resumption");
}

void context_free_resumption(struct atls_context *context)
{
    if (context->resumption != NULL) {
        atls_wipe(context->resumption, sizeof *context->resumption);
        free(context->resumption);
        context->resumption = NULL;
    }
}

bool atls_context_resumes(const struct atls_context *context)
{
    return context->resumption != NULL;
}

struct atls_bytes atls_context_digest(const struct atls_context *context)
{
    return atls_bytes_of(context->resumption->digest, sizeof context->resumption->digest);
}

uint32_t atls_context_session_lifetime_s(const struct atls_context *context)
{
    const uint32_t by_policy = context->policy.max_result_age_s;
    const bool bounded = context->num_required != 0 && by_policy < MAX_LIFETIME_S;
    return bounded ? by_policy : MAX_LIFETIME_S;
}

/* ---- the digest ---- */

static void put_length(uint8_t out[8], size_t len)
{
    for (size_t i = 0; i < 8; i++) {
        out[i] = (uint8_t)((uint64_t)len >> (56 - 8 * i));
    }
}

/* The digest so far, then name and value, each behind its length. */
void context_note(struct atls_context *context, const char *name, struct atls_bytes value)
{
    const struct atls_crypto_ops *crypto = context->crypto;
    const struct atls_bytes parts[] = {atls_bytes_text(name), value};
    struct atls_hash hash;
    uint8_t len[8];
    memset(&hash, 0, sizeof hash);
    enum atls_err err = crypto->hash_init(&hash, ATLS_ALG_SHA256);
    if (err == ATLS_OK) {
        err = crypto->hash_update(&hash, atls_digest_bytes(&context->settings));
    }
    for (size_t i = 0; err == ATLS_OK && i < ATLS_ARRAY_LEN(parts); i++) {
        put_length(len, parts[i].len);
        err = crypto->hash_update(&hash, atls_bytes_of(len, sizeof len));
        if (err == ATLS_OK) {
            err = crypto->hash_update(&hash, parts[i]);
        }
    }
    if (err == ATLS_OK) {
        err = crypto->hash_peek(&hash, &context->settings);
    }
    crypto->hash_cleanup(&hash);
    context->settings_failed = context->settings_failed || err != ATLS_OK;
}

static void note_flag(struct atls_context *context, const char *name, bool value)
{
    context_note(context, name, atls_bytes_text(value ? "yes" : "no"));
}

static enum atls_err digest_all(struct atls_context *context, struct atls_diag *diag)
{
    struct atls_digest endorsements;
    const enum atls_err err =
        atls_endorsements_digest(context->endorsements, context->crypto, &endorsements, diag);
    if (err != ATLS_OK) {
        return err;
    }
    context_note(context, "version", atls_bytes_text(ATLS_VERSION));
    context_note(context, "endorsements", atls_digest_bytes(&endorsements));
    for (size_t i = 0; i < context->num_required; i++) {
        const struct requirement *item = &context->required[i];
        context_note(context, "require",
                     atls_bytes_text(item->format != NULL ? item->format->name : "result"));
    }
    note_flag(context, "simulated", context->simulated_allowed);
    note_flag(context, "no-pkix", context->no_pkix);
    context_note(context, "verifier",
                 atls_bytes_text(context->verifier_ops->identity(context->verifier)));
    if (context->settings_failed || context->settings.len != sizeof context->resumption->digest) {
        return atls_fail(diag, ATLS_ERR_CRYPTO, "context", "SHA-256 of the settings");
    }
    memcpy(context->resumption->digest, context->settings.data, context->settings.len);
    return ATLS_OK;
}

enum atls_err context_freeze_resumption(struct atls_context *context, struct atls_diag *diag)
{
    if (context->resumption == NULL) {
        return ATLS_OK;
    }
    if (context_appraises_after(context)) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "context", "resumption",
                               "timing \"post\" or \"both\"",
                               "timing \"handshake\": draft-fossati-seat-expat forbids tickets");
    }
    if (context->timing == ATLS_TIMING_CERTIFICATE) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "context", "resumption",
                               "timing \"certificate\"",
                               "timing \"handshake\": a certificate is looked at each time");
    }
    return digest_all(context, diag);
}

int64_t context_next_end(struct atls_context *context, int64_t now_s)
{
    struct context_resumption *r = context->resumption;
    context_lock();
    const bool known = r->next_end_known && r->next_end_since_s <= now_s && now_s <= r->next_end_s;
    const int64_t remembered = r->next_end_s;
    context_unlock();
    if (known) {
        return remembered;
    }
    const int64_t end_s = atls_endorsements_next_end(context->endorsements, now_s);
    context_lock();
    r->next_end_s = end_s;
    r->next_end_since_s = now_s;
    r->next_end_known = true;
    context_unlock();
    return end_s;
}

/* ---- the keys of tickets ---- */

/* is_young: a clock that was set back makes nothing younger than it is. */
static bool is_young(int64_t made_s, int64_t now_s, int64_t limit_s)
{
    return made_s <= now_s && now_s - made_s < limit_s;
}

/* current gives the key that seals, under the lock; NULL: it is time for another. */
static const struct atls_ticket_key *current(const struct context_resumption *r, int64_t now_s,
                                             int64_t lifetime_s)
{
    return r->num_keys != 0 && is_young(r->made_s[0], now_s, lifetime_s) ? &r->keys[0] : NULL;
}

static enum atls_err make_key(struct atls_ticket_key *out, struct atls_diag *diag)
{
    const struct atls_buf parts[] = {{out->name, sizeof out->name},
                                     {out->cipher_key, sizeof out->cipher_key},
                                     {out->mac_key, sizeof out->mac_key}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(parts); i++) {
        const enum atls_err err = atls_random(parts[i]);
        if (err != ATLS_OK) {
            return atls_fail(diag, err, "resumption", "key of tickets");
        }
    }
    return ATLS_OK;
}

enum atls_err atls_context_ticket_key(struct atls_context *context, struct atls_ticket_key *out,
                                      struct atls_diag *diag)
{
    struct context_resumption *r = context->resumption;
    const int64_t now_s = atls_context_now(context);
    const int64_t lifetime_s = atls_context_session_lifetime_s(context);
    struct atls_ticket_key fresh;
    context_lock();
    const struct atls_ticket_key *key = current(r, now_s, lifetime_s);
    const bool found = key != NULL;
    if (found) {
        *out = *key;
    }
    context_unlock();
    if (found) {
        return ATLS_OK;
    }
    const enum atls_err err = make_key(&fresh, diag); /* not under the lock */
    if (err == ATLS_OK) {
        context_lock();
        key = current(r, now_s, lifetime_s);
        if (key == NULL) { /* no other thread was faster */
            r->keys[1] = r->keys[0];
            r->made_s[1] = r->made_s[0];
            r->keys[0] = fresh;
            r->made_s[0] = now_s;
            r->num_keys += r->num_keys < NUM_KEYS ? 1 : 0;
        }
        *out = r->keys[0];
        context_unlock();
    }
    atls_wipe(&fresh, sizeof fresh);
    return err;
}

bool atls_context_find_ticket_key(struct atls_context *context, const uint8_t name[static 16],
                                  struct atls_ticket_key *out)
{
    struct context_resumption *r = context->resumption;
    const int64_t now_s = atls_context_now(context);
    const int64_t limit_s = 2 * (int64_t)atls_context_session_lifetime_s(context);
    bool found = false;
    context_lock();
    for (size_t i = 0; !found && i < r->num_keys; i++) {
        found = is_young(r->made_s[i], now_s, limit_s) &&
                atls_bytes_equal(atls_bytes_of(r->keys[i].name, sizeof r->keys[i].name),
                                 atls_bytes_of(name, sizeof r->keys[i].name));
        if (found) {
            *out = r->keys[i];
        }
    }
    context_unlock();
    return found;
}
