/* SPDX-License-Identifier: Apache-2.0 */
/* CoRIM from templates: octet for octet where the octets are known, else by what our reader finds
 * in them. */
#include "templates.h"

#include "codec/cbor.h"
#include "crypto/crypto.h"
#include "crypto/key.h"
#include "endorsement/template.h"

#include "support/mutate.h"

#define TPM2_CORIM "{'corim-id':'t','profile':'tag:github.com/parallaxsecond,2023-03-03:tpm'}"
#define TPM2_ENV   "'class':{'id':{'type':'uuid','value':'CD1F0E55-26F9-460D-B9D8-F7FDE171787C'}}"
#define ZEROS_URL  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void the_computed_example_comes_out_octet_for_octet(void **state)
{
    (void)state;
    struct atls_digest digest;
    const struct atls_bytes corim = created(PSA_CORIM, PSA_COMID, NULL, false);
    assert_bytes(corim, kat("psa-good-computed"));
    assert_int_equal(corim.len, 411);
    assert_err(atls_crypto_openssl()->hash(ATLS_ALG_SHA256, corim, &digest), OK);
    assert_bytes(atls_digest_bytes(&digest),
                 test_hex("821c7fe4dd5a4c440e266cc1a4286c9224ea29cd3038e06bbb7d50cf5a58af34"));
}

static void the_dialect_before_2025_gives_the_same_octets(void **state)
{
    (void)state;
    static const char comid[] =
        "{'triples':{'attester-verification-keys':[{'verification-keys':[{'key':'" ED25519 "'}],"
        "'environment':{'instance':{'value':'" INSTANCE "','type':'ueid'},"
        "'class':{'id':{'type':'psa.impl-id','value':'" IMPL_ID "'}}}}],"
        "'reference-values':[{'measurement':{'value':{'digests':['sha-256;" ABC "']},"
        "'key':{'type':'psa.refval-id','value':{'label':'BL','signer-id':'" SIGNER "'}}},"
        "'environment':{'class':{'id':{'type':'psa.impl-id','value':'" IMPL_ID "'}}}}]},"
        "'tag-identity':{'id':'c1','version':0}}";
    const struct atls_bytes expected = kat("psa-good-computed");
    static const char *const corims[] = {
        "{'corim-id':'r1','profile':'http://arm.com/psa/iot/1'}",
        "{'corim-id':'r1','profiles':['http://arm.com/psa/iot/1']}",
        "{'corim-id':'r1','profile':'tag:arm.com,2025:psa#1.0.0'}",
        "{'profile':'psa','corim-id':'r1'}",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(corims); i++) {
        assert_bytes(created(corims[i], comid, NULL, false), expected);
    }
    assert_bytes(created("{'corim-id':'r1'}", comid, "psa", false), expected);
    assert_bytes(created("{'corim-id':'r1'}", comid, "http://arm.com/psa/iot/1", false), expected);
}

static void digests_are_read_in_each_form(void **state)
{
    (void)state;
    static const char *const forms[] = {"['sha-256','" ABC_URL "']", "'sha-256:" ABC "'",
                                        "'sha-256;" ABC "'"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(forms); i++) {
        const char *comid = replaced(PSA_COMID, "[1,'" ABC_URL "']", forms[i]);
        assert_bytes(created(PSA_CORIM, comid, NULL, false), kat("psa-good-computed"));
    }
}

static void keys_are_read_as_pem_and_as_base64_of_both_alphabets(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "'type':'pkix-base64-key','value':'" ED25519 "'",
        "'type':'pkix-base64-key','value':'" ED25519_URL "'",
        "'type':'pkix-base64-key','value':'" ED25519_URL "='",
        "'key':'" ED25519 "'",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(forms); i++) {
        const char *comid =
            replaced(PSA_COMID, "'type':'pkix-base64-key','value':'" ED25519_PEM "'", forms[i]);
        assert_bytes(created(PSA_CORIM, comid, NULL, false), kat("psa-good-computed"));
    }
}

/* read_back gives the set that our reader makes of a CoRIM. */
static struct atls_endorsements *read_back(struct atls_bytes corim)
{
    struct atls_endorsements *set = new_set();
    add(set, corim, "created");
    return set;
}

