/* SPDX-License-Identifier: Apache-2.0 */
/* SubjectPublicKeyInfo: what is accepted is written again octet for octet, and its parts make the
 * same key. The same input as a certificate gives one with a key and a printable name. */
#include "fuzz_check.h"

#include "base/span.h"
#include "crypto/cert.h"

static void check_key(const struct atls_key *key, struct atls_bytes spki)
{
    uint8_t octets[ATLS_MAX_SPKI_LEN];
    const struct atls_buf room = {octets, sizeof octets};
    struct atls_cose_key parts;
    struct atls_key *again = NULL;
    size_t len = 0;
    fuzz_require(atls_key_spki(key, room, &len) == ATLS_OK);
    fuzz_require(atls_bytes_equal(atls_bytes_of(octets, len), spki));
    atls_key_to_cose(key, &parts);
    fuzz_require(atls_key_from_cose(&again, &parts, NULL) == ATLS_OK);
    fuzz_require(atls_key_equal(key, again));
    fuzz_require(atls_key_takes_alg(key, atls_key_default_alg(key)));
    atls_key_free(again);
}

static void check_cert(struct atls_bytes input)
{
    struct atls_cert_info info;
    if (atls_cert_read(&info, input, NULL) != ATLS_OK) {
        return;
    }
    fuzz_require(info.spki_len > 0 && info.spki_len <= sizeof info.spki);
    fuzz_require(memchr(info.subject, '\0', sizeof info.subject) != NULL);
    for (const char *at = info.subject; *at != '\0'; at++) {
        fuzz_require(*at >= 0x20 && *at < 0x7f);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct atls_bytes input = atls_bytes_of(data, size);
    struct atls_key *key = NULL;
    struct atls_diag diag = {0};
    const enum atls_err err = atls_key_from_spki_der(&key, input, &diag);
    fuzz_require(err == diag.err);
    if (err == ATLS_OK) {
        check_key(key, input);
        atls_key_free(key);
    }
    check_cert(input);
    return 0;
}
