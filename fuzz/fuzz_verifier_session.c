/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a remote Verifier sends before its signature has been looked at: a session, keys, and a
 * Location. The first octet chooses which.
 */
#include "fuzz_check.h"

#include "base/span.h"
#include "verifier/challenge.h"
#include "verifier/service_url.h"
#include "verifier/trust.h"

#include <string.h>

static void read_session(struct atls_bytes octets)
{
    struct verifier_challenge challenge;
    struct atls_diag diag;
    const enum atls_err err = verifier_challenge_read(&challenge, octets, "a/b; c=\"d\"", &diag);
    if (err != ATLS_OK) {
        fuzz_require(err == ATLS_ERR_VERIFIER_ANSWER && diag.err == err);
        return;
    }
    fuzz_require(challenge.nonce_len <= sizeof challenge.nonce);
    fuzz_require(challenge.says_accepts || !challenge.accepts);
    fuzz_require(challenge.result == NULL || challenge.result[0] != '\0');
    verifier_challenge_cleanup(&challenge);
}

static void read_keys(struct atls_bytes octets)
{
    static const struct verifier_keys none;
    struct verifier_keys keys = none;
    struct atls_diag diag;
    const enum atls_err err = verifier_keys_read(&keys, octets, &diag);
    if (err != ATLS_OK) {
        fuzz_require(err == ATLS_ERR_VERIFIER_ANSWER && diag.err == err);
        fuzz_require(keys.set.num_keys == 0);
        return;
    }
    fuzz_require(keys.set.num_keys >= 1 && keys.set.num_keys <= ATLS_MAX_JWK_SET);
    fuzz_require(strlen(keys.id) < sizeof keys.id);
    atls_jwk_set_cleanup(&keys.set);
}

/* Whatever the Location is, what comes out is on the origin of the Verifier. */
static void resolve(struct atls_bytes octets)
{
    static const char origin[] = "https://v.example:8443";
    struct verifier_service_url url;
    char out[VERIFIER_MAX_URL_LEN], location[1024];
    fuzz_require(verifier_url_parse(&url, "https://v.example:8443/p", NULL) == ATLS_OK);
    const size_t len = octets.len < sizeof location ? octets.len : sizeof location - 1;
    memcpy(location, octets.data, len);
    location[len] = '\0';
    if (!verifier_url_resolve(out, &url, "https://v.example:8443/p/c/v1/newSession?n=1",
                              location)) {
        return;
    }
    const size_t origin_len = sizeof origin - 1;
    fuzz_require(strncmp(out, origin, origin_len) == 0);
    fuzz_require(out[origin_len] == '/' || out[origin_len] == '\0' || out[origin_len] == '?');
    const char *query = strchr(out, '?');
    const char *dots = strstr(out, "/../");
    fuzz_require(dots == NULL || (query != NULL && dots > query));
    fuzz_require(strpbrk(out, " \r\n\t\"<>") == NULL);
    struct verifier_service_url again;
    if (query == NULL && strlen(out) < VERIFIER_MAX_URL_LEN / 2) {
        fuzz_require(verifier_url_parse(&again, out, NULL) == ATLS_OK);
        fuzz_require(again.origin_len == origin_len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    const struct atls_bytes octets = atls_bytes_of(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0:
        read_session(octets);
        break;
    case 1:
        read_keys(octets);
        break;
    default:
        resolve(octets);
        break;
    }
    return 0;
}
