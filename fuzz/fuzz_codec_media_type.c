/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Media types and collection types. The input is two texts with a newline between them; without
 * one the second is empty. Equality must be reflexive on what is valid, symmetric, and blind to
 * the case of a type.
 */
#include "fuzz_check.h"

#include "base/span.h"
#include "codec/ascii.h"
#include "codec/cmw.h"

/* check_case changes the case of the type, up to the slash. */
static void check_case(struct atls_bytes text)
{
    uint8_t *changed = malloc(text.len + 1);
    fuzz_require(changed != NULL);
    bool in_type = true;
    for (size_t i = 0; i < text.len; i++) {
        in_type = in_type && text.data[i] != '/';
        const bool flips = in_type && atls_ascii_is_letter(text.data[i]);
        changed[i] = (uint8_t)(flips ? text.data[i] ^ 0x20 : text.data[i]);
    }
    fuzz_require(atls_media_type_equal(text, atls_bytes_of(changed, text.len)));
    free(changed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t split = 0;
    while (split < size && data[split] != '\n') {
        split++;
    }
    const size_t rest = split < size ? split + 1 : size;
    const struct atls_bytes a = {data, split};
    const struct atls_bytes b = {&data[rest], size - rest};
    fuzz_require(atls_media_type_equal(a, b) == atls_media_type_equal(b, a));
    fuzz_require(atls_media_type_equal(a, a) == atls_media_type_is_valid(a));
    fuzz_require(!atls_media_type_equal(a, b) ||
                 (atls_media_type_is_valid(a) && atls_media_type_is_valid(b)));
    if (atls_media_type_is_valid(a)) {
        check_case(a);
    }
    if (atls_collection_type_is_valid(a)) {
        fuzz_require(a.len >= 3);
    }
    return 0;
}
