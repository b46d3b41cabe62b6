/* SPDX-License-Identifier: Apache-2.0 */
/* TPM 2.0 Library, part 2: TPMS_ATTEST (10.12.12), TPMT_SIGNATURE (11.3.4), names. */
#include "inspect/tpm.h"

#include "base/span.h"
#include "inspect/formats.h"

static const struct inspect_name_of alg_rows[] = {
    {0x0001, "TPM_ALG_RSA"},       {0x0003, "TPM_ALG_TDES"},
    {0x0004, "TPM_ALG_SHA1"},      {0x0005, "TPM_ALG_HMAC"},
    {0x0006, "TPM_ALG_AES"},       {0x0007, "TPM_ALG_MGF1"},
    {0x0008, "TPM_ALG_KEYEDHASH"}, {0x000a, "TPM_ALG_XOR"},
    {0x000b, "TPM_ALG_SHA256"},    {0x000c, "TPM_ALG_SHA384"},
    {0x000d, "TPM_ALG_SHA512"},    {0x0010, "TPM_ALG_NULL"},
    {0x0012, "TPM_ALG_SM3_256"},   {0x0013, "TPM_ALG_SM4"},
    {0x0014, "TPM_ALG_RSASSA"},    {0x0015, "TPM_ALG_RSAES"},
    {0x0016, "TPM_ALG_RSAPSS"},    {0x0017, "TPM_ALG_OAEP"},
    {0x0018, "TPM_ALG_ECDSA"},     {0x0019, "TPM_ALG_ECDH"},
    {0x001a, "TPM_ALG_ECDAA"},     {0x001b, "TPM_ALG_SM2"},
    {0x001c, "TPM_ALG_ECSCHNORR"}, {0x0020, "TPM_ALG_KDF1_SP800_56A"},
    {0x0021, "TPM_ALG_KDF2"},      {0x0022, "TPM_ALG_KDF1_SP800_108"},
    {0x0023, "TPM_ALG_ECC"},       {0x0025, "TPM_ALG_SYMCIPHER"},
    {0x0026, "TPM_ALG_CAMELLIA"},  {0x0027, "TPM_ALG_SHA3_256"},
    {0x0028, "TPM_ALG_SHA3_384"},  {0x0029, "TPM_ALG_SHA3_512"},
    {0x0040, "TPM_ALG_CTR"},       {0x0041, "TPM_ALG_OFB"},
    {0x0042, "TPM_ALG_CBC"},       {0x0043, "TPM_ALG_CFB"},
    {0x0044, "TPM_ALG_ECB"},
};
const struct inspect_names inspect_tpm_algs = INSPECT_NAMES("a TPM_ALG_ID", alg_rows, false);

static const struct inspect_name_of magic_rows[] = {{0xff544347, "TPM_GENERATED_VALUE"}};
static const struct inspect_names magics =
    INSPECT_NAMES("TPM_GENERATED_VALUE, 0xff544347", magic_rows, true);

enum {
    ST_NV = 0x8014,
    ST_CERTIFY = 0x8017,
    ST_QUOTE = 0x8018,
    ST_TIME = 0x8019,
    ST_CREATION = 0x801a
};
static const struct inspect_name_of st_rows[] = {
    {ST_NV, "TPM_ST_ATTEST_NV"},
    {0x8015, "TPM_ST_ATTEST_COMMAND_AUDIT"},
    {0x8016, "TPM_ST_ATTEST_SESSION_AUDIT"},
    {ST_CERTIFY, "TPM_ST_ATTEST_CERTIFY"},
    {ST_QUOTE, "TPM_ST_ATTEST_QUOTE"},
    {ST_TIME, "TPM_ST_ATTEST_TIME"},
    {ST_CREATION, "TPM_ST_ATTEST_CREATION"},
    {0x801c, "TPM_ST_ATTEST_NV_DIGEST"},
};
static const struct inspect_names attest_types =
    INSPECT_NAMES("a type of attestation", st_rows, true);

