/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/signer.h"

#include "atls/version.h"
#include "base/span.h"
#include "crypto/crypto.h"
#include "crypto/key.h"
#include "json/base64.h"
#include "json/ear.h"
#include "json/file.h"
#include "json/json.h"
#include "json/jwk.h"
#include "svc/verifier/message.h"
#include "svc/verifier/sandbox.h"
#include "svc/verifier/signed_table.h"
#include "svc/verifier/ignore.h"

#include <stdlib.h>
#include <time.h>

static const char step[] = "signer";

enum {
    /* Evidence that came in before a session ended may take so long until its Result is signed. */
    GRACE_S = 300,
    MAX_TTL_S = 86400,
    MAX_REQUEST = 1 << 21,
    NUM_DRAWN = 16 /* tickets */
};

struct signer {
    const struct verifier_signer_config *config;
    const struct atls_crypto_ops *crypto;
    struct atls_key *keys[VERIFIER_MAX_SIGNING_KEYS];
    struct verifier_ticket_key ticket_keys[VERIFIER_MAX_SIGNING_KEYS];
    size_t num_ticket_keys;
    char kid[ATLS_BASE64_SIZE(32)]; /* of the key that signs */
    struct verifier_signed_table *table;
    /* Random octets of tickets to come: a draw costs much, however little is drawn. */
    uint8_t drawn[NUM_DRAWN][VERIFIER_TICKET_RANDOM_LEN];
    size_t num_drawn;
    struct verifier_packer answers;
    struct verifier_outcome outcome; /* of the request at hand; too large for a stack */
    int fd;
};

static struct timespec wall(void)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_REALTIME, &now);
    return now;
}

static int64_t wall_s(void)
{
    return wall().tv_sec;
}

static enum atls_err read_jwk(struct atls_key **out, struct atls_bytes text, const char *path,
                              struct atls_diag *diag)
{
    json_t *jwk = NULL;
    enum atls_err err = atls_json_parse(&jwk, text, path, diag);
    if (err == ATLS_OK) {
        err = atls_key_from_jwk(out, jwk, diag);
    }
    json_decref(jwk);
    return atls_json_recode(err, ATLS_ERR_KEY, diag);
}

static enum atls_err read_key(struct atls_key **out, const char *path, struct atls_diag *diag)
{
    uint8_t *pem = NULL;
    size_t len = 0;
    enum atls_err err = atls_file_read(&pem, &len, path, ATLS_MAX_FILE_LEN, diag);
    if (err == ATLS_OK) {
        const struct atls_bytes text = {pem, len};
        err = len != 0 && pem[0] == '{' ? read_jwk(out, text, path, diag)
                                        : atls_key_from_pem(out, text, diag);
    }
    if (err == ATLS_ERR_KEY) { /* there may be several: which one it is */
        atls_diag_found_text(diag, diag->found[0] == '\0' ? "none in " : " in ");
        atls_diag_found_text(diag, path);
    }
    atls_file_free(pem, len);
    return err;
}

/* read_keys: the first must sign. The ids of sessions are made with a key that comes from it; the
 * others' are known too, so that keys can be changed and nodes may have them in another order. */
static enum atls_err read_keys(struct signer *s, struct atls_diag *diag)
{
    for (size_t i = 0; i < s->config->num_keys; i++) {
        enum atls_err err = read_key(&s->keys[i], s->config->key_files[i], diag);
        if (err == ATLS_OK && !atls_key_is_public(s->keys[i])) {
            err = verifier_ticket_key_of(&s->ticket_keys[s->num_ticket_keys], s->crypto, s->keys[i],
                                         NULL);
            if (err == ATLS_ERR_KEY) { /* a key that nobody can read: then one of this process */
                const struct atls_buf room = {s->ticket_keys[s->num_ticket_keys].data, 32};
                err = atls_random(room);
            }
            s->num_ticket_keys++;
        } else if (err == ATLS_OK && i == 0) {
            err = atls_fail_texts(diag, ATLS_ERR_KEY, step, s->config->key_files[i], "a public key",
                                  "a private key, the first signs");
        }
        if (err != ATLS_OK) {
            return err;
        }
    }
    struct atls_digest thumbprint;
    const enum atls_err err = atls_jwk_thumbprint(&thumbprint, s->crypto, s->keys[0], diag);
    return err == ATLS_OK &&
                   !atls_base64url_encode(atls_digest_bytes(&thumbprint), s->kid, sizeof s->kid)
               ? atls_fail(diag, ATLS_ERR_BUFFER, step, "kid")
               : err;
}

