/* SPDX-License-Identifier: Apache-2.0 */
/* Each wrong place in a template, with its sentence. */
#include "templates.h"

struct change {
    const char *from;
    const char *to;
    const char *sentence;
};

/* Changes of PSA_COMID. */
static const struct change comid_changes[] = {
    {"{'tag-identity'", "{'colour':1,'tag-identity'", "CoMID template: "},
    {"{'tag-identity'", "{'colour':1,'tag-identity'", "(member: found colour in template 2"},
    {"{'tag-identity'", "{'linked-tags':[],'tag-identity'",
     "(linked-tags: found an empty array in template 2"},
    {"{'tag-identity'", "{'lang':5,'tag-identity'", "(lang: found an integer"},
    {"{'tag-identity'", "{'entities':[],'tag-identity'", "(entities: found an empty array"},
    {"{'tag-identity'", "{'entities':{},'tag-identity'", "(entities: found an object"},
    {"{'tag-identity'", "{'entities':[5],'tag-identity'", "template: entity: "},
    {"{'tag-identity'", "{'entities':[{'roles':['creator']}],'tag-identity'",
     "(name: found nothing"},
    {"{'tag-identity'", "{'entities':[{'name':'x'}],'tag-identity'", "(roles: found nothing"},
    {"{'tag-identity'", "{'entities':[{'name':'x','roles':['manifestCreator']}],'tag-identity'",
     "(roles: found \"manifestCreator\""},
    {"{'tag-identity'", "{'entities':[{'name':'x','roles':[5]}],'tag-identity'", "(roles: found"},
    {"{'tag-identity'", "{'entities':[{'name':'x','regid':5,'roles':['creator']}],'tag-identity'",
     "(regid: found an integer"},
    {"{'tag-identity'", "{'entities':[{'name':'x','reg':5,'roles':['creator']}],'tag-identity'",
     "(member: found reg"},
    {"'tag-identity':{'id':'c1'},", "", "(tag-identity: found nothing"},
    {"{'id':'c1'}", "{}", "(id: found nothing"},
    {"{'id':'c1'}", "{'id':''}", "(id: found \"\""},
    {"{'id':'c1'}", "{'id':'c1','version':-1}", "(version: found -1"},
    {"{'id':'c1'}", "{'id':'c1','v':1}", "(member: found v in"},
    {"{'id':'c1'}", "5", "(tag-identity: found an integer"},
    {"'reference-values':", "'endorsed-values':[],'reference-values':",
     "(endorsed-values: found an empty array"},
    {"'reference-values':", "'dev-identity-keys':[],'reference-values':",
     "(dev-identity-keys: found an empty array"},
    {"'reference-values':", "'dependency-triples':[],'reference-values':",
     "(dependency-triples: found an empty array"},
    {"'reference-values':", "'membership-triples':[],'reference-values':",
     "(membership-triples: found an empty array"},
    {"'reference-values':", "'coswid-triples':[],'reference-values':",
     "(coswid-triples: found an empty array"},
    {"'reference-values':", "'conditional-endorsements':[],'reference-values':",
     "(conditional-endorsements: found an empty array"},
    {"'reference-values':", "'conditional-endorsement-series':[],'reference-values':",
     "(conditional-endorsement-series: found an empty array"},
    {"'reference-values':", "'references':", "(member: found references"},
    {"'measurements':[{", "'measurements':[],'x':[{", "(member: found x"},
    {"'measurements':[{", "'measurement':[{", "template: measurement: "},
    {"'environment':{" CLASS "},", "", "template: environment: "},
    {CLASS, "'group':{}", "template: group: "},
    {CLASS, "'group':{'type':'uuid','value':'99019224-57aa-44bc-bef8-d36bdd6bd035'}," CLASS,
     "(environment: found group (key 2) in the new CoRIM"},
    {CLASS, "'klass':{}", "(member: found klass"},
    {CLASS, "'class':5", "template: class: "},
    {CLASS, "'class':{'layer':-1}", "(layer: found -1"},
    {CLASS, "'class':{'layer':1}", "(environment class: found layer (key 3) in the new CoRIM"},
    {CLASS, "'class':{'index':'1'}", "(index: found a string"},
    {CLASS, "'class':{'colour':1}", "(member: found colour"},
    {CLASS, "'class':{'vendor':5}", "(vendor: found an integer"},
    {CLASS, "'class':{'model':null}", "(model: found null"},
    {CLASS, "'class':{'id':5}", "template: class id: "},
    {CLASS, "'class':{'id':{'type':'text','value':'x'}}", "(type: found \"text\""},
    {CLASS, "'class':{'id':{'type':'bytes'}}", "(value: found nothing"},
    {CLASS, "'class':{'id':{'value':'x'}}", "(type: found nothing"},
    {CLASS, "'class':{'id':{'type':'bytes','value':5}}", "(value: found an integer"},
    {CLASS, "'class':{'id':{'type':'bytes','value':''}}", "(value: found \"\""},
    {CLASS, "'class':{'id':{'type':'bytes','value':'AAA'}}", "(value: found \"AAA\""},
    {CLASS, "'class':{'id':{'type':'bytes','value':'AA-_'}}", "(value: found \"AA-_\""},
    {CLASS, "'class':{'id':{'type':'uuid','value':'" IMPL_ID "'}}", "the text of a UUID"},
    {CLASS, "'class':{'id':{'type':'uuid','value':5}}", "the text of a UUID"},
    {CLASS, "'class':{'id':{'type':'oid','value':'1'}}", "a dotted OID"},
    {CLASS, "'class':{'id':{'type':'bytes','value':'AA==','x':1}}", "(member: found x"},
    /* What our reader says of it. */
    {CLASS, "'class':{}", "(environment class: found a map in the new CoRIM"},
    {CLASS, "'class':{'id':{'type':'oid','value':'1.2.840'}}",
     "(environment class-id: found tag 111 with octets: 3 in the new CoRIM"},
    {CLASS, "'class':{'id':{'type':'bytes','value':'AA=='}}",
     "(environment class-id: found tag 560 with octets: 1 in the new CoRIM"},
    {"'type':'ueid'", "'type':'bytes'", "(environment instance: found tag 560"},
    {",'instance':{'type':'ueid','value':'" INSTANCE "'}", "", "(environment instance: found none"},
    {"'psa.software-component'", "'cca.software-component'", "(mkey: found the text"},
    {"'key':{'type':'string'", "'authorized-by':[],'key':{'type':'string'",
     "(authorized-by: found an empty array"},
    {"'key':{'type':'string','value':'psa.software-component'},", "", "expected mkey (key 0)"},
    {"'key':{'type':'string','value':'psa.software-component'},", "'key':5,",
     "(key: found an integer"},
    {"{'type':'string','value':'psa.software-component'}", "{'type':'uuid','value':'x'}",
     "(value: found \"x\""},
    {"{'type':'string','value':'psa.software-component'}", "{'type':'ueid','value':'x'}",
     "(type: found \"ueid\""},
    {"{'type':'string','value':'psa.software-component'}", "{'type':'string','value':5}",
     "(key: found an integer"},
    {"{'type':'string','value':'psa.software-component'}", "{'type':'uint','value':-1}",
     "(value: found -1"},
    {"{'type':'string','value':'psa.software-component'}", "{'type':'uint','value':'0'}",
     "(value: found a string"},
    {"{'type':'string','value':'psa.software-component'}", "{'type':'uint','value':7}",
     "(mkey: found an unsigned integer in the new CoRIM"},
    {"{'type':'string','value':'psa.software-component'}",
     "{'type':'psa.refval-id','value':{'label':'x'}}", "(member: found name"},
    {"{'type':'string','value':'psa.software-component'}",
     "{'type':'psa.refval-id','value':{'x':1}}", "(member: found x"},
    {"'digests':[[1,'" ABC_URL "']],", "", "expected digests (key 2)"},
    {"[[1,'" ABC_URL "']]", "[]", "(digests: found an array"},
    {"[1,'" ABC_URL "']", "[1]", "(digests: found member 0"},
    {"[1,'" ABC_URL "']", "5", "(digests: found member 0"},
    {"[1,'" ABC_URL "']", "'sha-256'", "(digests: found member 0"},
    {"[1,'" ABC_URL "']", "'sha256:" ABC "'", "(digests: found member 0"},
    {"[1,'" ABC_URL "']", "'sha-256:" ABC_URL "'", "(digests: found member 0"},
    {"[1,'" ABC_URL "']", "[1,'" ABC "']", "(digests: found member 0"},
    {"[1,'" ABC_URL "']", "[99,'" ABC_URL "']", "(digests: found member 0"},
    {"[1,'" ABC_URL "']", "[1,5]", "(digests: found member 0"},
    {"[1,'" ABC_URL "']", "[1,'" ABC_URL "'],['sha-256','" ABC_URL "']",
     "(digests: found one algorithm twice"},
    {"[1,'" ABC_URL "']", "[7,'" ABC_URL "']", "(digest: found octets: 32"},
    {"[1,'" ABC_URL "']", "[10,'" ABC_URL "']", "(digest algorithm: found sha3-256"},
    {"'name':'BL'", "'name':5", "(name: found an integer"},
    {"'name':'BL'", "'svn':{}", "template: svn: "},
    {"'name':'BL'", "'svn':5", "(mval: found svn (key 1) in the new CoRIM"},
    {"'name':'BL'", "'flags':{}", "(mval: found flags (key 3) in the new CoRIM"},
    {"'name':'BL'", "'raw-value':{}", "template: raw-value: "},
    {"'name':'BL'", "'psa-cert-num':5", "(psa-cert-num: found an integer"},
    {"'name':'BL'", "'label':'BL'", "(member: found label"},
    {"'name':'BL'", "'version':'1'", "template: version: "},
    {"'name':'BL'", "'version':{}", "(version: found nothing"},
    {"'name':'BL'", "'version':{'value':5}", "(version: found an integer"},
    {"'name':'BL'", "'version':{'value':'1','scheme':'semver'}",
     "(version: found version-scheme (key 1) in the new CoRIM"},
    {"'name':'BL'", "'version':{'value':'1','scheme':'x'}", "(scheme: found \"x\""},
    {"'cryptokeys':[{", "'cryptokeys':[],'x':[{", "(member: found x"},
    {",'cryptokeys':[{'type':'bytes','value':'" SIGNER "'}]", "", "expected cryptokeys (key 13)"},
    {"[{'type':'bytes','value':'" SIGNER "'}]", "[]", "(cryptokeys: found an array"},
    {"[{'type':'bytes','value':'" SIGNER "'}]", "[{'type':'cose-key','value':'AA=='}]",
     "(cryptokeys: found tag 558 in the new CoRIM"},
    {"[{'type':'bytes','value':'" SIGNER "'}]", "[{'type':'bytes','value':'AA=='}]",
     "(signer-id: found tag 560 with octets: 1"},
    {"'verification-keys':", "'conditions':[],'verification-keys':", "template: conditions: "},
    {"'verification-keys':", "'conditions':{'mkey':{'type':'uint','value':1}},'verification-keys':",
     "(attest-key-triples: found conditions in the new CoRIM"},
    {"'verification-keys':", "'keys':", "(member: found keys"},
    {"[{'type':'pkix-base64-key','value':'" ED25519_PEM "'}]", "[]",
     "(verification-keys: found an empty array"},
    {"[{'type':'pkix-base64-key','value':'" ED25519_PEM "'}]",
     "[{'key':'" ED25519 "'},{'key':'" ED25519 "'}]", "expected exactly one key"},
    {"{'type':'pkix-base64-key','value':'" ED25519_PEM "'}", "{'key':'" ED25519 "','chain':[]}",
     "(member: found chain"},
    {"{'type':'pkix-base64-key','value':'" ED25519_PEM "'}", "{'key':5}",
     "(value: found an integer"},
    {"'pkix-base64-key'", "'pkix-base64-cert'",
     "(attestation key: found a certificate as PEM (tag 555) in the new CoRIM"},
    {"'pkix-base64-key'", "'pkix-base64'", "(type: found \"pkix-base64\""},
    {"'pkix-base64-key'", "'cose-key'", "(value: found"},
    {"'pkix-base64-key'", "'thumbprint'", "(thumbprint: found another form"},
    {"'value':'" ED25519_PEM "'", "'value':'" ED25519_PEM "x'", "one PEM block PUBLIC KEY"},
    {"'value':'" ED25519_PEM "'", "'value':''", "base64 of a SubjectPublicKeyInfo"},
    {"'value':'" ED25519_PEM "'", "'value':'AAAA'", "base64 of a SubjectPublicKeyInfo"},
};

