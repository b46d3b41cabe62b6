/* SPDX-License-Identifier: Apache-2.0 */
/* AMD's leaves, and Intel's signed JSON, which is judged each time it is asked for. */
#include "endorsement/bag.h"

#include "atls/limits.h"
#include "base/ends.h"
#include "base/rfc3339.h"
#include "base/span.h"
#include "crypto/verified.h"

static const char step[] = "collateral";
static const char signer_name[] = "Intel SGX TCB Signing";

/* is_chip compares as many octets as the certificate has: a report of Turin has 64, of which 8
 * count and the others are zero. */
static bool is_chip(struct atls_bytes in_cert, struct atls_bytes asked)
{
    if (asked.len < in_cert.len) {
        return false;
    }
    const struct atls_bytes rest = atls_bytes_of(&asked.data[in_cert.len], asked.len - in_cert.len);
    return atls_bytes_equal(in_cert, atls_bytes_of(asked.data, in_cert.len)) && atls_is_zero(rest);
}

static bool answers(const struct atls_amd_cert *cert, const struct atls_amd_question *question)
{
    return cert->kind == question->kind && strcmp(cert->product, question->product) == 0 &&
           atls_amd_tcb_equal(&cert->tcb, &question->tcb) &&
           (cert->kind == ATLS_AMD_VLEK || is_chip(cert->chip_id, question->chip_id));
}

static void want_leaf(const struct atls_collateral_scope *scope,
                      const struct atls_amd_question *question)
{
    struct atls_collateral_wanted wanted = {.kind = ATLS_WANTED_AMD_LEAF,
                                            .amd_key = question->kind,
                                            .chip_id_len = question->chip_id.len,
                                            .tcb = question->tcb};
    const char *otherwise = question->otherwise != NULL ? question->otherwise : "";
    if (strlen(question->product) < sizeof wanted.product &&
        strlen(otherwise) < sizeof wanted.otherwise &&
        question->chip_id.len <= sizeof wanted.chip_id) {
        memcpy(wanted.product, question->product, strlen(question->product) + 1);
        memcpy(wanted.otherwise, otherwise, strlen(otherwise) + 1);
        if (question->chip_id.len != 0) {
            memcpy(wanted.chip_id, question->chip_id.data, question->chip_id.len);
        }
        atls_collateral_want(scope, &wanted);
    }
}

enum atls_err atls_collateral_amd_leaf(struct atls_bytes *out,
                                       const struct atls_collateral_scope *scope,
                                       const struct atls_amd_question *question,
                                       struct atls_diag *diag)
{
    const struct atls_bag_cert *entry = NULL;
    struct atls_bag_cursor cursor = {.bag = NULL};
    size_t skip = question->skip;
    while ((entry = atls_bag_next_cert(scope, &cursor)) != NULL) {
        if (entry->is_amd && answers(&entry->amd, question) && skip-- == 0) {
            *out = atls_x509_der(entry->cert);
            return ATLS_OK;
        }
    }
    if (question->skip == 0) {
        want_leaf(scope, question);
    }
    atls_fail_texts(diag, ATLS_ERR_COLLATERAL, step,
                    question->kind == ATLS_AMD_VCEK ? "VCEK" : "VLEK",
                    "none for this product, chip and TCB, neither loaded nor brought along",
                    "its certificate, of ");
    atls_diag_expected_text(diag, question->product);
    return ATLS_ERR_COLLATERAL;
}

static enum atls_err check_date(const struct atls_intel_dates *dates, int64_t now_s,
                                struct atls_diag *diag)
{
    const bool early = dates->issue_s - ATLS_MAX_SKEW_S > now_s;
    const bool late = dates->next_update_s + ATLS_MAX_SKEW_S < now_s;
    if (!early && !late) {
        return ATLS_OK;
    }
    char date[ATLS_RFC3339_LEN];
    char now[ATLS_RFC3339_LEN];
    atls_rfc3339_write(date, early ? dates->issue_s : dates->next_update_s);
    atls_rfc3339_write(now, now_s);
    atls_fail_texts(diag, ATLS_ERR_COLLATERAL, step, early ? "issueDate" : "nextUpdate", date,
                    "dates around ");
    atls_diag_expected_text(diag, now);
    return ATLS_ERR_COLLATERAL;
}

