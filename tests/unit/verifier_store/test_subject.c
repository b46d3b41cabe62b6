/* SPDX-License-Identifier: Apache-2.0 */
/* What endorsements say: no two in force contradict each other, whichever nodes took them.
 */
#include "suite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* subject makes one of small numbers; value 0 belongs to one endorser. */
static struct verifier_subject subject(uint8_t scope, uint8_t value)
{
    struct verifier_subject out;
    memset(&out, 0, sizeof out);
    out.scope[0] = scope;
    out.scope[31] = 0xff;
    out.value[31] = value;
    return out;
}

static enum atls_err put_about(struct verifier_store *store, const char *id, uint64_t version,
                               const struct verifier_about *about, struct atls_diag *diag)
{
    const struct verifier_endorsement_new new = {
        .id = atls_bytes_text(id),
        .version = version,
        .media_type = "a/b",
        .profile = "",
        .submitter = about->endorser != NULL ? about->endorser : "nobody in particular",
        .content = atls_bytes_text("x"),
        .about = *about};
    return verifier_endorsement_put(store, NULL, NULL, &new, diag);
}

static size_t disputed; /* of the last put */

static enum atls_err put(const char *id, uint64_t version, const char *endorser,
                         struct verifier_subject said, struct atls_diag *diag)
{
    const struct verifier_about about = {
        .endorser = endorser, .subjects = &said, .num_subjects = 1, .disputed = &disputed};
    disputed = 77;
    return put_about(suite.store, id, version, &about, diag);
}

static void another_value_is_refused_whoever_says_it(void **state)
{
    (void)state;
    struct atls_diag diag;
    assert_err(put("one", 1, "alice", subject(1, 7), NULL), OK);
    assert_err(put("two", 1, "alice", subject(1, 8), &diag), ENDORSEMENT_DISPUTED);
    assert_string_equal(suite_sentence(&diag),
                        "endorsement: an endorsement contradicts one that is in force (value: "
                        "found another, expected as in endorsement 6f6e65, or that it is "
                        "withdrawn before)");
    assert_int_equal(disputed, 0);
    assert_err(put("two", 1, "bob", subject(1, 8), NULL), ENDORSEMENT_DISPUTED);
    assert_err(put("two", 1, "bob", subject(1, 7), NULL), OK);   /* the same is no contradiction */
    assert_err(put("three", 1, "bob", subject(2, 8), NULL), OK); /* about another thing */
}

static void what_belongs_to_one_endorser_is_refused_to_another(void **state)
{
    (void)state;
    struct atls_diag diag;
    assert_err(put("one", 1, "alice", subject(1, 0), NULL), OK);
    assert_err(put("two", 1, "alice", subject(1, 0), NULL), OK);
    assert_err(put("three", 1, "bob", subject(1, 0), &diag), ENDORSEMENT_DISPUTED);
    assert_string_equal(suite_sentence(&diag),
                        "endorsement: an endorsement contradicts one that is in force (endorser: "
                        "found bob instead of alice, expected as in endorsement 6f6e65, or that it "
                        "is withdrawn before)");
    assert_err(put("three", 1, NULL, subject(1, 0), NULL), ENDORSEMENT_DISPUTED);
    assert_err(put("three", 1, "alic", subject(1, 0), NULL), ENDORSEMENT_DISPUTED);
    assert_err(put("three", 1, "alice2", subject(1, 0), NULL), ENDORSEMENT_DISPUTED);
}

static void number_of_the_subject_is_in_the_diag(void **state)
{
    (void)state;
    struct verifier_subject said[3] = {subject(5, 1), subject(6, 1), subject(7, 1)};
    const struct verifier_subject also[2] = {subject(8, 0), subject(9, 0)};
    const struct verifier_about about = {.endorser = "bob",
                                         .subjects = said,
                                         .num_subjects = 3,
                                         .also = also,
                                         .num_also = 2,
                                         .disputed = &disputed};
    assert_err(put("nine", 1, "alice", subject(9, 0), NULL), OK);
    assert_err(put_about(suite.store, "bobs", 1, &about, NULL), ENDORSEMENT_DISPUTED);
    assert_int_equal(disputed, 4);
    assert_err(put("seven", 1, "alice", subject(7, 2), NULL), OK);
    assert_err(put_about(suite.store, "bobs", 1, &about, NULL), ENDORSEMENT_DISPUTED);
    assert_int_equal(disputed, 2);
    uint64_t generation = 0;
    assert_err(verifier_store_generation(suite.store, &generation, NULL), OK);
    assert_int_equal(generation, 2); /* nothing of what was refused is there */
    assert_err(put("six", 1, "alice", subject(6, 3), NULL), OK);
}

