/* SPDX-License-Identifier: Apache-2.0 */
/* An attester.json: refused with a sentence, or one whose parts belong together. */
#include "fuzz_check.h"

#include "attester/tpm2/config.h"
#include "attester/tpm2/queue.h"
#include "base/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_tpm_config config;
    struct atls_diag diag;
    const enum atls_err err = atls_tpm_config_parse(&config, atls_bytes_of(data, size), &diag);
    if (err != ATLS_OK) {
        fuzz_require((err == ATLS_ERR_CONFIG || err == ATLS_ERR_KEY) && diag.err == err);
        fuzz_require(diag.step[0] != '\0');
        return 0;
    }
    uint8_t kid[ATLS_TPM_KID_LEN];
    fuzz_require(atls_tpm_public_is_ak(&config.ak));
    fuzz_require(atls_tpm_kid(kid, &config.ak, NULL) == ATLS_OK);
    fuzz_require(memcmp(kid, config.kid, sizeof kid) == 0);
    fuzz_require(config.pcrs.bits != 0 && config.pcrs.bits <= 0xffffff);
    fuzz_require(config.ak_handle >> 24 == 0x81);
    fuzz_require(config.queue >= 1 && config.queue <= ATLS_TPM_MAX_QUEUE);
    atls_tpm_config_cleanup(&config);
    return 0;
}
