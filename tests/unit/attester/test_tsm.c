/* SPDX-License-Identifier: Apache-2.0 */
/* The attester over configfs-tsm, against a stand-in for the kernel: what it asks for, what it
 * sends, and that it never sends a report about something else. */
#include "attester/tsm/tsm.h"

#include "attester/tsm/data.h"
#include "atls/limits.h"
#include "codec/cmw.h"
#include "codec/tsm_report.h"
#include "support/check.h"
#include "support/fake_tsm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char snp[] = "{\"rot\":\"snp\",\"format\":\"snp\",\"path\":\"/tsm/report\"}";
static const char snp_level_1[] =
    "{\"rot\":\"snp\",\"format\":\"snp\",\"path\":\"/tsm/report\",\"privlevel\":1}";
static const char tdx[] = "{\"rot\":\"tdx\",\"format\":\"tdx\",\"path\":\"/tsm/report\"}";
static const char cca[] = "{\"rot\":\"cca\",\"format\":\"cca\",\"path\":\"/tsm/report\"}";

enum { PATIENCE_MS = 10000, NONCE_LEN = 32 };

static uint8_t evidence[ATLS_MAX_CMW_LEN];

struct scene {
    struct fake_tsm *fake;
    struct atls_attester *attester;
    struct atls_diag diag;
    struct atls_bytes sent; /* the CMW */
};

static struct scene scene_of(const char *provider, const char *config)
{
    struct scene scene = {.fake = calloc(1, sizeof *scene.fake)};
    assert_non_null(scene.fake);
    fake_tsm_init(scene.fake, provider);
    assert_err(
        atls_tsm_open(&scene.attester, atls_bytes_text(config), &scene.fake->fs, &scene.diag), OK);
    assert_int_equal(fake_tsm_num_live(scene.fake), 0); /* it only looked who answers */
    return scene;
}

/* close_scene: nothing may stay behind in the kernel, whatever happened. */
static void close_scene(struct scene *scene)
{
    assert_int_equal(fake_tsm_num_live(scene->fake), 0);
    assert_int_equal(scene->fake->num_made, scene->fake->num_removed);
    atls_attester_snp.close(scene->attester);
    free(scene->fake);
}

static enum atls_err attest_for(struct scene *scene, size_t nonce_len, uint32_t timeout_ms)
{
    uint8_t nonce[65];
    memset(nonce, 0x5a, sizeof nonce);
    const struct atls_attest_request request = {
        atls_bytes_of(nonce, nonce_len), {NULL, 0}, timeout_ms};
    const struct atls_buf out = {evidence, sizeof evidence};
    size_t len = 0;
    const enum atls_err err =
        atls_attester_snp.attest(scene->attester, out, &len, &request, &scene->diag);
    scene->sent = atls_bytes_of(evidence, len);
    return err;
}

static enum atls_err attest(struct scene *scene)
{
    return attest_for(scene, NONCE_LEN, PATIENCE_MS);
}

static struct atls_tsm_report read_evidence(const struct scene *scene, const char *provider)
{
    char media_type[128];
    (void)snprintf(media_type, sizeof media_type,
                   "application/vnd.veraison.tsm-report+cbor; provider=\"%s\"", provider);
    struct atls_cmw cmw;
    struct atls_tsm_report report;
    struct atls_diag diag;
    assert_err(atls_cmw_parse(&cmw, scene->sent, &diag), OK);
    assert_text(cmw.media_type, media_type);
    assert_err(atls_tsm_report_parse(&report, cmw.value, &diag), OK);
    return report;
}

static void assert_data(struct atls_bytes report, size_t offset)
{
    uint8_t wanted[64] = {0};
    memset(wanted, 0x5a, NONCE_LEN); /* padded with zeros on the right */
    assert_true(report.len >= offset + sizeof wanted);
    assert_memory_equal(&report.data[offset], wanted, sizeof wanted);
}

