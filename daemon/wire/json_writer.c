#include <spean/json_writer.h>

#include <spean/buf.h>

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64

void jw_init(struct json_writer *w, struct buf *out)
{
    *w = (struct json_writer){.out = out};
}

/* Before any value: a comma if one stands before it. After a key nothing: the key did it. */
static void begin_value(struct json_writer *w)
{
    uint64_t bit = UINT64_C(1) << w->depth;

    if (w->comma & bit)
        buf_addc(w->out, ',');
    w->comma |= bit;
}

static void open_level(struct json_writer *w, char c)
{
    begin_value(w);
    if (w->depth + 1 >= DEPTH_MAX) {
        w->out->failed = true;
        return;
    }
    w->depth++;
    w->comma &= ~(UINT64_C(1) << w->depth);
    buf_addc(w->out, c);
}

static void close_level(struct json_writer *w, char c)
{
    if (w->depth > 0)
        w->depth--;
    buf_addc(w->out, c);
}

void jw_object(struct json_writer *w)
{
    open_level(w, '{');
}

void jw_object_end(struct json_writer *w)
{
    close_level(w, '}');
}

void jw_array(struct json_writer *w)
{
    open_level(w, '[');
}

void jw_array_end(struct json_writer *w)
{
    close_level(w, ']');
}

/* The value that follows a key needs no comma of its own. */
static void end_key(struct json_writer *w)
{
    buf_addc(w->out, ':');
    w->comma &= ~(UINT64_C(1) << w->depth);
}

/* Comma, quotes and colon go with it in one piece. */
void jw_key_of(struct json_writer *w, const char *key, size_t len)
{
    uint64_t bit = UINT64_C(1) << w->depth;
    char *to;

    if (!buf_fits(w->out, len + 4)) {
        begin_value(w);
        buf_addc(w->out, '"');
        buf_add(w->out, key, len);
        buf_addc(w->out, '"');
        end_key(w);
        return;
    }
    to = w->out->data + w->out->len;
    if (w->comma & bit)
        *to++ = ',';
    *to++ = '"';
    memcpy(to, key, len);
    to += len;
    *to++ = '"';
    *to++ = ':';
    *to = '\0';
    w->out->len = (size_t)(to - w->out->data);
    w->comma &= ~bit;
}

static void escape_byte(struct buf *out, unsigned char c)
{
    static const char shorts[] = "btnvfr"; /* \b is 8; there is no \v in JSON */

    if (c == '"' || c == '\\')
        buf_addf(out, "\\%c", c);
    else if (c >= '\b' && c <= '\r' && c != '\v')
        buf_addf(out, "\\%c", shorts[c - '\b']);
    else
        buf_addf(out, "\\u%04x", c);
}

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

/* The top bit of some byte is set if, and only if, x has a byte that is less than n (1..128). */
static uint64_t has_less(uint64_t x, unsigned n)
{
    return (x - EACH_BYTE(n)) & ~x & EACH_BYTE(0x80);
}

/* Whether one of the eight needs an escape. */
static bool special(uint64_t x)
{
    return (has_less(x, 0x20) | has_less(x ^ EACH_BYTE('"'), 1) |
            has_less(x ^ EACH_BYTE('\\'), 1)) != 0;
}

/* How many bytes from s on can stand in a string as they are; eight are looked at in one go. */
static size_t plain_length(const char *s, size_t len)
{
    size_t n = 0;

    for (; len - n >= 8; n += 8) {
        uint64_t x;
        memcpy(&x, s + n, 8);
        if (special(x))
            break;
    }
    while (n < len && (unsigned char)s[n] >= 0x20 && s[n] != '"' && s[n] != '\\')
        n++;
    return n;
}

/* Copies all of it if it can stand in a string as it is. */
static bool plain_copy(char *to, const char *s, size_t len)
{
    size_t n = 0;

    for (; len - n >= 8; n += 8) {
        uint64_t x;
        memcpy(&x, s + n, 8);
        memcpy(to + n, &x, 8);
        if (special(x))
            return false;
    }
    for (; n < len; n++) {
        to[n] = s[n];
        if ((unsigned char)s[n] < 0x20 || s[n] == '"' || s[n] == '\\')
            return false;
    }
    return true;
}

/* What needs an escape, and what there is no room for yet. */
static void add_escaped(struct buf *out, const char *s, size_t len)
{
    buf_addc(out, '"');
    for (;;) {
        size_t plain = plain_length(s, len);
        buf_add(out, s, plain);
        if (plain == len)
            break;
        escape_byte(out, (unsigned char)s[plain]);
        s += plain + 1;
        len -= plain + 1;
    }
    buf_addc(out, '"');
}

