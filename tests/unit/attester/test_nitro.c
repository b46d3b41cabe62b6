/* SPDX-License-Identifier: Apache-2.0 */
/* The attester of Nitro Enclaves, on a device that is a stand-in. */
#include "attester/nitro/nitro.h"

#include "atls/nitro.h"
#include "codec/cmw.h"
#include "json/json.h"
#include "support/cbor.h"
#include "support/check.h"
#include "support/memory.h"
#include "support/mutate.h"

#include <errno.h>
#include <stdlib.h>

static const struct atls_bytes none = {NULL, 0};

/* The stand-in: what it is told to do, and what it saw. */
static struct {
    int open_result; /* below zero: fails */
    int interrupted; /* calls that end with EINTR first */
    int result;
    struct atls_bytes response;
    size_t claimed_len; /* 0: that of the response */
    char path[64];
    uint8_t request[ATLS_NSM_MAX_REQUEST];
    size_t request_len;
    int num_opened, num_closed, num_exchanged;
} nsm;

static int fake_open(const char *path)
{
    if (nsm.interrupted > 0 && nsm.open_result == -EINTR) {
        return -EINTR;
    }
    if (nsm.open_result < 0) {
        return nsm.open_result;
    }
    strncpy(nsm.path, path, sizeof nsm.path - 1);
    nsm.num_opened++;
    return 7;
}

static int fake_exchange(int descriptor, struct atls_bytes request, struct atls_buf response,
                         size_t *out_len)
{
    assert_int_equal(descriptor, 7);
    nsm.num_exchanged++;
    if (nsm.interrupted > 0) {
        nsm.interrupted--;
        return -EINTR;
    }
    if (nsm.result < 0) {
        return nsm.result;
    }
    assert_true(request.len <= sizeof nsm.request && nsm.response.len <= response.cap);
    memcpy(nsm.request, request.data, request.len);
    nsm.request_len = request.len;
    memcpy(response.data, nsm.response.data, nsm.response.len);
    *out_len = nsm.claimed_len != 0 ? nsm.claimed_len : nsm.response.len;
    return 0;
}

static void fake_close(int descriptor)
{
    assert_int_equal(descriptor, 7);
    nsm.num_closed++;
}

static const struct atls_nsm_device fake = {fake_open, fake_exchange, fake_close};

/* answer wraps a document as the NSM does. */
static struct atls_bytes answer(struct atls_bytes document)
{
    struct test_map inner = {.num_pairs = 0};
    struct test_map outer = {.num_pairs = 0};
    test_map_set(&inner, test_cbor_text("document"), test_cbor_bytes(document));
    test_map_set(&outer, test_cbor_text("Attestation"), test_map_encode(&inner));
    return test_map_encode(&outer);
}

static struct atls_bytes error_answer(const char *name)
{
    struct test_map outer = {.num_pairs = 0};
    test_map_set(&outer, test_cbor_text("Error"), test_cbor_text(name));
    return test_map_encode(&outer);
}

/* document_of makes a document with these PCRs; nobody looks at its signature here. */
static struct atls_bytes document_of(const struct test_map *pcrs)
{
    struct test_map payload = {.num_pairs = 0};
    struct test_map protect = {.num_pairs = 0};
    test_map_set(&payload, test_cbor_text("pcrs"), test_map_encode(pcrs));
    test_map_set(&protect, test_cbor_int(1), test_cbor_int(-35));
    const struct atls_bytes parts[] = {test_cbor_bytes(test_map_encode(&protect)), test_hex("a0"),
                                       test_cbor_bytes(test_map_encode(&payload)),
                                       test_cbor_fill(0x51, 96)};
    return test_array_encode(parts, 4);
}

static struct atls_bytes good_document(void)
{
    struct test_map pcrs = {.num_pairs = 0};
    for (int64_t i = 0; i < 16; i++) {
        test_map_set(&pcrs, test_cbor_int(i),
                     test_cbor_fill(i <= 2 || i == 8 ? (uint8_t)(0xa0 + i) : 0, 48));
    }
    return document_of(&pcrs);
}

static void reset(void)
{
    memset(&nsm, 0, sizeof nsm);
    nsm.response = answer(good_document());
}

static struct atls_attester *opened(void)
{
    struct atls_attester *attester = NULL;
    struct atls_diag diag;
    assert_err(atls_nitro_open_with(&attester,
                                    atls_bytes_text("{\"rot\":\"nitro\",\"format\":\"nitro\","
                                                    "\"device\":\"/dev/stand-in\"}"),
                                    &fake, &diag),
               OK);
    return attester;
}

