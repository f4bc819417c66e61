#include "engine.h"

/* What the index answers, to be held beside what others answer: the best partners of the first
 * companies asked for, and the scores of pairs drawn at random, good and bad. */

int engine_answers(struct engine *e, size_t queries)
{
    struct index_hit hits[ENGINE_LIMIT];
    char id[IDENT_TEXT];

    for (size_t i = 0; i < queries && i < e->query_count; i++) {
        size_t n =
            index_search(e->index, e->room, e->query[i], e->today, NULL, 0, ENGINE_LIMIT, hits);
        ident_format(packed_id(e->query[i]), id);
        printf("{\"part\":\"answer\",\"company\":\"%s\",\"hits\":[", id);
        for (size_t k = 0; k < n; k++) {
            ident_format(packed_id(hits[k].packed), id);
            printf("%s[\"%s\",%d]", k ? "," : "", id, (int)hits[k].score.total);
        }
        printf("]}\n");
    }
    fflush(stdout);
    return 0;
}

int engine_pairs(struct engine *e, size_t pairs)
{
    struct chance chance = chance_for(e->seed, 2);
    char a[IDENT_TEXT], b[IDENT_TEXT];

    for (size_t n = 0, tries = 0; n < pairs && tries < pairs * 100; tries++) {
        const void *x = e->rows->row[chance_below(&chance, (unsigned)e->rows->count)];
        const void *y = e->rows->row[chance_below(&chance, (unsigned)e->rows->count)];
        struct score score;
        if (packed_country(x) == packed_country(y))
            continue;
        score_pair(e->model, x, y, e->today, &score);
        ident_format(packed_id(x), a);
        ident_format(packed_id(y), b);
        printf("{\"part\":\"pair\",\"a\":\"%s\",\"b\":\"%s\",\"total\":%d}\n", a, b,
               (int)score.total);
        n++;
    }
    fflush(stdout);
    return 0;
}