/* verify_by takes one certificate as that of who signed: its chain, its revocation, the signature.
 */
static enum atls_err verify_by(struct atls_root *root, const struct atls_collateral_scope *scope,
                               const struct atls_intel_json *json, const struct atls_x509 *signer,
                               struct atls_diag *diag)
{
    const struct atls_bytes signature = atls_bytes_of(json->signature, sizeof json->signature);
    struct atls_chain *chain = NULL;
    enum atls_err err = atls_bag_chain(&chain, root, scope, signer, &atls_chain_intel, diag);
    if (err == ATLS_OK) {
        err = atls_collateral_check_revoked(scope, chain, 0, diag);
    }
    if (err == ATLS_OK && atls_verified_by(atls_chain_cert(chain, 0), ATLS_ALG_ES256, &json->body,
                                           signature) != ATLS_OK) {
        err = atls_fail_texts(diag, ATLS_ERR_COLLATERAL, step, "signature of Intel's JSON",
                              "one that does not verify", "one by Intel SGX TCB Signing");
    }
    atls_chain_release(chain);
    return err;
}

static enum atls_err verify(struct atls_root *root, const struct atls_collateral_scope *scope,
                            const struct atls_intel_json *json,
                            const struct atls_intel_dates *dates, struct atls_diag *diag)
{
    enum atls_err err = check_date(dates, scope->now_s, diag);
    if (err != ATLS_OK) {
        return err;
    }
    err =
        atls_fail_texts(diag, ATLS_ERR_COLLATERAL, step, "certificate",
                        "none, neither loaded nor brought along", "that of Intel SGX TCB Signing");
    const struct atls_bag_cert *entry = NULL;
    struct atls_bag_cursor cursor = {.bag = NULL};
    while (err != ATLS_OK && (entry = atls_bag_next_cert(scope, &cursor)) != NULL) {
        if (strcmp(atls_x509_common_name(entry->cert), signer_name) == 0) {
            err = verify_by(root, scope, json, entry->cert, diag);
        }
    }
    if (err == ATLS_OK) {
        atls_ends_by(scope->ends_s, dates->next_update_s);
    }
    return err;
}

/* Numbers by which one file is newer than another. */
struct rank {
    int64_t evaluation_number, issue_s;
};

static bool is_newer(const struct rank *a, const struct rank *b)
{
    return a->evaluation_number != b->evaluation_number
               ? a->evaluation_number > b->evaluation_number
               : a->issue_s > b->issue_s;
}

/* What is looked for. */
struct question {
    enum atls_intel_kind kind;
    struct atls_bytes fmspc;
    enum atls_intel_tee tee;
    enum atls_intel_enclave enclave;
};

static bool is_it(const struct atls_intel_json *json, const struct question *q)
{
    if (json->kind != q->kind) {
        return false;
    }
    if (q->kind == ATLS_INTEL_IDENTITY) {
        return json->as.identity.enclave == q->enclave;
    }
    const struct atls_intel_tcb_info *tcb = &json->as.tcb;
    return tcb->tee == q->tee &&
           atls_bytes_equal(atls_bytes_of(tcb->fmspc, sizeof tcb->fmspc), q->fmspc);
}

static void facts_of(const struct atls_intel_json *json, struct rank *rank,
                     struct atls_intel_dates *dates)
{
    const bool is_identity = json->kind == ATLS_INTEL_IDENTITY;
    *dates = is_identity ? json->as.identity.dates : json->as.tcb.dates;
    rank->evaluation_number =
        is_identity ? json->as.identity.evaluation_number : json->as.tcb.evaluation_number;
    rank->issue_s = dates->issue_s;
}

