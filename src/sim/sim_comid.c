/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/sim_comid.h"

#include "crypto/crypto.h"
#include "json/json.h"

/* A random UUID (RFC 9562, 5.4): two machines' CoMIDs are two tags. */
static enum atls_err random_uuid(char out[37], const char *step, struct atls_diag *diag)
{
    uint8_t octets[16];
    const struct atls_buf buf = {octets, sizeof octets};
    enum atls_err err = atls_random(buf);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "tag-id");
    }
    octets[6] = (uint8_t)((octets[6] & 0x0f) | 0x40);
    octets[8] = (uint8_t)((octets[8] & 0x3f) | 0x80);
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;
    for (size_t i = 0; i < sizeof octets; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            out[at++] = '-';
        }
        out[at++] = digits[octets[i] >> 4];
        out[at++] = digits[octets[i] & 15];
    }
    out[at] = '\0';
    return ATLS_OK;
}

enum atls_err atls_sim_comid_of(char **out, json_t *triples, const char *step,
                                struct atls_diag *diag)
{
    char id[37];
    const enum atls_err err = random_uuid(id, step, diag);
    if (err != ATLS_OK) {
        json_decref(triples);
        return err;
    }
    ATLS_AUTO(atls_json_cleanup)
    json_t *comid = json_pack("{s:{s:s, s:i}, s:o}", "tag-identity", "id", id, "version", 0,
                              "triples", triples);
    char *text = comid != NULL ? atls_json_dump(comid) : NULL;
    if (text == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "CoMID template");
    }
    *out = text;
    return ATLS_OK;
}
