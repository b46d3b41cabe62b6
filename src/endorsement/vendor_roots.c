/* SPDX-License-Identifier: Apache-2.0 */
/* The table, and looking keys up in it. AMD's VLEKs lead to the same ARKs as its VCEKs. */
#include "endorsement/vendor_roots.h"

#include "base/compiler.h"
#include "base/span.h"

const struct atls_vendor_root atls_vendor_roots[] = {
    {
        .formats = {"snp"},
        .name = "ARK-Milan",
        .product = "Milan",
        .published = "https://kdsintf.amd.com/vcek/v1/Milan/cert_chain",
        .spki_sha256 = {0x9f, 0x05, 0x6b, 0xee, 0x44, 0x37, 0x7e, 0x29, 0x30, 0x8c, 0xb5,
                        0xff, 0xa8, 0x95, 0xbd, 0xfb, 0x62, 0xd1, 0x88, 0x81, 0xfa, 0x6b,
                        0xed, 0x8d, 0x6f, 0x07, 0x5b, 0x02, 0x04, 0x08, 0x9c, 0xb9},
    },
    {
        .formats = {"snp"},
        .name = "ARK-Genoa",
        .product = "Genoa",
        .published = "https://kdsintf.amd.com/vcek/v1/Genoa/cert_chain",
        .spki_sha256 = {0x42, 0x9a, 0x69, 0xc9, 0x42, 0x2a, 0xa2, 0x58, 0xee, 0x4d, 0x8d,
                        0xb5, 0xfc, 0xda, 0x9c, 0x64, 0x70, 0xef, 0x15, 0xf8, 0xcd, 0x5a,
                        0x9c, 0xeb, 0xd6, 0xcb, 0xc7, 0xd9, 0x0b, 0x86, 0x38, 0x31},
    },
    {
        .formats = {"snp"},
        .name = "ARK-Turin",
        .product = "Turin",
        .published = "https://kdsintf.amd.com/vcek/v1/Turin/cert_chain",
        .spki_sha256 = {0x4f, 0x12, 0x54, 0x10, 0x56, 0x3a, 0x2a, 0xb9, 0xa5, 0x03, 0x56,
                        0xf9, 0x24, 0x3f, 0x6f, 0xe0, 0xb6, 0xf7, 0x3d, 0xe9, 0x86, 0x03,
                        0xf5, 0x3f, 0x90, 0x33, 0x9c, 0x70, 0xe9, 0xd7, 0xad, 0x08},
    },
    {
        .formats = {"tdx", "sgx"},
        .name = "Intel SGX Root CA",
        .published = "https://certificates.trustedservices.intel.com/"
                     "Intel_SGX_Provisioning_Certification_RootCA.pem",
        .spki_sha256 = {0xa0, 0xaf, 0x03, 0x12, 0x89, 0xf5, 0xd5, 0xd4, 0x13, 0x2f, 0x91,
                        0x86, 0x06, 0x8a, 0x7f, 0xc1, 0x36, 0x28, 0x63, 0x3b, 0xa2, 0x35,
                        0x77, 0x74, 0x72, 0xe2, 0x9b, 0x6b, 0x6c, 0x67, 0xa4, 0x9e},
    },
    {
        .formats = {"nitro"},
        .name = "aws.nitro-enclaves",
        .published = "https://aws-nitro-enclaves.amazonaws.com/AWS_NitroEnclaves_Root-G1.zip",
        .spki_sha256 = {0xf2, 0xca, 0xf5, 0xec, 0xc6, 0x19, 0x0b, 0x4a, 0x83, 0x99, 0xb7,
                        0x8b, 0xc5, 0x8a, 0x2b, 0xbc, 0xd0, 0x38, 0x23, 0x75, 0xdb, 0x8a,
                        0x1b, 0xfd, 0x78, 0xa8, 0x27, 0x43, 0x87, 0x4f, 0xd2, 0x25},
    },
};
const size_t atls_num_vendor_roots = ATLS_ARRAY_LEN(atls_vendor_roots);

static bool is_for(const struct atls_vendor_root *root, const char *format)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(root->formats); i++) {
        if (root->formats[i] != NULL && strcmp(root->formats[i], format) == 0) {
            return true;
        }
    }
    return false;
}

const struct atls_vendor_root *atls_vendor_root_find(const char *format,
                                                     struct atls_bytes spki_sha256)
{
    for (size_t i = 0; i < atls_num_vendor_roots; i++) {
        const struct atls_vendor_root *root = &atls_vendor_roots[i];
        if (is_for(root, format) &&
            atls_bytes_equal(spki_sha256,
                             atls_bytes_of(root->spki_sha256, sizeof root->spki_sha256))) {
            return root;
        }
    }
    return NULL;
}
