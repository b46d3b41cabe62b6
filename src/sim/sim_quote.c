/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a simulated quote by their names, and the octets that they make. */
#include "sim/sim_quote.h"

#include "base/rfc3339.h"
#include "base/span.h"
#include "crypto/crypto.h"
#include "json/base64.h"
#include "json/json.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

static const char step[] = "simulated quote";

enum kind { OCTETS, NUMBER, TEXT };
#define AT(member) offsetof(struct atls_sim_quote, member)
#define OF(member) sizeof(((struct atls_sim_quote *)0)->member)
#define HEX(n, member)                                                                             \
    {                                                                                              \
        n, OCTETS, AT(member), OF(member)                                                          \
    }
#define NUM(n, member)                                                                             \
    {                                                                                              \
        n, NUMBER, AT(member), 0                                                                   \
    }
#define STR(n, member)                                                                             \
    {                                                                                              \
        n, TEXT, AT(member), OF(member)                                                            \
    }

static const struct field {
    const char *name;
    enum kind kind;
    size_t at;
    size_t len;
} fields[] = {
    NUM("version", version),
    NUM("td-minor", td_minor),
    HEX("cpu-svn", enclave.cpu_svn),
    HEX("misc-select", enclave.misc_select),
    HEX("ext-prod-id", enclave.ext_prod_id),
    HEX("attributes", enclave.attributes),
    HEX("mr-enclave", enclave.mr_enclave),
    HEX("mr-signer", enclave.mr_signer),
    HEX("config-id", enclave.config_id),
    NUM("isv-prod-id", enclave.prod_id),
    NUM("isv-svn", enclave.svn),
    NUM("config-svn", enclave.config_svn),
    HEX("family-id", enclave.family_id),
    HEX("tee-tcb-svn", td.tee_tcb_svn),
    HEX("mr-seam", td.mr_seam),
    HEX("mrsigner-seam", td.mr_signer_seam),
    HEX("seam-attributes", td.seam_attributes),
    HEX("td-attributes", td.attributes),
    HEX("xfam", td.xfam),
    HEX("mr-td", td.mr_td),
    HEX("mr-config-id", td.mr_config_id),
    HEX("mr-owner", td.mr_owner),
    HEX("mr-owner-config", td.mr_owner_config),
    HEX("rtmr0", td.rtmr[0]),
    HEX("rtmr1", td.rtmr[1]),
    HEX("rtmr2", td.rtmr[2]),
    HEX("rtmr3", td.rtmr[3]),
    HEX("tee-tcb-svn2", td.tee_tcb_svn2),
    HEX("mr-servicetd", td.mr_service_td),
    HEX("qe.attributes", qe.attributes),
    HEX("qe.misc-select", qe.misc_select),
    HEX("qe.mr-enclave", qe.mr_enclave),
    HEX("qe.mr-signer", qe.mr_signer),
    NUM("qe.isv-prod-id", qe.prod_id),
    NUM("qe.isv-svn", qe.svn),
    HEX("qe.auth", qe_auth),
    NUM("qe.auth-len", qe_auth_len),
    HEX("ppid", platform.ppid),
    HEX("fmspc", platform.fmspc),
    HEX("pceid", platform.pce_id),
    HEX("components", platform.components),
    NUM("pcesvn", platform.pcesvn),
    HEX("tcb.fmspc", platform.tcb_fmspc),
    HEX("tcb.pceid", platform.tcb_pce_id),
    HEX("tcb.components", platform.tcb_components),
    HEX("tcb.tdx-components", platform.tcb_tdx_components),
    NUM("tcb.pcesvn", platform.tcb_pcesvn),
    STR("tcb.status", platform.tcb_status),
    STR("tcb.advisory", platform.tcb_advisory),
    NUM("evaluation", platform.evaluation),
    NUM("module.version", platform.module_version),
    NUM("module.isv-svn", platform.module_svn),
    STR("module.status", platform.module_status),
    HEX("module.mr-signer", platform.module_signer),
    HEX("identity.attributes", platform.identity.attributes),
    HEX("identity.attributes-mask", platform.identity_mask),
    HEX("identity.misc-select", platform.identity.misc_select),
    HEX("identity.misc-select-mask", platform.identity_misc_mask),
    HEX("identity.mr-signer", platform.identity.mr_signer),
    NUM("identity.isv-prod-id", platform.identity.prod_id),
    NUM("identity.isv-svn", platform.identity.svn),
    STR("identity.status", platform.qe_status),
    STR("made", platform.made),
    STR("tcb.until", platform.tcb_info_until),
    STR("identity.until", platform.identity_until),
    STR("crl.until", platform.crl_until),
    STR("pck.until", platform.pck_until),
    STR("revoked", platform.revoked),
};

