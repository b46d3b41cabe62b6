/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who signed a report (AMD 57230): a VCEK of the chip or a VLEK of a cloud, whose certificate comes
 * with the Evidence or was loaded, up to an ARK that is pinned or was loaded by hand. The
 * certificate names chip and firmware, and the report must name the same.
 */
#include "appraiser/snp/parsed.h"

#include "appraiser/input.h"
#include "base/diag.h"
#include "base/span.h"
#include "crypto/cert_path.h"

#include <stdlib.h>

/* R and S in the report: 72 octets each, of which the lower 48 count. */
enum { FIELD_LEN = 72, HALF_LEN = 48 };

struct atls_snp_verified {
    struct atls_snp_report report;
    const struct atls_snp_product *product;
    struct atls_chain *chain; /* owned */
    struct atls_amd_cert cert;
    struct atls_root root;
    struct atls_diag unchecked;
};

/* What one search for the chain has in hand; freed as a whole. */
struct search {
    const struct atls_snp_parsed *parsed;
    struct atls_collateral *brought; /* a list of revoked certificates of the table */
    struct atls_cert_list brought_certs[3];
    struct atls_bytes certs[ATLS_MAX_CERT_PATH]; /* leaf first */
    size_t num_certs;
    struct atls_environment environment; /* whose trust anchors count */
    char model[16];
    struct atls_collateral_scope scope;
};

void atls_snp_verified_free(struct atls_snp_verified *verified)
{
    if (verified != NULL) {
        atls_chain_release(verified->chain);
        free(verified);
    }
}

void atls_snp_verified_cleanup(struct atls_snp_verified **verified)
{
    atls_snp_verified_free(*verified);
}

const struct atls_snp_report *atls_snp_report(const struct atls_snp_verified *verified)
{
    return &verified->report;
}

const struct atls_snp_product *atls_snp_product(const struct atls_snp_verified *verified)
{
    return verified->product;
}

const struct atls_chain *atls_snp_chain(const struct atls_snp_verified *verified)
{
    return verified->chain;
}

const struct atls_root *atls_snp_root(const struct atls_snp_verified *verified)
{
    return &verified->root;
}

const struct atls_amd_cert *atls_snp_cert(const struct atls_snp_verified *verified)
{
    return &verified->cert;
}

const struct atls_diag *atls_snp_unchecked(const struct atls_snp_verified *verified)
{
    return &verified->unchecked;
}

static void search_cleanup(struct search *s)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(s->brought_certs); i++) {
        atls_cert_list_cleanup(&s->brought_certs[i]);
    }
    atls_collateral_free(s->brought);
}

/* add_entry takes the certificates of an entry of the table: one in DER, or any in PEM. DER is
 * lent, which spares the known chain of an old acquaintance from being read again. */
static enum atls_err add_entry(struct search *s, struct atls_cert_list *storage,
                               struct atls_bytes entry, struct atls_diag *diag)
{
    static const uint8_t sequence[] = {0x30, 0x82};
    struct atls_cert_list certs = {{entry}, entry.len != 0 ? 1 : 0};
    if (entry.len > 2 &&
        !atls_bytes_equal(atls_bytes_of(entry.data, 2), atls_bytes_of(sequence, sizeof sequence))) {
        const enum atls_err err = atls_cert_list_read(storage, entry, diag);
        if (err != ATLS_OK) {
            return atls_evidence_recode(err, diag);
        }
        certs = *storage;
    }
    for (size_t i = 0; i < certs.count; i++) {
        if (s->num_certs == ATLS_MAX_CERT_PATH) {
            return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE,
                                   "certificate table", "more certificates", "at most 8");
        }
        s->certs[s->num_certs++] = certs.cert[i];
    }
    return ATLS_OK;
}

/* bring_list lends the list of revoked certificates of the table to the search. One that cannot be
 * read is as good as none, and that shows in the vector. */
static enum atls_err bring_list(struct search *s, struct atls_diag *diag)
{
    if (s->parsed->table.crl.len == 0) {
        return ATLS_OK;
    }
    enum atls_err err = atls_collateral_new(&s->brought, ATLS_MAX_BROUGHT, diag);
    if (err == ATLS_OK && atls_collateral_add(s->brought, s->parsed->table.crl,
                                              "the certificate table", NULL) == ATLS_OK) {
        s->scope.brought = s->brought;
    }
    return err;
}

