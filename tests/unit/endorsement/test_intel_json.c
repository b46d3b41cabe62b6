/* SPDX-License-Identifier: Apache-2.0 */
/* TCB info and identities of enclaves: every member that is used, made wrong; and Intel's own. */
#include "endorsement/intel_tcb.h"
#include "support/check.h"
#include "support/file.h"
#include "support/memory.h"
#include "support/mutate.h"

#include <stdio.h>
#include <stdlib.h>

#define SVNS3 "{\"svn\":3},{\"svn\":3},{\"svn\":3},{\"svn\":3}"
#define SVNS  SVNS3 "," SVNS3 "," SVNS3 ",{\"svn\":1},{\"svn\":2},{\"svn\":255}"
#define ZEROS "000000000000000000000000000000000000000000000000"
#define SIGNATURE                                                                                  \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"                             \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define MODULE                                                                                     \
    "\"mrsigner\":\"" ZEROS ZEROS                                                                  \
    "\",\"attributes\":\"0000000000000001\",\"attributesMask\":\"FFFFFFFFFFFFFFFF\""

static const char tdx[] =
    " {\"tcbInfo\" : {\"id\":\"TDX\", \"version\":3,\"issueDate\":\"2025-06-19T10:16:03Z\","
    "\"nextUpdate\":\"2025-07-19T10:16:03Z\",\"fmspc\":\"B0c06F000000\",\"pceId\":\"0001\","
    "\"tcbType\":0,\"tcbEvaluationDataNumber\":17,\"tdxModule\":{" MODULE "},"
    "\"tdxModuleIdentities\":[{\"id\":\"TDX_03\"," MODULE ",\"tcbLevels\":[{\"tcb\":{\"isvsvn\":3},"
    "\"tcbDate\":\"2024-03-13T00:00:00Z\",\"tcbStatus\":\"UpToDate\"}]}],"
    "\"tcbLevels\":[{\"tcb\":{\"sgxtcbcomponents\":[{\"svn\":7}," SVNS "],\"pcesvn\":11,"
    "\"tdxtcbcomponents\":[{\"svn\":5}," SVNS "]},\"tcbDate\":\"2024-03-13T00:00:00Z\","
    "\"tcbStatus\":\"OutOfDate\",\"advisoryIDs\":[\"INTEL-SA-00106\",\"INTEL-SA-00115\"]}]}"
    ",\"signature\":\"" SIGNATURE "\"}\n";

static const char identity[] =
    "{\"enclaveIdentity\":{\"id\":\"TD_QE\",\"version\":2,\"issueDate\":\"2025-06-19T10:32:27Z\","
    "\"nextUpdate\":\"2025-07-19T10:32:27Z\",\"tcbEvaluationDataNumber\":17,"
    "\"miscselect\":\"00000001\",\"miscselectMask\":\"FFFFFFFE\","
    "\"attributes\":\"11000000000000000000000000000000\","
    "\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\","
    "\"mrsigner\":\"DC9E2A7C6F948F17474E34A7FC43ED030F7C1563F1BABDDF6340C82E0E54A8C5\","
    "\"isvprodid\":2,\"tcbLevels\":[{\"tcb\":{\"isvsvn\":4},\"tcbDate\":\"2024-03-13T00:00:00Z\","
    "\"tcbStatus\":\"UpToDate\"}]},\"signature\":\"" SIGNATURE "\"}";

/* replaced gives `text` with the first `from` made `to`. */
static struct atls_bytes replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    assert_non_null(at);
    const size_t head = (size_t)(at - text);
    const size_t tail = strlen(text) - head - strlen(from);
    const struct atls_buf room = test_room(head + strlen(to) + tail);
    memcpy(room.data, text, head);
    memcpy(&room.data[head], to, strlen(to));
    memcpy(&room.data[head + strlen(to)], &at[strlen(from)], tail);
    return atls_bytes_of(room.data, room.cap);
}

static struct atls_intel_json read_good(struct atls_bytes text)
{
    struct atls_intel_json json;
    struct atls_diag diag = {.err = ATLS_OK};
    const enum atls_err err = atls_intel_json_read(&json, text, &diag);
    if (err != ATLS_OK) {
        fail_msg("%s: %s, found %s, expected %s", diag.step, diag.claim, diag.found, diag.expected);
    }
    return json;
}

