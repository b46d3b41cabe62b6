/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transcript up to ServerHello (RFC 8446, 4.4.1; ). States: transcript.h.
 *
 * Of a message only its type and length are read, and of a ServerHello its random, which is how
 * a HelloRetryRequest is told from it. Everything else is hashed as it came: the TLS library is
 * the one that parses.
 */
#include "handshake/transcript.h"

#include "base/reader.h"
#include "base/span.h"

enum { CLIENT_HELLO = 1, SERVER_HELLO = 2, MESSAGE_HASH = 254 };
enum { HEADER_LEN = 4, RANDOM_LEN = 32 };

static const char step[] = "transcript";

/* SHA-256("HelloRetryRequest"): the random of every HelloRetryRequest (RFC 8446, 4.1.3). */
static const uint8_t retry_random[RANDOM_LEN] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

enum hello { HELLO_NONE, HELLO_CLIENT, HELLO_SERVER, HELLO_RETRY };

static const char *hello_name(enum hello hello)
{
    switch (hello) {
    case HELLO_CLIENT:
        return "ClientHello";
    case HELLO_SERVER:
        return "ServerHello";
    case HELLO_RETRY:
        return "HelloRetryRequest";
    case HELLO_NONE:
    default:
        return "a message of another type";
    }
}

/* awaited names what may come next, for sentences. */
static const char *awaited(enum atls_transcript_state state)
{
    switch (state) {
    case ATLS_TRANSCRIPT_START:
        return "ClientHello first; chain atls_openssl_msg_callback when the application sets a "
               "message callback";
    case ATLS_TRANSCRIPT_CH:
        return "ServerHello or HelloRetryRequest";
    case ATLS_TRANSCRIPT_HRR:
        return "the second ClientHello";
    case ATLS_TRANSCRIPT_CH2:
        return "ServerHello";
    case ATLS_TRANSCRIPT_DONE:
        return "no hello after ServerHello";
    case ATLS_TRANSCRIPT_FAILED:
    default:
        return "nothing, since the transcript failed before";
    }
}

void atls_transcript_reset(const struct atls_crypto_ops *ops, struct atls_transcript *t)
{
    ops->hash_cleanup(&t->sha256);
    ops->hash_cleanup(&t->sha384);
    memset(t, 0, sizeof *t);
}

static enum atls_err fail(const struct atls_crypto_ops *ops, struct atls_transcript *t,
                          enum atls_err err)
{
    atls_transcript_reset(ops, t);
    t->state = ATLS_TRANSCRIPT_FAILED;
    return err;
}

/* start_with begins a hash with the first message. */
static enum atls_err start_with(const struct atls_crypto_ops *ops, struct atls_hash *hash,
                                int32_t alg, struct atls_bytes message)
{
    enum atls_err err = ops->hash_init(hash, alg);
    return err != ATLS_OK ? err : ops->hash_update(hash, message);
}

/* restart_with puts message_hash in the place of what was hashed so far, which is ClientHello1,
 * and goes on with HelloRetryRequest. */
static enum atls_err restart_with(const struct atls_crypto_ops *ops, struct atls_hash *hash,
                                  int32_t alg, struct atls_bytes message)
{
    struct atls_digest first;
    enum atls_err err = ops->hash_peek(hash, &first);
    if (err != ATLS_OK) {
        return err;
    }
    const uint8_t header[HEADER_LEN] = {MESSAGE_HASH, 0, 0, (uint8_t)first.len};
    ops->hash_cleanup(hash);
    err = start_with(ops, hash, alg, atls_bytes_of(header, sizeof header));
    if (err == ATLS_OK) {
        err = ops->hash_update(hash, atls_digest_bytes(&first));
    }
    return err != ATLS_OK ? err : ops->hash_update(hash, message);
}

/* go_on_with adds the message as it is. */
static enum atls_err go_on_with(const struct atls_crypto_ops *ops, struct atls_hash *hash,
                                int32_t alg, struct atls_bytes message)
{
    (void)alg;
    return ops->hash_update(hash, message);
}