static enum atls_err search_begin(struct search *s, const struct atls_snp_parsed *parsed,
                                  const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    memset(s, 0, sizeof *s);
    s->parsed = parsed;
    s->scope = (struct atls_collateral_scope){.endorsements = input->endorsements,
                                              .format = "snp",
                                              .now_s = input->now_s,
                                              .fetched = input->fetched,
                                              .wanted = input->wanted,
                                              .ends_s = input->ends_s};
    return bring_list(s, diag);
}

/* name_root is the environment of trust anchors (CoRIM): whose ARK, of which product line. */
static void name_root(struct search *s, const struct atls_snp_product *product)
{
    const struct atls_bytes ark = atls_bytes_text("ARK-");
    const struct atls_bytes name = atls_bytes_text(product != NULL ? product->name : "");
    memcpy(s->model, ark.data, ark.len);
    memcpy(&s->model[ark.len], name.data, name.len);
    s->environment = (struct atls_environment){
        .has_vendor = true,
        .vendor = atls_bytes_text("Advanced Micro Devices"),
        .has_model = true,
        .model = atls_bytes_of(s->model, ark.len + name.len),
    };
    s->scope.environment = &s->environment;
}

static struct atls_bytes chip_id_of(const struct atls_snp_report *report,
                                    const struct atls_snp_product *product)
{
    return atls_bytes_of(report->chip_id.data, product->chip_id_len);
}

/* find_loaded looks for a leaf of this report in what was loaded, behind `skip` others, and else
 * wants it: of this line, or of the other one. */
static enum atls_err find_loaded(struct atls_bytes *out, const struct search *s, size_t skip,
                                 const struct atls_snp_product *product, const char *otherwise,
                                 const struct atls_collateral_scope *scope, struct atls_diag *diag)
{
    const struct atls_snp_report *report = &s->parsed->report;
    const bool is_vcek = report->signing_key == ATLS_AMD_VCEK;
    const struct atls_bytes none = {NULL, 0};
    const struct atls_amd_question question = {
        .kind = report->signing_key,
        .product = product->name,
        .otherwise = otherwise,
        .chip_id = is_vcek ? chip_id_of(report, product) : none,
        .tcb = atls_snp_tcb_of(report->reported_tcb, product),
        .skip = skip,
    };
    return atls_collateral_amd_leaf(out, scope, &question, diag);
}

/*
 * A report of version 2 does not name its processor: what was loaded for it does. Nothing there, it
 * is wanted of the line that its chip is of: Turin's identifiers have 8 octets (57230, 2.2), those
 * of Milan and Genoa 64, which of the two knows AMD alone.
 */
static enum atls_err find_loaded_any(struct atls_bytes *out,
                                     const struct atls_snp_product **product,
                                     const struct search *s, size_t skip, struct atls_diag *diag)
{
    static const char *const names[] = {"Milan", "Genoa", "Turin"};
    const struct atls_bytes chip_id = s->parsed->report.chip_id;
    struct atls_collateral_scope scope = s->scope;
    if (*product != NULL) {
        return find_loaded(out, s, skip, *product, NULL, &scope, diag);
    }
    enum atls_err err = ATLS_ERR_COLLATERAL;
    scope.wanted = NULL;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(names) && err == ATLS_ERR_COLLATERAL; i++) {
        *product = atls_snp_product_by_name(names[i]);
        err = find_loaded(out, s, skip, *product, NULL, &scope, diag);
    }
    if (err != ATLS_ERR_COLLATERAL || skip != 0) {
        return err;
    }
    const struct atls_snp_product *turin = *product;
    const size_t len = turin->chip_id_len;
    if (!atls_is_zero(chip_id) &&
        atls_is_zero(atls_bytes_of(&chip_id.data[len], chip_id.len - len))) {
        return find_loaded(out, s, 0, turin, NULL, &s->scope, diag);
    }
    err = find_loaded(out, s, 0, atls_snp_product_by_name("Milan"), "Genoa", &s->scope, NULL);
    const bool is_vcek = s->parsed->report.signing_key == ATLS_AMD_VCEK;
    return atls_fail_texts(diag, err, "collateral", is_vcek ? "VCEK" : "VLEK",
                           "none for this chip and TCB, neither loaded nor brought along",
                           "its certificate, of Milan or Genoa: the report does not say which");
}

/* brought_product reads the line of a leaf that came with the Evidence; whether it is one is for
 * the chain to say. */
