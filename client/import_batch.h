#ifndef SPEAN_CLIENT_IMPORT_BATCH_H
#define SPEAN_CLIENT_IMPORT_BATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Companies of one company.upsertMany, bounded so that the daemon takes it: rows, bytes of the
 * request line, and JSON elements (rpc_limits).
 */
#define BATCH_ROWS_MAX 500
#define BATCH_BYTES_MAX ((size_t)900 * 1000)
#define BATCH_ELEMENTS_MAX ((size_t)30000)

struct batch {
    json_t *companies; /* owned array; NULL when empty */
    long lines[BATCH_ROWS_MAX];
    size_t n;
    size_t bytes, elements;
};

/* Is the company alone more than a request may hold? */
bool batch_never(const json_t *company);
/* Does the company go in, or must the batch be sent first? An empty batch takes any. */
bool batch_fits(const struct batch *b, const json_t *company);
/* Takes the company over. 0 or -1 (no memory). */
int batch_add(struct batch *b, json_t *company, long line);
void batch_done(struct batch *b); /* empties it */

/* How many elements the daemon counts in a value. */
size_t json_elements(const json_t *value);

#endif
