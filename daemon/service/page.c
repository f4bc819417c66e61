#include "method.h"
#include "reason.h"
#include "tokens.h"

#include <spean/buf.h>
#include <spean/rpc.h>
#include <spean/service.h>
#include <string.h>

/* The part of spean-protocol(7) that the tables know: every method and every error, as mdoc. */

static void page_roles(struct buf *out, unsigned roles)
{
    const char *between = "";

    if (roles == 0)
        buf_adds(out, "anybody");
    for (const char *const *word = role_words; *word; word++) {
        if (!(roles & role_parse(*word)))
            continue;
        buf_addf(out, "%s%s", between, *word);
        between = ", ";
    }
}

static const char *page_type(const struct param *p)
{
    static const char *const types[] = {
        [PARAM_STRING] = "string", [PARAM_INT] = "integer",
        [PARAM_NUMBER] = "number", [PARAM_BOOL] = "boolean",
        [PARAM_DATE] = "date",     [PARAM_STAMP] = "RFC 3339 time",
        [PARAM_WORD] = "word",     [PARAM_OBJECT] = "object",
        [PARAM_ARRAY] = "array",   [PARAM_INT_OR_STRING] = "integer or string"};

    return types[p->type];
}

/* What one parameter may be, in round brackets. */
static void page_bounds(struct buf *out, const struct param *p)
{
    const char *of = p->type == PARAM_STRING  ? " characters"
                     : p->type == PARAM_ARRAY ? " elements"
                                              : "";

    buf_addf(out, "(%s", page_type(p));
    if (p->type == PARAM_WORD)
        for (size_t i = 0; p->words[i]; i++)
            buf_addf(out, "%s %s", i == 0 ? ":" : ",", p->words[i]);
    else if (p->max > 0 && p->max < INT64_MAX)
        buf_addf(out, ", %lld to %lld%s", (long long)p->min, (long long)p->max, of);
    buf_addf(out, "%s)\n", p->required ? ", required" : "");
}

static void page_params(struct buf *out, const struct param *table)
{
    if (!table->name)
        return;
    buf_adds(out, ".Bl -tag -width Ds\n");
    for (const struct param *p = table; p->name; p++) {
        buf_addf(out, ".It Ar %s\n", p->name);
        page_bounds(out, p);
        if (p->help)
            buf_addf(out, "%s\n", p->help);
        if (p->type == PARAM_OBJECT && p->fields)
            page_params(out, p->fields);
    }
    buf_adds(out, ".El\n");
}

static void page_methods(struct buf *out)
{
    buf_adds(out, ".Sh METHODS\n.Bl -tag -width Ds\n");
    for (const struct method *m = methods; m->name; m++) {
        buf_addf(out, ".It Ic %s\n%s\nFor ", m->name, m->summary);
        page_roles(out, m->roles);
        buf_adds(out, ".\n");
        page_params(out, m->params);
    }
    buf_adds(out, ".El\n");
}

static void page_error(struct buf *out, int code, const char *reason, const char *message)
{
    buf_addf(out, ".It Li %d %s\n%s.\n", code, reason, message);
}

/* The reasons of one code, then what stands for any other of it. */
static void page_code(struct buf *out, const struct rpc_code_info *info)
{
    static const struct {
        int code;
        const char *word, *message;
    } reasons[] = {
#define X(name, code, word, message) {code, word, message},
        SERVICE_REASONS(X)
#undef X
    };
    bool named = false;

    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].code != info->code)
            continue;
        page_error(out, info->code, reasons[i].word, reasons[i].message);
        named = named || strcmp(reasons[i].word, info->reason) == 0;
    }
    if (!named)
        page_error(out, info->code, info->reason, info->message);
}

int methods_page(struct buf *out)
{
    size_t count;
    const struct rpc_code_info *codes = rpc_codes(&count);

    page_methods(out);
    buf_adds(out, ".Sh ERRORS\n.Bl -tag -width Ds\n");
    for (size_t i = 0; i < count; i++)
        page_code(out, &codes[i]);
    buf_adds(out, ".El\n");
    return out->failed ? -1 : 0;
}
