#ifndef SPEAN_CLIENT_COMPANY_FIND_H
#define SPEAN_CLIENT_COMPANY_FIND_H

#include <spean/ident.h>
#include <stdbool.h>
#include <stddef.h>

struct app;

/* COMPANY on a command line: an id, SYSTEM:ID of another system, or a name. */

enum company_word { WORD_ID, WORD_EXTERNAL, WORD_NAME };

/* Which it is; for WORD_EXTERNAL *ret_system is the length of SYSTEM. */
enum company_word company_word(const char *text, size_t *ret_system);

struct company_found {
    char id[IDENT_TEXT];
    char name[804]; /* "" when it was not asked for and not needed */
};

/*
 * Finds the one company meant. A name means the one company that has exactly this name, else the
 * one whose name holds it, else the one that resembles it; which one is said when it is not exact.
 * EXIT_DONE, or an exit code with the message said: EXIT_NOT_FOUND when there is none, EXIT_FAILED
 * with the candidates listed when there are several.
 */
int company_find(struct app *app, const char *text, bool want_name, struct company_found *ret);

#endif
