#include "args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parsing {
    struct args *args;
    const struct option_entry *tables[2];
    int argc;
    char **argv;
    int next; /* the element after the one under way */
    char *err;
    size_t errlen;
};

static const struct option_entry *option_find(const struct parsing *p, const char *name, size_t len)
{
    for (int t = 0; t < 2; t++)
        for (const struct option_entry *e = p->tables[t]; e && e->name; e++)
            if (strlen(e->name) == len && memcmp(e->name, name, len) == 0)
                return e;
    return NULL;
}

static const struct option_entry *option_letter(const struct parsing *p, char letter)
{
    for (int t = 0; t < 2; t++)
        for (const struct option_entry *e = p->tables[t]; e && e->name; e++)
            if (e->letter == letter)
                return e;
    return NULL;
}

static int words_fail(const struct option_entry *e, char *err, size_t errlen)
{
    int used = snprintf(err, errlen, "--%s must be one of", e->name);

    for (size_t i = 0; e->words[i] && used >= 0 && (size_t)used < errlen; i++)
        used += snprintf(err + used, errlen - (size_t)used, "%s %s", i ? "," : "", e->words[i]);
    return -1;
}

static int option_add(struct parsing *p, const struct option_entry *e, const char *value)
{
    struct args *a = p->args;
    size_t i = 0;

    if (a->options == ARGS_OPTIONS_MAX) {
        snprintf(p->err, p->errlen, "too many options");
        return -1;
    }
    while (e->words && e->words[i] && strcmp(e->words[i], value) != 0)
        i++;
    if (e->words && !e->words[i])
        return words_fail(e, p->err, p->errlen);
    a->entry[a->options] = e;
    a->value[a->options++] = value;
    return 0;
}

/* value: what stands beside the option already ("--name=value", "-nvalue"), or NULL. */
static int option_take(struct parsing *p, const struct option_entry *e, const char *value)
{
    if (!e->value)
        return option_add(p, e, "");
    if (!value && p->next < p->argc)
        value = p->argv[p->next++];
    if (!value) {
        snprintf(p->err, p->errlen, "--%s needs a value: %s", e->name, e->value);
        return -1;
    }
    return option_add(p, e, value);
}

static int parse_long(struct parsing *p, const char *name)
{
    size_t len = strcspn(name, "=");
    const char *value = name[len] == '=' ? name + len + 1 : NULL;
    const struct option_entry *e = option_find(p, name, len);

    if (!e) {
        snprintf(p->err, p->errlen, "there is no option --%.*s", (int)(len < 60 ? len : 60), name);
        return -1;
    }
    if (value && !e->value) {
        snprintf(p->err, p->errlen, "--%s takes no value", e->name);
        return -1;
    }
    return option_take(p, e, value);
}

static int parse_letters(struct parsing *p, const char *letters)
{
    for (; *letters; letters++) {
        const struct option_entry *e = option_letter(p, *letters);

        if (!e) {
            snprintf(p->err, p->errlen, "there is no option -%.1s", letters);
            return -1;
        }
        if (e->value)
            return option_take(p, e, letters[1] ? letters + 1 : NULL);
        if (option_add(p, e, "") < 0)
            return -1;
    }
    return 0;
}

int args_parse(struct args *ret, int argc, char **argv, const struct option_entry *common,
               const struct option_entry *own, bool leading, int *ret_used, char *err,
               size_t errlen)
{
    struct args args = {.word = argv};
    struct parsing p = {.args = &args,
                        .tables = {common, own},
                        .argc = argc,
                        .argv = argv,
                        .err = err,
                        .errlen = errlen};
    bool only_words = false;

    while (p.next < argc) {
        char *s = argv[p.next];
        bool word = only_words || s[0] != '-' || s[1] == '\0';
        int r = 0;

        if (word && leading)
            break;
        p.next++;
        if (word)
            argv[args.words++] = s;
        else if (strcmp(s, "--") == 0)
            only_words = true;
        else
            r = s[1] == '-' ? parse_long(&p, s + 2) : parse_letters(&p, s + 1);
        if (r < 0)
            return -1;
    }
    if (ret_used)
        *ret_used = p.next;
    *ret = args;
    return 0;
}

const char *args_get(const struct args *a, const char *name)
{
    for (size_t i = a->options; i > 0; i--)
        if (strcmp(a->entry[i - 1]->name, name) == 0)
            return a->value[i - 1];
    return NULL;
}

bool args_has(const struct args *a, const char *name)
{
    return args_get(a, name) != NULL;
}

int args_int(const struct args *a, const char *name, int64_t min, int64_t max, int64_t preset,
             int64_t *ret, char *err, size_t errlen)
{
    const char *value = args_get(a, name);
    char *end;
    long long n;

    if (!value) {
        *ret = preset;
        return 0;
    }
    errno = 0;
    n = strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || n < min || n > max) {
        snprintf(err, errlen, "--%s must be a whole number from %lld to %lld", name, (long long)min,
                 (long long)max);
        return -1;
    }
    *ret = n;
    return 0;
}
