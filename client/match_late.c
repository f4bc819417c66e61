#include "match_late.h"

#include <string.h>

#define CHANGES_PAGE 1000 /* what a daemon gives at most */

void late_done(struct late *l)
{
    json_decref(l->ids);
    json_decref(l->since);
    *l = (struct late){0};
}

/* Who stands in the page, and where to go on. Exit code. */
static int late_note(struct app *app, struct late *l, const json_t *page)
{
    const json_t *list = json_object_get(page, "changes");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *change = json_array_get(list, i);
        const char *id = json_string_value(json_object_get(change, "id"));

        if (!id || json_object_set_new(l->ids, id, json_true()) < 0) {
            app_say(app, "no memory, or the server's answer makes no sense");
            return EXIT_FAILED;
        }
        l->seq = json_integer_value(json_object_get(change, "seq"));
    }
    json_decref(l->since);
    l->since = json_incref(json_object_get(page, "next"));
    return EXIT_DONE;
}

int late_begin(struct app *app, struct late *l)
{
    json_t *health, *page;
    int r = app_call(app, "system.health", json_object(), &health);

    if (r != EXIT_DONE)
        return r;
    l->ids = json_object();
    l->since = json_incref(json_object_get(json_object_get(health, "index"), "seq"));
    l->seq = json_integer_value(l->since);
    json_decref(health);
    /* From here on by position, which a database that was restored meanwhile does not take. */
    r = app_call(app, "changes.list", json_pack("{s:O, s:i}", "since", l->since, "limit", 1),
                 &page);
    if (r != EXIT_DONE)
        return r;
    r = late_note(app, l, page);
    json_decref(page);
    return r;
}

int late_read(struct app *app, struct late *l)
{
    bool more = true;
    int r = EXIT_DONE;

    while (r == EXIT_DONE && more) {
        json_t *page;

        r = app_call(app, "changes.list",
                     json_pack("{s:O, s:i}", "since", l->since, "limit", CHANGES_PAGE), &page);
        if (r != EXIT_DONE)
            return r;
        more = json_is_true(json_object_get(page, "more")) &&
               json_array_size(json_object_get(page, "changes")) > 0;
        r = late_note(app, l, page);
        json_decref(page);
    }
    l->at = json_object_iter(l->ids);
    return r;
}

/* As app_call, but a company that is not there is no failure: *ret is NULL then. */
static int company_call(struct app *app, const char *method, json_t *params, json_t **ret)
{
    struct answer a = {0};
    int r;

    *ret = NULL;
    if (!params)
        return app_call(app, method, NULL, ret);
    r = app_try(app, method, params, &a);
    json_decref(params);
    if (a.kind == ANSWER_RESULT)
        *ret = json_incref(a.result);
    else if (r == EXIT_NOT_FOUND)
        r = EXIT_DONE;
    else if (a.kind == ANSWER_ERROR || a.message[0])
        r = app_fail(app, &a);
    answer_done(&a);
    return r;
}

static bool is_wanted(const json_t *company, const char *country)
{
    const char *status = json_string_value(json_object_get(company, "status"));
    const char *of = json_string_value(json_object_get(company, "country"));

    return status && of && strcmp(status, "published") == 0 &&
           (!country || strcmp(of, country) == 0);
}

/* An entry for one company, or NULL: it is in no list now. Exit code. */
static int late_entry(struct app *app, const struct late *l, const json_t *params, const char *id,
                      const char *country, json_t **ret)
{
    json_t *company, *list, *call;
    int r = company_call(app, "company.get",
                         json_pack("{s:s, s:[s, s]}", "id", id, "fields", "status", "country"),
                         &company);
    bool wanted = r == EXIT_DONE && is_wanted(company, country);

    json_decref(company);
    if (!wanted)
        return r;
    call = json_copy((json_t *)(uintptr_t)params);
    if (call && (json_object_set_new(call, "id", json_string(id)) < 0 ||
                 json_object_set_new(call, "min_seq", json_integer(l->seq)) < 0)) {
        json_decref(call);
        call = NULL;
    }
    r = company_call(app, "match.list", call, &list);
    if (r != EXIT_DONE || !list)
        return r;
    *ret = json_pack("{s:O, s:O}", "company", json_object_get(list, "company"), "matches",
                     json_object_get(list, "matches"));
    json_decref(list);
    if (*ret)
        return EXIT_DONE;
    app_say(app, "no memory, or the server's answer makes no sense");
    return EXIT_FAILED;
}

int late_next(struct app *app, struct late *l, const json_t *params, const char *country,
              json_t **ret)
{
    int r = EXIT_DONE;

    *ret = NULL;
    while (r == EXIT_DONE && l->at && !*ret) {
        r = late_entry(app, l, params, json_object_iter_key(l->at), country, ret);
        l->at = json_object_iter_next(l->ids, l->at);
    }
    return r;
}