static uint8_t *octets_at(struct atls_sim_quote *quote, const struct field *field)
{
    return &((uint8_t *)quote)[field->at];
}

static const uint8_t *octets_in(const struct atls_sim_quote *quote, const struct field *field)
{
    return &((const uint8_t *)quote)[field->at];
}

static int64_t number_in(const struct atls_sim_quote *quote, const struct field *field)
{
    int64_t number = 0;
    memcpy(&number, octets_in(quote, field), sizeof number);
    return number;
}

static enum atls_err refuse(const char *name, const char *found, const char *expected,
                            struct atls_diag *diag)
{
    atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, name, NULL, expected);
    atls_diag_found_peer_text(diag, atls_bytes_text(found));
    return ATLS_ERR_ARGUMENT;
}

static enum atls_err set_field(struct atls_sim_quote *quote, const struct field *field,
                               const char *value, struct atls_diag *diag)
{
    const struct atls_buf room = {octets_at(quote, field), field->len};
    uint8_t decoded[64];
    const struct atls_buf decoded_room = {decoded, sizeof decoded};
    size_t len = 0;
    char *end = NULL;
    int64_t number = 0;
    switch (field->kind) {
    case OCTETS:
        if (!atls_hex_decode(atls_bytes_text(value), decoded_room, &len) || len != field->len) {
            return refuse(field->name, value, "hex of as many octets as the field has", diag);
        }
        memcpy(room.data, decoded, len);
        return ATLS_OK;
    case NUMBER:
        errno = 0;
        number = strtoll(value, &end, 0);
        if (errno != 0 || end == value || *end != '\0') {
            return refuse(field->name, value, "a number", diag);
        }
        memcpy(room.data, &number, sizeof number);
        return ATLS_OK;
    case TEXT:
    default:
        if (strlen(value) >= field->len) {
            return refuse(field->name, value, "a shorter text", diag);
        }
        memcpy(room.data, value, strlen(value) + 1);
        return ATLS_OK;
    }
}

static const struct field *find(struct atls_bytes name)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(fields); i++) {
        if (atls_bytes_is_text(name, fields[i].name)) {
            return &fields[i];
        }
    }
    return NULL;
}

enum atls_err atls_sim_quote_set(struct atls_sim_quote *quote, const char *setting,
                                 struct atls_diag *diag)
{
    const char *equals = strchr(setting, '=');
    const struct field *field =
        equals != NULL ? find(atls_bytes_of(setting, (size_t)(equals - setting))) : NULL;
    return field != NULL ? set_field(quote, field, &equals[1], diag)
                         : refuse("setting", setting,
                                  "claim=value, with a claim of docs/tdx.md or docs/sgx.md", diag);
}

static json_t *field_json(const struct atls_sim_quote *quote, const struct field *field)
{
    char hex[ATLS_HEX_SIZE(64)];
    const struct atls_bytes octets = atls_bytes_of(octets_in(quote, field), field->len);
    switch (field->kind) {
    case OCTETS:
        return atls_hex_encode(octets, hex, sizeof hex) ? json_string(hex) : NULL;
    case NUMBER:
        return json_integer(number_in(quote, field));
    case TEXT:
    default:
        return json_string((const char *)octets_in(quote, field));
    }
}

