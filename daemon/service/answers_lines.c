#include "answers_in.h"

#include <stdlib.h>
#include <string.h>

static uint64_t line_hash(const struct answers *c, const struct call_line *line)
{
    uint64_t h = hash_bytes(c->seed, line->before, line->before_len);

    return hash_bytes(h, line->after, line->after_len);
}

static bool line_is(const struct line *l, uint64_t hash, const struct call_line *line)
{
    return l->hash == hash && l->before_len == line->before_len &&
           l->after_len == line->after_len &&
           memcmp(l->text, line->before, line->before_len) == 0 &&
           memcmp(l->text + l->before_len, line->after, line->after_len) == 0;
}

static struct line *line_find(const struct answers *c, uint64_t hash, const struct call_line *line)
{
    struct line *l = c->line[hash & c->line_mask];

    while (l != NULL && !line_is(l, hash, line))
        l = l->next;
    return l;
}

static size_t line_size(const struct line *l)
{
    return sizeof *l + l->before_len + l->after_len + OVERHEAD;
}

/* Takes it out of its bucket and frees it; its place in the answer is the caller's. */
static void line_drop(struct answers *c, struct line *l)
{
    struct line **at = &c->line[l->hash & c->line_mask];

    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    l->answer->size -= line_size(l);
    c->bytes -= line_size(l);
    c->lines--;
    free(l);
}

void answer_drop_lines(struct answers *c, struct answer *a)
{
    for (size_t i = 0; i < LINES_MAX; i++) {
        if (a->lines[i] != NULL)
            line_drop(c, a->lines[i]);
        a->lines[i] = NULL;
    }
}

void answers_flush_lines(struct answers *c)
{
    struct answer *a;

    TAILQ_FOREACH(a, &c->use, use)
    answer_drop_lines(c, a);
}

/* Twice as many buckets; if there is no memory for them the chains grow. */
static void lines_spread(struct answers *c)
{
    size_t mask = c->line_mask * 2 + 1;
    struct line **fresh = calloc(mask + 1, sizeof *fresh);

    if (fresh == NULL)
        return;
    for (size_t i = 0; i <= c->line_mask; i++)
        for (struct line *l = c->line[i], *next; l != NULL; l = next) {
            next = l->next;
            l->next = fresh[l->hash & mask];
            fresh[l->hash & mask] = l;
        }
    free(c->line);
    c->line = fresh;
    c->line_mask = mask;
}

/* The newest stands first, and the oldest has to give way. */
static void line_place(struct answers *c, struct answer *a, struct line *l)
{
    if (a->lines[LINES_MAX - 1] != NULL)
        line_drop(c, a->lines[LINES_MAX - 1]);
    memmove(a->lines + 1, a->lines, (LINES_MAX - 1) * sizeof a->lines[0]);
    a->lines[0] = l;
    l->answer = a;
    l->next = c->line[l->hash & c->line_mask];
    c->line[l->hash & c->line_mask] = l;
    a->size += line_size(l);
    c->bytes += line_size(l);
    c->lines++;
}

void answers_learn(struct answers *c, struct answer *a, const struct call_line *line,
                   const struct line_terms *terms)
{
    uint64_t hash = line_hash(c, line);
    struct line *l;

    if (line->before_len + line->after_len > LINE_LONGEST || line_find(c, hash, line) != NULL)
        return;
    l = malloc(sizeof *l + line->before_len + line->after_len);
    if (l == NULL)
        return;
    *l = (struct line){.hash = hash,
                       .terms = *terms,
                       .before_len = (uint32_t)line->before_len,
                       .after_len = (uint32_t)line->after_len};
    memcpy(l->text, line->before, line->before_len);
    memcpy(l->text + line->before_len, line->after, line->after_len);
    line_place(c, a, l);
    if (c->lines > c->line_mask)
        lines_spread(c);
    answers_shrink(c, a);
}

struct answer *answers_find_line(struct answers *c, const struct call_line *line,
                                 const struct index *ix, int32_t today,
                                 struct line_terms *ret_terms)
{
    struct line *l = line_find(c, line_hash(c, line), line);

    if (l == NULL)
        return NULL;
    if (!answer_holds(l->answer, ix, today)) {
        answer_drop(c, l->answer);
        return NULL;
    }
    answer_used(c, l->answer);
    *ret_terms = l->terms;
    return l->answer;
}