/* refuse expects an error whose sentence has both texts. */
static void assert_refused(struct scene *scene, const char *err_name, const char *claim,
                           const char *text)
{
    const enum atls_err err = attest(scene);
    assert_string_equal(atls_err_name(err), err_name);
    assert_int_equal(scene->diag.err, err);
    assert_string_equal(scene->diag.claim, claim);
    if (strstr(scene->diag.found, text) == NULL && strstr(scene->diag.expected, text) == NULL) {
        fail_msg("\"%s\" is neither in \"%s\" nor in \"%s\"", text, scene->diag.found,
                 scene->diag.expected);
    }
    assert_int_equal(scene->sent.len, 0);
}

static void set_fault(struct scene *scene, const char *operation, const char *attribute, int error,
                      unsigned times)
{
    scene->fake->fault_operation = operation;
    scene->fake->fault_attribute = attribute;
    scene->fake->fault_error = error;
    scene->fake->fault_times = times;
}

/* ---- what is sent ---- */

static void an_snp_report_is_about_the_padded_nonce_and_has_its_certificates(void **state)
{
    (void)state;
    struct scene scene = scene_of(ATLS_TSM_SEV_GUEST, snp);
    scene.fake->auxblob_len = 3000;
    assert_err(attest(&scene), OK);
    const struct atls_tsm_report report = read_evidence(&scene, ATLS_TSM_SEV_GUEST);
    assert_text(report.provider, ATLS_TSM_SEV_GUEST);
    assert_int_equal(report.outblob.len, 1184);
    assert_data(report.outblob, 0x50);
    assert_int_equal(report.auxblob.len, 3000);
    assert_int_equal(scene.fake->num_reports, 1);
    close_scene(&scene);
}

static void an_snp_host_without_certificates_gives_none(void **state)
{
    (void)state;
    struct scene scene = scene_of(ATLS_TSM_SEV_GUEST, snp);
    assert_err(attest(&scene), OK);
    assert_int_equal(read_evidence(&scene, ATLS_TSM_SEV_GUEST).auxblob.len, 0);
    close_scene(&scene);
}

static void td_quotes_of_both_versions_are_about_the_padded_nonce(void **state)
{
    (void)state;
    static const struct {
        unsigned version;
        size_t offset;
    } versions[] = {{4, 0x238}, {5, 0x23e}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(versions); i++) {
        struct scene scene = scene_of(ATLS_TSM_TDX_GUEST, tdx);
        scene.fake->quote_version = versions[i].version;
        assert_err(attest(&scene), OK);
        const struct atls_tsm_report report = read_evidence(&scene, ATLS_TSM_TDX_GUEST);
        assert_text(report.provider, ATLS_TSM_TDX_GUEST);
        assert_data(report.outblob, versions[i].offset);
        assert_int_equal(report.auxblob.len, 0);
        close_scene(&scene);
    }
}

static void a_cca_token_is_sent_as_it_is(void **state)
{
    (void)state;
    struct scene scene = scene_of(ATLS_TSM_CCA_GUEST, cca);
    struct atls_cmw cmw;
    assert_err(attest(&scene), OK);
    assert_err(atls_cmw_parse(&cmw, scene.sent, NULL), OK);
    assert_text(cmw.media_type, ATLS_CCA_MEDIA_TYPE);
    const struct atls_bytes data = atls_tsm_cca_data(cmw.value);
    assert_data(data, 0);
    scene.fake->stale = true;
    assert_err(attest_for(&scene, 64, PATIENCE_MS), ATTESTER);
    assert_string_equal(scene.diag.claim, "report data");
    close_scene(&scene);
}

