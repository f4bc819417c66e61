#include <spean/ini.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>

#include <spean/text.h>

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit units_none[] = {{"", 1}, {NULL, 0}};
static const struct unit units_bytes[] = {
    {"", 1}, {"k", 1024}, {"m", 1024 * 1024}, {"g", 1024 * 1024 * 1024}, {NULL, 0}};
/* A bare 0 is the same in every unit; any other bare number leaves its reader guessing. */
static const struct unit units_ms[] = {{"ms", 1},      {"s", 1000},     {"min", 60000},
                                       {"h", 3600000}, {"d", 86400000}, {NULL, 0}};

/* Digits and one of the units after them; 0 or -1 (form, unit, overflow). */
static int number_parse(const char *text, const struct unit *units, int64_t *ret)
{
    bool minus = *text == '-';
    const char *s = text + minus;
    int64_t value = 0;

    if (*s < '0' || *s > '9')
        return -1;
    for (; *s >= '0' && *s <= '9'; s++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *s - '0', &value))
            return -1;
    if (*s != '\0' || value != 0) {
        while (units->name && strcmp(units->name, s) != 0)
            units++;
        if (!units->name || __builtin_mul_overflow(value, units->factor, &value))
            return -1;
    }
    *ret = minus ? -value : value;
    return 0;
}

static int bool_parse(const char *text, bool *ret)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (strcmp(text, words[i]) == 0) {
            *ret = i % 2;
            return 0;
        }
    }
    return -1;
}

static const char *type_wants(enum opt_type type)
{
    switch (type) {
    case OPT_INT:
        return "a whole number";
    case OPT_BOOL:
        return "yes or no";
    case OPT_BYTES:
        return "a number of bytes, with k, m or g";
    case OPT_MS:
        return "a duration with its unit: ms, s, min, h or d";
    case OPT_STRING:
        break;
    }
    return "text in UTF-8";
}

static int number_set(const struct opt *o, void *field, const char *value, char *err, size_t errlen)
{
    const struct unit *units = o->type == OPT_BYTES ? units_bytes
                               : o->type == OPT_MS  ? units_ms
                                                    : units_none;
    int64_t number;

    if (number_parse(value, units, &number) < 0) {
        snprintf(err, errlen, "%s wants %s", o->name, type_wants(o->type));
        return -1;
    }
    if (number < o->min || number > o->max) {
        snprintf(err, errlen, "%s must be from %lld to %lld%s", o->name, (long long)o->min,
                 (long long)o->max,
                 o->type == OPT_MS      ? " ms"
                 : o->type == OPT_BYTES ? " bytes"
                                        : "");
        return -1;
    }
    memcpy(field, &number, sizeof(number));
    return 0;
}

static int string_set(const struct opt *o, void *field, const char *value, char *err, size_t errlen)
{
    char *copy, *old;

    if (!text_valid(value, strlen(value))) {
        snprintf(err, errlen, "%s wants %s", o->name, type_wants(OPT_STRING));
        return -1;
    }
    copy = strdup(value);
    if (!copy) {
        snprintf(err, errlen, "no memory");
        return -1;
    }
    memcpy(&old, field, sizeof(old));
    free(old);
    memcpy(field, &copy, sizeof(copy));
    return 0;
}

static int opt_set(const struct opt *o, void *target, const char *value, char *err, size_t errlen)
{
    void *field = (char *)target + o->offset;
    bool flag;

    switch (o->type) {
    case OPT_STRING:
        return string_set(o, field, value, err, errlen);
    case OPT_BOOL:
        if (bool_parse(value, &flag) < 0) {
            snprintf(err, errlen, "%s wants %s", o->name, type_wants(OPT_BOOL));
            return -1;
        }
        memcpy(field, &flag, sizeof(flag));
        return 0;
    case OPT_INT:
    case OPT_BYTES:
    case OPT_MS:
        break;
    }
    return number_set(o, field, value, err, errlen);
}

int opts_default(const struct opt *opts, size_t n, void *target)
{
    char err[128], *none = NULL;

    /* The strings first: opts_done must be safe wherever this stops. */
    for (size_t i = 0; i < n; i++)
        if (opts[i].type == OPT_STRING)
            memcpy((char *)target + opts[i].offset, &none, sizeof(none));
    for (size_t i = 0; i < n; i++)
        if (opt_set(&opts[i], target, opts[i].preset, err, sizeof(err)) < 0)
            return -1;
    return 0;
}

