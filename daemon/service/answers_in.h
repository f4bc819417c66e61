#ifndef SPEAN_SERVICE_ANSWERS_IN_H
#define SPEAN_SERVICE_ANSWERS_IN_H

#include "answers.h"

/* The inside of answers.h: answers.c keeps and drops, answers_lines.c knows lines, answers_hold.c
 * decides whether an answer is still right. */

#define LINES_MAX 4      /* of one answer */
#define LINE_LONGEST 512 /* longer ones are not remembered */
#define BUCKETS_FIRST 256
#define OVERHEAD 64 /* bytes of the allocator and the tables, for each thing kept */

struct line {
    struct line *next; /* of its bucket */
    uint64_t hash;
    struct answer *answer; /* it stands in its list */
    struct line_terms terms;
    uint32_t before_len, after_len;
    char text[]; /* both parts */
};

struct answer {
    struct answer *next; /* of its bucket */
    TAILQ_ENTRY(answer) use;
    uint64_t hash;
    struct question question;
    uint64_t mark; /* changes below it were looked at */
    int32_t day;
    int32_t last; /* score of the last one listed */
    struct line *lines[LINES_MAX];
    size_t size; /* what it counts for, its lines included */
    size_t count, len;
    const char *json;
    uint8_t listed[][IDENT_BYTES]; /* count ids, then the JSON */
};
TAILQ_HEAD(answer_list, answer);

struct answers {
    size_t budget, bytes, count, lines;
    uint64_t seed;
    struct answer_list use; /* the last used first */
    struct answer **answer;
    struct line **line;
    size_t mask, line_mask; /* buckets minus one */
};

/* Whether it is right in ix today; stamps it when it is. */
bool answer_holds(struct answer *a, const struct index *ix, int32_t today);

uint64_t hash_bytes(uint64_t h, const void *bytes, size_t len);

/* Unlinks it and all of its lines. */
void answer_drop(struct answers *c, struct answer *a);
void answer_drop_lines(struct answers *c, struct answer *a);
void answer_used(struct answers *c, struct answer *a);
/* Drops the least recently used but `keep` until the budget is kept. */
void answers_shrink(struct answers *c, const struct answer *keep);

#endif
