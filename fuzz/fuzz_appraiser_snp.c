/* SPDX-License-Identifier: Apache-2.0 */
/* SEV-SNP reports: structure, the table of certificates, and the whole appraisal behind a signature
 * that is taken for good. The certificates of the seeds are those of tests/kat/snp. */
#include "fuzz_appraiser.h"

#define ARK                                                                                        \
    "-----BEGIN CERTIFICATE-----\\n"                                                               \
    "MIIDMDCCAeSgAwIBAgIDAQAAMEEGCSqGSIb3DQEBCjA0oA8wDQYJYIZIAWUDBAIC\\n"                          \
    "BQChHDAaBgkqhkiG9w0BAQgwDQYJYIZIAWUDBAICBQCiAwIBMDAUMRIwEAYDVQQD\\n"                          \
    "DAlBUkstTWlsYW4wHhcNMjYwOTE5MTQxMzIwWhcNMzYwOTE3MTQxMzIwWjAUMRIw\\n"                          \
    "EAYDVQQDDAlBUkstTWlsYW4wggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIB\\n"                          \
    "AQCvi/Et9LmFA5/6iW9JATbaNVJA6No5nlfTQIpHSWICGH4xhWZauDTuDw8CIamh\\n"                          \
    "AUAGV91uY4jqZ5gliYOsFADhNeHiJkW7ziFt5xAY3xhaGOuNo3ytnkLjRZhX1OFP\\n"                          \
    "XYNusapvw7BQLmzMmcKb+vxUwJv/lt523bCQR+2R9H4RwMm6Xb7Gq5A/qFymVEJA\\n"                          \
    "xRUlVGzER0+H+EduhQpUmOitWBHuoWOYreQUOF9MWLEzGbHOJWVMmbqYgYb43H0E\\n"                          \
    "9eb558IeYHlzB+dCUffiiEKNbRo6G9we1vWPXRkyqdlJTgNQ1lQiKxI6lP4scnDq\\n"                          \
    "1T6FWiuRWkKCyszICwRaDdGdAgMBAAGjIzAhMA8GA1UdEwEB/wQFMAMBAf8wDgYD\\n"                          \
    "VR0PAQH/BAQDAgEGMEEGCSqGSIb3DQEBCjA0oA8wDQYJYIZIAWUDBAICBQChHDAa\\n"                          \
    "BgkqhkiG9w0BAQgwDQYJYIZIAWUDBAICBQCiAwIBMAOCAQEAr1sin7IyeJwtU4fq\\n"                          \
    "MKOLbUT087tGXQB/QXlKPmoW8J3+f0pD74O60sYKkcVzxIP9QyeBVzy1/M5FXi3Y\\n"                          \
    "TgfCCp7bGjCwjo40O4xklwmt4X/9G6Tul6aiZ3nfJ+PvwYMy5mMGduRtdo3JuHV/\\n"                          \
    "4DbkzUCDuGu+itcehaTp02lkKOe0j47wO1Sv2RpylBvWIuiVZe7sGLA0Bw19pjSo\\n"                          \
    "52KdutFVADHUG5fo0R6078QlveFdwfYNo1ERsi2HrV4gwSGpA9dtLKBIbuzZiJfJ\\n"                          \
    "0XKyPDMtM00h2ldeXS0BqHPzkGMIMn9T3nrLE5MT3VUGnM07DdIBVNM4xCxUo4J9\\n"                          \
    "4dNmwg==\\n"                                                                                  \
    "-----END CERTIFICATE-----\\n"

static const char comid[] =
    "{\"tag-identity\":{\"id\":\"fuzz\",\"version\":0},\"triples\":{"
    "\"attester-verification-keys\":[{\"environment\":{\"class\":{"
    "\"vendor\":\"Advanced Micro Devices\",\"model\":\"ARK-Milan\"}},"
    "\"verification-keys\":[{\"type\":\"pkix-base64-cert\",\"value\":\"" ARK "\"}]}],"
    "\"reference-values\":[{\"environment\":{"
    "\"class\":{\"id\":{\"type\":\"oid\",\"value\":\"1.3.6.1.4.1.3704.3.1\"}},"
    "\"instance\":{\"type\":\"bytes\",\"value\":"
    "\"W3VULQs2FwywYDAoYV3aaiQH4+wK7fcfRSMybp2n9w187OaCKZ30KJp/BLH3pyuu\"}},"
    "\"measurements\":[{\"key\":{\"type\":\"uint\",\"value\":1},"
    "\"value\":{\"svn\":{\"type\":\"min-value\",\"value\":1}}},"
    "{\"key\":{\"type\":\"uint\",\"value\":2},"
    "\"value\":{\"raw-value\":{\"type\":\"bytes\",\"value\":\"AAAAAAADAAA=\"}}},"
    "{\"key\":{\"type\":\"uint\",\"value\":3936},"
    "\"value\":{\"version\":{\"value\":\"1.55.1\"}}}]}]}}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct atls_endorsements *set;
    if (set == NULL) {
        set = fuzz_endorsements(comid, "tag:amd.com,2024:snp-corim-profile");
    }
    fuzz_appraise(&atls_appraiser_snp, set, "application/vnd.veraison.tsm-report+cbor", data, size);
    return 0;
}
