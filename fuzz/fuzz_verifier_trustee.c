/* SPDX-License-Identifier: Apache-2.0 */
/* A peer's Evidence on its way to Trustee: it has a form in JSON, or is refused. The first octet
 * chooses the format. */
#include "fuzz_check.h"

#include "base/span.h"
#include "json/json.h"
#include "verifier/trustee_evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct atls_format formats[] = {{.name = "snp"}, {.name = "tdx"}};
    struct atls_diag diag = {0};
    json_t *value = NULL;
    if (size == 0) {
        return 0;
    }
    const enum atls_err err = verifier_trustee_evidence(&value, &formats[data[0] % 2],
                                                        atls_bytes_of(data + 1, size - 1), &diag);
    fuzz_require(err == diag.err);
    fuzz_require((value != NULL) == (err == ATLS_OK));
    if (err == ATLS_OK) {
        char *text = atls_json_dump(value);
        fuzz_require(text != NULL && json_object_size(value) == 2);
        free(text);
        json_decref(value);
    } else {
        fuzz_require(err == ATLS_ERR_EVIDENCE_MALFORMED);
    }
    return 0;
}
