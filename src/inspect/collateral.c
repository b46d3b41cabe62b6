/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Intel publishes of platforms (PCS API, version 4, and the bundles that quote verifiers
 * keep), and what Azure's virtual machines give beside their TPM: JSON around quotes, lists and
 * chains.
 */
#include "inspect/formats.h"

#include "base/span.h"
#include "json/base64.h"

#define ALONE INSPECT_NO_LABEL

/* inside explains what a text holds: hexadecimal, PEM or JSON; other text is shown. With `arg` it
 * is an object of that table, whose octets somebody signed. */
static void inside(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                   const void *arg)
{
    struct inspect_found found;
    if (v->type != INSPECT_TEXT) {
        inspect_wrong_type(in, node, v, "a text");
        return;
    }
    struct atls_bytes text = inspect_text_of(in, node, v);
    if (arg != NULL) {
        const struct inspect_value object = inspect_value_json(text);
        inspect_decoded(in, node, "text", text);
        inspect_check(in, node, &object, text);
        inspect_later(in, node, &object, inspect_map, arg);
        return;
    }
    const struct atls_buf room = {inspect_keep(in, text.len / 2 + 1), text.len / 2 + 1};
    size_t len = 0;
    const bool is_hex = room.data != NULL && atls_hex_decode(text, room, &len);
    if (is_hex) {
        text = atls_bytes_of(room.data, len);
    }
    if (text.len == 0 || !inspect_detect(text, &found)) {
        inspect_show_value(in, node, v);
        return;
    }
    inspect_decoded(in, node, is_hex ? "hex" : "text", text);
    inspect_later(in, node, &found.value, found.explain, found.arg);
}

/* clang-format off: one key a line */
static const struct inspect_field component_rows[] = {
    {ALONE, "svn", NULL, inspect_uint, NULL, true},
    {ALONE, "category", NULL, inspect_text, NULL, false},
    {ALONE, "type", NULL, inspect_text, NULL, false},
};
static const struct inspect_fields component = INSPECT_FIELDS(NULL, component_rows);
static const struct inspect_list components = {"component", inspect_map, &component, 1};
static const struct inspect_field tcb_rows[] = {
    {ALONE, "sgxtcbcomponents", NULL, inspect_array, &components, false},
    {ALONE, "tdxtcbcomponents", NULL, inspect_array, &components, false},
    {ALONE, "pcesvn", NULL, inspect_uint, NULL, false},
    {ALONE, "isvsvn", NULL, inspect_uint, NULL, false},
};
static const struct inspect_fields tcb = INSPECT_FIELDS(NULL, tcb_rows);
static const struct inspect_list words = {"", inspect_text, NULL, 0};
static const struct inspect_field level_rows[] = {
    {ALONE, "tcb", NULL, inspect_map, &tcb, true},
    {ALONE, "tcbDate", NULL, inspect_text, NULL, false},
    {ALONE, "tcbStatus", NULL, inspect_text, NULL, false},
    {ALONE, "advisoryIDs", NULL, inspect_array, &words, false},
};
static const struct inspect_fields level = INSPECT_FIELDS(NULL, level_rows);
static const struct inspect_list levels = {"level", inspect_map, &level, 1};
static const struct inspect_field module_rows[] = {
    {ALONE, "id", NULL, inspect_text, NULL, false},
    {ALONE, "mrsigner", NULL, inspect_text, NULL, true},
    {ALONE, "attributes", NULL, inspect_text, NULL, true},
    {ALONE, "attributesMask", NULL, inspect_text, NULL, true},
    {ALONE, "tcbLevels", NULL, inspect_array, &levels, false},
};
static const struct inspect_fields module = INSPECT_FIELDS(NULL, module_rows);
static const struct inspect_list modules = {"module", inspect_map, &module, 0};
static const struct inspect_field info_rows[] = {
    {ALONE, "id", NULL, inspect_text, NULL, false},
    {ALONE, "version", NULL, inspect_uint, NULL, true},
    {ALONE, "issueDate", NULL, inspect_text, NULL, true},
    {ALONE, "nextUpdate", NULL, inspect_text, NULL, true},
    {ALONE, "fmspc", NULL, inspect_text, NULL, true},
    {ALONE, "pceId", NULL, inspect_text, NULL, false},
    {ALONE, "tcbType", NULL, inspect_uint, NULL, false},
    {ALONE, "tcbEvaluationDataNumber", NULL, inspect_uint, NULL, false},
    {ALONE, "tdxModule", NULL, inspect_map, &module, false},
    {ALONE, "tdxModuleIdentities", NULL, inspect_array, &modules, false},
    {ALONE, "tcbLevels", NULL, inspect_array, &levels, true},
};
static const struct inspect_fields info = INSPECT_FIELDS("TCB info of Intel", info_rows);
static const struct inspect_field identity_rows[] = {
    {ALONE, "id", NULL, inspect_text, NULL, false},
    {ALONE, "version", NULL, inspect_uint, NULL, true},
    {ALONE, "issueDate", NULL, inspect_text, NULL, true},
    {ALONE, "nextUpdate", NULL, inspect_text, NULL, true},
    {ALONE, "tcbEvaluationDataNumber", NULL, inspect_uint, NULL, false},
    {ALONE, "miscselect", NULL, inspect_text, NULL, true},
    {ALONE, "miscselectMask", NULL, inspect_text, NULL, true},
    {ALONE, "attributes", NULL, inspect_text, NULL, true},
    {ALONE, "attributesMask", NULL, inspect_text, NULL, true},
    {ALONE, "mrsigner", NULL, inspect_text, NULL, true},
    {ALONE, "isvprodid", NULL, inspect_uint, NULL, true},
    {ALONE, "tcbLevels", NULL, inspect_array, &levels, false},
};
static const struct inspect_fields identity =
    INSPECT_FIELDS("identity of a quoting enclave", identity_rows);