/* find gives the newest that verifies; `diag` says why the last one did not, or that there is none.
 */
static enum atls_err find(const struct atls_intel_json **out, struct atls_root *root,
                          const struct atls_collateral_scope *scope, const struct question *q,
                          struct atls_diag *diag)
{
    const struct atls_intel_json *best = NULL;
    struct rank best_rank = {0, 0};
    enum atls_err err = ATLS_ERR_COLLATERAL;
    const struct atls_bag_json *entry = NULL;
    struct atls_bag_cursor cursor = {.bag = NULL};
    while ((entry = atls_bag_next_json(scope, &cursor)) != NULL) {
        struct atls_intel_dates dates;
        struct atls_root its_root;
        struct rank rank;
        facts_of(&entry->json, &rank, &dates);
        if (!is_it(&entry->json, q) || (best != NULL && !is_newer(&rank, &best_rank))) {
            continue;
        }
        struct atls_diag why;
        const enum atls_err its_err = verify(&its_root, scope, &entry->json, &dates, &why);
        if (its_err == ATLS_OK) {
            best = &entry->json;
            best_rank = rank;
            *root = its_root;
        } else if (best == NULL) {
            err = its_err;
            if (diag != NULL) {
                *diag = why;
            }
        }
    }
    *out = best;
    return best != NULL ? ATLS_OK : err;
}

/* refuse_missing begins with the sentence for what is not there at all. */
static void begin(struct atls_diag *diag, const char *what, const char *of)
{
    atls_fail_texts(diag, ATLS_ERR_COLLATERAL, step, what, "none, neither loaded nor brought along",
                    of);
}

enum atls_err atls_collateral_tcb_info(const struct atls_intel_tcb_info **out,
                                       struct atls_root *root,
                                       const struct atls_collateral_scope *scope,
                                       struct atls_bytes fmspc, enum atls_intel_tee tee,
                                       struct atls_diag *diag)
{
    const struct question q = {.kind = ATLS_INTEL_TCB_INFO, .fmspc = fmspc, .tee = tee};
    const struct atls_intel_json *json = NULL;
    begin(diag, "TCB info",
          tee == ATLS_INTEL_TDX ? "that of TDX and FMSPC " : "that of SGX and FMSPC ");
    atls_diag_expected_bytes(diag, fmspc);
    const enum atls_err err = find(&json, root, scope, &q, diag);
    if (err == ATLS_OK) {
        *out = &json->as.tcb;
        return ATLS_OK;
    }
    struct atls_collateral_wanted wanted = {.kind = ATLS_WANTED_TCB_INFO, .tee = tee};
    if (fmspc.len == sizeof wanted.fmspc) {
        memcpy(wanted.fmspc, fmspc.data, fmspc.len);
        atls_collateral_want(scope, &wanted);
    }
    return err;
}

enum atls_err atls_collateral_identity(const struct atls_intel_identity **out,
                                       struct atls_root *root,
                                       const struct atls_collateral_scope *scope,
                                       enum atls_intel_enclave enclave, struct atls_diag *diag)
{
    static const char *const names[] = {[ATLS_INTEL_QE] = "that of QE",
                                        [ATLS_INTEL_TD_QE] = "that of TD_QE",
                                        [ATLS_INTEL_QVE] = "that of QVE"};
    const struct question q = {.kind = ATLS_INTEL_IDENTITY, .enclave = enclave};
    const struct atls_intel_json *json = NULL;
    begin(diag, "enclave identity", names[enclave]);
    const enum atls_err err = find(&json, root, scope, &q, diag);
    if (err == ATLS_OK) {
        *out = &json->as.identity;
        return ATLS_OK;
    }
    const struct atls_collateral_wanted wanted = {.kind = ATLS_WANTED_IDENTITY, .enclave = enclave};
    atls_collateral_want(scope, &wanted);
    return err;
}
