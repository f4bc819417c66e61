#include "import_form_in.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Trims blanks; true if something is left. */
static bool trim(const char **s, size_t *len)
{
    while (*len > 0 && (**s == ' ' || **s == '\t' || **s == '\n')) {
        (*s)++;
        (*len)--;
    }
    while (*len > 0 && strchr(" \t\r\n", (*s)[*len - 1]) != NULL)
        (*len)--;
    return *len > 0;
}

/* The next part of a list; false at its end. */
static bool part_next(const char **s, const char **ret, size_t *ret_len)
{
    while (**s != '\0') {
        size_t n = strcspn(*s, ",;|\n");

        *ret = *s;
        *ret_len = n;
        *s += n + ((*s)[n] != '\0');
        if (trim(ret, ret_len))
            return true;
    }
    return false;
}

json_t *form_list(const char *s)
{
    json_t *list = json_array();
    const char *part;
    size_t len;

    while (list != NULL && part_next(&s, &part, &len)) {
        if (json_array_append_new(list, json_stringn(part, len)) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *form_pairs(const char *s, char between, const char *before, const char *after)
{
    json_t *list = json_array();
    const char *part;
    size_t len;

    while (list != NULL && part_next(&s, &part, &len)) {
        const char *at = memchr(part, between, len);
        size_t first = at != NULL ? (size_t)(at - part) : 0;
        const char *rest = at != NULL ? at + 1 : part;
        size_t rest_len = at != NULL ? len - first - 1 : 0;

        if (first == 0 || !trim(&rest, &rest_len) ||
            json_array_append_new(list, json_pack("{s:o,s:o}", before, json_stringn(part, first),
                                                  after, json_stringn(rest, rest_len))) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* Does a new entry begin at s: "khm: "? */
static bool text_begins(const char *s)
{
    return strspn(s, "abcdefghijklmnopqrstuvwxyz") == 3 && s[3] == ':' && s[4] == ' ';
}

static bool need_begins(const char *s)
{
    static const char *const kinds[] = {"goods",        "services",      "technology",
                                        "capital",      "training",      "research",
                                        "distribution", "joint-venture", NULL};

    for (size_t i = 0; kinds[i] != NULL; i++) {
        size_t n = strlen(kinds[i]);

        if (strncmp(s, kinds[i], n) == 0 && s[n] == ' ' && s[n + 1] >= 'a' && s[n + 1] <= 'z')
            return true;
    }
    return false;
}

/* Bytes of the entry at s: up to the line break before the next one. */
static size_t entry_length(const char *s, bool (*begins)(const char *))
{
    const char *end = s;

    while ((end = strchr(end, '\n')) != NULL) {
        if (begins(end + 1))
            return (size_t)(end - s);
        end++;
    }
    return strlen(s);
}

json_t *form_texts(const char *s)
{
    json_t *texts = json_object();

    while (texts != NULL && *s != '\0') {
        size_t len = entry_length(s, text_begins);
        char lang[4] = {0};

        if (!text_begins(s)) {
            json_decref(texts);
            return NULL;
        }
        memcpy(lang, s, 3);
        if (json_object_set_new(texts, lang, json_stringn(s + 5, len - 5)) < 0) {
            json_decref(texts);
            return NULL;
        }
        s += len + (s[len] == '\n');
    }
    return texts;
}

/* " (hs 1006, 1005)" at *s: the codes; NULL if there is none. */
static json_t *hs_take(const char **s, const char *end)
{
    const char *close;
    json_t *hs;
    char *inside;

    if ((size_t)(end - *s) < 6 || strncmp(*s, " (hs ", 5) != 0)
        return NULL;
    close = memchr(*s, ')', (size_t)(end - *s));
    if (close == NULL)
        return NULL;
    inside = strndup(*s + 5, (size_t)(close - *s) - 5);
    hs = inside != NULL ? form_list(inside) : NULL;
    free(inside);
    *s = close + 1;
    return hs;
}

static json_t *need_parse(const char *s, size_t len)
{
    const char *end = s + len, *at = memchr(s, ' ', len);
    size_t kind = (size_t)(at - s), sector = strcspn(at + 1, " :\n");
    json_t *need = json_pack("{s:o,s:o}", "kind", json_stringn(s, kind), "sector",
                             json_stringn(at + 1, sector));
    json_t *hs;

    at += 1 + sector;
    hs = hs_take(&at, end);
    if (hs != NULL)
        json_object_set_new(need, "hs", hs);
    if (at < end && *at == ':') {
        const char *text = at + 1;
        size_t text_len = (size_t)(end - text);

        if (trim(&text, &text_len))
            json_object_set_new(need, "text", json_stringn(text, text_len));
        at = end;
    }
    if (at != end) { /* something that the form does not know */
        json_decref(need);
        return NULL;
    }
    return need;
}

json_t *form_needs(const char *s)
{
    json_t *needs = json_array();

    while (needs != NULL && *s != '\0') {
        size_t len = entry_length(s, need_begins);
        json_t *need = need_begins(s) ? need_parse(s, len) : NULL;

        if (need == NULL || json_array_append_new(needs, need) < 0) {
            json_decref(needs);
            return NULL;
        }
        s += len + (s[len] == '\n');
    }
    return needs;
}