json_t *atls_sim_quote_to_json(const struct atls_sim_quote *quote)
{
    json_t *object = json_object();
    for (size_t i = 0; object != NULL && i < ATLS_ARRAY_LEN(fields); i++) {
        if (json_object_set_new(object, fields[i].name, field_json(quote, &fields[i])) != 0) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

static enum atls_err field_from(struct atls_sim_quote *quote, const json_t *object,
                                const struct field *field, struct atls_diag *diag)
{
    struct atls_bytes text = {NULL, 0};
    int64_t number = 0;
    if (field->kind == NUMBER) {
        const enum atls_err err =
            atls_json_int(&number, object, field->name, INT64_MIN, INT64_MAX, step, diag);
        if (err == ATLS_OK) {
            memcpy(octets_at(quote, field), &number, sizeof number);
        }
        return err;
    }
    const enum atls_err err = atls_json_text(&text, object, field->name, step, diag);
    return err == ATLS_OK ? set_field(quote, field, (const char *)text.data, diag) : err;
}

enum atls_err atls_sim_quote_from_json(struct atls_sim_quote *quote, const json_t *object,
                                       struct atls_diag *diag)
{
    const char *names[ATLS_ARRAY_LEN(fields) + 1] = {NULL};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(fields); i++) {
        names[i] = fields[i].name;
    }
    enum atls_err err = atls_json_only_keys(object, names, step, diag);
    for (size_t i = 0; err == ATLS_OK && i < ATLS_ARRAY_LEN(fields); i++) {
        err = field_from(quote, object, &fields[i], diag);
    }
    return err;
}

/* A simulated measurement is the hash of a name, so that two machines have the same. */
static enum atls_err hash_name(struct atls_buf out, const char *name, struct atls_diag *diag)
{
    struct atls_digest digest;
    const int32_t alg = out.cap == 48 ? ATLS_ALG_SHA384 : ATLS_ALG_SHA256;
    const enum atls_err err = atls_crypto_openssl()->hash(alg, atls_bytes_text(name), &digest);
    if (err != ATLS_OK || digest.len != out.cap) {
        return atls_fail(diag, ATLS_ERR_CRYPTO, step, name);
    }
    memcpy(out.data, digest.data, digest.len);
    return ATLS_OK;
}

static enum atls_err init_measurements(struct atls_sim_quote *q, struct atls_diag *diag)
{
    const struct {
        struct atls_buf room;
        const char *name;
    } rows[] = {
        {{q->enclave.mr_enclave, 32}, "atls simulation: enclave"},
        {{q->enclave.mr_signer, 32}, "atls simulation: signer of enclaves"},
        {{q->td.mr_seam, 48}, "atls simulation: TDX module"},
        {{q->td.mr_td, 48}, "atls simulation: firmware of the trust domain"},
        {{q->td.rtmr[0], 48}, "atls simulation: RTMR 0"},
        {{q->td.rtmr[1], 48}, "atls simulation: RTMR 1"},
        {{q->td.rtmr[2], 48}, "atls simulation: RTMR 2"},
        {{q->qe.mr_enclave, 32}, "atls simulation: quoting enclave"},
        {{q->qe.mr_signer, 32}, "atls simulation: signer of quoting enclaves"},
    };
    enum atls_err err = ATLS_OK;
    for (size_t i = 0; err == ATLS_OK && i < ATLS_ARRAY_LEN(rows); i++) {
        err = hash_name(rows[i].room, rows[i].name, diag);
    }
    return err;
}

static void init_platform(struct atls_sim_quote *q)
{
    struct atls_sim_platform *p = &q->platform;
    memset(p->components, 7, 4);
    memset(p->tcb_components, 7, 4);
    memset(p->identity_misc_mask, 0xff, sizeof p->identity_misc_mask);
    memset(p->identity_mask, 0xff, 8);
    p->pcesvn = 13;
    p->tcb_pcesvn = 13;
    p->evaluation = 18;
    p->module_version = 1;
    p->module_svn = 5;
    p->identity = q->qe;
    memcpy(p->tcb_fmspc, p->fmspc, sizeof p->fmspc);
    memcpy(p->tcb_status, "UpToDate", sizeof "UpToDate");
    memcpy(p->module_status, "UpToDate", sizeof "UpToDate");
    memcpy(p->qe_status, "UpToDate", sizeof "UpToDate");
    memcpy(p->revoked, "none", sizeof "none");
}

/* init_dates: made a minute ago, since a peer's clock may be behind; good for a year. */
static void init_dates(struct atls_sim_platform *p)
{
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    const int64_t made = (int64_t)now.tv_sec - 60;
    const int64_t until = made + INT64_C(365) * 86400;
    atls_rfc3339_write(p->made, made);
    atls_rfc3339_write(p->tcb_info_until, until);
    atls_rfc3339_write(p->identity_until, until);
    atls_rfc3339_write(p->crl_until, until);
    atls_rfc3339_write(p->pck_until, until);
}

enum atls_err atls_sim_quote_init(struct atls_sim_quote *q, bool is_td, struct atls_diag *diag)
{
    memset(q, 0, sizeof *q);
    q->is_td = is_td;
    q->version = is_td ? 4 : 3;
    q->enclave.attributes[0] = 0x05; /* INIT, MODE64BIT */
    q->enclave.attributes[8] = 0x03;
    q->enclave.prod_id = 1;
    q->enclave.svn = 1;
    q->qe.attributes[0] = 0x11; /* INIT, PROVISIONKEY */
    q->qe.prod_id = is_td ? 2 : 1;
    q->qe.svn = 6;
    q->td.tee_tcb_svn[0] = 5;
    q->td.tee_tcb_svn[1] = 1;
    q->td.attributes[3] = 0x10; /* SEPT_VE_DISABLE */
    q->td.xfam[0] = 0x07;
    memcpy(q->td.tee_tcb_svn2, q->td.tee_tcb_svn, sizeof q->td.tee_tcb_svn2);
    q->qe_auth_len = 32;
    const struct atls_buf ppid = {q->platform.ppid, sizeof q->platform.ppid};
    const struct atls_buf fmspc = {q->platform.fmspc, sizeof q->platform.fmspc};
    enum atls_err err = init_measurements(q, diag);
    if (err == ATLS_OK && (atls_random(ppid) != ATLS_OK || atls_random(fmspc) != ATLS_OK)) {
        err = atls_fail(diag, ATLS_ERR_CRYPTO, step, "ppid");
    }
    init_platform(q);
    init_dates(&q->platform);
    return err;
}

void atls_sim_put_le16(struct atls_writer *w, uint64_t value)
{
    atls_write_u8(w, (uint8_t)value);
    atls_write_u8(w, (uint8_t)(value >> 8));
}

void atls_sim_put_le32(struct atls_writer *w, uint64_t value)
{
    atls_sim_put_le16(w, value);
    atls_sim_put_le16(w, value >> 16);
}

static void put(struct atls_writer *w, const uint8_t *octets, size_t len)
{
    atls_write_bytes(w, atls_bytes_of(octets, len));
}

static void put_zeros(struct atls_writer *w, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        atls_write_u8(w, 0);
    }
}

