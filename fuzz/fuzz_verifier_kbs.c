/* SPDX-License-Identifier: Apache-2.0 */
/* What a key broker says before Evidence is made: a line that is its cookie, and its challenge.
 * Evidence is asked for over a hash of a nonce in base64, or not at all. */
#include "fuzz_check.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "crypto/key.h"
#include "json/runtime_data.h"
#include "verifier/kbs.h"

#include <stdlib.h>
#include <string.h>

static struct {
    struct atls_bytes cookie, challenge;
    unsigned asked, made;
} broker;

static enum atls_err fetch(struct atls_fetcher *fetcher, struct atls_fetch_answer *out,
                           const struct atls_fetch_request *request, struct atls_diag *diag)
{
    (void)fetcher, (void)diag;
    fuzz_require(request->cookie == NULL && broker.asked++ == 0);
    memset(out, 0, sizeof *out);
    out->outcome = ATLS_FETCH_ANSWERED;
    out->status = 200;
    const size_t len =
        broker.cookie.len < sizeof out->field ? broker.cookie.len : sizeof out->field - 1;
    memcpy(out->field, broker.cookie.data, len);
    out->body = calloc(broker.challenge.len + 1, 1);
    fuzz_require(out->body != NULL);
    memcpy(out->body, broker.challenge.data, broker.challenge.len);
    out->body_len = broker.challenge.len;
    return ATLS_OK;
}

static bool never(const void *arg)
{
    (void)arg;
    return false;
}

static struct atls_bytes own_spki(void);

static enum atls_err make_hashed(void *arg, int32_t hash_alg, const char *nonce,
                                 struct atls_bytes *out, struct atls_diag *diag)
{
    struct atls_digest hash;
    (void)arg, (void)out;
    broker.made++;
    fuzz_require(atls_runtime_data_hash(&hash, atls_crypto_openssl(), hash_alg, nonce, own_spki(),
                                        diag) == ATLS_OK);
    return atls_fail(diag, ATLS_ERR_CANCELLED, "fuzz", NULL);
}

static struct atls_bytes own_spki(void)
{
    static uint8_t octets[256];
    static size_t len;
    struct atls_key *key = NULL;
    if (len == 0) {
        fuzz_require(atls_key_generate(&key, ATLS_CRV_P256, NULL) == ATLS_OK);
        fuzz_require(atls_key_spki(key, (struct atls_buf){octets, sizeof octets}, &len) == ATLS_OK);
        atls_key_free(key);
    }
    return atls_bytes_of(octets, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct atls_format snp = {.name = "snp"};
    static const struct atls_fetcher_ops ops = {.fetch = fetch};
    const struct atls_verifier_wait wait = {INT64_MAX, never, NULL};
    struct verifier_service_url url;
    struct atls_diag diag = {0};
    char *token = NULL;
    const uint8_t *end = size != 0 ? memchr(data, '\n', size) : NULL;
    if (end == NULL) {
        return 0;
    }
    const size_t len = (size_t)(end - data);
    memset(&broker, 0, sizeof broker);
    broker.cookie = atls_bytes_of(data, len);
    broker.challenge = atls_bytes_of(end + 1, size - len - 1);
    fuzz_require(verifier_url_parse(&url, "https://kbs.example", NULL) == ATLS_OK);
    const struct verifier_line line = {.ops = &ops, .url = &url, .wait = &wait};
    const struct verifier_question question = {.format = &snp,
                                               .make_hashed = make_hashed,
                                               .crypto = atls_crypto_openssl(),
                                               .tls_spki = own_spki()};
    const enum atls_err err = verifier_kbs_exchange(&token, &line, &question, &diag);
    fuzz_require(err == diag.err && token == NULL);
    fuzz_require(err == (broker.made != 0 ? ATLS_ERR_CANCELLED : ATLS_ERR_VERIFIER_ANSWER));
    return 0;
}