static void each_report_is_a_new_one_of_an_object_of_its_own(void **state)
{
    (void)state;
    struct scene scene = scene_of(ATLS_TSM_SEV_GUEST, snp);
    char first[256];
    assert_err(attest(&scene), OK);
    memcpy(first, scene.fake->last_path, sizeof first);
    assert_err(attest(&scene), OK);
    assert_string_not_equal(first, scene.fake->last_path);
    assert_memory_equal(first, "/tsm/report/atls-", 17);
    assert_int_equal(scene.fake->num_reports, 2);
    close_scene(&scene);
}

static void a_privilege_level_is_asked_for_and_counted(void **state)
{
    (void)state;
    struct scene scene = scene_of(ATLS_TSM_SEV_GUEST, snp_level_1);
    assert_err(attest(&scene), OK);
    assert_int_equal(read_evidence(&scene, ATLS_TSM_SEV_GUEST).outblob.data[0x30], 1);
    scene.fake->privlevel_floor = 2;
    assert_refused(&scene, "ATTESTER", "privlevel", "privlevel_floor");
    close_scene(&scene);
}

/* ---- what is not ---- */

static void a_report_that_somebody_changed_meanwhile_is_taken_anew(void **state)
{
    (void)state;
    static const char *const places[] = {"provider", "outblob", "auxblob"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(places); i++) {
        struct scene scene = scene_of(ATLS_TSM_SEV_GUEST, snp);
        scene.fake->auxblob_len = 10;
        scene.fake->meddle_after = places[i];
        scene.fake->meddle_times = 2;
        assert_err(attest(&scene), OK);
        assert_data(read_evidence(&scene, ATLS_TSM_SEV_GUEST).outblob, 0x50);
        assert_int_equal(scene.fake->num_made, 4); /* open looked once; then two in vain */
        close_scene(&scene);
    }
}

static void somebody_who_always_changes_it_ends_the_tries(void **state)
{
    (void)state;
    struct scene scene = scene_of(ATLS_TSM_SEV_GUEST, snp);
    scene.fake->meddle_after = "outblob";
    scene.fake->meddle_times = UINT32_MAX;
    assert_refused(&scene, "ATTESTER", "generation", "2, at each of 8 tries");
    close_scene(&scene);
}

static void a_value_that_has_not_arrived_is_written_anew(void **state)
{
    (void)state;
    struct scene scene = scene_of(ATLS_TSM_SEV_GUEST, snp);
    scene.fake->held_writes = 3;
    assert_err(attest(&scene), OK);
    assert_data(read_evidence(&scene, ATLS_TSM_SEV_GUEST).outblob, 0x50);
    scene.fake->held_writes = UINT32_MAX;
    assert_refused(&scene, "ATTESTER", "generation", "0, at each of 8 tries");
    close_scene(&scene);
}

static void a_level_without_its_question_is_no_report(void **state)
{
    (void)state;
    struct scene scene = scene_of(ATLS_TSM_SEV_GUEST, snp_level_1);
    scene.fake->held_writes = 1; /* the level alone arrives */
    assert_err(attest(&scene), OK);
    assert_data(read_evidence(&scene, ATLS_TSM_SEV_GUEST).outblob, 0x50);
    close_scene(&scene);
}

static void a_stale_report_is_not_sent(void **state)
{
    (void)state;
    struct scene scene = scene_of(ATLS_TSM_SEV_GUEST, snp);
    scene.fake->stale = true;
    assert_err(attest_for(&scene, 64, PATIENCE_MS), OK);
    assert_refused(&scene, "ATTESTER", "report data", "other octets");
    close_scene(&scene);
}

static void a_report_in_another_form_is_not_sent(void **state)
{
    (void)state;
    struct scene scene = scene_of(ATLS_TSM_SEV_GUEST, snp);
    scene.fake->report_len = 1183;
    assert_refused(&scene, "ATTESTER", "outblob", "1183 octets in another form");
    close_scene(&scene);
    scene = scene_of(ATLS_TSM_TDX_GUEST, tdx);
    scene.fake->quote_version = 3;
    assert_refused(&scene, "ATTESTER", "outblob", "5000 octets in another form");
    scene.fake->quote_version = 5;
    scene.fake->report_len = 0x23e + 63;
    assert_refused(&scene, "ATTESTER", "outblob", "637 octets in another form");
    close_scene(&scene);
}

