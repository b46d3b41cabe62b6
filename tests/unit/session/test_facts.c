/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of a session: what is written is read back, and nothing else is read. */
#include "session/facts.h"

#include "support/check.h"
#include "support/memory.h"

#include "base/text.h"
#include "codec/cbor.h"

/* The largest of a test; zero is what a connection without a certificate has. */
static struct session_facts full_facts(void)
{
    static const char machine[] = "a machine";
    struct session_facts facts;
    struct atls_identities set = {.num = 0};
    uint8_t key[32];
    memset(&facts, 0, sizeof facts);
    memset(facts.context, 0xc0, sizeof facts.context);
    memset(facts.connection, 0xc1, sizeof facts.connection);
    facts.appraised_s = 1790000000;
    facts.not_after_s = 1790000300;
    struct atls_verdict *verdict = &facts.verdict;
    verdict->state = ATLS_VERDICT_ACCEPTED;
    verdict->peer_has_key = true;
    memset(verdict->peer_spki_sha256, 0xab, sizeof verdict->peer_spki_sha256);
    atls_text_copy(verdict->peer_subject, sizeof verdict->peer_subject, "CN=peer");
    verdict->pkix = true;
    verdict->key_binding = ATLS_KEY_BINDING_CHALLENGE;
    atls_text_copy(verdict->policy_id, sizeof verdict->policy_id, "default");
    verdict->policy_version = 1;
    atls_text_copy(verdict->verifier, sizeof verdict->verifier, "in-process");
    atls_text_copy(verdict->own_format, sizeof verdict->own_format, "tpm2");
    verdict->num_evidence = 2;
    for (size_t i = 0; i < 2; i++) {
        struct atls_verdict_evidence *evidence = &verdict->evidence[i];
        atls_text_copy(evidence->format, sizeof evidence->format, i == 0 ? "psa" : "snp");
        atls_text_copy(evidence->submod, sizeof evidence->submod, i == 0 ? "PSA_IOT" : "SEVSNP");
        evidence->status = i == 0 ? ATLS_TIER_AFFIRMING : ATLS_TIER_WARNING;
        evidence->vector.claim[i] = (int8_t)(i == 0 ? 2 : -1);
        evidence->simulated = i == 0;
    }
    memset(key, 0xab, sizeof key);
    atls_identities_add(&set, ATLS_REVOKED_SPKI, "key", atls_bytes_of(key, sizeof key));
    atls_identities_add(&set, ATLS_REVOKED_UEID, "machine", atls_bytes_text(machine));
    session_facts_add(&facts, &set);
    session_facts_add(&facts, &set); /* once each */
    return facts;
}

static struct atls_bytes written(const struct session_facts *facts)
{
    uint8_t octets[SESSION_MAX_FACTS_LEN];
    const struct atls_buf room = {octets, sizeof octets};
    struct atls_diag diag = {.err = ATLS_OK};
    size_t len = 0;
    assert_err(session_facts_write(room, &len, facts, &diag), OK);
    return test_copy(atls_bytes_of(octets, len));
}

/* assert_same looks at all that is kept; `what` of an identity is not. */
static void assert_same(const struct session_facts *a, const struct session_facts *b)
{
    assert_memory_equal(a->context, b->context, sizeof a->context);
    assert_memory_equal(a->connection, b->connection, sizeof a->connection);
    assert_true(a->appraised_s == b->appraised_s && a->not_after_s == b->not_after_s);
    assert_memory_equal(&a->verdict, &b->verdict, sizeof a->verdict);
    assert_int_equal(a->num_identities, b->num_identities);
    for (size_t i = 0; i < a->num_identities; i++) {
        assert_int_equal(a->identities[i].kind, b->identities[i].kind);
        assert_int_equal(a->identities[i].len, b->identities[i].len);
        assert_memory_equal(a->identities[i].value, b->identities[i].value,
                            sizeof a->identities[i].value);
    }
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    struct session_facts facts = full_facts(), read;
    assert_int_equal(facts.num_identities, 2);
    assert_err(session_facts_read(&read, written(&facts), NULL), OK);
    assert_same(&facts, &read);
    assert_string_equal(read.identities[1].what, "machine of the earlier appraisal");
    memset(&facts, 0, sizeof facts);
    facts.verdict.state = ATLS_VERDICT_NOT_REQUIRED;
    facts.appraised_s = -1;
    assert_err(session_facts_read(&read, written(&facts), NULL), OK);
    assert_same(&facts, &read);
}

