/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/trust.h"

#include "base/span.h"
#include "json/json.h"

#include <pthread.h>
#include <stdlib.h>

static const char step[] = "trusted Verifiers";

enum { MAX_KEYS_LEN = 256 * 1024, RENEW_AFTER_MS = 60000 };

struct trusted {
    char *identity;
    char *url;                  /* NULL: pinned */
    struct verifier_keys *keys; /* NULL: not fetched yet */
    int64_t renewed_ms;         /* when newer ones were asked for last, well or not; 0: never */
};

struct verifier_trust {
    size_t num;
    struct trusted items[VERIFIER_MAX_TRUSTED];
};

/*
 * One lock for the keys of all, since a fork must find it free: a thread that held it has no
 * counterpart in the child, where it would stay locked. It is held for a few instructions only.
 */
static pthread_mutex_t keys_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t watch_forks_once = PTHREAD_ONCE_INIT;

static void lock(void)
{
    pthread_mutex_lock(&keys_lock);
}

static void unlock(void)
{
    pthread_mutex_unlock(&keys_lock);
}

static void watch_forks(void)
{
    (void)pthread_atfork(lock, unlock, unlock);
}

enum atls_err verifier_trust_new(struct verifier_trust **out, struct atls_diag *diag)
{
    struct verifier_trust *trust = calloc(1, sizeof *trust);
    if (trust == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    pthread_once(&watch_forks_once, watch_forks);
    *out = trust;
    return ATLS_OK;
}

void verifier_keys_release(struct verifier_keys *keys)
{
    if (keys == NULL) {
        return;
    }
    lock();
    const bool last = --keys->references == 0;
    unlock();
    if (last) {
        atls_jwk_set_cleanup(&keys->set);
        free(keys);
    }
}

static void forget(struct trusted *item)
{
    free(item->identity);
    free(item->url);
    verifier_keys_release(item->keys);
    memset(item, 0, sizeof *item);
}

void verifier_trust_free(struct verifier_trust *trust)
{
    if (trust == NULL) {
        return;
    }
    for (size_t i = 0; i < trust->num; i++) {
        forget(&trust->items[i]);
    }
    free(trust);
}

/* An absolute URI: a scheme, a colon and something behind it, in printable ASCII without blanks
 * (RFC 3986, 3.1). */
bool verifier_is_identity(const char *text)
{
    const size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789+-.");
    const bool letter = (text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z');
    if (!letter || text[scheme] != ':' || text[scheme + 1] == '\0' ||
        strlen(text) >= VERIFIER_MAX_IDENTITY) {
        return false;
    }
    for (const char *c = text; *c != '\0'; c++) {
        if (*c <= ' ' || *c >= 0x7f || *c == '#') {
            return false;
        }
    }
    return true;
}

bool verifier_names_identity(struct atls_bytes text)
{
    char copy[VERIFIER_MAX_IDENTITY] = "";
    if (text.len != 0 && text.len < sizeof copy) {
        memcpy(copy, text.data, text.len);
    }
    return text.len < sizeof copy && verifier_is_identity(copy);
}

/* add makes one more item; on failure nothing has changed. */
static enum atls_err add(struct verifier_trust *trust, const char *identity, const char *url,
                         struct verifier_keys *keys, struct atls_diag *diag)
{
    size_t at = 0;
    if (!verifier_is_identity(identity)) {
        atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "identity", NULL, "an absolute URI");
        atls_diag_found_peer_text(diag, atls_bytes_text(identity));
        return ATLS_ERR_CONFIG;
    }
    if (verifier_trust_find(trust, atls_bytes_text(identity), &at)) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "identity", identity,
                               "each identity once");
    }
    if (trust->num == VERIFIER_MAX_TRUSTED) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "identities", "too many", "at most 16");
    }
    struct trusted item = {.identity = strdup(identity), .url = NULL, .keys = NULL};
    item.url = url != NULL ? strdup(url) : NULL;
    if (item.identity == NULL || (url != NULL && item.url == NULL)) {
        forget(&item);
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    item.keys = keys;
    trust->items[trust->num++] = item;
    return ATLS_OK;
}

