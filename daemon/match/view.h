#ifndef SPEAN_MATCH_VIEW_H
#define SPEAN_MATCH_VIEW_H

#include "model_in.h"
#include "packed_in.h"

/*
 * A packed profile unfolded for scoring. Nothing is copied but small numbers; texts stay in the
 * packed bytes, which must outlive the view.
 */
#define CORE_MAX 8       /* sectors that a need is about */
#define TEXT_SECTORS 8   /* sectors that its text names */
#define TOPIC_SECTORS 24 /* sectors that the descriptions name */

struct need_view {
    uint8_t role; /* enum side * KIND_COUNT + enum kind */
    uint8_t kind;
    uint8_t sector;
    uint8_t hs_count, topic_count, core_count, named_count;
    uint8_t core[CORE_MAX]; /* a leaf: itself; a group: what the text narrows it to, and itself */
    uint8_t named[TEXT_SECTORS]; /* by the text, core left out */
    uint16_t core_close;         /* how sure core is: 1000, or close.refined */
    uint16_t specific;           /* 0..1000: less if it says nothing that can be met */
    uint32_t hs[HS_MAX];
    uint16_t topics[NEED_TOPICS_MAX];
    struct text_ref text;
};

struct view {
    const uint8_t *p;
    size_t sector_count, lang_count, offer_count, need_count;
    const uint8_t *sectors, *langs;
    size_t described_count;
    uint8_t described[TOPIC_SECTORS];      /* sectors named by descriptions, its own left out */
    struct need_view needs[2 * NEEDS_MAX]; /* offers, then seeks */
};

void view_open(const struct model *m, const void *packed, struct view *ret);

#endif
