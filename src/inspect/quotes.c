/* SPDX-License-Identifier: Apache-2.0 */
/* Intel SGX and TDX quotes of versions 3, 4 and 5 (sgx_quote_3.h, 4, 5). */
#include "inspect/formats.h"
#include "inspect/layout.h"

#include "base/span.h"

static const uint8_t intel_qe[] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                   0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

/* clang-format off: one field a line */
static const struct inspect_place header_rows[] = {
    {0x00, 2, "version", true, NULL},     {0x02, 2, "att_key_type", true, NULL},
    {0x04, 4, "tee_type", true, NULL},    {0x08, 2, "qe_svn", true, NULL},
    {0x0a, 2, "pce_svn", true, NULL},     {0x0c, 16, "qe_vendor_id", false, NULL},
    {0x1c, 20, "user_data", false, NULL},
};
static const struct inspect_name_of sgx_flag_rows[] = {
    {0, "INIT"},          {1, "DEBUG"},          {2, "MODE64BIT"},
    {4, "PROVISION_KEY"}, {5, "EINITTOKEN_KEY"}, {7, "KSS"},
};
static const struct inspect_names sgx_flags = INSPECT_NAMES("", sgx_flag_rows, false);
static const struct inspect_place sgx_rows[] = {
    {0x000, 16, "cpu_svn", false, NULL},         {0x010, 4, "misc_select", true, NULL},
    {0x020, 16, "isv_ext_prod_id", false, NULL}, {0x030, 8, "attributes.flags", true, &sgx_flags},
    {0x038, 8, "attributes.xfrm", true, NULL},   {0x040, 32, "mr_enclave", false, NULL},
    {0x080, 32, "mr_signer", false, NULL},       {0x0c0, 64, "config_id", false, NULL},
    {0x100, 2, "isv_prod_id", true, NULL},       {0x102, 2, "isv_svn", true, NULL},
    {0x104, 2, "config_svn", true, NULL},        {0x130, 16, "isv_family_id", false, NULL},
    {0x140, 64, "report_data", false, NULL},
};
static const struct inspect_name_of td_rows_bits[] = {
    {0, "DEBUG"}, {28, "SEPT_VE_DISABLE"}, {29, "MIGRATABLE"}, {30, "PKS"}, {31, "KL"},
    {62, "TPA"},  {63, "PERFMON"},
};
static const struct inspect_names td_flags = INSPECT_NAMES("", td_rows_bits, false);
static const struct inspect_place td_rows[] = {
    {0x000, 16, "tee_tcb_svn", false, NULL},
    {0x010, 48, "mr_seam", false, NULL},
    {0x040, 48, "mrsigner_seam", false, NULL},
    {0x070, 8, "seam_attributes", true, NULL},
    {0x078, 8, "td_attributes", true, &td_flags},
    {0x080, 8, "xfam", true, NULL},
    {0x088, 48, "mr_td", false, NULL},
    {0x0b8, 48, "mr_config_id", false, NULL},
    {0x0e8, 48, "mr_owner", false, NULL},
    {0x118, 48, "mr_owner_config", false, NULL},
    {0x148, 48, "rtmr0", false, NULL},
    {0x178, 48, "rtmr1", false, NULL},
    {0x1a8, 48, "rtmr2", false, NULL},
    {0x1d8, 48, "rtmr3", false, NULL},
    {0x208, 64, "report_data", false, NULL},
};
static const struct inspect_place td15_rows[] = {
    {0x248, 16, "tee_tcb_svn2", false, NULL},
    {0x258, 48, "mr_servicetd", false, NULL},
};
/* clang-format on */
static const struct inspect_layout header = INSPECT_LAYOUT(header_rows, 0x30);
static const struct inspect_layout sgx = INSPECT_LAYOUT(sgx_rows, 0x180);
static const struct inspect_layout td = INSPECT_LAYOUT(td_rows, 0x248);
static const struct inspect_layout td15 = INSPECT_LAYOUT(td15_rows, 0x288);

bool inspect_quote_is(struct atls_bytes octets)
{
    const uint64_t version = inspect_layout_number(octets, 0, 2);
    return version >= 3 && version <= 5 &&
           atls_bytes_equal(inspect_part(octets, 0x0c, 16),
                            atls_bytes_of(intel_qe, sizeof intel_qe));
}

