/* SPDX-License-Identifier: Apache-2.0 */
/* AMD SEV-SNP reports (56860), and the HCL report of Azure around one. */
#include "inspect/formats.h"
#include "inspect/layout.h"

#include "base/span.h"

/* AMD SEV-SNP */

static const struct inspect_name_of policy_rows[] = {
    {16, "SMT"},
    {18, "MIGRATE_MA"},
    {19, "DEBUG"},
    {20, "SINGLE_SOCKET"},
    {21, "CXL_ALLOW"},
    {22, "MEM_AES_256_XTS"},
    {23, "RAPL_DIS"},
    {24, "CIPHERTEXT_HIDING_DRAM"},
    {25, "PAGE_SWAP_DISABLE"},
};
static const struct inspect_names policy = INSPECT_NAMES("", policy_rows, false);
static const struct inspect_name_of platform_rows[] = {
    {0, "SMT_EN"},
    {1, "TSME_EN"},
    {2, "ECC_EN"},
    {3, "RAPL_DIS"},
    {4, "CIPHERTEXT_HIDING_DRAM_EN"},
    {5, "ALIAS_CHECK_COMPLETE"},
    {7, "TIO_EN"},
};
static const struct inspect_names platform = INSPECT_NAMES("", platform_rows, false);
static const struct inspect_name_of signer_rows[] = {
    {0, "AUTHOR_KEY_EN"},     {1, "MASK_CHIP_KEY"},     {2, "SIGNING_KEY bit 0"},
    {3, "SIGNING_KEY bit 1"}, {4, "SIGNING_KEY bit 2"},
};
static const struct inspect_names signer = INSPECT_NAMES("", signer_rows, false);

/* clang-format off: one field a line */
static const struct inspect_place snp_rows[] = {
    {0x000, 4, "VERSION", true, NULL},
    {0x004, 4, "GUEST_SVN", true, NULL},
    {0x008, 8, "POLICY", true, &policy},
    {0x010, 16, "FAMILY_ID", false, NULL},
    {0x020, 16, "IMAGE_ID", false, NULL},
    {0x030, 4, "VMPL", true, NULL},
    {0x034, 4, "SIGNATURE_ALGO", true, NULL},
    {0x038, 8, "CURRENT_TCB", false, NULL},
    {0x040, 8, "PLATFORM_INFO", true, &platform},
    {0x048, 4, "KEY_INFO", true, &signer},
    {0x050, 64, "REPORT_DATA", false, NULL},
    {0x090, 48, "MEASUREMENT", false, NULL},
    {0x0c0, 32, "HOST_DATA", false, NULL},
    {0x0e0, 48, "ID_KEY_DIGEST", false, NULL},
    {0x110, 48, "AUTHOR_KEY_DIGEST", false, NULL},
    {0x140, 32, "REPORT_ID", false, NULL},
    {0x160, 32, "REPORT_ID_MA", false, NULL},
    {0x180, 8, "REPORTED_TCB", false, NULL},
    {0x188, 1, "CPUID_FAM_ID", true, NULL},
    {0x189, 1, "CPUID_MOD_ID", true, NULL},
    {0x18a, 1, "CPUID_STEP", true, NULL},
    {0x1a0, 64, "CHIP_ID", false, NULL},
    {0x1e0, 8, "COMMITTED_TCB", false, NULL},
    {0x1e8, 1, "CURRENT_BUILD", true, NULL},
    {0x1e9, 1, "CURRENT_MINOR", true, NULL},
    {0x1ea, 1, "CURRENT_MAJOR", true, NULL},
    {0x1ec, 1, "COMMITTED_BUILD", true, NULL},
    {0x1ed, 1, "COMMITTED_MINOR", true, NULL},
    {0x1ee, 1, "COMMITTED_MAJOR", true, NULL},
    {0x1f0, 8, "LAUNCH_TCB", false, NULL},
    {0x1f8, 8, "LAUNCH_MIT_VECTOR", true, NULL},
    {0x200, 8, "CURRENT_MIT_VECTOR", true, NULL},
    {0x2a0, 72, "SIGNATURE.R", false, NULL},
    {0x2e8, 72, "SIGNATURE.S", false, NULL},
};
/* clang-format on */
static const struct inspect_layout snp = INSPECT_LAYOUT(snp_rows, 0x4a0);

