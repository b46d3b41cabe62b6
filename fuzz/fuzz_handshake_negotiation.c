/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client and a server against each other, over messages that the input may change. After every
 * step the invariants of negotiation.c hold; at the end nobody passes who was not attested, and
 * where no message was changed both sides agree.
 *
 * Input: four octets of terms (which schemes each side can attest with and appraise, and whether
 * it requires), then one step after the other: an octet that says which, and what it needs.
 */
#include "fuzz_check.h"

#include "base/reader.h"
#include "base/span.h"
#include "handshake/negotiation.h"

#define ROOM 40000

struct machine {
    struct atls_scheme_list can_attest, can_appraise;
    struct atls_negotiation n;
};

struct world {
    struct machine client, server;
    struct atls_reader input;
    bool tampered, failed;
    /* What stands in the messages; the server's offer borrows hello[0] or hello[1]. */
    uint8_t hello[2][ROOM];
    size_t hello_len[2];
    unsigned hellos;
    uint8_t choice[600];
};

enum step {
    STEP_HELLO,
    STEP_RETRY,
    STEP_ENCRYPTED_EXTENSIONS,
    STEP_CERTIFICATE_REQUEST,
    STEP_SERVER_CERTIFICATE,
    STEP_CLIENT_CERTIFICATE,
    STEP_COUNT
};

static uint8_t next_octet(struct world *w)
{
    uint8_t octet = 0;
    return atls_read_u8(&w->input, &octet) ? octet : 0;
}

/* fill puts the schemes of the palette whose bit is set into a list, in one of two orders. */
static void fill(struct atls_scheme_list *list, unsigned bits)
{
    const struct atls_scheme palette[] = {
        {.mechanism = ATLS_MECHANISM_EVIDENCE, .by_content_format = true, .content_format = 10003},
        {.mechanism = ATLS_MECHANISM_EVIDENCE, .text = atls_bytes_text("m/x")},
        {.mechanism = ATLS_MECHANISM_RESULT, .text = atls_bytes_text("v")},
    };
    enum { PALETTE = 3 };
    memset(list, 0, sizeof *list);
    for (unsigned i = 0; i < PALETTE; i++) {
        const unsigned at = (bits & 8) != 0 ? PALETTE - 1 - i : i;
        if ((bits & (1u << at)) != 0) {
            list->items[list->count++] = palette[at];
        }
    }
}

static void begin(struct world *w, struct machine *m, enum atls_role role)
{
    const uint8_t bits = next_octet(w);
    const bool requires_peer = (next_octet(w) & 1) != 0;
    fill(&m->can_attest, bits & 15);
    fill(&m->can_appraise, bits >> 4);
    const struct atls_terms terms = {&m->can_attest, &m->can_appraise, requires_peer};
    atls_negotiation_init(&m->n, role, &terms);
}

/* tamper changes one octet of a message, or its length, when the input says so. */
static size_t tamper(struct world *w, uint8_t *message, size_t len)
{
    const uint8_t how = next_octet(w);
    const uint8_t at = next_octet(w);
    if ((how & 1) != 0 && at < len) {
        const uint8_t value = next_octet(w);
        w->tampered = w->tampered || message[at] != value;
        message[at] = value;
    }
    if ((how & 2) != 0 && at < len) {
        w->tampered = true;
        len = at;
    }
    return len;
}

/* fail_with is for a refusal: it is for good, and says why. */
static void fail_with(struct world *w, enum atls_err err, const struct atls_diag *diag)
{
    fuzz_require(diag->err == err && diag->found[0] != '\0' && diag->expected[0] != '\0');
    fuzz_require(atls_err_alert(err) != 0);
    w->failed = true;
}

static void step_hello(struct world *w)
{
    struct atls_diag diag;
    struct atls_offer offer;
    bool send = false;
    enum atls_err err = atls_negotiation_offer(&w->client.n, &send, &offer, &diag);
    if (err != ATLS_OK) {
        fail_with(w, err, &diag);
        return;
    }
    if (!send || w->hellos >= 2) {
        return;
    }
    uint8_t *body = w->hello[w->hellos];
    const struct atls_buf room = {body, ROOM};
    size_t len = 0;
    fuzz_require(atls_offer_write(room, &len, &offer, NULL) == ATLS_OK);
    len = tamper(w, body, len);
    w->hellos++;
    err = atls_offer_parse(&offer, atls_bytes_of(body, len), &diag);
    if (err == ATLS_OK) {
        err = atls_negotiation_take_offer(&w->server.n, &offer, &diag);
    }
    if (err != ATLS_OK) {
        fail_with(w, err, &diag);
    }
}

static void step_retry(struct world *w)
{
    struct atls_diag diag;
    enum atls_err err = atls_negotiation_retry(&w->server.n, &diag);
    if (err == ATLS_OK) {
        err = atls_negotiation_retry(&w->client.n, &diag);
    }
    if (err != ATLS_OK) {
        fail_with(w, err, &diag);
    }
}

