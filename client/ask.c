#include "ask.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app.h"

bool ask_possible(const struct app *app)
{
    return app->err_tty && isatty(STDIN_FILENO) && !(app->stop && *app->stop);
}

int ask(struct app *app, const char *question, char *ret)
{
    char line[256];

    fflush(app->out);
    fputs(question, app->err);
    fflush(app->err);
    if (!fgets(line, sizeof(line), stdin))
        return -1;
    *ret = (char)tolower((unsigned char)line[0]);
    /* The rest of a longer line is no answer to the next question. */
    while (!strchr(line, '\n') && fgets(line, sizeof(line), stdin))
        ;
    return 0;
}
