/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/session_id.h"

#include "base/span.h"
#include "json/base64.h"

enum { MIN_NONCE_LEN = 8 };

bool verifier_session_id_write(char out[VERIFIER_ID_TEXT_SIZE], struct atls_bytes ticket,
                               struct atls_bytes nonce)
{
    if (ticket.len != VERIFIER_TICKET_TEXT_LEN || nonce.len < MIN_NONCE_LEN ||
        nonce.len > ATLS_MAX_NONCE_LEN) {
        return false;
    }
    memcpy(out, ticket.data, ticket.len);
    return atls_base64url_encode(nonce, out + ticket.len, VERIFIER_ID_TEXT_SIZE - ticket.len);
}

bool verifier_session_id_read(struct verifier_session_id *out, struct atls_bytes text)
{
    struct verifier_session_id id = {.nonce_len = 0};
    uint8_t nonce[ATLS_BASE64_DECODED_SIZE(VERIFIER_ID_TEXT_SIZE)];
    const struct atls_buf room = {nonce, sizeof nonce};
    if (text.len <= VERIFIER_TICKET_TEXT_LEN || text.len >= VERIFIER_ID_TEXT_SIZE) {
        return false;
    }
    const struct atls_bytes ticket = atls_bytes_of(text.data, VERIFIER_TICKET_TEXT_LEN);
    const struct atls_bytes rest = atls_bytes_of(text.data + ticket.len, text.len - ticket.len);
    if (!verifier_ticket_end(ticket, &id.end_s) ||
        !atls_base64url_decode(rest, room, &id.nonce_len) || id.nonce_len < MIN_NONCE_LEN ||
        id.nonce_len > sizeof id.nonce) {
        return false;
    }
    memcpy(id.nonce, nonce, id.nonce_len);
    memcpy(id.ticket, ticket.data, ticket.len);
    *out = id;
    return true;
}