static void tcb_info_is_read_whole(void **state)
{
    (void)state;
    struct atls_intel_json json = read_good(atls_bytes_text(tdx));
    const struct atls_intel_tcb_info *info = &json.as.tcb;
    assert_int_equal(json.kind, ATLS_INTEL_TCB_INFO);
    assert_int_equal(json.body.octets.data - (const uint8_t *)tdx, strlen(" {\"tcbInfo\" : "));
    assert_int_equal(json.body.octets.data[json.body.octets.len], ',');
    assert_int_equal(json.signature[63], 0xff);
    assert_int_equal(info->tee, ATLS_INTEL_TDX);
    assert_int_equal(info->version, 3);
    assert_int_equal(info->dates.issue_s, 1750328163);
    assert_int_equal(info->dates.next_update_s, 1752920163);
    assert_bytes(atls_bytes_of(info->fmspc, 6), test_hex("b0c06f000000"));
    assert_true(info->has_pce_id);
    assert_bytes(atls_bytes_of(info->pce_id, 2), test_hex("0001"));
    assert_int_equal(info->evaluation_number, 17);
    assert_int_equal(info->levels.num, 1);
    const struct atls_intel_level *level = &info->levels.items[0];
    assert_true(level->has_tdx);
    assert_int_equal(level->sgx[0], 7);
    assert_int_equal(level->sgx[15], 255);
    assert_int_equal(level->tdx[0], 5);
    assert_int_equal(level->pcesvn, 11);
    assert_int_equal(level->date_s, 1710288000);
    assert_string_equal(atls_intel_status_name(level->status), "OutOfDate");
    assert_int_equal(level->num_advisories, 2);
    assert_text(level->advisories[1], "INTEL-SA-00115");
    assert_true(info->has_module);
    assert_int_equal(info->module.attributes[7], 1);
    assert_int_equal(info->num_modules, 1);
    assert_int_equal(info->modules[0].version, 3);
    assert_int_equal(info->modules[0].levels.items[0].isv_svn, 3);
    atls_intel_json_cleanup(&json);
    atls_intel_json_cleanup(&json);
}

static void an_identity_is_read_whole(void **state)
{
    (void)state;
    struct atls_intel_json json = read_good(atls_bytes_text(identity));
    const struct atls_intel_identity *read = &json.as.identity;
    assert_int_equal(json.kind, ATLS_INTEL_IDENTITY);
    assert_int_equal(read->enclave, ATLS_INTEL_TD_QE);
    assert_bytes(atls_bytes_of(read->miscselect, 4), test_hex("00000001"));
    assert_bytes(atls_bytes_of(read->miscselect_mask, 4), test_hex("fffffffe"));
    assert_int_equal(read->attributes[0], 0x11);
    assert_int_equal(read->attributes_mask[0], 0xfb);
    assert_int_equal(read->mrsigner[0], 0xdc);
    assert_int_equal(read->isv_prod_id, 2);
    assert_int_equal(read->levels.items[0].isv_svn, 4);
    assert_int_equal(read->levels.items[0].num_advisories, 0);
    atls_intel_json_cleanup(&json);
}

static void version_2_has_a_member_for_each_component(void **state)
{
    (void)state;
    char text[2048] =
        "{\"tcbInfo\":{\"version\":2,\"issueDate\":\"2019-09-05T07:47:07Z\",\"nextUpdate\":"
        "\"2029-09-05T07:47:07Z\",\"fmspc\":\"00707F000000\",\"tcbType\":0,"
        "\"tcbEvaluationDataNumber\":3,\"tcbLevels\":[{\"tcb\":{\"pcesvn\":3";
    for (unsigned i = 1; i <= 16; i++) {
        const size_t at = strlen(text);
        snprintf(&text[at], sizeof text - at, ",\"sgxtcbcomp%02usvn\":%u", i, 10 * i);
    }
    const size_t at = strlen(text);
    snprintf(&text[at], sizeof text - at,
             "},\"tcbDate\":\"2019-09-01T00:00:00Z\",\"tcbStatus\":\"UpToDate\"}]},"
             "\"signature\":\"%s\"}",
             SIGNATURE);
    struct atls_intel_json json = read_good(atls_bytes_text(text));
    assert_int_equal(json.as.tcb.version, 2);
    assert_int_equal(json.as.tcb.tee, ATLS_INTEL_SGX);
    assert_false(json.as.tcb.has_pce_id);
    assert_int_equal(json.as.tcb.levels.items[0].sgx[0], 10);
    assert_int_equal(json.as.tcb.levels.items[0].sgx[15], 160);
    assert_false(json.as.tcb.levels.items[0].has_tdx);
    atls_intel_json_cleanup(&json);
    struct atls_diag diag;
    assert_err(atls_intel_json_read(&json, replaced(text, "comp16svn", "comp17svn"), &diag),
               MALFORMED);
    assert_string_equal(diag.claim, "sgxtcbcomp16svn");
    assert_err(atls_intel_json_read(
                   &json, replaced(text, "\"version\":2", "\"version\":2,\"id\":\"SGX\""), &diag),
               MALFORMED);
    assert_string_equal(diag.claim, "id");
}