/* The table of transitions: everything that is not in it fails. */
static const struct transition {
    enum atls_transcript_state from;
    enum hello hello;
    enum atls_transcript_state to;
    enum atls_err (*run)(const struct atls_crypto_ops *ops, struct atls_hash *hash, int32_t alg,
                         struct atls_bytes message);
} transitions[] = {
    {ATLS_TRANSCRIPT_START, HELLO_CLIENT, ATLS_TRANSCRIPT_CH, start_with},
    {ATLS_TRANSCRIPT_CH, HELLO_SERVER, ATLS_TRANSCRIPT_DONE, go_on_with},
    {ATLS_TRANSCRIPT_CH, HELLO_RETRY, ATLS_TRANSCRIPT_HRR, restart_with},
    {ATLS_TRANSCRIPT_HRR, HELLO_CLIENT, ATLS_TRANSCRIPT_CH2, go_on_with},
    {ATLS_TRANSCRIPT_CH2, HELLO_SERVER, ATLS_TRANSCRIPT_DONE, go_on_with},
};

static const struct transition *find_transition(enum atls_transcript_state from, enum hello hello)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(transitions); i++) {
        if (transitions[i].from == from && transitions[i].hello == hello) {
            return &transitions[i];
        }
    }
    return NULL;
}

/* read_message checks that `message` is one whole handshake message. */
static enum atls_err read_message(struct atls_bytes message, uint8_t *out_type,
                                  struct atls_reader *out_body, struct atls_diag *diag)
{
    struct atls_reader r = atls_reader_of(message);
    uint8_t type = 0;
    uint32_t len = 0;
    if (!atls_read_u8(&r, &type) || !atls_read_u24(&r, &len)) {
        atls_fail_at(diag, ATLS_ERR_TRANSCRIPT, step, "handshake message", 0,
                     "at least its 4-octet header");
        atls_diag_found_int(diag, (int64_t)message.len);
        atls_diag_found_text(diag, " octets");
        return ATLS_ERR_TRANSCRIPT;
    }
    if (len != r.left) {
        atls_fail(diag, ATLS_ERR_TRANSCRIPT, step, "handshake message");
        atls_diag_found_text(diag, "a body of ");
        atls_diag_found_int(diag, (int64_t)r.left);
        atls_diag_found_text(diag, " octets");
        atls_diag_expected_int(diag, len);
        atls_diag_expected_text(diag, " as its header says");
        return ATLS_ERR_TRANSCRIPT;
    }
    *out_type = type;
    *out_body = r;
    return ATLS_OK;
}

/* read_hello tells which hello a message is: legacy_version, then the random, come first. */
static enum atls_err read_hello(uint8_t type, struct atls_reader body, enum hello *out,
                                struct atls_diag *diag)
{
    uint16_t legacy_version = 0;
    struct atls_bytes random;
    if (type != CLIENT_HELLO && type != SERVER_HELLO) {
        *out = HELLO_NONE;
        return ATLS_OK;
    }
    if (body.left > ATLS_MAX_HELLO_LEN - HEADER_LEN) {
        atls_fail_at(diag, ATLS_ERR_MALFORMED, step, "hello message", 0, "at most ");
        atls_diag_expected_int(diag, ATLS_MAX_HELLO_LEN - HEADER_LEN);
        atls_diag_found_text(diag, "a body of ");
        atls_diag_found_int(diag, (int64_t)body.left);
        atls_diag_found_text(diag, " octets");
        return ATLS_ERR_MALFORMED;
    }
    if (type == CLIENT_HELLO) {
        *out = HELLO_CLIENT;
        return ATLS_OK;
    }
    if (!atls_read_u16(&body, &legacy_version) || !atls_read_bytes(&body, RANDOM_LEN, &random)) {
        atls_fail_at(diag, ATLS_ERR_MALFORMED, step, "ServerHello.random",
                     atls_reader_offset(&body), "legacy_version and 32 octets of random");
        atls_diag_found_text(diag, "a body that ends before");
        return ATLS_ERR_MALFORMED;
    }
    *out = atls_bytes_equal(random, atls_bytes_of(retry_random, sizeof retry_random))
               ? HELLO_RETRY
               : HELLO_SERVER;
    return ATLS_OK;
}

