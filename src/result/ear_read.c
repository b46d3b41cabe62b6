/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one reader of Results, for both forms: which claims must be there, of which type, and within
 * which limits. Names that no table has are ignored; what a Result says of itself is not judged.
 */
#include "base/span.h"
#include "result/ear_internal.h"

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one reader of Results, for both forms: which claims must be there, of which type, and within
 * which limits. Names that no table has are ignored; what a Result says of itself is not judged.
 */
#include "base/span.h"
#include "result/ear_form.h"
#include "result/vector.h"

/* The last second of the year 9999: no later time has a date (RFC 3339). */
#define MAX_TIME_S 253402300799

/* Members of a device topology, and of one of its lists. */
#define MAX_TOPOLOGY 64

static enum atls_err read_time(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                               enum atls_ear_claim claim, int64_t *out, bool *found)
{
    struct atls_ear_node node;
    int64_t time_s = 0;
    const enum atls_err err = atls_ear_find(r, map, atls_ear_row(claim), &node, found);
    if (err != ATLS_OK || !*found) {
        return err;
    }
    if (!r->form->integer(&node, &time_s) || time_s < 0 || time_s > MAX_TIME_S) {
        return atls_ear_wrong(r, atls_ear_row(claim), "another type or range",
                              "whole seconds since 1970, up to the year 9999");
    }
    *out = time_s;
    return ATLS_OK;
}

static enum atls_err read_times(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                                struct atls_ear *ear)
{
    struct atls_ear_node node;
    bool found = false;
    enum atls_err err = atls_ear_need(r, map, ATLS_EAR_IAT, &node);
    if (err == ATLS_OK) {
        err = read_time(r, map, ATLS_EAR_IAT, &ear->iat_s, &found);
    }
    if (err == ATLS_OK) {
        err = read_time(r, map, ATLS_EAR_EXP, &ear->exp_s, &ear->has_exp);
    }
    return err == ATLS_OK ? read_time(r, map, ATLS_EAR_NBF, &ear->nbf_s, &ear->has_nbf) : err;
}

/* read_profile: a text, or in CBOR the octets of an OID, which no profile that is known has. */
static enum atls_err read_profile(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                                  struct atls_ear *ear)
{
    struct atls_ear_node node;
    struct atls_bytes oid;
    enum atls_err err = atls_ear_need(r, map, ATLS_EAR_PROFILE, &node);
    if (err != ATLS_OK) {
        return err;
    }
    if (r->form->kind(&node) == ATLS_EAR_IS_OTHER && node.cbor.type == ATLS_CBOR_BYTES &&
        r->form->octets(r->storage, &node, &oid) && oid.len != 0) {
        return ATLS_OK;
    }
    err = atls_ear_text(r, &node, ATLS_EAR_PROFILE, &ear->profile_text);
    if (err == ATLS_OK) {
        ear->profile = atls_ear_profile_of(ear->profile_text);
    }
    return err;
}

static enum atls_err read_verifier(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                                   struct atls_ear *ear)
{
    struct atls_ear_node id;
    struct atls_ear_node node;
    enum atls_err err = atls_ear_need(r, map, ATLS_EAR_VERIFIER_ID, &id);
    if (err == ATLS_OK && r->form->kind(&id) != ATLS_EAR_IS_MAP) {
        err = atls_ear_wrong(r, atls_ear_row(ATLS_EAR_VERIFIER_ID), "another type",
                             "a map with developer and build");
    }
    if (err == ATLS_OK) {
        err = atls_ear_need(r, &id, ATLS_EAR_DEVELOPER, &node);
    }
    if (err == ATLS_OK) {
        err = atls_ear_text(r, &node, ATLS_EAR_DEVELOPER, &ear->developer);
    }
    if (err == ATLS_OK) {
        err = atls_ear_need(r, &id, ATLS_EAR_BUILD, &node);
    }
    return err == ATLS_OK ? atls_ear_text(r, &node, ATLS_EAR_BUILD, &ear->build) : err;
}

