#include <spean/date.h>

#include <stdbool.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
#define DAY_FIRST (-719162) /* 0001-01-01 */
#define DAY_LAST 2932896    /* 9999-12-31 */

struct civil {
    int year, month, day;
};

static bool year_is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && year_is_leap(year) ? 29 : days[month - 1];
}

/*
 * Both ways count in years that begin in March, so that the leap day is the last of its year; the
 * 400-year cycle has 146097 days.
 */
static int32_t civil_to_day(const struct civil *c)
{
    int y = c->month > 2 ? c->year : c->year - 1;
    int cycle = y / 400, in_cycle = y % 400;
    int month = (c->month + 9) % 12;
    int in_year = (153 * month + 2) / 5 + c->day - 1;

    return cycle * 146097 + in_cycle * 365 + in_cycle / 4 - in_cycle / 100 + in_year - 719468;
}

static struct civil civil_from_day(int32_t day)
{
    struct civil c;
    int z, cycle, in_cycle, y, in_year, month;

    if (day < DAY_FIRST)
        day = DAY_FIRST;
    if (day > DAY_LAST)
        day = DAY_LAST;
    z = day + 719468;
    cycle = z / 146097;
    in_cycle = z % 146097;
    y = (in_cycle - in_cycle / 1460 + in_cycle / 36524 - in_cycle / 146096) / 365;
    in_year = in_cycle - (365 * y + y / 4 - y / 100);
    month = (5 * in_year + 2) / 153;
    c.day = in_year - (153 * month + 2) / 5 + 1;
    c.month = month < 10 ? month + 3 : month - 9;
    c.year = cycle * 400 + y + (c.month <= 2);
    return c;
}

/* Exactly n ASCII digits; -1 if they are not. */
static int digits_parse(const char *s, int n)
{
    int value = 0;

    for (int i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return -1;
        value = value * 10 + (s[i] - '0');
    }
    return value;
}

int date_parse(const char *text, size_t len, int32_t *ret)
{
    struct civil c;

    if (len != 10 || text[4] != '-' || text[7] != '-')
        return -1;
    c.year = digits_parse(text, 4);
    c.month = digits_parse(text + 5, 2);
    c.day = digits_parse(text + 8, 2);
    if (c.year < 1 || c.month < 1 || c.month > 12 || c.day < 1 ||
        c.day > month_days(c.year, c.month))
        return -1;
    *ret = civil_to_day(&c);
    return 0;
}

/* value as n decimal digits, without a NUL. */
static void digits_format(char *out, int value, int n)
{
    while (n > 0) {
        out[--n] = (char)('0' + value % 10);
        value /= 10;
    }
}

void date_format(int32_t day, char out[DATE_TEXT])
{
    struct civil c = civil_from_day(day);

    memcpy(out, "0000-00-00", DATE_TEXT);
    digits_format(out, c.year, 4);
    digits_format(out + 5, c.month, 2);
    digits_format(out + 8, c.day, 2);
}

int32_t date_add_months(int32_t day, int months)
{
    struct civil c = civil_from_day(day);
    int64_t total = (int64_t)c.year * 12 + (c.month - 1) + months;
    int last;

    if (total < 12)
        return DAY_FIRST;
    if (total >= 10000 * 12)
        return DAY_LAST;
    c.year = (int)(total / 12);
    c.month = (int)(total % 12) + 1;
    last = month_days(c.year, c.month);
    if (c.day > last)
        c.day = last;
    return civil_to_day(&c);
}

/* "Z" or "+hh:mm", the rest of the text; 0 with the offset in minutes, or -1. */
static int offset_parse(const char *s, size_t len, int *ret_minutes)
{
    int hours, minutes;

    if (len == 1 && (*s == 'Z' || *s == 'z')) {
        *ret_minutes = 0;
        return 0;
    }
    if (len != 6 || (s[0] != '+' && s[0] != '-') || s[3] != ':')
        return -1;
    hours = digits_parse(s + 1, 2);
    minutes = digits_parse(s + 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return -1;
    minutes += hours * 60;
    *ret_minutes = s[0] == '-' ? -minutes : minutes;
    return 0;
}

/* ".123" at s: milliseconds, digits past the third dropped; the bytes it took, 0 when there are
 * none, -1 when a dot stands alone. */
static int fraction_parse(const char *s, size_t len, int *ret_ms)
{
    int ms = 0, scale = 100;
    size_t i = 1;

    if (len == 0 || *s != '.')
        return 0;
    for (; i < len && s[i] >= '0' && s[i] <= '9'; i++) {
        ms += (s[i] - '0') * scale;
        scale /= 10;
    }
    if (i == 1)
        return -1;
    *ret_ms = ms;
    return (int)i;
}

int stamp_parse(const char *text, size_t len, int64_t *ret_ms)
{
    int32_t day;
    int64_t ms;
    int hour, minute, second, fraction = 0, taken, offset;

    if (len < 20 || len > 40 || date_parse(text, 10, &day) < 0 ||
        (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':')
        return -1;
    hour = digits_parse(text + 11, 2);
    minute = digits_parse(text + 14, 2);
    second = digits_parse(text + 17, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return -1;
    taken = fraction_parse(text + 19, len - 19, &fraction);
    if (taken < 0 || offset_parse(text + 19 + taken, len - 19 - (size_t)taken, &offset) < 0)
        return -1;
    ms = day * DAY_MS + ((hour * 60 + minute - offset) * INT64_C(60) + second) * 1000 + fraction;
    /* A leap second is only ever the last one of a UTC day; it becomes the first of the next. */
    if (second == 60 && ((ms - fraction) % DAY_MS) != 0)
        return -1;
    if (ms < DAY_FIRST * DAY_MS || ms >= (DAY_LAST + 1) * DAY_MS)
        return -1;
    *ret_ms = ms;
    return 0;
}

void stamp_format(int64_t ms, char out[STAMP_TEXT])
{
    int64_t day, rest;

    if (ms < DAY_FIRST * DAY_MS)
        ms = DAY_FIRST * DAY_MS;
    if (ms >= (DAY_LAST + 1) * DAY_MS)
        ms = (DAY_LAST + 1) * DAY_MS - 1;
    day = ms / DAY_MS;
    rest = ms % DAY_MS;
    if (rest < 0) {
        rest += DAY_MS;
        day--;
    }
    memcpy(out, "0000-00-00T00:00:00.000Z", STAMP_TEXT);
    date_format((int32_t)day, out);
    out[10] = 'T';
    digits_format(out + 11, (int)(rest / 3600000), 2);
    digits_format(out + 14, (int)(rest / 60000 % 60), 2);
    digits_format(out + 17, (int)(rest / 1000 % 60), 2);
    digits_format(out + 20, (int)(rest % 1000), 3);
}
