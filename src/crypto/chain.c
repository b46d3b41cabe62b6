/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A path is checked twice: by rules of our own, each with its sentence, and as a whole by
 * X509_verify_cert, which verifies the signatures. What either refuses is refused.
 */
#include "crypto/chain.h"

#include "atls/limits.h"
#include "base/rfc3339.h"
#include "base/span.h"
#include "crypto/chain_internal.h"
#include "crypto/key_internal.h"
#include "crypto/x509_internal.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdlib.h>

static const char step[] = "certificate chain";

const struct atls_chain_profile atls_chain_amd = {
    .name = "AMD SEV-SNP",
    .min_len = 3,
    .max_len = 3,
    .signature = ATLS_CHAIN_PSS_SHA384,
    .leaf_crv = ATLS_CRV_P384,
    .bare_leaf = true,
};
const struct atls_chain_profile atls_chain_pck = {
    .name = "Intel PCK",
    .min_len = 3,
    .max_len = 3,
    .signature = ATLS_CHAIN_ECDSA_SHA256,
    .leaf_crv = ATLS_CRV_P256,
};
const struct atls_chain_profile atls_chain_intel = {
    .name = "Intel TCB signing",
    .min_len = 2,
    .max_len = 2,
    .signature = ATLS_CHAIN_ECDSA_SHA256,
    .leaf_crv = ATLS_CRV_P256,
};
const struct atls_chain_profile atls_chain_nitro = {
    .name = "AWS Nitro",
    .min_len = 2,
    .max_len = ATLS_MAX_CHAIN,
    .signature = ATLS_CHAIN_ECDSA_SHA384,
    .leaf_crv = ATLS_CRV_P384,
};

struct atls_chain {
    atomic_size_t refs;
    const struct atls_chain_profile *profile;
    struct atls_x509 *certs[ATLS_MAX_CHAIN];
    size_t len;
};

static void chain_free(struct atls_chain *chain)
{
    for (size_t i = 0; i < chain->len; i++) {
        atls_x509_free(chain->certs[i]);
    }
    free(chain);
}

void atls_chain_release(struct atls_chain *chain)
{
    if (chain != NULL && atomic_fetch_sub_explicit(&chain->refs, 1, memory_order_acq_rel) == 1) {
        chain_free(chain);
    }
}

struct atls_chain *atls_chain_share(struct atls_chain *chain)
{
    atomic_fetch_add_explicit(&chain->refs, 1, memory_order_relaxed);
    return chain;
}

/* refuse_at refuses because of one certificate, and names it. */
static enum atls_err refuse_at(struct atls_diag *diag, enum atls_err err,
                               const struct atls_chain *chain, size_t index, const char *claim,
                               const char *found, const char *expected)
{
    atls_fail_texts(diag, err, step, claim, found, expected);
    atls_diag_found_text(diag, " in ");
    atls_diag_found_text(diag, atls_x509_common_name(chain->certs[index]));
    atls_diag_found_text(diag, ", certificate ");
    atls_diag_found_int(diag, (int64_t)index + 1);
    atls_diag_found_text(diag, " of ");
    atls_diag_found_int(diag, (int64_t)chain->len);
    atls_diag_found_text(diag, ", ");
    atls_diag_found_text(diag, chain->profile->name);
    return err;
}

/* is_pss_sha384 reads RSASSA-PSS-params (RFC 4055, 3.1). Values that are the default may stand
 * there or not: AMD's do both. */
static bool is_pss_sha384(const X509_ALGOR *algorithm)
{
    const ASN1_TYPE *given = algorithm->parameter;
    RSA_PSS_PARAMS *params = given != NULL && given->type == V_ASN1_SEQUENCE
                                 ? ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS), given)
                                 : NULL;
    bool fits = params != NULL && params->hashAlgorithm != NULL && params->maskHash == NULL &&
                OBJ_obj2nid(params->hashAlgorithm->algorithm) == NID_sha384 &&
                params->maskGenAlgorithm != NULL && params->saltLength != NULL &&
                ASN1_INTEGER_get(params->saltLength) == 48 &&
                OBJ_obj2nid(params->maskGenAlgorithm->algorithm) == NID_mgf1 &&
                (params->trailerField == NULL || ASN1_INTEGER_get(params->trailerField) == 1);
    if (fits) {
        X509_ALGOR *mask = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(X509_ALGOR),
                                                     params->maskGenAlgorithm->parameter);
        fits = mask != NULL && OBJ_obj2nid(mask->algorithm) == NID_sha384;
        X509_ALGOR_free(mask);
    }
    RSA_PSS_PARAMS_free(params);
    return fits;
}

