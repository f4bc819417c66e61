#include <spean/rpc.h>

#include <string.h>

#define ID_DIGITS 18 /* always fit into an integer */
#define ID_TEXT 64

struct cursor {
    const char *at, *end;
};

static void skip_blanks(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\r'))
        c->at++;
}

static bool take(struct cursor *c, char what)
{
    skip_blanks(c);
    if (c->at == c->end || *c->at != what)
        return false;
    c->at++;
    return true;
}

/* From behind the opening quote to behind the closing one. */
static bool skip_string(struct cursor *c)
{
    for (; c->at < c->end && *c->at != '"'; c->at++)
        if (*c->at == '\\' && ++c->at == c->end)
            return false;
    return take(c, '"');
}

static bool skip_container(struct cursor *c)
{
    size_t depth = 0;

    while (c->at < c->end) {
        char b = *c->at++;

        if (b == '"' && !skip_string(c))
            return false;
        if (b == '{' || b == '[')
            depth++;
        else if ((b == '}' || b == ']') && --depth == 0)
            return true;
    }
    return false;
}

static bool skip_value(struct cursor *c)
{
    skip_blanks(c);
    if (c->at == c->end)
        return false;
    if (*c->at == '{' || *c->at == '[')
        return skip_container(c);
    if (take(c, '"'))
        return skip_string(c);
    while (c->at < c->end && *c->at != ',' && *c->at != '}')
        c->at++;
    return true;
}

/* The name of a member; *ret_id: it is "id". False with escapes in it too. */
static bool take_name(struct cursor *c, bool *ret_id)
{
    if (!take(c, '"'))
        return false;
    const char *name = c->at;
    while (c->at < c->end && *c->at != '"' && *c->at != '\\')
        c->at++;
    *ret_id = c->at - name == 2 && memcmp(name, "id", 2) == 0;
    return take(c, '"') && take(c, ':');
}

static size_t number_len(const struct cursor *c)
{
    size_t n = 0, most = (size_t)(c->end - c->at);

    while (n < most && n <= ID_DIGITS && c->at[n] >= '0' && c->at[n] <= '9')
        n++;
    return n > ID_DIGITS || (n > 1 && *c->at == '0') ? 0 : n;
}

/* With its quotes; 0: none that is written back as it is. */
static size_t text_len(const struct cursor *c)
{
    size_t n = 1, most = (size_t)(c->end - c->at);

    while (n < most && n <= ID_TEXT && c->at[n] >= ' ' && c->at[n] <= '~' && c->at[n] != '"' &&
           c->at[n] != '\\')
        n++;
    return n < most && c->at[n] == '"' ? n + 1 : 0;
}

bool rpc_find_id(const char *line, size_t len, struct rpc_span *ret)
{
    struct cursor c = {line, line + len};
    bool id = false;

    if (!take(&c, '{'))
        return false;
    while (take_name(&c, &id)) {
        if (id) {
            skip_blanks(&c);
            if (c.at == c.end)
                return false;
            size_t n = *c.at == '"' ? text_len(&c) : number_len(&c);
            *ret = (struct rpc_span){(size_t)(c.at - line), n};
            c.at += n;
            return n > 0 && (take(&c, ',') || take(&c, '}'));
        }
        if (!skip_value(&c) || !take(&c, ','))
            return false;
    }
    return false;
}