/* reply_keys is the only answer that comes alone. */
static enum atls_err reply_keys(const struct signer *s, const struct atls_diag *why,
                                struct atls_bytes text)
{
    struct verifier_text message = {.text = text};
    struct verifier_octets octets = {NULL, 0};
    if (why != NULL) {
        message.why = *why;
        message.text = atls_bytes_of(NULL, 0);
    }
    enum atls_err err = verifier_message_write(&octets, verifier_put_text, &message);
    if (err == ATLS_OK) {
        err = verifier_frame_send(s->fd, VERIFIER_PUBLISHED, atls_bytes_of(octets.data, octets.len),
                                  -1, NULL);
    }
    free(octets.data);
    return err;
}

/* public_keys gives {"keys":[...]}, each with its thumbprint as kid. */
static enum atls_err public_keys(char **out, const struct signer *s, struct atls_diag *diag)
{
    json_t *keys = json_array();
    json_t *set = json_pack("{s:o}", "keys", keys);
    enum atls_err err = set != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    for (size_t i = 0; err == ATLS_OK && i < s->config->num_keys; i++) {
        struct atls_digest thumbprint;
        char kid[ATLS_BASE64_SIZE(32)] = "";
        json_t *jwk = NULL;
        err = atls_jwk_thumbprint(&thumbprint, s->crypto, s->keys[i], diag);
        if (err == ATLS_OK &&
            atls_base64url_encode(atls_digest_bytes(&thumbprint), kid, sizeof kid)) {
            err = atls_key_to_jwk(&jwk, s->keys[i], kid, diag);
        }
        if (err == ATLS_OK && json_array_append_new(keys, jwk) != 0) {
            err = atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
        }
    }
    if (err == ATLS_OK) {
        *out = atls_json_dump(set);
        err = *out != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    json_decref(set);
    return err;
}

static enum atls_err on_keys(const struct signer *s)
{
    struct atls_diag why;
    char *text = NULL;
    const enum atls_err err = public_keys(&text, s, &why);
    const enum atls_err sent =
        reply_keys(s, err != ATLS_OK ? &why : NULL,
                   text != NULL ? atls_bytes_text(text) : atls_bytes_of(NULL, 0));
    free(text);
    return sent;
}

/* draw gives the random octets of a ticket, which nobody gets again. */
static enum atls_err draw(uint8_t out[VERIFIER_TICKET_RANDOM_LEN], struct signer *s)
{
    if (s->num_drawn == 0) {
        const struct atls_buf room = {s->drawn[0], sizeof s->drawn};
        const enum atls_err err = atls_random(room);
        if (err != ATLS_OK) {
            return err;
        }
        s->num_drawn = NUM_DRAWN;
    }
    uint8_t *next = s->drawn[--s->num_drawn];
    memcpy(out, next, VERIFIER_TICKET_RANDOM_LEN);
    atls_wipe(next, VERIFIER_TICKET_RANDOM_LEN);
    return ATLS_OK;
}

static enum atls_err open_session(struct verifier_opened *out, char *id, uint8_t *nonce,
                                  struct signer *s, const struct verifier_open *request,
                                  struct atls_diag *diag)
{
    struct verifier_ticket ticket;
    const size_t len = request->nonce.len != 0 ? request->nonce.len : request->nonce_len;
    if (len < 8 || len > ATLS_MAX_NONCE_LEN || request->ttl_s == 0 || request->ttl_s > MAX_TTL_S) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "nonce or end", "out of range",
                               "8 to 64 octets, at most a day");
    }
    enum atls_err err = draw(ticket.random, s);
    if (err == ATLS_OK && request->nonce.len == 0) {
        const struct atls_buf room = {nonce, len};
        err = atls_random(room);
    } else if (err == ATLS_OK) {
        memcpy(nonce, request->nonce.data, len);
    }
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "random numbers");
    }
    const struct timespec now = wall();
    ticket.end_s = (int64_t)now.tv_sec + request->ttl_s;
    ticket.end_part = (uint8_t)(now.tv_nsec / (1000000000 / 256));
    out->nonce = atls_bytes_of(nonce, len);
    err = verifier_ticket_write(id, s->crypto, &s->ticket_keys[0], &ticket, out->nonce, diag);
    out->id = atls_bytes_text(err == ATLS_OK ? id : "");
    return err;
}

static enum atls_err on_open(struct signer *s, struct atls_bytes payload)
{
    struct verifier_open request;
    struct verifier_opened reply;
    char id[VERIFIER_TICKET_TEXT_LEN + 1];
    uint8_t nonce[ATLS_MAX_NONCE_LEN];
    memset(&reply, 0, sizeof reply);
    const enum atls_err err = verifier_open_read(&request, payload);
    if (err != ATLS_OK) {
        return err;
    }
    if (open_session(&reply, id, nonce, s, &request, &reply.why) != ATLS_OK) {
        reply.id = reply.nonce = atls_bytes_of(NULL, 0);
    }
    verifier_pack(&s->answers, VERIFIER_OPENED, verifier_put_opened, &reply);
    atls_wipe(nonce, sizeof nonce);
    return ATLS_OK;
}

