/* SPDX-License-Identifier: Apache-2.0 */
/* The signer as a process of its own: what it signs, how often, for whom, and what it may do. */
#include "support/check.h"
#include "support/folder.h"

#include "crypto/crypto.h"
#include "crypto/key.h"
#include "json/file.h"
#include "svc/verifier/batch.h"
#include "svc/verifier/frame.h"
#include "svc/verifier/message.h"
#include "svc/verifier/sandbox.h"
#include "svc/verifier/signer.h"
#include "svc/verifier/ticket.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char folder[64], key_file[96];
static struct verifier_ticket_key ticket_key;

static int make_key(void **state)
{
    (void)state;
    struct atls_key *key = NULL;
    char *pem = NULL;
    test_folder_make(folder, sizeof folder, "signer");
    (void)snprintf(key_file, sizeof key_file, "%s/key.pem", folder);
    assert_err(atls_key_generate(&key, ATLS_CRV_P256, NULL), OK);
    assert_err(verifier_ticket_key_of(&ticket_key, atls_crypto_openssl(), key, NULL), OK);
    assert_err(atls_key_to_private_pem(&pem, key, NULL), OK);
    assert_err(atls_file_write(key_file, atls_bytes_text(pem), ATLS_FILE_SECRET, NULL), OK);
    atls_pem_free(pem);
    atls_key_free(key);
    return 0;
}

static int remove_key(void **state)
{
    (void)state;
    test_folder_remove(folder);
    return 0;
}

struct signer {
    pid_t pid;
    int fd;
};

static struct signer start(void)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        const struct verifier_signer_config config = {.key_files = {key_file},
                                                      .num_keys = 1,
                                                      .issuer = "https://verifier.example",
                                                      .result_ttl_s = 300,
                                                      .max_sessions = 100};
        close(ends[0]);
        _exit(verifier_signer_run(ends[1], &config));
    }
    assert_true(pid > 0);
    close(ends[1]);
    return (struct signer){pid, ends[0]};
}