/* new_keys gives NULL without memory. */
static struct verifier_keys *new_keys(void)
{
    struct verifier_keys *keys = calloc(1, sizeof *keys);
    if (keys != NULL) {
        keys->references = 1;
    }
    return keys;
}

/* is_document: what its discovery answers with, saved to a file. */
static bool is_document(struct atls_bytes text)
{
    ATLS_AUTO(atls_json_cleanup) json_t *document = NULL;
    return atls_json_parse(&document, text, step, NULL) == ATLS_OK &&
           (atls_json_has(document, "ear-verification-keys") ||
            atls_json_has(document, "ear-verification-key"));
}

/* read_file reads the keys of `identity` out of a file; a document is of whom it says. */
static enum atls_err read_file(struct verifier_keys *out, const char *identity,
                               struct atls_bytes text, struct atls_diag *diag)
{
    if (!is_document(text)) {
        return atls_json_recode(atls_jwk_set_load(&out->set, text, diag), ATLS_ERR_CONFIG, diag);
    }
    const enum atls_err err = verifier_keys_read(out, text, diag);
    if (err != ATLS_OK && err != ATLS_ERR_MEMORY) {
        if (diag != NULL) { /* nobody has answered */
            diag->err = ATLS_ERR_CONFIG;
        }
        return ATLS_ERR_CONFIG;
    }
    if (err == ATLS_OK && out->id[0] != '\0' && strcmp(out->id, identity) != 0) {
        atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "verifier-id", NULL, identity);
        atls_diag_found_peer_text(diag, atls_bytes_text(out->id));
        return ATLS_ERR_CONFIG;
    }
    return err;
}

enum atls_err verifier_trust_pin(struct verifier_trust *trust, const char *identity,
                                 struct atls_bytes text, struct atls_diag *diag)
{
    struct verifier_keys *keys = new_keys();
    if (keys == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    enum atls_err err = read_file(keys, identity, text, diag);
    if (err == ATLS_OK) {
        err = add(trust, identity, NULL, keys, diag);
    }
    if (err != ATLS_OK) {
        verifier_keys_release(keys);
    }
    return err;
}

enum atls_err verifier_trust_fetch(struct verifier_trust *trust, const char *identity,
                                   const char *url, struct atls_diag *diag)
{
    struct verifier_service_url where;
    enum atls_err err = verifier_url_parse(&where, url, diag);
    if (err == ATLS_OK && !where.https) {
        err = atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "URL of the keys", url,
                              "https: keys from whoever answers prove nothing");
    }
    return err == ATLS_OK ? add(trust, identity, url, NULL, diag) : err;
}

size_t verifier_trust_count(const struct verifier_trust *trust)
{
    return trust->num;
}

const char *verifier_trust_identity(const struct verifier_trust *trust, size_t at)
{
    return trust->items[at].identity;
}

bool verifier_trust_find(const struct verifier_trust *trust, struct atls_bytes identity,
                         size_t *out)
{
    for (size_t i = 0; i < trust->num; i++) {
        if (atls_bytes_is_text(identity, trust->items[i].identity)) {
            *out = i;
            return true;
        }
    }
    return false;
}

bool verifier_trust_is_remote(const struct verifier_trust *trust, size_t at)
{
    return trust->items[at].url != NULL;
}

/* read_id reads who the document says that it is of. */
static enum atls_err read_id(char out[static VERIFIER_MAX_IDENTITY], const json_t *document,
                             struct atls_diag *diag)
{
    struct atls_bytes id = {NULL, 0};
    const json_t *value = json_object_get(document, "verifier-id");
    if (value != NULL && (!atls_json_text_of(value, &id) || id.len >= VERIFIER_MAX_IDENTITY)) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "verifier-id", "something else",
                               "an absolute URI");
    }
    if (id.len != 0) {
        memcpy(out, id.data, id.len);
    }
    out[id.len] = '\0';
    return ATLS_OK;
}

static enum atls_err read_document(struct atls_jwk_set *out, const json_t *document,
                                   struct atls_bytes json, struct atls_diag *diag)
{
    const json_t *keys = json_object_get(document, "ear-verification-keys");
    keys = keys != NULL ? keys : json_object_get(document, "ear-verification-key");
    if (keys == NULL) {
        return atls_jwk_set_parse(out, json, diag);
    }
    char *text = atls_json_dump(keys);
    const enum atls_err err = text != NULL ? atls_jwk_set_parse(out, atls_bytes_text(text), diag)
                                           : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    free(text);
    return err;
}

