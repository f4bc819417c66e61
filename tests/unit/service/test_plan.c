#include "plan.h"
#include "reason.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <spean/date.h>

/* What a write means, without a database. */

#define ID_A "01a20baf-d44e-78d0-9bde-6f5b02a3a357"
#define ID_B "01a20baf-d45d-7f67-a057-3978366211cc"
#define RICE "\"country\":\"KH\",\"name\":\"Rice\",\"sectors\":[\"agro-industry.rice\"]"

static struct model *model;

static int model_open(void **state)
{
    char err[256];

    (void)state;
    return model_load(SPEAN_SOURCE_DIR "/conf/model", &model, err, sizeof err);
}

static int model_close(void **state)
{
    (void)state;
    model_free(model);
    return 0;
}

struct trial {
    struct plan plan;
    json_t *patches[8];
};

static struct plan_rules rules_of(enum plan_kind kind)
{
    int32_t today;

    assert_int_equal(date_parse("2026-11-24", 10, &today), 0);
    return (struct plan_rules){.kind = kind,
                               .model = model,
                               .may_verify = true,
                               .if_version = -1,
                               .now_ms = (int64_t)today * 86400000,
                               .today = today};
}

static void trial_open(struct trial *t, const struct plan_rules *rules, size_t count, ...)
{
    va_list ap;

    memset(t, 0, sizeof *t);
    assert_int_equal(plan_init(&t->plan, rules, count), 0);
    va_start(ap, count);
    for (size_t i = 0; i < count; i++) {
        t->patches[i] = json_loads(va_arg(ap, const char *), JSON_DECODE_ANY, NULL);
        assert_non_null(t->patches[i]);
        plan_patch(&t->plan, i, t->patches[i]);
    }
    va_end(ap);
}

static void trial_close(struct trial *t)
{
    plan_done(&t->plan);
    for (size_t i = 0; i < sizeof t->patches / sizeof t->patches[0]; i++)
        json_decref(t->patches[i]);
}

static json_t *trial_writes(struct trial *t)
{
    struct buf out;
    json_t *writes;
    int more;

    buf_init(&out, 1 << 20);
    do
        more = plan_make(&t->plan, 2);
    while (more == 1);
    assert_int_equal(more, 0);
    assert_int_equal(plan_writes(&t->plan, &out), 0);
    writes = json_loadb(out.data, out.len, 0, NULL);
    assert_non_null(writes);
    buf_done(&out);
    return writes;
}

/* A profile as the database gives it back, at version 3. */
static void store(struct trial *t, const char *id, const char *profile)
{
    json_t *doc = json_loads(profile, 0, NULL);
    struct rpc_error e = {0};
    struct profile_codes codes = {0};
    json_t *whole = profile_merge(NULL, doc, t->plan.rules.today);
    char *text;

    assert_int_equal(profile_check(whole, &codes, &e), 0);
    text = json_dumps(whole, 0);
    assert_int_equal(plan_found(&t->plan, id, 3, text), 0);
    free(text);
    json_decref(whole);
    json_decref(doc);
}

static const char *member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void a_new_company_is_written_whole(void **state)
{
    struct plan_rules rules = rules_of(PLAN_UPSERT);
    struct trial t;

    (void)state;
    trial_open(&t, &rules, 1,
               "{" RICE ",\"names\":{\"fra\":\"Riz\"},\"contacts\":[{\"name\":\"Sok\"}]}");
    json_t *writes = trial_writes(&t), *one = json_array_get(writes, 0);
    assert_int_equal(json_array_size(writes), 1);
    assert_true(t.plan.items[0].created);
    assert_int_equal(plan_version(&t.plan, &t.plan.items[0]), 1);
    assert_string_equal(member(one, "type"), "created");
    assert_int_equal(json_integer_value(json_object_get(one, "expect")), 0);
    assert_null(json_object_get(json_object_get(one, "doc"), "contacts"));
    assert_string_equal(member(json_object_get(one, "doc"), "valid_until"), "2027-11-24");
    assert_int_equal(json_array_size(json_object_get(one, "contacts")), 1);
    assert_int_equal(json_array_size(json_object_get(one, "keys")), 2);
    assert_true(strlen(member(one, "packed")) > 40);
    json_decref(writes);
    trial_close(&t);
}

