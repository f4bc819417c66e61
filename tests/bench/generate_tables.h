#ifndef SPEAN_BENCH_GENERATE_TABLES_H
#define SPEAN_BENCH_GENERATE_TABLES_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a load does to the tables around the rows: indexes and foreign keys that are dearer to keep
 * up than to make are put aside before and made again after. What was put aside is written down in
 * the table spean.generate_aside, so a load that is cut off leaves nothing forgotten: the next one
 * begins with making it again.
 */

PGconn *tables_connect(const char *conninfo, char *err, size_t errlen);
/* Runs statements; 0, or -1 with a message. */
int tables_run(PGconn *conn, const char *sql, char *err, size_t errlen);
/* The one number a query gives. */
int tables_number(PGconn *conn, const char *sql, int64_t *ret, char *err, size_t errlen);
int tables_aside(PGconn *conn, char *err, size_t errlen);
/* One statement of those put aside, or 0 where none is left: indexes by any number of sessions at
 * once, then (keys) the foreign keys by one. 1, 0, or -1. */
int tables_again(PGconn *conn, bool keys, char *err, size_t errlen);
/* All of them, one after the other; nothing to do is fine. */
int tables_again_all(PGconn *conn, char *err, size_t errlen);

#endif
