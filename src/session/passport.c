/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passports that we bring, each replaced as a whole when it is renewed. Nothing here judges what a
 * Result says of us: that is the peer's to do. What we look at is what would make it useless: its
 * end, and the key that it speaks for. Its signature we could not verify, having no list of
 * Verifiers for our own.
 */
#include "session/passport.h"

#include "base/span.h"
#include "base/writer.h"
#include "json/cmw_json.h"
#include "json/ear_key.h"
#include "json/ear_token.h"
#include "session/context_internal.h"
#include "verifier/trust.h"

#include <stdlib.h>

static const char step[] = "passport";

/* CoAP content formats of a Result (RFC 9782). */
enum { FORMAT_CWT = 263, FORMAT_JWT = 264 };

struct session_passport {
    int references; /* atomic */
    char identity[VERIFIER_MAX_IDENTITY];
    uint8_t *cmw;
    size_t cmw_len;
    struct atls_ear_token *token;
};

struct session_passport *session_passport_take(struct atls_context *context, size_t index)
{
    context_lock();
    struct session_passport *passport = context->passports[index].passport;
    __atomic_add_fetch(&passport->references, 1, __ATOMIC_RELAXED);
    context_unlock();
    return passport;
}

void session_passport_release(struct session_passport *passport)
{
    if (passport != NULL && __atomic_sub_fetch(&passport->references, 1, __ATOMIC_ACQ_REL) == 0) {
        atls_ear_token_free(passport->token);
        free(passport->cmw);
        free(passport);
    }
}

bool session_passport_find(const struct atls_context *context, struct atls_bytes identity,
                           size_t *out)
{
    for (size_t i = 0; i < context->num_passports; i++) {
        if (atls_bytes_is_text(identity, context->passports[i].identity)) {
            *out = i;
            return true;
        }
    }
    return false;
}

struct atls_bytes session_passport_cmw(const struct session_passport *passport)
{
    return atls_bytes_of(passport->cmw, passport->cmw_len);
}

static enum atls_err fail_passport(struct atls_diag *diag, const char *claim, const char *found,
                                   const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_PASSPORT, step, claim, found, expected);
}

/* as_ours makes a refusal of a Result one of our own passport, with the same words. */
static enum atls_err as_ours(enum atls_err err, struct atls_diag *diag)
{
    if (err == ATLS_OK || err == ATLS_ERR_MEMORY) {
        return err;
    }
    if (diag != NULL) {
        diag->err = ATLS_ERR_PASSPORT;
    }
    return ATLS_ERR_PASSPORT;
}

/* trimmed takes the end of the line off that a file with a JWT may have. */
static struct atls_bytes trimmed(struct atls_bytes text)
{
    while (text.len != 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r')) {
        text.len--;
    }
    return text;
}

