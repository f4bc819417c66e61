/*
 * How well the score orders partners, by the judgement of people: nDCG, good partners in first
 * place and among the first five; then the same with one part of the score left out at a time.
 * measure_quality [-m MODEL_DIR] [-b] [-q] [-p] [-t] [-x A,B] DATA_DIR
 *     -q  one line of figures    -p  every query's ranking    -x  why a pair scores what it scores
 *     -b  what simpler rankings reach in the judged world stands above the figures
 *     -t  fails below the figures that Spean promises; 77 where there is no DATA_DIR
 */
#include "world.h"

#include <spean/score.h>

#include "model_in.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TODAY 20781 /* 2026-11-24, so that figures can be compared */
#define GOOD 1.5

struct ranked {
    const struct company *company;
    struct score score;
    double grade;
};

struct figures {
    double ndcg10, ndcg5;
    int queries, top1, recall5, good;
};

static int by_score(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->score.total != y->score.total)
        return x->score.total > y->score.total ? -1 : 1;
    return strcmp(x->company->name, y->company->name);
}

static int by_grade(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return x->grade > y->grade ? -1 : x->grade < y->grade;
}

static double dcg(const struct ranked *r, size_t count, size_t depth)
{
    double sum = 0;
    for (size_t i = 0; i < count && i < depth; i++)
        sum += (exp2(r[i].grade) - 1) / log2((double)i + 2);
    return sum;
}

static void ranking_print(const char *query, const struct ranked *r, size_t count)
{
    printf("%s:", query);
    for (size_t i = 0; i < count && i < 15; i++)
        printf(" %s=%.2f(%d)", r[i].company->name, r[i].grade, r[i].score.total);
    for (size_t i = 15; i < count; i++)
        if (r[i].grade >= 0.5)
            printf(" ..%zu:%s=%.2f(%d)", i + 1, r[i].company->name, r[i].grade, r[i].score.total);
    printf("\n");
}

static void query_measure(const struct model *m, const struct world *w, const struct company *q,
                          bool print, struct figures *f)
{
    static struct ranked r[COMPANIES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++) {
        const struct company *c = &w->companies[i];
        if (packed_country(c->packed.data) == packed_country(q->packed.data))
            continue;
        r[n].company = c;
        r[n].grade = world_grade(w, q->name, c->name);
        score_pair(m, q->packed.data, c->packed.data, TODAY, &r[n++].score);
    }
    qsort(r, n, sizeof *r, by_score);
    double at10 = dcg(r, n, 10), at5 = dcg(r, n, 5);
    if (print)
        ranking_print(q->name, r, n);
    f->queries++;
    f->top1 += n > 0 && r[0].grade >= GOOD;
    for (size_t i = 0; i < n; i++) {
        f->good += r[i].grade >= GOOD;
        f->recall5 += i < 5 && r[i].grade >= GOOD;
    }
    qsort(r, n, sizeof *r, by_grade);
    double best10 = dcg(r, n, 10), best5 = dcg(r, n, 5);
    at10 = best10 > 0 ? at10 / best10 : 1;
    at5 = best5 > 0 ? at5 / best5 : 1;
    f->ndcg10 += at10;
    f->ndcg5 += at5;
    if (print)
        printf("    %s nDCG@10 %.3f nDCG@5 %.3f\n", q->name, at10, at5);
}

static int measure(const struct model *m, const char *dir, bool print, struct figures *ret)
{
    static struct world w;
    *ret = (struct figures){0};
    int rc = world_read(m, dir, &w);
    for (size_t i = 0; rc == 0 && i < w.count; i++)
        if (json_object_get(w.grades, w.companies[i].name) != NULL)
            query_measure(m, &w, &w.companies[i], print, ret);
    world_done(&w);
    if (rc == 0 && ret->queries > 0) {
        ret->ndcg10 /= ret->queries;
        ret->ndcg5 /= ret->queries;
    }
    return rc;
}

static void figures_print(const char *title, const struct figures *f)
{
    printf("%-42s %7.3f %7.3f %5d/%d %6d/%d\n", title, f->ndcg10, f->ndcg5, f->top1, f->queries,
           f->recall5, f->good);
}