static void the_encoding_is_the_one_that_is_documented(void **state)
{
    (void)state;
    struct session_facts facts;
    memset(&facts, 0, sizeof facts);
    facts.verdict.state = ATLS_VERDICT_NOT_REQUIRED;
    facts.appraised_s = 10;
    facts.not_after_s = 300;
    assert_bytes(written(&facts),
                 test_hex("90 01 f4"
                          "5820 0000000000000000000000000000000000000000000000000000000000000000"
                          "5820 0000000000000000000000000000000000000000000000000000000000000000"
                          "0a 19012c f6 60 f4 00 60 00 60 60 80 80"));
}

/* refuse checks the sentence, and that nothing is left in the output. */
static void refuse(struct atls_bytes octets)
{
    struct session_facts read, zero;
    struct atls_diag diag = {.err = ATLS_OK};
    memset(&zero, 0, sizeof zero);
    memset(&read, 0xff, sizeof read);
    assert_err(session_facts_read(&read, octets, &diag), RESUMPTION);
    assert_string_equal(diag.found, octets.len == 0 ? "none, with the session" : "something else");
    assert_memory_equal(&read, &zero, sizeof read);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    const struct session_facts facts = full_facts();
    const struct atls_bytes whole = written(&facts);
    for (size_t len = 0; len < whole.len; len++) {
        refuse(test_copy(atls_bytes_of(whole.data, len)));
    }
}

