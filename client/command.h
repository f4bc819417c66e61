#ifndef SPEAN_CLIENT_COMMAND_H
#define SPEAN_CLIENT_COMMAND_H

#include <stdio.h>

#include "args.h"

struct app;

/* How a command ends: the exit code of spean. */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NO_CONNECTION = 3,
    EXIT_NOT_ALLOWED = 4,
    EXIT_NOT_FOUND = 5
};

/*
 * One command. The number of words is checked and --help answered before run is called. run prints
 * data on app->out, messages through app_say and its kin, and returns an exit code.
 */
struct command {
    const char *noun;
    const char *verb;    /* NULL: the noun alone is the command */
    const char *words;   /* for help: "COMPANY [COMPANY...]"; "" if none */
    int min, max;        /* how many words it takes; max -1: any */
    const char *summary; /* one line */
    const char *help;    /* more, ends in a newline; or NULL */
    const struct option_entry *options;
    int (*run)(struct app *app, const struct args *args);
};

/* One a file; command.c has the table of all. */
extern const struct command command_import; /* in import.c */
extern const struct command command_export;
extern const struct command command_company_get;
extern const struct command command_company_list;
extern const struct command command_company_search;
extern const struct command command_company_edit;
extern const struct command command_company_archive;
extern const struct command command_company_confirm;
extern const struct command command_company_erase;
extern const struct command command_match;
extern const struct command command_explain;
extern const struct command command_changes;
extern const struct command command_token_create;
extern const struct command command_token_list;
extern const struct command command_token_revoke;
extern const struct command command_audit;
extern const struct command command_whoami;
extern const struct command command_status;
extern const struct command command_shell;

/* The n-th command, or NULL past the last. */
const struct command *command_at(size_t n);
/* By noun and verb (NULL or "" for a noun that stands alone); NULL if there is none. */
const struct command *command_find(const char *noun, const char *verb);
/* Is this a noun of some command that takes a verb? */
int command_takes_verb(const char *noun);

/* The options that every command takes. */
extern const struct option_entry common_options[];
extern const char *const format_words[];
extern const char *const lang_words[];

void command_help(FILE *f, const struct command *c);
/* All commands, or those of one noun (NULL: all). */
void command_help_all(FILE *f, const char *noun);

/* Runs one command line: argv[0] is the first word after the program's name. Exit code. */
int command_run(struct app *app, int argc, char **argv);

#endif