void inspect_snp_report(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_is(in, node, "SEV-SNP attestation report");
    inspect_show_structure(node);
    (void)inspect_layout_add(in, node, &snp, v->content);
}

/* The table of certificates that comes with a report: GUID, offset, length; a zero entry ends it.
 */

static const struct {
    const char *guid; /* as its octets come */
    const char *name;
} table_names[] = {
    {"\x63\xda\x75\x8d\xe6\x64\x45\x64\xad\xc5\xf4\xb9\x3b\xe8\xac\xcd", "VCEK"},
    {"\xa8\x07\x4b\xc2\xa2\x5a\x48\x3e\xaa\xe6\x39\xc0\x45\xa0\xb8\xa1", "VLEK"},
    {"\x4a\xb7\xb3\x79\xbb\xac\x4f\xe4\xa0\x2f\x05\xae\xf3\x27\xc7\x82", "ASK"},
    {"\xc0\xb4\x06\xa4\xa8\x03\x49\x52\x97\x43\x3f\xb6\x01\x4c\xd0\xae", "ARK"},
    {"\x92\xf8\x1b\xc3\x58\x11\x4d\x3d\x97\xff\xd1\x9f\x88\xdc\x67\xea", "CRL"},
};

static void add_entry(struct inspect *in, struct inspect_node *node, struct atls_bytes table,
                      struct atls_bytes entry)
{
    const uint64_t at = inspect_layout_number(entry, 16, 4);
    const uint64_t len = inspect_layout_number(entry, 20, 4);
    const char *name = "certificate";
    for (size_t i = 0; i < sizeof table_names / sizeof table_names[0]; i++) {
        if (atls_bytes_equal(inspect_part(entry, 0, 16), atls_bytes_of(table_names[i].guid, 16))) {
            name = table_names[i].name;
        }
    }
    if (at > table.len || len > table.len - at) {
        inspect_problem_at(in, node, entry.data, "the entry of %s goes past the end", name);
        return;
    }
    inspect_add_part(in, node, name, inspect_part(table, (size_t)at, (size_t)len), inspect_guess);
}

void inspect_certificate_table(struct inspect *in, struct inspect_node *node,
                               const struct inspect_value *v, const void *arg)
{
    enum { ENTRY = 24, MAX_ENTRIES = 64 };
    (void)arg;
    inspect_is(in, node, "certificate table");
    inspect_show_structure(node);
    for (size_t at = 0; at < (size_t)ENTRY * MAX_ENTRIES; at += ENTRY) {
        const struct atls_bytes entry = inspect_part(v->content, at, ENTRY);
        if (entry.len < ENTRY) {
            inspect_problem(in, node, "the table has no end");
            return;
        }
        if (atls_is_zero(entry)) {
            return;
        }
        add_entry(in, node, v->content, entry);
    }
}

/* Azure */

/* clang-format off: one field a line */
static const struct inspect_place hcl_rows[] = {
    {0x000, 4, "signature", false, NULL},  {0x004, 4, "version", true, NULL},
    {0x008, 4, "report_size", true, NULL}, {0x00c, 4, "request_type", true, NULL},
    {0x010, 4, "status", true, NULL},
};
static const struct inspect_place runtime_rows[] = {
    {0x4c0, 4, "data_size", true, NULL},   {0x4c4, 4, "runtime_version", true, NULL},
    {0x4c8, 4, "report_type", true, NULL}, {0x4cc, 4, "hash_type", true, NULL},
    {0x4d0, 4, "runtime_len", true, NULL},
};
/* clang-format on */
static const struct inspect_layout hcl = INSPECT_LAYOUT(hcl_rows, 0x20);
static const struct inspect_layout runtime = INSPECT_LAYOUT(runtime_rows, 0x4d4);

void inspect_hcl_report(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_is(in, node, "Azure HCL report");
    inspect_show_structure(node);
    if (!inspect_layout_add(in, node, &hcl, v->content)) {
        return;
    }
    inspect_add_part(in, node, "hardware_report", inspect_part(v->content, 0x20, 0x4a0),
                     inspect_content);
    if (!inspect_layout_add(in, node, &runtime, v->content)) {
        return;
    }
    const uint64_t len = inspect_layout_number(v->content, 0x4d0, 4);
    inspect_add_part(in, node, "runtime_data",
                     inspect_part(v->content, runtime.len, len < SIZE_MAX ? (size_t)len : 0),
                     inspect_raw_text);
}
