#ifndef SPEAN_INI_H
#define SPEAN_INI_H

#include <stddef.h>
#include <stdint.h>

/*
 * Options in one table with type, bounds, default and help; filled from an INI text (inih). The
 * same code serves speand.conf and the client's file.
 */
enum opt_type { OPT_STRING, OPT_INT, OPT_BOOL, OPT_BYTES, OPT_MS };

struct opt {
    const char *section;
    const char *name;
    enum opt_type type;
    size_t offset;      /* of a char * (owned heap string), int64_t, or bool in the struct filled */
    const char *preset; /* default, as it would be written */
    int64_t min, max;   /* for numbers; OPT_BYTES takes k, m, g; OPT_MS takes ms, s, min, h, d */
    const char *help;   /* one sentence */
};

/* Sets every option to its default. 0 or -1 (no memory; a default that does not parse is a bug). */
int opts_default(const struct opt *opts, size_t n, void *target);
/* Frees the strings. */
void opts_done(const struct opt *opts, size_t n, void *target);
/* Sets one by "section", "name". 0 or -1 with a message in err. */
int opts_set(const struct opt *opts, size_t n, void *target, const char *section, const char *name,
             const char *value, char *err, size_t errlen);
/*
 * Reads an INI text over what is there. Unknown sections and names, bad values and lines are
 * errors: -1 with "line N: ..." in err.
 */
int opts_read(const struct opt *opts, size_t n, void *target, const char *text, char *err,
              size_t errlen);

#endif
