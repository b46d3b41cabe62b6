/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples cut at every octet, the smaller ones with every bit flipped: whatever comes of it, it is
 * a tree or one sentence, it ends, it is not long, and it is never a private key.
 */
#include "inspect_test.h"

struct run {
    const char *name;
    bool secret; /* a sample with a private part a5 a5 ... */
    size_t trees, refused, marked;
};

static void check_json(const struct inspect *in, const struct run *run)
{
    json_t *result = atls_inspect_json(in);
    assert_non_null(result);
    char *text = json_dumps(result, JSON_COMPACT);
    assert_non_null(text);
    assert_true(strlen(text) < 4000000);
    if (run->secret) {
        assert_null(strstr(text, "a5a5a5a5a5a5a5a5"));
        assert_null(strstr(text, "paWlpaWlpaU"));
    }
    free(text);
    json_decref(result);
}

static void check_mutant(struct atls_bytes mutant, size_t at, void *context)
{
    struct run *run = context;
    struct said said;
    say(&said, mutant);
    assert_true(said.err == ATLS_OK || said.err == ATLS_ERR_MALFORMED);
    assert_true(said.text_len < 200000);
    if (!said.recognised) {
        run->refused++;
        assert_true(strncmp(said.text, "atls inspect: inspect: ", 23) == 0);
    } else {
        run->trees++;
        run->marked += said.err != ATLS_OK ? 1 : 0;
        assert_true(strncmp(said.text, "not verified: ", 14) == 0);
    }
    if (run->secret && (strstr(said.text, "a5a5a5a5a5a5a5a5") != NULL ||
                        strstr(said.text, "paWlpaWlpaU") != NULL)) {
        print_error("%s, changed at %zu, shows a private part:\n%s", run->name, at, said.text);
        fail();
    }
    free(said.text);
    if (at % 16 == 0 && said.recognised) {
        struct inspect *in = NULL;
        assert_int_equal(atls_inspect(&in, mutant, NULL), ATLS_OK);
        check_json(in, run);
        atls_inspect_free(in);
    }
}

static void finish(const struct run *run)
{
    /* Some of them are still something, and not all of them are well. */
    assert_true(run->trees > 0);
    assert_true(run->marked + run->refused > 0);
}

static void mutate(const char *path, bool secret)
{
    struct run run = {path, secret, 0, 0, 0};
    test_each_truncation(test_file(path), check_mutant, &run);
    test_each_bit_flip(test_file(path), check_mutant, &run);
    finish(&run);
}

static void truncate_only(const char *path)
{
    struct run run = {path, false, 0, 0, 0};
    test_each_truncation(test_file(path), check_mutant, &run);
    finish(&run);
}

static void changed_tokens_are_explained_or_refused(void **state)
{
    (void)state;
    mutate(KAT("psa-token.cbor"), false);
    mutate(KAT("ear.cbor"), false);
    truncate_only(KAT("eat.cbor"));
    truncate_only(KAT("cca-token.cbor"));
    truncate_only(KAT("ear-dotted.jwt"));
}

static void changed_wrappers_are_explained_or_refused(void **state)
{
    (void)state;
    mutate(KAT("cmw-collection.cbor"), false);
    truncate_only(KAT("cmw-collection.json"));
    truncate_only(KAT("parsec-tpm.cbor"));
    truncate_only(KAT("cmw-flattened-jws.json"));
}

static void changed_endorsements_are_explained_or_refused(void **state)
{
    (void)state;
    truncate_only(KAT("corim.cbor"));
    mutate(KAT("corim-old.cbor"), false);
}

static void changed_certificates_are_explained_or_refused(void **state)
{
    (void)state;
    truncate_only(KAT("cert.der"));
    mutate(KAT("crl.der"), false);
    truncate_only(KAT("request.pem"));
}

static void changed_reports_are_explained_or_refused(void **state)
{
    (void)state;
    mutate(KAT("tpms-attest-quote.bin"), false);
    truncate_only(KAT("tpmt-public.hex"));
    mutate(KAT("enacttrust.bin"), false);
    truncate_only(KAT("sgx-quote.bin"));
}

static void changed_keys_never_show_their_private_part(void **state)
{
    (void)state;
    mutate(KAT("keys.pem"), true);
    mutate(KAT("jwk-set.json"), true);
    mutate(KAT("cose-key.cbor"), true);
    mutate(KAT("attester.json"), true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changed_tokens_are_explained_or_refused),
        cmocka_unit_test(changed_wrappers_are_explained_or_refused),
        cmocka_unit_test(changed_endorsements_are_explained_or_refused),
        cmocka_unit_test(changed_certificates_are_explained_or_refused),
        cmocka_unit_test(changed_reports_are_explained_or_refused),
        cmocka_unit_test(changed_keys_never_show_their_private_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
