#include "app.h"

static int run(struct app *app, const struct args *args)
{
    int r, first = EXIT_DONE;

    for (size_t i = 0; i < args->words; i++) {
        json_t *result;

        r = app_call(app, "token.revoke", json_pack("{s:s}", "id", args->word[i]), &result);
        if (r == EXIT_DONE) {
            app_say(app, "%s: revoked", args->word[i]);
            json_decref(result);
        } else if (first == EXIT_DONE) {
            first = r;
        }
        if (r == EXIT_NO_CONNECTION)
            break;
    }
    return first;
}

const struct command command_token_revoke = {
    .noun = "token",
    .verb = "revoke",
    .words = "ID...",
    .min = 1,
    .max = -1,
    .summary = "Make tokens worthless, on open connections too.",
    .help = "ID is the token's id, as token list shows it.\n",
    .run = run,
};
