/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading what --from names: a Result, or Evidence: in a CMW, bare, in a bundle that names a key,
 * or in a certificate.
 *
 * With --ak Evidence is appraised, so its claims are those of that key. Without it a PSA token is
 * taken at its word, and a warning says so; a quote of a TPM is of no use without its key. The
 * others bring the path to their maker's root along.
 */
#include "corim_from.h"
#include "corim_from_nitro.h"
#include "corim_from_quote.h"
#include "corim_from_result.h"
#include "corim_from_snp.h"

#include "appraiser/lookup.h"
#include "appraiser/psa/psa.h"
#include "atls/limits.h"
#include "base/diag.h"
#include "base/span.h"
#include "cli.h"
#include "codec/cose.h"
#include "codec/tsm_report.h"
#include "crypto/crypto.h"
#include "endorsement/corim_create.h"
#include "endorsement/corim_from.h"
#include "evidence_file.h"
#include "identity.h"
#include "json/base64.h"
#include "json/cmw_json.h"
#include "json/file.h"
#include "json/json.h"
#include "verifier/bare.h"
#include "verifier/certificate.h"
#include "when.h"

#include <stdlib.h>

static const char step[] = "corim create --from";

void cli_corim_from_cleanup(struct cli_corim_from *from)
{
    atls_file_free(from->file, from->file_len);
    atls_file_free(from->pcrs, from->pcrs_len);
    free(from->wrapped);
    free(from->storage);
    free(from->template);
    json_decref(from->claims);
    atls_key_free(from->ak);
    memset(from, 0, sizeof *from);
}

static const char known[] =
    "psa, tpm2, nitro, snp, tdx or sgx, in a CMW, a bundle, a certificate or "
    "bare; or an EAR";

static enum atls_err refuse(struct atls_diag *diag, const char *claim, const char *found,
                            const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, step, claim, found, expected);
}

/* ---- Evidence ---- */

static void set_hex(json_t *object, const char *name, struct atls_bytes octets)
{
    char *hex = atls_hex_new(octets);
    json_object_set_new(object, name, json_string(hex));
    free(hex);
}

/* copy_claim copies a byte or text string of a claims set, when it is there. */
static void copy_claim(json_t *object, const char *name, const struct atls_cbor *map, int64_t label)
{
    struct atls_cbor value;
    struct atls_bytes content;
    if (label == 0 || !atls_cbor_get(map, label, &value)) {
        return;
    }
    if (atls_cbor_bytes(&value, 0, SIZE_MAX, &content)) {
        set_hex(object, name, content);
    } else if (atls_cbor_text(&value, 0, SIZE_MAX, &content)) {
        json_object_set_new(object, name, json_stringn((const char *)content.data, content.len));
    }
}

static json_t *components_of(const struct atls_cbor *list)
{
    json_t *components = json_array();
    struct atls_cbor item;
    struct atls_cbor_iter iter = atls_cbor_members(list);
    while (atls_cbor_next(&iter, &item)) {
        json_t *component = json_object(); /* labels of RFC 9783, 4.4.1 */
        copy_claim(component, "measurement-type", &item, 1);
        copy_claim(component, "measurement-value", &item, 2);
        copy_claim(component, "version", &item, 4);
        copy_claim(component, "signer-id", &item, 5);
        json_array_append_new(components, component);
    }
    return components;
}