/* ---- leaving one part out ---- */

static void no_need(struct model *m)
{
    memset(m->meets, 0, sizeof m->meets);
    m->w.own_goods = m->w.own_services = m->w.own_technology = m->w.own_training = 0;
    m->w.own_joint = m->w.serve_offer = m->w.serve_described = m->w.serve_capital = 0;
    m->w.gate_floor = SCORE_MAX;
}

static void no_sector(struct model *m)
{
    m->w.total_need += m->w.total_sector;
    m->w.total_sector = 0;
}

static void no_language(struct model *m)
{
    m->w.total_need += m->w.total_language;
    m->w.total_language = 0;
}

static void no_practical(struct model *m)
{
    m->w.total_need += m->w.total_practical;
    m->w.total_practical = 0;
}

static void no_gate(struct model *m)
{
    m->w.gate_floor = SCORE_MAX;
    m->w.gate_full = 1;
}

static void no_lexicon(struct model *m)
{
    m->lexicon.pattern_count = 0;
}

static void no_closeness(struct model *m)
{
    memset(m->close, 0, sizeof m->close);
    for (size_t i = 0; i < m->sector_count; i++)
        for (size_t k = 0; k < m->sector_count; k++) {
            int a = m->sector_order[i], b = m->sector_order[k];
            const struct sector *x = &m->sectors[a], *y = &m->sectors[b];
            if (x->group == y->group)
                m->close[a][b] = (uint16_t)(a == b                           ? 1000
                                            : x->group == a || y->group == b ? m->w.close_group
                                                                             : m->w.close_sibling);
        }
}

static void no_hs(struct model *m)
{
    m->w.fit_hs6 = m->w.fit_hs4 = m->w.fit_hs2 = m->w.fit_hs_none = m->w.fit_hs_silent = 1000;
}

static void no_cross(struct model *m)
{
    for (int i = 0; i < ROLES; i++)
        for (int k = 0; k < ROLES; k++)
            if (i % KIND_COUNT != k % KIND_COUNT)
                m->meets[i][k] = 0;
}

static void no_implied(struct model *m)
{
    m->w.own_goods = m->w.own_services = m->w.own_technology = m->w.own_training = 0;
    m->w.own_joint = m->w.serve_offer = m->w.serve_described = m->w.serve_capital = 0;
}

static void no_vague(struct model *m)
{
    m->w.fit_broad = m->w.fit_vague = m->w.fit_vague_company = 1000;
}

static const struct variant {
    const char *title;
    void (*change)(struct model *m);
} variants[] = {
    {"without need", no_need},
    {"without sector", no_sector},
    {"without language", no_language},
    {"without practical", no_practical},
    {"without the gate of needs", no_gate},
    {"without the lexicon (codes alone)", no_lexicon},
    {"without closeness.tsv", no_closeness},
    {"without HS codes", no_hs},
    {"without meetings of unlike kinds", no_cross},
    {"without unspoken needs", no_implied},
    {"without the mark-down of vagueness", no_vague},
};

/* What docs/SCORING.md's readers may count on, whatever is changed. */
static bool figures_suffice(const struct figures *f)
{
    return f->ndcg10 >= 0.90 && f->ndcg5 >= 0.88 && f->top1 * 20 >= f->queries * 19 &&
           f->recall5 * 55 >= f->good * 47;
}

static int variant_run(const char *model_dir, const char *data, const char *title,
                       void (*change)(struct model *m), bool print, struct figures *ret)
{
    char err[512];
    struct model *m;
    if (model_load(model_dir, &m, err, sizeof err) < 0) {
        fprintf(stderr, "quality: %s\n", err);
        return -1;
    }
    if (change != NULL)
        change(m);
    int rc = measure(m, data, print, ret);
    if (rc == 0)
        figures_print(title, ret);
    model_free(m);
    return rc;
}

