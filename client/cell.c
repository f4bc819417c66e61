#include "output.h"

#include <stdlib.h>
#include <string.h>

#include <spean/buf.h>
#include <spean/json_writer.h>
#include <spean/text.h>

const json_t *json_path(const json_t *record, const char *path)
{
    while (record && path) {
        const char *dot = strchr(path, '.');
        size_t len = dot ? (size_t)(dot - path) : strlen(path);

        record = json_object_getn(record, path, len);
        path = dot ? dot + 1 : NULL;
    }
    return record;
}

static int cell_json(struct buf *out, const json_t *value)
{
    return jw_dump(out, value, JSON_COMPACT | JSON_ENCODE_ANY);
}

static int cell_list(struct buf *out, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (i > 0)
            buf_adds(out, ", ");
        if (cell_text(out, json_array_get(list, i)) < 0)
            return -1;
    }
    return out->failed ? -1 : 0;
}

int cell_text(struct buf *out, const json_t *value)
{
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_NULL:
        return 0;
    case JSON_STRING:
        return buf_add(out, json_string_value(value), json_string_length(value));
    case JSON_INTEGER:
        return buf_addf(out, "%lld", (long long)json_integer_value(value));
    case JSON_REAL:
        return buf_addf(out, "%.15g", json_real_value(value));
    case JSON_TRUE:
        return buf_adds(out, "yes");
    case JSON_FALSE:
        return buf_adds(out, "no");
    case JSON_ARRAY:
        return cell_list(out, value);
    case JSON_OBJECT:
        break;
    }
    return cell_json(out, value);
}

int column_cell(struct buf *out, const struct column *c, const json_t *record)
{
    const json_t *value = c->path ? json_path(record, c->path) : NULL;

    return c->cell ? c->cell(out, value, record) : cell_text(out, value);
}

int csv_cell(struct buf *out, const char *s, size_t len, bool raw)
{
    bool formula = !raw && len > 0 && strchr("=+-@\t\r", s[0]);
    bool quote = false;

    for (size_t i = 0; i < len; i++)
        quote = quote || s[i] == '"' || s[i] == ',' || s[i] == '\n' || s[i] == '\r';
    /* Blanks at the ends are data, and some readers trim what is not quoted. */
    quote = quote || (len > 0 && (s[0] == ' ' || s[len - 1] == ' '));
    if (quote)
        buf_addc(out, '"');
    if (formula)
        buf_addc(out, '\'');
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '"')
            buf_addc(out, '"');
        buf_addc(out, s[i]);
    }
    if (quote)
        buf_addc(out, '"');
    return out->failed ? -1 : 0;
}

/* Bytes of the well-formed UTF-8 character at s, and its code point. */
static size_t decode(const char *s, unsigned *ret)
{
    unsigned char lead = (unsigned char)s[0];
    size_t n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    unsigned c = n == 1 ? lead : lead & (0xffu >> (n + 1));

    for (size_t i = 1; i < n; i++)
        c = c << 6 | ((unsigned char)s[i] & 0x3f);
    *ret = c;
    return n;
}

/* Would a terminal take this character badly? The base room knows. */
static bool steers(struct buf *scratch, const char *s, size_t n)
{
    buf_reset(scratch);
    return text_escape(scratch, s, n) < 0 || scratch->len != n;
}

int json_screen(struct buf *out, const json_t *value, bool pretty)
{
    size_t flags = JSON_ENCODE_ANY | JSON_REAL_PRECISION(15) | (pretty ? JSON_INDENT(2) : 0);
    struct buf text, scratch;

    buf_init(&text, SIZE_MAX);
    buf_init(&scratch, 64);
    jw_dump(&text, value, flags);
    for (const char *s = text.failed ? "" : text.data; *s && !scratch.failed;) {
        unsigned c;
        size_t n = decode(s, &c);

        if ((c >= 0x20 && c < 0x7f) || c == '\n' || !steers(&scratch, s, n))
            buf_add(out, s, n);
        else if (c < 0x10000)
            buf_addf(out, "\\u%04x", c);
        else
            buf_addf(out, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff));
        s += n;
    }
    out->failed = out->failed || text.failed || scratch.failed;
    buf_done(&scratch);
    buf_done(&text);
    return out->failed ? -1 : 0;
}