/* is_ignored: nothing to do before ClientHello and after ServerHello with any other message. */
static bool is_ignored(enum atls_transcript_state state, enum hello hello)
{
    return hello == HELLO_NONE && (state == ATLS_TRANSCRIPT_START || state == ATLS_TRANSCRIPT_DONE);
}

static enum atls_err run(const struct atls_crypto_ops *ops, struct atls_transcript *t,
                         const struct transition *transition, struct atls_bytes message,
                         struct atls_diag *diag)
{
    enum atls_err err = transition->run(ops, &t->sha256, ATLS_ALG_SHA256, message);
    if (err == ATLS_OK) {
        err = transition->run(ops, &t->sha384, ATLS_ALG_SHA384, message);
    }
    if (err != ATLS_OK) {
        return atls_fail_texts(diag, err, step, "Transcript-Hash", "a hash function that failed",
                               "SHA-256 and SHA-384 over the hellos");
    }
    t->state = transition->to;
    return ATLS_OK;
}

enum atls_err atls_transcript_add(const struct atls_crypto_ops *ops, struct atls_transcript *t,
                                  struct atls_bytes message, struct atls_diag *diag)
{
    uint8_t type = 0;
    enum hello hello = HELLO_NONE;
    struct atls_reader body;
    enum atls_err err = read_message(message, &type, &body, diag);
    if (err == ATLS_OK) {
        err = read_hello(type, body, &hello, diag);
    }
    if (err != ATLS_OK) {
        return fail(ops, t, err);
    }
    if (is_ignored(t->state, hello)) {
        return ATLS_OK;
    }
    const struct transition *transition = find_transition(t->state, hello);
    if (transition == NULL) {
        atls_fail_texts(diag, ATLS_ERR_TRANSCRIPT, step, "order of messages", hello_name(hello),
                        awaited(t->state));
        return fail(ops, t, ATLS_ERR_TRANSCRIPT);
    }
    err = run(ops, t, transition, message, diag);
    return err == ATLS_OK ? ATLS_OK : fail(ops, t, err);
}

/* got names how far a transcript came, for the sentence of an incomplete one. */
static const char *got(enum atls_transcript_state state)
{
    switch (state) {
    case ATLS_TRANSCRIPT_START:
        return "no ClientHello";
    case ATLS_TRANSCRIPT_CH:
        return "ClientHello alone";
    case ATLS_TRANSCRIPT_HRR:
        return "ClientHello and HelloRetryRequest alone";
    case ATLS_TRANSCRIPT_CH2:
        return "two ClientHellos and no ServerHello";
    case ATLS_TRANSCRIPT_DONE:
    case ATLS_TRANSCRIPT_FAILED:
    default:
        return "messages out of order or a failure";
    }
}

enum atls_err atls_transcript_hash(const struct atls_crypto_ops *ops,
                                   const struct atls_transcript *t, int32_t hash_alg,
                                   struct atls_digest *out, struct atls_diag *diag)
{
    struct atls_digest digest;
    if (t->state != ATLS_TRANSCRIPT_DONE) {
        return atls_fail_texts(
            diag, ATLS_ERR_TRANSCRIPT, step, "Transcript-Hash(ClientHello..ServerHello)",
            got(t->state),
            "both hellos; an application that sets its own message callback must chain "
            "atls_openssl_msg_callback");
    }
    if (hash_alg != ATLS_ALG_SHA256 && hash_alg != ATLS_ALG_SHA384) {
        atls_fail_texts(diag, ATLS_ERR_ALGORITHM, step, "hash of the cipher suite", "COSE ",
                        "SHA-256 (COSE -16) or SHA-384 (COSE -43)");
        atls_diag_found_int(diag, hash_alg);
        return ATLS_ERR_ALGORITHM;
    }
    enum atls_err err =
        ops->hash_peek(hash_alg == ATLS_ALG_SHA256 ? &t->sha256 : &t->sha384, &digest);
    if (err != ATLS_OK) {
        return atls_fail_texts(diag, err, step, "Transcript-Hash", "a hash function that failed",
                               "the hash of the hellos");
    }
    *out = digest;
    return ATLS_OK;
}
