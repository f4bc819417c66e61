#include <errno.h>
#include <histedit.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "shell_line.h"

/* Words of a line, quoted as in sh. */
struct words {
    Tokenizer *tokenizer;
    int argc;
    char *argv[256];
};

/* 0 with argc words (they live until the next call), or -1 with the message said. */
static int words_split(struct app *app, struct words *w, const char *line)
{
    const char **argv;
    int argc;

    tok_reset(w->tokenizer);
    if (tok_str(w->tokenizer, line, &argc, &argv) != 0) {
        app_say(app, "a quote is not closed");
        return -1;
    }
    if (argc >= (int)(sizeof(w->argv) / sizeof(w->argv[0]))) {
        app_say(app, "too many words");
        return -1;
    }
    for (int i = 0; i < argc; i++)
        w->argv[i] = (char *)(uintptr_t)argv[i]; /* the tokenizer's own, which it lets us change */
    w->argc = argc;
    return 0;
}

static bool is_end(const struct words *w)
{
    return w->argc == 1 && (strcmp(w->argv[0], "exit") == 0 || strcmp(w->argv[0], "quit") == 0);
}

/* One line. Its exit code. */
static int shell_run(struct app *app, struct words *w)
{
    if (w->argc == 0 || w->argv[0][0] == '#')
        return EXIT_DONE;
    if (strcmp(w->argv[0], "shell") == 0)
        return app_usage(app, "this is the shell");
    return command_run(app, w->argc, w->argv);
}

/* Ctrl-C ends a command or a line, not the shell. True when it was pressed. */
static bool interrupted(struct app *app)
{
    if (!app->stop || !*app->stop)
        return false;
    *app->stop = 0;
    clearerr(stdin);
    return true;
}

static int shell_loop(struct app *app, struct shell_line *lines, struct words *w, bool terminal)
{
    int code = EXIT_DONE;

    for (;;) {
        bool signalled;
        const char *line = shell_line_read(lines, &signalled);

        if (!line && terminal && (interrupted(app) || signalled)) {
            fputc('\n', app->out);
            fflush(app->out);
            continue;
        }
        if (!line) {
            if (terminal)
                fputc('\n', app->out);
            return code;
        }
        if (words_split(app, w, line) < 0) {
            code = EXIT_USAGE;
            continue;
        }
        if (is_end(w))
            return code;
        code = shell_run(app, w);
        if (interrupted(app) && !terminal)
            return EXIT_FAILED;
    }
}

static int run(struct app *app, const struct args *args)
{
    bool terminal = isatty(STDIN_FILENO) && app->out_tty;
    struct words w = {.tokenizer = tok_init(NULL)};
    struct shell_line *lines = NULL;
    int r = EXIT_FAILED;

    (void)args;
    if (app->in_shell)
        return app_usage(app, "this is the shell");
    lines = shell_line_new(stdin, app->out, app->err, terminal);
    if (w.tokenizer && lines) {
        if (terminal)
            app_say(app, "commands without the word spean; --help, Tab; exit or Ctrl-D to leave");
        app->in_shell = true;
        r = shell_loop(app, lines, &w, terminal);
        app->in_shell = false;
    } else {
        app_say(app, "the shell could not start: no memory or no such terminal");
    }
    shell_line_free(lines);
    if (w.tokenizer)
        tok_end(w.tokenizer);
    return r;
}

const struct command command_shell = {
    .noun = "shell",
    .words = "",
    .summary = "Take commands one a line, with history and completion.",
    .help = "On a terminal the history is kept in $XDG_STATE_HOME/spean/history, else\n"
            "~/.local/state/spean/history. Elsewhere the lines of standard input are run in turn,\n"
            "and the exit code is the last one's. Options said when the shell starts hold in it.\n",
    .run = run,
};
