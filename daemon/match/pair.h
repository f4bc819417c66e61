#ifndef SPEAN_MATCH_PAIR_H
#define SPEAN_MATCH_PAIR_H

#include <spean/score.h>

#include "view.h"

/* Everything that the score finds out about a pair; explain tells it in words. */

enum meet_how {
    MEET_NONE,
    MEET_NEEDS,    /* a need of x and a need of y meet */
    MEET_OWN,      /* x seeks what is y's own field */
    MEET_SERVES,   /* an offer of x names y's field as its customers' */
    MEET_DESCRIBED /* x's description names y's field */
};

struct meet {
    int32_t strength; /* 0..1000 */
    uint8_t how;
    bool x_is_b;    /* x: whose need stands first, y: the other */
    uint8_t need_x; /* index in x's needs */
    uint8_t need_y; /* MEET_NEEDS only */
    uint8_t sector; /* the other kinds: y's sector that it is about */
};

struct need_result {
    int32_t a, b, both; /* 0..10000: a's needs met by b, b's by a, the pair's */
    uint32_t kinds;     /* kinds of the needs that meet */
    struct meet best;
    int others; /* needs met besides the best */
};

void need_score(const struct model *m, const struct view *a, const struct view *b,
                struct need_result *ret);

/* How well need x of a and need y of b meet, 0..1000. */
int32_t need_strength(const struct model *m, const struct view *a, const struct need_view *x,
                      const struct view *b, const struct need_view *y);

/*
 * Parts of it, for the bounds of a search. All in thousandths:
 * how far what x says and what y says is the same thing,
 */
int32_t need_content(const struct model *m, const struct need_view *x, const struct need_view *y);
/* by how close the sectors are: */
struct closeness {
    int32_t core;      /* that they are about */
    int32_t one, both; /* that the text of one names, and that both texts name */
};
int32_t need_fit(const struct model *m, const struct need_view *x, const struct need_view *y,
                 const struct closeness *close);
/* (the most that this can be for x and any need so close to it, in two steps: how close at most,
 * and how far that is the same thing); */
int32_t need_close_most(const struct model *m, const struct closeness *close);
int32_t need_fit_most(const struct model *m, const struct need_view *x, int32_t close_most);
/* the weight of the i-th sector that a need is about; */
int32_t need_core_weight(const struct model *m, const struct need_view *n, size_t i);
/* what a seek counts in a field that is the other's own, */
int32_t need_own_weight(const struct model *m, const struct need_view *n);
/* and an offer by what it says of companies in sector s. */
int32_t need_serve_weight(const struct model *m, const struct need_view *n, uint8_t s);
/* Several needs met, the best first: each fills a share of what is still missing. of: 0..1000 each;
 * returns 0..10000; counts those above 0 into *ret_met. */
int32_t need_combine(const struct model *m, const int32_t *of, size_t count, int *ret_met);

/* The meeting of needs to tell of, among those as strong as the best. */
struct telling_pick {
    struct meet meet;
    bool plain_x,
        plain_y; /* that need is one of several, and none is nearer: its sector says more */
};

/* 0, or -1 for want of memory. */
int meet_pick(const struct model *m, const struct view *a, const struct view *b,
              const struct meet *best, struct telling_pick *ret);

struct sector_result {
    int32_t value;      /* 0..10000 */
    uint8_t of_a, of_b; /* the sectors that are closest; 0 if a company has none */
    bool sought;        /* one of them is what a company looks for */
    bool x_is_b;        /* who looks */
};

void sector_score(const struct model *m, const struct view *a, const struct view *b,
                  struct sector_result *ret);

struct language_result {
    int32_t value; /* 0..10000 */
    char code[4];  /* "" if none */
    uint8_t level; /* of the weaker side */
    bool french;   /* French binds a province or country of French and a partner that speaks it */
    bool unknown_a, unknown_b;
};

void language_score(const struct model *m, const struct view *a, const struct view *b,
                    struct language_result *ret);

/* 0..10000, of the level on the weaker side. */
int32_t language_level_value(const struct model *m, uint8_t level);

struct practical_result {
    int32_t value; /* 0..10000 */
    int32_t size, exports, checked, certified;
    bool size_known, size_free;
    uint64_t certs_have_a, certs_have_b; /* asked for by the other and held */
    uint64_t certs_miss_a, certs_miss_b; /* asked for by the other, none of them held */
    bool checked_a, checked_b;
};

/* Kinds that do not ask for equals: a small firm licenses to, trains or advises a large one. */
#define KINDS_ANY_SIZE                                                                             \
    (1u << KIND_TECHNOLOGY | 1u << KIND_TRAINING | 1u << KIND_CAPITAL | 1u << KIND_RESEARCH |      \
     1u << KIND_SERVICES)

/* 0..10000, of two numbers of employees; the further apart the less. */
int32_t size_value(const struct model *m, uint32_t a, uint32_t b);

/* 0..10000: a check on this day (DAY_NONE: never) counts in full while fresh, then less until it is
 * old. */
int32_t checked_day_value(const struct model *m, int32_t day, int32_t today);

/* kinds: of the needs that meet. */
void practical_score(const struct model *m, const struct view *a, const struct view *b,
                     int32_t today, uint32_t kinds, struct practical_result *ret);

struct pair {
    struct score score;
    struct need_result need;
    struct sector_result sector;
    struct language_result language;
    struct practical_result practical;
};

void pair_score(const struct model *m, const struct view *a, const struct view *b, int32_t today,
                struct pair *ret);

#endif