void atls_sim_quote_put_enclave(struct atls_writer *w, const struct atls_sim_enclave *e,
                                struct atls_bytes report_data)
{
    put(w, e->cpu_svn, sizeof e->cpu_svn);
    put(w, e->misc_select, sizeof e->misc_select);
    put_zeros(w, 12);
    put(w, e->ext_prod_id, sizeof e->ext_prod_id);
    put(w, e->attributes, sizeof e->attributes);
    put(w, e->mr_enclave, sizeof e->mr_enclave);
    put_zeros(w, 32);
    put(w, e->mr_signer, sizeof e->mr_signer);
    put_zeros(w, 32);
    put(w, e->config_id, sizeof e->config_id);
    atls_sim_put_le16(w, (uint64_t)e->prod_id);
    atls_sim_put_le16(w, (uint64_t)e->svn);
    atls_sim_put_le16(w, (uint64_t)e->config_svn);
    put_zeros(w, 42);
    put(w, e->family_id, sizeof e->family_id);
    atls_write_bytes(w, report_data);
}

static void put_td(struct atls_writer *w, const struct atls_sim_td *td, bool is_1_5,
                   struct atls_bytes report_data)
{
    put(w, td->tee_tcb_svn, sizeof td->tee_tcb_svn);
    put(w, td->mr_seam, sizeof td->mr_seam);
    put(w, td->mr_signer_seam, sizeof td->mr_signer_seam);
    put(w, td->seam_attributes, sizeof td->seam_attributes);
    put(w, td->attributes, sizeof td->attributes);
    put(w, td->xfam, sizeof td->xfam);
    put(w, td->mr_td, sizeof td->mr_td);
    put(w, td->mr_config_id, sizeof td->mr_config_id);
    put(w, td->mr_owner, sizeof td->mr_owner);
    put(w, td->mr_owner_config, sizeof td->mr_owner_config);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(td->rtmr); i++) {
        put(w, td->rtmr[i], sizeof td->rtmr[i]);
    }
    atls_write_bytes(w, report_data);
    if (is_1_5) {
        put(w, td->tee_tcb_svn2, sizeof td->tee_tcb_svn2);
        put(w, td->mr_service_td, sizeof td->mr_service_td);
    }
}

void atls_sim_quote_put_covered(struct atls_writer *w, const struct atls_sim_quote *q,
                                struct atls_bytes report_data)
{
    static const uint8_t vendor[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                       0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};
    const bool is_1_5 = q->is_td && q->version == 5 && q->td_minor == 5;
    atls_sim_put_le16(w, (uint64_t)q->version);
    atls_sim_put_le16(w, 2); /* ECDSA with P-256 */
    atls_sim_put_le32(w, q->is_td ? 0x81 : 0);
    put_zeros(w, 4);
    put(w, vendor, sizeof vendor);
    put_zeros(w, 20);
    if (q->version == 5) {
        atls_sim_put_le16(w, !q->is_td ? 1 : is_1_5 ? 3 : 2);
        atls_sim_put_le32(w, !q->is_td ? ATLS_SIM_QUOTE_REPORT_LEN : is_1_5 ? 648 : 584);
    }
    if (q->is_td) {
        put_td(w, &q->td, is_1_5, report_data);
    } else {
        atls_sim_quote_put_enclave(w, &q->enclave, report_data);
    }
}