static void what_is_only_compared_is_not_kept(void **state)
{
    (void)state;
    const struct verifier_subject also = subject(1, 0);
    const struct verifier_about about = {.endorser = "alice", .also = &also, .num_also = 1};
    assert_err(put_about(suite.store, "one", 1, &about, NULL), OK);
    assert_err(put("two", 1, "bob", subject(1, 0), NULL), OK);
    assert_err(put_about(suite.store, "three", 1, &about, NULL), ENDORSEMENT_DISPUTED);
}

static void newer_version_is_of_the_same_endorser(void **state)
{
    (void)state;
    struct atls_diag diag;
    assert_err(put("one", 1, "alice", subject(1, 7), NULL), OK);
    assert_err(put("one", 2, "bob", subject(1, 7), &diag), ENDORSEMENT_DISPUTED);
    assert_string_equal(suite_sentence(&diag),
                        "endorsement: an endorsement contradicts one that is in force (endorser "
                        "of this id: found bob instead of alice, expected the same, or that it is "
                        "withdrawn before)");
    assert_int_equal(disputed, 77); /* no subject */
    assert_err(put("one", 2, "alice", subject(1, 8), NULL), OK);
    assert_err(put("two", 1, "bob", subject(1, 8), NULL), OK); /* and 7 counts no more */
    assert_err(put("three", 1, "bob", subject(1, 7), NULL), ENDORSEMENT_DISPUTED);
}

static void what_has_ended_says_nothing(void **state)
{
    (void)state;
    const struct verifier_subject said = subject(1, 7);
    const struct verifier_about about = {
        .endorser = "alice", .until_ms = suite.now_ms + 1000, .subjects = &said, .num_subjects = 1};
    assert_err(put_about(suite.store, "one", 1, &about, NULL), OK);
    suite.now_ms += 999;
    assert_err(put("two", 1, "bob", subject(1, 8), NULL), ENDORSEMENT_DISPUTED);
    assert_err(put("one", 2, "bob", subject(1, 8), NULL), ENDORSEMENT_DISPUTED);
    suite.now_ms += 1;
    assert_err(put("two", 1, "bob", subject(1, 8), NULL), OK);
    assert_err(put("one", 2, "bob", subject(1, 8), NULL), OK); /* its id is free, too */
}

static enum atls_err withdraw(const char *id, const char *submitter, struct atls_diag *diag)
{
    uint64_t generation = 0, after = 0;
    const enum atls_err err = verifier_endorsement_withdraw(suite.store, &generation,
                                                            atls_bytes_text(id), submitter, diag);
    assert_err(verifier_store_generation(suite.store, &after, NULL), OK);
    assert_int_equal(err == ATLS_OK ? generation : 0, err == ATLS_OK ? after : 0);
    return err;
}

static void what_is_withdrawn_is_free_and_does_not_come_back(void **state)
{
    (void)state;
    struct atls_diag diag;
    assert_err(put("one", 5, "alice", subject(1, 7), NULL), OK);
    assert_err(withdraw("one", NULL, NULL), OK);
    assert_err(withdraw("one", NULL, &diag), NOT_FOUND);
    assert_string_equal(suite_sentence(&diag),
                        "endorsement: what was asked for is not there (id: found one that is "
                        "withdrawn, expected an endorsement that is in force)");
    bool is_found = false;
    struct verifier_endorsement found;
    assert_err(verifier_endorsement_next(suite.store, &is_found, &found, 0, true, NULL), OK);
    assert_true(is_found);
    assert_int_equal(found.generation, 2); /* other nodes see that it has changed */
    assert_int_equal(found.content_len, 0);
    verifier_endorsement_cleanup(&found);
    assert_err(put("two", 1, "bob", subject(1, 8), NULL), OK);
    for (uint64_t version = 4; version <= 5; version++) { /* the same octets, too */
        assert_err(put("one", version, "alice", subject(2, 7), &diag), ENDORSEMENT_OLDER);
    }
    assert_string_equal(suite_sentence(&diag),
                        "endorsement: an endorsement does not follow the one that is there "
                        "(version: found 5, expected a version above 5, which was withdrawn)");
    assert_err(put("one", 6, "bob", subject(2, 7), NULL), OK); /* the id is anybody's */
}

static void others_do_not_withdraw_it(void **state)
{
    (void)state;
    struct atls_diag diag;
    assert_err(put("one", 1, "alice", subject(1, 7), NULL), OK);
    assert_err(withdraw("one", "bob", &diag), IDENTITY);
    assert_string_equal(suite_sentence(&diag),
                        "endorsement: the identity of the peer is not accepted (who withdraws it: "
                        "found bob, expected who submitted it, or the holder of the token)");
    assert_err(withdraw("one", "", NULL), IDENTITY);
    assert_err(withdraw("on", NULL, &diag), NOT_FOUND);
    assert_string_equal(suite_sentence(&diag),
                        "endorsement: what was asked for is not there (id: found none, expected an "
                        "endorsement that is in force)");
    assert_err(withdraw("", NULL, NULL), ARGUMENT);
    assert_err(withdraw("one", "alice", NULL), OK);
}

