/* SPDX-License-Identifier: Apache-2.0 */
#include "models/replay_peer.h"
#include "unit/session/loopback.h"

#include "atls/sim.h"
#include "attester/attester.h"
#include "crypto/crypto.h"
#include "handshake/binder.h"

#include <stdio.h>

struct atls_digest replay_hash_of_hellos(bool retry)
{
    static const uint8_t message_hash[] = {254, 0, 0, 32};
    const struct atls_bytes parts[] = {atls_bytes_of(message_hash, 4),
                                       test_hash(ATLS_ALG_SHA256, toy_hello(1, 0x11)), toy_retry(),
                                       toy_hello(1, 0x12), toy_hello(2, 0x22)};
    const struct atls_bytes plain[] = {toy_hello(1, 0x11), toy_hello(2, 0x22)};
    const struct atls_buf room = test_room(1024);
    struct atls_digest digest = {.len = 32};
    size_t len = 0;
    for (size_t i = 0; i < (retry ? ATLS_ARRAY_LEN(parts) : ATLS_ARRAY_LEN(plain)); i++) {
        const struct atls_bytes part = retry ? parts[i] : plain[i];
        memcpy(room.data + len, part.data, part.len);
        len += part.len;
    }
    memcpy(digest.data, test_hash(ATLS_ALG_SHA256, atls_bytes_of(room.data, len)).data, 32);
    return digest;
}

struct atls_bytes replay_body_of(const struct test_machine *machine, const struct atls_digest *hash)
{
    const struct atls_attester_ops *ops = &atls_attester_sim_psa;
    struct atls_attester *attester = NULL;
    const struct atls_buf cmw = test_room(ATLS_MAX_CMW_LEN), body = test_room(1 << 17);
    size_t cmw_len = 0, body_len = 0;
    assert_err(ops->open(&attester, atls_bytes_text(machine->provision.config_json), NULL), OK);
    assert_err(atls_attester_for_handshake(ops, attester, atls_crypto_openssl(), atls_binder,
                                           ATLS_ALG_SHA256, hash, spki_of(machine), 1000, cmw,
                                           &cmw_len, NULL),
               OK);
    ops->close(attester);
    assert_err(atls_credential_write(body, &body_len, atls_bytes_of(cmw.data, cmw_len), NULL), OK);
    return atls_bytes_of(body.data, body_len);
}

void replay_revoke_all(const struct test_world *world, char *text, size_t size)
{
    const struct test_machine *const machines[] = {&world->client, &world->server};
    size_t at = 0;
    for (size_t i = 0; i < 2; i++) {
        const struct atls_bytes hash = test_hash(ATLS_ALG_SHA256, spki_of(machines[i]));
        at += (size_t)snprintf(&text[at], size - at, "%s{\"kind\":\"spki\",\"value\":\"",
                               i == 0 ? "[" : ",");
        for (size_t k = 0; k < hash.len; k++) {
            at += (size_t)snprintf(&text[at], size - at, "%02x", hash.data[k]);
        }
        at += (size_t)snprintf(&text[at], size - at, "\",\"from\":\"2026-01-01T00:00:00Z\"}");
    }
    snprintf(&text[at], size - at, "]");
}