void inspect_tpm_name(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                      const void *arg)
{
    (void)arg;
    inspect_show_octets(in, node, v->content);
    if (node->parent == NULL) {
        inspect_is(in, node, "TPM2B_NAME");
    }
    if (v->content.len == 0) {
        inspect_note(in, node, "empty");
        return;
    }
    if (v->content.len == 4) {
        inspect_note(in, node, "handle");
        return;
    }
    const int64_t alg =
        v->content.len > 2 ? (int64_t)(v->content.data[0] << 8 | v->content.data[1]) : 0;
    const char *name = inspect_name_find(&inspect_tpm_algs, alg);
    inspect_note(in, node, "name by %s", name != NULL ? name : "an unknown hash");
}

static void explain_safe(struct inspect_run *run)
{
    static const struct inspect_name_of rows[] = {{0, "NO"}, {1, "YES"}};
    static const struct inspect_names yes_no = INSPECT_NAMES("YES or NO", rows, true);
    (void)inspect_run_uint(run, "safe", 1, &yes_no, NULL);
}

static void read_clock_info(struct inspect_run *outer)
{
    struct inspect_run run = inspect_run_enter(outer, "clockInfo");
    (void)inspect_run_uint(&run, "clock", 8, NULL, NULL);
    (void)inspect_run_uint(&run, "resetCount", 4, NULL, NULL);
    (void)inspect_run_uint(&run, "restartCount", 4, NULL, NULL);
    explain_safe(&run);
    inspect_run_leave(outer, &run);
}

/* A bitmap: PCR n is bit n % 8 of octet n / 8. */
static void explain_select(struct inspect *in, struct inspect_node *node,
                           const struct inspect_value *v, const void *arg)
{
    char list[200] = "";
    (void)arg;
    inspect_show_octets(in, node, v->content);
    for (size_t pcr = 0; pcr < 8 * v->content.len && pcr < 64; pcr++) {
        if ((v->content.data[pcr / 8] & 1u << pcr % 8) != 0) {
            const size_t used = atls_text_len(list);
            (void)snprintf(&list[used], sizeof list - used, "%s%zu", used != 0 ? " " : "", pcr);
        }
    }
    inspect_note(in, node, "PCR %s", list[0] != '\0' ? list : "none");
}

static void read_selection(struct inspect_run *outer, size_t index)
{
    uint64_t size = 0;
    struct inspect_run run =
        inspect_run_enter(outer, inspect_name(outer->in, "pcrSelections[%zu]", index));
    (void)inspect_run_uint(&run, "hash", 2, &inspect_tpm_algs, NULL);
    if (inspect_run_uint(&run, "sizeofSelect", 1, NULL, &size)) {
        (void)inspect_run_octets(&run, "pcrSelect", (size_t)size, explain_select, NULL);
    }
    inspect_run_leave(outer, &run);
}

static void read_quote(struct inspect_run *outer)
{
    uint64_t count = 0;
    struct inspect_run run = inspect_run_enter(outer, "attested.quote");
    struct inspect_run select = inspect_run_enter(&run, "pcrSelect");
    if (inspect_run_uint(&select, "count", 4, NULL, &count)) {
        for (size_t i = 0; i < count && i < 64 && !select.ended; i++) {
            read_selection(&select, i);
        }
        if (count > 64) {
            inspect_problem(run.in, select.node, "%llu selections: more than there are banks",
                            (unsigned long long)count);
            select.ended = true;
        }
    }
    inspect_run_leave(&run, &select);
    (void)inspect_run_sized(&run, "pcrDigest", NULL, NULL);
    inspect_run_leave(outer, &run);
}

static void read_certify(struct inspect_run *outer)
{
    struct inspect_run run = inspect_run_enter(outer, "attested.certify");
    (void)inspect_run_sized(&run, "name", inspect_tpm_name, NULL);
    (void)inspect_run_sized(&run, "qualifiedName", inspect_tpm_name, NULL);
    inspect_run_leave(outer, &run);
}