static void blobs_beyond_their_bounds_are_not_read(void **state)
{
    (void)state;
    struct scene scene = scene_of(ATLS_TSM_SEV_GUEST, snp);
    scene.fake->report_len = (48 << 10) + 1;
    assert_refused(&scene, "ATTESTER", "outblob", "EFBIG");
    scene.fake->report_len = 0;
    scene.fake->auxblob_len = (16 << 10) + 1;
    assert_refused(&scene, "ATTESTER", "auxblob", "EFBIG");
    scene.fake->auxblob_len = 16 << 10;
    assert_err(attest(&scene), OK);
    close_scene(&scene);
}

static void nonces_of_no_octet_and_of_65_are_refused(void **state)
{
    (void)state;
    struct scene scene = scene_of(ATLS_TSM_SEV_GUEST, snp);
    assert_err(attest_for(&scene, 0, PATIENCE_MS), NONCE_LENGTH);
    assert_err(attest_for(&scene, 65, PATIENCE_MS), NONCE_LENGTH);
    assert_err(attest_for(&scene, 64, PATIENCE_MS), OK);
    assert_int_equal(scene.fake->num_reports, 1);
    close_scene(&scene);
}

/* ---- the kernel's errors ---- */

static void each_error_of_the_kernel_has_its_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *operation, *attribute, *claim;
        int error;
        const char *text;
    } rows[] = {
        {"make", "", "object", ENXIO, "a driver of reports"},
        {"make", "", "object", ENOENT, "configfs mounted"},
        {"make", "", "object", EACCES, "the right to make a report"},
        {"make", "", "object", EPERM, "the right to make a report"},
        {"make", "", "object", EROFS, "mounted for writing"},
        {"make", "", "object", ENOSPC, "error number 28"},
        {"read", "provider", "provider", ENXIO, "a provider that is still there"},
        {"write", "inblob", "inblob", EFBIG, "takes 64 octets"},
        {"write", "inblob", "inblob", EACCES, "the right to read and write"},
        {"write", "inblob", "inblob", ETXTBSY, "reads and writes at once"},
        {"report", "", "outblob", EINVAL, "takes this inblob"},
        {"report", "", "outblob", ENXIO, "its status was not success"},
        {"report", "", "outblob", ENOTTY, "VMPCK"},
        {"report", "", "outblob", ETIMEDOUT, "within the kernel's 30 s"},
        {"report", "", "outblob", EIO, "a provider that answers"},
        {"report", "", "outblob", ENOMEM, "memory for the kernel"},
        {"read", "outblob", "outblob", ENOENT, "nobody removes"},
        {"read", "auxblob", "auxblob", EIO, "a provider that answers"},
        {"read", "generation", "generation", EIO, "a provider that answers"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct scene scene = scene_of(ATLS_TSM_SEV_GUEST, snp);
        set_fault(&scene, rows[i].operation, rows[i].attribute, rows[i].error, 1);
        assert_refused(&scene, "ATTESTER", rows[i].claim, rows[i].text);
        assert_err(attest(&scene), OK); /* and the next one is made */
        close_scene(&scene);
    }
}

static void what_passes_by_itself_is_tried_again(void **state)
{
    (void)state;
    static const struct {
        const char *operation, *attribute;
        int error;
    } rows[] = {
        {"make", "", EEXIST},          {"make", "", EINTR},        {"write", "inblob", EBUSY},
        {"report", "", EBUSY},         {"report", "", EINTR},      {"read", "outblob", EINTR},
        {"read", "generation", EINTR}, {"read", "auxblob", EBUSY},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct scene scene = scene_of(ATLS_TSM_SEV_GUEST, snp);
        const unsigned times = rows[i].error == EBUSY ? 12 : 2; /* busy is no try */
        set_fault(&scene, rows[i].operation, rows[i].attribute, rows[i].error, times);
        assert_err(attest(&scene), OK);
        close_scene(&scene);
    }
}

