/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/ticket.h"

#include "base/reader.h"
#include "base/span.h"
#include "base/writer.h"
#include "crypto/key.h"
#include "json/base64.h"

static const char step[] = "session";
static const char label[] = "atls verifier session v2";

enum { MAC_LEN = 16, SIGNED_LEN = VERIFIER_TICKET_LEN - MAC_LEN };

enum atls_err verifier_ticket_key_of(struct verifier_ticket_key *out,
                                     const struct atls_crypto_ops *crypto,
                                     const struct atls_key *key, struct atls_diag *diag)
{
    struct atls_digest mac;
    const enum atls_err err = atls_key_derive(&mac, crypto, key, atls_bytes_text(label));
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "key of the session ids");
    }
    memcpy(out->data, mac.data, sizeof out->data);
    atls_wipe(&mac, sizeof mac);
    return ATLS_OK;
}

static enum atls_err make_mac(uint8_t out[MAC_LEN], const struct atls_crypto_ops *crypto,
                              const struct verifier_ticket_key *key, struct atls_bytes covered,
                              struct atls_bytes nonce)
{
    /* The first part has one length, so no two pairs give the same octets. */
    const struct atls_bytes parts[] = {covered, nonce};
    struct atls_digest mac;
    const enum atls_err err =
        crypto->hmac(ATLS_ALG_SHA256, atls_bytes_of(key->data, sizeof key->data), parts, 2, &mac);
    if (err == ATLS_OK) {
        memcpy(out, mac.data, MAC_LEN);
    }
    return err;
}

enum atls_err verifier_ticket_write(char out[VERIFIER_TICKET_TEXT_LEN + 1],
                                    const struct atls_crypto_ops *crypto,
                                    const struct verifier_ticket_key *key,
                                    const struct verifier_ticket *ticket, struct atls_bytes nonce,
                                    struct atls_diag *diag)
{
    uint8_t octets[VERIFIER_TICKET_LEN];
    const struct atls_buf room = {octets, sizeof octets};
    struct atls_writer w = atls_writer_of(room);
    atls_write_u32(&w, (uint32_t)ticket->end_s);
    atls_write_u8(&w, ticket->end_part);
    atls_write_bytes(&w, atls_bytes_of(ticket->random, sizeof ticket->random));
    const enum atls_err err =
        make_mac(&octets[SIGNED_LEN], crypto, key, atls_bytes_of(octets, SIGNED_LEN), nonce);
    if (err != ATLS_OK || w.failed || ticket->end_s < 0 || ticket->end_s > UINT32_MAX) {
        return atls_fail(diag, err != ATLS_OK ? err : ATLS_ERR_STATE, step, "id");
    }
    return atls_base64url_encode(atls_bytes_of(octets, sizeof octets), out,
                                 VERIFIER_TICKET_TEXT_LEN + 1)
               ? ATLS_OK
               : atls_fail(diag, ATLS_ERR_BUFFER, step, "id");
}

/* decode reads the text, and what the octets say. */
static bool decode(uint8_t octets[VERIFIER_TICKET_LEN + 3], struct verifier_ticket *out,
                   struct atls_bytes text)
{
    const struct atls_buf room = {octets, VERIFIER_TICKET_LEN + 3};
    size_t len = 0;
    uint32_t end_s = 0;
    struct atls_bytes random;
    if (text.len != VERIFIER_TICKET_TEXT_LEN || !atls_base64url_decode(text, room, &len) ||
        len != VERIFIER_TICKET_LEN) {
        return false;
    }
    struct atls_reader r = atls_reader_of(atls_bytes_of(octets, len));
    if (!atls_read_u32(&r, &end_s) || !atls_read_u8(&r, &out->end_part) ||
        !atls_read_bytes(&r, sizeof out->random, &random)) {
        return false;
    }
    memcpy(out->random, random.data, sizeof out->random);
    out->end_s = end_s;
    return true;
}

bool verifier_ticket_end(struct atls_bytes text, int64_t *out_end_s)
{
    uint8_t octets[VERIFIER_TICKET_LEN + 3];
    struct verifier_ticket ticket;
    const bool ok = decode(octets, &ticket, text);
    *out_end_s = ok ? ticket.end_s : *out_end_s;
    return ok;
}

enum atls_err verifier_ticket_read(struct verifier_ticket *out,
                                   const struct atls_crypto_ops *crypto,
                                   const struct verifier_ticket_key *keys, size_t num_keys,
                                   struct atls_bytes text, struct atls_bytes nonce,
                                   struct atls_diag *diag)
{
    uint8_t octets[VERIFIER_TICKET_LEN + 3];
    struct verifier_ticket ticket;
    if (!decode(octets, &ticket, text)) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "id", "another text",
                               "50 characters of base64url");
    }
    for (size_t i = 0; i < num_keys; i++) {
        uint8_t mac[MAC_LEN];
        const enum atls_err err =
            make_mac(mac, crypto, &keys[i], atls_bytes_of(octets, SIGNED_LEN), nonce);
        if (err != ATLS_OK) {
            return atls_fail(diag, err, step, "id");
        }
        if (atls_ct_equal(atls_bytes_of(mac, sizeof mac),
                          atls_bytes_of(&octets[SIGNED_LEN], MAC_LEN))) {
            *out = ticket;
            return ATLS_OK;
        }
    }
    return atls_fail_texts(diag, ATLS_ERR_SIGNATURE, step, "id", "one that no signer here made",
                           "that of an open session and its nonce");
}
