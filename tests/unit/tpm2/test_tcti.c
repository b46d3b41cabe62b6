/* SPDX-License-Identifier: Apache-2.0 */
/* The transport, and what comes over it that is no TPM. */
#define _XOPEN_SOURCE 700 /* posix_openpt */

#include "job_test.h"

#include "attester/clock.h"
#include "attester/tpm2/tcti.h"
#include "support/fake_tpm.h"
#include "support/memory.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <termios.h>

/* ---- configurations ---- */

static void other_configurations_of_swtpm_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "swtpm:x",
        "swtpm:path=",
        "swtpm:path",
        "swtpm:host=",
        "swtpm:port=",
        "swtpm:path=/a,path=/b",
        "swtpm:path=/a,port=1",
        "swtpm:host=127.0.0.1,path=/a",
        "swtpm:host=127.0.0.1,host=127.0.0.1",
        "swtpm:port=1,port=2",
        "swtpm:port=123456789",
        "swtpm:Path=/a",
        "swtpm: path=/a",
        "swtpm::",
        "swtpm:,",
        "swtpm:port=1,,host=127.0.0.1",
        "swtpm:host=0000000000000000000000000000000000000000000000000000000000000000",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        struct atls_tcti *tcti = NULL;
        struct atls_diag diag;
        assert_err(atls_tcti_open(&tcti, cases[i], atls_attester_now_ms() + 1000, &diag), CONFIG);
        assert_null(tcti);
        assert_string_equal(diag.claim, "TCTI swtpm");
    }
}

static void a_path_that_is_too_long_is_refused(void **state)
{
    (void)state;
    char conf[200] = "swtpm:path=/";
    memset(&conf[12], 'a', 150);
    struct atls_tcti *tcti = NULL;
    struct atls_diag diag;
    assert_err(atls_tcti_open(&tcti, conf, atls_attester_now_ms() + 1000, &diag), CONFIG);
}

static void names_of_hosts_are_not_looked_up(void **state)
{
    (void)state;
    static const char *const cases[] = {"swtpm:host=tpm.example,port=1",
                                        "swtpm:host=127.0.0.1,port=x",
                                        "swtpm:host=1.2.3,port=99999"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        struct atls_tcti *tcti = NULL;
        struct atls_diag diag;
        assert_err(atls_tcti_open(&tcti, cases[i], atls_attester_now_ms() + 1000, &diag), TPM);
        assert_null(tcti);
    }
}

/* ---- responses ---- */

/* The octets that this TPM says to every command. */
static long say(void *context, struct atls_bytes command, struct atls_buf out)
{
    const struct atls_bytes *words = context;
    (void)command;
    memcpy(out.data, words->data, words->len);
    return words->len == 0 ? TEST_FAKE_HANG_UP : (long)words->len;
}

static enum atls_err ask(const char *hex, uint32_t timeout_ms, struct atls_diag *diag)
{
    struct atls_bytes words = test_hex(hex);
    struct test_fake_tpm fake;
    test_fake_start(&fake, say, &words, NULL);
    struct atls_tpm *tpm = open_tpm(fake.tcti, 4);
    struct fate fate = {0};
    const enum atls_err err = run_random(tpm, &fate, timeout_ms, diag);
    atls_tpm_unref(tpm);
    test_fake_stop(&fake);
    return err;
}

static void what_is_no_response_is_refused_at_once(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "00000000000000000000",                     /* zeros */
        "ffffffffffffffffffff",                     /* ones */
        "80010000000900000000",                     /* shorter than a header */
        "80010000000000000000",                     /* */
        "800100001001 00000000",                    /* longer than any */
        "8001ffffffff00000000",                     /* */
        "00c40000000a00000000",                     /* TPM 1.2 */
        "80030000000a00000000",                     /* no such tag */
        "80010000000a00000009",                     /* "ask again", as tpm2-tss says it */
        "80010000000a00070009",                     /* a code of tpm2-tss's own layers */
        "80010000000a000a000a",                     /* */
        "80010000000a000b0101",                     /* a resource manager's, where there is none */
        "80010000000a00ff0000",                     /* a layer that nobody has */
        "80010000000a80000101",                     /* */
        "80010000000a00001101",                     /* more than twelve bits */
        "80010000000a00000001",                     /* TPM 1.2's codes */
        "48545450 2f312e31 20343030 20426164 0d0a", /* HTTP */
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        struct atls_diag diag;
        assert_err(ask(cases[i], 60000, &diag), TPM);
        assert_string_equal(diag.found, "octets that are no response");
    }
}

