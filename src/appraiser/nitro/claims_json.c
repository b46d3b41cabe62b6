/* SPDX-License-Identifier: Apache-2.0 */
/* Verified claims of an attestation document under its own names; octets as hex. */
#include "appraiser/nitro/nitro.h"

#include "appraiser/claims_text.h"
#include "appraiser/endorsed.h"
#include "base/span.h"

#include <stdio.h>

static void put_pcrs(struct atls_claims_text *text, const char *name,
                     const struct atls_nitro_claims *claims)
{
    atls_claims_open_object(text, name);
    for (unsigned pcr = 0; pcr < ATLS_NITRO_NUM_PCRS; pcr++) {
        char index[4];
        snprintf(index, sizeof index, "%u", pcr);
        if ((claims->pcrs >> pcr & 1) != 0) {
            atls_claims_put_hex(text, index, claims->pcr[pcr]);
        }
    }
    atls_claims_close_object(text);
}

static void put_optional(struct atls_claims_text *text, const char *name, struct atls_bytes octets)
{
    if (octets.len != 0) {
        atls_claims_put_hex(text, name, octets);
    }
}

enum atls_err atls_nitro_claims_json(char **out, const struct atls_nitro_claims *claims,
                                     const struct atls_additions *endorsed, struct atls_diag *diag)
{
    ATLS_AUTO(atls_claims_text_cleanup) struct atls_claims_text text = atls_claims_text_new();
    atls_claims_put_text(&text, "module_id", claims->module_id);
    atls_claims_put_text(&text, "digest", atls_bytes_text("SHA384"));
    atls_claims_put_int(&text, "timestamp", claims->timestamp_ms);
    put_pcrs(&text, "pcrs", claims);
    put_optional(&text, "public_key", claims->public_key);
    put_optional(&text, "user_data", claims->user_data);
    put_optional(&text, "nonce", claims->nonce);
    atls_endorsed_put(&text, endorsed);
    return atls_claims_text_finish(out, &text, diag);
}