bool atls_chain_is_algorithm(const X509_ALGOR *algorithm, enum atls_chain_signature wanted)
{
    const int nid = OBJ_obj2nid(algorithm->algorithm);
    switch (wanted) {
    case ATLS_CHAIN_PSS_SHA384:
        return nid == NID_rsassaPss && is_pss_sha384(algorithm);
    case ATLS_CHAIN_ECDSA_SHA256:
        return nid == NID_ecdsa_with_SHA256;
    case ATLS_CHAIN_ECDSA_SHA384:
    default:
        return nid == NID_ecdsa_with_SHA384;
    }
}

bool atls_chain_key_fits(const struct atls_key *key, enum atls_chain_signature wanted)
{
    if (wanted == ATLS_CHAIN_PSS_SHA384) {
        return key->curve == NULL;
    }
    const int32_t crv = wanted == ATLS_CHAIN_ECDSA_SHA256 ? ATLS_CRV_P256 : ATLS_CRV_P384;
    return key->curve != NULL && key->curve->crv == crv;
}

const char *atls_chain_algorithm_name(enum atls_chain_signature wanted)
{
    switch (wanted) {
    case ATLS_CHAIN_PSS_SHA384:
        return "RSASSA-PSS with SHA-384, by an RSA key";
    case ATLS_CHAIN_ECDSA_SHA256:
        return "ECDSA with SHA-256, by a key on P-256";
    case ATLS_CHAIN_ECDSA_SHA384:
    default:
        return "ECDSA with SHA-384, by a key on P-384";
    }
}

static enum atls_err check_algorithms(const struct atls_chain *chain, size_t index,
                                      struct atls_diag *diag)
{
    const struct atls_chain_profile *profile = chain->profile;
    const struct atls_key *key = atls_x509_key(chain->certs[index]);
    const X509_ALGOR *algorithm = NULL;
    X509_get0_signature(NULL, &algorithm, atls_x509_ossl(chain->certs[index]));
    if (!atls_chain_is_algorithm(algorithm, profile->signature)) {
        return refuse_at(diag, ATLS_ERR_ALGORITHM, chain, index, "signatureAlgorithm",
                         "another algorithm", atls_chain_algorithm_name(profile->signature));
    }
    if (index > 0 && !atls_chain_key_fits(key, profile->signature)) {
        return refuse_at(diag, ATLS_ERR_ALGORITHM, chain, index, "key of an issuer", "another key",
                         atls_chain_algorithm_name(profile->signature));
    }
    if (index == 0 && (key->curve == NULL || key->curve->crv != profile->leaf_crv)) {
        return refuse_at(diag, ATLS_ERR_ALGORITHM, chain, index, "key of the leaf", "another key",
                         profile->leaf_crv == ATLS_CRV_P256 ? "one on P-256" : "one on P-384");
    }
    return ATLS_OK;
}

/* check_critical: an extension that its maker calls critical is understood or the certificate is
 * not used (R-54; RFC 5280, 4.2). AMD's and Intel's own are not critical. */
static enum atls_err check_critical(const struct atls_chain *chain, size_t index,
                                    struct atls_diag *diag)
{
    const X509 *cert = atls_x509_ossl(chain->certs[index]);
    const int num = X509_get_ext_count(cert);
    for (int i = 0; i < num; i++) {
        X509_EXTENSION *extension = X509_get_ext(cert, i);
        const int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
        if (X509_EXTENSION_get_critical(extension) && nid != NID_basic_constraints &&
            nid != NID_key_usage) {
            return refuse_at(diag, ATLS_ERR_CHAIN, chain, index, "extensions",
                             "a critical one that is not known",
                             "critical basicConstraints and keyUsage only");
        }
    }
    return ATLS_OK;
}

static enum atls_err check_leaf(const struct atls_chain *chain, struct atls_diag *diag)
{
    X509 *leaf = atls_x509_ossl(chain->certs[0]);
    const uint32_t flags = X509_get_extension_flags(leaf);
    const bool bare = chain->profile->bare_leaf;
    if ((flags & EXFLAG_CA) != 0) {
        return refuse_at(diag, ATLS_ERR_CHAIN, chain, 0, "basicConstraints", "an authority",
                         "an end entity");
    }
    if ((!bare || (flags & EXFLAG_KUSAGE) != 0) &&
        ((flags & EXFLAG_KUSAGE) == 0 || (X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE) == 0)) {
        return refuse_at(diag, ATLS_ERR_CHAIN, chain, 0, "keyUsage", "no digitalSignature",
                         "digitalSignature");
    }
    if (!bare && (flags & EXFLAG_BCONS) == 0) {
        return refuse_at(diag, ATLS_ERR_CHAIN, chain, 0, "basicConstraints", "nothing", "cA FALSE");
    }
    return ATLS_OK;
}

