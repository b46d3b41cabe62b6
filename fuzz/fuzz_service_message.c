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
    static struct verifier_appraise appraise;
    struct verifier_identify identify;
    struct verifier_examine examine;
    struct verifier_octets octets = {NULL, 0};
    if (which == 0 && verifier_identify_read(&identify, input) == ATLS_OK) {
        same(input, verifier_identify_write(&octets, &identify), &octets);
    } else if (which == 1 && verifier_appraise_read(&appraise, input) == ATLS_OK) {
        same(input, verifier_appraise_write(&octets, &appraise), &octets);
    } else if (which == 2 && verifier_examine_read(&examine, input) == ATLS_OK) {
        same(input, verifier_examine_write(&octets, &examine), &octets);
    }
}

static void read_from_appraiser(uint8_t which, struct atls_bytes input)
{
    struct verifier_identified identified;
    struct verifier_examined examined;
    static struct verifier_outcome outcome;
    struct verifier_octets octets = {NULL, 0};
    if (which == 3 && verifier_identified_read(&identified, input) == ATLS_OK) {
        same(input, verifier_identified_write(&octets, &identified), &octets);
    } else if (which == 4 && verifier_examined_read(&examined, input) == ATLS_OK) {
        same(input, verifier_examined_write(&octets, &examined), &octets);
        verifier_examined_cleanup(&examined);
    } else if (which == 5 && verifier_outcome_read(&outcome, input) == ATLS_OK) {
        same(input, verifier_outcome_write(&octets, &outcome), &octets);
        verifier_outcome_cleanup(&outcome);
    }
}

static void read_of_signer(uint8_t which, struct atls_bytes input)
{
    static struct verifier_sign sign;
    struct verifier_open open;
    struct verifier_opened opened;
    struct verifier_text text;
    struct verifier_octets octets = {NULL, 0};
    if (which == 6 && verifier_open_read(&open, input) == ATLS_OK) {
        same(input, verifier_open_write(&octets, &open), &octets);
    } else if (which == 7 && verifier_opened_read(&opened, input) == ATLS_OK) {
        same(input, verifier_opened_write(&octets, &opened), &octets);
    } else if (which == 8 && verifier_sign_read(&sign, input) == ATLS_OK) {
        same(input, verifier_sign_write(&octets, &sign), &octets);
        verifier_outcome_cleanup(&sign.outcome);
    } else if (which == 9 && verifier_text_read(&text, input) == ATLS_OK) {
        same(input, verifier_text_write(&octets, &text), &octets);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t type = 0;
    size_t len = 0;
    if (size == 0) {
        return 0;
    }
    const struct atls_bytes input = {&data[1], size - 1};
    const uint8_t which = data[0] % 11;
    if (which == 10 && verifier_frame_header_parse(&type, &len, input, 1000, NULL) == ATLS_OK) {
        fuzz_require(input.len == VERIFIER_FRAME_HEADER_LEN && len <= 1000 &&
                     type == input.data[1]);
    }
    read_to_appraiser(which, input);
    read_from_appraiser(which, input);
    read_of_signer(which, input);
    return 0;
}