static void what_changes_nothing_is_not_written(void **state)
{
    struct plan_rules rules = rules_of(PLAN_UPSERT);
    struct trial t;

    (void)state;
    trial_open(&t, &rules, 1, "{\"id\":\"" ID_A "\",\"name\":\"Rice\",\"version\":1}");
    store(&t, ID_A, "{" RICE "}");
    json_t *writes = trial_writes(&t);
    assert_int_equal(json_array_size(writes), 0);
    assert_int_equal(plan_version(&t.plan, &t.plan.items[0]), 3);
    assert_false(t.plan.items[0].created);
    json_decref(writes);
    trial_close(&t);
}

static void the_same_company_twice_is_patched_twice(void **state)
{
    struct plan_rules rules = rules_of(PLAN_UPSERT);
    struct trial t;

    (void)state;
    trial_open(&t, &rules, 4,
               "{" RICE ",\"external_ids\":[{\"system\":\"s\",\"id\":\"1\"}],\"city\":\"Kep\"}",
               "{\"external_ids\":[{\"system\":\"s\",\"id\":\"1\"}],\"name\":\"Better rice\"}",
               "{\"id\":\"" ID_A "\",\"city\":\"Kampot\"}", "{\"id\":\"" ID_A "\",\"city\":null}");
    store(&t, ID_A, "{" RICE "}");
    json_t *writes = trial_writes(&t), *doc = json_object_get(json_array_get(writes, 0), "doc");
    assert_int_equal(json_array_size(writes), 1); /* the other came back to what it was */
    assert_string_equal(member(doc, "name"), "Better rice");
    assert_string_equal(member(doc, "city"), "Kep");
    assert_true(t.plan.items[0].created);
    assert_false(t.plan.items[1].created);
    assert_int_equal(t.plan.items[0].subject, t.plan.items[1].subject);
    assert_int_equal(plan_version(&t.plan, &t.plan.items[1]), 1);
    assert_int_equal(plan_version(&t.plan, &t.plan.items[3]), 3);
    json_decref(writes);
    trial_close(&t);
}

static void external_ids_lead_to_one_company_or_are_ambiguous(void **state)
{
    struct plan_rules rules = rules_of(PLAN_UPSERT);
    struct trial t;

    (void)state;
    trial_open(
        &t, &rules, 3,
        "{\"external_ids\":[{\"system\":\"s\",\"id\":\"a\"},{\"system\":\"s\",\"id\":\"b\"}]}",
        "{\"id\":\"" ID_A "\",\"external_ids\":[{\"system\":\"s\",\"id\":\"b\"}]}",
        "{\"external_ids\":[{\"system\":\"sa\",\"id\":\"\"}]," RICE "}");
    store(&t, ID_A, "{" RICE ",\"external_ids\":[{\"system\":\"s\",\"id\":\"a\"}]}");
    store(&t, ID_B, "{" RICE ",\"external_ids\":[{\"system\":\"s\",\"id\":\"b\"}]}");
    json_decref(trial_writes(&t));
    assert_string_equal(t.plan.items[0].error.reason, reason_word(REASON_AMBIGUOUS));
    assert_string_equal(t.plan.items[1].error.reason, reason_word(REASON_AMBIGUOUS));
    /* "sa" + "" is not "s" + "a". */
    assert_true(t.plan.items[2].error.code == 0 ? t.plan.items[2].created
                                                : t.plan.items[2].error.code == RPC_INVALID);
    trial_close(&t);
}

static void an_external_id_that_was_given_up_is_free(void **state)
{
    struct plan_rules rules = rules_of(PLAN_UPSERT);
    struct trial t;

    (void)state;
    trial_open(&t, &rules, 2, "{\"id\":\"" ID_A "\",\"external_ids\":[]}",
               "{" RICE ",\"external_ids\":[{\"system\":\"s\",\"id\":\"a\"}]}");
    store(&t, ID_A, "{" RICE ",\"external_ids\":[{\"system\":\"s\",\"id\":\"a\"}]}");
    json_t *writes = trial_writes(&t);
    assert_int_equal(json_array_size(writes), 2);
    assert_true(t.plan.items[1].created);
    json_decref(writes);
    trial_close(&t);
}

