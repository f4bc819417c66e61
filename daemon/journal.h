#ifndef SPEAN_JOURNAL_H
#define SPEAN_JOURNAL_H

#include <stddef.h>

/*
 * Events for systemd's journal, with their keys as fields: MESSAGE has the whole line,
 * SPEAN_EVENT the event, and each key=value a field SPEAN_KEY. So `journalctl SPEAN_REQUEST=0-7-19`
 * finds a request.
 */

#define JOURNAL_FIELDS 24 /* at most; what is beyond is in MESSAGE only */
#define JOURNAL_TEXT 4096

struct journal_entry {
    char text[JOURNAL_TEXT]; /* all fields, one behind the other */
    size_t at[JOURNAL_FIELDS], len[JOURNAL_FIELDS];
    size_t count, used;
};

/* The fields of a line. */
void journal_entry_make(struct journal_entry *e, int priority, const char *event, const char *line,
                        size_t len);
/* A log_sink (log.h). */
int journal_send(int priority, const char *event, const char *line, size_t len);

#endif
