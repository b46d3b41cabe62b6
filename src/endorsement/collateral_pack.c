/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bag as octets: for each part
 *
 *     source (16 bits of length, text)   part (32 bits of length, DER or JSON)
 *
 * and back. What a part is is found by its content again, as in a file.
 */
#include "endorsement/bag.h"

#include "base/reader.h"
#include "base/span.h"
#include "base/writer.h"

#include <stdlib.h>

static const char step[] = "collateral";

/* A path has at most this many octets here (PATH_MAX of Linux). */
enum { MAX_SOURCE = 4096 };

static void put(struct atls_writer *w, const char *source, struct atls_bytes part)
{
    w->failed = w->failed || strlen(source) > MAX_SOURCE || part.len > ATLS_MAX_PACKED;
    atls_write_vec16(w, atls_bytes_text(source));
    atls_write_u32(w, (uint32_t)part.len);
    atls_write_bytes(w, part);
}

static void put_all(struct atls_writer *w, const struct atls_collateral *bag)
{
    for (; bag != NULL; bag = bag->next) {
        for (size_t i = 0; i < bag->num_certs; i++) {
            put(w, bag->certs[i].source, atls_x509_der(bag->certs[i].cert));
        }
        for (size_t i = 0; i < bag->num_crls; i++) {
            put(w, bag->crls[i].source, atls_crl_der(bag->crls[i].crl));
        }
        for (size_t i = 0; i < bag->num_jsons; i++) {
            const struct atls_bag_json *json = &bag->jsons[i];
            put(w, json->source, atls_bytes_of(json->text, json->text_len));
        }
    }
}

/* check_anchors: neither a file without a signature nor who hands it on says whom to trust. */
static enum atls_err check_anchors(const struct atls_collateral *bag, struct atls_diag *diag)
{
    for (; bag != NULL; bag = bag->next) {
        for (size_t i = 0; i < bag->num_certs; i++) {
            if (bag->certs[i].anchor_for != NULL) {
                return atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, step, "trust anchor",
                                       "a bare certificate, NAME@file",
                                       "one in a CoRIM that is provisioned");
            }
        }
    }
    return ATLS_OK;
}

enum atls_err atls_collateral_pack(uint8_t **out, size_t *out_len,
                                   const struct atls_collateral *bag, struct atls_diag *diag)
{
    struct atls_writer count = atls_writer_counting();
    size_t len = 0;
    const enum atls_err err = check_anchors(bag, diag);
    if (err != ATLS_OK) {
        return err;
    }
    put_all(&count, bag);
    if (!atls_writer_finish(&count, &len) || len > ATLS_MAX_PACKED) {
        return atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, step, "files",
                               "more than may be handed on", "8 MiB of collateral together");
    }
    uint8_t *data = malloc(len + 1);
    if (data == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    const struct atls_buf room = {data, len};
    struct atls_writer w = atls_writer_of(room);
    put_all(&w, bag);
    if (!atls_writer_finish(&w, &len)) {
        free(data);
        return atls_fail(diag, ATLS_ERR_BUFFER, step, NULL);
    }
    *out = data;
    *out_len = len;
    return ATLS_OK;
}

static bool get(struct atls_reader *r, char source[MAX_SOURCE + 1], struct atls_bytes *part)
{
    struct atls_bytes text;
    uint32_t len = 0;
    if (!atls_read_vec16(r, 0, MAX_SOURCE, &text) || !atls_read_u32(r, &len) ||
        !atls_read_bytes(r, len, part) || memchr(text.data, 0, text.len) != NULL) {
        return false;
    }
    memcpy(source, text.data, text.len);
    source[text.len] = '\0';
    return true;
}

enum atls_err atls_collateral_unpack(struct atls_collateral *bag, struct atls_bytes octets,
                                     struct atls_diag *diag)
{
    struct atls_reader r = atls_reader_of(octets);
    char source[MAX_SOURCE + 1];
    struct atls_bytes part;
    enum atls_err err = ATLS_OK;
    while (err == ATLS_OK && !atls_read_end(&r)) {
        err = get(&r, source, &part)
                  ? atls_collateral_add(bag, part, source, diag)
                  : atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "packed collateral",
                                    "octets that were not packed", "whole parts");
    }
    return err;
}