static void refusals_name_everything_and_spare_the_rest(void **state)
{
    struct plan_rules rules = rules_of(PLAN_UPSERT);
    struct trial t;

    (void)state;
    trial_open(&t, &rules, 5, "{" RICE ",\"colour\":\"red\",\"founded\":\"old\"}", "7",
               "{\"id\":\"nonsense\"}", "{\"id\":\"" ID_B "\"}", "{" RICE "}");
    json_t *writes = trial_writes(&t);
    assert_int_equal(json_array_size(writes), 1);
    assert_int_equal(t.plan.items[0].error.code, RPC_INVALID);
    assert_int_equal(json_array_size(t.plan.items[0].error.fields), 2);
    assert_int_equal(t.plan.items[1].error.code, RPC_INVALID);
    assert_int_equal(t.plan.items[2].error.code, RPC_NOT_FOUND);
    assert_int_equal(t.plan.items[3].error.code, RPC_NOT_FOUND);
    assert_int_equal(t.plan.items[4].error.code, 0);
    json_decref(writes);
    trial_close(&t);
}

static void versions_are_compared(void **state)
{
    static const struct {
        int64_t if_version;
        bool there;
        int code;
    } cases[] = {{3, true, 0},
                 {2, true, RPC_CONFLICT},
                 {0, true, RPC_CONFLICT},
                 {0, false, 0},
                 {1, false, RPC_CONFLICT}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct plan_rules rules = rules_of(PLAN_UPSERT);
        struct trial t;
        rules.if_version = cases[i].if_version;
        trial_open(&t, &rules, 1, "{" RICE ",\"external_ids\":[{\"system\":\"s\",\"id\":\"a\"}]}");
        if (cases[i].there)
            store(&t, ID_A, "{" RICE ",\"external_ids\":[{\"system\":\"s\",\"id\":\"a\"}]}");
        json_decref(trial_writes(&t));
        assert_int_equal(t.plan.items[0].error.code, cases[i].code);
        trial_close(&t);
    }
}

static void only_staff_changes_verified(void **state)
{
    struct plan_rules rules = rules_of(PLAN_UPSERT);
    struct trial t;

    (void)state;
    rules.may_verify = false;
    trial_open(&t, &rules, 3, "{\"id\":\"" ID_A "\",\"verified\":\"2026-01-02\"}",
               "{\"id\":\"" ID_A "\",\"verified\":null}", "{" RICE ",\"verified\":\"2026-01-02\"}");
    store(&t, ID_A, "{" RICE ",\"verified\":\"2026-01-02\"}");
    json_decref(trial_writes(&t));
    assert_int_equal(t.plan.items[0].error.code, 0); /* sends back what it read */
    assert_string_equal(t.plan.items[1].error.reason, reason_word(REASON_VERIFY));
    assert_string_equal(t.plan.items[2].error.reason, reason_word(REASON_VERIFY));
    trial_close(&t);
}

static void archive_and_confirm_touch_one_field(void **state)
{
    struct plan_rules archive = rules_of(PLAN_ARCHIVE), confirm = rules_of(PLAN_CONFIRM);
    struct trial t;
    json_t *writes;

    (void)state;
    trial_open(&t, &archive, 1, "{\"id\":\"" ID_A "\"}");
    store(&t, ID_A, "{" RICE "}");
    writes = trial_writes(&t);
    assert_string_equal(member(json_array_get(writes, 0), "type"), "archived");
    json_decref(writes);
    trial_close(&t);

    trial_open(&t, &confirm, 1, "{\"id\":\"" ID_A "\"}");
    store(&t, ID_A, "{" RICE ",\"valid_until\":\"2026-12-01\"}");
    writes = trial_writes(&t);
    assert_string_equal(member(json_array_get(writes, 0), "type"), "confirmed");
    assert_string_equal(member(json_object_get(json_array_get(writes, 0), "doc"), "valid_until"),
                        "2027-11-24");
    json_decref(writes);
    trial_close(&t);

    trial_open(&t, &confirm, 1, "{\"id\":\"" ID_A "\"}");
    store(&t, ID_A, "{" RICE ",\"valid_until\":\"2030-01-01\"}");
    writes = trial_writes(&t);
    assert_int_equal(json_array_size(writes), 0); /* to renew never shortens */
    json_decref(writes);
    trial_close(&t);
}

