/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Verifier without a connection: it appraises Evidence from a file and prints the verdict. So can
 * a job that works through a queue, or a service that gets Evidence over a protocol of its own.
 *
 * usage: appraise_file EVIDENCE.cmw NONCE ENDORSEMENTS.corim FORMAT
 *
 * NONCE is what the Verifier sent to the machine beforehand, in hexadecimal, and FORMAT what that
 * machine is: tpm2 or psa. Exit status 0: accepted; 2: refused; 1: our own side.
 */
#include "must.h"

#include <atls/verifier.h>
#include <openssl/crypto.h>

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: appraise_file EVIDENCE.cmw NONCE ENDORSEMENTS.corim FORMAT\n");
        return 1;
    }
    uint8_t nonce[ATLS_MAX_NONCE_LEN];
    size_t nonce_len = 0;
    must_do(OPENSSL_hexstr2buf_ex(nonce, sizeof nonce, &nonce_len, argv[2], '\0'), argv[2]);

    /* What it must be, and what is known about machines that are right. Both are compulsory: atls
     * has no call that accepts whatever comes. */
    struct atls_context *atls = NULL;
    must(atls_context_new(&atls, &diag));
    must(atls_context_require(atls, argv[4], &diag));
    must(atls_context_load_endorsements(atls, argv[3], &diag));
    must(atls_context_keep_claims(atls, &diag)); /* the verdict then shows what was claimed */

    /* Type, signature, nonce, measurements, policy: all of it, in this order. */
    struct atls_verdict verdict;
    const enum atls_err err = atls_context_appraise(atls, &verdict, must_read(argv[1]),
                                                    (struct atls_bytes){nonce, nonce_len}, &diag);

    /* A refusal has a verdict, too: what is authentic in the Evidence is in it. */
    char *json = atls_verdict_json(&verdict);
    printf("%s\n", json != NULL ? json : "no memory");
    free(json);
    for (size_t i = 0; i < verdict.num_evidence; i++) {
        printf("%s: %s, executables %d\n", verdict.evidence[i].format,
               atls_tier_name(verdict.evidence[i].status),
               verdict.evidence[i].vector.claim[ATLS_TRUST_EXECUTABLES]);
    }

    /* Ask the verdict, never its parts: this is the one test that says "yes". */
    printf("%s\n", atls_verdict_opens(&verdict) ? "accepted" : "refused");
    atls_verdict_cleanup(&verdict);
    atls_context_unref(atls);
    must(err); /* says why on standard error, and ends with the status of that */
    return 0;
}