static void read_creation(struct inspect_run *outer)
{
    struct inspect_run run = inspect_run_enter(outer, "attested.creation");
    (void)inspect_run_sized(&run, "objectName", inspect_tpm_name, NULL);
    (void)inspect_run_sized(&run, "creationHash", NULL, NULL);
    inspect_run_leave(outer, &run);
}

static void read_attested(struct inspect_run *run, uint64_t type)
{
    switch (type) {
    case ST_CERTIFY:
        read_certify(run);
        break;
    case ST_QUOTE:
        read_quote(run);
        break;
    case ST_CREATION:
        read_creation(run);
        break;
    default:
        (void)inspect_run_octets(run, "attested", run->rest.len, NULL, NULL);
        break;
    }
}

static void read_attest(struct inspect_run *run)
{
    uint64_t type = 0;
    if (!inspect_run_uint(run, "magic", 4, &magics, NULL) ||
        !inspect_run_uint(run, "type", 2, &attest_types, &type)) {
        return;
    }
    (void)inspect_run_sized(run, "qualifiedSigner", inspect_tpm_name, NULL);
    (void)inspect_run_sized(run, "extraData", NULL, NULL);
    read_clock_info(run);
    (void)inspect_run_uint(run, "firmwareVersion", 8, NULL, NULL);
    read_attested(run, type);
}

void inspect_tpms_attest(struct inspect *in, struct inspect_node *node,
                         const struct inspect_value *v, const void *arg)
{
    struct inspect_run run = inspect_run_of(in, node, v->content);
    (void)arg;
    inspect_is(in, node, "TPMS_ATTEST");
    read_attest(&run);
    inspect_run_end(&run);
}

static void read_signature(struct inspect_run *run)
{
    uint64_t scheme = 0;
    if (!inspect_run_uint(run, "sigAlg", 2, &inspect_tpm_algs, &scheme)) {
        return;
    }
    if (scheme == 0x0010) { /* TPM_ALG_NULL: nothing follows */
        return;
    }
    (void)inspect_run_uint(run, "hash", 2, &inspect_tpm_algs, NULL);
    switch (scheme) {
    case 0x0014:
    case 0x0016:
        (void)inspect_run_sized(run, "sig", NULL, NULL);
        break;
    case 0x0018:
    case 0x001a:
    case 0x001b:
    case 0x001c:
        (void)inspect_run_sized(run, "signatureR", NULL, NULL);
        (void)inspect_run_sized(run, "signatureS", NULL, NULL);
        break;
    default:
        inspect_problem(run->in, run->node, "sigAlg is no signature scheme");
        (void)inspect_run_octets(run, "signature", run->rest.len, NULL, NULL);
        break;
    }
}

void inspect_tpmt_signature(struct inspect *in, struct inspect_node *node,
                            const struct inspect_value *v, const void *arg)
{
    struct inspect_run run = inspect_run_of(in, node, v->content);
    (void)arg;
    inspect_is(in, node, "TPMT_SIGNATURE");
    read_signature(&run);
    inspect_run_end(&run);
}

/* EnactTrust: node id, the length of a TPMS_ATTEST, the TPMS_ATTEST, a TPMT_SIGNATURE. */
void inspect_enacttrust(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v, const void *arg)
{
    struct inspect_run run = inspect_run_of(in, node, v->content);
    (void)arg;
    inspect_is(in, node, "EnactTrust token");
    (void)inspect_run_octets(&run, "node-id", 16, inspect_uuid, NULL);
    (void)inspect_run_sized(&run, "TPMS_ATTEST", inspect_tpms_attest, NULL);
    (void)inspect_run_octets(&run, "TPMT_SIGNATURE", run.rest.len, inspect_tpmt_signature, NULL);
    inspect_run_end(&run);
}
