/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/sim_snp_chain.h"

#include "base/span.h"
#include "crypto/issue.h"
#include "json/base64.h"

#include <stdio.h>
#include <stdlib.h>

static const char step[] = "sim-snp";

enum { DAY_S = 86400, YEARS = 10 * 365 };
enum {
    ARK = ATLS_SIM_SNP_ARK,
    ASK = ATLS_SIM_SNP_ASK,
    LEAF = ATLS_SIM_SNP_LEAF,
    CRL = ATLS_SIM_SNP_CRL,
    NUM_PARTS = ATLS_SIM_SNP_NUM_PARTS
};

/* DER in new memory. */
struct der {
    uint8_t *data;
    size_t len;
};

/* Everything that one chain is made of. */
struct making {
    const struct atls_sim_snp *snp;
    const struct atls_sim_snp_maker *maker;
    struct der parts[NUM_PARTS];
};

/* Extensions 1.3.6.1.4.1.3704.1.*: values of one INTEGER or IA5String, and the bare hwID. */
enum { MAX_EXTENSIONS = 12, MAX_VALUE = 64 };
struct extensions {
    struct atls_cert_extension items[MAX_EXTENSIONS];
    uint8_t values[MAX_EXTENSIONS][MAX_VALUE];
    size_t num;
};

static void add(struct extensions *e, const char *oid, const void *value, size_t len)
{
    memcpy(e->values[e->num], value, len);
    e->items[e->num] =
        (struct atls_cert_extension){oid, false, atls_bytes_of(e->values[e->num], len)};
    e->num++;
}

static void add_level(struct extensions *e, const char *oid, uint8_t level)
{
    const uint8_t small[] = {0x02, 0x01, level};
    const uint8_t large[] = {0x02, 0x02, 0x00, level};
    add(e, oid, level < 0x80 ? small : large, level < 0x80 ? sizeof small : sizeof large);
}

static void add_text(struct extensions *e, const char *oid, const char *text)
{
    const struct atls_bytes octets = atls_bytes_text(text);
    uint8_t value[MAX_VALUE] = {0x16, (uint8_t)octets.len};
    memcpy(&value[2], octets.data, octets.len);
    add(e, oid, value, 2 + octets.len);
}

#define AMD_OID "1.3.6.1.4.1.3704.1."

static void describe(struct extensions *e, const struct atls_sim_snp *snp)
{
    const uint8_t *tcb = snp->cert_tcb;
    const bool fmc = snp->line->has_fmc;
    add_level(e, AMD_OID "1", fmc ? 1 : 0);
    add_text(e, AMD_OID "2", snp->cert_product[0] != '\0' ? snp->cert_product : snp->line->name);
    add_level(e, AMD_OID "3.1", tcb[fmc ? 1 : 0]);
    add_level(e, AMD_OID "3.2", tcb[fmc ? 2 : 1]);
    add_level(e, AMD_OID "3.3", tcb[fmc ? 3 : 6]);
    if (fmc) {
        add_level(e, AMD_OID "3.9", tcb[0]);
    } else {
        add_level(e, AMD_OID "3.4", tcb[2]);
    }
    add_level(e, AMD_OID "3.5", tcb[fmc ? 4 : 3]);
    add_level(e, AMD_OID "3.6", tcb[fmc ? 5 : 4]);
    add_level(e, AMD_OID "3.7", tcb[fmc ? 6 : 5]);
    add_level(e, AMD_OID "3.8", tcb[7]);
    if (atls_sim_snp_is_vlek(snp)) {
        add_text(e, AMD_OID "5", "CN=cc-simulation.example");
    } else {
        add(e, AMD_OID "4", snp->cert_chip_id, snp->line->chip_id_len);
    }
}

static enum atls_err issue(struct making *m, size_t part, const char *name,
                           const struct extensions *extensions, struct atls_diag *diag)
{
    const int64_t now_s = m->maker->now_s;
    const size_t above = part == ARK ? ARK : part - 1;
    const struct atls_issuer issuer = {
        part == ARK ? atls_bytes_of(NULL, 0)
                    : atls_bytes_of(m->parts[above].data, m->parts[above].len),
        m->maker->keys[above]};
    const struct atls_issue_spec spec = {
        .common_name = name,
        .serial = part == LEAF ? 0 : 65536 + part,
        .not_before_s = now_s - DAY_S,
        .not_after_s = now_s + (int64_t)YEARS * DAY_S,
        .bare = part == LEAF,
        .is_ca = part != LEAF,
        .path_len = part == ASK ? 0 : ATLS_ISSUE_NO_PATH_LEN,
        .usage = part == LEAF ? 0u : ATLS_ISSUE_CERT_SIGN | ATLS_ISSUE_CRL_SIGN,
        .extensions = extensions != NULL ? extensions->items : NULL,
        .num_extensions = extensions != NULL ? extensions->num : 0,
        .signature = ATLS_CHAIN_PSS_SHA384,
    };
    return atls_issue_cert(&m->parts[part].data, &m->parts[part].len, &spec, m->maker->keys[part],
                           &issuer, diag);
}

