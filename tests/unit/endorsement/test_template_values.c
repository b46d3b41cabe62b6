/* SPDX-License-Identifier: Apache-2.0 */
/* Every member of measured values, environments and triples in templates: what is written, and each
 * wrong value with its sentence. */
#include "templates.h"

#include "endorsement/statement_json.h"

#define OID   "'id':{'type':'oid','value':'2.16.840.1.113741.1.2.3.4.1'}"
#define INTEL "'class':{" OID ",'vendor':'Intel Corporation','model':'QE'}"
#define HEAD  "{'tag-identity':{'id':'c'},'triples':{"
#define UUID  "99019224-57aa-44bc-bef8-d36bdd6bd035"
#define MAP(values)                                                                                \
    HEAD "'reference-values':[{'environment':{" INTEL "},'measurements':[{'value':{" values        \
         "}}]}]}}"
#define KEY "{'type':'pkix-base64-key','value':'" ED25519 "'}"

/* written creates a CoRIM under Intel's profile, which takes every value, and gives the statement
 * `index` as JSON. */
static char *written(const char *comid, size_t index)
{
    struct atls_endorsements *set = new_set();
    add(set, created(NULL, comid, "2.16.840.1.113741.1.16.2", false), "it.corim");
    const struct atls_statement *statement = NULL;
    size_t at = 0;
    for (int triple = 0; triple < ATLS_NUM_TRIPLES; triple++) {
        size_t cursor = 0;
        const struct atls_statement *next;
        while ((next = atls_endorsements_next_statement(set, "sgx", (enum atls_triple)triple, NOW,
                                                        &cursor)) != NULL) {
            statement = at++ == index ? next : statement;
        }
    }
    assert_non_null(statement);
    json_t *object = atls_statement_json(statement);
    char *text = json_dumps(object, JSON_COMPACT);
    assert_non_null(text);
    json_decref(object);
    atls_endorsements_unref(set);
    return text;
}

/* assert_written compares a part of it; ' stands for ". */
static void assert_written(const char *comid, size_t index, const char *part)
{
    char *text = written(comid, index);
    const struct atls_bytes wanted = json(part);
    char *copy = strndup((const char *)wanted.data, wanted.len);
    assert_non_null(copy);
    if (strstr(text, copy) == NULL) {
        print_message("found:    %s\nexpected: %s\n", text, copy);
    }
    assert_non_null(strstr(text, copy));
    free(copy);
    free(text);
}

