#ifndef SPEAN_LOG_H
#define SPEAN_LOG_H

#include <stdbool.h>
#include <stddef.h>

/*
 * One line an event on a descriptor, key=value. Thread safe: a line is one write(2). Under journald
 * (JOURNAL_STREAM set) lines carry the <N> priority prefix instead of a time stamp.
 */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log; /* opaque */

/* fd is borrowed. NULL on no memory. */
struct log *log_new(int fd, enum log_level level);
void log_free(struct log *log);
void log_set_level(struct log *log, enum log_level level);
/*
 * Takes a line (event key=value ..., no end) in place of the descriptor; priority is syslog's. -1:
 * it could not, and the line is written as ever. Any thread.
 */
typedef int log_sink(int priority, const char *event, const char *line, size_t len);
/* Before other threads log. Only where the descriptor leads to the journal: true if it does. */
bool log_set_journal(struct log *log, log_sink *sink);
int log_level_parse(const char *word, enum log_level *ret); /* error|warn|info|debug; -1 if none */

/* Whether events of this level are written: for who has to work to say something. */
bool log_wants(const struct log *log, enum log_level level);

/*
 * event is a stable snake_case word; fmt prints the rest as key=value pairs. Anything that came
 * from outside goes through log_quote first. A NULL log swallows the event. Lines are cut at 2 KiB.
 */
void log_event(struct log *log, enum log_level level, const char *event, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Writes text as a "quoted" value, control and non-ASCII-safe bytes escaped, cut to size; returns
 * out. */
const char *log_quote(char *out, size_t size, const char *text, size_t len);

#endif
