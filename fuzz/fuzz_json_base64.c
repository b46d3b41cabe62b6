/* SPDX-License-Identifier: Apache-2.0 */
/* Octets have one text: what decodes is encoded again as it came. */
#include "fuzz_check.h"

#include "base/span.h"
#include "json/base64.h"

typedef bool decoder(struct atls_bytes text, struct atls_buf out, size_t *out_len);

/* check_text: `again` gives the text of octets in new memory; hex has it in lower case only. */
static void check_text(struct atls_bytes text, decoder *decode,
                       char *(*again)(struct atls_bytes octets), bool one_case)
{
    const struct atls_buf room = {malloc(ATLS_BASE64_DECODED_SIZE(text.len)),
                                  ATLS_BASE64_DECODED_SIZE(text.len)};
    size_t len = 0;
    fuzz_require(room.data != NULL);
    if (decode(text, room, &len)) {
        char *encoded = again(atls_bytes_of(room.data, len));
        fuzz_require(encoded != NULL && strlen(encoded) == text.len);
        fuzz_require(!one_case || atls_bytes_is_text(text, encoded));
        free(encoded);
    }
    free(room.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct atls_bytes text = atls_bytes_of(data, size);
    check_text(text, atls_base64url_decode, atls_base64url_new, true);
    check_text(text, atls_base64_decode, atls_base64_new, true);
    check_text(text, atls_hex_decode, atls_hex_new, false);
    return 0;
}
