/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered so that it need not be asked: matches of an appraiser, nonces in an id. */
#include "support/check.h"
#include "support/mutate.h"

#include "svc/verifier/known_matches.h"
#include "svc/verifier/session_id.h"

#include <stdio.h>

static struct verifier_match match(size_t format, const char *instance, const char *class_id)
{
    const struct verifier_match out = {.format = &atls_formats[format],
                                       .instance = atls_bytes_text(instance),
                                       .class_id = atls_bytes_text(class_id)};
    return out;
}

static bool finds(const struct verifier_known_matches *matches, uint64_t generation,
                  struct verifier_match wanted, uint64_t document)
{
    static struct verifier_evaluate request;
    request.generation = generation;
    request.documents[0].has_content = true;
    return verifier_known_matches_find(matches, &request, &wanted) && request.num_documents == 2 &&
           request.documents[0].generation == document &&
           request.documents[1].generation == document + 1 && !request.documents[0].has_content;
}

static void a_match_is_known_for_its_generation_only(void **state)
{
    (void)state;
    struct verifier_known_matches *matches = verifier_known_matches_new();
    static struct verifier_evaluate request;
    const struct verifier_match wanted = match(0, "machine", "class");
    assert_non_null(matches);
    request.generation = 5;
    request.num_documents = 2;
    request.documents[0].generation = 7;
    request.documents[1].generation = 8;
    assert_false(finds(matches, 5, wanted, 7));
    verifier_known_matches_add(matches, &request, &wanted);
    assert_true(finds(matches, 5, wanted, 7));
    assert_false(finds(matches, 4, wanted, 7));
    assert_false(finds(matches, 6, wanted, 7));
    assert_false(finds(matches, 5, match(1, "machine", "class"), 7));
    assert_false(finds(matches, 5, match(0, "machinf", "class"), 7));
    assert_false(finds(matches, 5, match(0, "machine", "clasr"), 7));
    assert_false(finds(matches, 5, match(0, "machinec", "lass"), 7));
    assert_false(finds(matches, 5, match(0, "", "class"), 7));
    request.generation = 6; /* the index went on */
    request.documents[0].generation = 9;
    request.documents[1].generation = 10;
    verifier_known_matches_add(matches, &request, &wanted);
    assert_true(finds(matches, 6, wanted, 9));
    assert_false(finds(matches, 5, wanted, 7));
    verifier_known_matches_free(matches);
}

static void what_is_too_much_to_remember_is_asked_again(void **state)
{
    (void)state;
    struct verifier_known_matches *matches = verifier_known_matches_new();
    static struct verifier_evaluate request;
    const struct verifier_match many = match(0, "many", ""), nowhere = {.format = NULL};
    assert_non_null(matches);
    request.generation = 5;
    request.num_documents = VERIFIER_MAX_DOCUMENTS;
    verifier_known_matches_add(matches, &request, &many);
    assert_false(verifier_known_matches_find(matches, &request, &many));
    request.num_documents = 0; /* none is an answer, but what is malformed has no place */
    verifier_known_matches_add(matches, &request, &nowhere);
    assert_false(verifier_known_matches_find(matches, &request, &nowhere));
    verifier_known_matches_add(matches, &request, &many);
    assert_true(verifier_known_matches_find(matches, &request, &many));
    assert_int_equal(request.num_documents, 0);
    verifier_known_matches_free(matches);
}

/* 37 octets, of which the first five say 7. */
static const char ticket[] = "AAAABwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static void an_id_holds_its_nonce(void **state)
{
    (void)state;
    uint8_t nonce[ATLS_MAX_NONCE_LEN];
    for (size_t i = 0; i < sizeof nonce; i++) {
        nonce[i] = (uint8_t)(200 + i);
    }
    for (size_t len = 0; len <= sizeof nonce; len++) {
        char text[VERIFIER_ID_TEXT_SIZE];
        struct verifier_session_id id;
        const struct atls_bytes octets = {nonce, len};
        const bool is_good = len >= 8;
        assert_int_equal(verifier_session_id_write(text, atls_bytes_text(ticket), octets), is_good);
        if (!is_good) {
            continue;
        }
        assert_true(verifier_session_id_read(&id, atls_bytes_text(text)));
        assert_string_equal(id.ticket, ticket);
        assert_int_equal(id.end_s, 7);
        assert_true(atls_bytes_equal(atls_bytes_of(id.nonce, id.nonce_len), octets));
    }
}

static void read_id(struct atls_bytes mutant, size_t at, void *context)
{
    struct verifier_session_id id = {.end_s = 77};
    char again[VERIFIER_ID_TEXT_SIZE];
    (void)at;
    (void)context;
    if (verifier_session_id_read(&id, mutant)) { /* then it has one text */
        assert_true(verifier_session_id_write(again, atls_bytes_text(id.ticket),
                                              atls_bytes_of(id.nonce, id.nonce_len)));
        assert_true(atls_bytes_is_text(mutant, again));
    } else {
        assert_int_equal(id.end_s, 77);
    }
}

static void other_texts_are_no_ids(void **state)
{
    (void)state;
    char text[VERIFIER_ID_TEXT_SIZE], longer[VERIFIER_ID_TEXT_SIZE + 2];
    struct verifier_session_id id;
    static const uint8_t nonce[ATLS_MAX_NONCE_LEN] = {1};
    assert_true(verifier_session_id_write(text, atls_bytes_text(ticket),
                                          atls_bytes_of(nonce, sizeof nonce)));
    test_each_mutant(atls_bytes_text(text), read_id, NULL);
    snprintf(longer, sizeof longer, "%sA", text);
    assert_false(verifier_session_id_read(&id, atls_bytes_text(longer)));
    assert_false(verifier_session_id_read(&id, atls_bytes_text(ticket)));
    assert_false(verifier_session_id_write(text, atls_bytes_text("short"),
                                           atls_bytes_of(nonce, sizeof nonce)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_match_is_known_for_its_generation_only),
        cmocka_unit_test(what_is_too_much_to_remember_is_asked_again),
        cmocka_unit_test(an_id_holds_its_nonce),
        cmocka_unit_test(other_texts_are_no_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
