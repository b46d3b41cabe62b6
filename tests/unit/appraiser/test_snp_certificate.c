/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of VCEKs and VLEKs that a made-up AMD has signed, and that say something else than
 * the report in one thing. */
#include "snp_scene.h"

#define ZERO_CHIP  "chip_id=" X16("00") X16("00") X16("00") X16("00")
#define OTHER_CHIP "certificate.chip_id=" X16("c1") X16("c1") X16("c1") X16("c2")

#define TCB_CERT(octets)                                                                           \
    {                                                                                              \
        {"certificate.tcb=" octets}, ATLS_ERR_CLAIM, "TCB of the certificate"                      \
    }
#define TURIN_TCB_CERT(octets)                                                                     \
    {                                                                                              \
        {"product=Turin", "certificate.tcb=" octets}, ATLS_ERR_CLAIM, "TCB of the certificate"     \
    }

static void a_certificate_of_other_firmware_is_refused_by_each_level(void **state)
{
    (void)state;
    static const struct negative cases[] = {
        TCB_CERT("03000000000018db"),       TCB_CERT("05000000000018db"), /* boot loader */
        TCB_CERT("04010000000018db"),                                     /* TEE */
        TCB_CERT("04000000000017db"),       TCB_CERT("04000000000019db"), /* SNP */
        TCB_CERT("04000000000018da"),       TCB_CERT("04000000000018dc"), /* microcode */
        TCB_CERT("04000100000018db"),       TCB_CERT("04000001000018db"), /* spl4, spl5 */
        TCB_CERT("04000000010018db"),       TCB_CERT("04000000000118db"), /* spl6, spl7 */
        TURIN_TCB_CERT("0001010400000048"),                               /* FMC */
        TURIN_TCB_CERT("0100010400000048"),                               /* boot loader */
        TURIN_TCB_CERT("0101000400000048"),                               /* TEE */
        TURIN_TCB_CERT("0101010300000048"),                               /* SNP */
        TURIN_TCB_CERT("0101010401000048"),                               /* spl5 */
        TURIN_TCB_CERT("0101010400010048"),                               /* spl6 */
        TURIN_TCB_CERT("0101010400000148"),                               /* spl7 */
        TURIN_TCB_CERT("0101010400000047"),                               /* microcode */
    };
    assert_negatives(cases, ATLS_ARRAY_LEN(cases));
}

/* A component that nobody has named yet counts like the others: on both sides, or on none. */
static void a_level_without_a_name_is_held_against_the_certificate(void **state)
{
    (void)state;
    static const char *const both[] = {"tcb=04000100000018db", NULL};
    static const struct negative cases[] = {
        {{"tcb=04000100000018db", "certificate.tcb=04000000000018db"},
         ATLS_ERR_CLAIM,
         "TCB of the certificate"},
        {{"product=Turin", "tcb=0101010400010048", "certificate.tcb=0101010400000048"},
         ATLS_ERR_CLAIM,
         "TCB of the certificate"},
    };
    struct scene s;
    assert_err(run_settings(&s, both), OK);
    assert_negatives(cases, ATLS_ARRAY_LEN(cases));
}

static void a_certificate_of_another_chip_line_or_issuer_is_refused(void **state)
{
    (void)state;
    static const struct negative cases[] = {
        {{OTHER_CHIP}, ATLS_ERR_CLAIM, "hwID of the certificate"},
        {{"product=Turin", "certificate.chip_id=c1c1c1c1c1c1c1c2"},
         ATLS_ERR_CLAIM,
         "hwID of the certificate"},
        {{ZERO_CHIP}, ATLS_ERR_CLAIM, "CHIP_ID"},
        {{"cpuid=191101"}, ATLS_ERR_CLAIM, "productName of the certificate"}, /* of Genoa */
        {{"certificate.product=Genoa"}, ATLS_ERR_CLAIM, "productName of the certificate"},
        {{"certificate.product=Venice"}, ATLS_ERR_CLAIM, "productName of the certificate"},
        {{"signing_key=vlek", "certificate.product=Genoa"},
         ATLS_ERR_CLAIM,
         "productName of the certificate"},
        {{"certificate.subject=SEV-VLEK"}, ATLS_ERR_CLAIM, "subject of the certificate"},
        {{"certificate.subject=SEV-VCEK2"}, ATLS_ERR_CLAIM, "subject of the certificate"},
        {{"certificate.issuer=SEV-VLEK-Milan"}, ATLS_ERR_CLAIM, "issuer of the certificate"},
        {{"certificate.issuer=SEV-Genoa"}, ATLS_ERR_CLAIM, "issuer of the certificate"},
        {{"signing_key=vlek", "certificate.subject=SEV-VCEK"},
         ATLS_ERR_CLAIM,
         "subject of the certificate"},
        {{"signing_key=vlek", "certificate.issuer=SEV-Milan"},
         ATLS_ERR_CLAIM,
         "issuer of the certificate"},
        {{"signing_key=vlek", "certificate.issuer=SEV-VLEK-Turin"},
         ATLS_ERR_CLAIM,
         "issuer of the certificate"},
    };
    assert_negatives(cases, ATLS_ARRAY_LEN(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_of_other_firmware_is_refused_by_each_level),
        cmocka_unit_test(a_level_without_a_name_is_held_against_the_certificate),
        cmocka_unit_test(a_certificate_of_another_chip_line_or_issuer_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