static void a_signal_at_each_try_ends_the_tries(void **state)
{
    (void)state;
    struct scene scene = scene_of(ATLS_TSM_SEV_GUEST, snp);
    set_fault(&scene, "read", "outblob", EINTR, UINT32_MAX);
    assert_refused(&scene, "ATTESTER", "outblob", "EINTR, at each of 8 tries");
    close_scene(&scene);
}

static void a_provider_that_is_always_busy_ends_at_the_deadline(void **state)
{
    (void)state;
    struct scene scene = scene_of(ATLS_TSM_TDX_GUEST, tdx);
    set_fault(&scene, "report", "", EBUSY, UINT32_MAX);
    assert_err(attest_for(&scene, NONCE_LEN, 40), DEADLINE);
    assert_string_equal(scene.diag.claim, "outblob");
    assert_non_null(strstr(scene.diag.found, "EBUSY, until the deadline"));
    close_scene(&scene);
}

static void an_object_whose_removal_is_interrupted_is_removed(void **state)
{
    (void)state;
    struct scene scene = scene_of(ATLS_TSM_SEV_GUEST, snp);
    set_fault(&scene, "remove", "", EINTR, 1);
    assert_err(attest(&scene), OK);
    close_scene(&scene);
}

static void the_tables_are_whole_and_say_that_they_pad(void **state)
{
    (void)state;
    assert_int_equal(atls_attester_snp.padded_len, 64);
    assert_int_equal(atls_attester_tdx.padded_len, 64);
    assert_false(atls_attester_snp.simulated);
    assert_string_equal(atls_attester_tdx.format, "tdx");
    struct scene scene = scene_of(ATLS_TSM_SEV_GUEST, snp);
    assert_int_equal(atls_attester_snp.max_nonce(scene.attester), 64);
    struct evp_pkey_st *key = NULL;
    assert_err(atls_attester_snp.load_key(scene.attester, &key, atls_bytes_text("PEM"), NULL), KEY);
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_snp_report_is_about_the_padded_nonce_and_has_its_certificates),
        cmocka_unit_test(an_snp_host_without_certificates_gives_none),
        cmocka_unit_test(td_quotes_of_both_versions_are_about_the_padded_nonce),
        cmocka_unit_test(a_cca_token_is_sent_as_it_is),
        cmocka_unit_test(each_report_is_a_new_one_of_an_object_of_its_own),
        cmocka_unit_test(a_privilege_level_is_asked_for_and_counted),
        cmocka_unit_test(a_report_that_somebody_changed_meanwhile_is_taken_anew),
        cmocka_unit_test(somebody_who_always_changes_it_ends_the_tries),
        cmocka_unit_test(a_value_that_has_not_arrived_is_written_anew),
        cmocka_unit_test(a_level_without_its_question_is_no_report),
        cmocka_unit_test(a_stale_report_is_not_sent),
        cmocka_unit_test(a_report_in_another_form_is_not_sent),
        cmocka_unit_test(blobs_beyond_their_bounds_are_not_read),
        cmocka_unit_test(nonces_of_no_octet_and_of_65_are_refused),
        cmocka_unit_test(each_error_of_the_kernel_has_its_sentence),
        cmocka_unit_test(what_passes_by_itself_is_tried_again),
        cmocka_unit_test(a_signal_at_each_try_ends_the_tries),
        cmocka_unit_test(a_provider_that_is_always_busy_ends_at_the_deadline),
        cmocka_unit_test(an_object_whose_removal_is_interrupted_is_removed),
        cmocka_unit_test(the_tables_are_whole_and_say_that_they_pad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