/* make_ear fills in what only the signer says: who, when, until when, for which nonce. */
static enum atls_err make_ear(struct atls_ear_made **out, const struct signer *s,
                              const struct verifier_sign *request, int64_t now_s,
                              struct atls_diag *diag)
{
    const struct atls_ear_options options = {
        .profile = s->config->ietf ? ATLS_EAR_DRAFT_04 : ATLS_EAR_VERAISON,
        .iat_s = now_s,
        .exp_s = now_s + s->config->result_ttl_s,
        .issuer = s->config->issuer,
        .nonce = request->nonce,
        .developer = s->config->issuer,
        .build = "atls " ATLS_VERSION,
    };
    const struct verifier_outcome *outcome = &s->outcome;
    return outcome->appraisal.num_submods != 0
               ? atls_ear_new(out, &outcome->appraisal, &options, diag)
               : atls_ear_new_error(out, &outcome->why, outcome->format, &options, diag);
}

/* sign_ear gives a JWT, or a CWT (caller: free). */
static enum atls_err sign_ear(struct verifier_octets *out, const struct signer *s,
                              const struct atls_ear *ear, bool cwt, struct atls_diag *diag)
{
    char *jwt = NULL;
    if (cwt) {
        return atls_ear_sign_cwt(&out->data, &out->len, ear, s->crypto, s->keys[0], s->kid, diag);
    }
    const enum atls_err err = atls_ear_sign_jwt(&jwt, ear, s->crypto, s->keys[0], s->kid, diag);
    if (err == ATLS_OK) {
        out->data = (uint8_t *)jwt;
        out->len = strlen(jwt);
    }
    return err;
}

/* read_ticket: a session that a signer here opened, and that has not ended for longer than
 * `grace_s`. */