/* wrap puts a Result into the CMW that goes into the handshake. */
static enum atls_err wrap(struct session_passport *passport, struct atls_bytes token,
                          struct atls_diag *diag)
{
    const bool is_cwt = atls_ear_token_is_cwt(passport->token);
    const size_t room = token.len + 32; /* heads, content format and indicator */
    passport->cmw = room <= ATLS_MAX_CMW_LEN ? malloc(room) : NULL;
    if (room > ATLS_MAX_CMW_LEN) {
        return fail_passport(diag, "length", "more than fits a handshake", "at most 65528 octets");
    }
    if (passport->cmw == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    struct atls_writer w = atls_writer_of((struct atls_buf){passport->cmw, room});
    atls_cmw_put_record_cf(&w, is_cwt ? FORMAT_CWT : FORMAT_JWT, token, ATLS_CMW_RESULTS);
    return atls_writer_finish(&w, &passport->cmw_len)
               ? ATLS_OK
               : atls_fail(diag, ATLS_ERR_BUFFER, step, NULL);
}

/* read takes a CMW of any form with one Result, or a Result by itself. It is written anew, so that
 * the form that travels is always the short one. */
static enum atls_err read_result(struct session_passport *passport, struct atls_bytes input,
                                 struct atls_diag *diag)
{
    struct atls_cmw cmw;
    uint8_t *storage = NULL;
    struct atls_bytes token = trimmed(input);
    if (atls_cmw_read_any(&cmw, &storage, input, step, NULL) == ATLS_OK) {
        if (cmw.kind == ATLS_CMW_COLLECTION) {
            free(storage);
            return fail_passport(diag, "CMW", "a collection", "one record with a Result");
        }
        token = cmw.value;
    }
    enum atls_err err = ATLS_OK;
    if (token.len == 0 || token.data[0] == '{') {
        err = fail_passport(diag, "Result", "nothing that is signed", "a JWT or a CWT");
    }
    if (err == ATLS_OK) {
        err = as_ours(atls_ear_open_unverified(&passport->token, token, diag), diag);
    }
    if (err == ATLS_OK) {
        err = wrap(passport, token, diag);
    }
    free(storage);
    return err;
}

/* name it by what the Result says, or, where that is nothing, by what the caller does. */
static enum atls_err name(struct session_passport *passport, const char *given,
                          struct atls_diag *diag)
{
    const struct atls_ear *ear = atls_ear_token_get(passport->token);
    struct atls_bytes issuer = ear->issuer;
    if (given != NULL && ear->profile == ATLS_EAR_TRUSTEE && !verifier_names_identity(issuer)) {
        issuer = atls_bytes_of(NULL, 0); /* Trustee says a name, which is no identity */
    }
    if (given == NULL && issuer.len == 0) {
        return fail_passport(diag, "iss", "nothing", "the identity of the Verifier, or one given");
    }
    if (given != NULL && issuer.len != 0 && !atls_bytes_is_text(issuer, given)) {
        fail_passport(diag, "iss", NULL, given);
        atls_diag_found_peer_text(diag, issuer);
        return ATLS_ERR_PASSPORT;
    }
    const struct atls_bytes text = given != NULL ? atls_bytes_text(given) : issuer;
    if (text.len < sizeof passport->identity) {
        memcpy(passport->identity, text.data, text.len); /* zeros behind it */
    }
    if (!verifier_is_identity(passport->identity) || strlen(passport->identity) != text.len) {
        fail_passport(diag, "iss", NULL, "an absolute URI");
        atls_diag_found_peer_text(diag, text);
        return ATLS_ERR_PASSPORT;
    }
    return ATLS_OK;
}

static enum atls_err bad_time(const char *claim, int64_t found, const char *expected, int64_t now_s,
                              struct atls_diag *diag)
{
    fail_passport(diag, claim, NULL, expected);
    atls_diag_found_time(diag, found);
    atls_diag_expected_time(diag, now_s);
    return ATLS_ERR_PASSPORT;
}

enum atls_err session_passport_check(const struct session_passport *passport,
                                     const struct atls_context *context, struct atls_bytes own_spki,
                                     struct atls_diag *diag)
{
    const struct atls_ear *ear = atls_ear_token_get(passport->token);
    const int64_t now_s = atls_context_now(context);
    if (ear->has_exp && ear->exp_s <= now_s) {
        return bad_time("exp", ear->exp_s, "later than now, ", now_s, diag);
    }
    if (ear->iat_s > now_s + ATLS_MAX_SKEW_S) {
        return bad_time("iat", ear->iat_s, "no later than now, ", now_s, diag);
    }
    if (own_spki.len == 0) {
        return ATLS_OK;
    }
    const enum atls_err err = atls_ear_check_key(ear, context->crypto, own_spki, diag);
    return err == ATLS_ERR_KEY_BINDING ? as_ours(err, diag) : err;
}

enum atls_err atls_context_check_passports(struct atls_context *context, struct atls_bytes own_spki,
                                           struct atls_diag *diag)
{
    enum atls_err err = ATLS_OK;
    for (size_t i = 0; err == ATLS_OK && i < context->num_passports; i++) {
        struct session_passport *passport = session_passport_take(context, i);
        err = session_passport_check(passport, context, own_spki, diag);
        session_passport_release(passport);
    }
    return err;
}

/* read_passport gives one that is valid now, with one reference; `given` and the Result say whose.
 */
static enum atls_err read_passport(struct session_passport **out,
                                   const struct atls_context *context, const char *given,
                                   struct atls_bytes result, struct atls_bytes own_spki,
                                   struct atls_diag *diag)
{
    struct session_passport *passport = calloc(1, sizeof *passport);
    if (passport == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    passport->references = 1;
    enum atls_err err = read_result(passport, result, diag);
    if (err == ATLS_OK) {
        err = name(passport, given, diag);
    }
    if (err == ATLS_OK) {
        err = session_passport_check(passport, context, own_spki, diag);
    }
    if (err != ATLS_OK) {
        session_passport_release(passport);
        return err;
    }
    *out = passport;
    return ATLS_OK;
}

enum atls_err atls_context_add_passport(struct atls_context *context, const char *identity,
                                        struct atls_bytes result, struct atls_diag *diag)
{
    enum atls_err err = context_check_open(context, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (context->num_passports == ATLS_MAX_PASSPORTS) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "context", "passports", "a fifth",
                               "at most 4");
    }
    struct session_passport *passport = NULL;
    size_t index = 0;
    err = read_passport(&passport, context, identity, result, atls_bytes_of(NULL, 0), diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (session_passport_find(context, atls_bytes_text(passport->identity), &index)) {
        err = atls_fail_texts(diag, ATLS_ERR_CONFIG, "context", "passports",
                              context->passports[index].identity, "one of each Verifier");
        session_passport_release(passport);
        return err;
    }
    struct session_passport_slot *slot = &context->passports[context->num_passports++];
    memcpy(slot->identity, passport->identity, sizeof slot->identity);
    slot->passport = passport;
    return ATLS_OK;
}

enum atls_err session_passport_renew(struct atls_context *context, const char *identity,
                                     struct atls_bytes result, struct atls_bytes own_spki,
                                     struct atls_diag *diag)
{
    struct session_passport *passport = NULL;
    size_t index = 0;
    enum atls_err err = read_passport(&passport, context, identity, result, own_spki, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (!session_passport_find(context, atls_bytes_text(passport->identity), &index)) {
        fail_passport(diag, "iss", NULL, "the Verifier of a passport that this context brings");
        atls_diag_found_peer_text(diag, atls_bytes_text(passport->identity));
        session_passport_release(passport);
        return ATLS_ERR_PASSPORT;
    }
    context_lock();
    struct session_passport *old = context->passports[index].passport;
    context->passports[index].passport = passport;
    context_unlock();
    session_passport_release(old);
    return ATLS_OK;
}
