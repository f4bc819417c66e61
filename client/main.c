/* spean: the staff's client. Wiring only; the commands are one a file. */

#include <errno.h>
#include <jansson.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <spean/json_reader.h>

#include "app.h"
#include "command.h"
#include "complete.h"

static volatile sig_atomic_t stopped;

static void on_interrupt(int number)
{
    (void)number;
    stopped = 1;
}

/* Waits end with EINTR, so that what holds a terminal or a file can tidy up. */
static void catch_interrupt(void)
{
    struct sigaction action = {.sa_handler = on_interrupt};

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

/* Ends as an interrupted program does, so that a script that called it ends too. */
static void die_interrupted(void)
{
    signal(SIGINT, SIG_DFL);
    raise(SIGINT);
}

/* Widths of text come from the C library, which knows Khmer in any UTF-8 locale. */
static void set_locale(void)
{
    if (!setlocale(LC_CTYPE, "") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        setlocale(LC_CTYPE, "C.UTF-8");
}

int main(int argc, char **argv)
{
    struct app app = {.out = stdout,
                      .err = stderr,
                      .out_tty = isatty(STDOUT_FILENO),
                      .err_tty = isatty(STDERR_FILENO),
                      .stop = &stopped};
    int r;

    set_locale();
    jr_init(malloc, free);
    json_object_seed(0);
    if (argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
        puts("spean " SPEAN_VERSION);
        return app_flush(&app, 0);
    }
    if (argc >= 2 && strcmp(argv[1], COMPLETE_WORD) == 0)
        return complete_print(stdout, argc - 2, argv + 2);
    catch_interrupt();
    r = command_run(&app, argc - 1, argv + 1);
    app_done(&app);
    if (stopped && r != EXIT_DONE) {
        fflush(NULL);
        die_interrupted();
    }
    return r;
}