struct wrong {
    const char *from;
    const char *to;
    const char *claim;
};

static const struct wrong wrong_infos[] = {
    {"\"tcbInfo\"", "\"tcbinfo\"", "member"},
    {"\"signature\"", "\"Signature\"", "member"},
    {SIGNATURE, "00", "signature"},
    {",\"signature\"", ",\"more\":1,\"signature\"", "member"},
    {"\"TDX\"", "\"QVL\"", "id"},
    {"\"version\":3", "\"version\":4", "version"},
    {"\"version\":3", "\"version\":3.0", "version"},
    {"2025-06-19T10:16:03Z", "2025-06-31T10:16:03Z", "issueDate"},
    {"2025-07-19T10:16:03Z", "2025-07-19", "nextUpdate"},
    {"2025-07-19T10:16:03Z", "2025-06-18T10:16:03Z", "nextUpdate"},
    {"B0c06F000000", "B0c06F0000", "fmspc"},
    {"\"pceId\":\"0001\"", "\"pceId\":\"00\"", "pceId"},
    {"\"pceId\":\"0001\",", "", "pceId"},
    {"\"tcbType\":0", "\"tcbType\":1", "tcbType"},
    {"DataNumber\":17", "DataNumber\":-1", "tcbEvaluationDataNumber"},
    {"\"tdxModule\"", "\"tdxmodule\"", "tdxModule"},
    {"\"mrsigner\":\"00", "\"mrsigner\":\"", "mrsigner"},
    {"0000000000000001", "00000000000001", "attributes"},
    {"FFFFFFFFFFFFFFFF", "FFFFFFFFFFFFFFxx", "attributesMask"},
    {"TDX_03", "TDX_3", "tdxModuleIdentities.id"},
    {"TDX_03", "TDX_0g", "tdxModuleIdentities.id"},
    {"TDX_03", "SGX_03", "tdxModuleIdentities.id"},
    {"\"isvsvn\":3", "\"isvsvn\":65536", "isvsvn"},
    {"\"tdxModuleIdentities\":[", "\"tdxModuleIdentities\":[7,", "tdxModuleIdentities"},
    {"\"svn\":7", "\"svn\":256", "svn"},
    {"\"svn\":7", "\"svn\":-1", "svn"},
    {"\"svn\":7", "\"svn\":\"7\"", "svn"},
    {"{\"svn\":7},", "", "sgxtcbcomponents"},
    {"{\"svn\":7}", "7", "sgxtcbcomponents"},
    {"{\"svn\":5},", "", "tdxtcbcomponents"},
    {"\"pcesvn\":11", "\"pcesvn\":11.5", "pcesvn"},
    {"\"OutOfDate\"", "\"Outofdate\"", "tcbStatus"},
    {"\"tcb\":{\"sgx", "\"tbc\":{\"sgx", "tcb"},
    {"[\"INTEL-SA-00106\",\"INTEL-SA-00115\"]", "\"INTEL-SA-00106\"", "advisoryIDs"},
    {"\"INTEL-SA-00106\"", "106", "advisoryIDs"},
    {"\"INTEL-SA-00106\"", "\"INTEL SA\"", "advisoryIDs"},
    {"\"INTEL-SA-00106\"", "\"\"", "advisoryIDs"},
};
static const struct wrong wrong_identities[] = {
    {"\"enclaveIdentity\"", "\"enclaveidentity\"", "member"},
    {"\"TD_QE\"", "\"TDQE\"", "id"},
    {"\"version\":2", "\"version\":3", "version"},
    {"\"miscselect\":\"00", "\"miscselect\":\"", "miscselect"},
    {"FFFFFFFE", "FFFFFFF", "miscselectMask"},
    {"\"attributes\":\"11", "\"attributes\":\"", "attributes"},
    {"\"attributesMask\":\"FB", "\"attributesMask\":\"", "attributesMask"},
    {"DC9E", "9E", "mrsigner"},
    {"\"isvprodid\":2", "\"isvprodid\":65536", "isvprodid"},
    {"\"isvprodid\":2,", "", "isvprodid"},
    {"[{\"tcb\"", "[1,{\"tcb\"", "tcbLevels"},
};

