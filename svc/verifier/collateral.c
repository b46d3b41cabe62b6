/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/collateral.h"

#include "endorsement/set.h"

#include <stdlib.h>
#include <string.h>

static void octets_free(uint8_t *octets, size_t len, void *read)
{
    (void)len;
    (void)read;
    free(octets);
}

struct verifier_handout *verifier_collateral_new(void)
{
    return verifier_handout_new(octets_free);
}

/* check_kinds: a CoRIM that one node reads from a file is one that others do not have. */
static enum atls_err check_kinds(const struct atls_endorsements *set, struct atls_diag *diag)
{
    const struct atls_corim_source *file = atls_endorsements_all(set)->sources;
    if (file == NULL) {
        return ATLS_OK;
    }
    (void)atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, "endorsement", "--endorsements", "a CoRIM, ",
                          "collateral: a CoRIM is submitted to the Verifier (provisioning)");
    atls_diag_found_text(diag, file->name);
    return ATLS_ERR_ENDORSEMENT;
}

/* append packs `more` behind what is packed: parts in a row are packed parts, too. */
static enum atls_err append(uint8_t **octets, size_t *len, const struct atls_collateral *more,
                            struct atls_diag *diag)
{
    uint8_t *behind = NULL;
    size_t behind_len = 0;
    const enum atls_err err = atls_collateral_pack(&behind, &behind_len, more, diag);
    uint8_t *all = err == ATLS_OK && behind_len <= ATLS_MAX_PACKED - *len
                       ? realloc(*octets, *len + behind_len + 1)
                       : NULL;
    if (all != NULL) {
        memcpy(all + *len, behind, behind_len);
        *octets = all;
        *len += behind_len;
    }
    free(behind);
    return err != ATLS_OK || all != NULL
               ? err
               : atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, "collateral", "files",
                                 "more than may be handed on", "8 MiB of collateral together");
}

enum atls_err verifier_collateral_load(struct verifier_handout *collateral,
                                       const char *const *paths, size_t num_paths,
                                       const struct atls_collateral *more, struct atls_diag *diag)
{
    struct atls_endorsements *set = NULL;
    uint8_t *octets = NULL;
    size_t len = 0;
    enum atls_err err = atls_endorsements_new(&set, diag);
    for (size_t i = 0; err == ATLS_OK && i < num_paths; i++) {
        err = atls_endorsements_load(set, paths[i], diag);
    }
    if (err == ATLS_OK) {
        err = check_kinds(set, diag);
    }
    if (err == ATLS_OK) {
        err = atls_collateral_pack(&octets, &len, atls_endorsements_collateral(set), diag);
    }
    atls_endorsements_unref(set);
    if (err == ATLS_OK) {
        err = append(&octets, &len, more, diag);
    }
    if (err != ATLS_OK) {
        free(octets);
        return err;
    }
    return verifier_handout_put(collateral, octets, len, NULL, diag);
}
