#include "app.h"
#include "company_find.h"
#include "company_view.h"

static json_t *get_params(const char *word)
{
    size_t system = 0;

    if (company_word(word, &system) == WORD_EXTERNAL)
        return json_pack("{s:{s:s%, s:s}}", "external_id", "system", word, system, "id",
                         word + system + 1);
    return json_pack("{s:s}", "id", word);
}

static int run(struct app *app, const struct args *args)
{
    struct company_found found;
    const char *word = args->word[0];
    json_t *profile;
    size_t system = 0;
    int r;

    if (company_word(word, &system) == WORD_NAME) {
        r = company_find(app, word, false, &found);
        if (r != EXIT_DONE)
            return r;
        word = found.id;
    }
    r = app_call(app, "company.get", get_params(word), &profile);
    if (r != EXIT_DONE)
        return r;
    r = output_record(app->out, &app->style, company_columns, company_column_count, profile);
    json_decref(profile);
    return app_flush(app, r);
}

const struct command command_company_get = {
    .noun = "company",
    .verb = "get",
    .words = "COMPANY",
    .min = 1,
    .max = 1,
    .summary = "Show one company's profile.",
    .help = "The contacts are shown to staff, admin and integration only.\n",
    .run = run,
};
