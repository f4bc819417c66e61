#ifndef SPEAN_SERVICE_ANSWERS_H
#define SPEAN_SERVICE_ANSWERS_H

#include <spean/index.h>
#include <sys/queue.h>

/*
 * Answers of match.list that one worker keeps, as finished JSON. An answer that is found is exact:
 * it is what the index would say now, because each change since it was made was looked at. What is
 * the same whoever asks stands in it; the answer's seq does not.
 *
 * They are found by what was asked, or by the line that asked it: a client that sends the same line
 * again, but for its id, is answered without parsing it. The least recently used ones go when the
 * budget is used up.
 */
struct answers; /* opaque */
struct answer;  /* opaque; gone after any call that may drop some */

/* Everything that decides, beside the index and the day. Zeroed before it is filled in: compared as
 * bytes. */
struct question {
    uint8_t company[IDENT_BYTES];
    struct index_filter filter;
    int32_t min_total, limit, lang;
};

/* What was found and how it reads. hits and json are borrowed. */
struct finding {
    const struct index_hit *hits; /* as index_search gave them for the question */
    size_t count;
    const char *json;
    size_t len;
};

/* budget: bytes kept at most; 0: nothing ever is. NULL on no memory. */
struct answers *answers_new(size_t budget);
void answers_free(struct answers *c);
/* Another history of the database: nothing holds any more. */
void answers_flush(struct answers *c);
/* Other limits for lines: they have to be looked at again. */
void answers_flush_lines(struct answers *c);

/* The answer that holds in ix on this day, or NULL. */
struct answer *answers_find(struct answers *c, const struct question *q, const struct index *ix,
                            int32_t today);
/* Keeps one, instead of what was kept for the question. NULL if it can't. */
struct answer *answers_keep(struct answers *c, const struct question *q, const struct finding *f,
                            const struct index *ix, int32_t today);
/* {"company":...,"matches":[...] : without the members that follow and the closing brace. */
const char *answer_json(const struct answer *a, size_t *ret_len);

/* A line in two parts: what stands before its id, and what after. Borrowed. */
struct call_line {
    const char *before, *after;
    size_t before_len, after_len;
};

/* What a line that was answered before asked for, beside its question. */
struct line_terms {
    unsigned roles;   /* that may ask it */
    uint64_t min_seq; /* the index must have come so far */
};

/* Remembers that this line asked for the answer. */
void answers_learn(struct answers *c, struct answer *a, const struct call_line *line,
                   const struct line_terms *terms);
/* The answer that holds for a line, or NULL; *ret_terms are then to be kept. */
struct answer *answers_find_line(struct answers *c, const struct call_line *line,
                                 const struct index *ix, int32_t today,
                                 struct line_terms *ret_terms);

/* For tests and the curious. */
size_t answers_bytes(const struct answers *c);
size_t answers_count(const struct answers *c);

#endif