static enum atls_err read_submods(struct atls_ear_reader *r, const struct atls_ear_node *map,
                                  struct atls_ear *ear)
{
    static const char expected[] = "a map of 1 to 8 appraisals, each with a name of 1 to 64 octets";
    struct atls_ear_node submods;
    struct atls_ear_node node;
    enum atls_err err = atls_ear_need(r, map, ATLS_EAR_SUBMODS, &submods);
    if (err != ATLS_OK) {
        return err;
    }
    const size_t count = r->form->count(&submods);
    if (r->form->kind(&submods) != ATLS_EAR_IS_MAP || count == 0 || count > ATLS_MAX_SUBMODS) {
        return atls_ear_wrong(r, atls_ear_row(ATLS_EAR_SUBMODS), "another type or number",
                              expected);
    }
    for (size_t i = 0; err == ATLS_OK && i < count; i++) {
        struct atls_ear_submod *submod = &ear->submods[i];
        memset(&node, 0, sizeof node);
        if (!r->form->at(&submods, i, &submod->name, &node) || submod->name.len == 0 ||
            submod->name.len > ATLS_MAX_EAR_NAME_LEN) {
            return atls_ear_wrong(r, atls_ear_row(ATLS_EAR_SUBMODS), "another name", expected);
        }
        r->submod = submod->name;
        err = atls_ear_submod_read(r, &node, submod);
        r->submod = atls_bytes_of(NULL, 0);
    }
    ear->num_submods = count;
    return err;
}

static enum atls_err read_raw(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                              struct atls_ear *ear)
{
    struct atls_ear_node node;
    struct atls_ear_raw *raw = &ear->raw;
    const enum atls_err err =
        atls_ear_find(r, map, atls_ear_row(ATLS_EAR_RAW), &node, &raw->present);
    if (err != ATLS_OK || !raw->present) {
        return err;
    }
    raw->is_record = r->form->kind(&node) == ATLS_EAR_IS_ARRAY;
    if (raw->is_record && r->form->record(r->storage, &node, &raw->record)) {
        raw->octets = raw->record.value;
        return ATLS_OK;
    }
    if (!raw->is_record && r->form->octets(r->storage, &node, &raw->octets)) {
        return ATLS_OK;
    }
    return atls_ear_wrong(r, atls_ear_row(ATLS_EAR_RAW), "another type",
                          "octets (base64url in JSON) or a CMW record");
}

/* read_topology: of the draft's CDDL a map of lists of texts, none of them empty. */
static enum atls_err read_topology(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                                   struct atls_ear *ear)
{
    static const char expected[] = "a map of 1 to 64 lists of 1 to 64 texts";
    const struct atls_ear_row *row = atls_ear_row(ATLS_EAR_TOPOLOGY);
    struct atls_ear_node topology;
    struct atls_ear_node list;
    struct atls_ear_node node;
    struct atls_bytes text;
    bool found = false;
    const enum atls_err err = atls_ear_find(r, map, row, &topology, &found);
    if (err != ATLS_OK || !found) {
        return err;
    }
    const size_t count = r->form->count(&topology);
    if (r->form->kind(&topology) != ATLS_EAR_IS_MAP || count == 0 || count > MAX_TOPOLOGY) {
        return atls_ear_wrong(r, row, "another type or number", expected);
    }
    for (size_t i = 0; i < count; i++) {
        memset(&list, 0, sizeof list);
        const bool is_list =
            r->form->at(&topology, i, &text, &list) && r->form->kind(&list) == ATLS_EAR_IS_ARRAY;
        const size_t members = is_list ? r->form->count(&list) : 0;
        if (members == 0 || members > MAX_TOPOLOGY) {
            return atls_ear_wrong(r, row, "another type or number", expected);
        }
        for (size_t j = 0; j < members; j++) {
            if (!r->form->at(&list, j, &text, &node) || !r->form->text(&node, &text)) {
                return atls_ear_wrong(r, row, "another type", expected);
            }
        }
    }
    ear->topology = r->form->value(&topology);
    return ATLS_OK;
}

