/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collateral: what the makers of roots of trust sign beside Evidence, and without which it cannot
 * be appraised: certificates (VCEK, VLEK, ASK, PCK, ...), lists of revoked ones, Intel's TCB info
 * and identities. It is loaded with --endorsements, fetched (--collateral), or brought with
 * Evidence. Where it came from says nothing: it counts if it verifies, here, up to a root that is
 * trusted, and in its dates at the time of the appraisal.
 *
 * For appraisers. An appraiser makes one scope and asks:
 *
 *   const struct atls_collateral_scope scope = {
 *       input->endorsements, brought, "snp", &environment, input->now_s, input->fetched,
 *       input->wanted};
 *   struct atls_chain *chain = NULL;
 *   struct atls_root root;
 *   err = atls_collateral_chain(&chain, &root, &scope, certs, num, &atls_chain_amd, diag);
 *   ... atls_chain_key(chain) verifies the report, root.simulated goes into the submod ...
 *   err = atls_collateral_check_revoked(&scope, chain, 1, diag);
 *   atls_chain_release(chain);
 *
 * Errors, besides those of crypto/chain.h: ATLS_ERR_NOT_ENDORSED for a chain whose root nobody
 * vouches for, ATLS_ERR_COLLATERAL for what is missing, does not verify or has ended (the sentence
 * says which), ATLS_ERR_COLLATERAL_SERVER when it was to be fetched and could not be.
 */
#ifndef ENDORSEMENT_COLLATERAL_H
#define ENDORSEMENT_COLLATERAL_H

#include "crypto/crl.h"
#include "endorsement/amd_cert.h"
#include "endorsement/endorsement.h"
#include "endorsement/environment.h"
#include "endorsement/intel_tcb.h"
#include "endorsement/vendor_roots.h"

/* Entries of one bag; more is refused. */
#define ATLS_MAX_COLLATERAL 4096
/* ... of one that comes with Evidence. */
#define ATLS_MAX_BROUGHT 32

/* A bag of collateral. Threads share it once it is filled. */
struct atls_collateral;

ATLS_NODISCARD enum atls_err atls_collateral_new(struct atls_collateral **out, size_t max_entries,
                                                 struct atls_diag *diag);
/* NULL is fine. */
void atls_collateral_free(struct atls_collateral *bag);
/*
 * atls_collateral_add takes what one file or field holds, kind by content: certificates (PEM, also
 * URL-encoded as in PCS' header fields, or DER), lists of revoked certificates (PEM, DER, DER in
 * hex), Intel's TCB info or identity, and the bundles of both that quote verifiers keep
 * ({"tcb_info": text, "tcb_info_signature": hex, ...}). `source` names it in sentences.
 * ATLS_ERR_ENDORSEMENT for anything else, with nothing added.
 */
ATLS_NODISCARD enum atls_err atls_collateral_add(struct atls_collateral *bag,
                                                 struct atls_bytes octets, const char *source,
                                                 struct atls_diag *diag);
/* atls_endorsements_collateral lends what was loaded into a set; NULL when it is nothing. */
const struct atls_collateral *atls_endorsements_collateral(const struct atls_endorsements *set);

/*
 * For another process, which reads no files: atls_collateral_pack writes all that a bag and those
 * that were loaded before it into the same set hold, each part with its source, into new memory
 * (caller: free); no bag is no octets. Whom to trust is not handed on: ENDORSEMENT for a trust
 * anchor (NAME@file), and for more than ATLS_MAX_PACKED octets. atls_collateral_unpack adds them to
 * a bag; MALFORMED for what pack does not write, ENDORSEMENT for a part that is no collateral.
 */
