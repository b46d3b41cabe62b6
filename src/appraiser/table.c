/* SPDX-License-Identifier: Apache-2.0 */
#include "appraiser/appraiser.h"
#include "base/span.h"

static const struct atls_appraiser_ops *const appraisers[] = {
    &atls_appraiser_psa,  &atls_appraiser_snp, &atls_appraiser_tdx,   &atls_appraiser_sgx,
    &atls_appraiser_tpm2, &atls_appraiser_kat, &atls_appraiser_nitro,
};

const struct atls_appraiser_ops *atls_appraiser_for(const struct atls_format *format)
{
    if (format == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(appraisers); i++) {
        if (atls_bytes_is_text(atls_bytes_text(format->name), appraisers[i]->format)) {
            return appraisers[i];
        }
    }
    return NULL;
}