static void assert_refused(const char *corim, const char *comid, const char *profile,
                           const char *sentence)
{
    struct atls_bytes out = {NULL, 0};
    struct atls_diag diag = {.err = ATLS_OK};
    assert_err(create(corim, comid, profile, false, &out, &diag), ENDORSEMENT);
    assert_err(diag.err, ENDORSEMENT);
    assert_says(&diag, sentence);
    assert_true(diag.found[0] != '\0');
    assert_true(diag.expected[0] != '\0');
    assert_err(create(corim, comid, profile, false, &out, NULL), ENDORSEMENT);
}

static void each_wrong_comid_template_has_its_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(comid_changes); i++) {
        const struct change *change = &comid_changes[i];
        assert_refused(PSA_CORIM, replaced(PSA_COMID, change->from, change->to), NULL,
                       change->sentence);
    }
}

static void each_wrong_corim_template_has_its_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *corim;
        const char *sentence;
    } cases[] = {
        {"{'corim-id':'x','dependent-rims':[]}", "(dependent-rims: found an empty array"},
        {"{'corim-id':'x','dependent-rims':[{}]}", "(href: found nothing"},
        {"{'corim-id':'x','dependent-rims':[{'href':'x','thumbprint':5}]}",
         "(thumbprint: found another form"},
        {"{'corim-id':'x','colour':1}", "(member: found colour"},
        {"{'corim-id':5}", "(corim-id: found an integer"},
        {"{'corim-id':''}", "(corim-id: found \"\""},
        {"{'profile':'psa'}", "(corim-id: found nothing"},
        {"{'corim-id':'x','profile':'tpm2'}", "(profile: found \"tpm2\""},
        {"{'corim-id':'x','profile':'http://arm.com/cca/ssd/2'}",
         "(profile: found \"http://arm.com/cca/ssd/2\""},
        {"{'corim-id':'x','profile':5}", "(profile: found an integer"},
        {"{'corim-id':'x','profile':{'type':'oid','value':'1.2.3'}}", "(profile: found \"1.2.3\""},
        {"{'corim-id':'x','profile':{'type':'urn','value':'1.2.3'}}",
         "(profile type: found \"urn\""},
        {"{'corim-id':'x','profile':{'type':'uri'}}", "(value: found nothing"},
        {"{'corim-id':'x','profile':{'type':'uri','value':5}}", "(profile: found an integer"},
        {"{'corim-id':'x','profiles':[]}", "(profiles: found another number"},
        {"{'corim-id':'x','profiles':['psa','psa']}", "(profiles: found another number"},
        {"{'corim-id':'x','profile':'psa','profiles':['psa']}", "(profiles: found"},
        {"{'corim-id':'x','entities':[]}", "(entities: found an empty array"},
        {"{'corim-id':'x','entities':[{'name':'x','roles':['creator']}]}",
         "(roles: found \"creator\""},
        {"{'corim-id':'x','validity':5}", "template: validity: "},
        {"{'corim-id':'x','validity':{}}", "(not-after: found nothing"},
        {"{'corim-id':'x','validity':{'not-after':'2100-01-01T00:00:00Z','x':1}}",
         "(member: found x"},
        {"{'corim-id':'x','validity':{'not-after':4102444800}}", "(not-after: found an integer"},
        {"{'corim-id':'x','validity':{'not-before':'2101-01-01T00:00:00Z','not-after':"
         "'2100-01-01T00:00:00Z'}}",
         "a date after not-before"},
        {"{'entities':[]}", "neither tag-identity nor corim-id"},
        {"[]", "neither tag-identity nor corim-id"},
        {"{'corim-id':'x'", "(JSON: "},
        {"{'corim-id':'x','corim-id':'x'}", "(JSON: found duplicate object key"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        assert_refused(cases[i].corim, PSA_COMID, "psa", cases[i].sentence);
    }
}

