/* SPDX-License-Identifier: Apache-2.0 */
/* The set: what is looked up, what is merged, and who may change it when. */
#include "samples.h"

#include "crypto/key.h"

#include <pthread.h>

/* The base point of P-256, uncompressed: the key in psa.diag. */
#define BASE_POINT                                                                                 \
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"                           \
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"

static struct atls_endorsements *both(void)
{
    struct atls_endorsements *set = new_set();
    add(set, kat("psa-good"), "psa.corim");
    add(set, kat("tpm2-good"), "tpm2.corim");
    return set;
}

static void a_key_is_found_by_instance_and_class(void **state)
{
    (void)state;
    struct atls_endorsements *set = both();
    const struct atls_trust_anchor *anchor =
        atls_endorsements_find_key(set, psa(), psa_instance(), psa_class());
    assert_non_null(anchor);
    assert_ptr_equal(anchor->format, psa());
    assert_bytes(anchor->class_id, psa_class());
    assert_bytes(anchor->instance, psa_instance());
    assert_bytes(atls_key_point(anchor->key), test_hex(BASE_POINT));
    uint8_t spki[ATLS_MAX_SPKI_LEN];
    size_t len = 0;
    const struct atls_buf room = {spki, sizeof spki};
    assert_err(atls_key_spki(anchor->key, room, &len), OK);
    assert_bytes(anchor->spki, atls_bytes_of(spki, len));
    assert_false(anchor->simulated);
    assert_string_equal(anchor->source, "psa.corim");
    atls_endorsements_unref(set);
}

static void an_empty_class_matches_any(void **state)
{
    (void)state;
    struct atls_endorsements *set = both();
    const struct atls_trust_anchor *anchor =
        atls_endorsements_find_key(set, tpm2(), tpm2_instance(), no_octets());
    assert_non_null(anchor);
    assert_bytes(anchor->class_id, tpm2_class());
    assert_string_equal(anchor->source, "tpm2.corim");
    atls_endorsements_unref(set);
}

static void nothing_else_finds_a_key(void **state)
{
    (void)state;
    struct atls_endorsements *set = both();
    const struct atls_bytes instance = psa_instance();
    const struct atls_bytes other_class = test_hex("ff");
    assert_null(atls_endorsements_find_key(set, tpm2(), instance, no_octets()));
    assert_null(atls_endorsements_find_key(set, psa(), instance, other_class));
    assert_null(atls_endorsements_find_key(set, psa(), tpm2_instance(), no_octets()));
    assert_null(atls_endorsements_find_key(set, psa(), no_octets(), no_octets()));
    assert_null(atls_endorsements_find_key(set, NULL, instance, no_octets()));
    assert_null(atls_endorsements_find_key(NULL, psa(), instance, no_octets()));
    /* An instance that is one octet shorter, longer or other. */
    assert_null(
        atls_endorsements_find_key(set, psa(), atls_bytes_of(instance.data, 32), no_octets()));
    const struct atls_buf other = test_room(34);
    memcpy(other.data, instance.data, 33);
    other.data[33] = 0;
    assert_null(atls_endorsements_find_key(set, psa(), atls_bytes_of(other.data, 34), no_octets()));
    for (size_t i = 0; i < 33; i++) {
        other.data[i] ^= 1;
        assert_null(
            atls_endorsements_find_key(set, psa(), atls_bytes_of(other.data, 33), no_octets()));
        other.data[i] ^= 1;
    }
    assert_non_null(
        atls_endorsements_find_key(set, psa(), atls_bytes_of(other.data, 33), no_octets()));
    atls_endorsements_unref(set);
}

