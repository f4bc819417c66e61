#ifndef SPEAN_TSV_H
#define SPEAN_TSV_H

#include <stddef.h>

/*
 * Reader of the project's own tables: one record a line, fields parted by tabs, lines that are
 * empty or start with '#' passed over, no quoting. Fields point into the text, which is cut up in
 * place.
 */
#define TSV_FIELDS_MAX 16

struct tsv {
    char *next;
    int line; /* number of the record given last, from 1 */
    size_t n; /* its fields */
    char *field[TSV_FIELDS_MAX];
};

/* text: writable, NUL-terminated, borrowed for as long as the fields are used. */
void tsv_init(struct tsv *t, char *text);
/* 1: a record stands in field[0..n-1] (unused fields are ""); 0: the end; -1: too many fields. */
int tsv_next(struct tsv *t);

#endif
