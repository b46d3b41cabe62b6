/* SPDX-License-Identifier: Apache-2.0 */
/* TCB info and enclave identity as Intel writes and signs them, and the bundle of all collateral.
 */
#include "base/span.h"
#include "crypto/crypto.h"
#include "json/base64.h"
#include "json/json.h"
#include "sim/sim_intel.h"

#include <stdlib.h>

static const char step[] = "simulated collateral";

static json_t *hex_json(const uint8_t *octets, size_t len)
{
    char hex[ATLS_HEX_SIZE(64)];
    return atls_hex_encode(atls_bytes_of(octets, len), hex, sizeof hex) ? json_string(hex) : NULL;
}

static json_t *components_json(const uint8_t svns[16])
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < 16; i++) {
        if (json_array_append_new(list, json_pack("{s:i}", "svn", svns[i])) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

static json_t *level_json(json_t *tcb, const struct atls_sim_platform *p, const char *status,
                          const char *advisory)
{
    json_t *level =
        json_pack("{s:o, s:s, s:s}", "tcb", tcb, "tcbDate", p->made, "tcbStatus", status);
    if (level != NULL && advisory[0] != '\0' &&
        json_object_set_new(level, "advisoryIDs", json_pack("[s]", advisory)) != 0) {
        json_decref(level);
        return NULL;
    }
    return level;
}

/* A last level that every platform reaches, as Intel's files have one. */
static json_t *last_json(const struct atls_sim_platform *p, bool is_td)
{
    static const uint8_t zeros[16] = {0};
    json_t *tcb =
        json_pack("{s:o, s:i}", "sgxtcbcomponents", components_json(p->components), "pcesvn", 0);
    if (is_td && json_object_set_new(tcb, "tdxtcbcomponents", components_json(zeros)) != 0) {
        json_decref(tcb);
        tcb = NULL;
    }
    return level_json(tcb, p, "OutOfDate", "INTEL-SA-00000");
}

static json_t *tcb_levels_json(const struct atls_sim_platform *p, bool is_td)
{
    json_t *tcb = json_pack("{s:o, s:I}", "sgxtcbcomponents", components_json(p->tcb_components),
                            "pcesvn", (json_int_t)p->tcb_pcesvn);
    if (is_td &&
        json_object_set_new(tcb, "tdxtcbcomponents", components_json(p->tcb_tdx_components)) != 0) {
        json_decref(tcb);
        tcb = NULL;
    }
    return json_pack("[o, o]", level_json(tcb, p, p->tcb_status, p->tcb_advisory),
                     last_json(p, is_td));
}

static json_t *module_json(const struct atls_sim_platform *p)
{
    return json_pack("{s:o, s:s, s:s}", "mrsigner",
                     hex_json(p->module_signer, sizeof p->module_signer), "attributes",
                     "0000000000000000", "attributesMask", "FFFFFFFFFFFFFFFF");
}

static json_t *svn_level_json(const struct atls_sim_platform *p, int64_t svn, const char *status)
{
    return level_json(json_pack("{s:I}", "isvsvn", (json_int_t)svn), p, status, "");
}

static bool add_modules(json_t *info, const struct atls_sim_platform *p)
{
    char id[16] = "TDX_00";
    static const char digits[] = "0123456789ABCDEF";
    id[4] = digits[p->module_version >> 4 & 15];
    id[5] = digits[p->module_version & 15];
    json_t *identity = module_json(p);
    json_t *levels = json_pack("[o, o]", svn_level_json(p, p->module_svn, p->module_status),
                               svn_level_json(p, 2, "OutOfDate"));
    return json_object_set_new(identity, "id", json_string(id)) == 0 &&
           json_object_set_new(identity, "tcbLevels", levels) == 0 &&
           json_object_set_new(info, "tdxModule", module_json(p)) == 0 &&
           json_object_set_new(info, "tdxModuleIdentities", json_pack("[o]", identity)) == 0;
}

static json_t *tcb_info_json(const struct atls_sim_quote *quote)
{
    const struct atls_sim_platform *p = &quote->platform;
    json_t *info = json_pack(
        "{s:s, s:i, s:s, s:s, s:o, s:o, s:i, s:I, s:o}", "id", quote->is_td ? "TDX" : "SGX",
        "version", 3, "issueDate", p->made, "nextUpdate", p->tcb_info_until, "fmspc",
        hex_json(p->tcb_fmspc, sizeof p->tcb_fmspc), "pceId",
        hex_json(p->tcb_pce_id, sizeof p->tcb_pce_id), "tcbType", 0, "tcbEvaluationDataNumber",
        (json_int_t)p->evaluation, "tcbLevels", tcb_levels_json(p, quote->is_td));
    if (info != NULL && quote->is_td && !add_modules(info, p)) {
        json_decref(info);
        return NULL;
    }
    return info;
}

static json_t *identity_json(const struct atls_sim_quote *quote)
{
    const struct atls_sim_platform *p = &quote->platform;
    const struct atls_sim_enclave *e = &p->identity;
    json_t *levels = json_pack("[o, o]", svn_level_json(p, e->svn, p->qe_status),
                               svn_level_json(p, 2, "OutOfDate"));
    return json_pack("{s:s, s:i, s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:I, s:o}", "id",
                     quote->is_td ? "TD_QE" : "QE", "version", 2, "issueDate", p->made,
                     "nextUpdate", p->identity_until, "tcbEvaluationDataNumber",
                     (json_int_t)p->evaluation, "miscselect",
                     hex_json(e->misc_select, sizeof e->misc_select), "miscselectMask",
                     hex_json(p->identity_misc_mask, sizeof p->identity_misc_mask), "attributes",
                     hex_json(e->attributes, sizeof e->attributes), "attributesMask",
                     hex_json(p->identity_mask, sizeof p->identity_mask), "mrsigner",
                     hex_json(e->mr_signer, sizeof e->mr_signer), "isvprodid",
                     (json_int_t)e->prod_id, "tcbLevels", levels);
}

/* add_signed adds text and signature of a body, which it takes. */
static enum atls_err add_signed(json_t *bundle, const char *name, const char *signature_name,
                                json_t *body, const struct atls_key *key, struct atls_diag *diag)
{
    uint8_t octets[64];
    const struct atls_buf room = {octets, sizeof octets};
    size_t len = 0;
    char *text = body != NULL ? atls_json_dump(body) : NULL;
    json_decref(body);
    if (text == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, name);
    }
    const struct atls_bytes covered = atls_bytes_text(text);
    enum atls_err err = atls_crypto_openssl()->sign(ATLS_ALG_ES256, key, &covered, 1, room, &len);
    if (err == ATLS_OK &&
        (json_object_set_new(bundle, name, json_string(text)) != 0 ||
         json_object_set_new(bundle, signature_name, hex_json(octets, len)) != 0)) {
        err = ATLS_ERR_MEMORY;
    }
    free(text);
    return err == ATLS_OK ? ATLS_OK : atls_fail(diag, err, step, name);
}

static json_t *crl_json(struct atls_bytes crl)
{
    char *hex = atls_hex_new(crl);
    json_t *value = hex != NULL ? json_string(hex) : NULL;
    free(hex);
    return value;
}

enum atls_err atls_sim_collateral(char **out, const struct atls_sim_intel *intel,
                                  const struct atls_sim_quote *quote, struct atls_bytes root_crl,
                                  struct atls_bytes pck_crl, struct atls_diag *diag)
{
    json_t *bundle = json_pack("{s:s, s:o, s:o, s:s, s:s}", "pck_crl_issuer_chain",
                               intel->chain_pem, "root_ca_crl", crl_json(root_crl), "pck_crl",
                               crl_json(pck_crl), "tcb_info_issuer_chain", intel->tcb_chain_pem,
                               "qe_identity_issuer_chain", intel->tcb_chain_pem);
    if (bundle == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    enum atls_err err = add_signed(bundle, "tcb_info", "tcb_info_signature", tcb_info_json(quote),
                                   intel->tcb, diag);
    if (err == ATLS_OK) {
        err = add_signed(bundle, "qe_identity", "qe_identity_signature", identity_json(quote),
                         intel->tcb, diag);
    }
    char *text = err == ATLS_OK ? atls_json_dump(bundle) : NULL;
    json_decref(bundle);
    if (err == ATLS_OK && text == NULL) {
        err = atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    *out = text;
    return err;
}