static enum atls_err brought_product(const struct atls_snp_product **out, const struct search *s,
                                     struct atls_diag *diag)
{
    struct atls_x509 *leaf = NULL;
    struct atls_amd_cert cert;
    enum atls_err err = atls_x509_read(&leaf, s->certs[0], diag);
    if (err == ATLS_OK) {
        err = atls_amd_cert_read(&cert, leaf, diag);
    }
    if (err == ATLS_OK) {
        *out = atls_snp_product_by_name(cert.product);
    }
    if (err == ATLS_OK && *out == NULL) {
        atls_fail_texts(diag, ATLS_ERR_CLAIM, ATLS_STEP_ENDORSEMENT,
                        "productName of the certificate", NULL, "Milan, Genoa or Turin");
        atls_diag_found_peer_text(diag, atls_bytes_text(cert.product));
        err = ATLS_ERR_CLAIM;
    }
    atls_x509_free(leaf);
    return atls_evidence_recode(err, diag);
}

static enum atls_err take_brought(struct search *s, struct atls_bytes leaf, struct atls_diag *diag)
{
    enum atls_err err = add_entry(s, &s->brought_certs[0], leaf, diag);
    if (err == ATLS_OK) {
        err = add_entry(s, &s->brought_certs[1], s->parsed->table.ask, diag);
    }
    if (err == ATLS_OK) {
        err = add_entry(s, &s->brought_certs[2], s->parsed->table.ark, diag);
    }
    return err;
}

/* make_chain tries the certificates in hand, as those of a product line. */
static enum atls_err make_chain(struct atls_snp_verified *v, struct search *s,
                                const struct atls_snp_product *product, struct atls_diag *diag)
{
    name_root(s, product);
    v->product = product;
    return atls_evidence_recode(atls_collateral_chain(&v->chain, &v->root, &s->scope, s->certs,
                                                      s->num_certs, &atls_chain_amd, diag),
                                diag);
}

/* fits: the chain's leaf is of the firmware that the report is of. */
static bool fits(const struct atls_snp_verified *v)
{
    struct atls_amd_cert cert;
    const struct atls_amd_tcb tcb = atls_snp_tcb_of(v->report.reported_tcb, v->product);
    return atls_amd_cert_read(&cert, atls_chain_cert(v->chain, 0), NULL) == ATLS_OK &&
           atls_amd_tcb_equal(&cert.tcb, &tcb);
}

/* make_brought makes the chain of what the host sent. Where the processor's line has no such root,
 * the leaf may be of another line, which is the better sentence. */
static enum atls_err make_brought(struct atls_snp_verified *v, struct search *s,
                                  const struct atls_snp_product *product, struct atls_bytes leaf,
                                  struct atls_diag *diag)
{
    const struct atls_snp_product *brought = product;
    enum atls_err err = take_brought(s, leaf, diag);
    if (err == ATLS_OK && product == NULL) {
        err = brought_product(&brought, s, diag);
    }
    if (err == ATLS_OK) {
        err = make_chain(v, s, brought, diag);
    }
    if (err == ATLS_ERR_NOT_ENDORSED && brought_product(&brought, s, NULL) == ATLS_OK &&
        brought != v->product) {
        err = make_chain(v, s, brought, diag);
    }
    return err;
}

/* reverse turns a little-endian field of the signature into the big-endian half of r||s. */
static void reverse(uint8_t *out, const uint8_t *field)
{
    for (size_t i = 0; i < HALF_LEN; i++) {
        out[i] = field[HALF_LEN - 1 - i];
    }
}

static enum atls_err check_signature(const struct atls_snp_parsed *parsed,
                                     const struct atls_chain *chain,
                                     const struct atls_crypto_ops *crypto, struct atls_diag *diag)
{
    uint8_t raw[2 * HALF_LEN];
    reverse(raw, parsed->signature.data);
    reverse(&raw[HALF_LEN], &parsed->signature.data[FIELD_LEN]);
    const enum atls_err err =
        crypto->verify(ATLS_ALG_ES384, atls_chain_key(chain), &parsed->signed_part, 1,
                       atls_bytes_of(raw, sizeof raw));
    return err == ATLS_OK ? err
                          : atls_fail_texts(diag, err, ATLS_STEP_SIGNATURE, "SIGNATURE",
                                            "one that does not verify",
                                            "one over octets 000 to 29f by the key of the "
                                            "certificate");
}

/* As many leaves are tried; a file of more than that for one TCB is nobody's. */
#define MAX_LEAVES 16

/*
 * use_loaded tries what was loaded for this report until one has signed it. Reports do not say by
 * which VLEK: a cloud has one in each region, and a new one each year, all of one TCB.
 */
