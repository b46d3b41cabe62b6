/* SPDX-License-Identifier: Apache-2.0 */
/* What endorsements say, as they are compared: who may add to what, and who may not. */
#include "support/check.h"

#include "svc/verifier/subjects.h"

#include <stdio.h>

static struct atls_bytes text(const char *octets)
{
    return atls_bytes_text(octets);
}

static const char key_a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char key_b[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

static struct verifier_match match(size_t format, const char *instance, const char *class_id,
                                   const char *key)
{
    return (struct verifier_match){&atls_formats[format], text(instance), text(class_id),
                                   text(key)};
}

static struct verifier_subjects of(const struct verifier_match *matches, size_t num)
{
    struct verifier_examined examined = {.matches = (struct verifier_match *)(uintptr_t)matches,
                                         .num_matches = num};
    struct verifier_subjects out;
    assert_err(verifier_subjects_of(&out, &examined, NULL), OK);
    return out;
}

/* contradicts is what the store does, for one old and one new endorsement. */
static bool contradicts(struct verifier_match old, struct verifier_match new, bool same_endorser)
{
    static const uint8_t zero[32];
    struct verifier_subjects a = of(&old, 1), b = of(&new, 1);
    bool found = false;
    for (size_t i = 0; i < b.num_items + b.num_also; i++) {
        for (size_t j = 0; j < a.num_items; j++) {
            const struct verifier_subject *x = &a.items[j], *y = &b.items[i];
            if (memcmp(x->scope, y->scope, 32) != 0) {
                continue;
            }
            found = found ||
                    (memcmp(y->value, zero, 32) == 0
                         ? !same_endorser
                         : memcmp(x->value, y->value, 32) != 0 && memcmp(x->value, zero, 32) != 0);
        }
    }
    verifier_subjects_cleanup(&a);
    verifier_subjects_cleanup(&b);
    return found;
}

static void one_instance_has_one_key(void **state)
{
    (void)state;
    const struct verifier_match old = match(0, "i", "c", key_a);
    assert_true(contradicts(old, match(0, "i", "c", key_b), true));
    assert_true(contradicts(old, match(0, "i", "other class", key_b), true));
    assert_false(contradicts(old, match(0, "i", "c", key_a), true));
    assert_false(contradicts(old, match(0, "j", "c", key_b), true));
    assert_false(contradicts(old, match(1, "i", "c", key_b), true)); /* of another format */
}

static void nobody_speaks_for_the_class_of_another(void **state)
{
    (void)state;
    const struct verifier_match references = match(0, "", "c", "");
    const struct verifier_match key = match(0, "i", "c", key_a);
    assert_true(contradicts(references, references, false));
    assert_false(contradicts(references, references, true));
    assert_true(contradicts(key, match(0, "j", "c", key_b), false));
    assert_false(contradicts(key, match(0, "j", "c", key_b), true));
    /* the maker of a chip and that of its software */
    assert_false(contradicts(key, references, false));
    assert_false(contradicts(references, key, false));
    /* another class, and another format */
    assert_false(contradicts(references, match(0, "", "d", ""), false));
    assert_false(contradicts(references, match(1, "", "c", ""), false));
}

static void who_speaks_for_every_class_speaks_for_that_of_another(void **state)
{
    (void)state;
    const struct verifier_match every = match(0, "", "", ""), one = match(0, "", "c", "");
    assert_true(contradicts(one, every, false));
    assert_true(contradicts(every, one, false));
    assert_true(contradicts(every, every, false));
    assert_false(contradicts(one, every, true));
    assert_false(contradicts(every, one, true));
    assert_false(contradicts(every, match(1, "", "c", ""), false));
    assert_false(contradicts(every, match(0, "i", "c", key_a), false));
    const struct verifier_match every_key = match(0, "", "", key_a);
    assert_true(contradicts(match(0, "i", "c", key_b), every_key, false));
    assert_true(contradicts(every_key, match(0, "i", "c", key_b), false));
}

static void names_do_not_run_together(void **state)
{
    (void)state;
    /* instance and class are told apart, and so are keys and references */
    assert_false(contradicts(match(0, "c", "x", key_a), match(0, "", "c", ""), false));
    assert_false(contradicts(match(0, "ab", "x", key_a), match(0, "a", "y", key_b), false));
}

static void same_twice_is_there_once(void **state)
{
    (void)state;
    const struct verifier_match twice[3] = {match(0, "i", "c", key_a), match(0, "", "c", ""),
                                            match(0, "i", "c", key_a)};
    struct verifier_subjects out = of(twice, 3);
    assert_int_equal(out.num_items, 5); /* the instance; its class, some class; the same again */
    assert_int_equal(out.num_also, 2);
    verifier_subjects_cleanup(&out);
    out = of(NULL, 0);
    assert_int_equal(out.num_items + out.num_also, 0);
    verifier_subjects_cleanup(&out);
}

static void two_keys_for_one_instance_are_refused(void **state)
{
    (void)state;
    struct verifier_match two[2] = {match(0, "i", "c", key_a), match(0, "i", "d", key_b)};
    const struct verifier_examined examined = {.matches = two, .num_matches = 2};
    struct verifier_subjects out;
    struct atls_diag diag;
    char sentence[ATLS_MAX_SENTENCE_LEN + 1];
    assert_err(verifier_subjects_of(&out, &examined, &diag), ENDORSEMENT);
    (void)atls_diag_sentence(sentence, sizeof sentence, &diag);
    assert_string_equal(sentence,
                        "endorsement: an endorsement cannot be used (attestation key: "
                        "found two for one instance, expected one key for each instance)");
}

static void what_is_disputed_is_named(void **state)
{
    (void)state;
    struct verifier_match some[3] = {match(0, "\x01\x80", "c", key_a), match(0, "", "d", ""),
                                     match(1, "", "", "")};
    const struct verifier_examined examined = {.matches = some, .num_matches = 3};
    struct verifier_subjects out = of(some, 3);
    unsigned seen = 0;
    for (size_t i = 0; i < out.num_items + out.num_also; i++) {
        struct atls_diag diag;
        (void)atls_fail(&diag, ATLS_ERR_ENDORSEMENT_DISPUTED, "endorsement", "value");
        verifier_subjects_name(&diag, &out, &examined, i);
        seen |= strcmp(diag.claim, "key of instance 0180") == 0      ? 1u
                : strcmp(diag.claim, "keys of class 63") == 0        ? 2u
                : strcmp(diag.claim, "references of class 64") == 0  ? 4u
                : strcmp(diag.claim, "references of class any") == 0 ? 8u
                                                                     : 16u;
    }
    struct atls_diag diag;
    (void)atls_fail(&diag, ATLS_ERR_ENDORSEMENT_DISPUTED, "endorsement", "value");
    verifier_subjects_name(&diag, &out, &examined, 1000);
    assert_string_equal(diag.claim, "value");
    verifier_subjects_cleanup(&out);
    assert_int_equal(seen & 15u, 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_instance_has_one_key),
        cmocka_unit_test(nobody_speaks_for_the_class_of_another),
        cmocka_unit_test(who_speaks_for_every_class_speaks_for_that_of_another),
        cmocka_unit_test(names_do_not_run_together),
        cmocka_unit_test(same_twice_is_there_once),
        cmocka_unit_test(two_keys_for_one_instance_are_refused),
        cmocka_unit_test(what_is_disputed_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