void opts_done(const struct opt *opts, size_t n, void *target)
{
    for (size_t i = 0; i < n; i++) {
        char *field = (char *)target + opts[i].offset, *old, *none = NULL;

        if (opts[i].type != OPT_STRING)
            continue;
        memcpy(&old, field, sizeof(old));
        free(old);
        memcpy(field, &none, sizeof(none));
    }
}

static const struct opt *opts_find(const struct opt *opts, size_t n, const char *section,
                                   const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(opts[i].section, section) == 0 && strcmp(opts[i].name, name) == 0)
            return &opts[i];
    return NULL;
}

int opts_set(const struct opt *opts, size_t n, void *target, const char *section, const char *name,
             const char *value, char *err, size_t errlen)
{
    const struct opt *o = opts_find(opts, n, section, name);

    if (!o) {
        snprintf(err, errlen, "no option \"%s\" in [%s]", name, section);
        return -1;
    }
    return opt_set(o, target, value, err, errlen);
}

/* A reading under way. inih asks for lines one by one, so the number of the current one is ours. */
struct reading {
    const struct opt *opts;
    size_t n;
    void *target;
    const char *next;
    const struct opt *last; /* the option set by the line above, NULL after a header */
    int line;
    bool indented; /* the current line begins with a blank */
    bool failed;
    char *err;
    size_t errlen;
};

static int reading_fail(struct reading *r, const char *message)
{
    if (!r->failed)
        snprintf(r->err, r->errlen, "line %d: %s", r->line, message);
    r->failed = true;
    return 0; /* inih's word for an error */
}

static bool reading_knows_section(const struct reading *r, const char *section, size_t len)
{
    for (size_t i = 0; i < r->n; i++)
        if (strncmp(r->opts[i].section, section, len) == 0 && r->opts[i].section[len] == '\0')
            return true;
    return false;
}

/* inih says nothing of a section header, so an unknown one is found here. */
static void reading_check_header(struct reading *r, const char *line, size_t len)
{
    const char *end = memchr(line, ']', len);

    if (!end)
        reading_fail(r, "a section that is not closed by ]");
    else if (!reading_knows_section(r, line + 1, (size_t)(end - line - 1)))
        reading_fail(r, "an unknown section");
}

/* An ini_reader: one line into str, as fgets does. */
static char *reading_line(char *str, int size, void *arg)
{
    struct reading *r = arg;
    size_t len = strcspn(r->next, "\n");
    const char *line = r->next;

    if (*line == '\0' || r->failed)
        return NULL;
    r->line++;
    r->next += len + (line[len] == '\n');
    if (len + 2 > (size_t)size) {
        reading_fail(r, "too long; an indented line goes on with the value above");
        return NULL;
    }
    r->indented = *line == ' ' || *line == '\t';
    if (*line == '[') {
        r->last = NULL;
        reading_check_header(r, line, len);
    }
    memcpy(str, line, len);
    str[len] = '\n';
    str[len + 1] = '\0';
    return str;
}

/* An indented line goes on with the value of the option above, after a blank. */
static int reading_continue(struct reading *r, const struct opt *o, const char *value)
{
    const char *field = (const char *)r->target + o->offset;
    char *old, *joined, err[128];
    int failed;

    if (o->type != OPT_STRING)
        return reading_fail(r, "indented, but the option above takes one line");
    memcpy(&old, field, sizeof(old));
    if (asprintf(&joined, "%s%s%s", old, *old ? " " : "", value) < 0)
        return reading_fail(r, "no memory");
    failed = opt_set(o, r->target, joined, err, sizeof(err));
    free(joined);
    return failed < 0 ? reading_fail(r, err) : 1;
}

static int reading_handle(void *arg, const char *section, const char *name, const char *value)
{
    struct reading *r = arg;
    const struct opt *o = opts_find(r->opts, r->n, section, name);
    char err[128];

    if (r->failed)
        return 0;
    if (r->indented && o && o == r->last)
        return reading_continue(r, o, value);
    if (opts_set(r->opts, r->n, r->target, section, name, value, err, sizeof(err)) < 0)
        return reading_fail(r, err);
    r->last = o;
    return 1;
}

int opts_read(const struct opt *opts, size_t n, void *target, const char *text, char *err,
              size_t errlen)
{
    struct reading r = {
        .opts = opts, .n = n, .target = target, .next = text, .err = err, .errlen = errlen};
    int bad = ini_parse_stream(reading_line, &r, reading_handle, &r);

    if (bad != 0 && !r.failed) {
        r.line = bad > 0 ? bad : r.line;
        reading_fail(&r, bad > 0 ? "neither [section] nor name = value" : "no memory");
    }
    return r.failed ? -1 : 0;
}
