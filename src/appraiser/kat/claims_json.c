/* SPDX-License-Identifier: Apache-2.0 */
/* Verified claims of both tokens; octets as hex, keys as DER SubjectPublicKeyInfo or COSE_Key. */
#include "appraiser/kat/kat.h"

#include "appraiser/claims_text.h"
#include "base/span.h"
#include "json/json.h"

#include <stdlib.h>

enum atls_err atls_kat_claims_json(char **claims, const struct atls_kat_claims *kat,
                                   struct atls_bytes kak_octets, struct atls_bytes spki,
                                   struct atls_diag *diag)
{
    json_t *pat = NULL;
    char *both = NULL;
    enum atls_err err = atls_json_parse(&pat, atls_bytes_text(*claims), "claims of the pat", diag);
    if (err != ATLS_OK) {
        return err;
    }
    ATLS_AUTO(atls_claims_text_cleanup) struct atls_claims_text text = atls_claims_text_new();
    atls_claims_open_object(&text, "kat");
    atls_claims_put_hex(&text, "eat_nonce", kat->nonce);
    atls_claims_put_hex(&text, "cnf", spki);
    atls_claims_put_hex(&text, "kak-pub", kak_octets);
    atls_claims_close_object(&text);
    atls_claims_put_json(&text, "pat", pat);
    err = atls_claims_text_finish(&both, &text, diag);
    if (err == ATLS_OK) {
        free(*claims);
        *claims = both;
    }
    return err;
}
