/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signed CoRIM: refused with a sentence, or read. The octets are read as a file first, where a
 * signature that holds can only be one of the seeds', and then as the headers and the payload of a
 * file that is signed here, so that what comes after the signature is reached too.
 */
#include "fuzz_check.h"

#include "base/span.h"
#include "codec/cose.h"
#include "crypto/crypto.h"
#include "endorsement/signer.h"

#include <stdlib.h>

#define NOW 1784073600 /* 2026-07-15 */

static struct atls_key *key;
static struct atls_signers signers;

static void prepare(void)
{
    char *pem = NULL;
    if (key != NULL) {
        return;
    }
    fuzz_require(atls_key_generate(&key, ATLS_CRV_ED25519, NULL) == ATLS_OK);
    fuzz_require(atls_key_to_public_pem(&pem, key, NULL) == ATLS_OK);
    fuzz_require(atls_signers_add(&signers, atls_bytes_text(pem), ATLS_SIGNER_ANY, NULL) ==
                 ATLS_OK);
    atls_pem_free(pem);
}

/* read_file checks what comes of one file: is_ours says that our key signed it. */
static void read_file(struct atls_bytes file, bool is_ours)
{
    struct atls_corim_signature seen;
    struct atls_corim_signature found;
    struct atls_diag diag = {.err = ATLS_OK};
    const enum atls_err peeked = atls_corim_signature_peek(&seen, file, NULL);
    const enum atls_err err = atls_corim_signature_verify(&found, file, &signers, NOW, &diag);
    if (err != ATLS_OK) {
        fuzz_require(err == ATLS_ERR_ENDORSEMENT_SIGNATURE && diag.err == err);
        fuzz_require(diag.found[0] != '\0' && diag.expected[0] != '\0');
        return;
    }
    fuzz_require(is_ours && peeked == ATLS_OK);
    fuzz_require(atls_bytes_equal(seen.payload, found.payload));
    fuzz_require(found.signer.len > 0 && found.payload.len > 0);
    fuzz_require(found.payload.data >= file.data &&
                 found.payload.data + found.payload.len <= file.data + file.len);
    fuzz_require(found.not_before_s <= NOW + 60 && found.not_after_s >= NOW - 60);
    fuzz_require(found.chain_len <= ATLS_MAX_CERT_PATH);
}

/* sign_and_read: first octet the number of pairs, two octets the length of the headers. */
static void sign_and_read(const uint8_t *data, size_t size)
{
    if (size < 3) {
        return;
    }
    const size_t headers_len = ((size_t)data[1] << 8 | data[2]) % (size - 2);
    const struct atls_bytes headers = {&data[3], headers_len};
    const struct atls_bytes payload = {&data[3 + headers_len], size - 3 - headers_len};
    const struct atls_buf room = {malloc(size + 1100), size + 1100};
    size_t len = 0;
    fuzz_require(room.data != NULL);
    fuzz_require(atls_cose_sign1_write(atls_crypto_openssl(), room, &len, true, ATLS_ALG_EDDSA, key,
                                       headers, data[0] % 16, payload, NULL) == ATLS_OK);
    read_file(atls_bytes_of(room.data, len), true);
    free(room.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    prepare();
    read_file(atls_bytes_of(data, size), false);
    sign_and_read(data, size);
    return 0;
}