static void no_words_are_a_lost_connection(void **state)
{
    (void)state;
    struct atls_diag diag;
    assert_err(ask("", 60000, &diag), TPM);
    assert_string_equal(diag.found, "the connection was lost");
}

static void half_a_response_is_waited_for_until_the_deadline(void **state)
{
    (void)state;
    struct atls_diag diag;
    assert_err(ask("80", 100, &diag), DEADLINE);
    assert_err(ask("8001000000140000000000080102", 100, &diag), DEADLINE);
}

static void octets_behind_a_response_are_refused(void **state)
{
    (void)state;
    /* the answer to TPM2_Startup, and more: it is not taken for the next answer */
    struct atls_diag diag;
    assert_err(ask("80010000000a00000100 00", 60000, &diag), TPM);
    assert_string_equal(diag.found, "octets that are no response");
    assert_err(ask("80010000000a00000100 80010000001400000000 0008 0102030405060708", 60000, &diag),
               TPM);
    assert_string_equal(diag.found, "octets that are no response");
}

static void a_refusal_of_the_tpm_is_passed_on(void **state)
{
    (void)state;
    struct atls_diag diag;
    assert_err(ask("80010000000a00000101", 60000, &diag), TPM); /* TPM_RC_FAILURE */
    assert_string_equal(diag.claim, "TPM2_Startup");
    assert_non_null(strstr(diag.found, "failure"));
}

static void a_tpm_that_retries_for_ever_is_given_up(void **state)
{
    (void)state;
    struct atls_diag diag;
    assert_err(ask("80010000000a00000922", 60000, &diag), TPM); /* TPM_RC_RETRY */
    assert_err(ask("80010000000a0000090a", 60000, &diag), TPM); /* TPM_RC_TESTING */
}

static void a_resource_manager_may_add_its_layer(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        bool alone, shared;
    } cases[] = {
        {"80010000000a00000000", true, true},   {"80020000000a00000000", true, true},
        {"80010000000a00000100", true, true},   {"80010000000a0000018b", true, true},
        {"80010000000a00000922", true, true},   {"80010000000a000b0143", false, true},
        {"80010000000a000c0902", false, true},  {"80010000000a000b000d", false, true},
        {"80010000000a000b0009", false, false}, {"80010000000a000b0000", false, false},
        {"80010000000a000c0009", false, false}, {"80010000000a000a0101", false, false},
        {"80010000000b00000000", false, false}, {"80010000000900000000", false, false},
    };
    struct atls_tcti alone = {.shared = false}, shared = {.shared = true};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        const struct atls_bytes response = test_hex(cases[i].hex);
        assert_int_equal(atls_tcti_plausible(&alone, response), cases[i].alone);
        assert_int_equal(atls_tcti_plausible(&shared, response), cases[i].shared);
        for (size_t len = 0; len < response.len; len++) {
            assert_false(
                atls_tcti_plausible(&shared, test_copy(atls_bytes_of(response.data, len))));
        }
    }
}

/* ---- real ones, by every way ---- */

static struct test_swtpm swtpm;

static int start(void **state)
{
    (void)state;
    test_swtpm_start(&swtpm);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    test_swtpm_stop(&swtpm);
    return 0;
}

static long forward(void *context, struct atls_bytes command, struct atls_buf out)
{
    return test_fake_forward(context, command, out);
}

static void a_port_works_like_a_path(void **state)
{
    (void)state;
    struct test_fake_tpm relay;
    test_fake_start_tcp(&relay, forward, &relay, swtpm.socket);
    struct atls_provision made = provision(relay.tcti, NULL, NULL, 0);
    char local[64];
    snprintf(local, sizeof local, "swtpm:port=%s", strstr(relay.tcti, "port=") + 5);
    struct atls_tpm *tpm = open_tpm(local, 4); /* host left out */
    struct fate fate = {0};
    struct atls_diag diag;
    test_sleep_ms(ATLS_TPM_IDLE_MS); /* the relay, too, serves one at a time */
    assert_done(run_random(tpm, &fate, 10000, &diag), &diag);
    atls_tpm_unref(tpm);
    atls_provision_cleanup(&made);
    test_fake_stop(&relay);
}

