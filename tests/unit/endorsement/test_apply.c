/* SPDX-License-Identifier: Apache-2.0 */
/* How much work what endorsers add may make: conditions that rest on one another, in every order.
 */
#include "samples.h"

#include "codec/cbor.h"
#include "endorsement/apply.h"

#include <stdlib.h>

enum { LONG_CHAIN = 40 };

static void put_environment(struct atls_writer *w)
{
    atls_cbor_put_map(w, 1); /* class: the id that psa has */
    atls_cbor_put_uint(w, 0);
    atls_cbor_put_map(w, 1);
    atls_cbor_put_uint(w, 0);
    atls_cbor_put_tag(w, 560);
    atls_cbor_put_bytes(w, psa_class());
}

/* put_claim writes [environment, [SVN]]. */
static void put_claim(struct atls_writer *w, uint64_t svn)
{
    atls_cbor_put_array(w, 2);
    put_environment(w);
    atls_cbor_put_array(w, 1);
    atls_cbor_put_map(w, 1);
    atls_cbor_put_uint(w, 1);
    atls_cbor_put_map(w, 1);
    atls_cbor_put_uint(w, 1);
    atls_cbor_put_tag(w, 552);
    atls_cbor_put_uint(w, svn);
}

/* comid writes a tag in which SVN 0 is endorsed, and each SVN up to `links` where the one below it
 * is: in that order, or the last one first. */
static struct atls_bytes comid(size_t links, bool backwards)
{
    const struct atls_buf room = test_room(links * 160 + 200);
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    atls_cbor_put_map(&w, 2);
    atls_cbor_put_uint(&w, 1);
    atls_cbor_put_map(&w, 1);
    atls_cbor_put_uint(&w, 0);
    atls_cbor_put_str(&w, "chain");
    atls_cbor_put_uint(&w, 4);
    atls_cbor_put_map(&w, 2);
    atls_cbor_put_uint(&w, ATLS_TRIPLE_ENDORSED);
    atls_cbor_put_array(&w, 1);
    put_claim(&w, 0);
    atls_cbor_put_uint(&w, ATLS_TRIPLE_CONDITIONAL);
    atls_cbor_put_array(&w, links);
    for (size_t i = 0; i < links; i++) {
        const size_t svn = backwards ? links - 1 - i : i;
        atls_cbor_put_array(&w, 2);
        atls_cbor_put_array(&w, 1);
        put_claim(&w, svn);
        atls_cbor_put_array(&w, 1);
        put_claim(&w, svn + 1);
    }
    assert_true(atls_writer_finish(&w, &len));
    return atls_bytes_of(room.data, len);
}

static struct atls_bytes corim(struct atls_bytes tag)
{
    const struct atls_buf room = test_room(tag.len + 100);
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    atls_cbor_put_tag(&w, 501);
    atls_cbor_put_map(&w, 3);
    atls_cbor_put_uint(&w, 0);
    atls_cbor_put_str(&w, "chain");
    atls_cbor_put_uint(&w, 1);
    atls_cbor_put_array(&w, 1);
    atls_cbor_put_tag(&w, 506);
    atls_cbor_put_bytes(&w, tag);
    atls_cbor_put_uint(&w, 3);
    atls_cbor_put_tag(&w, 32);
    atls_cbor_put_str(&w, "tag:arm.com,2025:psa#1.0.0");
    assert_true(atls_writer_finish(&w, &len));
    return atls_bytes_of(room.data, len);
}

/* assert_applied holds what a chain adds to one claim of the class, which no condition is about. */
static void assert_applied(size_t links, bool backwards, enum atls_err expected, const char *says)
{
    struct atls_additions *out = calloc(1, sizeof *out);
    struct atls_endorsements *set = new_set();
    struct atls_diag diag = {.err = ATLS_OK};
    const struct atls_environment environment = {.class_id = {560, psa_class()}};
    const struct atls_measurement_map measurement = {
        .values = {.has = ATLS_HAS_NAME, .name = atls_bytes_text("BL")}};
    const struct atls_claim claim = {&environment, &measurement};
    const struct atls_claims claims = {.items = &claim, .num = 1, .labels = ATLS_LABELS_IGNORED};
    assert_non_null(out);
    add(set, corim(comid(links, backwards)), "chain");
    const enum atls_err err = atls_endorsements_apply(out, set, "psa", &claims, NOW, &diag);
    assert_string_equal(atls_err_name(err), atls_err_name(expected));
    if (expected == ATLS_OK) {
        assert_int_equal(out->num, links + 1);
    } else {
        assert_says(&diag, says);
    }
    atls_endorsements_unref(set);
    free(out);
}

static void a_chain_in_order_is_applied_in_one_look(void **state)
{
    (void)state;
    assert_applied(1, false, ATLS_OK, NULL);
    assert_applied(LONG_CHAIN, false, ATLS_OK, NULL);
    assert_applied(ATLS_MAX_ADDITIONS - 1, false, ATLS_OK, NULL);
    assert_applied(ATLS_MAX_ADDITIONS, false, ATLS_ERR_ENDORSEMENT, "more than 64 that apply");
}

/* Each look finds one more, and one more shows that nothing is left. */
static void a_chain_backwards_ends_with_the_looks(void **state)
{
    (void)state;
    assert_applied(ATLS_MAX_ADDITION_ROUNDS - 1, true, ATLS_OK, NULL);
    assert_applied(ATLS_MAX_ADDITION_ROUNDS, true, ATLS_ERR_ENDORSEMENT, "8 times over");
    assert_applied(LONG_CHAIN, true, ATLS_ERR_ENDORSEMENT, "8 times over");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_in_order_is_applied_in_one_look),
        cmocka_unit_test(a_chain_backwards_ends_with_the_looks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
