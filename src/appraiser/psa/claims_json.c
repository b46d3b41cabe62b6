/* SPDX-License-Identifier: Apache-2.0 */
/* Verified claims of a PSA token under the names of RFC 9783; octets as hex. */
#include "appraiser/psa/psa.h"

#include "appraiser/claims_text.h"
#include "appraiser/endorsed.h"
#include "base/span.h"

static void put_optional_text(struct atls_claims_text *text, const char *name,
                              struct atls_bytes utf8)
{
    if (utf8.len != 0) {
        atls_claims_put_text(text, name, utf8);
    }
}

static void put_component(struct atls_claims_text *text, const struct atls_psa_component *component)
{
    atls_claims_open_object(text, NULL);
    put_optional_text(text, "measurement-type", component->type);
    atls_claims_put_hex(text, "measurement-value", component->value);
    put_optional_text(text, "version", component->version);
    atls_claims_put_hex(text, "signer-id", component->signer_id);
    put_optional_text(text, "measurement-desc", component->description);
    atls_claims_close_object(text);
}

enum atls_err atls_psa_claims_json(char **out, const struct atls_psa_claims *claims,
                                   const struct atls_additions *endorsed, struct atls_diag *diag)
{
    ATLS_AUTO(atls_claims_text_cleanup) struct atls_claims_text text = atls_claims_text_new();
    atls_claims_put_text(&text, "eat_profile",
                         atls_bytes_text(atls_psa_labels(claims->profile)->profile_text));
    atls_claims_put_hex(&text, "psa-nonce", claims->nonce);
    atls_claims_put_hex(&text, "psa-instance-id", claims->instance_id);
    atls_claims_put_hex(&text, "psa-implementation-id", claims->implementation_id);
    atls_claims_put_int(&text, "psa-client-id", claims->client_id);
    atls_claims_put_int(&text, "psa-security-lifecycle", claims->lifecycle);
    atls_claims_put_text(&text, "psa-security-lifecycle-state",
                         atls_bytes_text(atls_psa_lifecycle_name(claims->lifecycle)));
    if (claims->boot_seed.len != 0) {
        atls_claims_put_hex(&text, "psa-boot-seed", claims->boot_seed);
    }
    put_optional_text(&text, "psa-certification-reference", claims->certification_reference);
    put_optional_text(&text, "psa-verification-service-indicator", claims->service_indicator);
    atls_claims_open_array(&text, "psa-software-components");
    for (size_t i = 0; i < claims->num_components; i++) {
        put_component(&text, &claims->components[i]);
    }
    atls_claims_close_array(&text);
    atls_endorsed_put(&text, endorsed);
    return atls_claims_text_finish(out, &text, diag);
}