static void each_wrong_date_is_refused(void **state)
{
    (void)state;
    static const char *const dates[] = {
        "",
        "2100-01-01",
        "2100-01-01T00:00:00",
        "2100-01-01 00:00:00Z",
        "2100-13-01T00:00:00Z",
        "2100-00-01T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2100-01-32T00:00:00Z",
        "2100-01-01T24:00:00Z",
        "2100-01-01T00:60:00Z",
        "2100-01-01T00:00:60Z",
        "2100-01-01T00:00:00.5Z",
        "2100-01-01T00:00:00+24:00",
        "2100-01-01T00:00:00+00:60",
        "2100-01-01T00:00:00+0000",
        "2100-01-01T00:00:00ZZ",
        "21000-01-01T00:00:00Z",
        "2100/01/01T00:00:00Z",
        "-100-01-01T00:00:00Z",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(dates); i++) {
        char corim[200];
        snprintf(corim, sizeof corim, "{'corim-id':'x','validity':{'not-after':'%s'}}", dates[i]);
        assert_refused(corim, PSA_COMID, "psa", "a date such as 2027-12-31T00:00:00Z");
    }
}

static void the_number_of_templates_is_checked(void **state)
{
    (void)state;
    uint8_t *octets = NULL;
    size_t len = 0;
    struct atls_diag diag = {.err = ATLS_OK};
    assert_err(atls_corim_create(&octets, &len, NULL, 0, "psa", false, &diag), ENDORSEMENT);
    assert_says(&diag, "at least one CoMID template");
    assert_refused(PSA_CORIM, NULL, NULL, "found no CoMID template");
    assert_refused(PSA_CORIM, PSA_CORIM, NULL, "found a second CoRIM template in template 2");
    assert_refused(NULL, PSA_COMID, NULL, "(profile: found none");
    assert_refused("{'corim-id':'x'}", PSA_COMID, NULL, "(profile: found none");
    assert_refused(NULL, PSA_COMID, "sgx", "(profile: found \"sgx\"");
    assert_refused(NULL, PSA_COMID, "tpm2", "(environment class-id: found tag 560");
}

static void two_keys_for_one_instance_are_not_written(void **state)
{
    (void)state;
    static const char other[] =
        "{'tag-identity':{'id':'c2'},'triples':{'attester-verification-keys':[{'environment':"
        "{" CLASS ",'instance':{'type':'ueid','value':'" INSTANCE "'}},'verification-keys':[{'key':"
        "'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/"
        "m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q=='}]}]}}";
    const struct atls_bytes templates[] = {json(PSA_COMID), json(other)};
    uint8_t *octets = NULL;
    size_t len = 0;
    struct atls_diag diag = {.err = ATLS_OK};
    assert_err(atls_corim_create(&octets, &len, templates, 2, "psa", false, &diag), ENDORSEMENT);
    assert_says(&diag, "two for instance 0180818283");
    assert_null(octets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wrong_comid_template_has_its_sentence),
        cmocka_unit_test(each_wrong_corim_template_has_its_sentence),
        cmocka_unit_test(each_wrong_date_is_refused),
        cmocka_unit_test(the_number_of_templates_is_checked),
        cmocka_unit_test(two_keys_for_one_instance_are_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
