#ifndef SPEAN_CLIENT_COMPLETE_H
#define SPEAN_CLIENT_COMPLETE_H

#include <jansson.h>
#include <stdio.h>

/* The word by which the completion script asks: spean __complete WORD... (the last unfinished). */
#define COMPLETE_WORD "__complete"

/*
 * What may stand in the place of the last of n words (unfinished, may be ""), which follow the
 * program's name: nouns, verbs, options, values of options. New array of strings, sorted as the
 * tables are; empty where anything (a company, a file) may stand. NULL on no memory.
 */
json_t *complete_words(size_t n, char *const *words);
/* The same, one a line. Exit code. */
int complete_print(FILE *f, int argc, char **argv);

#endif