enum atls_err verifier_keys_read(struct verifier_keys *out, struct atls_bytes json,
                                 struct atls_diag *diag)
{
    ATLS_AUTO(atls_json_cleanup) json_t *document = NULL;
    enum atls_err err = atls_json_parse(&document, json, step, diag);
    if (err == ATLS_OK) {
        err = read_id(out->id, document, diag);
    }
    if (err == ATLS_OK) {
        err = read_document(&out->set, document, json, diag);
    }
    if (err != ATLS_OK && err != ATLS_ERR_MEMORY) {
        err = ATLS_ERR_VERIFIER_ANSWER;
        if (diag != NULL) {
            diag->err = err;
        }
    }
    return err;
}

static enum atls_err parse_keys(struct verifier_keys **out, struct atls_bytes json,
                                struct atls_diag *diag)
{
    struct verifier_keys *keys = new_keys();
    if (keys == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    const enum atls_err err = verifier_keys_read(keys, json, diag);
    if (err != ATLS_OK) {
        verifier_keys_release(keys);
        return err;
    }
    *out = keys;
    return ATLS_OK;
}

static enum atls_err fetch_keys(struct verifier_keys **out, const struct trusted *item,
                                const struct verifier_line *line, struct atls_diag *diag)
{
    static const char what[] = "keys of the Verifier";
    struct verifier_service_url where;
    struct atls_fetch_answer answer;
    const struct atls_fetch_request request = {.method = ATLS_FETCH_GET,
                                               .url = item->url,
                                               .accept = "application/vnd.veraison.discovery+json, "
                                                         "application/jwk-set+json, "
                                                         "application/json",
                                               .max_body = MAX_KEYS_LEN};
    enum atls_err err = verifier_url_parse(&where, item->url, diag);
    struct verifier_line there = *line;
    there.url = &where;
    if (err == ATLS_OK) {
        err = verifier_ask(&answer, &there, what, &request, VERIFIER_ASK_AGAIN, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    struct verifier_keys *keys = NULL;
    if (answer.status != 200) {
        verifier_refuse_status(&answer, what, "200", diag);
        err = ATLS_ERR_VERIFIER_ANSWER;
    } else {
        err = parse_keys(&keys, atls_bytes_of(answer.body, answer.body_len), diag);
    }
    free(answer.body);
    if (err == ATLS_OK) {
        *out = keys;
    }
    return err;
}

/* take_kept gives what is there with a reference, and says whether one may ask for newer keys now,
 * which then counts as asked. */
static struct verifier_keys *take_kept(struct trusted *item, bool renew, bool *may_renew)
{
    lock();
    struct verifier_keys *keys = item->keys;
    const int64_t now_ms = atls_verifier_clock_ms();
    *may_renew = renew && item->url != NULL &&
                 (item->renewed_ms == 0 || now_ms - item->renewed_ms >= RENEW_AFTER_MS);
    item->renewed_ms = *may_renew ? now_ms : item->renewed_ms;
    if (keys != NULL) {
        keys->references++;
    }
    unlock();
    return keys;
}

static void keep(struct trusted *item, struct verifier_keys *keys)
{
    lock();
    struct verifier_keys *before = item->keys;
    item->keys = keys;
    keys->references++; /* one is the item's, one that of whoever fetched */
    unlock();
    verifier_keys_release(before);
}

enum atls_err verifier_trust_take(struct verifier_keys **out, struct verifier_trust *trust,
                                  size_t at, bool renew, const struct verifier_line *line,
                                  struct atls_diag *diag)
{
    struct trusted *item = &trust->items[at];
    bool may_renew = false;
    struct verifier_keys *keys = take_kept(item, renew, &may_renew);
    if (keys != NULL && !renew) {
        *out = keys;
        return ATLS_OK;
    }
    verifier_keys_release(keys);
    if (renew && !may_renew) {
        return ATLS_OK;
    }
    const enum atls_err err = fetch_keys(&keys, item, line, diag);
    if (err == ATLS_OK) {
        keep(item, keys);
        *out = keys;
    }
    return err;
}