bool inspect_quote_is_tdx(struct atls_bytes octets)
{
    return inspect_layout_number(octets, 0, 2) >= 4 && inspect_layout_number(octets, 4, 4) == 0x81;
}

static void explain_sgx_body(struct inspect *in, struct inspect_node *node,
                             const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_show_structure(node);
    (void)inspect_layout_add(in, node, &sgx, v->content);
}

static void explain_td_body(struct inspect *in, struct inspect_node *node,
                            const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_show_structure(node);
    if (inspect_layout_add(in, node, &td, v->content) && v->content.len > td.len) {
        (void)inspect_layout_add(in, node, &td15, v->content);
    }
}

/* Signature data: sizes of its parts for ECDSA on P-256, the only kind in use. */
enum { SIGNATURE = 64, KEY = 64, QE_REPORT = 384 };

static const struct inspect_name_of cert_rows[] = {
    {1, "PPID in the clear"},          {2, "PPID encrypted by RSA-2048"},
    {3, "PPID encrypted by RSA-3072"}, {4, "PCK certificate"},
    {5, "PCK certificate chain"},      {6, "QE report and its certification"},
    {7, "platform manifest"},
};
static const struct inspect_names cert_types = INSPECT_NAMES("", cert_rows, false);

static void explain_certification(struct inspect *in, struct inspect_node *node,
                                  const struct inspect_value *v, const void *arg);

/* add_cut adds a part and moves past it; false, marked, when it is not whole. */
static bool add_cut(struct inspect *in, struct inspect_node *node, const char *name, uint64_t len,
                    struct atls_bytes *rest, inspect_explain *explain)
{
    if (len > rest->len) {
        inspect_problem(in, node, "cut off in %s: %zu octets are there, expected %llu", name,
                        rest->len, (unsigned long long)len);
        return false;
    }
    inspect_add_part(in, node, name, inspect_part(*rest, 0, (size_t)len), explain);
    *rest = inspect_rest(*rest, (size_t)len);
    return true;
}

static bool add_qe_report(struct inspect *in, struct inspect_node *node, struct atls_bytes *rest)
{
    static const struct inspect_place rows[] = {{0, 2, "auth_data_len", true, NULL}};
    static const struct inspect_layout layout = INSPECT_LAYOUT(rows, 2);
    if (!add_cut(in, node, "qe_report", QE_REPORT, rest, explain_sgx_body) ||
        !add_cut(in, node, "qe_report_signature", SIGNATURE, rest, inspect_octets) ||
        !inspect_layout_add(in, node, &layout, *rest)) {
        return false;
    }
    const uint64_t len = inspect_layout_number(*rest, 0, 2);
    *rest = inspect_rest(*rest, 2);
    return add_cut(in, node, "auth_data", len, rest, inspect_octets);
}

static void add_certification(struct inspect *in, struct inspect_node *node, struct atls_bytes rest)
{
    static const struct inspect_place rows[] = {
        {0, 2, "cert_type", true, NULL},
        {2, 4, "cert_data_size", true, NULL},
    };
    static const struct inspect_layout layout = INSPECT_LAYOUT(rows, 6);
    if (!inspect_layout_add(in, node, &layout, rest)) {
        return;
    }
    const uint64_t type = inspect_layout_number(rest, 0, 2);
    const uint64_t len = inspect_layout_number(rest, 2, 4);
    const char *name = inspect_name_find(&cert_types, (int64_t)type);
    if (name != NULL) {
        inspect_note(in, node, "cert_type %llu %s", (unsigned long long)type, name);
    }
    rest = inspect_rest(rest, 6);
    (void)add_cut(in, node, "cert_data", len, &rest,
                  type == 6 ? explain_certification : inspect_guess);
    if (rest.len != 0) {
        inspect_problem_at(in, node, rest.data, "%zu octets behind the end", rest.len);
    }
}