static enum atls_err check_issuer(const struct atls_chain *chain, size_t index,
                                  struct atls_diag *diag)
{
    X509 *issuer = atls_x509_ossl(chain->certs[index]);
    const uint32_t flags = X509_get_extension_flags(issuer);
    if ((flags & EXFLAG_CA) == 0) {
        return refuse_at(diag, ATLS_ERR_CHAIN, chain, index, "basicConstraints", "no authority",
                         "cA TRUE");
    }
    if ((flags & EXFLAG_KUSAGE) == 0 || (X509_get_key_usage(issuer) & KU_KEY_CERT_SIGN) == 0) {
        return refuse_at(diag, ATLS_ERR_CHAIN, chain, index, "keyUsage", "no keyCertSign",
                         "keyCertSign");
    }
    const long path_len = X509_get_pathlen(issuer);
    if (path_len >= 0 && (size_t)path_len < index - 1) {
        return refuse_at(diag, ATLS_ERR_CHAIN, chain, index, "pathLenConstraint",
                         "more authorities below than it allows", "at most that many");
    }
    return ATLS_OK;
}

static enum atls_err check_names(const struct atls_chain *chain, size_t index,
                                 struct atls_diag *diag)
{
    const bool is_root = index + 1 == chain->len;
    const struct atls_x509 *issuer = chain->certs[is_root ? index : index + 1];
    if (X509_NAME_cmp(X509_get_issuer_name(atls_x509_ossl(chain->certs[index])),
                      X509_get_subject_name(atls_x509_ossl(issuer))) != 0) {
        return is_root ? refuse_at(diag, ATLS_ERR_CHAIN, chain, index, "issuer", "another name",
                                   "its own: the last certificate is the root")
                       : refuse_at(diag, ATLS_ERR_CHAIN, chain, index, "issuer", "another name",
                                   "the subject of the next certificate");
    }
    return ATLS_OK;
}

static enum atls_err check_certificate(const struct atls_chain *chain, size_t index,
                                       struct atls_diag *diag)
{
    enum atls_err err = check_names(chain, index, diag);
    if (err == ATLS_OK) {
        err = check_critical(chain, index, diag);
    }
    if (err == ATLS_OK) {
        err = index == 0 ? check_leaf(chain, diag) : check_issuer(chain, index, diag);
    }
    return err == ATLS_OK ? check_algorithms(chain, index, diag) : err;
}

/* is_whole_path is true when OpenSSL went through these certificates, in this order. */
static bool is_whole_path(const struct atls_chain *chain, X509_STORE_CTX *context)
{
    STACK_OF(X509) *walked = X509_STORE_CTX_get0_chain(context);
    if (walked == NULL || sk_X509_num(walked) != (int)chain->len) {
        return false;
    }
    for (size_t i = 0; i < chain->len; i++) {
        if (X509_cmp(sk_X509_value(walked, (int)i), atls_x509_ossl(chain->certs[i])) != 0) {
            return false;
        }
    }
    return true;
}

static enum atls_err verify(const struct atls_chain *chain, X509_STORE *roots,
                            STACK_OF(X509) * others, X509_STORE_CTX *context,
                            struct atls_diag *diag)
{
    bool ready = roots != NULL && others != NULL && context != NULL;
    for (size_t i = 1; ready && i + 1 < chain->len; i++) {
        ready = sk_X509_push(others, atls_x509_ossl(chain->certs[i])) > 0;
    }
    if (!ready || X509_STORE_add_cert(roots, atls_x509_ossl(chain->certs[chain->len - 1])) != 1 ||
        X509_STORE_CTX_init(context, roots, atls_x509_ossl(chain->certs[0]), others) != 1) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    X509_VERIFY_PARAM *rules = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_depth(rules, ATLS_MAX_CHAIN);
    (void)X509_VERIFY_PARAM_set_flags(rules,
                                      X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_CHECK_SS_SIGNATURE);
    if (X509_verify_cert(context) != 1) {
        const int depth = X509_STORE_CTX_get_error_depth(context);
        const size_t at = depth < 0 || (size_t)depth >= chain->len ? 0 : (size_t)depth;
        return refuse_at(diag, ATLS_ERR_CHAIN, chain, at, "signatures",
                         X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)),
                         "each certificate signed by the key of the next, and the root by its own");
    }
    return is_whole_path(chain, context)
               ? ATLS_OK
               : atls_fail_texts(diag, ATLS_ERR_CHAIN, step, "certificates",
                                 "one that is not on the path", "those of the path, in order");
}