static void every_value_is_written(void **state)
{
    (void)state;
    static const struct {
        const char *value, *shown;
    } rows[] = {
        {"'version':{'value':'1','scheme':'semver'}", "'version':'1','version-scheme':16384"},
        {"'version':{'value':'1','scheme':'decimal'}", "'version-scheme':4"},
        {"'svn':7", "'svn':7"},
        {"'svn':'7'", "'svn':7"},
        {"'svn':{'type':'exact-value','value':7}", "'svn':7"},
        {"'svn':{'type':'min-value','value':7}", "'min-svn':7"},
        {"'digests':['sha-256;" ABC "']", "'digests':[['sha-256','ba7816bf"},
        {"'flags':{'is-debug':false,'is-secure':true,'is-runtime-updatable':true}",
         "'flags':{'is-secure':true,'is-debug':false,'is-runtime-updatable':true}"},
        {"'raw-value':{'type':'bytes','value':'EjQ='}", "'raw-value':'1234'"},
        {"'raw-value':{'type':'bytes','value':'EjQ='},'raw-value-mask':'/wA='",
         "'raw-value':'1234','raw-value-mask':'ff00'"},
        {"'raw-value':{'type':'masked','value':{'value':'EjQ=','mask':'/wA='}}",
         "'raw-value':'1234','raw-value-mask':'ff00'"},
        {"'mac-addr':'00:00:5e:00:53:01'", "'mac-addr':'00005e005301'"},
        {"'mac-addr':'00-00-5e-00-53-01-02-03'", "'mac-addr':'00005e0053010203'"},
        {"'ip-addr':'192.0.2.1'", "'ip-addr':'c0000201'"},
        {"'ip-addr':'2001:db8::1'", "'ip-addr':'20010db8000000000000000000000001'"},
        {"'serial-number':'S'", "'serial-number':'S'"},
        {"'ueid':'AYCBgoOEhQ=='", "'ueid':'01808182838485'"},
        {"'uuid':'" UUID "'", "'uuid':'9901922457aa44bcbef8d36bdd6bd035'"},
        {"'name':'n'", "'name':'n'"},
        {"'cryptokeys':[{'type':'bytes','value':'qg=='}," KEY "]",
         "'cryptokeys':[{'type':'bytes','value':'aa'},{'type':'pkix-base64-key'"},
        {"'cryptokeys':[{'type':'thumbprint','value':'sha-256;" ABC "'}]", "'type':'thumbprint'"},
        {"'cryptokeys':[{'type':'pkix-base64-cert','value':'x'}]", "'type':'pkix-base64-cert'"},
        {"'cryptokeys':[{'type':'pkix-base64-cert-path','value':'x'}]",
         "'type':'pkix-base64-cert-path'"},
        {"'cryptokeys':[{'type':'pkix-asn1der-cert','value':'MAA='}]",
         "'type':'pkix-asn1der-cert','value':'3000'"},
        {"'cryptokeys':[{'type':'cose-key','value':'oQEB'}]", "'type':'cose-key','value':'a10101'"},
        {"'integrity-registers':{'0':{'key-type':'uint','value':[[1,'" ABC_URL "']]},"
         "'r':{'key-type':'text','value':[[1,'" ABC_URL "']]}}",
         "'integrity-registers':{'0':[['sha-256','ba78"},
        {"'int-range':5", "'int-range':5"},
        {"'int-range':{'type':'rawIntInteger','value':-5}", "'int-range':-5"},
        {"'int-range':{'type':'rawIntRange','value':{'min':1,'max':null}}",
         "'int-range':{'min':1,'max':null}"},
        {"'psa-cert-num':'1234567890123-12345'", "'psa-cert-num':'1234567890123-12345'"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        assert_written(replaced(MAP("@"), "@", rows[i].value), 0, rows[i].shown);
    }
}

static void environments_and_triples_are_written(void **state)
{
    (void)state;
    static const char env[] = "'environment':{'class':{'vendor':'V'}}";
    static const struct {
        const char *triples, *shown;
    } rows[] = {
        {"'endorsed-values':[{@,'measurements':[{'key':{'type':'oid','value':'2.5.1'},'value':"
         "{'svn':1},'authorized-by':[" KEY "]}]}]",
         "'triple':'endorsed-triples','environment':{'class':{'vendor':'V'}},'measurements':[{'key'"
         ":{'type':'oid','value':'5501'},'value':{'svn':1},'authorized-by':[{'type'"},
        {"'dev-identity-keys':[{@,'verification-keys':[" KEY "],'conditions':{'mkey':{'type':"
         "'uuid','value':'" UUID "'},'authorized-by':[" KEY "]}}]",
         "'triple':'identity-triples'"},
        {"'attester-verification-keys':[{@,'verification-keys':[" KEY "]}]",
         "'triple':'attest-key-triples'"},
        {"'dependency-triples':[{'domain-id':{'class':{'layer':1}},'trustees':[{'class':{'index':2}"
         "}]}]",
         "'triple':'dependency-triples','environment':{'class':{'layer':1}}"},
        {"'membership-triples':[{'domain-id':{'instance':{'type':'ueid','value':'AYCBgoOEhQ=='}},"
         "'members':[{'group':{'type':'bytes','value':'AA=='}}]}]",
         "'environment':{'instance':{'type':'ueid','value':'01808182838485'}}"},
        {"'coswid-triples':[{@,'tag-ids':['tag','" UUID "']}]", "'triple':'coswid-triples'"},
        {"'conditional-endorsement-series':[{'condition':{@,'authorized-by':[" KEY "]},'series':"
         "[{'selection':[{'value':{'svn':1}}],'addition':[{'value':{'name':'x'}}]}]}]",
         "'triple':'conditional-endorsement-series-triples'"},
        {"'conditional-endorsements':[{'conditions':[{@,'measurements':[{'value':{'svn':1}}]}],"
         "'endorsements':[{'environment':{'instance':" KEY "},'measurements':[{'value':{'name':'x'}"
         "}]}]}]",
         "'triple':'conditional-endorsement-triples'"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const char *triples = strchr(rows[i].triples, '@') != NULL
                                  ? replaced(rows[i].triples, "@", env)
                                  : rows[i].triples;
        assert_written(replaced(HEAD "@}}", "@", triples), 0, rows[i].shown);
    }
    assert_written("{'tag-identity':{'id':'c'},'linked-tags':[{'target':'o','rel':'supplements'}],"
                   "'triples':{'coswid-triples':[{'environment':{'class':{'layer':1}},'tag-ids':"
                   "['t']}]}}",
                   0, "coswid");
}

static void refused(const char *comid, const char *sentence)
{
    struct atls_bytes out = {NULL, 0};
    struct atls_diag diag = {.err = ATLS_OK};
    const enum atls_err err = create(NULL, comid, "intel", false, &out, &diag);
    if (err != ATLS_ERR_ENDORSEMENT) {
        print_message("%s\n", comid);
    }
    assert_err(err, ENDORSEMENT);
    assert_says(&diag, sentence);
    assert_true(diag.found[0] != '\0' && diag.expected[0] != '\0');
}

static void each_wrong_value_has_its_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *value, *sentence;
    } rows[] = {
        {"'colour':1", "(member: found colour"},
        {"'version':{'value':'1','scheme':5}", "(scheme: found an integer"},
        {"'svn':{'type':'max-value','value':7}", "(type: found \"max-value\""},
        {"'svn':-1", "(svn: found an integer"},
        {"'svn':'1x'", "(svn: found \"1x\""},
        {"'svn':''", "(svn: found \"\""},
        {"'svn':'18446744073709551616'", "(svn: found \"18446744073709551616\""},
        {"'flags':{'is-red':true}", "(member: found is-red"},
        {"'flags':{'is-debug':1}", "(is-debug: found an integer"},
        {"'flags':{'is-debug':1}", "true or false"},
        {"'raw-value':{'type':'text','value':'x'}", "(type: found \"text\""},
        {"'raw-value':{'type':'bytes','value':'x'}", "(value: found \"x\""},
        {"'raw-value':{'type':'masked','value':{'value':'EjQ='}}", "(value: found nothing"},
        {"'raw-value':{'type':'masked','value':{'value':'EjQ=','mask':'/w=='}}",
         "(raw-value: found tag 563 in the new CoRIM"},
        {"'raw-value-mask':'/w=='", "(raw-value-mask: found a mask of nothing"},
        {"'mac-addr':'00:00:5e:00:53'", "(mac-addr: found \"00:00:5e:00:53\""},
        {"'mac-addr':'00:00:5e:00:53:0g'", "(mac-addr: found"},
        {"'mac-addr':'00.00.5e.00.53.01'", "(mac-addr: found"},
        {"'ip-addr':'192.0.2'", "(ip-addr: found \"192.0.2\""},
        {"'ip-addr':5", "(ip-addr: found an integer"},
        {"'uuid':'9901'", "(uuid: found \"9901\""},
        {"'ueid':'AA=='", "(ueid: found octets: 1 in the new CoRIM"},
        {"'cryptokeys':{}", "(cryptokeys: found an object"},
        {"'cryptokeys':[{'type':'cose-key','value':'oQE='}]", "base64 of a COSE_Key"},
        {"'cryptokeys':[{'type':'pkix-asn1der-cert','value':'!'}]", "base64 of 1 to 8192 octets"},
        {"'cryptokeys':[{'type':'pkix-base64-cert','value':5}]", "(value: found an integer"},
        {"'integrity-registers':[]", "(integrity-registers: found an array"},
        {"'integrity-registers':{'x':{'key-type':'uint','value':[]}}", "(key-type: found \"uint\""},
        {"'integrity-registers':{'0':{'value':[]}}", "(key-type: found nothing"},
        {"'integrity-registers':{'0':{'key-type':'uint','value':[]}}", "(digests: found"},
        {"'int-range':{'type':'x','value':{'min':'1'}}", "(int-range: found \"1\""},
        {"'int-range':{'type':'x','value':{'low':1}}", "(member: found low"},
        {"'int-range':{'type':'x','value':{'min':2,'max':1}}", "an end before the start"},
        {"'psa-cert-num':'1'", "(psa-cert-num: found the text"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        refused(replaced(MAP("@"), "@", rows[i].value), rows[i].sentence);
    }
}

static void each_wrong_triple_has_its_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *triples, *sentence;
    } rows[] = {
        {"'dependency-triples':[{'domain-id':{'class':{'layer':1}},'members':[]}]",
         "(member: found members"},
        {"'dependency-triples':[{'domain-id':{'class':{'layer':1}},'trustees':[]}]",
         "(trustees: found an empty array"},
        {"'membership-triples':[{'domain-id':5,'members':[]}]", "template: environment: "},
        {"'coswid-triples':[{'environment':{'class':{'layer':1}},'tag-ids':[5]}]",
         "(tag-id: found an integer"},
        {"'conditional-endorsements':[{'conditions':[],'endorsements':[]}]",
         "(conditions: found an empty array"},
        {"'conditional-endorsement-series':[{'condition':{'environment':{}},'series':[]}]",
         "(series: found an empty array"},
        {"'conditional-endorsement-series':[{'condition':{'environment':{'class':{'layer':1}}},"
         "'series':[{'selection':[],'addition':[]}]}]",
         "(selection: found an empty array"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        refused(replaced(HEAD "@}}", "@", rows[i].triples), rows[i].sentence);
    }
    refused("{'tag-identity':{'id':'c'},'linked-tags':[{'target':'o','rel':'replaces'}],'triples':"
            "{'coswid-triples':[{'environment':{'class':{'layer':1}},'tag-ids':['t']}]}}",
            "(tag-rel: found 1 (replaces)");
    refused("{'tag-identity':{'id':'c'},'linked-tags':[{'target':'o','rel':'x'}],'triples':{}}",
            "(rel: found \"x\"");
}

