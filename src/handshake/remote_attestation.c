/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remoteAttestation in its four messages (draft-fossati-seat-early-attestation-07, section 4.1):
 *
 *   ClientHello                               server_attester_schemes<0..2^16-1>
 *                                             client_attester_schemes<0..2^16-1>
 *   EncryptedExtensions, CertificateRequest   one AttestationScheme
 *   Certificate, first CertificateEntry       cmw_payload<1..2^24-1>
 *
 * Parsing and writing stand together so that each reads back what the other makes. A body is used
 * up to its last octet, or it is malformed. Every write counts first: a buffer that is too small
 * stays as it was.
 */
#include "handshake/remote_attestation.h"

#include "base/span.h"

/* Two full lists fit extension_data<0..2^16-1>, so no offer that keeps the limits can be too long:
 * an element is at most mechanism, encoding, 2-octet length and text. */
_Static_assert(2 * (2 + ATLS_MAX_SCHEMES * (4 + ATLS_MAX_SCHEME_TEXT_LEN)) <= 0xffff,
               "the limits let an offer outgrow an extension");
/* The largest credential with its length, in an Extension with its header, fills extensions<> of
 * the CertificateEntry: 3 + 65528 + 4 = 65535. */
_Static_assert(ATLS_MAX_EXTENSION_LEN == 3 + ATLS_MAX_CMW_LEN &&
                   ATLS_MAX_EXTENSION_LEN + 4 == 0xffff,
               "the limits of a credential contradict each other");

static const char offer_step[] = "remoteAttestation offer";
static const char choice_step[] = "remoteAttestation choice";
static const char credential_step[] = "remoteAttestation credential";

/* refuse_rest is for octets after the last field. */
static enum atls_err refuse_rest(struct atls_diag *diag, const char *step, const char *claim,
                                 const struct atls_reader *rest)
{
    atls_fail_at(diag, ATLS_ERR_MALFORMED, step, claim, atls_reader_offset(rest), "the end");
    atls_diag_found_int(diag, (int64_t)rest->left);
    atls_diag_found_text(diag, " octets more");
    return ATLS_ERR_MALFORMED;
}

enum atls_err atls_offer_parse(struct atls_offer *out, struct atls_bytes body,
                               struct atls_diag *diag)
{
    struct atls_reader r = atls_reader_of(body);
    struct atls_offer offer = {0};
    enum atls_err err =
        atls_scheme_list_read(&r, &offer.server, offer_step, "server_attester_schemes", diag);
    if (err == ATLS_OK) {
        err = atls_scheme_list_read(&r, &offer.client, offer_step, "client_attester_schemes", diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    if (!atls_read_end(&r)) {
        return refuse_rest(diag, offer_step, "client_attester_schemes", &r);
    }
    *out = offer;
    return ATLS_OK;
}

/* check_room compares what was counted with the buffer that it is to go to. */
static enum atls_err check_room(const struct atls_writer *counted, struct atls_buf out,
                                const char *step, struct atls_diag *diag)
{
    size_t len = 0;
    if (!atls_writer_finish(counted, &len)) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "AttestationScheme",
                               "a scheme or a list that is beyond the limits",
                               "what this extension can carry");
    }
    if (len > out.cap) {
        atls_fail(diag, ATLS_ERR_BUFFER, step, "extension_data");
        atls_diag_found_text(diag, "room for ");
        atls_diag_found_int(diag, (int64_t)out.cap);
        atls_diag_found_text(diag, " octets");
        atls_diag_expected_int(diag, (int64_t)len);
        return ATLS_ERR_BUFFER;
    }
    return ATLS_OK;
}

/* finish gives the length; nothing can have failed after check_room. */
static enum atls_err finish(const struct atls_writer *w, size_t *out_len)
{
    return atls_writer_finish(w, out_len) ? ATLS_OK : ATLS_ERR_BUFFER;
}

static void put_offer(struct atls_writer *w, const struct atls_offer *offer)
{
    atls_scheme_list_write(w, &offer->server);
    atls_scheme_list_write(w, &offer->client);
}

