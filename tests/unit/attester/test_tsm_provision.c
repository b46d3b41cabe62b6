/* SPDX-License-Identifier: Apache-2.0 */
/* New attesters over configfs-tsm: what attester.json says, and the guest's reference values. */
#include "attester/tsm/tsm.h"

#include "attester/tsm/comid.h"
#include "endorsement/corim_create.h"
#include "json/json.h"
#include "support/check.h"
#include "support/fake_tsm.h"

#include <stdlib.h>

#define FILLED_48 "RERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERE"

static enum atls_err provision(struct atls_provision *out, const char *name, const char *provider,
                               const char *const *settings, size_t num_settings,
                               struct atls_diag *diag)
{
    struct fake_tsm *fake = calloc(1, sizeof *fake);
    assert_non_null(fake);
    fake_tsm_init(fake, provider);
    fake->filler = 0x44;
    const struct atls_provision_request request = {NULL, NULL, settings, num_settings};
    const enum atls_err err = atls_tsm_provision(out, name, &request, &fake->fs, diag);
    assert_int_equal(fake_tsm_num_live(fake), 0);
    free(fake);
    return err;
}

static json_t *read_json(const char *text)
{
    json_t *root = NULL;
    assert_err(atls_json_parse(&root, atls_bytes_text(text), "test", NULL), OK);
    return root;
}

/* member follows names and indices, as "triples.reference-values.0". */
static const json_t *member(const json_t *at, const char *path)
{
    char name[64];
    while (*path != '\0') {
        size_t len = strcspn(path, ".");
        assert_true(len < sizeof name);
        memcpy(name, path, len);
        name[len] = '\0';
        at = json_is_array(at) ? json_array_get(at, (size_t)atoi(name)) : json_object_get(at, name);
        path += len + (path[len] == '.' ? 1 : 0);
    }
    return at;
}

static void assert_member(const json_t *root, const char *path, const char *text)
{
    const json_t *found = member(root, path);
    assert_non_null(found);
    assert_string_equal(json_string_value(found), text);
}

/* assert_creates: the template makes a CoRIM of its format's profile. */
static void assert_creates(const char *template_text, const char *profile)
{
    const struct atls_bytes text = atls_bytes_text(template_text);
    uint8_t *corim = NULL;
    size_t len = 0;
    struct atls_diag diag;
    const enum atls_err err = atls_corim_create(&corim, &len, &text, 1, profile, false, &diag);
    if (err != ATLS_OK) {
        char sentence[600];
        (void)atls_diag_sentence(sentence, sizeof sentence, &diag);
        fail_msg("%s", sentence);
    }
    assert_true(len > 100);
    free(corim);
}

static void an_snp_guest_is_described_by_its_report(void **state)
{
    (void)state;
    static const char *const settings[] = {"path=/tsm", "privlevel=2"};
    struct atls_provision made;
    assert_err(provision(&made, "snp", "sev_guest", settings, 2, NULL), OK);
    assert_false(made.simulated);
    assert_null(made.key_pem);
    assert_string_equal(made.config_json,
                        "{\"rot\":\"snp\",\"format\":\"snp\",\"path\":\"/tsm\",\"privlevel\":2}");
    json_t *comid = read_json(made.comid_json);
    const json_t *triple = member(comid, "triples.reference-values.0");
    assert_member(triple, "environment.class.id.value", "1.3.6.1.4.1.3704.3.1");
    assert_member(triple, "environment.instance.value", FILLED_48);
    assert_member(triple, "measurements.0.value.svn.value", "1145324612"); /* 0x44... */
    assert_member(triple, "measurements.1.value.raw-value.value", "REREREREREQ=");
    assert_member(triple, "measurements.2.value.raw-value.value", "REREAg=="); /* VMPL 2 */
    assert_member(triple, "measurements.3.value.digests.0", "sha-384;" FILLED_48);
    assert_member(triple, "measurements.4.value.svn.value", "4919131752989213764");
    json_decref(comid);
    assert_creates(made.comid_json, "tag:amd.com,2024:snp-corim-profile");
    atls_provision_cleanup(&made);
}