static void an_empty_set_finds_nothing(void **state)
{
    (void)state;
    struct atls_endorsements *set = new_set();
    size_t cursor = 0;
    assert_null(atls_endorsements_find_key(set, psa(), psa_instance(), no_octets()));
    assert_null(atls_endorsements_next_reference(set, psa(), psa_class(), &cursor));
    assert_null(atls_endorsements_next_reference(NULL, psa(), psa_class(), &cursor));
    assert_int_equal(cursor, 0);
    assert_int_equal(atls_endorsements_num_keys(set), 0);
    assert_int_equal(atls_endorsements_num_references(set), 0);
    assert_int_equal(atls_endorsements_num_keys(NULL), 0);
    assert_int_equal(atls_endorsements_num_references(NULL), 0);
    atls_endorsements_unref(set);
    atls_endorsements_unref(NULL);
    assert_null(atls_endorsements_ref(NULL));
}

static void references_of_psa_have_name_version_signer_and_digests(void **state)
{
    (void)state;
    struct atls_endorsements *set = both();
    size_t cursor = 0;
    const struct atls_reference *plain =
        atls_endorsements_next_reference(set, psa(), psa_class(), &cursor);
    const struct atls_reference *named =
        atls_endorsements_next_reference(set, psa(), psa_class(), &cursor);
    assert_non_null(plain);
    assert_non_null(named);
    assert_null(atls_endorsements_next_reference(set, psa(), psa_class(), &cursor));
    assert_null(atls_endorsements_next_reference(set, psa(), psa_class(), &cursor));
    assert_text(named->key_text, "psa.software-component");
    assert_false(named->key_is_uint);
    assert_text(named->name, "BL");
    assert_text(named->version, "1.2.3");
    assert_int_equal(named->signer_id.len, 32);
    assert_int_equal(named->signer_id.data[0], 0x22);
    assert_int_equal(named->num_digests, 1);
    assert_int_equal(named->digests[0].alg, ATLS_ALG_SHA256);
    assert_int_equal(named->digests[0].value.len, 32);
    assert_int_equal(named->digests[0].value.data[31], 0x11);
    assert_string_equal(named->source, "psa.corim");
    assert_int_equal(plain->name.len, 0);
    assert_int_equal(plain->version.len, 0);
    assert_int_equal(plain->digests[0].alg, ATLS_ALG_SHA384);
    assert_int_equal(plain->digests[0].value.len, 48);
    atls_endorsements_unref(set);
}

static void references_of_a_tpm_come_by_pcr(void **state)
{
    (void)state;
    struct atls_endorsements *set = both();
    size_t cursor = 0;
    const struct atls_reference *first =
        atls_endorsements_next_reference(set, tpm2(), tpm2_class(), &cursor);
    const struct atls_reference *second =
        atls_endorsements_next_reference(set, tpm2(), tpm2_class(), &cursor);
    assert_non_null(first);
    assert_non_null(second);
    assert_null(atls_endorsements_next_reference(set, tpm2(), tpm2_class(), &cursor));
    assert_true(first->key_is_uint);
    assert_int_equal(first->key_uint, 0);
    assert_int_equal(second->key_uint, 31);
    /* Written SHA-384 first, kept in the order of algorithms. */
    assert_int_equal(first->num_digests, 2);
    assert_int_equal(first->digests[0].alg, ATLS_ALG_SHA256);
    assert_int_equal(first->digests[1].alg, ATLS_ALG_SHA384);
    assert_int_equal(second->digests[0].alg, ATLS_ALG_SHA512);
    assert_int_equal(second->digests[0].value.len, 64);
    atls_endorsements_unref(set);
}

static void references_of_another_class_or_format_are_not_given(void **state)
{
    (void)state;
    struct atls_endorsements *set = both();
    size_t cursor = 0;
    assert_null(atls_endorsements_next_reference(set, tpm2(), psa_class(), &cursor));
    assert_null(atls_endorsements_next_reference(set, psa(), tpm2_class(), &cursor));
    assert_null(atls_endorsements_next_reference(set, psa(), no_octets(), &cursor));
    assert_null(atls_endorsements_next_reference(set, psa(), test_hex("00"), &cursor));
    assert_int_equal(cursor, 0);
    cursor = SIZE_MAX;
    assert_null(atls_endorsements_next_reference(set, psa(), psa_class(), &cursor));
    atls_endorsements_unref(set);
}