static void everything_of_a_psa_template_arrives(void **state)
{
    (void)state;
    const char *comid = replaced(PSA_COMID, "'name':'BL'", "'name':'BL','version':{'value':'2.1'}");
    comid = replaced(comid, "'tag-identity':{'id':'c1'}",
                     "'lang':'en-GB','tag-identity':{'id':"
                     "'43BBE37F-2E61-4B33-AED3-53CFF1428B16','version':7},'entities':[{'name':"
                     "'Maker','regid':'https://maker.example','roles':['tagCreator','creator',"
                     "'maintainer']}]");
    comid = replaced(comid, CLASS,
                     "'class':{'id':{'type':'bytes','value':'" IMPL_ID
                     "'},'vendor':'Maker','model':'Gadget'}");
    static const char corim[] =
        "{'corim-id':'5c57e8f4-46cd-421b-91c9-08cf93e13cfc','profile':'psa',"
        "'validity':{'not-before':'2026-07-01T00:00:00Z','not-after':'2099-12-31T23:59:59+01:00'},"
        "'entities':[{'name':'Maker','roles':['manifestCreator','manifestSigner']}]}";
    const struct atls_bytes made = created(corim, comid, NULL, false);
    struct atls_endorsements *set = read_back(made);
    const struct atls_trust_anchor *anchor = atls_endorsements_find_key(
        set, psa(), test_hex("01808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"),
        psa_class());
    size_t cursor = 0;
    const struct atls_reference *reference =
        atls_endorsements_next_reference(set, psa(), psa_class(), &cursor);
    assert_non_null(anchor);
    assert_false(anchor->simulated);
    assert_int_equal(atls_key_point(anchor->key).len, 32);
    assert_non_null(reference);
    assert_text(reference->name, "BL");
    assert_text(reference->version, "2.1");
    assert_int_equal(reference->signer_id.len, 32);
    assert_int_equal(reference->digests[0].alg, ATLS_ALG_SHA256);
    atls_endorsements_unref(set);

    /* id, profile, validity and entities; keys ascend. */
    struct atls_cbor outer;
    struct atls_cbor map;
    struct atls_cbor key;
    struct atls_cbor value;
    assert_err(atls_cbor_parse(&outer, made, ATLS_CBOR_STRICT, "CoRIM", NULL), OK);
    assert_true(atls_cbor_tag(&outer, 501, &map));
    static const char *const encoded[] = {
        "505c57e8f446cd421b91c908cf93e13cfc",
        NULL,
        "d820 781a 7461673a61726d2e636f6d2c323032353a70736123312e302e30",
        "a2 00 c1 1a6a445880 01 c1 1af48648ef",
        "81 a2 00 65 4d616b6572 02 82 01 02",
    };
    static const uint64_t numbers[] = {0, 1, 3, 4, 5};
    struct atls_cbor_iter pairs = atls_cbor_members(&map);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(encoded); i++) {
        uint64_t number = 99;
        assert_true(atls_cbor_next_pair(&pairs, &key, &value));
        assert_true(atls_cbor_u64(&key, &number));
        assert_int_equal(number, numbers[i]);
        if (encoded[i] != NULL) {
            assert_bytes(value.encoded, test_hex(encoded[i]));
        }
    }
    assert_false(atls_cbor_next_pair(&pairs, &key, &value));
    /* The CoMID: language, identity with its version, entities, triples. */
    struct atls_cbor comid_octets;
    assert_true(atls_cbor_get(&map, 1, &value) && atls_cbor_at(&value, 0, &outer) &&
                atls_cbor_tag(&outer, 506, &comid_octets));
    const struct atls_bytes start =
        test_hex("a4 00 65 656e2d4742 01 a2 00 50 43bbe37f2e614b33aed353cff1428b16 01 07"
                 "02 81 a3 00 65 4d616b6572 01 d820 75 68747470733a2f2f6d616b65722e6578616d706c65"
                 "02 83 00 01 02 04 a2 00 81 82 a1 00 a3 00 d90230 5820");
    assert_true(comid_octets.content.len > start.len);
    assert_bytes(atls_bytes_of(comid_octets.content.data, start.len), start);
}