/* A device file: a terminal in raw mode, with swtpm behind it. */
struct device {
    pthread_t thread;
    struct test_fake_tpm relay; /* only for its connection to the real TPM */
    atomic_bool end, silent;
    int master, slave;
    char conf[64];
};

static void *serve_device(void *argument)
{
    struct device *device = argument;
    uint8_t command[4096], answer[8192];
    size_t len = 0;
    while (!atomic_load(&device->end)) {
        struct pollfd ready = {device->master, POLLIN, 0};
        if (poll(&ready, 1, 20) != 1) {
            continue;
        }
        const ssize_t some = read(device->master, &command[len], sizeof command - len);
        len += some > 0 ? (size_t)some : 0;
        const size_t wanted = len < 10 ? 10 : (size_t)command[4] << 8 | command[5];
        if (len < wanted || atomic_load(&device->silent)) {
            len = atomic_load(&device->silent) ? 0 : len;
            continue;
        }
        const struct atls_buf room = {answer, sizeof answer};
        const long said = test_fake_forward(&device->relay, atls_bytes_of(command, len), room);
        len = 0;
        if (said > 0 && write(device->master, answer, (size_t)said) != said) {
            break;
        }
    }
    return NULL;
}

static void device_start(struct device *device)
{
    memset(device, 0, sizeof *device);
    test_fake_start(&device->relay, forward, &device->relay, swtpm.socket);
    device->master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(device->master >= 0);
    assert_int_equal(grantpt(device->master), 0);
    assert_int_equal(unlockpt(device->master), 0);
    snprintf(device->conf, sizeof device->conf, "device:%s", ptsname(device->master));
    device->slave = open(&device->conf[7], O_RDWR | O_NOCTTY);
    assert_true(device->slave >= 0);
    struct termios raw;
    assert_int_equal(tcgetattr(device->slave, &raw), 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(device->slave, TCSANOW, &raw), 0);
    assert_int_equal(pthread_create(&device->thread, NULL, serve_device, device), 0);
}

static void device_stop(struct device *device)
{
    atomic_store(&device->end, true);
    pthread_join(device->thread, NULL);
    close(device->slave);
    close(device->master);
    test_fake_stop(&device->relay);
}

static void a_device_works_through_the_loader(void **state)
{
    (void)state;
    struct device device;
    device_start(&device);
    struct atls_provision made = provision(device.conf, NULL, NULL, 0);
    struct atls_attester *attester = open_attester(made.config_json);
    EVP_PKEY *key = load_key(attester, made.key_pem);
    uint8_t octets[2048], *spki = NULL;
    const int spki_len = i2d_PUBKEY(key, &spki);
    const struct atls_buf room = {octets, sizeof octets};
    const struct atls_attest_request request = {atls_bytes_text("nonce"),
                                                atls_bytes_of(spki, (size_t)spki_len), 10000};
    size_t len = 0;
    struct atls_diag diag;
    assert_done(tpm2->attest(attester, room, &len, &request, &diag), &diag);
    /* and where it hangs, the deadline holds */
    atomic_store(&device.silent, true);
    const struct atls_attest_request brief = {request.nonce, request.spki, 300};
    assert_err(tpm2->attest(attester, room, &len, &brief, &diag), DEADLINE);
    atomic_store(&device.silent, false);
    assert_done(tpm2->attest(attester, room, &len, &request, &diag), &diag);
    OPENSSL_free(spki);
    EVP_PKEY_free(key);
    tpm2->close(attester);
    atls_provision_cleanup(&made);
    device_stop(&device);
}

int main(void)
{
    setenv("TSS2_LOG", "all+none", 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_configurations_of_swtpm_are_refused),
        cmocka_unit_test(a_path_that_is_too_long_is_refused),
        cmocka_unit_test(names_of_hosts_are_not_looked_up),
        cmocka_unit_test(what_is_no_response_is_refused_at_once),
        cmocka_unit_test(no_words_are_a_lost_connection),
        cmocka_unit_test(half_a_response_is_waited_for_until_the_deadline),
        cmocka_unit_test(octets_behind_a_response_are_refused),
        cmocka_unit_test(a_refusal_of_the_tpm_is_passed_on),
        cmocka_unit_test(a_tpm_that_retries_for_ever_is_given_up),
        cmocka_unit_test(a_resource_manager_may_add_its_layer),
        cmocka_unit_test_setup_teardown(a_port_works_like_a_path, start, stop),
        cmocka_unit_test_setup_teardown(a_device_works_through_the_loader, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
