#include <spean/json_writer.h>

#include <spean/buf.h>

#include <inttypes.h>
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

void jw_key(struct json_writer *w, const char *key)
{
    begin_value(w);
    buf_addc(w->out, '"');
    buf_adds(w->out, key);
    buf_addc(w->out, '"');
    end_key(w);
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

static void add_quoted(struct buf *out, const char *s, size_t len)
{
    size_t plain = 0; /* start of what can be copied as it is */

    buf_addc(out, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_add(out, s + plain, i - plain);
        escape_byte(out, c);
        plain = i + 1;
    }
    buf_add(out, s + plain, len - plain);
    buf_addc(out, '"');
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

void jw_int(struct json_writer *w, int64_t v)
{
    begin_value(w);
    buf_addf(w->out, "%" PRId64, v);
}

void jw_hundredths(struct json_writer *w, int64_t v)
{
    /* Away from the signed range first: -INT64_MIN does not exist. */
    uint64_t size = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    unsigned cents = (unsigned)(size % 100);

    begin_value(w);
    buf_addf(w->out, "%s%" PRIu64, v < 0 ? "-" : "", size / 100);
    if (cents % 10 != 0)
        buf_addf(w->out, ".%02u", cents);
    else if (cents != 0)
        buf_addf(w->out, ".%u", cents / 10);
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

void jw_key_text(struct json_writer *w, const char *key, const char *s)
{
    jw_key(w, key);
    jw_text(w, s);
}

void jw_key_int(struct json_writer *w, const char *key, int64_t v)
{
    jw_key(w, key);
    jw_int(w, v);
}