static enum atls_err attest(struct atls_bytes *out, size_t spki_len, struct atls_diag *diag)
{
    struct atls_attester *attester = opened();
    const struct atls_buf room = test_room(65536);
    const struct atls_attest_request request = {test_fill(0x4e, 48), test_fill(0x5b, spki_len),
                                                1000};
    size_t len = 0;
    memset(diag, 0, sizeof *diag);
    const enum atls_err err = atls_attester_nitro.attest(attester, room, &len, &request, diag);
    atls_attester_nitro.close(attester);
    *out = atls_bytes_of(room.data, len);
    return err;
}

/* member gives a member of the request that the stand-in saw. */
static struct atls_cbor member(const char *name)
{
    struct atls_cbor map, inner, value;
    assert_err(atls_cbor_parse(&map, atls_bytes_of(nsm.request, nsm.request_len), ATLS_CBOR_STRICT,
                               "request", NULL),
               OK);
    assert_true(atls_cbor_get_text(&map, "Attestation", &inner));
    assert_int_equal(inner.argument, 3);
    assert_true(atls_cbor_get_text(&inner, name, &value));
    return value;
}

static void evidence_is_the_document_and_the_request_names_nonce_and_key(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct atls_bytes out, octets;
    struct atls_cmw cmw;
    struct atls_cbor value;
    reset();
    assert_err(attest(&out, 91, &diag), OK);
    assert_err(atls_cmw_parse(&cmw, out, &diag), OK);
    assert_text(cmw.media_type, "application/vnd.atls.nitro+cose");
    assert_bytes(cmw.value, good_document());
    assert_int_equal(cmw.ind, ATLS_CMW_EVIDENCE);
    assert_string_equal(nsm.path, "/dev/stand-in");
    assert_int_equal(nsm.num_opened, 1);
    assert_int_equal(nsm.num_closed, 1);
    value = member("nonce");
    assert_true(atls_cbor_bytes(&value, 0, 512, &octets));
    assert_bytes(octets, test_fill(0x4e, 48));
    value = member("public_key");
    assert_true(atls_cbor_bytes(&value, 0, 1024, &octets));
    assert_bytes(octets, test_fill(0x5b, 91));
    value = member("user_data");
    assert_true(atls_cbor_is_null(&value));
}

static void a_key_that_is_too_long_for_public_key_is_left_to_the_binder(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct atls_bytes out, octets;
    struct atls_cbor value;
    reset();
    assert_err(attest(&out, 1024, &diag), OK);
    value = member("public_key");
    assert_true(atls_cbor_bytes(&value, 1024, 1024, &octets));
    assert_err(attest(&out, 1025, &diag), OK);
    value = member("public_key");
    assert_true(atls_cbor_is_null(&value));
}

/* Each errno of the open or of the ioctl has its sentence, and the device is closed again. */
static void every_error_of_the_system_has_its_sentence(void **state)
{
    (void)state;
    static const struct {
        int number;
        enum atls_err err;
        const char *found;
    } rows[] = {
        {ENOENT, ATLS_ERR_ATTESTER, "no such device"},
        {ENODEV, ATLS_ERR_ATTESTER, "a device with no driver"},
        {ENXIO, ATLS_ERR_ATTESTER, "a device with no driver"},
        {EACCES, ATLS_ERR_ATTESTER, "no permission to use it"},
        {EPERM, ATLS_ERR_ATTESTER, "no permission to use it"},
        {ENOTTY, ATLS_ERR_ATTESTER, "something else than an NSM"},
        {EINVAL, ATLS_ERR_ATTESTER, "a driver that does not know the request"},
        {EMSGSIZE, ATLS_ERR_ATTESTER, "a message that is too long"},
        {E2BIG, ATLS_ERR_ATTESTER, "a message that is too long"},
        {ETIMEDOUT, ATLS_ERR_DEADLINE, "no answer in the driver's time"},
        {EBUSY, ATLS_ERR_BUSY, "a device that is in use"},
        {EAGAIN, ATLS_ERR_BUSY, "a device that is in use"},
        {ENOMEM, ATLS_ERR_MEMORY, "too little memory for the driver"},
        {EMFILE, ATLS_ERR_ATTESTER, "too many open files"},
        {ENFILE, ATLS_ERR_ATTESTER, "too many open files"},
        {EIO, ATLS_ERR_ATTESTER, "an error of the device"},
        {EXDEV, ATLS_ERR_ATTESTER, "errno 18"},
    };
    struct atls_diag diag;
    struct atls_bytes out;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        reset();
        nsm.open_result = -rows[i].number;
        assert_int_equal(attest(&out, 91, &diag), rows[i].err);
        assert_string_equal(diag.found, rows[i].found);
        assert_string_equal(diag.claim, "/dev/stand-in");
        assert_int_equal(nsm.num_closed, 0);
        reset();
        nsm.result = -rows[i].number;
        assert_int_equal(attest(&out, 91, &diag), rows[i].err);
        assert_string_equal(diag.found, rows[i].found);
        assert_int_equal(nsm.num_closed, 1);
    }
}

