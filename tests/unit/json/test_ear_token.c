/* SPDX-License-Identifier: Apache-2.0 */
/* Results as tokens: by which key, by which algorithm, and what in a header is no trust. */
#include "ear_samples.h"

#include "support/mutate.h"

#include "json/ear.h"
#include "json/ear_token.h"
#include "json/jws.h"

static const struct atls_crypto_ops *crypto;
static struct atls_key *first, *second; /* P-256 */

static int make_keys(void **state)
{
    (void)state;
    crypto = atls_crypto_openssl();
    assert_err(atls_key_generate(&first, ATLS_CRV_P256, NULL), OK);
    assert_err(atls_key_generate(&second, ATLS_CRV_P256, NULL), OK);
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    atls_key_free(first);
    atls_key_free(second);
    return 0;
}

/* sign_jwt signs EAR_WHOLE with a header of its own, which is JSON without braces, or by the
 * library's own writer when that is NULL. */
static struct atls_bytes sign_jwt(const struct atls_key *key, const char *kid)
{
    char *token = NULL;
    assert_err(atls_jws_sign(&token, crypto, key, "JWT", kid, atls_bytes_text(EAR_WHOLE), NULL),
               OK);
    const struct atls_bytes copy = test_copy(atls_bytes_text(token));
    free(token);
    return copy;
}

static struct atls_bytes sign_jwt_header(const struct atls_key *key, const char *header)
{
    char text[4096];
    uint8_t signature[64];
    const struct atls_buf room = {signature, sizeof signature};
    char *head = atls_base64url_new(atls_bytes_text(header));
    char *payload = atls_base64url_new(atls_bytes_text(EAR_WHOLE));
    size_t len = 0;
    int used = snprintf(text, sizeof text, "%s.%s", head, payload);
    const struct atls_bytes input = atls_bytes_of(text, (size_t)used);
    assert_err(crypto->sign(ATLS_ALG_ES256, key, &input, 1, room, &len), OK);
    char *last = atls_base64url_new(atls_bytes_of(signature, len));
    used += snprintf(&text[used], sizeof text - (size_t)used, ".%s", last);
    free(head);
    free(payload);
    free(last);
    return test_copy(atls_bytes_of(text, (size_t)used));
}

static struct atls_bytes sign_cwt(const struct atls_key *key, const char *kid)
{
    json_t *claims = ear_parse(EAR_WHOLE);
    const struct atls_buf room = test_room(4096);
    size_t len = 0;
    assert_err(atls_ear_cwt_sign(crypto, room, &len, atls_key_default_alg(key), key,
                                 atls_bytes_text(kid != NULL ? kid : ""), ear_cbor(claims), NULL),
               OK);
    json_decref(claims);
    return test_copy(atls_bytes_of(room.data, len));
}

static struct atls_bytes sign_form(bool is_cwt, const struct atls_key *key, const char *kid)
{
    return is_cwt ? sign_cwt(key, kid) : sign_jwt(key, kid);
}

/* A set of borrowed keys. */
static struct atls_jwk_set set_of(struct atls_key *a, const char *a_kid, struct atls_key *b,
                                  const char *b_kid)
{
    struct atls_jwk_set set = {.num_keys = b != NULL ? 2 : 1};
    set.keys[0].key = a;
    set.keys[1].key = b;
    snprintf(set.keys[0].kid, sizeof set.keys[0].kid, "%s", a_kid);
    snprintf(set.keys[1].kid, sizeof set.keys[1].kid, "%s", b_kid);
    return set;
}

static void assert_open(struct atls_bytes token, const struct atls_jwk_set *keys,
                        enum atls_err expected)
{
    struct atls_ear_token *opened = NULL;
    struct atls_diag diag = {.err = ATLS_OK};
    const enum atls_err err = atls_ear_open(&opened, token, crypto, keys, &diag);
    if (err != expected) {
        char sentence[700];
        atls_diag_sentence(sentence, sizeof sentence, &diag);
        print_message("%s\n", sentence);
    }
    assert_string_equal(atls_err_name(err), atls_err_name(expected));
    assert_int_equal(diag.err, expected);
    if (expected == ATLS_ERR_RESULT_SIGNATURE) {
        assert_string_equal(diag.expected, "one by a key that is trusted for its Verifier");
    }
    assert_int_equal(opened != NULL, expected == ATLS_OK);
    if (opened != NULL) {
        assert_int_equal(atls_ear_token_get(opened)->num_submods, 2);
    }
    atls_ear_token_free(opened);
}

