/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames and messages between the processes of the Verifier. The first octet selects the message;
 * "frame" reads its header. What is read is written again: the octets must be the same, since each
 * message has one form.
 */
#include "fuzz_check.h"

#include "base/span.h"
#include "svc/verifier/message.h"

#include <string.h>

/* same frees what was written, which must be `input`. */
static void same(struct atls_bytes input, enum atls_err written, struct verifier_octets *octets)
{
    fuzz_require(written == ATLS_OK);
    fuzz_require(atls_bytes_equal(input, atls_bytes_of(octets->data, octets->len)));
    free(octets->data);
}

static void read_to_appraiser(uint8_t which, struct atls_bytes input)
{
    static struct verifier_evaluate evaluate;
    struct verifier_examine examine;
    struct verifier_octets octets = {NULL, 0};
    if (which == 0 && verifier_evaluate_read(&evaluate, input) == ATLS_OK) {
        same(input, verifier_message_write(&octets, verifier_put_evaluate, &evaluate), &octets);
    } else if (which == 2 && verifier_examine_read(&examine, input) == ATLS_OK) {
        same(input, verifier_message_write(&octets, verifier_put_examine, &examine), &octets);
    }
}

static void read_from_appraiser(uint8_t which, struct atls_bytes input)
{
    struct verifier_report report;
    struct verifier_examined examined;
    static struct verifier_outcome outcome;
    struct verifier_octets octets = {NULL, 0};
    if (which == 3 && verifier_report_read(&report, input) == ATLS_OK) {
        same(input, verifier_message_write(&octets, verifier_put_report, &report), &octets);
    } else if (which == 4 && verifier_examined_read(&examined, input) == ATLS_OK) {
        same(input, verifier_message_write(&octets, verifier_put_examined, &examined), &octets);
        verifier_examined_cleanup(&examined);
    } else if (which == 5 && verifier_outcome_read(&outcome, input) == ATLS_OK) {
        same(input, verifier_message_write(&octets, verifier_put_whole_outcome, &outcome), &octets);
        verifier_outcome_cleanup(&outcome);
    }
}

static void read_of_signer(uint8_t which, struct atls_bytes input)
{
    struct verifier_sign sign;
    struct verifier_check check;
    struct verifier_open open;
    struct verifier_opened opened;
    struct verifier_text text;
    struct verifier_octets octets = {NULL, 0};
    if (which == 1 && verifier_check_read(&check, input) == ATLS_OK) {
        same(input, verifier_message_write(&octets, verifier_put_check, &check), &octets);
    } else if (which == 6 && verifier_open_read(&open, input) == ATLS_OK) {
        same(input, verifier_message_write(&octets, verifier_put_open, &open), &octets);
    } else if (which == 7 && verifier_opened_read(&opened, input) == ATLS_OK) {
        same(input, verifier_message_write(&octets, verifier_put_opened, &opened), &octets);
    } else if (which == 8 && verifier_sign_read(&sign, input) == ATLS_OK) {
        same(input, verifier_message_write(&octets, verifier_put_sign, &sign), &octets);
    } else if (which == 9 && verifier_text_read(&text, input) == ATLS_OK) {
        same(input, verifier_message_write(&octets, verifier_put_text, &text), &octets);
    }
}

static struct verifier_packed items[VERIFIER_MAX_BATCH];

static void put_octets(struct atls_writer *w, const void *message)
{
    atls_write_bytes(w, *(const struct atls_bytes *)message);
}

/* read_batch packs again what was unpacked. */
static void read_batch(struct atls_bytes input)
{
    struct verifier_packer packer = {.data = NULL};
    struct atls_bytes again;
    size_t num = 0;
    if (verifier_unpack(items, &num, input) != ATLS_OK) {
        return;
    }
    for (size_t i = 0; i < num; i++) {
        verifier_pack(&packer, items[i].type, put_octets, &items[i].payload);
    }
    fuzz_require(verifier_pack_octets(&again, &packer) == ATLS_OK);
    fuzz_require(atls_bytes_equal(input, again));
    verifier_packer_cleanup(&packer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t type = 0;
    size_t len = 0;
    if (size == 0) {
        return 0;
    }
    const struct atls_bytes input = {&data[1], size - 1};
    const uint8_t which = data[0] % 12;
    if (which == 10 && verifier_frame_header_parse(&type, &len, input, 1000, NULL) == ATLS_OK) {
        fuzz_require(input.len == VERIFIER_FRAME_HEADER_LEN && len <= 1000 &&
                     type == input.data[1]);
    }
    if (which == 11) {
        read_batch(input);
    }
    read_to_appraiser(which, input);
    read_from_appraiser(which, input);
    read_of_signer(which, input);
    return 0;
}
