/* SPDX-License-Identifier: Apache-2.0 */
#include "base/formats.h"

#include "base/span.h"

const struct atls_format atls_formats[] = {
    {
        .name = "psa", /* RFC 9783; content format 10003 */
        .media_type = "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\"",
        .accepted_types =
            {"application/psa-attestation-token",
             "application/eat-cwt; profile=\"http://arm.com/psa/2.0.0\"",
             "application/eat+cwt; eat_profile=\"tag:psacertified.org,2019:psa#legacy\"", NULL},
        .has_content_format = true,
        .content_format = 10003,
        .submod = "PSA_IOT",
        .corim_profile = "tag:arm.com,2025:psa#1.0.0",
        .old_corim_profile = "http://arm.com/psa/iot/1",
        .binder_field = "psa-nonce",
    },
    {
        .name = "tpm2", /* the Parsec key attestation: TPM2_Certify and TPM2_Quote */
        .media_type = "application/vnd.parallaxsecond.key-attestation.tpm",
        .accepted_types = {NULL},
        .has_content_format = false,
        .content_format = 0,
        .submod = "PARSEC_TPM",
        .corim_profile = "tag:github.com/parallaxsecond,2023-03-03:tpm",
        .old_corim_profile = NULL,
        .binder_field = "extraData",
    },
    {
        .name = "kat", /* draft-bft-rats-kat-06: key and platform, each attested by a token */
        .media_type = "application/cmw+cbor; cmwc_t=\"tag:ietf.org,2024-02-29:rats/kat\"",
        .accepted_types = {NULL},
        .collection_type = "tag:ietf.org,2024-02-29:rats/kat",
        .outside_only = true,
        .binder_field = "eat_nonce of the kat",
    },
    {
        .name = "nitro", /* attestation document of AWS Nitro Enclaves */
        .media_type = "application/vnd.atls.nitro+cose",
        .accepted_types = {NULL},
        .submod = "NITRO",
        .corim_profile = "tag:atls,2026:nitro",
        .binder_field = "nonce",
    },
    {
        .name = "snp", /* AMD SEV-SNP */
        .media_type = "application/vnd.veraison.tsm-report+cbor; provider=\"sev_guest\"",
        .accepted_types = {"application/vnd.veraison.tsm-report+cbor", NULL},
        .has_content_format = false,
        .content_format = 0,
        .submod = "SEVSNP",
        .corim_profile = "tag:amd.com,2024:snp-corim-profile",
        .old_corim_profile = NULL,
        .binder_field = "REPORT_DATA",
        .padded_len = 64,
        .tsm_provider = "sev_guest",
    },
    {
        .name = "tdx", /* Linux's configfs-tsm in a trust domain of Intel TDX: a quote */
        .media_type = "application/vnd.veraison.tsm-report+cbor; provider=\"tdx_guest\"",
        .accepted_types = {NULL},
        .has_content_format = false,
        .content_format = 0,
        .submod = "TDX",
        .corim_profile = "2.16.840.1.113741.1.16.1",
        .old_corim_profile = NULL,
        .binder_field = "report_data",
        .padded_len = 64,
    },
    {
        .name = "sgx", /* a quote of an enclave of Intel SGX, with or without collateral */
        .media_type = "application/vnd.atls.sgx-quote+cbor",
        .accepted_types = {NULL},
        .has_content_format = false,
        .content_format = 0,
        .submod = "SGX",
        .corim_profile = "2.16.840.1.113741.1.16.1",
        .old_corim_profile = NULL,
        .binder_field = "report_data",
        .padded_len = 64,
    },
};
const size_t atls_num_formats = ATLS_ARRAY_LEN(atls_formats);

const struct atls_format *atls_format_by_name(struct atls_bytes name)
{
    for (size_t i = 0; i < atls_num_formats; i++) {
        if (atls_bytes_is_text(name, atls_formats[i].name)) {
            return &atls_formats[i];
        }
    }
    return NULL;
}

static bool is_one_of(struct atls_bytes name, const char *const *names, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        if (atls_bytes_is_text(name, names[i])) {
            return true;
        }
    }
    return false;
}

bool atls_format_is_planned(struct atls_bytes name)
{
    static const char *const planned[] = {"cca", "tpm2-quote", "nvidia"};
    return is_one_of(name, planned, ATLS_ARRAY_LEN(planned));
}

bool atls_format_names_key(const struct atls_format *format)
{
    static const char *const names[] = {"tpm2", "cca", "nitro"};
    return format != NULL && is_one_of(atls_bytes_text(format->name), names, ATLS_ARRAY_LEN(names));
}

bool atls_format_is_pat(const struct atls_format *format)
{
    static const char *const pats[] = {"psa", "snp", "tdx", "sgx"};
    return format != NULL && is_one_of(atls_bytes_text(format->name), pats, ATLS_ARRAY_LEN(pats));
}