static void a_token_opens_with_the_key_that_signed(void **state)
{
    (void)state;
    for (int is_cwt = 0; is_cwt < 2; is_cwt++) {
        struct atls_jwk_set keys = set_of(first, "", NULL, "");
        const struct atls_bytes token = sign_form(is_cwt != 0, first, NULL);
        struct atls_ear_token *opened = NULL;
        assert_open(token, &keys, ATLS_OK);
        keys.keys[0].key = second;
        assert_open(token, &keys, ATLS_ERR_RESULT_SIGNATURE);
        assert_err(atls_ear_open_unverified(&opened, token, NULL), OK);
        assert_int_equal(atls_ear_token_is_cwt(opened), is_cwt);
        atls_ear_token_cleanup(&opened);
        assert_null(opened);
    }
}

static void without_keys_nothing_opens(void **state)
{
    (void)state;
    const struct atls_jwk_set none = {.num_keys = 0};
    const struct atls_bytes token = sign_jwt(first, NULL);
    assert_open(token, &none, ATLS_ERR_ARGUMENT);
    assert_open(token, NULL, ATLS_ERR_ARGUMENT);
}

static void keys_change_by_way_of_a_set(void **state)
{
    (void)state;
    for (int form = 0; form < 2; form++) {
        const bool is_cwt = form != 0;
        const struct atls_bytes old = sign_form(is_cwt, first, "old");
        const struct atls_bytes new = sign_form(is_cwt, second, "new");
        const struct atls_bytes unnamed = sign_form(is_cwt, second, NULL);
        const struct atls_bytes unknown = sign_form(is_cwt, second, "unknown");
        struct atls_jwk_set keys = set_of(first, "old", NULL, "");
        assert_open(old, &keys, ATLS_OK);
        assert_open(new, &keys, ATLS_ERR_RESULT_SIGNATURE);
        keys = set_of(first, "old", second, "new"); /* both, while the change lasts */
        assert_open(old, &keys, ATLS_OK);
        assert_open(new, &keys, ATLS_OK);
        assert_open(unnamed, &keys, ATLS_OK); /* each key that fits the algorithm */
        assert_open(unknown, &keys, ATLS_OK);
        keys = set_of(second, "new", NULL, ""); /* the old one is out */
        assert_open(old, &keys, ATLS_ERR_RESULT_SIGNATURE);
        assert_open(new, &keys, ATLS_OK);
        keys = set_of(first, "new", second, "old"); /* a name is a name: no other key is tried */
        assert_open(new, &keys, ATLS_ERR_RESULT_SIGNATURE);
    }
}

static void the_algorithm_is_that_of_the_key(void **state)
{
    (void)state;
    struct atls_key *ed = ear_key();
    struct atls_jwk_set keys = set_of(ed, "", NULL, "");
    assert_open(sign_jwt(first, NULL), &keys, ATLS_ERR_ALGORITHM);
    assert_open(sign_cwt(first, NULL), &keys, ATLS_ERR_ALGORITHM);
    assert_open(sign_jwt(ed, NULL), &keys, ATLS_OK);
    assert_open(sign_cwt(ed, NULL), &keys, ATLS_OK);
    keys = set_of(ed, "k", first, "k"); /* of two with one name, that which fits */
    assert_open(sign_jwt(first, "k"), &keys, ATLS_OK);
    assert_open(sign_cwt(first, "k"), &keys, ATLS_OK);
    atls_key_free(ed);
}

static void what_a_header_says_is_no_trust(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum atls_err err; /* signed by `second`, verified by `first` */
        enum atls_err own; /* verified by the key that did sign */
    } rows[] = {
        {"{\"alg\":\"none\"}", ATLS_ERR_ALGORITHM, ATLS_ERR_ALGORITHM},
        {"{\"alg\":\"None\"}", ATLS_ERR_ALGORITHM, ATLS_ERR_ALGORITHM},
        {"{\"alg\":\"HS256\"}", ATLS_ERR_ALGORITHM, ATLS_ERR_ALGORITHM},
        {"{\"alg\":\"HS512\"}", ATLS_ERR_ALGORITHM, ATLS_ERR_ALGORITHM},
        {"{\"alg\":\"ES384\"}", ATLS_ERR_ALGORITHM, ATLS_ERR_ALGORITHM},
        {"{\"alg\":\"EdDSA\"}", ATLS_ERR_ALGORITHM, ATLS_ERR_ALGORITHM},
        {"{\"alg\":\"RS256\"}", ATLS_ERR_ALGORITHM, ATLS_ERR_ALGORITHM},
        {"{\"typ\":\"JWT\"}", ATLS_ERR_RESULT, ATLS_ERR_RESULT},
        {"{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":true}", ATLS_ERR_RESULT, ATLS_ERR_RESULT},
        {"{\"alg\":\"ES256\",\"alg\":\"ES256\"}", ATLS_ERR_RESULT, ATLS_ERR_RESULT},
        {"{\"alg\":\"ES256\",\"x5c\":[\"AAAA\"]}", ATLS_ERR_RESULT_SIGNATURE, ATLS_OK},
        {"{\"alg\":\"ES256\",\"jku\":\"https://evil.example\"}", ATLS_ERR_RESULT_SIGNATURE,
         ATLS_OK},
        {"{\"alg\":\"ES256\",\"typ\":\"anything\"}", ATLS_ERR_RESULT_SIGNATURE, ATLS_OK},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_jwk_set keys = set_of(first, "", NULL, "");
        const struct atls_bytes token = sign_jwt_header(second, rows[i].header);
        assert_open(token, &keys, rows[i].err);
        keys.keys[0].key = second;
        assert_open(token, &keys, rows[i].own);
    }
    /* The very key that signed, in the header. */
    json_t *header = NULL;
    json_t *jwk = NULL;
    assert_err(atls_key_to_jwk(&jwk, second, NULL, NULL), OK);
    header = json_pack("{s:s,s:o}", "alg", "ES256", "jwk", jwk);
    char *text = atls_json_dump(header);
    const struct atls_jwk_set keys = set_of(first, "", NULL, "");
    assert_open(sign_jwt_header(second, text), &keys, ATLS_ERR_RESULT_SIGNATURE);
    free(text);
    json_decref(header);
}

