#ifndef SPEAN_JSON_READER_H
#define SPEAN_JSON_READER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Parsing with jansson, safely also when memory runs out. jansson 2.14 takes a token that it had no
 * memory for as it has been kept, so it says "invalid" of JSON that is valid, and may run past the
 * end of a block. Here it never sees an allocation fail: what it still asks for comes out of a
 * reserve, its input ends at once, and what it made is thrown away.
 */

/*
 * Lets jansson allocate by these two (malloc and free) from now on, for the whole process. Before
 * there are threads and JSON values. Without it jr_parse is jansson's own parsing.
 */
void jr_init(void *(*allocate)(size_t size), void (*release)(void *block));

/*
 * The value of a JSON text, a new reference; or NULL, with *why filled in as by jansson, or with
 * *ret_no_memory set. flags: jansson's.
 */
json_t *jr_parse(const char *text, size_t len, size_t flags, json_error_t *why,
                 bool *ret_no_memory);

#endif