static enum atls_err check_signatures(const struct atls_chain *chain, struct atls_diag *diag)
{
    X509_STORE *roots = X509_STORE_new();
    STACK_OF(X509) *others = sk_X509_new_null();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    const enum atls_err err = verify(chain, roots, others, context, diag);
    X509_STORE_CTX_free(context);
    sk_X509_free(others);
    X509_STORE_free(roots);
    return err;
}

static enum atls_err check(const struct atls_chain *chain, struct atls_diag *diag)
{
    for (size_t i = 0; i < chain->len; i++) {
        const enum atls_err err = check_certificate(chain, i, diag);
        if (err != ATLS_OK) {
            return err;
        }
    }
    return check_signatures(chain, diag);
}

enum atls_err atls_chain_read(struct atls_chain **out, const struct atls_bytes *certs, size_t num,
                              const struct atls_chain_profile *profile, struct atls_diag *diag)
{
    if (num < profile->min_len || num > profile->max_len || num > ATLS_MAX_CHAIN) {
        atls_fail_texts(diag, ATLS_ERR_CHAIN, step, "certificates", NULL, NULL);
        atls_diag_found_int(diag, (int64_t)num);
        atls_diag_expected_int(diag, (int64_t)profile->min_len);
        atls_diag_expected_text(diag, " to ");
        atls_diag_expected_int(diag, (int64_t)profile->max_len);
        atls_diag_expected_text(diag, ", of ");
        atls_diag_expected_text(diag, profile->name);
        return ATLS_ERR_CHAIN;
    }
    struct atls_chain *chain = calloc(1, sizeof *chain);
    if (chain == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    atomic_init(&chain->refs, 1);
    chain->profile = profile;
    enum atls_err err = ATLS_OK;
    while (err == ATLS_OK && chain->len < num) {
        err = atls_x509_read(&chain->certs[chain->len], certs[chain->len], diag);
        chain->len += err == ATLS_OK ? 1 : 0;
    }
    ERR_set_mark();
    if (err == ATLS_OK) {
        err = check(chain, diag);
    }
    ERR_pop_to_mark();
    if (err != ATLS_OK) {
        chain_free(chain);
        return err;
    }
    *out = chain;
    return ATLS_OK;
}

size_t atls_chain_len(const struct atls_chain *chain)
{
    return chain->len;
}

const struct atls_chain_profile *atls_chain_profile_of(const struct atls_chain *chain)
{
    return chain->profile;
}

const struct atls_x509 *atls_chain_cert(const struct atls_chain *chain, size_t index)
{
    return index < chain->len ? chain->certs[index] : NULL;
}

const struct atls_key *atls_chain_key(const struct atls_chain *chain)
{
    return atls_x509_key(chain->certs[0]);
}

static enum atls_err refuse_date(struct atls_diag *diag, const struct atls_chain *chain,
                                 size_t index, const char *claim, int64_t date_s, int64_t now_s)
{
    char date[ATLS_RFC3339_LEN];
    char now[ATLS_RFC3339_LEN];
    atls_rfc3339_write(date, date_s);
    atls_rfc3339_write(now, now_s);
    refuse_at(diag, ATLS_ERR_CHAIN, chain, index, claim, date, "dates around ");
    atls_diag_expected_text(diag, now);
    return ATLS_ERR_CHAIN;
}

enum atls_err atls_chain_check_dates(const struct atls_chain *chain, int64_t now_s,
                                     struct atls_diag *diag)
{
    for (size_t i = 0; i < chain->len; i++) {
        const int64_t from_s = atls_x509_not_before(chain->certs[i]);
        const int64_t to_s = atls_x509_not_after(chain->certs[i]);
        if (from_s - ATLS_MAX_SKEW_S > now_s) {
            return refuse_date(diag, chain, i, "notBefore", from_s, now_s);
        }
        if (to_s + ATLS_MAX_SKEW_S < now_s) {
            return refuse_date(diag, chain, i, "notAfter", to_s, now_s);
        }
    }
    return ATLS_OK;
}