static enum atls_err read_cnf(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                              struct atls_ear *ear)
{
    struct atls_ear_node node;
    bool found = false;
    enum atls_err err = atls_ear_find(r, map, atls_ear_row(ATLS_EAR_CNF), &node, &found);
    if (err != ATLS_OK || !found) {
        return err;
    }
    if (r->form->kind(&node) != ATLS_EAR_IS_MAP) {
        return atls_ear_wrong(r, atls_ear_row(ATLS_EAR_CNF), "another type", "a map");
    }
    err = r->form->cnf(r->storage, &node, &ear->cnf, r->diag);
    if (err == ATLS_OK && !ear->cnf.has_key && ear->cnf.ckt.len == 0 && ear->cnf.jkt.len == 0) {
        err = atls_ear_wrong(r, atls_ear_row(ATLS_EAR_CNF), "no key and no thumbprint",
                             "COSE_Key or ckt, in JSON jwk or jkt");
    }
    return err;
}

/* read_identifiers: iss, whether there is an aud, and jti, which is octets in CBOR (cti, RFC 8392).
 */
static enum atls_err read_identifiers(const struct atls_ear_reader *r,
                                      const struct atls_ear_node *map, struct atls_ear *ear)
{
    struct atls_ear_node node;
    bool found = false;
    enum atls_err err = atls_ear_find(r, map, atls_ear_row(ATLS_EAR_ISS), &node, &found);
    if (err == ATLS_OK && found) {
        err = atls_ear_text(r, &node, ATLS_EAR_ISS, &ear->issuer);
    }
    if (err == ATLS_OK) {
        err = atls_ear_find(r, map, atls_ear_row(ATLS_EAR_AUD), &node, &ear->has_audience);
    }
    if (err == ATLS_OK) {
        err = atls_ear_find(r, map, atls_ear_row(ATLS_EAR_JTI), &node, &found);
    }
    if (err != ATLS_OK || !found) {
        return err;
    }
    if (node.cbor.type == ATLS_CBOR_BYTES && node.json == NULL &&
        r->form->octets(r->storage, &node, &ear->jti) && ear->jti.len <= ATLS_MAX_EAR_TEXT_LEN) {
        return ATLS_OK;
    }
    return atls_ear_text(r, &node, ATLS_EAR_JTI, &ear->jti);
}

static enum atls_err read_optional(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                                   struct atls_ear *ear)
{
    enum atls_err err = read_identifiers(r, map, ear);
    if (err == ATLS_OK) {
        err = atls_ear_octets(r, map, ATLS_EAR_NONCE, ATLS_MIN_EAR_NONCE, ATLS_MAX_NONCE_LEN,
                              &ear->nonce);
    }
    if (err == ATLS_OK) {
        err = read_raw(r, map, ear);
    }
    if (err == ATLS_OK) {
        err = atls_ear_status(r, map, &ear->status, &ear->has_status);
    }
    if (err == ATLS_OK) {
        err = read_cnf(r, map, ear);
    }
    if (err == ATLS_OK) {
        err = read_topology(r, map, ear);
    }
    return err == ATLS_OK ? atls_ear_free_map(r, map, ATLS_EAR_TEE_INFO, &ear->tee_info) : err;
}

enum atls_err atls_ear_read(struct atls_ear *out, struct atls_ear_reader *reader,
                            const struct atls_ear_node *claims)
{
    struct atls_ear ear;
    memset(&ear, 0, sizeof ear);
    enum atls_err err = ATLS_OK;
    if (reader->form->kind(claims) != ATLS_EAR_IS_MAP) {
        err = atls_ear_refuse(reader->diag, reader->submod, "claims", "another type", "a map");
    }
    if (err == ATLS_OK) {
        err = read_profile(reader, claims, &ear);
    }
    if (err == ATLS_OK) {
        err = read_times(reader, claims, &ear);
    }
    if (err == ATLS_OK) {
        err = read_verifier(reader, claims, &ear);
    }
    if (err == ATLS_OK) {
        err = read_submods(reader, claims, &ear);
    }
    if (err == ATLS_OK) {
        err = read_optional(reader, claims, &ear);
    }
    if (err == ATLS_OK) {
        *out = ear;
    }
    return err;
}
