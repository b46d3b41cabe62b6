/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/written.h"

#include "codec/cmw.h"
#include "json/json.h"

enum atls_err atls_attester_put_evidence(struct atls_buf out, size_t *out_len,
                                         const char *media_type, struct atls_bytes evidence,
                                         const char *step, struct atls_diag *diag)
{
    struct atls_writer w = atls_writer_of(out);
    atls_cmw_put_record_media(&w, media_type, evidence, ATLS_CMW_EVIDENCE);
    return atls_writer_finish(&w, out_len) ? ATLS_OK
                                           : atls_fail(diag, ATLS_ERR_BUFFER, step, "Evidence");
}

enum atls_err atls_attester_config_text(char **out, json_t *config, const char *step,
                                        struct atls_diag *diag)
{
    char *text = config != NULL ? atls_json_dump(config) : NULL;
    json_decref(config);
    if (text == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "attester.json");
    }
    *out = text;
    return ATLS_OK;
}