enum atls_err atls_offer_write(struct atls_buf out, size_t *out_len, const struct atls_offer *offer,
                               struct atls_diag *diag)
{
    struct atls_writer counting = atls_writer_counting();
    put_offer(&counting, offer);
    enum atls_err err = check_room(&counting, out, offer_step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_writer w = atls_writer_of(out);
    put_offer(&w, offer);
    return finish(&w, out_len);
}

enum atls_err atls_choice_parse(struct atls_scheme *out, struct atls_bytes body,
                                struct atls_diag *diag)
{
    struct atls_reader r = atls_reader_of(body);
    struct atls_scheme choice;
    if (!atls_scheme_read(&r, &choice)) {
        return atls_scheme_refuse(r, choice_step, "AttestationScheme", diag);
    }
    if (!atls_read_end(&r)) {
        return refuse_rest(diag, choice_step, "AttestationScheme", &r);
    }
    *out = choice;
    return ATLS_OK;
}

enum atls_err atls_choice_write(struct atls_buf out, size_t *out_len,
                                const struct atls_scheme *choice, struct atls_diag *diag)
{
    struct atls_writer counting = atls_writer_counting();
    atls_scheme_write(&counting, choice);
    enum atls_err err = check_room(&counting, out, choice_step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_writer w = atls_writer_of(out);
    atls_scheme_write(&w, choice);
    return finish(&w, out_len);
}

/* refuse_credential says why the length or the octets of a cmw_payload could not be read. */
static enum atls_err refuse_credential(struct atls_reader at, struct atls_diag *diag)
{
    const size_t start = atls_reader_offset(&at);
    uint32_t len = 0;
    if (!atls_read_u24(&at, &len)) {
        atls_fail_at(diag, ATLS_ERR_MALFORMED, credential_step, "cmw_payload", start,
                     "a 3-octet length");
        atls_diag_found_int(diag, (int64_t)at.left);
        atls_diag_found_text(diag, " octets");
        return ATLS_ERR_MALFORMED;
    }
    if (len == 0 || len > ATLS_MAX_CMW_LEN) {
        atls_fail_at(diag, ATLS_ERR_MALFORMED, credential_step, "cmw_payload", start, "1 to ");
        atls_diag_expected_int(diag, ATLS_MAX_CMW_LEN);
        atls_diag_found_text(diag, "a length of ");
        atls_diag_found_int(diag, len);
        return ATLS_ERR_MALFORMED;
    }
    atls_fail_at(diag, ATLS_ERR_MALFORMED, credential_step, "cmw_payload", atls_reader_offset(&at),
                 "");
    atls_diag_found_int(diag, (int64_t)at.left);
    atls_diag_found_text(diag, " octets");
    atls_diag_expected_int(diag, len);
    return ATLS_ERR_MALFORMED;
}

enum atls_err atls_credential_parse(struct atls_bytes *out_cmw, struct atls_bytes body,
                                    struct atls_diag *diag)
{
    struct atls_reader r = atls_reader_of(body);
    struct atls_bytes cmw;
    if (!atls_read_vec24(&r, 1, ATLS_MAX_CMW_LEN, &cmw)) {
        return refuse_credential(r, diag);
    }
    if (!atls_read_end(&r)) {
        return refuse_rest(diag, credential_step, "cmw_payload", &r);
    }
    *out_cmw = cmw;
    return ATLS_OK;
}

enum atls_err atls_credential_write(struct atls_buf out, size_t *out_len, struct atls_bytes cmw,
                                    struct atls_diag *diag)
{
    if (cmw.len == 0 || cmw.len > ATLS_MAX_CMW_LEN) {
        atls_fail(diag, ATLS_ERR_ARGUMENT, credential_step, "cmw_payload");
        atls_diag_found_text(diag, "a CMW of ");
        atls_diag_found_int(diag, (int64_t)cmw.len);
        atls_diag_found_text(diag, " octets");
        atls_diag_expected_text(diag, "1 to ");
        atls_diag_expected_int(diag, ATLS_MAX_CMW_LEN);
        return ATLS_ERR_ARGUMENT;
    }
    struct atls_writer counting = atls_writer_counting();
    atls_write_vec24(&counting, cmw);
    enum atls_err err = check_room(&counting, out, credential_step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_writer w = atls_writer_of(out);
    atls_write_vec24(&w, cmw);
    return finish(&w, out_len);
}