static enum atls_err read_ticket(struct verifier_ticket *out, const struct signer *s,
                                 struct atls_bytes id, struct atls_bytes nonce, int64_t now_s,
                                 int64_t grace_s, struct atls_diag *diag)
{
    struct verifier_ticket ticket;
    const enum atls_err err = verifier_ticket_read(&ticket, s->crypto, s->ticket_keys,
                                                   s->num_ticket_keys, id, nonce, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (now_s > ticket.end_s + grace_s) {
        return atls_fail_texts(diag, ATLS_ERR_TIMEOUT, step, "session", "one that has ended",
                               "an open one");
    }
    *out = ticket;
    return ATLS_OK;
}

static enum atls_err sign(struct verifier_octets *out, struct signer *s,
                          const struct verifier_sign *request, struct atls_diag *diag)
{
    struct verifier_ticket ticket;
    const int64_t now_s = wall_s();
    struct atls_ear_made *made = NULL;
    enum atls_err err = read_ticket(&ticket, s, request->id, request->nonce, now_s, GRACE_S, diag);
    if (err == ATLS_OK) {
        ticket.end_s += GRACE_S;
        err = make_ear(&made, s, request, now_s, diag);
    }
    if (err == ATLS_OK) { /* the last that may refuse: what is noted is signed */
        err = verifier_signed_table_add(s->table, &ticket, now_s, diag);
    }
    if (err == ATLS_OK) {
        err = sign_ear(out, s, atls_ear_made_get(made), request->cwt, diag);
    }
    atls_ear_made_free(made);
    return err;
}

static void answer_text(struct signer *s, uint8_t type, enum atls_err err,
                        const struct atls_diag *why, struct atls_bytes text)
{
    struct verifier_text message = {.text = {NULL, 0}};
    if (err != ATLS_OK) {
        message.why = *why;
    } else {
        message.text = text;
    }
    verifier_pack(&s->answers, type, verifier_put_text, &message);
}

static enum atls_err on_sign(struct signer *s, struct atls_bytes payload)
{
    struct verifier_sign request;
    struct verifier_octets result = {NULL, 0};
    struct atls_diag why;
    enum atls_err err = verifier_sign_read(&request, payload);
    if (err == ATLS_OK) {
        err = verifier_outcome_read(&s->outcome, request.outcome);
    }
    if (err != ATLS_OK) {
        return err;
    }
    err = sign(&result, s, &request, &why);
    verifier_outcome_cleanup(&s->outcome);
    answer_text(s, VERIFIER_SIGNED, err, &why, atls_bytes_of(result.data, result.len));
    free(result.data);
    return ATLS_OK;
}

static enum atls_err on_check(struct signer *s, struct atls_bytes payload)
{
    struct verifier_check request;
    struct verifier_ticket ticket;
    struct atls_diag why;
    enum atls_err err = verifier_check_read(&request, payload);
    if (err != ATLS_OK) {
        return err;
    }
    err = read_ticket(&ticket, s, request.id, request.nonce, wall_s(), 0, &why);
    answer_text(s, VERIFIER_CHECKED, err, &why, atls_bytes_of(NULL, 0));
    return ATLS_OK;
}

static enum atls_err on_one(struct signer *s, const struct verifier_packed *item)
{
    switch (item->type) {
    case VERIFIER_OPEN:
        return on_open(s, item->payload);
    case VERIFIER_SIGN:
        return on_sign(s, item->payload);
    case VERIFIER_CHECK:
        return on_check(s, item->payload);
    default:
        return ATLS_ERR_MALFORMED;
    }
}

static enum atls_err on_batch(struct signer *s, struct atls_bytes payload)
{
    struct verifier_packed items[VERIFIER_MAX_BATCH];
    struct atls_bytes octets;
    size_t num = 0;
    enum atls_err err = verifier_unpack(items, &num, payload);
    verifier_pack_begin(&s->answers);
    for (size_t i = 0; err == ATLS_OK && i < num; i++) {
        err = on_one(s, &items[i]);
    }
    if (err == ATLS_OK) {
        err = verifier_pack_octets(&octets, &s->answers);
    }
    return err == ATLS_OK ? verifier_frame_send(s->fd, VERIFIER_BATCH, octets, -1, NULL) : err;
}

static enum atls_err serve_one(struct signer *s, const struct verifier_frame *frame)
{
    switch (frame->type) {
    case VERIFIER_KEYS:
        return on_keys(s);
    case VERIFIER_BATCH:
        return on_batch(s, atls_bytes_of(frame->payload, frame->len));
    default:
        return ATLS_ERR_MALFORMED;
    }
}

/* warm_up signs and verifies once: what OpenSSL sets up at first use may need what the sandbox
 * does not give. */
static enum atls_err warm_up(const struct signer *s, struct atls_diag *diag)
{
    uint8_t signature[1024];
    size_t len = 0;
    const struct atls_buf room = {signature, sizeof signature};
    const struct atls_bytes text = atls_bytes_text(step);
    json_object_seed(0); /* jansson reads /dev/urandom once */
    return s->crypto->sign(atls_key_default_alg(s->keys[0]), s->keys[0], &text, 1, room, &len) ==
                   ATLS_OK
               ? ATLS_OK
               : atls_fail_texts(diag, ATLS_ERR_KEY, step, s->config->key_files[0],
                                 "a key that does not sign", "a private key");
}

static enum atls_err begin(struct signer *s, struct atls_diag *diag)
{
    s->table = verifier_signed_table_new(s->config->max_sessions);
    enum atls_err err = s->table != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    if (err == ATLS_OK) {
        err = read_keys(s, diag);
    }
    if (err == ATLS_OK) {
        err = warm_up(s, diag);
    }
    const struct verifier_sandbox sandbox = {.keep_fd = s->fd, .max_memory = 0};
    return err == ATLS_OK ? verifier_sandbox_enter(&sandbox, diag) : err;
}

int verifier_signer_run(int fd, const struct verifier_signer_config *config)
{
    struct signer *s = calloc(1, sizeof *s);
    struct atls_diag diag;
    if (s == NULL) {
        return 1;
    }
    s->config = config;
    s->crypto = atls_crypto_openssl();
    s->fd = fd;
    enum atls_err err = begin(s, &diag);
    if (err != ATLS_OK) { /* the first reply says so, whatever was asked */
        verifier_ignore(reply_keys(s, &diag, atls_bytes_of(NULL, 0)));
    }
    while (err == ATLS_OK) {
        struct verifier_frame frame;
        err = verifier_frame_receive(fd, &frame, MAX_REQUEST, -1, NULL);
        if (err == ATLS_OK) {
            err = serve_one(s, &frame);
            verifier_frame_cleanup(&frame);
        }
    }
    verifier_signed_table_free(s->table);
    for (size_t i = 0; i < config->num_keys; i++) {
        atls_key_free(s->keys[i]);
    }
    atls_wipe(s->ticket_keys, sizeof s->ticket_keys);
    atls_wipe(s->drawn, sizeof s->drawn);
    verifier_packer_cleanup(&s->answers);
    free(s);
    return err == ATLS_ERR_CONNECTION ? 0 : 1;
}
