#ifndef SPEAN_CLIENT_SHELL_LINE_H
#define SPEAN_CLIENT_SHELL_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Lines for the shell: from a terminal with history and completion (libedit), else as they come. */
struct shell_line; /* opaque */

/*
 * terminal: in and out are one. The history is kept in $XDG_STATE_HOME/spean/history, else
 * ~/.local/state/spean/history; without either, or when it cannot be written, for this run only.
 * NULL on no memory.
 */
struct shell_line *shell_line_new(FILE *in, FILE *out, FILE *err, bool terminal);
void shell_line_free(struct shell_line *s);

/*
 * The next line (valid until the next call), or NULL: at the end, or when a signal came
 * (*ret_interrupted).
 */
const char *shell_line_read(struct shell_line *s, bool *ret_interrupted);

/*
 * The end of the line that completion would add to `line` (its first `len` bytes): "" when nothing
 * is sure; *ret_choices (or NULL) gets all that is possible, one heap text with a blank between.
 * Pure. Heap string, or NULL on no memory.
 */
char *shell_complete(const char *line, size_t len, char **ret_choices);

#endif