static const struct company *company_find(const struct world *w, const char *name, size_t len)
{
    for (size_t i = 0; i < w->count; i++)
        if (strlen(w->companies[i].name) == len && memcmp(w->companies[i].name, name, len) == 0)
            return &w->companies[i];
    return NULL;
}

static void explain_print(const struct model *m, const struct company *a, const struct company *b)
{
    struct score s;
    score_pair(m, a->packed.data, b->packed.data, TODAY, &s);
    printf("%s %s: %d, a_to_b %d, b_to_a %d\n", a->name, b->name, s.total, s.a_to_b, s.b_to_a);
    for (int f = 0; f < FACTOR_COUNT; f++) {
        printf("%-10s value %5d weight %5d\n", factor_name((enum factor)f), s.factors[f].value,
               s.factors[f].weight);
        for (int lang = 0; lang < LANG_COUNT; lang++) {
            struct buf text;
            buf_init(&text, 65536);
            if (explain_factor(m, a->packed.data, b->packed.data, TODAY, (enum factor)f,
                               (enum model_lang)lang, &text) == 0)
                printf("    %.*s\n", (int)text.len, text.data);
            buf_done(&text);
        }
    }
}

/* pair: "A,B", two external ids. */
static int pair_explain(const char *model_dir, const char *dir, const char *pair)
{
    static struct world w;
    char err[512];
    struct model *m;
    size_t len = strcspn(pair, ",");
    if (model_load(model_dir, &m, err, sizeof err) < 0) {
        fprintf(stderr, "quality: %s\n", err);
        return -1;
    }
    int rc = world_read(m, dir, &w);
    const struct company *a = rc < 0 ? NULL : company_find(&w, pair, len);
    const struct company *b = a == NULL || pair[len] == '\0'
                                  ? NULL
                                  : company_find(&w, pair + len + 1, strlen(pair + len + 1));
    if (b != NULL)
        explain_print(m, a, b);
    else if (rc == 0)
        fprintf(stderr, "quality: no such pair: %s\n", pair);
    world_done(&w);
    model_free(m);
    return b == NULL ? -1 : 0;
}

static void baselines_print(void)
{
    printf("%-42s %7s %7s %8s %9s\n", "shared sectors, then shared languages", "0.619", "", "16/20",
           "27/55");
    printf("%-42s %7s %7s %8s %9s\n", "BM25 over all text", "0.790", "", "16/20", "44/55");
    printf("%-42s %7s %7s %8s %9s\n", "a sketch of 40 lines", "0.900", "", "19/20", "45/55");
}

int main(int argc, char **argv)
{
    const char *model_dir = SPEAN_SOURCE_DIR "/conf/model", *pair = NULL;
    bool quick = false, print = false, test = false, baselines = false;
    for (int c; (c = getopt(argc, argv, "m:bqptx:")) != -1;) {
        if (c == 'm')
            model_dir = optarg;
        if (c == 'x')
            pair = optarg;
        baselines |= c == 'b';
        quick |= c == 'q';
        print |= c == 'p';
        test |= c == 't';
        if (c == '?')
            return 2;
    }
    if (optind + 1 != argc) {
        fprintf(stderr,
                "usage: measure_quality [-m MODEL_DIR] [-b] [-q] [-p] [-t] [-x A,B] DATA_DIR\n");
        return 2;
    }
    const char *data = argv[optind];
    struct figures f, other;
    if (test && access(data, R_OK) != 0) {
        printf("skipped: there is no %s\n", data);
        return 77;
    }
    if (pair != NULL)
        return pair_explain(model_dir, data, pair) < 0;
    if (!quick)
        printf("%-42s %7s %7s %8s %9s\n", "", "nDCG@10", "nDCG@5", "top-1", "recall@5");
    if (baselines)
        baselines_print();
    if (variant_run(model_dir, data, "Spean", NULL, print, &f) < 0)
        return 1;
    for (size_t i = 0; !quick && i < sizeof variants / sizeof *variants; i++)
        if (variant_run(model_dir, data, variants[i].title, variants[i].change, false, &other) < 0)
            return 1;
    return test && !figures_suffice(&f);
}
