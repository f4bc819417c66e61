#ifndef SPEAN_SERVICE_MATCH_WRITE_H
#define SPEAN_SERVICE_MATCH_WRITE_H

#include <spean/buf.h>
#include <spean/index.h>
#include <spean/json_writer.h>

/* Matches as JSON: what match.list, match.all and match.explain have in common. */

struct match_words {
    const struct model *model;
    enum model_lang lang;
    int32_t today;
    struct buf reasons; /* room for sentences, used again and again */
};

void match_words_init(struct match_words *w, const struct model *m, enum model_lang lang,
                      int32_t today);
void match_words_done(struct match_words *w);

/* The members of one match, seen from a. */
void match_write(struct json_writer *w, struct match_words *say, const void *a, const void *b,
                 const struct score *score);
/* "company": a, "matches": [...]: members of an object. */
void match_write_list(struct json_writer *w, struct match_words *say, const void *a,
                      const struct index_hit *hits, size_t count);

#endif