static void stop(const struct signer *signer)
{
    int status = 0;
    close(signer->fd);
    assert_int_equal(waitpid(signer->pid, &status, 0), signer->pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ask sends one message, and gives the one that answers; the frame is the caller's. */
static struct verifier_packed ask(const struct signer *signer, struct verifier_frame *frame,
                                  uint8_t type, verifier_put_function *put, const void *message)
{
    struct verifier_packer packer = {.data = NULL};
    struct verifier_packed items[VERIFIER_MAX_BATCH];
    struct atls_bytes octets;
    size_t num = 0;
    verifier_pack(&packer, type, put, message);
    assert_err(verifier_pack_octets(&octets, &packer), OK);
    assert_err(verifier_frame_send(signer->fd, VERIFIER_BATCH, octets, -1, NULL), OK);
    verifier_packer_cleanup(&packer);
    assert_err(verifier_frame_receive(signer->fd, frame, VERIFIER_MAX_FRAME_LEN, -1, NULL), OK);
    assert_int_equal(frame->type, VERIFIER_BATCH);
    assert_err(verifier_unpack(items, &num, atls_bytes_of(frame->payload, frame->len)), OK);
    assert_int_equal(num, 1);
    return items[0];
}

struct session {
    char id[VERIFIER_TICKET_TEXT_LEN + 1];
    uint8_t nonce[32];
};

static struct atls_bytes nonce_of(const struct session *session)
{
    return atls_bytes_of(session->nonce, sizeof session->nonce);
}

static struct session open_one(const struct signer *signer)
{
    const struct verifier_open request = {.nonce_len = 32, .ttl_s = 150};
    struct verifier_frame frame;
    struct verifier_opened opened;
    struct session session = {.id = ""};
    const struct verifier_packed answer =
        ask(signer, &frame, VERIFIER_OPEN, verifier_put_open, &request);
    assert_int_equal(answer.type, VERIFIER_OPENED);
    assert_err(verifier_opened_read(&opened, answer.payload), OK);
    assert_err(opened.why.err, OK);
    assert_int_equal(opened.id.len, VERIFIER_TICKET_TEXT_LEN);
    assert_int_equal(opened.nonce.len, sizeof session.nonce);
    memcpy(session.id, opened.id.data, opened.id.len);
    memcpy(session.nonce, opened.nonce.data, opened.nonce.len);
    verifier_frame_cleanup(&frame);
    return session;
}

/* sign has a Result made that says why there is no appraisal. */
static enum atls_err sign(const struct signer *signer, const struct session *session)
{
    struct verifier_outcome outcome = {.format = &atls_formats[0]};
    struct verifier_octets octets;
    struct verifier_frame frame;
    struct verifier_text text;
    (void)atls_fail_texts(&outcome.why, ATLS_ERR_FRESHNESS, "evidence freshness", "psa-nonce",
                          "another", "the nonce");
    assert_err(verifier_message_write(&octets, verifier_put_whole_outcome, &outcome), OK);
    const struct verifier_sign request = {.id = atls_bytes_text(session->id),
                                          .nonce = nonce_of(session),
                                          .outcome = atls_bytes_of(octets.data, octets.len)};
    const struct verifier_packed answer =
        ask(signer, &frame, VERIFIER_SIGN, verifier_put_sign, &request);
    assert_int_equal(answer.type, VERIFIER_SIGNED);
    assert_err(verifier_text_read(&text, answer.payload), OK);
    const enum atls_err err = text.why.err;
    assert_int_equal(err == ATLS_OK, text.text.len != 0);
    verifier_frame_cleanup(&frame);
    free(octets.data);
    return err;
}

static void an_open_session_has_one_result_for_its_own_nonce(void **state)
{
    (void)state;
    const struct signer signer = start();
    const struct session one = open_one(&signer);
    const struct session two = open_one(&signer);
    assert_memory_not_equal(one.nonce, two.nonce, sizeof one.nonce);
    struct session other = one;
    other.nonce[31] ^= 1;
    assert_err(sign(&signer, &other), SIGNATURE);
    memcpy(other.id, two.id, sizeof other.id);
    memcpy(other.nonce, one.nonce, sizeof other.nonce);
    assert_err(sign(&signer, &other), SIGNATURE);
    assert_err(sign(&signer, &one), OK);
    assert_err(sign(&signer, &one), CONFLICT);
    assert_err(sign(&signer, &two), OK);
    stop(&signer);
}

static void the_next_signer_with_the_key_goes_on_and_no_other(void **state)
{
    (void)state;
    const struct signer before = start();
    const struct session session = open_one(&before);
    stop(&before);
    const struct signer after = start();
    assert_err(sign(&after, &session), OK);
    struct session foreign = session;
    foreign.id[10] = foreign.id[10] == 'A' ? 'B' : 'A';
    assert_err(sign(&after, &foreign), SIGNATURE);
    stop(&after);
}

/* session_until makes what a signer made that much from now. */
static struct session session_until(int64_t seconds)
{
    struct session session = {.nonce = {(uint8_t)seconds}};
    const struct verifier_ticket ticket = {.random = {(uint8_t)seconds, 2},
                                           .end_s = time(NULL) + seconds};
    assert_err(verifier_ticket_write(session.id, atls_crypto_openssl(), &ticket_key, &ticket,
                                     nonce_of(&session), NULL),
               OK);
    return session;
}

static void a_session_that_ended_long_ago_has_no_result(void **state)
{
    (void)state;
    const struct signer signer = start();
    const struct session open = session_until(100);
    const struct session appraised_for_long = session_until(-100);
    const struct session ended = session_until(-400);
    assert_err(sign(&signer, &open), OK);
    assert_err(sign(&signer, &appraised_for_long), OK);
    assert_err(sign(&signer, &ended), TIMEOUT);
    stop(&signer);
}

static void it_may_do_nothing_but_compute_and_answer(void **state)
{
    (void)state;
    char path[64], line[128];
    bool seen = false;
    const struct signer signer = start();
    (void)open_one(&signer); /* its keys are read by now */
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)signer.pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        unsigned mode = 0;
        if (sscanf(line, "Seccomp: %u", &mode) == 1) {
            seen = true;
            assert_int_equal(mode, strcmp(verifier_sandbox_name(), "seccomp") == 0 ? 2 : 0);
        }
    }
    (void)fclose(file);
    assert_true(seen);
    stop(&signer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_session_has_one_result_for_its_own_nonce),
        cmocka_unit_test(the_next_signer_with_the_key_goes_on_and_no_other),
        cmocka_unit_test(a_session_that_ended_long_ago_has_no_result),
        cmocka_unit_test(it_may_do_nothing_but_compute_and_answer),
    };
    return cmocka_run_group_tests(tests, make_key, remove_key);
}
