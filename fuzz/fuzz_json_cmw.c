/* SPDX-License-Identifier: Apache-2.0 */
/* CMW in JSON: what is accepted has a CBOR form, which is written as JSON that says the same; and
 * any CMW in CBOR is written as JSON that is read as it was, or not at all. */
#include "fuzz_check.h"

#include "base/span.h"
#include "json/cmw_json.h"

/* check_written: `exact` when the CBOR came from JSON, where no content format stands for a media
 * type and no tag for a record. */
static void check_written(struct atls_bytes cbor, bool exact)
{
    struct atls_cmw cmw;
    char *json = NULL;
    uint8_t *again = NULL;
    size_t len = 0;
    if (atls_cmw_parse(&cmw, cbor, NULL) != ATLS_OK) {
        fuzz_require(!exact);
        return;
    }
    const enum atls_err err = atls_cmw_json_write(&json, &cmw, NULL);
    if (err != ATLS_OK) {
        fuzz_require(!exact && err == ATLS_ERR_ARGUMENT);
        return;
    }
    fuzz_require(atls_cmw_json_parse(&again, &len, atls_bytes_text(json), NULL) == ATLS_OK);
    if (exact) {
        fuzz_require(atls_bytes_equal(atls_bytes_of(again, len), cbor));
    }
    free(again);
    free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct atls_bytes input = atls_bytes_of(data, size);
    uint8_t *cbor = NULL;
    size_t len = 0;
    struct atls_diag diag = {0};
    const enum atls_err err = atls_cmw_json_parse(&cbor, &len, input, &diag);
    fuzz_require(err == diag.err);
    if (err == ATLS_OK) {
        check_written(atls_bytes_of(cbor, len), true);
    }
    free(cbor);
    check_written(input, false);
    return 0;
}