/* A bit that is read as another value is written back as it came: nothing is read past. */
static void every_bit_counts(void **state)
{
    (void)state;
    const struct session_facts facts = full_facts();
    const struct atls_bytes whole = written(&facts);
    size_t num_read = 0;
    for (size_t bit = 0; bit < whole.len * 8; bit++) {
        struct session_facts read;
        uint8_t octets[SESSION_MAX_FACTS_LEN];
        memcpy(octets, whole.data, whole.len);
        octets[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        const struct atls_bytes other = atls_bytes_of(octets, whole.len);
        if (session_facts_read(&read, other, NULL) == ATLS_OK) {
            assert_bytes(written(&read), other);
            num_read++;
        } else {
            refuse(other);
        }
    }
    assert_in_range(num_read, 1, whole.len * 8 - 1);
}

static void each_malformed_element_is_refused(void **state)
{
    (void)state;
#define HASHES                                                                                     \
    "5820 0000000000000000000000000000000000000000000000000000000000000000"                        \
    "5820 0000000000000000000000000000000000000000000000000000000000000000"
    static const char *const wrong[] = {
        "90 02 f4" HASHES "0a 19012c f6 60 f4 00 60 00 60 60 80 80", /* another version */
        "90 01 f5" HASHES "0a 19012c f6 60 f4 00 60 00 60 60 80 80", /* accepted: whom, by what? */
        "90 01 f4" HASHES "0a f6 f6 60 f4 00 60 00 60 60 80 80",     /* no end */
        "90 01 f4" HASHES "0a 19012c 41aa 60 f4 00 60 00 60 60 80 80", /* a short key */
        "90 01 f4" HASHES "0a 19012c f6 6100 f4 00 60 00 60 60 80 80", /* a NUL in a text */
        "90 01 f4" HASHES "0a 19012c f6 60 f4 03 60 00 60 60 80 80",   /* no such key binding */
        "90 01 f4" HASHES "0a 19012c f6 60 f4 00 60 1b0000000100000000 60 60 80 80",
        "90 01 f4" HASHES "0a 19012c f6 60 f4 00 60 00 60 60 80 81 82 05 40", /* no such kind */
        "90 01 f4" HASHES "0a 19012c f6 60 f4 00 60 00 60 60 80 81 82 00 41aa",
        "90 01 f4" HASHES "0a 19012c f6 60 f4 00 60 00 60 60 80 81 81 00",
        "90 01 f4" HASHES
        "0a 19012c f6 60 f4 00 60 00 60 60 81 85 60 60 03 480000000000000000 f4 80",
        "90 01 f4" HASHES "0a 19012c f6 60 f4 00 60 00 60 60 81 85 60 60 02 4700000000000000 f4 80",
        "91 01 f4" HASHES "0a 19012c f6 60 f4 00 60 00 60 60 80 80 00", /* one too many */
        "a0",
        "f6",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(wrong); i++) {
        refuse(test_hex(wrong[i]));
    }
}

static void limits_of_lists_hold(void **state)
{
    (void)state;
    struct session_facts facts = full_facts(), read;
    for (unsigned i = 0; facts.num_identities < SESSION_MAX_FACT_IDENTITIES; i++) {
        const uint8_t serial[2] = {1, (uint8_t)i};
        struct atls_identities set = {.num = 0};
        atls_identities_add_serial(&set, "certificate", atls_bytes_of(serial, sizeof serial));
        session_facts_add(&facts, &set);
    }
    assert_err(session_facts_read(&read, written(&facts), NULL), OK);
    assert_same(&facts, &read);
    struct atls_identities one_more = {.num = 0};
    atls_identities_add_serial(&one_more, "certificate", atls_bytes_text("more"));
    session_facts_add(&facts, &one_more);
    uint8_t octets[SESSION_MAX_FACTS_LEN];
    const struct atls_buf room = {octets, sizeof octets};
    size_t len = 0;
    assert_err(session_facts_write(room, &len, &facts, NULL), RESUMPTION);
    facts = full_facts();
    one_more.incomplete = true;
    session_facts_add(&facts, &one_more);
    assert_err(session_facts_write(room, &len, &facts, NULL), RESUMPTION);
    facts = full_facts();
    const struct atls_buf small = {octets, written(&facts).len - 1};
    assert_err(session_facts_write(small, &len, &facts, NULL), RESUMPTION);
    assert_int_equal(len, 0);
}

/* As many members as there is room for are read, and not one more. */
static void lists_that_are_longer_than_their_room_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t room;
        const char *before, *member, *after;
    } rows[] = {
        {ATLS_MAX_SUBMODS, "90 01 f4" HASHES "0a 19012c f6 60 f4 00 60 00 60 60",
         "85 60 60 02 480000000000000000 f4", "80"},
        {SESSION_MAX_FACT_IDENTITIES, "90 01 f4" HASHES "0a 19012c f6 60 f4 00 60 00 60 60 80",
         "82 02 4101", ""},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        for (size_t more = 0; more < 2; more++) {
            struct session_facts read;
            const struct atls_buf room = test_room(SESSION_MAX_FACTS_LEN);
            struct atls_writer w = atls_writer_of(room);
            size_t len = 0;
            atls_write_bytes(&w, test_hex(rows[i].before));
            atls_cbor_put_array(&w, rows[i].room + more);
            for (size_t member = 0; member < rows[i].room + more; member++) {
                atls_write_bytes(&w, test_hex(rows[i].member));
            }
            atls_write_bytes(&w, test_hex(rows[i].after));
            assert_true(atls_writer_finish(&w, &len));
            if (more != 0) {
                refuse(atls_bytes_of(room.data, len));
            } else {
                assert_err(session_facts_read(&read, atls_bytes_of(room.data, len), NULL), OK);
            }
        }
    }
}

static void what_is_revoked_is_found_by_kind_value_and_time(void **state)
{
    (void)state;
    const struct session_facts facts = full_facts();
    struct atls_revoked_entry entry = {.from_s = 100, .kind = ATLS_REVOKED_UEID, .len = 9};
    memcpy(entry.value, "a machine", 9);
    const struct atls_revocations list = {&entry, 1};
    struct atls_diag diag = {.err = ATLS_OK};
    assert_err(session_facts_check_revoked(&facts, NULL, 200, &diag), OK);
    assert_err(session_facts_check_revoked(&facts, &list, 99, &diag), OK);
    assert_err(session_facts_check_revoked(&facts, &list, 100, &diag), REVOKED);
    entry.kind = ATLS_REVOKED_CHIP;
    assert_err(session_facts_check_revoked(&facts, &list, 100, &diag), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(the_encoding_is_the_one_that_is_documented),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(each_malformed_element_is_refused),
        cmocka_unit_test(limits_of_lists_hold),
        cmocka_unit_test(lists_that_are_longer_than_their_room_are_refused),
        cmocka_unit_test(what_is_revoked_is_found_by_kind_value_and_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
