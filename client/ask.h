#ifndef SPEAN_CLIENT_ASK_H
#define SPEAN_CLIENT_ASK_H

#include <stdbool.h>

struct app;

/* Is somebody there to be asked: a terminal on both sides, and no Ctrl-C? */
bool ask_possible(const struct app *app);
/* Shows the question and reads a line: its first character in lower case, '\n' if it is empty. 0,
 * or -1 without an answer. */
int ask(struct app *app, const char *question, char *ret);

#endif