/* What is signed, and the signature over its octets. */
static const struct inspect_field signed_info_rows[] = {
    {ALONE, "tcbInfo", NULL, inspect_map, &info, true},
    {ALONE, "signature", NULL, inspect_text, NULL, true},
};
static const struct inspect_fields signed_info =
    INSPECT_FIELDS("TCB info of Intel, signed", signed_info_rows);
static const struct inspect_field signed_identity_rows[] = {
    {ALONE, "enclaveIdentity", NULL, inspect_map, &identity, true},
    {ALONE, "signature", NULL, inspect_text, NULL, true},
};
static const struct inspect_fields signed_identity =
    INSPECT_FIELDS("identity of a quoting enclave, signed", signed_identity_rows);

static const struct inspect_field bundle_rows[] = {
    {ALONE, "pck_crl_issuer_chain", NULL, inside, NULL, false},
    {ALONE, "root_ca_crl", NULL, inside, NULL, false},
    {ALONE, "pck_crl", NULL, inside, NULL, false},
    {ALONE, "tcb_info_issuer_chain", NULL, inside, NULL, true},
    {ALONE, "tcb_info", NULL, inside, &info, true},
    {ALONE, "tcb_info_signature", NULL, inspect_text, NULL, true},
    {ALONE, "qe_identity_issuer_chain", NULL, inside, NULL, true},
    {ALONE, "qe_identity", NULL, inside, &identity, true},
    {ALONE, "qe_identity_signature", NULL, inspect_text, NULL, true},
};
static const struct inspect_fields bundle =
    INSPECT_FIELDS("collateral of Intel for quotes", bundle_rows);

static const struct inspect_field azure_rows[] = {
    {ALONE, "version", NULL, inspect_uint, NULL, true},
    {ALONE, "hcl_report", NULL, inspect_guess, NULL, true},
    {ALONE, "td_quote", NULL, inspect_guess, NULL, false},
    {ALONE, "vcek", NULL, inspect_guess, NULL, false},
    {ALONE, "tpm_quote", NULL, inspect_any, NULL, true},
};
/* clang-format on */
static const struct inspect_fields azure =
    INSPECT_FIELDS("Azure's HCL report and TPM quote", azure_rows);

/* inspect_collateral: a member names what it is. */
void inspect_collateral(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_map(in, node, v,
                inspect_has_text(v, "tcbInfo")           ? &signed_info
                : inspect_has_text(v, "enclaveIdentity") ? &signed_identity
                                                         : &bundle);
}

void inspect_azure(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                   const void *arg)
{
    (void)arg;
    inspect_map(in, node, v, &azure);
}
