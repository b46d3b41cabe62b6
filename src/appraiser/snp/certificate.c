/* SPDX-License-Identifier: Apache-2.0 */
/* That the certificate of a report's key names the chip and the firmware that the report names, of
 * one product line with its root. */
#include "appraiser/snp/snp.h"

#include "appraiser/input.h"
#include "base/diag.h"
#include "base/span.h"

static enum atls_err refuse(struct atls_diag *diag, const char *claim, const char *found,
                            const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_CLAIM, ATLS_STEP_ENDORSEMENT, claim, found, expected);
}

enum { SHOWN_TCB_LEN = 9 };

static void show_tcb(uint8_t out[SHOWN_TCB_LEN], const struct atls_amd_tcb *tcb)
{
    out[0] = tcb->fmc;
    out[1] = tcb->bootloader;
    out[2] = tcb->tee;
    out[3] = tcb->snp;
    out[4] = tcb->microcode;
    memcpy(&out[5], tcb->reserved, sizeof tcb->reserved);
}

static enum atls_err check_tcb(const struct atls_snp_report *report,
                               const struct atls_snp_product *product,
                               const struct atls_amd_cert *cert, struct atls_diag *diag)
{
    const struct atls_amd_tcb tcb = atls_snp_tcb_of(report->reported_tcb, product);
    uint8_t found[SHOWN_TCB_LEN], expected[SHOWN_TCB_LEN];
    if (atls_amd_tcb_equal(&cert->tcb, &tcb)) {
        return ATLS_OK;
    }
    show_tcb(found, &cert->tcb);
    show_tcb(expected, &tcb);
    refuse(diag, "TCB of the certificate", "FMC, boot loader, TEE, SNP, microcode, spl4 to 7 ",
           "that of REPORTED_TCB, ");
    atls_diag_found_bytes(diag, atls_bytes_of(found, sizeof found));
    atls_diag_expected_bytes(diag, atls_bytes_of(expected, sizeof expected));
    return ATLS_ERR_CLAIM;
}

static enum atls_err refuse_chip(struct atls_diag *diag, const char *found, const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_CLAIM, ATLS_STEP_CLAIMS, "CHIP_ID", found, expected);
}

static enum atls_err check_chip(const struct atls_snp_report *report,
                                const struct atls_snp_product *product,
                                const struct atls_amd_cert *cert, struct atls_diag *diag)
{
    const size_t len = product->chip_id_len;
    const struct atls_bytes chip_id = atls_bytes_of(report->chip_id.data, len);
    const struct atls_bytes rest = {&report->chip_id.data[len], report->chip_id.len - len};
    if (!atls_is_zero(rest)) {
        return refuse_chip(diag, "more octets than the product line has", "zeros behind them");
    }
    if (cert->kind == ATLS_AMD_VLEK) {
        return ATLS_OK; /* names no chip; the report may */
    }
    if (atls_is_zero(report->chip_id)) {
        return refuse_chip(diag, "a masked one", "that of the VCEK certificate");
    }
    if (atls_bytes_equal(cert->chip_id, chip_id)) {
        return ATLS_OK;
    }
    refuse(diag, "hwID of the certificate", NULL, NULL);
    atls_diag_found_bytes(diag, cert->chip_id);
    atls_diag_expected_bytes(diag, chip_id);
    return ATLS_ERR_CLAIM;
}

/* check_line: leaf, root and processor are of one product line. */
static enum atls_err check_line(const struct atls_snp_report *report,
                                const struct atls_snp_product *product,
                                const struct atls_root *root, struct atls_diag *diag)
{
    const struct atls_snp_product *processor = NULL;
    const char *name = root->vendor != NULL ? root->vendor->product : product->name;
    const enum atls_err err = atls_snp_report_product(&processor, report, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (processor != NULL && processor != product) {
        return refuse(diag, "productName of the certificate", product->name, processor->name);
    }
    return atls_bytes_is_text(atls_bytes_text(product->name), name)
               ? ATLS_OK
               : refuse(diag, "root", name, product->name);
}

static enum atls_err check_kind(const struct atls_snp_report *report,
                                const struct atls_amd_cert *cert, struct atls_diag *diag)
{
    const bool vcek = cert->kind == ATLS_AMD_VCEK;
    return cert->kind == report->signing_key
               ? ATLS_OK
               : refuse(diag, "SIGNING_KEY",
                        vcek ? "the certificate of a VCEK" : "the certificate of a VLEK",
                        vcek ? "that of a VLEK" : "that of a VCEK");
}

/* is_named compares a common name with `head` and the name of the line, where there is one. */
static bool is_named(const struct atls_x509 *cert, const char *head, const char *line)
{
    const char *name = atls_x509_common_name(cert);
    const size_t len = strlen(head);
    return strncmp(name, head, len) == 0 && strcmp(&name[len], line) == 0;
}

/* check_names: under one ARK stand an ASK for VCEKs and an ASVK for VLEKs (57230, 3). Neither may
 * certify what is the other's: a cloud has VLEKs in its hands, and of the chip nobody but AMD. */
static enum atls_err check_names(const struct atls_chain *chain, const struct atls_amd_cert *cert,
                                 struct atls_diag *diag)
{
    const bool vcek = cert->kind == ATLS_AMD_VCEK;
    const struct atls_x509 *leaf = atls_chain_cert(chain, 0);
    const struct atls_x509 *issuer = atls_chain_cert(chain, 1);
    if (!is_named(leaf, vcek ? "SEV-VCEK" : "SEV-VLEK", "")) {
        return refuse(diag, "subject of the certificate", atls_x509_common_name(leaf),
                      vcek ? "SEV-VCEK" : "SEV-VLEK");
    }
    if (is_named(issuer, vcek ? "SEV-" : "SEV-VLEK-", cert->product)) {
        return ATLS_OK;
    }
    refuse(diag, "issuer of the certificate", atls_x509_common_name(issuer),
           vcek ? "SEV-" : "SEV-VLEK-");
    atls_diag_expected_text(diag, cert->product);
    return ATLS_ERR_CLAIM;
}

enum atls_err atls_snp_check_certificate(const struct atls_snp_verified *verified,
                                         struct atls_diag *diag)
{
    const struct atls_snp_report *report = atls_snp_report(verified);
    const struct atls_snp_product *product = atls_snp_product(verified);
    const struct atls_amd_cert *cert = atls_snp_cert(verified);
    enum atls_err err = check_kind(report, cert, diag);
    if (err == ATLS_OK && !atls_bytes_is_text(atls_bytes_text(cert->product), product->name)) {
        err = refuse(diag, "productName of the certificate", cert->product, product->name);
    }
    if (err == ATLS_OK) {
        err = check_line(report, product, atls_snp_root(verified), diag);
    }
    if (err == ATLS_OK) {
        err = check_names(atls_snp_chain(verified), cert, diag);
    }
    if (err == ATLS_OK) {
        err = check_tcb(report, product, cert, diag);
    }
    return err == ATLS_OK ? check_chip(report, product, cert, diag) : err;
}
