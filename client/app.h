#ifndef SPEAN_CLIENT_APP_H
#define SPEAN_CLIENT_APP_H

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "command.h"
#include "link.h"
#include "output.h"

/* What the commands work with. main.c makes one; tests make their own. */
struct app {
    FILE *out;                   /* data */
    FILE *err;                   /* messages */
    bool out_tty;                /* out is a terminal */
    bool err_tty;                /* err is one: progress may be shown */
    bool in_shell;               /* run from `spean shell` */
    bool loaded;                 /* the settings below are filled in */
    volatile sig_atomic_t *stop; /* nonzero once Ctrl-C was pressed; or NULL */

    /* from the options, the environment, the configuration file: settings.h */
    char *server;
    char *token;                       /* or NULL */
    char *ca_file, *certificate, *key; /* of tls: or NULL */
    char lang[4];                      /* eng, fra or khm */
    uint64_t timeout_ms;
    char *config_dir; /* where import profiles are looked for first, or NULL */
    struct style style;

    struct link *link; /* opened by the first call */
};

/* A message line on app->err, "spean: ..."; control characters are escaped. */
void app_say(struct app *app, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same, for usage errors; returns EXIT_USAGE. */
int app_usage(struct app *app, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Opens the link and logs in, unless done. EXIT_DONE, or an exit code with the message said. */
int app_connect(struct app *app);
/* Connects if need be and calls; *ret is to be given to answer_done. EXIT_DONE, or an exit code;
 * app_fail says why when *ret has an error or a message (else it was said). params stays the
 * caller's. */
int app_try(struct app *app, const char *method, const json_t *params, struct answer *ret);
/*
 * The usual way: params (NULL on no memory is fine: said and failed) is taken over. EXIT_DONE with
 * a new reference in *ret_result, or an exit code with the message said.
 */
int app_call(struct app *app, const char *method, json_t *params, json_t **ret_result);
/* Says why a call failed (bad fields one a line) and gives the exit code. */
int app_fail(struct app *app, const struct answer *a);
/* The exit code for an answer, saying nothing. */
int answer_exit(const struct answer *a);

void app_disconnect(struct app *app);
void app_done(struct app *app); /* closes the link, frees the settings */

/* Data went out? EXIT_DONE, or EXIT_FAILED with a message (a full disk; not for a closed pipe). */
int app_flush(struct app *app, int failed);

#endif
