#ifndef SPEAN_CLIENT_MAPPING_SECTORS_H
#define SPEAN_CLIENT_MAPPING_SECTORS_H

#include <jansson.h>
#include <stddef.h>

struct mapping;

/*
 * The sectors of a row, by the directives of [sectors] and [set] sectors, the main one first: at
 * most three. What could not be told is added to notes as a sentence. 0, or -1 on no memory.
 *
 * An industry code (NAICS) is looked up by its longest prefix in the table. Where the table says
 * that the code is too general (third field: groups of sectors, or "*"), words of the row decide
 * among these groups, and the table's sector stands where they do not.
 */
#define SECTORS_MAX 3
int sectors_map(const struct mapping *m, const json_t *row, json_t *ret_sectors, json_t *notes);

#endif
