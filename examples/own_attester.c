/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attester of one's own: a root of trust that atls has no attester for. Here it is a service
 * behind a Unix socket, as a trusted application or a co-processor would be: a nonce goes in, a
 * PSA token (RFC 9783) comes out. All that atls wants to know of it is a table of six functions;
 * attesting_client.c hands it to a context.
 */
#include "own_attester.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* What is remembered between calls: each implementation defines this struct for itself. */
struct atls_attester {
    struct sockaddr_un service;
};

/* `why` becomes a sentence for people: never put the nonce or a secret into it. */
static enum atls_err fail(struct atls_diag *why, enum atls_err err, const char *expected)
{
    if (why != NULL) {
        *why = (struct atls_diag){.err = err, .step = "own attester"};
        snprintf(why->expected, sizeof why->expected, "%s", expected);
    }
    return err;
}

/* `config` is what atls_context_add_attester() was given; here no more than the socket's path. */
static enum atls_err own_open(struct atls_attester **out, struct atls_bytes config,
                              struct atls_diag *why)
{
    struct atls_attester *self = calloc(1, sizeof *self);
    if (self == NULL || config.len >= sizeof self->service.sun_path) {
        free(self);
        return fail(why, ATLS_ERR_CONFIG, "the path of a socket");
    }
    self->service.sun_family = AF_UNIX;
    memcpy(self->service.sun_path, config.data, config.len);
    *out = self;
    return ATLS_OK;
}

static void own_close(struct atls_attester *self)
{
    free(self);
}

static size_t own_max_nonce(const struct atls_attester *self)
{
    (void)self;
    return 64; /* psa-nonce has 32, 48 or 64 octets; a binder, 32 or 48 */
}

/* ask sends one packet and waits for one, no longer than the handshake has time. */
static ssize_t ask(const struct atls_attester *self, const struct atls_attest_request *request,
                   uint8_t *token, size_t cap)
{
    const struct timeval limit = {request->timeout_ms / 1000, request->timeout_ms % 1000 * 1000};
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    ssize_t len = -1;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
        connect(fd, (const struct sockaddr *)&self->service, sizeof self->service) == 0 &&
        send(fd, request->nonce.data, request->nonce.len, MSG_NOSIGNAL) > 0) {
        len = recv(fd, token, cap, 0);
    }
    close(fd);
    return len;
}

/* The nonce is the binder of this handshake: it goes into the token as it is, never hashed, cut or
 * chosen by ourselves. PSA tokens name no TLS key; the binder holds its hash (request->spki). */
static enum atls_err own_attest(struct atls_attester *self, struct atls_buf out, size_t *out_len,
                                const struct atls_attest_request *request, struct atls_diag *why)
{
    enum { head = 7 };
    const ssize_t len = out.cap > head ? ask(self, request, out.data + head, out.cap - head) : -1;
    if (len < 256 || len > 65535) {
        return fail(why, ATLS_ERR_ATTESTER, "a token from the service");
    }
    /* A CMW record (RFC 9999): array of 2, content format 10003 of PSA tokens, byte string. */
    const uint8_t record[head] = {0x82, 0x19, 0x27, 0x13, 0x59, (uint8_t)(len >> 8), (uint8_t)len};
    memcpy(out.data, record, head);
    *out_len = head + (size_t)len;
    return ATLS_OK;
}

static enum atls_err own_load_key(struct atls_attester *self, struct evp_pkey_st **out,
                                  struct atls_bytes pem, struct atls_diag *why)
{
    (void)self, (void)out, (void)pem;
    return fail(why, ATLS_ERR_KEY, "a TLS key in an ordinary file");
}

static enum atls_err own_provision(struct atls_provision *out,
                                   const struct atls_provision_request *request,
                                   struct atls_diag *why)
{
    (void)out, (void)request;
    return fail(why, ATLS_ERR_NOT_BUILT, "keys that the service made by itself");
}

const struct atls_attester_ops own_attester = {
    .abi = ATLS_ATTESTER_ABI,
    .size = sizeof own_attester,
    .name = "own-psa",
    .format = "psa", /* which appraiser it is for */
    .simulated = false,
    .computes = false, /* it waits: atls calls it from its pool of workers */
    .open = own_open,
    .close = own_close,
    .max_nonce = own_max_nonce,
    .attest = own_attest,
    .load_key = own_load_key,
    .provision = own_provision,
};