typedef enum atls_err choose_function(struct atls_negotiation *n, bool *out_send,
                                      struct atls_scheme *out, struct atls_diag *diag);
typedef enum atls_err take_function(struct atls_negotiation *n, const struct atls_scheme *choice,
                                    struct atls_diag *diag);

static void step_choice(struct world *w, choose_function *choose, take_function *take)
{
    const struct atls_buf room = {w->choice, sizeof w->choice};
    struct atls_scheme choice;
    struct atls_diag diag;
    bool send = false;
    size_t len = 0;
    enum atls_err err = choose(&w->server.n, &send, &choice, &diag);
    if (err == ATLS_OK && send) {
        fuzz_require(atls_choice_write(room, &len, &choice, NULL) == ATLS_OK);
        len = tamper(w, w->choice, len);
        err = atls_choice_parse(&choice, atls_bytes_of(w->choice, len), &diag);
        if (err == ATLS_OK) {
            err = take(&w->client.n, &choice, &diag);
        }
        memset(w->choice, 0xee, sizeof w->choice); /* nothing may still point there */
    }
    if (err != ATLS_OK) {
        fail_with(w, err, &diag);
    }
}

static void step_certificate(struct world *w, struct machine *from, struct machine *to)
{
    const uint8_t how = next_octet(w);
    struct atls_scheme attested;
    struct atls_scheme awaited;
    struct atls_diag diag;
    bool present = atls_negotiation_must_attest(&from->n, &attested);
    if ((how & 1) != 0) { /* suppressed, or added */
        present = !present;
        w->tampered = true;
    }
    if (present) {
        const bool due = atls_negotiation_expects_peer(&to->n, &awaited) &&
                         !to->n.peer_credential_seen && how >> 6 == 0;
        const enum atls_err err = atls_negotiation_take_credential(&to->n, how >> 6, &diag);
        fuzz_require((err == ATLS_OK) == due);
        if (err != ATLS_OK) {
            fail_with(w, err, &diag);
        }
    }
}

static void do_step(struct world *w, uint8_t step)
{
    switch (step % STEP_COUNT) {
    case STEP_HELLO:
        step_hello(w);
        break;
    case STEP_RETRY:
        step_retry(w);
        break;
    case STEP_ENCRYPTED_EXTENSIONS:
        step_choice(w, atls_negotiation_choose_server, atls_negotiation_take_server_choice);
        break;
    case STEP_CERTIFICATE_REQUEST:
        step_choice(w, atls_negotiation_choose_client, atls_negotiation_take_client_choice);
        break;
    case STEP_SERVER_CERTIFICATE:
        step_certificate(w, &w->server, &w->client);
        break;
    case STEP_CLIENT_CERTIFICATE:
    default:
        step_certificate(w, &w->client, &w->server);
        break;
    }
}

/* check_end: nobody passes who was not attested as this side requires or as was agreed. */
static bool check_end(const struct machine *m)
{
    struct atls_diag diag;
    struct atls_scheme scheme;
    const enum atls_err err = atls_negotiation_check_complete(&m->n, &diag);
    const bool expected = atls_negotiation_expects_peer(&m->n, &scheme);
    if (err == ATLS_OK) {
        fuzz_require(m->n.state != ATLS_NEGOTIATION_FAILED);
        fuzz_require(!m->n.terms.requires_peer || (expected && m->n.peer_credential_seen));
        fuzz_require(!expected || m->n.peer_credential_seen);
    } else {
        fuzz_require(err == ATLS_ERR_NOT_ATTESTED || m->n.state == ATLS_NEGOTIATION_FAILED);
    }
    return err == ATLS_OK;
}

static void check_agreement(const struct world *w)
{
    const struct atls_negotiation *client = &w->client.n;
    const struct atls_negotiation *server = &w->server.n;
    fuzz_require(client->server_chosen == server->server_chosen);
    fuzz_require(client->client_chosen == server->client_chosen);
    fuzz_require(!client->server_chosen ||
                 atls_scheme_equal(&client->server_scheme, &server->server_scheme));
    fuzz_require(!client->client_chosen ||
                 atls_scheme_equal(&client->client_scheme, &server->client_scheme));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    memset(&w, 0, sizeof w);
    w.input = atls_reader_of(atls_bytes_of(data, size));
    begin(&w, &w.client, ATLS_ROLE_CLIENT);
    begin(&w, &w.server, ATLS_ROLE_SERVER);
    while (!atls_read_end(&w.input) && !w.failed) {
        do_step(&w, next_octet(&w));
        fuzz_require(atls_negotiation_check_state(&w.client.n));
        fuzz_require(atls_negotiation_check_state(&w.server.n));
    }
    const bool client_passes = check_end(&w.client);
    const bool server_passes = check_end(&w.server);
    if (client_passes && server_passes && !w.tampered && !w.failed) {
        check_agreement(&w);
    }
    return 0;
}