/* Certification data of type 6: the QE report, and certification data again. */
static void explain_certification(struct inspect *in, struct inspect_node *node,
                                  const struct inspect_value *v, const void *arg)
{
    struct atls_bytes rest = v->content;
    (void)arg;
    inspect_show_structure(node);
    if (add_qe_report(in, node, &rest)) {
        add_certification(in, node, rest);
    }
}

/* arg: any address for version 3, in which the QE report comes at once. */
static void explain_signature(struct inspect *in, struct inspect_node *node,
                              const struct inspect_value *v, const void *arg)
{
    struct atls_bytes rest = v->content;
    inspect_show_structure(node);
    if (!add_cut(in, node, "signature", SIGNATURE, &rest, inspect_octets) ||
        !add_cut(in, node, "attestation_key", KEY, &rest, inspect_octets) ||
        (arg != NULL && !add_qe_report(in, node, &rest))) {
        return;
    }
    add_certification(in, node, rest);
}

/* add_signature adds the length and the signature data, and what may stand behind: zeros. */
static void add_signature(struct inspect *in, struct inspect_node *node, struct atls_bytes octets,
                          uint64_t version)
{
    static const struct inspect_place rows[] = {{0, 4, "signature_data_len", true, NULL}};
    static const struct inspect_layout layout = INSPECT_LAYOUT(rows, 4);
    if (!inspect_layout_add(in, node, &layout, octets)) {
        return;
    }
    const uint64_t len = inspect_layout_number(octets, 0, 4);
    const struct atls_bytes rest = inspect_rest(octets, 4);
    if (len > rest.len) {
        inspect_problem(in, node, "signature data of %llu octets, %zu are there",
                        (unsigned long long)len, rest.len);
    }
    const struct inspect_value v = inspect_value_octets(inspect_part(rest, 0, (size_t)len));
    (void)inspect_add(in, node, "signature_data", &v, explain_signature,
                      version == 3 ? rows : NULL);
    if (rest.len > len) {
        inspect_add_part(in, node, "padding", inspect_rest(rest, (size_t)len), inspect_octets);
    }
}

void inspect_quote(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                   const void *arg)
{
    const bool is_td = inspect_quote_is_tdx(v->content);
    const uint64_t version = inspect_layout_number(v->content, 0, 2);
    size_t at = header.len;
    size_t body_len = is_td ? td.len : sgx.len;
    (void)arg;
    if (!inspect_quote_is(v->content)) {
        inspect_problem(in, node, "not the header of an SGX or TDX quote");
        inspect_show_octets(in, node, v->content);
        return;
    }
    inspect_is(in, node, is_td ? "TDX quote" : "SGX quote");
    inspect_note(in, node, "version %llu", (unsigned long long)version);
    inspect_show_structure(node);
    if (!inspect_layout_add(in, node, &header, v->content)) {
        return;
    }
    if (version == 5) {
        static const struct inspect_place rows[] = {
            {0x30, 2, "body_type", true, NULL},
            {0x32, 4, "body_size", true, NULL},
        };
        static const struct inspect_layout body = INSPECT_LAYOUT(rows, 0x36);
        if (!inspect_layout_add(in, node, &body, v->content)) {
            return;
        }
        body_len = (size_t)inspect_layout_number(v->content, 0x32, 4);
        at = body.len;
    }
    inspect_add_part(in, node, is_td ? "td_report" : "enclave_report",
                     inspect_part(v->content, at, body_len),
                     is_td ? explain_td_body : explain_sgx_body);
    add_signature(in, node, inspect_rest(v->content, at + body_len), version);
}

void inspect_open_enclave(struct inspect *in, struct inspect_node *node,
                          const struct inspect_value *v, const void *arg)
{
    static const struct inspect_place rows[] = {
        {0, 4, "version", true, NULL},
        {4, 4, "type", true, NULL},
        {8, 8, "size", true, NULL},
    };
    static const struct inspect_layout layout = INSPECT_LAYOUT(rows, 16);
    (void)arg;
    if (inspect_quote_is(v->content)) { /* without the header */
        inspect_later(in, node, v, inspect_quote, NULL);
        return;
    }
    inspect_show_structure(node);
    if (inspect_layout_add(in, node, &layout, v->content)) {
        inspect_add_part(in, node, "quote", inspect_rest(v->content, layout.len), inspect_guess);
    }
}
