/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_signatures [COUNT]: what an appraisal cannot do without, and nothing else: one ES256
 * verification over a token's length and one ES256 signature over a Result's, COUNT times, with
 * keys that are parsed already. Prints the CPU time of one pair in microseconds.
 */
#include <openssl/ec.h> /* EVP_EC_gen */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TOKEN_LEN = 512, RESULT_LEN = 1024, WARM_UP = 20, MAX_SIGNATURE = 80 };

static double cpu_us(void)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void need(int ok)
{
    if (ok != 1) {
        fprintf(stderr, "bench: OpenSSL does not sign or verify\n");
        exit(1);
    }
}

static size_t sign(EVP_PKEY *key, unsigned char *out, const unsigned char *text, size_t len)
{
    size_t out_len = MAX_SIGNATURE;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    need(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key));
    need(EVP_DigestSign(context, out, &out_len, text, len));
    EVP_MD_CTX_free(context);
    return out_len;
}

static void verify(EVP_PKEY *key, const unsigned char *signature, size_t signature_len,
                   const unsigned char *text, size_t len)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    need(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key));
    need(EVP_DigestVerify(context, signature, signature_len, text, len));
    EVP_MD_CTX_free(context);
}

int main(int argc, char **argv)
{
    const long given = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    const long count = given > 0 ? given : 2000;
    static const unsigned char token[TOKEN_LEN], result[RESULT_LEN];
    unsigned char evidence[MAX_SIGNATURE], signature[MAX_SIGNATURE];
    EVP_PKEY *attester = EVP_EC_gen("P-256"), *verifier = EVP_EC_gen("P-256");
    double began = 0;
    need(attester != NULL && verifier != NULL);
    const size_t evidence_len = sign(attester, evidence, token, sizeof token);
    for (long i = -WARM_UP; i < count; i++) {
        began = i == 0 ? cpu_us() : began;
        verify(attester, evidence, evidence_len, token, sizeof token);
        (void)sign(verifier, signature, result, sizeof result);
    }
    printf("%.2f\n", (cpu_us() - began) / (double)count);
    EVP_PKEY_free(attester);
    EVP_PKEY_free(verifier);
    return 0;
}
