#ifndef SPEAN_MATCH_LEXICON_IN_H
#define SPEAN_MATCH_LEXICON_IN_H

#include <stddef.h>
#include <stdint.h>

/* Key under which patterns that begin like s are sorted; 0: too short to be a pattern. */
uint32_t lexicon_key(const char *s, size_t left);

#endif