static void interruptions_are_repeated_and_bounded(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct atls_bytes out;
    reset();
    nsm.interrupted = 7;
    assert_err(attest(&out, 91, &diag), OK);
    assert_int_equal(nsm.num_exchanged, 8);
    reset();
    nsm.interrupted = 1000;
    assert_err(attest(&out, 91, &diag), ATTESTER);
    assert_int_equal(nsm.num_exchanged, 8);
    assert_int_equal(nsm.num_closed, 1);
    assert_string_equal(diag.found, "signals again and again");
    reset();
    nsm.interrupted = 1000;
    nsm.open_result = -EINTR;
    assert_err(attest(&out, 91, &diag), ATTESTER);
    assert_int_equal(nsm.num_closed, 0);
}

static void what_the_nsm_answers_is_read_strictly(void **state)
{
    (void)state;
    static const char *const errors[] = {"InvalidArgument", "InputTooLarge", "InternalError"};
    static const char *const others[] = {
        "",
        "a0",
        "f6",
        "80",
        "a16b4174746573746174696f6e80",
        "a16b4174746573746174696f6ea0",
        "a16b4174746573746174696f6ea168646f63756d656e74f6",
        "a16b4174746573746174696f6ea168646f63756d656e7440",
        "a16b4174746573746174696f6ea168646f63756d656e744100ff",
        "a1654572726f7201",
    };
    struct atls_diag diag;
    struct atls_bytes out;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(errors); i++) {
        reset();
        nsm.response = error_answer(errors[i]);
        assert_err(attest(&out, 91, &diag), ATTESTER);
        assert_non_null(strstr(diag.found, errors[i]));
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        reset();
        nsm.response = test_hex(others[i]);
        assert_err(attest(&out, 91, &diag), ATTESTER);
        assert_err(diag.err, ATTESTER);
    }
    reset();
    nsm.claimed_len = ATLS_NSM_MAX_RESPONSE + 1;
    assert_err(attest(&out, 91, &diag), ATTESTER);
    assert_non_null(strstr(diag.found, "a length that is not"));
}

static void judge_prefix(struct atls_bytes mutant, size_t at, void *context)
{
    struct atls_bytes document;
    struct atls_diag diag;
    (void)at;
    (void)context;
    assert_err(atls_nsm_read_response(&document, mutant, &diag), ATTESTER);
}

static void no_prefix_of_an_answer_is_one(void **state)
{
    (void)state;
    test_each_truncation(answer(test_fill(0x11, 40)), judge_prefix, NULL);
}

static void configurations_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "{\"rot\":\"nitro\",\"format\":\"nitro\"}",
        "{\"rot\":\"nitro\",\"format\":\"nitro\",\"device\":1}",
        "{\"rot\":\"nitro\",\"format\":\"nitro\",\"device\":\"\"}",
        "{\"rot\":\"nitro\",\"format\":\"nitro\",\"device\":\"dev/nsm\"}",
        "{\"rot\":\"nitro\",\"format\":\"nitro\",\"device\":\"/dev/nsm\",\"more\":1}",
    };
    struct atls_diag diag;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(texts); i++) {
        struct atls_attester *attester = NULL;
        assert_err(atls_attester_nitro.open(&attester, atls_bytes_text(texts[i]), &diag), CONFIG);
        assert_null(attester);
    }
}

static void the_table_is_whole(void **state)
{
    (void)state;
    struct evp_pkey_st *key = NULL;
    struct atls_diag diag;
    struct atls_attester *attester = opened();
    assert_int_equal(atls_attester_nitro.max_nonce(attester), 64);
    assert_err(atls_attester_nitro.load_key(attester, &key, none, &diag), KEY);
    assert_false(atls_attester_nitro.simulated);
    assert_false(atls_attester_nitro.computes);
    atls_attester_nitro.close(attester);
    atls_attester_nitro.close(NULL);
}

static enum atls_err provision(struct atls_provision *out, const char *setting,
                               struct atls_diag *diag)
{
    const struct atls_provision_request request = {.claims = &setting,
                                                   .num_claims = setting != NULL ? 1 : 0};
    memset(out, 0, sizeof *out);
    return atls_nitro_provision_with(out, &request, &fake, diag);
}

