#include <spean/tsv.h>

#include <string.h>

void tsv_init(struct tsv *t, char *text)
{
    *t = (struct tsv){.next = text};
}

/* The next line, cut off from the text and without its CR, or NULL at the end. */
static char *tsv_line(struct tsv *t)
{
    char *line = t->next;
    char *end;

    if (*line == '\0')
        return NULL;
    end = strchr(line, '\n');
    if (end) {
        *end = '\0';
        t->next = end + 1;
    } else {
        end = line + strlen(line);
        t->next = end;
    }
    if (end > line && end[-1] == '\r')
        end[-1] = '\0';
    t->line++;
    return line;
}

int tsv_next(struct tsv *t)
{
    static char empty[] = "";
    char *line, *tab;

    do {
        line = tsv_line(t);
        if (!line)
            return 0;
    } while (*line == '\0' || *line == '#');

    for (t->n = 0; line; line = tab ? tab + 1 : NULL) {
        if (t->n == TSV_FIELDS_MAX)
            return -1;
        tab = strchr(line, '\t');
        if (tab)
            *tab = '\0';
        t->field[t->n++] = line;
    }
    for (size_t i = t->n; i < TSV_FIELDS_MAX; i++)
        t->field[i] = empty;
    return 1;
}
