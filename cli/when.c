/* SPDX-License-Identifier: Apache-2.0 */
#include "when.h"

#include "base/diag.h"

#include <string.h>
#include <time.h>

static enum atls_err fail(const char *text, struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", "--time", text,
                           "an RFC 3339 time such as 2026-11-21T17:00:00Z");
}

/* take reads exactly `digits` digits at *text, and the character `after` them unless that is 0. */
static bool take(const char **text, int digits, char after, int *out)
{
    int value = 0;
    for (int i = 0; i < digits; i++) {
        const char digit = (*text)[i];
        if (digit < '0' || digit > '9') {
            return false;
        }
        value = value * 10 + (digit - '0');
    }
    *text += digits;
    if (after != 0 && *(*text)++ != after) {
        return false;
    }
    *out = value;
    return true;
}

/* take_offset reads "Z" or "+hh:mm" and the end into seconds east of UTC. */
static bool take_offset(const char *text, int64_t *out)
{
    int hours = 0, minutes = 0;
    if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
        *out = 0;
        return true;
    }
    const int sign = text[0] == '-' ? -1 : 1;
    if (text[0] != '+' && text[0] != '-') {
        return false;
    }
    text++;
    if (!take(&text, 2, ':', &hours) || !take(&text, 2, 0, &minutes) || *text != '\0' ||
        hours > 23 || minutes > 59) {
        return false;
    }
    *out = (int64_t)sign * (hours * 3600 + minutes * 60);
    return true;
}

static bool take_time(const char **text, struct tm *out)
{
    if (!take(text, 4, '-', &out->tm_year) || !take(text, 2, '-', &out->tm_mon) ||
        !take(text, 2, 0, &out->tm_mday) || (**text != 'T' && **text != 't')) {
        return false;
    }
    (*text)++;
    return take(text, 2, ':', &out->tm_hour) && take(text, 2, ':', &out->tm_min) &&
           take(text, 2, 0, &out->tm_sec);
}

enum atls_err cli_when(int64_t *out, const char *text, struct atls_diag *diag)
{
    struct tm tm;
    int64_t east = 0;
    const char *rest = text;
    if (text == NULL) {
        *out = (int64_t)time(NULL);
        return ATLS_OK;
    }
    memset(&tm, 0, sizeof tm);
    if (!take_time(&rest, &tm)) {
        return fail(text, diag);
    }
    if (*rest == '.') { /* a fraction says less than a second: it is dropped */
        rest += 1 + strspn(rest + 1, "0123456789");
    }
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    const struct tm given = tm;
    const time_t utc = timegm(&tm);
    /* timegm turns 31 February into March; a date that changes was none. */
    if (!take_offset(rest, &east) || tm.tm_mday != given.tm_mday || tm.tm_mon != given.tm_mon ||
        tm.tm_hour != given.tm_hour || tm.tm_min != given.tm_min || tm.tm_sec != given.tm_sec) {
        return fail(text, diag);
    }
    *out = (int64_t)utc - east;
    return ATLS_OK;
}

bool cli_when_text(char *out, size_t cap, int64_t seconds)
{
    const time_t when = (time_t)seconds;
    struct tm parts;
    return gmtime_r(&when, &parts) != NULL && strftime(out, cap, "%Y-%m-%dT%H:%M:%SZ", &parts) > 0;
}
