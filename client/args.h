#ifndef SPEAN_CLIENT_ARGS_H
#define SPEAN_CLIENT_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Options of a command in one table: parsing, --help and completion all read it. */
struct option_entry {
    const char *name;         /* long name without dashes; NULL ends the table */
    char letter;              /* short form, or 0 */
    const char *value;        /* what help calls the value ("FILE"); NULL: a flag */
    const char *const *words; /* the values allowed, NULL-terminated; NULL: any */
    const char *help;         /* a short phrase */
};

#define ARGS_OPTIONS_MAX 48

/* What stands on the command line, after parsing. Points into argv. */
struct args {
    const struct option_entry *entry[ARGS_OPTIONS_MAX]; /* options given, in the order given */
    const char *value[ARGS_OPTIONS_MAX];                /* "" for flags */
    size_t options;
    char **word; /* words that are no options */
    size_t words;
};

/*
 * Parses argv[0..argc-1] (all of it: no program name) against up to two tables. At the first word
 * that is no option it stops if `leading`, else the words are gathered at the end. argv is
 * reordered. 0 with *ret_used elements looked at (leading only), or -1 with a message in err.
 */
int args_parse(struct args *ret, int argc, char **argv, const struct option_entry *common,
               const struct option_entry *own, bool leading, int *ret_used, char *err,
               size_t errlen);

/* The value given last, or NULL: "" for flags. */
const char *args_get(const struct args *a, const char *name);
bool args_has(const struct args *a, const char *name);
/* A whole number within min..max: 0 (preset when not given), or -1 with a message in err. */
int args_int(const struct args *a, const char *name, int64_t min, int64_t max, int64_t preset,
             int64_t *ret, char *err, size_t errlen);

#endif