/* Each profile by its name; its checks are those of loading. */
static void profiles_are_chosen_by_name_uri_or_oid(void **state)
{
    (void)state;
    static const char snp[] =
        HEAD "'reference-values':[{'environment':{'class':{'id':{'type':'oid','value':"
             "'1.3.6.1.4.1.3704.3.1'}},'instance':{'type':'bytes','value':"
             "'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'}},"
             "'measurements':[{'key':{'type':'uint','value':1},'value':{'svn':{'type':'min-value',"
             "'value':0}}}]}]}}";
    static const char *const names[] = {"snp", "tag:amd.com,2024:snp-corim-profile",
                                        "https://amd.com/ark"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(names); i++) {
        struct atls_endorsements *set = new_set();
        add(set, created(NULL, snp, names[i], false), "snp.corim");
        size_t cursor = 0;
        assert_non_null(
            atls_endorsements_next_statement(set, "snp", ATLS_TRIPLE_REFERENCE, NOW, &cursor));
        atls_endorsements_unref(set);
    }
    refused(snp, "(environment vendor: found none in the new CoRIM");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_is_written),
        cmocka_unit_test(environments_and_triples_are_written),
        cmocka_unit_test(each_wrong_value_has_its_sentence),
        cmocka_unit_test(each_wrong_triple_has_its_sentence),
        cmocka_unit_test(profiles_are_chosen_by_name_uri_or_oid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