#define ATLS_MAX_PACKED 8388608u
ATLS_NODISCARD enum atls_err atls_collateral_pack(uint8_t **out, size_t *out_len,
                                                  const struct atls_collateral *bag,
                                                  struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_collateral_unpack(struct atls_collateral *bag,
                                                    struct atls_bytes octets,
                                                    struct atls_diag *diag);

/* Bags that were fetched for one appraisal. */
#define ATLS_MAX_FETCHED 24
struct atls_collateral_fetched {
    const struct atls_collateral *bags[ATLS_MAX_FETCHED];
    size_t num;
};

/* atls_collateral_end gives when the first part of a bag ends: nextUpdate, notAfter. INT64_MAX for
 * an empty one. Nothing of it is verified. */
int64_t atls_collateral_end(const struct atls_collateral *bag);
/* atls_collateral_is_news is true for a bag with lists of revoked certificates, TCB info or
 * identities: a newer one may say otherwise long before this one ends. */
bool atls_collateral_is_news(const struct atls_collateral *bag);

/* Where is looked, for whom, and for when. */
struct atls_collateral_scope {
    const struct atls_endorsements *endorsements; /* trust anchors and what was loaded */
    const struct atls_collateral *brought;        /* with the Evidence; NULL: nothing */
    const char *format; /* "snp", "tdx", "sgx", "nitro": whose trust anchors count */
    /* Of the Evidence; trust anchors for certain environments count in these. NULL: none does. */
    const struct atls_environment *environment;
    int64_t now_s;
    const struct atls_collateral_fetched *fetched; /* of the appraisal's input; NULL: nothing */
    struct atls_collateral_wanted *wanted;         /* of the appraisal's input; NULL: nobody asks */
    int64_t *ends_s;                               /* of the appraisal's input; NULL: nobody asks */
};

/* What a look-up did not find, or found out of date: whoever appraises may fetch it and try again.
 */
enum atls_collateral_kind {
    ATLS_WANTED_NOTHING,
    ATLS_WANTED_AMD_LEAF,
    ATLS_WANTED_AMD_CHAIN, /* ASK or ASVK, and ARK */
    ATLS_WANTED_AMD_CRL,
    ATLS_WANTED_TCB_INFO, /* with its chain */
    ATLS_WANTED_IDENTITY, /* with its chain */
    ATLS_WANTED_PCK_CRL,  /* with its chain */
    ATLS_WANTED_ROOT_CRL
};
struct atls_collateral_wanted {
    enum atls_collateral_kind kind;
    enum atls_amd_key amd_key;
    char product[16];
    char otherwise[16]; /* of AMD_LEAF: the line to ask for where that one has none; "": none */
    uint8_t chip_id[ATLS_AMD_CHIP_ID_LEN];
    size_t chip_id_len;
    struct atls_amd_tcb tcb;
    uint8_t fmspc[6];
    enum atls_intel_tee tee;
    enum atls_intel_enclave enclave;
    bool platform_ca; /* PCK_CRL: of the Platform CA, else of the Processor CA */
};
/* atls_collateral_wanted_equal: one answer is one to both. */
bool atls_collateral_wanted_equal(const struct atls_collateral_wanted *a,
                                  const struct atls_collateral_wanted *b);

/* Why a root is trusted. */
struct atls_root {
    const struct atls_vendor_root *vendor; /* NULL: by a trust anchor that was loaded */
    bool simulated;                        /* that anchor's mark; false for vendors' */
    const char *source;                    /* file of that anchor; NULL for vendors' */
    uint8_t spki_sha256[32];               /* of its key */
};

/* atls_collateral_check_root says why the key of `root` is trusted. NOT_ENDORSED when it is not. */
ATLS_NODISCARD enum atls_err atls_collateral_check_root(struct atls_root *out,
                                                        const struct atls_collateral_scope *scope,
                                                        const struct atls_x509 *root,
                                                        struct atls_diag *diag);

/*
 * atls_collateral_chain makes a chain of `certs`, the leaf first: what is missing of it, issuers up
 * to the root, is looked for in the scope, by name and signature. It then checks the whole against
 * the profile, the dates, and the root. Revocation is asked for apart.
 */
ATLS_NODISCARD enum atls_err atls_collateral_chain(struct atls_chain **out, struct atls_root *root,
                                                   const struct atls_collateral_scope *scope,
                                                   const struct atls_bytes *certs, size_t num,
                                                   const struct atls_chain_profile *profile,
                                                   struct atls_diag *diag);

/*
 * atls_collateral_check_revoked finds the newest list of the issuer of certificate `index` that
 * verifies and is in its dates, and refuses a certificate that is on it (AMD: 1, the ASK, by its
 * ARK; Intel: 0 and 1). No such list is ATLS_ERR_COLLATERAL: a chain is not taken for good because
 * nobody has looked.
 */
ATLS_NODISCARD enum atls_err
atls_collateral_check_revoked(const struct atls_collateral_scope *scope,
                              const struct atls_chain *chain, size_t index, struct atls_diag *diag);

/* Which leaf of AMD is wanted. */
struct atls_amd_question {
    enum atls_amd_key kind;
    const char *product;       /* "Milan", "Genoa", "Turin" */
    struct atls_bytes chip_id; /* 64 octets, 8 of Turin; empty for a VLEK */
    struct atls_amd_tcb tcb;   /* reported_tcb */
    const char *otherwise;     /* line to fetch it of where that one has none; NULL: none */
    size_t skip;               /* as many answers are passed over, and nothing is wanted then */
};
/* atls_collateral_amd_leaf lends the DER of the leaf for this question. It is not verified:
 * atls_collateral_chain does that. COLLATERAL when there is none. */
ATLS_NODISCARD enum atls_err atls_collateral_amd_leaf(struct atls_bytes *out,
                                                      const struct atls_collateral_scope *scope,
                                                      const struct atls_amd_question *question,
                                                      struct atls_diag *diag);

/*
 * TCB info and identities, verified: the signature, the chain of who signed up to a trusted root,
 * its revocation by the root's list, issueDate <= now_s <= nextUpdate. Of several the newest that
 * holds is given (by tcbEvaluationDataNumber, then issueDate). What they give borrows the scope.
 */
ATLS_NODISCARD enum atls_err
atls_collateral_tcb_info(const struct atls_intel_tcb_info **out, struct atls_root *root,
                         const struct atls_collateral_scope *scope, struct atls_bytes fmspc,
                         enum atls_intel_tee tee, struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_collateral_identity(const struct atls_intel_identity **out,
                                                      struct atls_root *root,
                                                      const struct atls_collateral_scope *scope,
                                                      enum atls_intel_enclave enclave,
                                                      struct atls_diag *diag);

#endif
