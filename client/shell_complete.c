#include "shell_line.h"

#include <stdlib.h>
#include <string.h>

#include <spean/buf.h>

#include "complete.h"

#define WORDS_MAX 64

/* Parts a line at blanks, in place: the last word is the unfinished one, maybe "". */
static size_t split(char *line, char *words[WORDS_MAX])
{
    size_t n = 0;

    for (;;) {
        line += strspn(line, " \t");
        if (n == WORDS_MAX)
            return 0;
        words[n++] = line;
        line += strcspn(line, " \t");
        if (*line == '\0')
            return n;
        *line++ = '\0';
    }
}

/* How many bytes all the candidates begin with. */
static size_t common(const json_t *found)
{
    const char *first = json_string_value(json_array_get(found, 0));
    size_t len = first ? strlen(first) : 0;

    for (size_t i = 1; i < json_array_size(found); i++) {
        const char *other = json_string_value(json_array_get(found, i));
        size_t same = 0;

        while (same < len && other[same] == first[same])
            same++;
        len = same;
    }
    return len;
}

static char *list(const json_t *found)
{
    struct buf b;
    char *text;

    buf_init(&b, 64 * 1024);
    buf_adds(&b, "");
    for (size_t i = 0; i < json_array_size(found); i++)
        buf_addf(&b, "%s%s", i ? "  " : "", json_string_value(json_array_get(found, i)));
    text = buf_take(&b, &(size_t){0});
    buf_done(&b);
    return text;
}

char *shell_complete(const char *line, size_t len, char **ret_choices)
{
    char *copy = strndup(line, len), *words[WORDS_MAX], *more = NULL;
    size_t n = copy ? split(copy, words) : 0, begun, sure;
    json_t *found = n > 0 ? complete_words(n, words) : NULL;
    const char *first = json_string_value(json_array_get(found, 0));

    if (found) {
        begun = strlen(words[n - 1]);
        sure = common(found);
        if (!first || sure < begun)
            more = strdup("");
        else if (json_array_size(found) > 1)
            more = strndup(first + begun, sure - begun);
        else if (asprintf(&more, "%s ", first + begun) < 0)
            more = NULL;
        if (ret_choices)
            *ret_choices = list(found);
    } else if (copy) {
        more = strdup("");
    }
    json_decref(found);
    free(copy);
    return more;
}