static void what_is_no_token_is_refused(void **state)
{
    (void)state;
    const struct atls_jwk_set keys = set_of(first, "", NULL, "");
    struct atls_ear_token *opened = NULL;
    static const char *const texts[] = {"", "e", "e.e", "a.b.c.d", "eyJ9..", EAR_WHOLE, "..", "\n"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(texts); i++) {
        assert_open(atls_bytes_text(texts[i]), &keys, ATLS_ERR_RESULT);
    }
    static const char *const octets[] = {"d2", "d2 84", "d2 80", "a0", "80", "ff", "d8 3d"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(octets); i++) {
        assert_open(test_hex(octets[i]), &keys, ATLS_ERR_RESULT);
    }
    assert_err(atls_ear_open_unverified(&opened, atls_bytes_text(EAR_WHOLE), NULL), OK);
    assert_false(atls_ear_token_is_cwt(opened));
    atls_ear_token_free(opened);
    atls_ear_token_free(NULL);
}

/* Claims that somebody did sign, and that are no Result. */
static void signed_claims_of_another_kind_are_refused(void **state)
{
    (void)state;
    static const char payload[] = "{\"status\":\"affirming\",\"timestamp\":\"2022-09-26\"}";
    const struct atls_jwk_set keys = set_of(first, "", NULL, "");
    char *token = NULL;
    struct atls_diag diag;
    struct atls_ear_token *opened = NULL;
    assert_err(atls_jws_sign(&token, crypto, first, "JWT", NULL, atls_bytes_text(payload), NULL),
               OK);
    assert_err(atls_ear_open(&opened, atls_bytes_text(token), crypto, &keys, &diag), RESULT);
    assert_string_equal(diag.claim, "eat_profile");
    free(token);
}

static void refuse_mutant(struct atls_bytes mutant, size_t at, void *context)
{
    struct atls_ear_token *opened = NULL;
    (void)at;
    const enum atls_err err = atls_ear_open(&opened, mutant, crypto, context, NULL);
    assert_true(err == ATLS_ERR_RESULT || err == ATLS_ERR_RESULT_SIGNATURE ||
                err == ATLS_ERR_ALGORITHM);
    assert_null(opened);
}

static void every_change_of_a_token_is_refused(void **state)
{
    (void)state;
    struct atls_key *ed = ear_key(); /* one signature only verifies */
    struct atls_jwk_set keys = set_of(ed, "", NULL, "");
    test_each_truncation(sign_jwt(ed, NULL), refuse_mutant, &keys);
    test_each_bit_flip(sign_jwt(ed, NULL), refuse_mutant, &keys);
    test_each_truncation(sign_cwt(ed, NULL), refuse_mutant, &keys);
    test_each_bit_flip(sign_cwt(ed, NULL), refuse_mutant, &keys);
    atls_key_free(ed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_opens_with_the_key_that_signed),
        cmocka_unit_test(without_keys_nothing_opens),
        cmocka_unit_test(keys_change_by_way_of_a_set),
        cmocka_unit_test(the_algorithm_is_that_of_the_key),
        cmocka_unit_test(what_a_header_says_is_no_trust),
        cmocka_unit_test(what_is_no_token_is_refused),
        cmocka_unit_test(signed_claims_of_another_kind_are_refused),
        cmocka_unit_test(every_change_of_a_token_is_refused),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
