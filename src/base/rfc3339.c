/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rfc3339.h"

#include "base/span.h"

#define DAY_S INT64_C(86400)

/* What is still to be read. */
struct rest {
    const uint8_t *data;
    size_t len;
};

static bool take_char(struct rest *rest, char lower, char upper)
{
    if (rest->len == 0 || (rest->data[0] != (uint8_t)lower && rest->data[0] != (uint8_t)upper)) {
        return false;
    }
    rest->data++;
    rest->len--;
    return true;
}

/* take_number reads exactly `digits` digits, of a value from `min` to `max`. */
static bool take_number(struct rest *rest, unsigned digits, int64_t min, int64_t max, int64_t *out)
{
    int64_t value = 0;
    if (rest->len < digits) {
        return false;
    }
    for (unsigned i = 0; i < digits; i++) {
        const uint8_t digit = rest->data[i];
        if (digit < '0' || digit > '9') {
            return false;
        }
        value = value * 10 + (digit - '0');
    }
    rest->data += digits;
    rest->len -= digits;
    *out = value;
    return value >= min && value <= max;
}

static bool is_leap_year(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t days_of_month(int64_t year, int64_t month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap_year(year) ? 1 : 0);
}

static int64_t days_of_year(int64_t year)
{
    return is_leap_year(year) ? 366 : 365;
}

/* days_before_year counts the days from 0000-01-01 to `year`-01-01, of the Gregorian calendar. */
static int64_t days_before_year(int64_t year)
{
    if (year == 0) {
        return 0;
    }
    const int64_t last = year - 1; /* year 0 is a leap year */
    return year * 365 + last / 4 - last / 100 + last / 400 + 1;
}

static int64_t epoch_day(void)
{
    return days_before_year(1970);
}

static bool take_date(struct rest *rest, int64_t *out_day)
{
    int64_t year = 0, month = 0, day = 0;
    if (!take_number(rest, 4, 0, 9999, &year) || !take_char(rest, '-', '-') ||
        !take_number(rest, 2, 1, 12, &month) || !take_char(rest, '-', '-') ||
        !take_number(rest, 2, 1, days_of_month(year, month), &day)) {
        return false;
    }
    int64_t days = days_before_year(year) + day - 1;
    for (int64_t m = 1; m < month; m++) {
        days += days_of_month(year, m);
    }
    *out_day = days - epoch_day();
    return true;
}

static bool take_clock(struct rest *rest, int64_t *out_s)
{
    int64_t hour = 0, minute = 0, second = 0;
    if (!take_number(rest, 2, 0, 23, &hour) || !take_char(rest, ':', ':') ||
        !take_number(rest, 2, 0, 59, &minute) || !take_char(rest, ':', ':') ||
        !take_number(rest, 2, 0, 59, &second)) {
        return false;
    }
    if (take_char(rest, '.', '.')) {
        int64_t digit = 0;
        if (!take_number(rest, 1, 0, 9, &digit)) {
            return false;
        }
        while (rest->len != 0 && rest->data[0] >= '0' && rest->data[0] <= '9') {
            rest->data++;
            rest->len--;
        }
    }
    *out_s = hour * 3600 + minute * 60 + second;
    return true;
}

/* take_offset reads "Z" or "+hh:mm" into seconds east of UTC. */
static bool take_offset(struct rest *rest, int64_t *out_east_s)
{
    int64_t hour = 0, minute = 0;
    if (take_char(rest, 'z', 'Z')) {
        *out_east_s = 0;
        return true;
    }
    const bool is_west = take_char(rest, '-', '-');
    if ((!is_west && !take_char(rest, '+', '+')) || !take_number(rest, 2, 0, 23, &hour) ||
        !take_char(rest, ':', ':') || !take_number(rest, 2, 0, 59, &minute)) {
        return false;
    }
    *out_east_s = (is_west ? -1 : 1) * (hour * 3600 + minute * 60);
    return true;
}

bool atls_rfc3339_parse(struct atls_bytes text, int64_t *out_s)
{
    struct rest rest = {text.data, text.len};
    int64_t day = 0, clock_s = 0, east_s = 0;
    if (!take_date(&rest, &day) || !take_char(&rest, 't', 'T') || !take_clock(&rest, &clock_s) ||
        !take_offset(&rest, &east_s) || rest.len != 0) {
        return false;
    }
    *out_s = day * DAY_S + clock_s - east_s;
    return true;
}

/* put_number writes `digits` digits and, unless it is 0, the character `after` them. */
static char *put_number(char *at, unsigned digits, int64_t value, char after)
{
    for (unsigned i = digits; i > 0; i--) {
        at[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    at[digits] = after;
    return &at[digits + 1];
}

void atls_rfc3339_write(char out[ATLS_RFC3339_LEN], int64_t seconds)
{
    const int64_t first_s = -epoch_day() * DAY_S;
    const int64_t end_s = (days_before_year(10000) - epoch_day()) * DAY_S;
    if (seconds < first_s || seconds >= end_s) {
        memcpy(out, "?", 2);
        return;
    }
    int64_t day = (seconds - first_s) / DAY_S;
    const int64_t clock_s = (seconds - first_s) % DAY_S;
    int64_t year = day * 400 / days_before_year(400); /* too late by one at most */
    year -= year > 0 ? 1 : 0;
    while (day >= days_before_year(year) + days_of_year(year)) {
        year++;
    }
    day -= days_before_year(year);
    int64_t month = 1;
    while (day >= days_of_month(year, month)) {
        day -= days_of_month(year, month);
        month++;
    }
    char *at = put_number(out, 4, year, '-');
    at = put_number(at, 2, month, '-');
    at = put_number(at, 2, day + 1, 'T');
    at = put_number(at, 2, clock_s / 3600, ':');
    at = put_number(at, 2, clock_s / 60 % 60, ':');
    at = put_number(at, 2, clock_s % 60, 'Z');
    *at = '\0';
}
