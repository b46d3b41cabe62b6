/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_appraise [COUNT [FORMAT]]: what an appraisal costs beside the signature checks that it
 * cannot do without, format by format, on the samples of tests/kat. Endorsements are loaded and
 * chains are known, as they are to a Verifier after the first Evidence of a machine. CPU time in
 * microseconds.
 */
#include "appraiser/appraiser.h"
#include "base/formats.h"
#include "base/span.h"
#include "codec/cmw.h"
#include "crypto/crypto.h"
#include "json/base64.h"
#include "json/file.h"

#include <openssl/ec.h> /* EVP_EC_gen */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { WARM_UP = 20, MAX_SIGNATURE = 160, NOW_S = 1790000000 };

/* The checks under the Evidence itself: `num` of one curve over so many octets. */
static const struct row {
    const char *format;
    const char *curve;
    size_t message_len;
    unsigned num;
} rows[] = {
    {"psa", "P-256", 512, 1}, {"tpm2", "P-256", 160, 2}, {"nitro", "P-384", 4096, 1},
    {"snp", "P-384", 672, 1}, {"tdx", "P-256", 632, 2}, /* quote and report of the quoting enclave
                                                         */
    {"sgx", "P-256", 432, 2},
};

/* One sample; all of it lives until the program ends. */
struct sample {
    struct atls_endorsements *set;
    struct atls_appraisal_input input;
    const struct atls_appraiser_ops *ops;
    uint8_t nonce[ATLS_MAX_NONCE_LEN];
};

static double cpu_us(void)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void need(bool holds, const char *format, const struct atls_diag *diag)
{
    if (!holds) {
        fprintf(stderr, "bench: %s: %s %s %s\n", format, diag != NULL ? diag->claim : "",
                diag != NULL ? diag->found : "", diag != NULL ? diag->expected : "");
        exit(1);
    }
}

static struct atls_bytes read_file(const char *format, const char *name)
{
    char path[512];
    uint8_t *data = NULL;
    size_t len = 0;
    struct atls_diag diag;
    snprintf(path, sizeof path, BENCH_SOURCE_DIR "/tests/kat/%s/%s", format, name);
    need(atls_file_read(&data, &len, path, ATLS_MAX_FILE_LEN, &diag) == ATLS_OK, format, &diag);
    return atls_bytes_of(data, len);
}

/* add_collateral loads the files of collateral, which only some formats have. */
static void add_collateral(struct atls_endorsements *set, const char *format)
{
    struct atls_diag diag = {.err = ATLS_OK};
    for (unsigned number = 1; number < 10; number++) {
        char path[512];
        snprintf(path, sizeof path, BENCH_SOURCE_DIR "/tests/kat/%s/collateral-%u.json", format,
                 number);
        if (access(path, F_OK) != 0) {
            return;
        }
        need(atls_endorsements_load_at(set, path, NOW_S, &diag) == ATLS_OK, format, &diag);
    }
}

static void open_sample(struct sample *s, const char *format)
{
    struct atls_diag diag = {.err = ATLS_OK};
    struct atls_bytes hex = read_file(format, "plain.nonce.hex");
    const struct atls_buf room = {s->nonce, sizeof s->nonce};
    size_t len = 0;
    while (hex.len > 0 && hex.data[hex.len - 1] == '\n') {
        hex.len--;
    }
    need(atls_hex_decode(hex, room, &len), format, NULL);
    need(atls_endorsements_new(&s->set, &diag) == ATLS_OK, format, &diag);
    need(atls_endorsements_add_corim(s->set, read_file(format, "endorsement.corim"), "bench", NOW_S,
                                     &diag) == ATLS_OK,
         format, &diag);
    add_collateral(s->set, format);
    s->ops = atls_appraiser_for(atls_format_by_name(atls_bytes_text(format)));
    need(s->ops != NULL, format, NULL);
    s->input = (struct atls_appraisal_input){
        .crypto = atls_crypto_openssl(),
        .endorsements = s->set,
        .evidence = read_file(format, "plain.evidence.cbor"),
        .expected_nonce = atls_bytes_of(s->nonce, len),
        .tls_spki = read_file(format, "plain.spki.der"),
        .now_s = NOW_S,
    };
}

static double appraise_us(const struct sample *s, long count)
{
    struct atls_diag diag = {.err = ATLS_OK};
    double began = 0;
    struct atls_submod *submod = malloc(sizeof *submod);
    need(submod != NULL, "memory", NULL);
    for (long i = -WARM_UP; i < count; i++) {
        began = i == 0 ? cpu_us() : began;
        need(s->ops->appraise(submod, &s->input, &diag) == ATLS_OK, s->ops->format, &diag);
    }
    free(submod);
    return (cpu_us() - began) / (double)count;
}

static double bare_us(const struct row *row, long count)
{
    static const unsigned char message[4096];
    const EVP_MD *md = row->curve[2] == '3' ? EVP_sha384() : EVP_sha256();
    unsigned char signature[MAX_SIGNATURE];
    size_t len = sizeof signature;
    double began = 0;
    EVP_PKEY *key = EVP_EC_gen(row->curve);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    need(key != NULL && EVP_DigestSignInit(context, NULL, md, NULL, key) == 1 &&
             EVP_DigestSign(context, signature, &len, message, row->message_len) == 1,
         "OpenSSL", NULL);
    EVP_MD_CTX_free(context);
    for (long i = -WARM_UP; i < count; i++) {
        began = i == 0 ? cpu_us() : began;
        for (unsigned k = 0; k < row->num; k++) {
            context = EVP_MD_CTX_new();
            need(EVP_DigestVerifyInit(context, NULL, md, NULL, key) == 1 &&
                     EVP_DigestVerify(context, signature, len, message, row->message_len) == 1,
                 "OpenSSL", NULL);
            EVP_MD_CTX_free(context);
        }
    }
    EVP_PKEY_free(key);
    return (cpu_us() - began) / (double)count;
}

int main(int argc, char **argv)
{
    const long given = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    const long count = given > 0 ? given : 500;
    printf("format   appraisal us   bare checks us   ratio\n");
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        static struct sample samples[ATLS_ARRAY_LEN(rows)];
        if (argc > 2 && strcmp(argv[2], rows[i].format) != 0) {
            continue;
        }
        open_sample(&samples[i], rows[i].format);
        const double bare = bare_us(&rows[i], count);
        const double appraisal = appraise_us(&samples[i], count);
        printf("%-8s %12.1f %16.1f %7.2f\n", rows[i].format, appraisal, bare, appraisal / bare);
    }
    return 0;
}
