#ifndef SPEAN_SERVICE_MATCH_H
#define SPEAN_SERVICE_MATCH_H

#include "answers.h"
#include "request.h"

/* What the files about matches share. */

/* Makes the text that ends each answer, of the index as it is now. */
void match_retail(struct service *s);
/* Remembers the line of the present call as one that asks for this answer, if it is one that may
 * come again. */
void match_learn(struct request *r, struct answer *a);
/* Answers a line that was answered before and still has the same answer; false: it did nothing. */
bool match_again(struct service *s, struct session *session, const char *line, size_t len);

/* Nothing can be said before the first index has come: true if it answered so. */
bool match_index_missing(struct request *r);
enum model_lang match_lang(const struct request *r);
/* What the call asks for, but for whom. 0, or -1 when it was answered. */
int match_question(struct request *r, struct question *ret);

#endif