static enum atls_err use_loaded(struct atls_snp_verified *v, struct search *s,
                                const struct atls_snp_product *product,
                                const struct atls_crypto_ops *crypto, struct atls_diag *diag)
{
    enum atls_err err = ATLS_ERR_COLLATERAL;
    for (size_t skip = 0; skip < MAX_LEAVES; skip++) {
        struct atls_diag why = {.err = ATLS_OK};
        const struct atls_snp_product *line = product;
        enum atls_err its_err = find_loaded_any(&s->certs[0], &line, s, skip, &why);
        const bool found = its_err == ATLS_OK;
        if (found) {
            atls_chain_release(v->chain);
            v->chain = NULL;
            s->num_certs = 1;
            its_err = make_chain(v, s, line, &why);
        }
        if (its_err == ATLS_OK) {
            its_err = check_signature(s->parsed, v->chain, crypto, &why);
        }
        if (its_err == ATLS_OK) {
            return ATLS_OK;
        }
        if (skip == 0) { /* what is wrong with the first is what is told */
            err = its_err;
            if (diag != NULL) {
                *diag = why;
            }
        }
        if (!found) {
            break;
        }
    }
    return err;
}

/*
 * find_chain makes the chain of the report's key, and checks the signature. What the host sent
 * counts if it fits the report; a host that sends an old leaf, or none, is made good for by what
 * was loaded.
 */
static enum atls_err find_chain(struct atls_snp_verified *v, struct search *s,
                                const struct atls_crypto_ops *crypto, struct atls_diag *diag)
{
    const struct atls_snp_table *table = &s->parsed->table;
    const struct atls_bytes leaf =
        s->parsed->report.signing_key == ATLS_AMD_VCEK ? table->vcek : table->vlek;
    const struct atls_snp_product *product = NULL;
    enum atls_err err = atls_snp_report_product(&product, &s->parsed->report, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (leaf.len == 0) {
        return use_loaded(v, s, product, crypto, diag);
    }
    err = make_brought(v, s, product, leaf, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (!fits(v)) {
        const struct atls_snp_verified brought = *v;
        v->chain = NULL;
        if (use_loaded(v, s, product, crypto, NULL) == ATLS_OK) {
            atls_chain_release(brought.chain);
            return ATLS_OK;
        }
        atls_chain_release(v->chain);
        *v = brought; /* what does not fit has its sentence */
    }
    return check_signature(s->parsed, v->chain, crypto, diag);
}

static enum atls_err check_certificate(struct atls_snp_verified *v, struct atls_diag *diag)
{
    const enum atls_err err = atls_evidence_recode(
        atls_amd_cert_read(&v->cert, atls_chain_cert(v->chain, 0), diag), diag);
    return err == ATLS_OK ? atls_snp_check_certificate(v, diag) : err;
}

/* check_revoked: that nobody has a list is said in the vector, and is no refusal by itself. */
static enum atls_err check_revoked(struct atls_snp_verified *v, const struct search *s,
                                   struct atls_diag *diag)
{
    struct atls_diag why = {.err = ATLS_OK};
    const enum atls_err err = atls_collateral_check_revoked(&s->scope, v->chain, 1, &why);
    if (err == ATLS_ERR_COLLATERAL) {
        v->unchecked = why;
        return ATLS_OK;
    }
    if (err != ATLS_OK && diag != NULL) {
        *diag = why;
    }
    return err;
}

static enum atls_err verify(struct atls_snp_verified *v, struct search *s,
                            const struct atls_crypto_ops *crypto, struct atls_diag *diag)
{
    enum atls_err err = find_chain(v, s, crypto, diag);
    if (err == ATLS_OK) {
        err = check_certificate(v, diag);
    }
    return err == ATLS_OK ? check_revoked(v, s, diag) : err;
}

enum atls_err atls_snp_verify(struct atls_snp_verified **out, const struct atls_snp_parsed *parsed,
                              const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    struct search s;
    struct atls_snp_verified *v = calloc(1, sizeof *v);
    if (v == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_STEP_SIGNATURE, "SNP report");
    }
    v->report = parsed->report;
    enum atls_err err = search_begin(&s, parsed, input, diag);
    if (err == ATLS_OK) {
        err = verify(v, &s, input->crypto, diag);
    }
    search_cleanup(&s);
    if (err != ATLS_OK) {
        atls_snp_verified_free(v);
        return err;
    }
    *out = v;
    return ATLS_OK;
}
