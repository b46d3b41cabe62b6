/* SPDX-License-Identifier: Apache-2.0 */
/* Ids of sessions, the table of those that were signed, and which endorsements match. */
#include "support/check.h"
#include "support/keys.h"
#include "support/mutate.h"

#include "crypto/crypto.h"
#include "crypto/key.h"
#include "svc/verifier/index.h"
#include "svc/verifier/signed_table.h"
#include "svc/verifier/ticket.h"

#include <stdio.h>

static const struct atls_crypto_ops *crypto(void)
{
    return atls_crypto_openssl();
}

static struct verifier_ticket_key key_of(int32_t curve)
{
    struct atls_key *key = NULL;
    struct verifier_ticket_key out;
    struct verifier_ticket_key again;
    assert_err(atls_key_generate(&key, curve, NULL), OK);
    assert_err(verifier_ticket_key_of(&out, crypto(), key, NULL), OK);
    assert_err(verifier_ticket_key_of(&again, crypto(), key, NULL), OK);
    assert_memory_equal(out.data, again.data, sizeof out.data); /* nodes agree */
    atls_key_free(key);
    return out;
}

/* derived is the key of ids of a key that was read out of this PEM. */
static struct verifier_ticket_key derived(const char *pem)
{
    const struct atls_key *key = test_key_from_pem(atls_bytes_text(pem));
    struct verifier_ticket_key out;
    assert_err(verifier_ticket_key_of(&out, crypto(), key, NULL), OK);
    return out;
}

static void every_process_with_an_rsa_key_has_the_same_for_ids(void **state)
{
    (void)state;
    const struct atls_key *keys[2] = {test_rsa_key(2048), test_rsa_key(2048)};
    struct verifier_ticket_key found[2];
    char *pem = NULL;
    for (size_t i = 0; i < 2; i++) {
        assert_err(atls_key_to_private_pem(&pem, keys[i], NULL), OK);
        found[i] = derived(pem);
        const struct verifier_ticket_key again = derived(pem);
        assert_memory_equal(found[i].data, again.data, sizeof again.data);
        atls_pem_free(pem);
    }
    assert_memory_not_equal(found[0].data, found[1].data, sizeof found[0].data);
}

static struct verifier_ticket a_ticket(void)
{
    const struct verifier_ticket ticket = {{1, 2, 3, 4, 5, 6, 7, 8}, 0x92345678, 0x9a};
    return ticket;
}

static void an_id_is_read_by_whoever_has_the_key(void **state)
{
    (void)state;
    const struct verifier_ticket_key keys[2] = {key_of(ATLS_CRV_P256), key_of(ATLS_CRV_ED25519)};
    const struct atls_bytes nonce = atls_bytes_text("0123456789abcdef");
    const struct verifier_ticket ticket = a_ticket();
    char id[VERIFIER_TICKET_TEXT_LEN + 1];
    struct verifier_ticket back;
    assert_err(verifier_ticket_write(id, crypto(), &keys[1], &ticket, nonce, NULL), OK);
    assert_int_equal(strlen(id), VERIFIER_TICKET_TEXT_LEN);
    int64_t end_s = 0;
    assert_true(verifier_ticket_end(atls_bytes_text(id), &end_s));
    assert_int_equal(end_s, ticket.end_s);
    assert_err(verifier_ticket_read(&back, crypto(), keys, 2, atls_bytes_text(id), nonce, NULL),
               OK);
    assert_int_equal(back.end_s, ticket.end_s);
    assert_int_equal(back.end_part, ticket.end_part);
    assert_memory_equal(back.random, ticket.random, sizeof back.random);
    assert_err(verifier_ticket_read(&back, crypto(), keys, 1, atls_bytes_text(id), nonce, NULL),
               SIGNATURE);
    assert_err(verifier_ticket_read(&back, crypto(), keys, 0, atls_bytes_text(id), nonce, NULL),
               SIGNATURE);
}

/* The nonce of a session cannot be exchanged: neither for another, nor for a longer or shorter. */
static void an_id_is_of_one_nonce(void **state)
{
    (void)state;
    const struct verifier_ticket_key key = key_of(ATLS_CRV_P256);
    const struct verifier_ticket ticket = a_ticket();
    char id[VERIFIER_TICKET_TEXT_LEN + 1];
    struct verifier_ticket back;
    const char *const others[] = {"0123456789abcdeg", "0123456789abcde", "0123456789abcdeff", ""};
    assert_err(verifier_ticket_write(id, crypto(), &key, &ticket,
                                     atls_bytes_text("0123456789abcdef"), NULL),
               OK);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        assert_err(verifier_ticket_read(&back, crypto(), &key, 1, atls_bytes_text(id),
                                        atls_bytes_text(others[i]), NULL),
                   SIGNATURE);
    }
}

