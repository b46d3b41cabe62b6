/* SPDX-License-Identifier: Apache-2.0 */
#include "support/machine.h"

#include "crypto/cert.h"
#include "endorsement/corim_create.h"
#include "support/check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static struct test_world the_world;

static void write_corim(struct test_machine *machine)
{
    uint8_t *corim = NULL;
    size_t len = 0;
    const struct atls_bytes comid = atls_bytes_text(machine->provision.comid_json);
    assert_err(atls_corim_create(&corim, &len, &comid, 1, "tag:arm.com,2025:psa#1.0.0", true, NULL),
               OK);
    snprintf(machine->corim_path, sizeof machine->corim_path, "/tmp/atls-test-XXXXXX");
    const int fd = mkstemp(machine->corim_path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, corim, len), len);
    close(fd);
    free(corim);
}

static void make_machine(struct test_machine *machine)
{
    static const char *const names[] = {"localhost"};
    const struct atls_cert_spec spec = {
        .names = names, .num_names = 1, .not_before_s = (int64_t)time(NULL) - 60, .days = 2};
    const struct atls_provision_request request = {NULL, NULL, NULL, 0};
    const struct atls_bytes ca = atls_bytes_text(the_world.ca);
    assert_err(atls_key_generate(&machine->key, ATLS_CRV_P256, NULL), OK);
    assert_err(atls_ca_issue(&machine->cert, ca, the_world.ca_key, machine->key, &spec, NULL), OK);
    assert_err(atls_cert_self_signed(&machine->self_signed, machine->key, &spec, NULL), OK);
    assert_err(the_world.attester->provision(&machine->provision, &request, NULL), OK);
    write_corim(machine);
}

static void free_machine(struct test_machine *machine)
{
    unlink(machine->corim_path);
    atls_key_free(machine->key);
    atls_pem_free(machine->cert);
    atls_pem_free(machine->self_signed);
    atls_provision_cleanup(&machine->provision);
}

static void free_world(void)
{
    free_machine(&the_world.client);
    free_machine(&the_world.server);
    free_machine(&the_world.other);
    atls_pem_free(the_world.ca);
    atls_key_free(the_world.ca_key);
}

struct test_world *test_world(const struct atls_attester_ops *attester)
{
    if (the_world.ca != NULL) {
        return &the_world;
    }
    the_world.attester = attester;
    assert_err(atls_key_generate(&the_world.ca_key, ATLS_CRV_P256, NULL), OK);
    assert_err(
        atls_ca_create(&the_world.ca, the_world.ca_key, "tests", (int64_t)time(NULL) - 60, 2, NULL),
        OK);
    make_machine(&the_world.client);
    make_machine(&the_world.server);
    make_machine(&the_world.other);
    atexit(free_world);
    return &the_world;
}

static void set_limits(struct atls_context *context, const struct test_spec *spec)
{
    if (spec->extension_type != 0) {
        assert_err(atls_context_set_extension_type(context, spec->extension_type, NULL), OK);
    }
    if (spec->timeout_ms != 0) {
        assert_err(atls_context_set_timeout(context, spec->timeout_ms, NULL), OK);
    }
    if (spec->threads != 0) {
        assert_err(atls_context_set_workers(context, spec->threads, spec->max_queue, NULL), OK);
    }
    if (spec->executor != NULL) {
        assert_err(atls_context_set_executor(context, spec->executor, spec->executor_arg, NULL),
                   OK);
    }
}

struct atls_context *test_context(const struct test_world *world, const struct test_spec *spec)
{
    struct atls_context *context = NULL;
    assert_err(atls_context_new(&context, NULL), OK);
    if (spec->attests != NULL) {
        const struct atls_bytes config = atls_bytes_text(spec->attests->provision.config_json);
        assert_err(atls_context_add_attester(
                       context, spec->ops != NULL ? spec->ops : world->attester, config, NULL),
                   OK);
    }
    if (spec->requires != NULL) {
        assert_err(atls_context_require(context, "psa", NULL), OK);
        assert_err(atls_context_load_endorsements(context, spec->requires->corim_path, NULL), OK);
        if (!spec->no_simulated) {
            assert_err(atls_context_allow_simulated(context, NULL), OK);
        }
    }
    if (spec->policy != NULL) {
        assert_err(atls_context_set_policy(context, atls_bytes_text(spec->policy), NULL), OK);
    }
    if (spec->revoked != NULL) {
        assert_err(atls_context_set_revoked(context, atls_bytes_text(spec->revoked), NULL), OK);
    }
    if (spec->resume) {
        assert_err(atls_context_set_resume(context, NULL), OK);
    }
    if (spec->clock != NULL) {
        assert_err(atls_context_set_clock(context, spec->clock, spec->clock_arg, NULL), OK);
    }
    if (spec->no_pkix) {
        assert_err(atls_context_set_no_pkix(context, NULL), OK);
    }
    if (spec->keep_claims) {
        assert_err(atls_context_keep_claims(context, NULL), OK);
    }
    if (spec->timing != ATLS_TIMING_NONE) {
        assert_err(atls_context_set_timing(context, spec->timing, NULL), OK);
    }
    if (spec->framed) {
        assert_err(atls_context_set_framed(context, NULL), OK);
    }
    if (spec->reattest != NULL) {
        assert_err(atls_context_set_reattest(context, spec->reattest[0], spec->reattest[1],
                                             spec->late, NULL),
                   OK);
    }
    if (spec->own_carriage) {
        assert_err(atls_context_set_own_carriage(context, NULL), OK);
    }
    set_limits(context, spec);
    return context;
}

const char *test_sentence(const struct atls_diag *diag)
{
    static char sentence[ATLS_MAX_SENTENCE_LEN + 1];
    atls_diag_sentence(sentence, sizeof sentence, diag);
    return sentence;
}

unsigned test_open_files(void)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}
