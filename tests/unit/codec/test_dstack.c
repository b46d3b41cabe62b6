/* SPDX-License-Identifier: Apache-2.0 */
/* Extensions of dstack's certificates: quote and report, in SCALE and in MessagePack. */
#include "codec/dstack.h"
#include "support/cbor.h"
#include "support/check.h"
#include "support/memory.h"
#include "support/mutate.h"

/* wrapped gives an OCTET STRING around `hex`. */
static struct atls_bytes wrapped(const char *hex)
{
    const struct atls_bytes content = test_hex(hex);
    const struct atls_buf room = test_room(content.len + 2);
    assert_true(content.len < 0x80);
    room.data[0] = 0x04;
    room.data[1] = (uint8_t)content.len;
    memcpy(&room.data[2], content.data, content.len);
    return atls_bytes_of(room.data, room.cap);
}

/* What an attestation is: of which platform, and its quote or report; "" where it is refused. */
struct row {
    const char *hex;
    enum atls_dstack_platform platform;
    const char *evidence;
};

/* {"version": 1, "platform": {"kind": "tdx", "data": {...}}, "stack": {...}} and others. */
#define VERSION  "a776657273696f6e01"
#define PLATFORM "a8706c6174666f726d"
#define KIND     "a46b696e64"
#define DATA     "a464617461"
#define TDX      "a3746478"
#define SNP      "a77365762d736e70"
#define GCP      "a76763702d746478"
#define QUOTE    "a571756f7465"
#define REPORT   "a67265706f7274"
#define LOG      "a96576656e745f6c6f67"
#define STACK    "a5737461636b"

static const struct row good[] = {
    {"00000caabbcc00", ATLS_DSTACK_TDX, "aabbcc"},
    {"00030caabbcc", ATLS_DSTACK_SNP, "aabbcc"},
    {"83" VERSION PLATFORM "82" KIND TDX DATA "82" QUOTE "93ccaa0b00" LOG "90" STACK "c0",
     ATLS_DSTACK_TDX, "aa0b00"},
    {"83" STACK "82a161cb0000000000000000a16293d0ffe0dd00000000" VERSION PLATFORM "82" DATA
     "81" QUOTE "c403aabbcc" KIND TDX,
     ATLS_DSTACK_TDX, "aabbcc"},
    {"81" PLATFORM "82" KIND SNP DATA "82" REPORT "dc00027f01" LOG "c0", ATLS_DSTACK_SNP, "7f01"},
};

static const struct {
    const char *hex;
    enum atls_err err;
} bad[] = {
    {"", ATLS_ERR_MALFORMED},
    {"00", ATLS_ERR_MALFORMED},
    {"0005", ATLS_ERR_MALFORMED},
    {"000000", ATLS_ERR_MALFORMED},         /* no octets */
    {"00000daa00bbcc", ATLS_ERR_MALFORMED}, /* three, not in the shortest form */
    {"00000e000000aabbcc", ATLS_ERR_MALFORMED},
    {"00000f00000000", ATLS_ERR_MALFORMED}, /* a big number */
    {"000010aabbcc", ATLS_ERR_MALFORMED},   /* four, and there are three */
    {"000100", ATLS_ERR_EVIDENCE_TYPE},
    {"000200", ATLS_ERR_EVIDENCE_TYPE},
    {"000400", ATLS_ERR_EVIDENCE_TYPE},
    {"93010203", ATLS_ERR_MALFORMED},
    {"81" VERSION, ATLS_ERR_MALFORMED},
    {"81" PLATFORM "82" KIND TDX DATA "81" QUOTE "c403aabbcc00", ATLS_ERR_MALFORMED}, /* a rest */
    {"82" PLATFORM "82" KIND TDX DATA "81" QUOTE "c401aa" PLATFORM "82" KIND TDX DATA "81" QUOTE
     "c401bb",
     ATLS_ERR_MALFORMED}, /* twice */
    {"81" PLATFORM "82" KIND TDX DATA "82" QUOTE "c401aa" QUOTE "c401bb", ATLS_ERR_MALFORMED},
    {"81" PLATFORM "82" KIND GCP DATA "81" QUOTE "c401aa", ATLS_ERR_EVIDENCE_TYPE},
    {"81" PLATFORM "82" KIND TDX DATA "81" QUOTE "c400", ATLS_ERR_MALFORMED},
    {"81" PLATFORM "82" KIND TDX DATA "81" QUOTE "90", ATLS_ERR_MALFORMED},
    {"81" PLATFORM "82" KIND TDX DATA "81" QUOTE "91cd0100", ATLS_ERR_MALFORMED}, /* 256 */
    {"81" PLATFORM "82" KIND TDX DATA "81" QUOTE "a161", ATLS_ERR_MALFORMED},
    {"81" PLATFORM "81" KIND TDX, ATLS_ERR_MALFORMED},
    {"81" PLATFORM "c0", ATLS_ERR_MALFORMED},
    {"82" PLATFORM "82" KIND TDX DATA "81" QUOTE "c401aa01c0", ATLS_ERR_MALFORMED}, /* a key 1 */
    {"82" STACK "ddffffffff" PLATFORM "c0", ATLS_ERR_MALFORMED}, /* more items than octets */
    {"82" STACK "dfffffffff" PLATFORM "c0", ATLS_ERR_MALFORMED},
    {"82" STACK "c701aa" PLATFORM "c0", ATLS_ERR_MALFORMED}, /* an extension */
    {"82" STACK "c1" PLATFORM "c0", ATLS_ERR_MALFORMED},
};

