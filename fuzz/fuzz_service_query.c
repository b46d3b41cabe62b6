/* SPDX-License-Identifier: Apache-2.0 */
/* What the Verifier reads by hand of an HTTP request: target, query, Accept, Content-Type, id. */
#include "fuzz_check.h"

#include "base/span.h"
#include "json/base64.h"
#include "svc/verifier/query.h"
#include "svc/verifier/session_id.h"

#include <string.h>

static bool is_inside(struct atls_bytes part, struct atls_bytes whole)
{
    return part.len == 0 ||
           (part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

static void check_nonce(struct atls_bytes query)
{
    struct verifier_nonce_query q;
    const char *why = NULL;
    if (!verifier_query_nonce(&q, query, &why)) {
        fuzz_require(why != NULL);
        return;
    }
    fuzz_require(!(q.has_nonce && q.has_size));
    fuzz_require(!q.has_nonce || (q.nonce_len >= 8 && q.nonce_len <= ATLS_MAX_NONCE_LEN));
    fuzz_require(!q.has_size || (q.size >= 8 && q.size <= ATLS_MAX_NONCE_LEN));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct atls_bytes input = {data, size};
    struct atls_bytes path, query, value, rest;
    uint8_t octets[64];
    const struct atls_buf room = {octets, sizeof octets};
    size_t len = 0;
    if (verifier_target_split(input, &path, &query)) {
        fuzz_require(path.len >= 1 && is_inside(path, input) && is_inside(query, input));
        check_nonce(query);
        fuzz_require(!verifier_path_below(path, "/challenge-response/v1/session/", &rest) ||
                     is_inside(rest, path));
    }
    check_nonce(input);
    uint64_t number = UINT64_MAX;
    (void)!verifier_query_number(&number, input, "after");
    fuzz_require(number == UINT64_MAX || number < UINT64_C(1000000000000000000));
    (void)!verifier_base64_any(input, room, &len);
    struct verifier_session_id session;
    fuzz_require(!verifier_session_id_read(&session, input) || size > VERIFIER_TICKET_TEXT_LEN);
    (void)!verifier_type_is(input, "application/rim+cbor");
    if (verifier_type_parameter(input, "profile", &value)) {
        fuzz_require(value.len != 0 && is_inside(value, input));
    }
    char *text = malloc(size + 1);
    fuzz_require(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    (void)!verifier_accepts(text, "application/x+json");
    char quoted[256], again[512];
    if (verifier_type_quote(quoted, sizeof quoted, text)) { /* once is enough */
        fuzz_require(verifier_type_quote(again, sizeof again, quoted));
        fuzz_require(strcmp(quoted, again) == 0);
    }
    fuzz_require(!verifier_names(text, "application/x+json") ||
                 verifier_accepts(text, "application/x+json"));
    free(text);
    return 0;
}
