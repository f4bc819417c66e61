#include "app.h"
#include "company_touch.h"

static int run(struct app *app, const struct args *args)
{
    return company_touch(app, args, "company.confirm", "confirmed");
}

const struct command command_company_confirm = {
    .noun = "company",
    .verb = "confirm",
    .words = "COMPANY...",
    .min = 1,
    .max = -1,
    .summary = "Say that profiles are still right: valid for 12 months from today.",
    .options = touch_options,
    .run = run,
};