static void refuse_ticket(struct atls_bytes mutant, size_t at, void *context)
{
    struct verifier_ticket back = {.end_s = 77};
    (void)at;
    assert_string_not_equal(
        atls_err_name(verifier_ticket_read(&back, crypto(), context, 1, mutant,
                                           atls_bytes_text("0123456789abcdef"), NULL)),
        "OK");
    assert_int_equal(back.end_s, 77);
}

static void the_end_is_the_first_in_the_order_of_octets(void **state)
{
    (void)state;
    const struct verifier_ticket_key key = key_of(ATLS_CRV_P256);
    const struct atls_bytes nonce = atls_bytes_text("0123456789abcdef");
    struct verifier_ticket ticket = a_ticket();
    char ids[2][VERIFIER_TICKET_TEXT_LEN + 1];
    assert_err(verifier_ticket_write(ids[0], crypto(), &key, &ticket, nonce, NULL), OK);
    memset(ticket.random, 0xff, sizeof ticket.random);
    assert_err(verifier_ticket_write(ids[1], crypto(), &key, &ticket, nonce, NULL), OK);
    assert_memory_equal(ids[0], ids[1], 6); /* 36 of 40 bits */
    static const int64_t too_far[] = {-1, (int64_t)UINT32_MAX + 1};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(too_far); i++) {
        ticket.end_s = too_far[i];
        assert_err(verifier_ticket_write(ids[0], crypto(), &key, &ticket, nonce, NULL), STATE);
    }
}

static void no_other_text_is_an_id(void **state)
{
    (void)state;
    struct verifier_ticket_key key = key_of(ATLS_CRV_P256);
    const struct verifier_ticket ticket = a_ticket();
    char id[VERIFIER_TICKET_TEXT_LEN + 1];
    assert_err(verifier_ticket_write(id, crypto(), &key, &ticket,
                                     atls_bytes_text("0123456789abcdef"), NULL),
               OK);
    test_each_mutant(atls_bytes_text(id), refuse_ticket, &key);
    int64_t end_s = 77;
    assert_false(verifier_ticket_end(atls_bytes_text("1234567890"), &end_s));
    assert_int_equal(end_s, 77);
}

static void a_session_is_signed_once(void **state)
{
    (void)state;
    struct verifier_signed_table *table = verifier_signed_table_new(100);
    struct verifier_ticket ticket = a_ticket();
    assert_non_null(table);
    assert_err(verifier_signed_table_add(table, &ticket, 1, NULL), OK);
    assert_err(verifier_signed_table_add(table, &ticket, 2, NULL), CONFLICT);
    ticket.random[15] ^= 1; /* the same place in the table, another session */
    assert_err(verifier_signed_table_add(table, &ticket, 2, NULL), OK);
    assert_err(verifier_signed_table_add(table, &ticket, 2, NULL), CONFLICT);
    assert_int_equal(verifier_signed_table_count(table), 2);
    verifier_signed_table_free(table);
    verifier_signed_table_free(NULL);
}

static void the_table_of_signed_sessions_is_bounded_and_forgets_what_ended(void **state)
{
    (void)state;
    struct verifier_signed_table *table = verifier_signed_table_new(1000);
    struct verifier_ticket ticket = {{0}, 50, 0};
    for (unsigned i = 0; i < 1000; i++) {
        ticket.random[0] = (uint8_t)i;
        ticket.random[9] = (uint8_t)(i >> 8);
        assert_err(verifier_signed_table_add(table, &ticket, 10, NULL), OK);
        assert_err(verifier_signed_table_add(table, &ticket, 10, NULL), CONFLICT);
    }
    ticket.random[1] = 1;
    assert_err(verifier_signed_table_add(table, &ticket, 50, NULL), BUSY);
    assert_err(verifier_signed_table_add(table, &ticket, 50, NULL), BUSY);
    ticket.end_s = 90;
    assert_err(verifier_signed_table_add(table, &ticket, 51, NULL), OK);
    assert_int_equal(verifier_signed_table_count(table), 1);
    assert_err(verifier_signed_table_add(table, &ticket, 52, NULL), CONFLICT);
    verifier_signed_table_free(table);
}