static void the_dialect_before_2025_says_the_same(void **state)
{
    (void)state;
    struct atls_endorsements *set = new_set();
    add(set, kat("old-psa-good"), "old");
    size_t cursor = 0;
    const struct atls_trust_anchor *anchor =
        atls_endorsements_find_key(set, psa(), psa_instance(), psa_class());
    const struct atls_reference *reference =
        atls_endorsements_next_reference(set, psa(), psa_class(), &cursor);
    assert_non_null(anchor);
    assert_non_null(reference);
    assert_text(reference->key_text, "psa.software-component");
    assert_text(reference->name, "BL");
    assert_text(reference->version, "1.2.3");
    assert_int_equal(reference->signer_id.len, 32);
    /* With today's file besides, nothing of it is new but the second component. */
    add(set, kat("psa-good"), "new");
    assert_int_equal(atls_endorsements_num_keys(set), 1);
    assert_int_equal(atls_endorsements_num_references(set), 2);
    atls_endorsements_unref(set);
}

static void the_same_file_twice_changes_nothing(void **state)
{
    (void)state;
    struct atls_endorsements *set = both();
    const struct atls_trust_anchor *before =
        atls_endorsements_find_key(set, psa(), psa_instance(), psa_class());
    add(set, kat("psa-good"), "again");
    add(set, kat("tpm2-good"), "again");
    assert_int_equal(atls_endorsements_num_keys(set), 2);
    assert_int_equal(atls_endorsements_num_references(set), 4);
    assert_ptr_equal(atls_endorsements_find_key(set, psa(), psa_instance(), psa_class()), before);
    assert_string_equal(before->source, "psa.corim");
    atls_endorsements_unref(set);
}

static void one_instance_with_two_keys_in_two_files_is_refused(void **state)
{
    (void)state;
    struct atls_endorsements *set = both();
    struct atls_diag diag = {.err = ATLS_OK};
    assert_err(atls_endorsements_add_corim(set, renamed(kat("psa-good-other-key"), "another-file"),
                                           "other.corim", NOW, &diag),
               ENDORSEMENT);
    assert_says(&diag, "01a0a1a2");
    assert_says(&diag, "psa.corim");
    assert_says(&diag, "other.corim");
    assert_int_equal(atls_endorsements_num_keys(set), 2);
    assert_int_equal(atls_endorsements_num_references(set), 4);
    const struct atls_trust_anchor *anchor =
        atls_endorsements_find_key(set, psa(), psa_instance(), psa_class());
    assert_bytes(atls_key_point(anchor->key), test_hex(BASE_POINT));
    atls_endorsements_unref(set);
}

