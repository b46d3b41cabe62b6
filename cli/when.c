/* SPDX-License-Identifier: Apache-2.0 */
#include "when.h"

#include "base/diag.h"
#include "base/rfc3339.h"
#include "base/span.h"

#include <time.h>

static enum atls_err fail(const char *text, struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", "--time", text,
                           "an RFC 3339 time such as 2026-11-21T17:00:00Z");
}

enum atls_err cli_when(int64_t *out, const char *text, struct atls_diag *diag)
{
    if (text == NULL) {
        *out = (int64_t)time(NULL);
        return ATLS_OK;
    }
    return atls_rfc3339_parse(atls_bytes_text(text), out) ? ATLS_OK : fail(text, diag);
}

bool cli_when_text(char *out, size_t cap, int64_t seconds)
{
    const time_t when = (time_t)seconds;
    struct tm parts;
    return gmtime_r(&when, &parts) != NULL && strftime(out, cap, "%Y-%m-%dT%H:%M:%SZ", &parts) > 0;
}