/* Mostly all of it stands as it is, and is copied as it is looked at. False: nothing was added. */
static bool add_plain(struct buf *out, const char *s, size_t len)
{
    char *to;

    if (!buf_fits(out, len + 2))
        return false;
    to = out->data + out->len;
    if (!plain_copy(to + 1, s, len)) {
        *to = '\0';
        return false;
    }
    to[0] = to[len + 1] = '"';
    to[len + 2] = '\0';
    out->len += len + 2;
    return true;
}

static void add_quoted(struct buf *out, const char *s, size_t len)
{
    if (!add_plain(out, s, len))
        add_escaped(out, s, len);
}

void jw_string(struct json_writer *w, const char *s, size_t len)
{
    begin_value(w);
    add_quoted(w->out, s, len);
}

void jw_text(struct json_writer *w, const char *s)
{
    if (s)
        jw_string(w, s, strlen(s));
    else
        jw_null(w);
}

/* Room for any 64-bit number with its sign, a point and two digits after it. */
#define NUMBER_MAX 32

/* Writes the digits so that they end before `end`; where they begin. */
static char *digits_before(char *end, uint64_t v)
{
    do {
        *--end = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    return end;
}

/* Without its sign: -INT64_MIN does not exist as a signed number. */
static uint64_t size_of(int64_t v)
{
    return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

void jw_int(struct json_writer *w, int64_t v)
{
    char text[NUMBER_MAX], *end = text + sizeof text, *at = digits_before(end, size_of(v));

    begin_value(w);
    if (v < 0)
        *--at = '-';
    buf_add(w->out, at, (size_t)(end - at));
}

void jw_hundredths(struct json_writer *w, int64_t v)
{
    char text[NUMBER_MAX], *end = text + sizeof text, *at = end;
    uint64_t size = size_of(v);
    unsigned cents = (unsigned)(size % 100);

    begin_value(w);
    if (cents % 10 != 0)
        *--at = (char)('0' + cents % 10);
    if (cents != 0) {
        *--at = (char)('0' + cents / 10);
        *--at = '.';
    }
    at = digits_before(at, size / 100);
    if (v < 0)
        *--at = '-';
    buf_add(w->out, at, (size_t)(end - at));
}

void jw_bool(struct json_writer *w, bool v)
{
    begin_value(w);
    buf_adds(w->out, v ? "true" : "false");
}

void jw_null(struct json_writer *w)
{
    begin_value(w);
    buf_adds(w->out, "null");
}

void jw_raw(struct json_writer *w, const char *json, size_t len)
{
    begin_value(w);
    buf_add(w->out, json, len);
}

/* The shorter of 15 and 17 digits that reads back as the same number, and always as a real. */
static void write_real(struct json_writer *w, double v)
{
    char text[40];
    char *point;

    begin_value(w);
    snprintf(text, sizeof(text), "%.15g", v);
    if (strtod(text, NULL) != v)
        snprintf(text, sizeof(text), "%.17g", v);
    /* The locale of a client may write a comma. */
    point = strstr(text, localeconv()->decimal_point);
    if (point && *point != '.')
        *point = '.';
    buf_adds(w->out, text);
    if (!strpbrk(text, ".e"))
        buf_adds(w->out, ".0");
}

static void write_object(struct json_writer *w, const json_t *value)
{
    json_t *object = (json_t *)(uintptr_t)value; /* the iterator changes nothing */

    jw_object(w);
    for (void *at = json_object_iter(object); at && !w->out->failed;
         at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);
        begin_value(w);
        add_quoted(w->out, key, strlen(key));
        end_key(w);
        jw_json(w, json_object_iter_value(at));
    }
    jw_object_end(w);
}

void jw_json(struct json_writer *w, const json_t *value)
{
    if (w->out->failed)
        return; /* and so too deep a tree ends here */
    if (!value) {
        jw_null(w);
        return;
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        write_object(w, value);
        break;
    case JSON_ARRAY:
        jw_array(w);
        for (size_t i = 0; i < json_array_size(value) && !w->out->failed; i++)
            jw_json(w, json_array_get(value, i));
        jw_array_end(w);
        break;
    case JSON_STRING:
        jw_string(w, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        jw_int(w, json_integer_value(value));
        break;
    case JSON_REAL:
        write_real(w, json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        jw_bool(w, json_is_true(value));
        break;
    case JSON_NULL:
        jw_null(w);
        break;
    }
}

static int dump_take(const char *bytes, size_t len, void *out)
{
    return buf_add(out, bytes, len); /* what failed once fails from there on */
}

int jw_dump(struct buf *out, const json_t *value, size_t flags)
{
    if (json_dump_callback(value, dump_take, out, flags) < 0)
        out->failed = true;
    return out->failed ? -1 : 0;
}