/* old_program takes one in as a program of version 2 does. */
static void old_program(const char *id, int generation)
{
    char text[400];
    const bool sqlite = strcmp(suite.kind, "sqlite") == 0;
    const char *before = sqlite ? "CAST('" : "'", *after = sqlite ? "' AS BLOB)" : "'";
    char key[40], content[40];
    snprintf(key, sizeof key, "%s%s%s", before, id, after);
    snprintf(content, sizeof content, "%sx%s", before, after);
    snprintf(text, sizeof text,
             "INSERT INTO atls_endorsement VALUES (%s, 5, %d, 'a/b', '', 'me', 1, %s);"
             "UPDATE atls_meta SET value = %d WHERE name = 'generation'",
             key, generation, content, generation);
    suite_sql(text);
}

static void nothing_is_taken_before_all_is_described(void **state)
{
    (void)state;
    struct atls_diag diag;
    bool is_disputed = true;
    uint64_t described = 77;
    const struct verifier_subject said[2] = {subject(1, 7), subject(1, 8)};
    const struct verifier_about first = {
        .endorser = "alice", .subjects = &said[0], .num_subjects = 1};
    const struct verifier_about second = {
        .endorser = "alice", .subjects = &said[1], .num_subjects = 1};
    old_program("one", 1);
    old_program("two", 4);
    assert_err(put("three", 1, "bob", subject(1, 9), &diag), BUSY);
    assert_string_equal(suite_sentence(&diag),
                        "endorsement: the queue for this work is full (what it says: found one "
                        "that is not read yet, expected every one read by this version)");
    assert_err(withdraw("one", NULL, NULL), BUSY);
    assert_err(verifier_store_described(suite.store, &described, NULL), OK);
    assert_int_equal(described, 0);
    assert_err(verifier_endorsement_describe(suite.store, &is_disputed, 4, &second, NULL),
               CONFLICT);
    assert_err(verifier_endorsement_describe(suite.store, &is_disputed, 1, &first, NULL), OK);
    assert_false(is_disputed);
    assert_err(verifier_endorsement_describe(suite.store, &is_disputed, 1, &first, NULL), CONFLICT);
    assert_err(put("three", 1, "bob", subject(1, 9), NULL), BUSY);
    assert_err(verifier_endorsement_describe(suite.store, &is_disputed, 4, &second, &diag), OK);
    assert_true(is_disputed);
    assert_int_equal(diag.err, ATLS_ERR_ENDORSEMENT_DISPUTED);
    assert_err(verifier_store_described(suite.store, &described, NULL), OK);
    assert_int_equal(described, 4);
    assert_err(put("three", 1, "bob", subject(1, 7), NULL), ENDORSEMENT_DISPUTED);
    assert_err(withdraw("two", NULL, NULL), OK);
    assert_err(put("three", 1, "bob", subject(1, 7), NULL), OK);
    assert_err(put("one", 6, "bob", subject(1, 7), NULL), ENDORSEMENT_DISPUTED);
}

static void replaced_by_an_older_program_it_is_described_anew(void **state)
{
    (void)state;
    bool is_disputed = true;
    const struct verifier_about nothing = {.endorser = "alice"};
    assert_err(put("one", 1, "alice", subject(1, 7), NULL), OK);
    suite_sql("UPDATE atls_endorsement SET version = 9, generation = 2;"
              "UPDATE atls_meta SET value = 2 WHERE name = 'generation'");
    assert_err(put("two", 1, "bob", subject(1, 8), NULL), BUSY);
    assert_err(verifier_endorsement_describe(suite.store, &is_disputed, 2, &nothing, NULL), OK);
    assert_err(put("two", 1, "bob", subject(1, 8), NULL), OK);
}

static void many_subjects_are_compared_and_kept(void **state)
{
    (void)state;
    enum { NUM = 20000 };
    struct verifier_subject *said = calloc(NUM, sizeof *said);
    assert_non_null(said);
    for (size_t i = 0; i < NUM; i++) {
        said[i] = subject((uint8_t)(i >> 8), 1);
        said[i].scope[1] = (uint8_t)i;
    }
    struct verifier_about about = {
        .endorser = "alice", .subjects = said, .num_subjects = NUM, .disputed = &disputed};
    assert_err(put_about(suite.store, "one", 1, &about, NULL), OK);
    assert_err(put_about(suite.store, "one", 2, &about, NULL), OK);
    said[NUM - 1].value[0] = 9;
    about.endorser = "bob";
    assert_err(put_about(suite.store, "two", 1, &about, NULL), ENDORSEMENT_DISPUTED);
    assert_int_equal(disputed, NUM - 1);
    free(said);
}

