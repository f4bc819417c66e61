#include "failing.h"
#include "plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <spean/date.h>
#include <spean/json_reader.h>

/*
 * Each allocation fails in turn while a write is planned, jansson's and our own: what is to be
 * written is what was asked for, to the last byte, or nothing is.
 */

#define ID_OLD "01a20baf-d44e-78d0-9bde-6f5b02a3a357"
#define ID_NEW "01a20baf-d45d-7f67-a057-3978366211cc"

static const char stored[] =
    "{\"country\":\"KH\",\"name\":\"Rice\",\"sectors\":[\"agro-industry.rice\"],\"status\":"
    "\"draft\","
    "\"valid_until\":\"2027-11-24\",\"external_ids\":[{\"system\":\"crm\",\"id\":\"7\"}],\"names\":"
    "{},\"description\":{},\"languages\":[],\"offers\":[],\"seeks\":[],\"export_markets\":[],"
    "\"contacts\":[{\"name\":\"Sok\"}],\"certifications\":[]}";
static const char patches_text[] =
    "[{\"external_ids\":[{\"system\":\"crm\",\"id\":\"7\"}],\"names\":{\"khm\":\"អង្ករ\"},"
    "\"export_markets\":[\"jp\",\"jp\"],\"certifications\":[\"Écocert\",\"ISO 9001\"],"
    "\"description\":{\"fra\":\"Que\xcc\x81"
    "bec\"}},"
    "{\"id\":\"" ID_NEW "\",\"country\":\"CA\",\"name\":\"Maple ៛\",\"city\":\"Laval\","
    "\"external_ids\":[{\"system\":\"erp\",\"id\":\"8\"},{\"system\":\"erp\",\"id\":\"8\"}],"
    "\"sectors\":[\"agro-industry.rice\"],\"contacts\":[{\"name\":\"Lee\"}],\"seeks\":[{\"kind\":"
    "\"goods\",\"sector\":\"agro-industry.rice\",\"hs\":[\"100630\"],\"text\":\"Riz ទឹក\"}]},"
    "{\"external_ids\":[{\"system\":\"erp\",\"id\":\"8\"}],\"city\":\"Québec\"}]";

static struct model *model;
static json_t *patches;

static int world_open(void **state)
{
    char err[256];

    (void)state;
    jr_init(malloc, free);
    patches = json_loads(patches_text, 0, NULL);
    return patches ? model_load(SPEAN_SOURCE_DIR "/conf/model", &model, err, sizeof err) : -1;
}

static int world_close(void **state)
{
    (void)state;
    json_decref(patches);
    model_free(model);
    return 0;
}

/* The whole way from the patches to what is to be written. 0, or -1: no memory. */
static int plan_whole(const struct plan_rules *rules, struct buf *out)
{
    struct plan plan;
    struct buf refs;
    size_t count;
    int rc = -1;

    buf_init(&refs, 65536);
    if (plan_init(&plan, rules, json_array_size(patches)))
        goto out;
    for (size_t i = 0; i < plan.count; i++)
        plan_patch(&plan, i, json_array_get(patches, i));
    if (plan_refs(&plan, &refs, &count))
        goto out;
    int found = plan_found(&plan, ID_OLD, 3, stored);
    assert_int_not_equal(found, -2);
    if (found == 0 && plan_make(&plan, 100) == 0)
        rc = plan_writes(&plan, out);
    /* Nobody is refused for something that is not so. */
    for (size_t i = 0; i < plan.count; i++)
        if (plan.items[i].error.code)
            assert_true(rc == -1 && rpc_error_is_no_memory(&plan.items[i].error));
out:
    plan_done(&plan);
    buf_done(&refs);
    return rc;
}

static void what_is_written_is_whole(void **state)
{
    struct plan_rules rules = {.kind = PLAN_UPSERT,
                               .model = model,
                               .may_verify = true,
                               .keep_ids = true,
                               .if_version = -1};
    struct buf want;
    bool failed = true;
    long n;

    (void)state;
    assert_int_equal(date_parse("2026-11-24", 10, &rules.today), 0);
    rules.now_ms = (int64_t)rules.today * 86400000;
    buf_init(&want, 1 << 20);
    assert_int_equal(plan_whole(&rules, &want), 0);
    assert_non_null(strstr(want.data, "\"external_ids\":[{\"system\":\"erp\",\"id\":\"8\"}"));
    for (n = 1; failed; n++) {
        struct buf got;

        buf_init(&got, 1 << 20);
        failing_set((size_t)n, 1);
        int rc = plan_whole(&rules, &got);
        failed = failing_rest() > 0;
        if (rc == 0)
            assert_string_equal(got.data, want.data);
        assert_true(rc == 0 || failed);
        buf_done(&got);
    }
    assert_true(n > 200);
    buf_done(&want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_whole),
    };

    return cmocka_run_group_tests(tests, world_open, world_close);
}
