/* SPDX-License-Identifier: Apache-2.0 */
#include "when.h"

#include "base/diag.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static enum atls_err fail(const char *text, struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", "--time", text,
                           "an RFC 3339 time such as 2026-11-21T17:00:00Z");
}

/* offset reads "Z" or "+hh:mm" into seconds east of UTC. */
static bool read_offset(const char *text, int64_t *out)
{
    int hours = 0, minutes = 0, used = 0;
    if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
        *out = 0;
        return true;
    }
    if ((text[0] != '+' && text[0] != '-') ||
        sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 || used != 5 ||
        text[6] != '\0' || hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
        return false;
    }
    *out = (int64_t)(hours * 3600 + minutes * 60) * (text[0] == '-' ? -1 : 1);
    return true;
}

enum atls_err cli_when(int64_t *out, const char *text, struct atls_diag *diag)
{
    struct tm tm;
    int used = 0;
    int64_t east = 0;
    if (text == NULL) {
        *out = (int64_t)time(NULL);
        return ATLS_OK;
    }
    memset(&tm, 0, sizeof tm);
    if (sscanf(text, "%4d-%2d-%2d%*1[Tt]%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
               &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &used) != 6 ||
        used != 19) {
        return fail(text, diag);
    }
    const char *rest = text + used;
    if (*rest == '.') { /* a fraction says less than a second: it is dropped */
        rest += 1 + strspn(rest + 1, "0123456789");
    }
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    const struct tm given = tm;
    const time_t utc = timegm(&tm);
    /* timegm turns 31 February into March; a date that changes was none. */
    if (!read_offset(rest, &east) || tm.tm_mday != given.tm_mday || tm.tm_mon != given.tm_mon ||
        tm.tm_hour != given.tm_hour || tm.tm_min != given.tm_min || tm.tm_sec != given.tm_sec) {
        return fail(text, diag);
    }
    *out = (int64_t)utc - east;
    return ATLS_OK;
}
