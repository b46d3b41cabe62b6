/* SPDX-License-Identifier: Apache-2.0 */
#include "attesters.h"

#include "atls/limits.h"
#include "atls_build.h"
#include "base/diag.h"
#include "base/span.h"
#include "json/file.h"
#include "json/json.h"

#include <stdio.h>

#include "atls/nitro.h"
#include "atls/tsm.h"
#if ATLS_TPM2
#include "atls/tpm2.h"
#endif
#if ATLS_SIM
#include "atls/sim.h"
#endif

static const struct atls_attester_ops *const attesters[] = {
#if ATLS_TPM2
    &atls_attester_tpm2,
#endif
    &atls_attester_nitro,
    &atls_attester_snp,
    &atls_attester_tdx,
    &atls_attester_cca,
#if ATLS_SIM
    &atls_attester_sim_psa,
    &atls_attester_sim_nitro,
    &atls_attester_sim_snp,
    &atls_attester_sim_tdx,
    &atls_attester_sim_sgx,
    &atls_attester_sim_replay_psa,
    &atls_attester_sim_replay_tpm2,
    &atls_attester_sim_replay_nitro,
    &atls_attester_sim_replay_snp,
#endif
    NULL,
};

const struct atls_attester_ops *cli_attester_at(size_t index)
{
    return index < ATLS_ARRAY_LEN(attesters) ? attesters[index] : NULL;
}

const struct atls_attester_ops *cli_attester(const char *name)
{
    for (size_t i = 0; attesters[i] != NULL; i++) {
        if (strcmp(attesters[i]->name, name) == 0) {
            return attesters[i];
        }
    }
    return NULL;
}

enum atls_err cli_attester_read(const struct atls_attester_ops **out, uint8_t **config,
                                size_t *config_len, const char *directory, struct atls_diag *diag)
{
    char path[1024];
    json_t *root = NULL;
    uint8_t *text = NULL;
    size_t len = 0;
    struct atls_bytes rot = {NULL, 0};
    if ((size_t)snprintf(path, sizeof path, "%s/attester.json", directory) >= sizeof path) {
        return atls_fail_texts(diag, ATLS_ERR_FILE, "identity", "path", "too long", "a short one");
    }
    enum atls_err err = atls_file_read(&text, &len, path, ATLS_MAX_FILE_LEN, diag);
    if (err == ATLS_OK) {
        err = atls_json_parse(&root, atls_bytes_of(text, len), "attester.json", diag);
    }
    if (err == ATLS_OK) {
        err = atls_json_text(&rot, root, "rot", "attester.json", diag);
    }
    err = atls_json_recode(err, ATLS_ERR_CONFIG, diag);
    const struct atls_attester_ops *found = NULL;
    for (size_t i = 0; err == ATLS_OK && attesters[i] != NULL; i++) {
        if (atls_bytes_is_text(rot, attesters[i]->name)) {
            found = attesters[i];
        }
    }
    if (err == ATLS_OK && found == NULL) {
        err = atls_fail(diag, ATLS_ERR_NOT_BUILT, "attester.json", "rot");
        atls_diag_found_peer_text(diag, rot);
    }
    json_decref(root);
    if (err != ATLS_OK) {
        atls_file_free(text, len);
        return err;
    }
    *out = found;
    *config = text;
    *config_len = len;
    return ATLS_OK;
}