static void bounds_of_what_is_said(void **state)
{
    (void)state;
    char name[VERIFIER_MAX_ENDORSER_LEN + 2];
    memset(name, 'a', sizeof name);
    name[sizeof name - 1] = '\0';
    struct verifier_about about = {.endorser = name};
    const struct verifier_endorsement_new new = {.id = atls_bytes_text("id"),
                                                 .media_type = "a/b",
                                                 .profile = "",
                                                 .submitter = "",
                                                 .content = atls_bytes_text("x")};
    struct verifier_endorsement_new wrong = new;
    wrong.about = about;
    assert_err(verifier_endorsement_put(suite.store, NULL, NULL, &wrong, NULL), ARGUMENT);
    name[VERIFIER_MAX_ENDORSER_LEN] = '\0';
    assert_err(verifier_endorsement_put(suite.store, NULL, NULL, &wrong, NULL), OK);
    wrong = new;
    wrong.about.until_ms = -1;
    assert_err(verifier_endorsement_put(suite.store, NULL, NULL, &wrong, NULL), ARGUMENT);
    wrong.about = (struct verifier_about){.num_subjects = VERIFIER_MAX_SUBJECTS + 1};
    assert_err(verifier_endorsement_put(suite.store, NULL, NULL, &wrong, NULL), ARGUMENT);
    wrong.about = (struct verifier_about){.num_also = VERIFIER_MAX_SUBJECTS + 1};
    assert_err(verifier_endorsement_put(suite.store, NULL, NULL, &wrong, NULL), ARGUMENT);
}

/* Nodes that want the same at the same time. */
enum { NODES = 4, ROUNDS = 10 };
struct node {
    pthread_t thread;
    pthread_barrier_t *barrier;
    uint8_t number;
    bool won[ROUNDS];
    bool odd; /* an answer that is neither */
};

static void *run_node(void *arg)
{
    struct node *node = arg;
    const struct verifier_store_config config = suite_config();
    struct verifier_store *store = suite_another(&config);
    for (uint8_t round = 0; round < ROUNDS; round++) {
        const struct verifier_subject said = subject(round, (uint8_t)(node->number + 1));
        const struct verifier_about about = {
            .endorser = "alice", .subjects = &said, .num_subjects = 1};
        char id[16];
        snprintf(id, sizeof id, "n%d", node->number); /* the bound is 10 */
        (void)pthread_barrier_wait(node->barrier);
        const enum atls_err err = put_about(store, id, round, &about, NULL);
        node->won[round] = err == ATLS_OK;
        node->odd = node->odd || (err != ATLS_OK && err != ATLS_ERR_ENDORSEMENT_DISPUTED);
    }
    verifier_store_close(store);
    return NULL;
}

static void of_nodes_that_contradict_each_other_one_wins(void **state)
{
    (void)state;
    struct node nodes[NODES];
    pthread_barrier_t barrier;
    assert_int_equal(pthread_barrier_init(&barrier, NULL, NODES), 0);
    memset(nodes, 0, sizeof nodes);
    for (uint8_t i = 0; i < NODES; i++) {
        nodes[i].barrier = &barrier;
        nodes[i].number = i;
        assert_int_equal(pthread_create(&nodes[i].thread, NULL, run_node, &nodes[i]), 0);
    }
    for (size_t i = 0; i < NODES; i++) {
        assert_int_equal(pthread_join(nodes[i].thread, NULL), 0);
    }
    for (size_t round = 0; round < ROUNDS; round++) {
        int winners = 0;
        for (size_t i = 0; i < NODES; i++) {
            assert_false(nodes[i].odd);
            winners += nodes[i].won[round];
        }
        assert_int_equal(winners, 1);
    }
    (void)pthread_barrier_destroy(&barrier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_value_is_refused_whoever_says_it),
        cmocka_unit_test(what_belongs_to_one_endorser_is_refused_to_another),
        cmocka_unit_test(number_of_the_subject_is_in_the_diag),
        cmocka_unit_test(what_is_only_compared_is_not_kept),
        cmocka_unit_test(newer_version_is_of_the_same_endorser),
        cmocka_unit_test(what_has_ended_says_nothing),
        cmocka_unit_test(what_is_withdrawn_is_free_and_does_not_come_back),
        cmocka_unit_test(others_do_not_withdraw_it),
        cmocka_unit_test(nothing_is_taken_before_all_is_described),
        cmocka_unit_test(replaced_by_an_older_program_it_is_described_anew),
        cmocka_unit_test(many_subjects_are_compared_and_kept),
        cmocka_unit_test(bounds_of_what_is_said),
        cmocka_unit_test(of_nodes_that_contradict_each_other_one_wins),
    };
    return suite_main(tests);
}