static void a_tpm_template_gives_pcrs_and_the_key(void **state)
{
    (void)state;
    static const char refs[] =
        "{'tag-identity':{'id':'pcrs'},'triples':{'reference-values':[{'environment':{" TPM2_ENV
        "},'measurements':[{'key':{'type':'uint','value':0},'value':{'digests':[[1,'" ZEROS_URL
        "']]}},{'key':{'type':'uint','value':31},'value':{'digests':['sha-384;"
        "QoS1aUymwNLPR4mguVrIAlyBjeUjBDZL580pgbLS7caFsyInfsJYGZYkE9jJssH1','sha-256:" ABC
        "']}}]}]}}";
    static const char key[] =
        "{'tag-identity':{'id':'key'},'triples':{'attester-verification-keys':[{'environment':"
        "{" TPM2_ENV ",'instance':{'type':'bytes','value':'" INSTANCE "'}},"
        "'verification-keys':[{'type':'pkix-base64-key','value':'" ED25519 "'}]}]}}";
    const struct atls_bytes templates[] = {json(refs), json(TPM2_CORIM), json(key)};
    uint8_t *octets = NULL;
    size_t len = 0;
    struct atls_diag diag = {.err = ATLS_OK};
    const enum atls_err err = atls_corim_create(&octets, &len, templates, 3, "tpm2", false, &diag);
    show(err, &diag);
    assert_err(err, OK);
    struct atls_endorsements *set = read_back(atls_bytes_of(octets, len));
    free(octets);
    size_t cursor = 0;
    const struct atls_reference *first =
        atls_endorsements_next_reference(set, tpm2(), tpm2_class(), &cursor);
    const struct atls_reference *second =
        atls_endorsements_next_reference(set, tpm2(), tpm2_class(), &cursor);
    assert_non_null(first);
    assert_non_null(second);
    assert_int_equal(first->key_uint, 0);
    assert_int_equal(second->key_uint, 31);
    assert_int_equal(second->num_digests, 2);
    assert_int_equal(atls_endorsements_num_keys(set), 1);
    atls_endorsements_unref(set);
}

static void without_a_corim_template_the_id_is_random(void **state)
{
    (void)state;
    const struct atls_bytes a = created(NULL, PSA_COMID, "psa", false);
    const struct atls_bytes b = created(NULL, PSA_COMID, "tag:arm.com,2025:psa#1.0.0", false);
    struct atls_cbor outer;
    struct atls_cbor map;
    struct atls_cbor id;
    struct atls_bytes uuid;
    assert_err(atls_cbor_parse(&outer, a, ATLS_CBOR_STRICT, "CoRIM", NULL), OK);
    assert_true(atls_cbor_tag(&outer, 501, &map) && atls_cbor_get(&map, 0, &id) &&
                atls_cbor_bytes(&id, 16, 16, &uuid));
    assert_int_equal(uuid.data[6] >> 4, 4);
    assert_int_equal(uuid.data[8] >> 6, 2);
    assert_false(atls_bytes_equal(a, b));
    assert_int_equal(a.len, b.len);
    atls_endorsements_unref(read_back(a));
}

static void a_simulation_is_marked_beside_other_entities(void **state)
{
    (void)state;
    static const char *const corims[] = {
        NULL,
        PSA_CORIM,
        "{'corim-id':'x','entities':[{'name':'Maker','roles':['manifestCreator']}]}",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(corims); i++) {
        struct atls_endorsements *set = read_back(created(corims[i], PSA_COMID, "psa", true));
        const struct atls_trust_anchor *anchor = atls_endorsements_find_key(
            set, psa(),
            test_hex("01808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"),
            no_octets());
        assert_non_null(anchor);
        assert_true(anchor->simulated);
        atls_endorsements_unref(set);
    }
}

