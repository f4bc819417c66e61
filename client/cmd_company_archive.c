#include "app.h"
#include "company_touch.h"

static int run(struct app *app, const struct args *args)
{
    return company_touch(app, args, "company.archive", "archived");
}

const struct command command_company_archive = {
    .noun = "company",
    .verb = "archive",
    .words = "COMPANY...",
    .min = 1,
    .max = -1,
    .summary = "Set companies aside: they are kept, and never suggested.",
    .options = touch_options,
    .run = run,
};
