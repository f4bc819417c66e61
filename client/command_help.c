#include "command.h"

#include <string.h>

static void help_options(FILE *f, const struct option_entry *o)
{
    for (; o && o->name; o++) {
        char left[64];

        snprintf(left, sizeof(left), "%s%c%s--%s%s%s", o->letter ? "-" : " ",
                 o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name, o->value ? " " : "",
                 o->value ? o->value : "");
        fprintf(f, "  %-26s %s", left, o->help);
        for (size_t i = 0; o->words && o->words[i]; i++)
            fprintf(f, "%s%s", i ? ", " : ": ", o->words[i]);
        fputc('\n', f);
    }
}

static void help_name(FILE *f, const struct command *c)
{
    fprintf(f, "%s%s%s", c->noun, c->verb ? " " : "", c->verb ? c->verb : "");
}

void command_help(FILE *f, const struct command *c)
{
    fputs("usage: spean ", f);
    help_name(f, c);
    fprintf(f, " [options]%s%s\n\n%s\n", *c->words ? " " : "", c->words, c->summary);
    if (c->help)
        fprintf(f, "\n%s", c->help);
    if (c->options && c->options->name) {
        fputs("\nOptions:\n", f);
        help_options(f, c->options);
    }
    fputs("\nOptions of every command:\n", f);
    help_options(f, common_options);
}

static void help_line(FILE *f, const struct command *c)
{
    char left[80];

    snprintf(left, sizeof(left), "%s%s%s%s%s", c->noun, c->verb ? " " : "", c->verb ? c->verb : "",
             *c->words ? " " : "", c->words);
    fprintf(f, "  %-30s %s\n", left, c->summary);
}

void command_help_all(FILE *f, const char *noun)
{
    const struct command *c;

    fprintf(f, "usage: spean %s\n\nCommands:\n",
            noun && command_takes_verb(noun) ? noun : "COMMAND [options] [words]");
    for (size_t i = 0; (c = command_at(i)); i++)
        if (!noun || !command_takes_verb(noun) || strcmp(c->noun, noun) == 0)
            help_line(f, c);
    fputs("\nCOMPANY is an id, SYSTEM:ID of another system, or a name that finds one company.\n"
          "spean COMMAND --help says more of each; spean --version tells the version.\n"
          "\nOptions of every command:\n",
          f);
    help_options(f, common_options);
    fputs("\nThe server is --server, else SPEAN_SERVER, else the configuration file's, else\n"
          "unix:/run/spean/speand.sock. A token comes from --token-file, SPEAN_TOKEN or the\n"
          "configuration file's token_file, never from the command line.\n"
          "\nExit codes: 0 done, 1 failed, 2 usage, 3 no connection, 4 not allowed, 5 not found.\n",
          f);
}
