#include "command.h"

#include <string.h>

#include "app.h"
#include "settings.h"

const char *const format_words[] = {"table", "plain", "json", "ndjson", "csv", NULL};
const char *const lang_words[] = {"eng", "fra", "khm", NULL};

const struct option_entry common_options[] = {
    {"server", 's', "ADDRESS", NULL, "unix:/path, tcp:host:port or tls:host:port"},
    {"token-file", 0, "FILE", NULL, "file that holds the access token"},
    {"ca-file", 0, "FILE", NULL, "CAs to trust for tls: in place of the system's"},
    {"certificate", 0, "FILE", NULL, "certificate to show for tls:"},
    {"key", 0, "FILE", NULL, "key of that certificate"},
    {"format", 'f', "FORMAT", format_words, "how data is printed"},
    {"lang", 'l', "LANG", lang_words, "language of reasons and titles"},
    {"config", 'c', "FILE", NULL, "configuration file to read instead of the usual ones"},
    {"help", 'h', NULL, NULL, "say how the command is used"},
    {NULL, 0, NULL, NULL, NULL},
};

static const struct command *const commands[] = {
    &command_import,          &command_export,          &command_company_get,
    &command_company_list,    &command_company_search,  &command_company_edit,
    &command_company_archive, &command_company_confirm, &command_company_erase,
    &command_match,           &command_explain,         &command_changes,
    &command_token_create,    &command_token_list,      &command_token_revoke,
    &command_audit,           &command_status,          &command_whoami,
    &command_shell,
};

const struct command *command_at(size_t n)
{
    return n < sizeof(commands) / sizeof(commands[0]) ? commands[n] : NULL;
}

const struct command *command_find(const char *noun, const char *verb)
{
    const struct command *c;

    for (size_t i = 0; (c = command_at(i)); i++) {
        if (strcmp(c->noun, noun) != 0)
            continue;
        if (c->verb ? verb && strcmp(c->verb, verb) == 0 : !verb || !*verb)
            return c;
    }
    return NULL;
}

int command_takes_verb(const char *noun)
{
    const struct command *c;

    for (size_t i = 0; (c = command_at(i)); i++)
        if (c->verb && strcmp(c->noun, noun) == 0)
            return 1;
    return 0;
}

/* A command line taken apart: options may stand before the noun, before the verb, and after. */
struct line {
    const struct command *command; /* NULL: none was named */
    const char *noun;
    struct args args;
};

/* Options of an earlier part count, unless a later part says otherwise. */
static int line_merge(struct line *l, const struct args *later, char *err, size_t errlen)
{
    struct args *a = &l->args;

    if (a->options + later->options > ARGS_OPTIONS_MAX) {
        snprintf(err, errlen, "too many options");
        return -1;
    }
    for (size_t i = 0; i < later->options; i++) {
        a->entry[a->options] = later->entry[i];
        a->value[a->options++] = later->value[i];
    }
    a->word = later->word;
    a->words = later->words;
    return 0;
}

static int line_options(struct line *l, int *argc, char ***argv, char *err, size_t errlen)
{
    struct args part;
    int used;

    if (args_parse(&part, *argc, *argv, common_options, NULL, true, &used, err, errlen) < 0)
        return -1;
    *argc -= used;
    *argv += used;
    return line_merge(l, &part, err, errlen);
}

static int line_parse(struct line *l, int argc, char **argv, char *err, size_t errlen)
{
    const char *verb = NULL;
    struct args part;

    if (line_options(l, &argc, &argv, err, errlen) < 0)
        return -1;
    if (argc == 0)
        return 0;
    l->noun = *argv++;
    argc--;
    if (command_takes_verb(l->noun)) {
        if (line_options(l, &argc, &argv, err, errlen) < 0)
            return -1;
        if (argc == 0)
            return 0;
        verb = *argv++;
        argc--;
    }
    l->command = command_find(l->noun, verb);
    if (!l->command) {
        snprintf(err, errlen, "there is no command \"%.60s%s%.60s\"; see spean --help", l->noun,
                 verb ? " " : "", verb ? verb : "");
        return -1;
    }
    if (args_parse(&part, argc, argv, common_options, l->command->options, false, NULL, err,
                   errlen) < 0)
        return -1;
    return line_merge(l, &part, err, errlen);
}

static int line_check(const struct line *l, char *err, size_t errlen)
{
    const struct command *c = l->command;
    const char *verb = c->verb ? c->verb : "";
    size_t n = l->args.words;

    if (n >= (size_t)c->min && (c->max < 0 || n <= (size_t)c->max))
        return 0;
    snprintf(err, errlen, "%s: it is used as spean %s%s%s%s%s",
             n < (size_t)c->min ? "something is missing" : "that is too much", c->noun,
             *verb ? " " : "", verb, *c->words ? " " : "", c->words);
    return -1;
}

static int line_run(struct app *app, const struct line *l)
{
    const struct style style = app->style;
    bool inner = app->loaded;
    char err[400], lang[sizeof(app->lang)];
    int r;

    memcpy(lang, app->lang, sizeof(lang));
    if (line_check(l, err, sizeof(err)) < 0)
        return app_usage(app, "%s", err);
    r = inner ? settings_override(app, &l->args, err, sizeof(err))
              : settings_load(app, &l->args, err, sizeof(err));
    if (r < 0)
        return app_usage(app, "%s", err);
    r = l->command->run(app, &l->args);
    if (inner) { /* what one line of the shell said holds for that line */
        app->style = style;
        memcpy(app->lang, lang, sizeof(lang));
    }
    return r;
}

int command_run(struct app *app, int argc, char **argv)
{
    struct line l = {0};
    bool help = false;
    char err[400];

    if (argc > 0 && strcmp(argv[0], "help") == 0) { /* help NOUN is NOUN --help */
        argv++;
        argc--;
        help = true;
    }
    if (line_parse(&l, argc, argv, err, sizeof(err)) < 0)
        return app_usage(app, "%s", err);
    if (help || args_has(&l.args, "help")) {
        if (l.command)
            command_help(app->out, l.command);
        else
            command_help_all(app->out, l.noun);
        return app_flush(app, 0);
    }
    if (!l.command) {
        command_help_all(app->err, l.noun);
        return EXIT_USAGE;
    }
    return line_run(app, &l);
}
