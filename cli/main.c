/* SPDX-License-Identifier: Apache-2.0 */
/* atls: one binary with verbs. */
#include "cli.h"

#include "atls_build.h"
#include "base/diag.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct cli_verb verbs[] = {
    {"demo", cli_demo, "client and server on loopback: attested handshakes, and refusals"},
    {"keygen", cli_keygen, "make a key, a certificate, an attester and its endorsement"},
    {"serve", cli_serve, "accept attested TLS: echo, run a command, or forward"},
    {"connect", cli_connect, "standard input and output over attested TLS"},
    {"attest", cli_attest, "make Evidence over a nonce"},
    {"appraise", cli_appraise, "appraise Evidence, give an Attestation Result"},
    {"corim", cli_corim, "make, sign, verify and show endorsements (CoRIM)"},
    {"inspect", cli_inspect, "explain Evidence, Results, endorsements, certificates, keys"},
#if ATLS_NET
    {"passport", cli_passport, "have a Verifier's Result about us, to bring it along"},
#endif
#if ATLS_VERIFIER
    {"verifier", cli_verifier, "appraise for others: a service over HTTP"},
#endif
    {"version", cli_version, "what is built in"},
};

/* Verbs of later versions: told apart from a slip of the finger. */
static const char *const not_built[] = {
#if !ATLS_VERIFIER
    "verifier",
#endif
#if !ATLS_NET
    "passport",
#endif
    "proxy", "run", "bench"};

static void usage(FILE *stream)
{
    fputs("usage: atls VERB [OPTIONS]\n"
          "Attested TLS 1.3: a peer proves what it runs, inside the handshake.\n\n",
          stream);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(verbs); i++) {
        fprintf(stream, "  %-10s %s\n", verbs[i].name, verbs[i].line);
    }
    fputs("\n`atls VERB -h` lists the options of a verb; `man atls` has the whole.\n"
          "exit status: 0 done, 1 usage or our own side, 2 refused, 3 no connection\n",
          stream);
}

static bool wants_json(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            return true;
        }
    }
    return false;
}

/* refuse says what is wrong with a word that is no verb here, in the form that was asked for. */
static int refuse(const char *word, bool json)
{
    char sentence[ATLS_MAX_SENTENCE_LEN + 1];
    struct atls_diag diag;
    enum atls_err err = ATLS_ERR_CONFIG;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(not_built); i++) {
        if (strcmp(word, not_built[i]) == 0) {
            err = ATLS_ERR_NOT_BUILT;
        }
    }
    atls_fail_texts(&diag, err, "command line", "verb", word, "one that `atls -h` lists");
    (void)atls_diag_sentence(sentence, sizeof sentence, &diag);
    fprintf(stderr, "atls: %s\n", sentence);
    if (json) {
        json_t *line = atls_output_envelope("atls", &diag, NULL);
        if (line != NULL) { /* nothing more can be said where this fails */
            const enum atls_err printed = atls_output_print(stdout, line);
            (void)printed;
        }
    }
    return atls_err_exit(err);
}

/* hold_standard_streams: the numbers of streams that were closed would be given to the next
 * sockets, and what is meant for standard error would go to a peer, or to a process of ours. */
static bool hold_standard_streams(void)
{
    int fd = 0;
    while (fd >= 0 && fd <= STDERR_FILENO) {
        fd = open("/dev/null", O_RDWR);
    }
    return fd >= 0 && close(fd) == 0;
}

int main(int argc, char **argv)
{
    if (!hold_standard_streams()) {
        return 1; /* there is nobody to tell */
    }
    /* tpm2-tss writes to standard error on its own; what matters is in our one sentence. */
    (void)setenv("TSS2_LOG", "all+NONE", 0);
    signal(SIGPIPE, SIG_IGN); /* a peer that goes away is an error of a write, not our end */
    signal(SIGXFSZ, SIG_IGN); /* and so is a file that may not grow */
    /* OpenSSL is not taken apart at exit: a thread may still be in it that nobody waits for, since
     * it waits for a TPM that does not answer. */
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
    if (argc < 2) {
        usage(stderr);
        return 1;
    }
    if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
        usage(stdout);
        return 0;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(verbs); i++) {
        if (strcmp(argv[1], verbs[i].name) == 0) {
            return verbs[i].run(argc - 1, argv + 1);
        }
    }
    return refuse(argv[1], wants_json(argc, argv));
}
