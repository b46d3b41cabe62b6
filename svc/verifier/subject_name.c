/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/subject_name.h"

#include "base/diag.h"
#include "base/span.h"
#include "crypto/crypto.h"
#include "json/base64.h"

#include <stdio.h>

enum atls_err verifier_subject_name(char out[VERIFIER_SUBJECT_SIZE],
                                    const struct atls_cert_info *cert, struct atls_diag *diag)
{
    struct atls_digest digest;
    char hash[ATLS_HEX_SIZE(32)];
    _Static_assert(sizeof cert->subject <= VERIFIER_SUBJECT_SIZE, "a subject fits");
    if (cert->subject[0] != '\0') {
        (void)snprintf(out, VERIFIER_SUBJECT_SIZE, "%s", cert->subject);
        return ATLS_OK;
    }
    const enum atls_err err = atls_crypto_openssl()->hash(
        ATLS_ALG_SHA256, atls_bytes_of(cert->spki, cert->spki_len), &digest);
    if (err != ATLS_OK || !atls_hex_encode(atls_digest_bytes(&digest), hash, sizeof hash)) {
        return atls_fail(diag, ATLS_ERR_CRYPTO, "certificate", "key");
    }
    (void)snprintf(out, VERIFIER_SUBJECT_SIZE, "no subject, key %s", hash);
    return ATLS_OK;
}