static void provision_describes_the_image_that_runs(void **state)
{
    (void)state;
    struct atls_provision made;
    struct atls_diag diag;
    reset();
    assert_err(provision(&made, NULL, &diag), OK);
    assert_string_equal(made.config_json,
                        "{\"rot\":\"nitro\",\"format\":\"nitro\",\"device\":\"/dev/nsm\"}");
    assert_string_equal(nsm.path, "/dev/nsm");
    assert_null(made.key_pem);
    assert_false(made.simulated);
    ATLS_AUTO(atls_json_cleanup) json_t *comid = NULL;
    assert_err(atls_json_parse(&comid, atls_bytes_text(made.comid_json), "comid", &diag), OK);
    const json_t *record =
        json_array_get(json_object_get(json_object_get(comid, "triples"), "reference-values"), 0);
    const json_t *list = json_object_get(record, "measurements");
    assert_int_equal(json_array_size(list), 4);
    static const json_int_t indices[] = {0, 1, 2, 8};
    for (size_t i = 0; i < 4; i++) {
        const json_t *key = json_object_get(json_array_get(list, i), "key");
        assert_int_equal(json_integer_value(json_object_get(key, "value")), indices[i]);
    }
    atls_provision_cleanup(&made);
    assert_err(provision(&made, "device=/dev/other", &diag), OK);
    assert_string_equal(nsm.path, "/dev/other");
    atls_provision_cleanup(&made);
    assert_err(provision(&made, "device=other", &diag), ARGUMENT);
    assert_err(provision(&made, "pcr.0=00", &diag), CONFIG);
    nsm.open_result = -ENOENT;
    assert_err(provision(&made, NULL, &diag), ATTESTER);
}

static void no_reference_values_come_of_debug_mode_or_of_what_is_no_document(void **state)
{
    (void)state;
    struct atls_provision made;
    struct atls_diag diag;
    for (int64_t changed = 0; changed <= 2; changed++) {
        struct test_map pcrs = {.num_pairs = 0};
        for (int64_t i = 0; i <= 2; i++) {
            test_map_set(&pcrs, test_cbor_int(i), test_cbor_fill(i == changed ? 0 : 1, 48));
        }
        reset();
        nsm.response = answer(document_of(&pcrs));
        assert_err(provision(&made, NULL, &diag), ATTESTER);
        assert_non_null(strstr(diag.found, "debug mode"));
        test_map_set(&pcrs, test_cbor_int(changed), test_cbor_fill(1, 47));
        nsm.response = answer(document_of(&pcrs));
        assert_err(provision(&made, NULL, &diag), ATTESTER);
        assert_non_null(strstr(diag.found, "another length"));
        test_map_drop(&pcrs, test_cbor_int(changed));
        nsm.response = answer(document_of(&pcrs));
        assert_err(provision(&made, NULL, &diag), ATTESTER);
    }
    static const char *const others[] = {"00", "80", "8440a040f6", "8443a10126a041a04100",
                                         "8443a10126a041804100"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        reset();
        nsm.response = answer(test_hex(others[i]));
        assert_err(provision(&made, NULL, &diag), ATTESTER);
    }
}

/* The real calls, on what is certainly no NSM. */
static void the_calls_of_linux_give_errno(void **state)
{
    (void)state;
    uint8_t octets[16];
    size_t len = 0;
    assert_int_equal(atls_nsm_linux.open("/dev/atls-no-such-device"), -ENOENT);
    const int descriptor = atls_nsm_linux.open("/dev/null");
    assert_true(descriptor >= 0);
    assert_int_equal(
        atls_nsm_linux.exchange(descriptor, none, (struct atls_buf){octets, sizeof octets}, &len),
        -ENOTTY);
    atls_nsm_linux.close(descriptor);
    assert_int_equal(
        atls_nsm_linux.exchange(descriptor, none, (struct atls_buf){octets, sizeof octets}, &len),
        -EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evidence_is_the_document_and_the_request_names_nonce_and_key),
        cmocka_unit_test(a_key_that_is_too_long_for_public_key_is_left_to_the_binder),
        cmocka_unit_test(every_error_of_the_system_has_its_sentence),
        cmocka_unit_test(interruptions_are_repeated_and_bounded),
        cmocka_unit_test(what_the_nsm_answers_is_read_strictly),
        cmocka_unit_test(no_prefix_of_an_answer_is_one),
        cmocka_unit_test(configurations_that_are_none_are_refused),
        cmocka_unit_test(the_table_is_whole),
        cmocka_unit_test(provision_describes_the_image_that_runs),
        cmocka_unit_test(no_reference_values_come_of_debug_mode_or_of_what_is_no_document),
        cmocka_unit_test(the_calls_of_linux_give_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