static void dates_are_counted_from_1970_in_any_offset(void **state)
{
    (void)state;
    static const struct {
        const char *date;
        const char *encoded;
    } dates[] = {
        {"2100-01-01T00:00:00Z", "c11af4865700"},
        {"2100-01-01t00:00:00z", "c11af4865700"},
        {"2100-01-01T01:30:00+01:30", "c11af4865700"},
        {"2099-12-31T23:59:59-00:01", "c11af486573b"},
        {"2096-02-29T00:00:00Z", "c11aed4e0000"},
        {"2400-02-29T12:00:00Z", "c11b00000003291c0e40"},
        {"1969-12-31T23:59:59Z", "c120"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(dates); i++) {
        char corim[200];
        snprintf(corim, sizeof corim, "{'corim-id':'x','validity':{'not-after':'%s'}}",
                 dates[i].date);
        const struct atls_bytes made = created(corim, PSA_COMID, "psa", false);
        const struct atls_bytes date = test_hex(dates[i].encoded);
        assert_true(made.len > date.len);
        assert_bytes(atls_bytes_of(&made.data[made.len - date.len], date.len), date);
    }
}

static void oids_become_their_content_octets(void **state)
{
    (void)state;
    static const struct {
        const char *dotted;
        const char *hex;
    } oids[] = {
        {"1.3.6.1.4.1.3704.3.1", "2b060104019c780301"},
        {"2.16.840.1.113741.1.16.2", "6086480186f84d011002"},
        {"2.999.4294967295", "88378fffffff7f"},
        {"0.0", "00"},
        {"2.4294967295", "90808080"
                         "4f"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(oids); i++) {
        struct atls_template_octets octets;
        assert_true(atls_template_oid(atls_bytes_text(oids[i].dotted), &octets));
        assert_bytes(atls_bytes_of(octets.data, octets.len), test_hex(oids[i].hex));
    }
    static const char *const bad[] = {"",       "1",     "1.",           ".1",
                                      "1..2",   "3.1",   "1.40",         "0.a",
                                      "1.2.-3", "1.2. ", "1.4294967296", "1.2.42949672960"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        struct atls_template_octets octets;
        if (atls_template_oid(atls_bytes_text(bad[i]), &octets)) {
            print_message("read: %s\n", bad[i]);
        }
        assert_false(atls_template_oid(atls_bytes_text(bad[i]), &octets));
    }
}

static void uuids_have_one_form(void **state)
{
    (void)state;
    uint8_t uuid[16];
    assert_true(atls_template_uuid(atls_bytes_text("CD1F0E55-26f9-460D-B9D8-F7FDE171787C"), uuid));
    assert_bytes(atls_bytes_of(uuid, 16), tpm2_class());
    static const char *const bad[] = {
        "",
        "cd1f0e5526f9460db9d8f7fde171787c",
        "cd1f0e55-26f9-460d-b9d8-f7fde171787",
        "cd1f0e55-26f9-460d-b9d8-f7fde171787c0",
        "cd1f0e5-526f9-460d-b9d8-f7fde171787c",
        "cd1f0e55-26f9-460d-b9d8-f7fde171787g",
        "{d1f0e55-26f9-460d-b9d8-f7fde171787c",
        "cd1f0e55-26f9-460d-b9d8-f7fde1717-7c",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        assert_false(atls_template_uuid(atls_bytes_text(bad[i]), uuid));
    }
}

static void refuse_cut(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    const struct atls_bytes templates[] = {json(PSA_CORIM), mutant};
    uint8_t *octets = NULL;
    size_t len = 0;
    (void)context;
    assert_err(atls_corim_create(&octets, &len, templates, 2, NULL, false, NULL), ENDORSEMENT);
    assert_null(octets);
}

static void read_or_refuse(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    size_t *refused = context;
    const struct atls_bytes templates[] = {json(PSA_CORIM), mutant};
    uint8_t *octets = NULL;
    size_t len = 0;
    struct atls_diag diag = {.err = ATLS_OK};
    const enum atls_err err = atls_corim_create(&octets, &len, templates, 2, NULL, false, &diag);
    if (err == ATLS_OK) {
        /* What is written is read. */
        atls_endorsements_unref(read_back(atls_bytes_of(octets, len)));
        free(octets);
        return;
    }
    assert_err(err, ENDORSEMENT);
    assert_err(diag.err, ENDORSEMENT);
    (*refused)++;
}

static void cut_and_changed_templates_are_refused_or_readable(void **state)
{
    (void)state;
    const struct atls_bytes comid = json(PSA_COMID);
    size_t refused = 0;
    test_each_truncation(comid, refuse_cut, NULL);
    test_each_bit_flip(comid, read_or_refuse, &refused);
    print_message("%zu of %zu bits refused\n", refused, 8 * comid.len);
    assert_true(refused > comid.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_computed_example_comes_out_octet_for_octet),
        cmocka_unit_test(the_dialect_before_2025_gives_the_same_octets),
        cmocka_unit_test(digests_are_read_in_each_form),
        cmocka_unit_test(keys_are_read_as_pem_and_as_base64_of_both_alphabets),
        cmocka_unit_test(everything_of_a_psa_template_arrives),
        cmocka_unit_test(a_tpm_template_gives_pcrs_and_the_key),
        cmocka_unit_test(without_a_corim_template_the_id_is_random),
        cmocka_unit_test(a_simulation_is_marked_beside_other_entities),
        cmocka_unit_test(dates_are_counted_from_1970_in_any_offset),
        cmocka_unit_test(oids_become_their_content_octets),
        cmocka_unit_test(uuids_have_one_form),
        cmocka_unit_test(cut_and_changed_templates_are_refused_or_readable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