static void ids_are_kept_where_that_is_wanted(void **state)
{
    struct plan_rules rules = rules_of(PLAN_UPSERT);
    struct trial t;
    json_t *writes;

    (void)state;
    rules.keep_ids = true;
    trial_open(&t, &rules, 3, "{" RICE ",\"id\":\"" ID_A "\"}",
               "{\"id\":\"01a20baf-d44e-78d0-9bde-6f5b02a3a357\",\"city\":\"Kep\"}",
               "{" RICE ",\"id\":\"" ID_B "\",\"external_ids\":[{\"system\":\"s\",\"id\":\"a\"}]}");
    store(&t, ID_B, "{" RICE ",\"external_ids\":[{\"system\":\"s\",\"id\":\"a\"}]}");
    writes = trial_writes(&t);
    assert_int_equal(json_array_size(writes), 1);
    assert_string_equal(member(json_array_get(writes, 0), "id"), ID_A);
    assert_string_equal(member(json_object_get(json_array_get(writes, 0), "doc"), "city"), "Kep");
    assert_true(t.plan.items[0].created);
    assert_false(t.plan.items[2].created);
    json_decref(writes);
    trial_close(&t);
}

static void an_erased_id_is_not_given_again(void **state)
{
    struct plan_rules rules = rules_of(PLAN_UPSERT);
    struct trial t;
    json_t *writes;

    (void)state;
    rules.keep_ids = true;
    trial_open(&t, &rules, 3, "{" RICE ",\"id\":\"" ID_A "\"}", "{" RICE ",\"id\":\"" ID_B "\"}",
               "{" RICE "}");
    assert_int_equal(plan_erased(&t.plan, ID_A), 0);
    writes = trial_writes(&t);
    assert_int_equal(json_array_size(writes), 2);
    assert_string_equal(member(json_array_get(writes, 0), "id"), ID_B);
    assert_int_equal(t.plan.items[0].error.code, RPC_NOT_FOUND);
    assert_string_equal(t.plan.items[0].error.reason, "company_erased");
    json_decref(writes);
    trial_close(&t);
}

static void it_can_be_made_again(void **state)
{
    struct plan_rules rules = rules_of(PLAN_UPSERT);
    struct trial t;

    (void)state;
    trial_open(&t, &rules, 1, "{" RICE ",\"external_ids\":[{\"system\":\"s\",\"id\":\"a\"}]}");
    json_decref(trial_writes(&t));
    assert_true(t.plan.items[0].created);
    assert_int_equal(plan_reset(&t.plan), 0);
    store(&t, ID_A,
          "{" RICE ",\"city\":\"Kep\",\"external_ids\":[{\"system\":\"s\",\"id\":\"a\"}]}");
    json_t *writes = trial_writes(&t);
    assert_int_equal(json_array_size(writes), 0);
    assert_false(t.plan.items[0].created);
    assert_int_equal(plan_version(&t.plan, &t.plan.items[0]), 3);
    json_decref(writes);
    trial_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_company_is_written_whole),
        cmocka_unit_test(what_changes_nothing_is_not_written),
        cmocka_unit_test(the_same_company_twice_is_patched_twice),
        cmocka_unit_test(external_ids_lead_to_one_company_or_are_ambiguous),
        cmocka_unit_test(an_external_id_that_was_given_up_is_free),
        cmocka_unit_test(refusals_name_everything_and_spare_the_rest),
        cmocka_unit_test(versions_are_compared),
        cmocka_unit_test(only_staff_changes_verified),
        cmocka_unit_test(archive_and_confirm_touch_one_field),
        cmocka_unit_test(ids_are_kept_where_that_is_wanted),
        cmocka_unit_test(an_erased_id_is_not_given_again),
        cmocka_unit_test(it_can_be_made_again),
    };

    return cmocka_run_group_tests(tests, model_open, model_close);
}