static struct verifier_match match(size_t format, const char *instance, const char *class_id)
{
    const struct verifier_match out = {.format = &atls_formats[format],
                                       .instance = atls_bytes_text(instance),
                                       .class_id = atls_bytes_text(class_id)};
    return out;
}

static void add(struct verifier_index *index, const char *id, uint64_t generation,
                struct verifier_match about)
{
    assert_err(verifier_index_add(index, atls_bytes_text(id), generation, &about, 1, NULL), OK);
}

/* found gives the generations as digits. */
static const char *found(struct verifier_index *index, struct verifier_match wanted)
{
    static char text[64];
    uint64_t generations[16];
    size_t num = 99;
    assert_err(verifier_index_find(index, &wanted, generations, 16, &num, NULL), OK);
    for (size_t i = 0; i < num; i++) {
        text[i] = (char)('0' + generations[i]);
    }
    text[num] = '\0';
    return text;
}

static void evidence_finds_its_keys_its_class_and_what_is_for_all(void **state)
{
    (void)state;
    struct verifier_index *index = verifier_index_new();
    assert_string_equal(found(index, match(0, "i1", "c1")), "");
    add(index, "key of i1", 1, match(0, "i1", "c1"));
    add(index, "key of i2", 2, match(0, "i2", "c1"));
    add(index, "references of c1", 3, match(0, "", "c1"));
    add(index, "references of c2", 4, match(0, "", "c2"));
    add(index, "roots", 5, match(0, "", ""));
    add(index, "another format", 6, match(1, "i1", "c1"));
    assert_string_equal(found(index, match(0, "i1", "c1")), "135");
    assert_string_equal(found(index, match(0, "i2", "")), "235"); /* the class is that of the key */
    assert_string_equal(found(index, match(0, "i9", "c2")), "45");
    assert_string_equal(found(index, match(0, "i9", "")), "5");
    assert_string_equal(found(index, match(0, "", "")), "12345");
    assert_string_equal(found(index, match(1, "i1", "")), "6");
    const struct verifier_match malformed = {.format = NULL};
    assert_string_equal(found(index, malformed), "");
    assert_int_equal(verifier_index_count(index), 6);
    verifier_index_free(index);
}

/* what the older version said is not found any more. */
static void a_newer_version_takes_the_place_of_the_older(void **state)
{
    (void)state;
    struct verifier_index *index = verifier_index_new();
    add(index, "a", 1, match(0, "i1", "c1"));
    add(index, "a", 2, match(0, "i2", "c1"));
    assert_string_equal(found(index, match(0, "i1", "c1")), "");
    assert_string_equal(found(index, match(0, "i2", "c1")), "2");
    assert_err(verifier_index_add(index, atls_bytes_text("a"), 3, NULL, 0, NULL), OK);
    assert_string_equal(found(index, match(0, "i2", "c1")), "");
    assert_int_equal(verifier_index_count(index), 1);
    add(index, "b", 4, match(0, "i1", "c1"));
    add(index, "c", 5, match(0, "i1", "c1"));
    verifier_index_remove(index, atls_bytes_text("b"));
    verifier_index_remove(index, atls_bytes_text("nothing"));
    assert_string_equal(found(index, match(0, "i1", "c1")), "5");
    assert_int_equal(verifier_index_count(index), 2);
    verifier_index_free(index);
}

static void more_matches_than_there_is_room_for_are_an_error(void **state)
{
    (void)state;
    struct verifier_index *index = verifier_index_new();
    uint64_t generations[2];
    size_t num = 7;
    const struct verifier_match wanted = match(0, "", "c");
    char id[2] = "a";
    for (unsigned i = 1; i <= 3; i++, id[0]++) {
        add(index, id, i, match(0, "", "c"));
    }
    assert_err(verifier_index_find(index, &wanted, generations, 2, &num, NULL), STORE);
    assert_int_equal(num, 7);
    verifier_index_free(index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_process_with_an_rsa_key_has_the_same_for_ids),
        cmocka_unit_test(an_id_is_read_by_whoever_has_the_key),
        cmocka_unit_test(an_id_is_of_one_nonce),
        cmocka_unit_test(the_end_is_the_first_in_the_order_of_octets),
        cmocka_unit_test(no_other_text_is_an_id),
        cmocka_unit_test(a_session_is_signed_once),
        cmocka_unit_test(the_table_of_signed_sessions_is_bounded_and_forgets_what_ended),
        cmocka_unit_test(evidence_finds_its_keys_its_class_and_what_is_for_all),
        cmocka_unit_test(a_newer_version_takes_the_place_of_the_older),
        cmocka_unit_test(more_matches_than_there_is_room_for_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