static enum atls_err read(struct atls_dstack *out, struct atls_buf room, struct atls_bytes input)
{
    struct atls_diag diag = {.err = ATLS_OK};
    const enum atls_err err = atls_dstack_attestation(out, room, input, &diag);
    assert_int_equal(diag.err, err);
    return err;
}

static void quotes_and_reports_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(good); i++) {
        const struct atls_bytes input = wrapped(good[i].hex);
        const struct atls_buf room = test_room(input.len);
        struct atls_dstack found;
        assert_err(read(&found, room, input), OK);
        assert_int_equal(found.platform, good[i].platform);
        assert_bytes(atls_bytes_of(room.data, found.len), test_hex(good[i].evidence));
    }
}

static void other_attestations_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        struct atls_dstack found;
        const struct atls_bytes input = wrapped(bad[i].hex);
        print_message("%s\n", bad[i].hex);
        assert_string_equal(atls_err_name(read(&found, test_room(input.len), input)),
                            atls_err_name(bad[i].err));
    }
}

static void a_room_that_is_too_small_is_not_written_beyond(void **state)
{
    (void)state;
    struct atls_dstack found;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(good); i++) {
        assert_err(read(&found, test_room(1), wrapped(good[i].hex)), MALFORMED);
    }
}

static void is_refused(struct atls_bytes mutant, size_t at, void *context)
{
    struct atls_dstack found;
    (void)at;
    (void)context;
    assert_int_not_equal(read(&found, test_room(mutant.len + 1), mutant), ATLS_OK);
}

static void does_not_crash(struct atls_bytes mutant, size_t at, void *context)
{
    struct atls_dstack found;
    (void)at;
    (void)context;
    (void)read(&found, test_room(mutant.len), mutant);
}

static void every_prefix_is_refused_and_every_bit_is_survived(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(good); i++) {
        test_each_truncation(wrapped(good[i].hex), is_refused, NULL);
        test_each_bit_flip(wrapped(good[i].hex), does_not_crash, NULL);
    }
}

static void the_older_extension_is_an_octet_string(void **state)
{
    (void)state;
    struct atls_bytes quote;
    assert_err(atls_dstack_quote(&quote, wrapped("0400aa"), NULL), OK);
    assert_bytes(quote, test_hex("0400aa"));
    assert_err(atls_dstack_quote(&quote, test_hex("0400aa"), NULL), MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_and_reports_are_found),
        cmocka_unit_test(other_attestations_are_refused),
        cmocka_unit_test(a_room_that_is_too_small_is_not_written_beyond),
        cmocka_unit_test(every_prefix_is_refused_and_every_bit_is_survived),
        cmocka_unit_test(the_older_extension_is_an_octet_string),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