static void refuse_each(const char *text, const struct wrong *wrong, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        struct atls_intel_json json;
        struct atls_diag diag = {.err = ATLS_OK};
        printf("%s -> %s\n", wrong[i].from, wrong[i].to);
        assert_err(atls_intel_json_read(&json, replaced(text, wrong[i].from, wrong[i].to), &diag),
                   MALFORMED);
        assert_string_equal(diag.claim, wrong[i].claim);
    }
}

static void every_member_that_is_wrong_is_refused_by_its_name(void **state)
{
    (void)state;
    refuse_each(tdx, wrong_infos, ATLS_ARRAY_LEN(wrong_infos));
    refuse_each(identity, wrong_identities, ATLS_ARRAY_LEN(wrong_identities));
}

static void a_module_version_that_stands_twice_is_refused(void **state)
{
    (void)state;
    const char *module = strstr(tdx, "{\"id\":\"TDX_03\"");
    char twice[600];
    snprintf(twice, sizeof twice, "%.*s,{\"id\":\"TDX_03\"",
             (int)(strstr(module, "}],\"tcbLevels\"") - module + 1), module);
    struct atls_intel_json json;
    struct atls_diag diag;
    assert_err(atls_intel_json_read(&json, replaced(tdx, "{\"id\":\"TDX_03\"", twice), &diag),
               MALFORMED);
    assert_string_equal(diag.claim, "tdxModuleIdentities.id");
    assert_string_equal(diag.found, "a version twice");
}

static void levels_are_one_to_128(void **state)
{
    (void)state;
    static const char level[] =
        "{\"tcb\":{\"isvsvn\":4},\"tcbDate\":\"2024-03-13T00:00:00Z\",\"tcbStatus\":\"UpToDate\"}";
    static char many[140 * sizeof level];
    struct atls_intel_json json;
    struct atls_diag diag;
    for (size_t num = 126; num < 131; num++) {
        many[0] = '\0';
        for (size_t i = 0; i < num; i++) {
            strcat(strcat(many, level), i + 1 < num ? "," : "");
        }
        const enum atls_err err =
            atls_intel_json_read(&json, replaced(identity, level, many), &diag);
        assert_int_equal(err == ATLS_OK, num <= 128);
        if (err == ATLS_OK) {
            assert_int_equal(json.as.identity.levels.num, num);
            atls_intel_json_cleanup(&json);
        }
    }
    assert_err(atls_intel_json_read(&json, replaced(identity, level, ""), &diag), MALFORMED);
    assert_string_equal(diag.expected, "1 to 128 levels");
}

static void the_signature_may_not_come_first(void **state)
{
    (void)state;
    struct atls_intel_json json;
    struct atls_diag diag;
    char swapped[2048];
    snprintf(swapped, sizeof swapped, "{\"signature\":\"%s\",%.*s}", SIGNATURE,
             (int)(strstr(identity, ",\"signature\"") - identity - 1), &identity[1]);
    assert_err(atls_intel_json_read(&json, atls_bytes_text(swapped), &diag), MALFORMED);
    assert_string_equal(diag.claim, "enclaveIdentity");
}

static void refuse_or_read(struct atls_bytes mutant, size_t at, void *context)
{
    struct atls_intel_json json;
    (void)at;
    size_t *num = context;
    if (atls_intel_json_read(&json, mutant, NULL) == ATLS_OK) {
        assert_true(json.body.octets.len > 2 && json.body.octets.data[0] == '{' &&
                    json.body.octets.data[json.body.octets.len - 1] == '}');
        atls_intel_json_cleanup(&json);
        (*num)++;
    }
}

static void no_prefix_is_taken_and_no_mutant_reads_out_of_bounds(void **state)
{
    (void)state;
    size_t num = 0;
    test_each_truncation(atls_bytes_of(identity, sizeof identity - 1), refuse_or_read, &num);
    assert_int_equal(num, 0);
    test_each_bit_flip(atls_bytes_of(identity, sizeof identity - 1), refuse_or_read, &num);
    assert_true(num != 0); /* digits of hashes */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcb_info_is_read_whole),
        cmocka_unit_test(an_identity_is_read_whole),
        cmocka_unit_test(version_2_has_a_member_for_each_component),
        cmocka_unit_test(every_member_that_is_wrong_is_refused_by_its_name),
        cmocka_unit_test(a_module_version_that_stands_twice_is_refused),
        cmocka_unit_test(levels_are_one_to_128),
        cmocka_unit_test(the_signature_may_not_come_first),
        cmocka_unit_test(no_prefix_is_taken_and_no_mutant_reads_out_of_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