static enum atls_err issue_all(struct making *m, struct atls_diag *diag)
{
    const bool vlek = atls_sim_snp_is_vlek(m->snp);
    char ark[32], ask[32];
    struct extensions extensions;
    memset(&extensions, 0, sizeof extensions);
    describe(&extensions, m->snp);
    snprintf(ark, sizeof ark, "ARK-%s", m->snp->line->name);
    snprintf(ask, sizeof ask, vlek ? "SEV-VLEK-%s" : "SEV-%s", m->snp->line->name);
    const char *issuer_name = m->snp->cert_issuer[0] != '\0' ? m->snp->cert_issuer : ask;
    const char *leaf = m->snp->cert_subject[0] != '\0' ? m->snp->cert_subject
                       : vlek                          ? "SEV-VLEK"
                                                       : "SEV-VCEK";
    enum atls_err err = issue(m, ARK, ark, NULL, diag);
    if (err == ATLS_OK) {
        err = issue(m, ASK, issuer_name, NULL, diag);
    }
    if (err == ATLS_OK) {
        err = issue(m, LEAF, leaf, &extensions, diag);
    }
    const struct atls_issuer issuer = {atls_bytes_of(m->parts[ARK].data, m->parts[ARK].len),
                                       m->maker->keys[ARK]};
    const struct atls_issue_crl_spec crl = {
        .this_update_s = m->maker->now_s - DAY_S,
        .next_update_s = m->maker->now_s + (int64_t)YEARS * DAY_S,
        .serials = m->maker->revoked,
        .num_serials = m->maker->num_revoked,
        .signature = ATLS_CHAIN_PSS_SHA384,
    };
    return err == ATLS_OK
               ? atls_issue_crl(&m->parts[CRL].data, &m->parts[CRL].len, &crl, &issuer, diag)
               : err;
}

/* put_le32 writes a number as the table has it. */
static void put_le32(uint8_t *out, size_t value)
{
    for (size_t i = 0; i < 4; i++) {
        out[i] = (uint8_t)(value >> 8 * i);
    }
}

/* write_table: the table of the GHCB specification, then what its entries point at. */
static enum atls_err write_table(struct atls_sim_snp_chain *out, const struct making *m,
                                 struct atls_diag *diag)
{
    static const uint8_t guids[][16] = {
        {0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0,
         0xae},
        {0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7,
         0x82},
        {0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac,
         0xcd},
        {0x92, 0xf8, 0x1b, 0xc3, 0x58, 0x11, 0x4d, 0x3d, 0x97, 0xff, 0xd1, 0x9f, 0x88, 0xdc, 0x67,
         0xea},
        {0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8,
         0xa1}, /* of a VLEK, in place of the third */
    };
    enum { ENTRY = 24, HEAD = ENTRY * (NUM_PARTS + 1) };
    size_t len = HEAD;
    for (size_t i = 0; i < NUM_PARTS; i++) {
        len += m->parts[i].len;
    }
    uint8_t *table = calloc(1, len);
    if (table == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "certificate table");
    }
    size_t at = HEAD;
    uint8_t *entry = table;
    for (size_t i = 0; i < NUM_PARTS; i++) {
        const bool vlek = i == LEAF && atls_sim_snp_is_vlek(m->snp);
        if ((m->maker->parts >> i & 1) == 0) {
            continue;
        }
        memcpy(entry, guids[vlek ? NUM_PARTS : i], sizeof guids[0]);
        put_le32(&entry[16], at);
        put_le32(&entry[20], m->parts[i].len);
        memcpy(&table[at], m->parts[i].data, m->parts[i].len);
        at += m->parts[i].len;
        entry = &entry[ENTRY];
    }
    out->table = table;
    out->table_len = at;
    return ATLS_OK;
}

/* pem_of writes a certificate in PEM (RFC 7468), which CoRIM has keys in. */
static char *pem_of(const struct der *cert)
{
    char *base64 = atls_base64_new(atls_bytes_of(cert->data, cert->len));
    const size_t len = base64 != NULL ? strlen(base64) : 0;
    const size_t cap = len + len / 64 + 80;
    char *pem = base64 != NULL ? malloc(cap) : NULL;
    size_t at = 0;
    if (pem != NULL) {
        at = (size_t)snprintf(pem, cap, "-----BEGIN CERTIFICATE-----\n");
        for (size_t i = 0; i < len; i += 64) {
            at += (size_t)snprintf(&pem[at], cap - at, "%.64s\n", &base64[i]);
        }
        (void)snprintf(&pem[at], cap - at, "-----END CERTIFICATE-----\n");
    }
    free(base64);
    return pem;
}

enum atls_err atls_sim_snp_chain_make(struct atls_sim_snp_chain *out,
                                      const struct atls_sim_snp *snp,
                                      const struct atls_sim_snp_maker *maker,
                                      struct atls_diag *diag)
{
    struct making m = {.snp = snp, .maker = maker};
    struct atls_sim_snp_chain chain = {NULL, NULL, 0};
    enum atls_err err = issue_all(&m, diag);
    if (err == ATLS_OK) {
        err = write_table(&chain, &m, diag);
    }
    if (err == ATLS_OK) {
        chain.ark_pem = pem_of(&m.parts[ARK]);
        err = chain.ark_pem != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, step, "ARK");
    }
    if (err == ATLS_OK) {
        *out = chain;
    } else {
        atls_sim_snp_chain_cleanup(&chain);
    }
    for (size_t i = 0; i < NUM_PARTS; i++) {
        free(m.parts[i].data);
    }
    return err;
}

void atls_sim_snp_chain_cleanup(struct atls_sim_snp_chain *chain)
{
    free(chain->ark_pem);
    free(chain->table);
    memset(chain, 0, sizeof *chain);
}
