/* SPDX-License-Identifier: Apache-2.0 */
/* A "TSS2 PRIVATE KEY" file: refused with a sentence, or a key whose own file reads as the same. */
#include "fuzz_check.h"

#include "attester/tpm2/key_file.h"
#include "attester/tpm2/public.h"
#include "base/span.h"

static void check_key(const struct atls_tpm_key_file *file)
{
    char *pem = NULL, *again = NULL;
    struct atls_tpm_key_file read;
    fuzz_require(file->private_area.size != 0 &&
                 file->private_area.size <= sizeof file->private_area.buffer);
    fuzz_require(atls_tpm_public_is_tls(&file->public_area.publicArea, NULL) == ATLS_OK);
    fuzz_require(atls_tpm_key_file_write(&pem, file, NULL) == ATLS_OK);
    fuzz_require(atls_tpm_key_file_parse(&read, atls_bytes_text(pem), NULL) == ATLS_OK);
    fuzz_require(read.parent == file->parent);
    fuzz_require(atls_tpm_key_file_write(&again, &read, NULL) == ATLS_OK);
    fuzz_require(strcmp(pem, again) == 0);
    free(pem);
    free(again);
    /* a point off its curve is found here */
    uint8_t spki[ATLS_TPM_MAX_SPKI];
    const struct atls_buf room = {spki, sizeof spki};
    size_t len = 0;
    const enum atls_err err = atls_tpm_public_spki(room, &len, &file->public_area.publicArea, NULL);
    fuzz_require(err == ATLS_OK ? len >= 91 : err == ATLS_ERR_KEY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_tpm_key_file file;
    struct atls_diag diag;
    const enum atls_err err = atls_tpm_key_file_parse(&file, atls_bytes_of(data, size), &diag);
    if (err != ATLS_OK) {
        fuzz_require(err == ATLS_ERR_KEY && diag.err == err);
        fuzz_require(diag.step[0] != '\0' && diag.claim[0] != '\0');
        return 0;
    }
    check_key(&file);
    return 0;
}
