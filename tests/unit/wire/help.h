#ifndef SPEAN_TEST_WIRE_HELP_H
#define SPEAN_TEST_WIRE_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <spean/buf.h>
#include <spean/profile_json.h>
#include <spean/rpc.h>

/* The contract's limits. */
__attribute__((unused)) static const struct rpc_limits help_limits = {
    .depth = 32, .elements = 32768, .batch = 100};

/* The day that the tests take for today: 2026-11-24. */
#define HELP_TODAY 20781

/* JSON written with ' for ", so that it reads well in C. */
static inline json_t *help_json(const char *text)
{
    char *copy = strdup(text);
    json_error_t why;
    json_t *value;

    assert_non_null(copy);
    for (char *c = copy; *c; c++) {
        if (*c == '\'')
            *c = '"';
    }
    value = json_loads(copy, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (!value)
        fail_msg("%s: %s", copy, why.text);
    free(copy);
    return value;
}

/* The problem that an error names for a field, or NULL. */
static inline const char *help_problem(const struct rpc_error *e, const char *field)
{
    size_t n;
    json_t *entry;

    json_array_foreach(e->fields, n, entry)
    {
        if (!strcmp(json_string_value(json_object_get(entry, "field")), field))
            return json_string_value(json_object_get(entry, "problem"));
    }
    return NULL;
}

/* The fields of an error, joined by blanks, in a buffer to free. */
static inline char *help_fields(const struct rpc_error *e)
{
    struct buf list;
    size_t n;
    json_t *entry;

    buf_init(&list, 65536);
    buf_adds(&list, "");
    json_array_foreach(e->fields, n, entry)
    {
        buf_addf(&list, "%s%s", n > 0 ? " " : "",
                 json_string_value(json_object_get(entry, "field")));
    }
    return buf_take(&list, NULL);
}

/* A small model: five sectors, two regions of each country. */
static inline bool help_sector(const void *ctx, const char *code, size_t len)
{
    static const char *const codes[] = {"agro-industry", "agro-industry.rice", "energy.solar",
                                        "fintech.payments", "ai"};

    (void)ctx;
    for (size_t i = 0; i < 5; i++) {
        if (strlen(codes[i]) == len && !memcmp(codes[i], code, len))
            return true;
    }
    return false;
}

static inline bool help_region(const void *ctx, const char *country, const char *code, size_t len)
{
    static const char *const codes[] = {"KH-2", "KH-12", "CA-QC", "CA-ON"};

    (void)ctx;
    for (size_t i = 0; i < 4; i++) {
        if (strlen(codes[i]) == len && !memcmp(codes[i], code, len))
            return !memcmp(country, code, 2);
    }
    return false;
}

__attribute__((unused)) static const struct profile_codes help_codes = {
    .today = HELP_TODAY, .sector = help_sector, .region = help_region};

#endif
