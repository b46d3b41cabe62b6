/* SPDX-License-Identifier: Apache-2.0 */
/* The map around a TSM's report: what is accepted is written again, and reads the same. */
#include "fuzz_check.h"

#include "base/span.h"
#include "codec/tsm_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct atls_bytes input = {data, size};
    struct atls_tsm_report report;
    struct atls_tsm_report again;
    struct atls_diag diag = {0};
    const enum atls_err err = atls_tsm_report_parse(&report, input, &diag);
    fuzz_require(err == diag.err);
    if (err != ATLS_OK) {
        return 0;
    }
    fuzz_require(report.provider.len != 0 && report.outblob.len != 0);
    const struct atls_buf room = {malloc(size + 2), size + 2}; /* two names may get a newline */
    fuzz_require(room.data != NULL);
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    atls_tsm_report_put(&w, &report);
    if (atls_writer_finish(&w, &len)) {
        fuzz_require(atls_tsm_report_parse(&again, atls_bytes_of(room.data, len), NULL) == ATLS_OK);
        fuzz_require(atls_bytes_equal(report.provider, again.provider));
        fuzz_require(atls_bytes_equal(report.outblob, again.outblob));
        fuzz_require(atls_bytes_equal(report.auxblob, again.auxblob));
        fuzz_require(atls_bytes_equal(report.manifestblob, again.manifestblob));
        fuzz_require(atls_bytes_equal(report.service_provider, again.service_provider));
    } else {
        fuzz_require(report.provider.len >= 64 || report.service_provider.len >= 64);
    }
    free(room.data);
    return 0;
}