static void a_key_of_two_classes_is_found_in_each(void **state)
{
    (void)state;
    struct atls_endorsements *set = new_set();
    add(set, kat("psa-good-one-key-for-two-classes"), "two");
    const struct atls_bytes other =
        test_hex("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
    const struct atls_trust_anchor *a =
        atls_endorsements_find_key(set, psa(), psa_instance(), psa_class());
    const struct atls_trust_anchor *b =
        atls_endorsements_find_key(set, psa(), psa_instance(), other);
    assert_non_null(a);
    assert_non_null(b);
    assert_ptr_not_equal(a, b);
    assert_bytes(b->class_id, other);
    assert_non_null(atls_endorsements_find_key(set, psa(), psa_instance(), no_octets()));
    atls_endorsements_unref(set);
}

static bool is_simulated(const struct atls_endorsements *set)
{
    const struct atls_trust_anchor *anchor =
        atls_endorsements_find_key(set, psa(), psa_instance(), psa_class());
    assert_non_null(anchor);
    return anchor->simulated;
}

static void the_mark_of_a_simulation_stays_with_the_key(void **state)
{
    (void)state;
    static const char *const marked[] = {"psa-good-simulated", "psa-good-simulated-by-comid"};
    for (size_t i = 0; i < 2; i++) {
        struct atls_endorsements *set = new_set();
        add(set, renamed(kat(marked[i]), "another-file"), "marked");
        assert_true(is_simulated(set));
        add(set, kat("psa-good"), "unmarked");
        assert_true(is_simulated(set));
        atls_endorsements_unref(set);

        set = new_set();
        add(set, kat("psa-good"), "unmarked");
        assert_false(is_simulated(set));
        add(set, renamed(kat(marked[i]), "another-file"), "marked");
        assert_true(is_simulated(set));
        assert_int_equal(atls_endorsements_num_keys(set), 1);
        atls_endorsements_unref(set);

        /* In another class, too: it is the same key. */
        set = new_set();
        add(set, kat("psa-good-one-key-for-two-classes"), "unmarked");
        add(set, renamed(kat(marked[i]), "another-file"), "marked");
        const struct atls_bytes other =
            test_hex("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
        assert_true(atls_endorsements_find_key(set, psa(), psa_instance(), other)->simulated);
        atls_endorsements_unref(set);
    }
}

/* What has one private key is one root of trust, by whatever name a file calls it. */
static void the_mark_of_a_simulation_stays_with_the_key_under_another_instance(void **state)
{
    (void)state;
    uint8_t octets[33] = {0x01, 0xee};
    const struct atls_bytes other = atls_bytes_of(octets, sizeof octets);
    const struct atls_bytes renumbered =
        edited(renamed(kat("psa-good"), "another-file"), psa_instance(), other);
    for (int marked_first = 0; marked_first < 2; marked_first++) {
        struct atls_endorsements *set = new_set();
        add(set, marked_first != 0 ? kat("psa-good-simulated") : renumbered, "first");
        add(set, marked_first != 0 ? renumbered : kat("psa-good-simulated"), "second");
        assert_int_equal(atls_endorsements_num_keys(set), 2);
        assert_true(is_simulated(set));
        assert_true(atls_endorsements_find_key(set, psa(), other, psa_class())->simulated);
        atls_endorsements_unref(set);
    }
}

static void validity_has_a_minute_of_skew(void **state)
{
    (void)state;
    static const struct {
        int64_t now_s;
        enum atls_err expected;
    } cases[] = {
        {1735689600 - 61, ATLS_ERR_ENDORSEMENT},
        {1735689600 - 60, ATLS_OK},
        {1735689600, ATLS_OK},
        {4102444800, ATLS_OK},
        {4102444800 + 60, ATLS_OK},
        {4102444800 + 61, ATLS_ERR_ENDORSEMENT},
        {INT64_MIN, ATLS_ERR_ENDORSEMENT},
        {INT64_MAX, ATLS_ERR_ENDORSEMENT},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        struct atls_endorsements *set = new_set();
        const enum atls_err err =
            atls_endorsements_add_corim(set, kat("psa-good"), "x", cases[i].now_s, NULL);
        assert_string_equal(atls_err_name(err), atls_err_name(cases[i].expected));
        atls_endorsements_unref(set);
    }
}

static void a_shared_set_does_not_change(void **state)
{
    (void)state;
    struct atls_endorsements *set = both();
    struct atls_diag diag = {.err = ATLS_OK};
    assert_ptr_equal(atls_endorsements_ref(set), set);
    assert_err(atls_endorsements_add_corim(set, kat("psa-good"), "x", NOW, &diag), STATE);
    assert_err(diag.err, STATE);
    assert_err(atls_endorsements_load_at(set, KAT_FOLDER "/psa-good.cbor", NOW, NULL), STATE);
    atls_endorsements_unref(set);
    /* The other reference is gone, and the set has still been shared. */
    assert_err(atls_endorsements_add_corim(set, kat("psa-good"), "x", NOW, NULL), STATE);
    assert_int_equal(atls_endorsements_num_keys(set), 2);
    atls_endorsements_unref(set);
}

static void a_set_does_not_borrow_the_octets_that_were_added(void **state)
{
    (void)state;
    struct atls_endorsements *set = new_set();
    const struct atls_bytes file = kat("psa-good");
    const struct atls_buf copy = test_room(file.len);
    char name[] = "name";
    memcpy(copy.data, file.data, file.len);
    add(set, atls_bytes_of(copy.data, copy.cap), name);
    memset(copy.data, 0xee, copy.cap);
    name[0] = '?';
    const struct atls_trust_anchor *anchor =
        atls_endorsements_find_key(set, psa(), psa_instance(), psa_class());
    assert_non_null(anchor);
    assert_string_equal(anchor->source, "name");
    atls_endorsements_unref(set);
}

#define THREADS  4
#define LOOK_UPS 2000

static void *look_up(void *context)
{
    struct atls_endorsements *set = context;
    const uint8_t class_id[16] = {0xcd, 0x1f, 0x0e, 0x55, 0x26, 0xf9, 0x46, 0x0d,
                                  0xb9, 0xd8, 0xf7, 0xfd, 0xe1, 0x71, 0x78, 0x7c};
    size_t found = 0;
    for (size_t i = 0; i < LOOK_UPS; i++) {
        struct atls_endorsements *own = atls_endorsements_ref(set);
        uint8_t instance[33] = {0x01};
        for (uint8_t k = 0; k < 32; k++) {
            instance[k + 1] = (uint8_t)(0xc0 + k);
        }
        size_t cursor = 0;
        while (atls_endorsements_next_reference(own, tpm2(), atls_bytes_of(class_id, 16),
                                                &cursor) != NULL) {
            found++;
        }
        found += atls_endorsements_find_key(own, tpm2(), atls_bytes_of(instance, 33),
                                            no_octets()) != NULL;
        atls_endorsements_unref(own);
    }
    atls_endorsements_unref(set);
    return (void *)(uintptr_t)found;
}

static void threads_look_up_at_once_and_the_last_one_frees(void **state)
{
    (void)state;
    struct atls_endorsements *set = both();
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, look_up, atls_endorsements_ref(set)), 0);
    }
    atls_endorsements_unref(set);
    for (size_t i = 0; i < THREADS; i++) {
        void *found = NULL;
        assert_int_equal(pthread_join(threads[i], &found), 0);
        assert_int_equal((uintptr_t)found, 3 * LOOK_UPS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_found_by_instance_and_class),
        cmocka_unit_test(an_empty_class_matches_any),
        cmocka_unit_test(nothing_else_finds_a_key),
        cmocka_unit_test(an_empty_set_finds_nothing),
        cmocka_unit_test(references_of_psa_have_name_version_signer_and_digests),
        cmocka_unit_test(references_of_a_tpm_come_by_pcr),
        cmocka_unit_test(references_of_another_class_or_format_are_not_given),
        cmocka_unit_test(the_dialect_before_2025_says_the_same),
        cmocka_unit_test(the_same_file_twice_changes_nothing),
        cmocka_unit_test(one_instance_with_two_keys_in_two_files_is_refused),
        cmocka_unit_test(a_key_of_two_classes_is_found_in_each),
        cmocka_unit_test(the_mark_of_a_simulation_stays_with_the_key),
        cmocka_unit_test(the_mark_of_a_simulation_stays_with_the_key_under_another_instance),
        cmocka_unit_test(validity_has_a_minute_of_skew),
        cmocka_unit_test(a_shared_set_does_not_change),
        cmocka_unit_test(a_set_does_not_borrow_the_octets_that_were_added),
        cmocka_unit_test(threads_look_up_at_once_and_the_last_one_frees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