static void a_td_is_described_by_its_quote(void **state)
{
    (void)state;
    struct atls_provision made;
    assert_err(provision(&made, "tdx", "tdx_guest", NULL, 0, NULL), OK);
    assert_string_equal(made.config_json, "{\"rot\":\"tdx\",\"format\":\"tdx\"}");
    json_t *comid = read_json(made.comid_json);
    const json_t *values = member(comid, "triples.reference-values.0.measurements.0.value");
    assert_member(values, "mrtee.0", "sha-384;" FILLED_48);
    assert_member(values, "attributes", "REREREREREQ=");
    assert_member(values, "integrity-registers.3.value.0", "sha-384;" FILLED_48);
    json_decref(comid);
    atls_provision_cleanup(&made);
}

static void a_realm_has_a_configuration_alone(void **state)
{
    (void)state;
    struct atls_provision made;
    assert_err(provision(&made, "cca", "arm_cca_guest", NULL, 0, NULL), OK);
    assert_string_equal(made.config_json, "{\"rot\":\"cca\",\"format\":\"cca\"}");
    assert_null(made.comid_json);
    atls_provision_cleanup(&made);
}

static void what_is_written_can_be_opened(void **state)
{
    (void)state;
    struct fake_tsm *fake = calloc(1, sizeof *fake);
    struct atls_provision made;
    struct atls_attester *attester = NULL;
    assert_non_null(fake);
    fake_tsm_init(fake, "tdx_guest");
    assert_err(provision(&made, "tdx", "tdx_guest", NULL, 0, NULL), OK);
    assert_err(atls_tsm_open(&attester, atls_bytes_text(made.config_json), &fake->fs, NULL), OK);
    atls_attester_tdx.close(attester);
    atls_provision_cleanup(&made);
    free(fake);
}

static void settings_that_are_none_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *setting;
    } rows[] = {
        {"snp", "pcrs=1"},     {"snp", "privlevel=4"},  {"snp", "privlevel=10"},
        {"snp", "privlevel="}, {"tdx", "privlevel=0"},  {"snp", "path="},
        {"snp", "path"},       {"snp", "privlevel=-1"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const bool snp = strcmp(rows[i].name, "snp") == 0;
        struct atls_provision made = {.simulated = false};
        struct atls_diag diag;
        assert_err(provision(&made, rows[i].name, snp ? "sev_guest" : "tdx_guest", &rows[i].setting,
                             1, &diag),
                   CONFIG);
        assert_null(made.config_json);
    }
}

static void a_machine_that_gives_no_report_has_no_attester(void **state)
{
    (void)state;
    struct atls_provision made = {.simulated = false};
    struct atls_diag diag;
    assert_err(provision(&made, "snp", NULL, NULL, 0, &diag), ATTESTER);
    assert_string_equal(diag.found, "ENXIO");
    assert_err(provision(&made, "snp", "tdx_guest", NULL, 0, &diag), ATTESTER);
    assert_string_equal(diag.claim, "provider");
    assert_null(made.config_json);
}

static void reports_of_another_form_describe_nothing(void **state)
{
    (void)state;
    static const uint8_t octets[1184];
    char *out = NULL;
    assert_err(atls_tsm_snp_comid(&out, atls_bytes_of(octets, 1183), NULL), ATTESTER);
    assert_err(atls_tsm_tdx_comid(&out, atls_bytes_of(octets, 1184), NULL), ATTESTER);
    assert_null(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_snp_guest_is_described_by_its_report),
        cmocka_unit_test(a_td_is_described_by_its_quote),
        cmocka_unit_test(a_realm_has_a_configuration_alone),
        cmocka_unit_test(what_is_written_can_be_opened),
        cmocka_unit_test(settings_that_are_none_are_refused),
        cmocka_unit_test(a_machine_that_gives_no_report_has_no_attester),
        cmocka_unit_test(reports_of_another_form_describe_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
