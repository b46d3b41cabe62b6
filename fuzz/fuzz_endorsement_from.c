/* SPDX-License-Identifier: Apache-2.0 */
/* Endorsements from what a machine says of itself: first octet the format, then claims (JSON), a
 * zero, and a text of PCR values. Refused with a sentence, or a template of which a CoRIM comes. */
#include "fuzz_check.h"

#include "base/span.h"
#include "crypto/key.h"
#include "endorsement/corim_create.h"
#include "endorsement/corim_from.h"
#include "json/json.h"

#include <stdlib.h>

static struct atls_key *key;

static void make(const struct atls_corim_facts *facts)
{
    struct atls_diag diag = {.err = ATLS_OK};
    char *text = NULL;
    uint8_t *corim = NULL;
    size_t len = 0;
    const enum atls_err err = atls_corim_from_claims(&text, facts, &diag);
    fuzz_require(diag.err == err && (text != NULL) == (err == ATLS_OK));
    if (err != ATLS_OK) {
        fuzz_require(err == ATLS_ERR_ENDORSEMENT);
        return;
    }
    const struct atls_bytes template = atls_bytes_text(text);
    if (atls_corim_create(&corim, &len, &template, 1, facts->format->corim_profile, false, NULL) ==
        ATLS_OK) {
        fuzz_require(len > 0);
    }
    free(corim);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_pcr_values values;
    json_t *claims = NULL;
    size_t end = 1;
    if (key == NULL) {
        fuzz_require(atls_key_generate(&key, ATLS_CRV_ED25519, NULL) == ATLS_OK);
    }
    if (size == 0) {
        return 0;
    }
    while (end < size && data[end] != 0) {
        end++;
    }
    const struct atls_bytes text = atls_bytes_of(&data[1], end - 1);
    const size_t used = end < size ? end + 1 : end;
    const struct atls_format *format = &atls_formats[data[0] % atls_num_formats];
    if (format->corim_profile == NULL) {
        return 0; /* a bundle: its parts are endorsed */
    }
    struct atls_corim_facts facts = {.format = format,
                                     .ak = (data[0] & 0x80) != 0 ? key : NULL,
                                     .pcr_values = atls_bytes_of(&data[used], size - used)};
    const enum atls_err err = atls_pcr_values_read(&values, facts.pcr_values, NULL);
    fuzz_require(err == ATLS_OK || err == ATLS_ERR_ENDORSEMENT);
    if (atls_json_parse(&claims, text, "claims", NULL) == ATLS_OK) {
        facts.claims = claims;
        make(&facts);
        json_decref(claims);
    }
    return 0;
}