/* read_psa takes a token at its word; cli_corim_from_check holds it against --ak. */
static enum atls_err read_psa(struct cli_corim_from *from, struct atls_bytes token,
                              struct atls_diag *diag)
{
    struct atls_cose_sign1 message;
    struct atls_cbor payload;
    struct atls_cbor value;
    enum atls_err err = atls_cose_sign1_parse(&message, token, ATLS_COSE_ANY, "PSA token", diag);
    if (err == ATLS_OK) {
        err =
            atls_cbor_parse(&payload, message.payload, ATLS_CBOR_STRICT, "PSA token payload", diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    for (int profile = ATLS_PSA_TFM; profile <= ATLS_PSA_LEGACY; profile++) {
        const struct atls_psa_labels *labels = atls_psa_labels((enum atls_psa_profile)profile);
        if (!atls_cbor_get(&payload, labels->implementation_id, &value)) {
            continue;
        }
        from->claims = json_object();
        copy_claim(from->claims, "psa-implementation-id", &payload, labels->implementation_id);
        copy_claim(from->claims, "psa-instance-id", &payload, labels->instance_id);
        if (atls_cbor_get(&payload, labels->components, &value) && value.type == ATLS_CBOR_ARRAY) {
            json_object_set_new(from->claims, "psa-software-components", components_of(&value));
        }
        return ATLS_OK;
    }
    return refuse(diag, "psa-implementation-id", "none", "a PSA token");
}

/* make makes a CoRIM of the claims as they are now. */
static enum atls_err make(uint8_t **out, size_t *len, const struct cli_corim_from *from,
                          struct atls_diag *diag)
{
    char *text = NULL;
    const struct atls_corim_facts facts = {
        .format = from->format, .claims = from->claims, .ak = from->ak};
    enum atls_err err = atls_corim_from_claims(&text, &facts, diag);
    const struct atls_bytes template = atls_bytes_text(text != NULL ? text : "");
    if (err == ATLS_OK) {
        err = atls_corim_create(out, len, &template, 1, from->format->corim_profile, true, diag);
    }
    free(text);
    return err;
}

/* appraise gives what came of the Evidence; it is not fresh, and nobody asks it to be. */
static enum atls_err appraise(struct atls_appraisal *out, const struct cli_corim_from *from,
                              struct atls_bytes corim, struct atls_diag *diag)
{
    struct atls_endorsements *set = NULL;
    struct atls_verify_request request = {.crypto = atls_crypto_openssl(),
                                          .format = from->format,
                                          .cmw = from->cmw,
                                          .no_nonce = true,
                                          .want_claims = true};
    enum atls_err err = cli_when(&request.now_s, NULL, diag);
    if (err == ATLS_OK) {
        err = atls_endorsements_new(&set, diag);
    }
    if (err == ATLS_OK) {
        err = atls_endorsements_add_corim(set, corim, "the new CoRIM", request.now_s, diag);
    }
    if (err == ATLS_OK) {
        request.endorsements = set;
        err = atls_verify(out, &request, diag);
    }
    atls_endorsements_unref(set);
    return err;
}

/* kid_of gives the name of the key that a Parsec bundle says to have been signed by. */
static bool kid_of(struct atls_bytes bundle, struct atls_bytes *out)
{
    struct atls_cbor map;
    struct atls_cbor quote;
    struct atls_cbor kid;
    return atls_cbor_parse(&map, bundle, ATLS_CBOR_STRICT, "tpm2 Evidence", NULL) == ATLS_OK &&
           atls_cbor_get_text(&map, "pat", &quote) && atls_cbor_get_text(&quote, "kid", &kid) &&
           atls_cbor_bytes(&kid, 1, SIZE_MAX, out);
}

/* read_tpm2 reads the quote by way of its appraisal under --ak: its claims are verified ones. */
static enum atls_err read_tpm2(struct cli_corim_from *from, struct atls_bytes bundle,
                               struct atls_diag *diag)
{
    struct atls_appraisal *appraisal = calloc(1, sizeof *appraisal);
    struct atls_bytes kid;
    uint8_t *corim = NULL;
    size_t len = 0;
    json_t *claims = NULL;
    enum atls_err err = appraisal != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    if (err == ATLS_OK && from->ak == NULL) {
        err = refuse(diag, "--ak", "none",
                     "the attestation key of a TPM, without which a quote "
                     "says nothing");
    }
    if (err == ATLS_OK && !kid_of(bundle, &kid)) {
        err = refuse(diag, "kid", "none", "the Parsec key attestation");
    }
    if (err == ATLS_OK) {
        from->claims = json_object();
        set_hex(from->claims, "kid", kid);
        err = make(&corim, &len, from, diag);
    }
    if (err == ATLS_OK) {
        err = appraise(appraisal, from, atls_bytes_of(corim, len), diag);
    }
    if (err == ATLS_OK) {
        err = atls_json_parse(&claims, atls_bytes_text(appraisal->submods[0].claims_json), step,
                              diag);
    }
    if (err == ATLS_OK) {
        json_decref(from->claims);
        from->claims = claims;
    }
    if (appraisal != NULL) {
        atls_appraisal_cleanup(appraisal, free);
    }
    free(appraisal);
    free(corim);
    return err;
}

/* take_certificate: the Evidence of a certificate, which is a record then. */
static enum atls_err take_certificate(struct cli_corim_from *from, struct atls_bytes file,
                                      struct atls_diag *diag)
{
    ATLS_AUTO(atls_evidence_cert_cleanup) struct atls_evidence_cert *cert = NULL;
    struct atls_cert_evidence evidence = {.form = NULL};
    enum atls_err err = atls_evidence_cert_read(&cert, file, diag);
    if (err == ATLS_OK) {
        err = atls_cert_evidence_read(&evidence, cert, atls_crypto_openssl(), diag);
    }
    if (err == ATLS_OK && evidence.cmw == NULL) {
        err = refuse(diag, "--from", "a certificate with Evidence of another format", known);
    }
    from->wrapped = evidence.cmw;
    from->cmw = atls_bytes_of(evidence.cmw, evidence.cmw_len);
    return err;
}

/* take_bare: the octets say which format it is; others are left, as what may be a CMW. */
static enum atls_err take_bare(struct cli_corim_from *from, struct atls_bytes evidence,
                               struct atls_diag *diag)
{
    const struct atls_format *format = atls_bare_format(evidence);
    uint8_t *wrapped = NULL;
    size_t len = 0;
    from->cmw = evidence;
    if (format == NULL) {
        return ATLS_OK;
    }
    const enum atls_err err = atls_bare_wrap(&wrapped, &len, format, evidence, diag);
    if (err == ATLS_OK) {
        free(from->wrapped);
        from->wrapped = wrapped;
        from->cmw = atls_bytes_of(wrapped, len);
    }
    return err;
}

/* take_platform: of a bundle that names a key, the platform's part says what it runs. */
static enum atls_err take_platform(struct cli_corim_from *from, struct atls_cmw *cmw,
                                   struct atls_diag *diag)
{
    struct atls_kat_part part = {.format = NULL};
    uint8_t *record = NULL;
    size_t len = 0;
    enum atls_err err = atls_kat_find_pat(&part, atls_cmw_evidence(cmw), diag);
    if (err == ATLS_OK) {
        err = atls_bare_wrap(&record, &len, part.format, part.evidence, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    free(from->wrapped);
    from->wrapped = record;
    from->cmw = atls_bytes_of(record, len);
    return atls_cmw_parse(cmw, from->cmw, diag);
}

static enum atls_err read_claims(struct cli_corim_from *from, struct atls_bytes evidence,
                                 struct atls_diag *diag)
{
    static const struct {
        const char *format;
        enum atls_err (*read)(struct cli_corim_from *from, struct atls_bytes evidence,
                              struct atls_diag *diag);
    } readers[] = {
        {"psa", read_psa},           {"tpm2", read_tpm2},           {"nitro", cli_corim_read_nitro},
        {"snp", cli_corim_read_snp}, {"tdx", cli_corim_read_quote}, {"sgx", cli_corim_read_quote},
    };
    for (size_t i = 0; from->format != NULL && i < ATLS_ARRAY_LEN(readers); i++) {
        if (strcmp(from->format->name, readers[i].format) == 0) {
            return readers[i].read(from, evidence, diag);
        }
    }
    return refuse(diag, "--from", "Evidence of another format", known);
}

/* format_of: a type that several formats share leaves it to the map. */
static const struct atls_format *format_of(const struct atls_cmw *cmw)
{
    return !cmw->by_content_format && cmw->kind != ATLS_CMW_COLLECTION &&
                   atls_media_type_is(cmw->media_type, ATLS_TSM_MEDIA_TYPE)
               ? atls_bare_format(cmw->value)
               : atls_cmw_format(cmw);
}

static enum atls_err read_evidence(struct cli_corim_from *from, struct atls_diag *diag)
{
    const struct atls_bytes file = atls_bytes_of(from->file, from->file_len);
    struct atls_cmw cmw;
    enum atls_err err = atls_is_certificate(file) ? take_certificate(from, file, diag)
                                                  : take_bare(from, file, diag);
    if (err == ATLS_OK) {
        err = atls_cmw_read_any(&cmw, &from->storage, from->cmw, step, diag);
    }
    if (err == ATLS_ERR_MALFORMED) {
        return refuse(diag, "--from", "a file that is none of them", known);
    }
    if (err != ATLS_OK) {
        return err;
    }
    from->format = format_of(&cmw);
    if (from->format != NULL && strcmp(from->format->name, "kat") == 0) {
        err = take_platform(from, &cmw, diag);
        from->format = err == ATLS_OK ? atls_cmw_format(&cmw) : NULL;
    }
    return err == ATLS_OK ? read_claims(from, cmw.value, diag) : err;
}

/* ---- all of it ---- */

static enum atls_err read_files(struct cli_corim_from *from, const struct cli_options *o,
                                struct atls_diag *diag)
{
    enum atls_err err = cli_evidence_read(&from->file, &from->file_len, o->from, diag);
    if (err == ATLS_OK && from->file_len == 0) {
        err = refuse(diag, "--from", "an empty file", "Evidence or an EAR");
    }
    if (err == ATLS_OK && o->ak != NULL) {
        err = cli_key_read(&from->ak, NULL, NULL, o->ak, diag);
    }
    if (err == ATLS_OK && o->pcr_values != NULL) {
        err = atls_file_read(&from->pcrs, &from->pcrs_len, o->pcr_values, ATLS_MAX_FILE_LEN, diag);
    }
    return err;
}

static enum atls_err check_options(const struct cli_corim_from *from, const struct cli_options *o,
                                   struct atls_diag *diag)
{
    const bool is_tpm2 = strcmp(from->format->name, "tpm2") == 0;
    if (is_tpm2 && from->pcrs_len == 0) {
        return refuse(diag, "--pcr-values",
                      "none: a quote has a digest over the PCRs, not the PCRs",
                      "--pcr-values FILE, the output of tpm2_pcrread on that machine");
    }
    if (!is_tpm2 && (from->pcrs_len != 0 || o->class_uuid != NULL)) {
        return refuse(diag, "--pcr-values, --class", "one of them beside other Evidence",
                      "them for tpm2 only");
    }
    return ATLS_OK;
}

static void warn(const struct cli_corim_from *from)
{
    cli_note("corim", "warning: what this machine says of itself becomes what is trusted; make "
                      "this only of a machine whose software you know to be right");
    if (from->cmw.len == 0 || from->ak != NULL || from->checked) {
        return;
    }
    if (from->unchecked.err != ATLS_OK) {
        cli_note("corim",
                 "warning: the signature of the Evidence was not checked, since it leads to "
                 "no root that is known and in its dates:");
        cli_note_error("corim", &from->unchecked);
    } else {
        cli_note("corim", "warning: the signature of the Evidence was not checked (--ak FILE)");
    }
}

enum atls_err cli_corim_signed(struct cli_corim_from *from, enum atls_err err,
                               const struct atls_diag *why, struct atls_diag *diag)
{
    from->checked = err == ATLS_OK;
    if (err == ATLS_ERR_NOT_ENDORSED || err == ATLS_ERR_COLLATERAL || err == ATLS_ERR_CHAIN) {
        from->unchecked = *why;
        return ATLS_OK;
    }
    if (err != ATLS_OK && diag != NULL) {
        *diag = *why;
    }
    return err;
}

enum atls_err cli_corim_no_ak(const struct cli_corim_from *from, const char *what,
                              struct atls_diag *diag)
{
    if (from->ak == NULL) {
        return ATLS_OK;
    }
    refuse(diag, "--ak", "a key beside ", "it for psa and tpm2 only");
    atls_diag_found_text(diag, what);
    atls_diag_found_text(diag, ", which brings the path to its root");
    return ATLS_ERR_ENDORSEMENT;
}

enum atls_err cli_corim_from_read(struct cli_corim_from *from, const struct cli_options *o,
                                  struct atls_diag *diag)
{
    from->simulated = o->simulated;
    enum atls_err err = read_files(from, o, diag);
    if (err != ATLS_OK) {
        return err;
    }
    err = cli_corim_is_result(atls_bytes_of(from->file, from->file_len))
              ? cli_corim_read_result(from, o, diag)
              : read_evidence(from, diag);
    if (err == ATLS_OK) {
        err = check_options(from, o, diag);
    }
    if (err == ATLS_OK) {
        const struct atls_corim_facts facts = {
            .format = from->format,
            .claims = from->claims,
            .ak = from->ak,
            .class_uuid = o->class_uuid,
            .pcr_values = atls_bytes_of(from->pcrs, from->pcrs_len),
        };
        err = atls_corim_from_claims(&from->template, &facts, diag);
    }
    if (err == ATLS_OK) {
        warn(from);
    }
    return err;
}

enum atls_err cli_corim_from_check(const struct cli_corim_from *from, struct atls_bytes corim,
                                   struct atls_diag *diag)
{
    if (from->cmw.len == 0 || from->ak == NULL) {
        return ATLS_OK;
    }
    struct atls_appraisal *appraisal = calloc(1, sizeof *appraisal);
    if (appraisal == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    enum atls_err err = appraise(appraisal, from, corim, diag);
    const struct atls_submod *submod = &appraisal->submods[0];
    if (err == ATLS_OK &&
        atls_tier_of(submod->vector.claim[ATLS_TRUST_EXECUTABLES]) != ATLS_TIER_AFFIRMING) {
        err = refuse(diag, "measurements", "Evidence that what was made of it does not accept",
                     "measurements that reference values can name");
    }
    atls_appraisal_cleanup(appraisal, free);
    free(appraisal);
    return err;
}
