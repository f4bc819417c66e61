#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <spean/model.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOURCE SPEAN_SOURCE_DIR "/conf/model"

static void copy_file(const char *from, const char *to)
{
    char block[65536];
    FILE *in = fopen(from, "r"), *out = fopen(to, "w");
    assert_true(in != NULL && out != NULL);
    for (size_t n; (n = fread(block, 1, sizeof block, in)) > 0;)
        assert_int_equal(fwrite(block, 1, n, out), n);
    fclose(in);
    assert_int_equal(fclose(out), 0);
}

/* Calls for every table; removes them from dir when from is NULL. */
static void each_table(const char *from, const char *dir)
{
    DIR *d = opendir(SOURCE);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        char source[1024], target[1024];
        size_t n = strlen(e->d_name);
        if (n < 4 || strcmp(e->d_name + n - 4, ".tsv") != 0)
            continue;
        snprintf(source, sizeof source, "%s/%s", SOURCE, e->d_name);
        snprintf(target, sizeof target, "%s/%s", dir, e->d_name);
        if (from != NULL)
            copy_file(source, target);
        else
            unlink(target);
    }
    closedir(d);
}

/* Loads a copy of the tables in which `line` was added to table `name`; the message goes to err. */
static int load_with(const char *name, const char *line, char *err, size_t errlen)
{
    char dir[] = "/tmp/spean-model-XXXXXX", path[1024];
    struct model *m = NULL;
    assert_non_null(mkdtemp(dir));
    each_table(SOURCE, dir);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "a");
    assert_non_null(f);
    fprintf(f, "%s\n", line);
    assert_int_equal(fclose(f), 0);
    int rc = model_load(dir, &m, err, errlen);
    if (rc < 0)
        assert_null(m);
    model_free(m);
    each_table(NULL, dir);
    rmdir(dir);
    return rc;
}

static void loads_what_is_shipped(void **state)
{
    (void)state;
    struct model *m = NULL, *n = NULL;
    char err[512] = "";
    if (model_load(SOURCE, &m, err, sizeof err) < 0)
        fail_msg("%s", err);
    assert_int_equal(model_load(SOURCE, &n, err, sizeof err), 0);
    assert_string_equal(model_version(m), model_version(n));
    assert_true(strlen(model_version(m)) > 8);
    assert_int_equal(model_sector_count(m), 111);
    assert_int_equal(model_region_count(m), 38);
    model_free(m);
    model_free(n);
}

static void names_everything_in_three_languages(void **state)
{
    (void)state;
    struct model *m;
    char err[512];
    assert_int_equal(model_load(SOURCE, &m, err, sizeof err), 0);
    int rice = model_sector(m, "agro-industry.rice", 18);
    assert_string_equal(model_sector_title(m, rice, LANG_ENG), "Rice milling and export");
    for (int i = 0; i < model_sector_count(m); i++) {
        int id = model_sector_at(m, i);
        const char *khmer = model_sector_title(m, id, LANG_KHM);
        assert_int_equal((unsigned char)khmer[0], 0xE1);
        const char *code = model_sector_code(m, id);
        assert_int_equal(model_sector(m, code, strlen(code)), id);
        int group = model_sector_group(m, id);
        const char *group_code = model_sector_code(m, group);
        assert_int_equal(strncmp(code, group_code, strlen(group_code)), 0);
    }
    assert_int_equal(model_sector(m, "agro-industry.ric", 17), 0);
    assert_null(model_sector_code(m, 0));
    assert_null(model_sector_code(m, 300));
    assert_int_equal(model_region_country(m, model_region(m, "CA-QC", 5)), COUNTRY_CA);
    assert_int_equal(model_region_country(m, model_region(m, "KH-25", 5)), COUNTRY_KH);
    assert_int_equal(model_region(m, "KH-26", 5), 0);
    assert_string_equal(model_tongue_title(m, "khm", LANG_FRA), "khmer");
    assert_string_equal(model_tongue_title(m, "xyz", LANG_ENG), "xyz");
    for (int k = 0; k < KIND_COUNT; k++) {
        const char *word = kind_name((enum kind)k);
        assert_int_equal(kind_parse(word, strlen(word)), k);
        assert_non_null(model_kind_title(m, (enum kind)k, LANG_KHM));
    }
    assert_int_equal(level_parse("working", 7), LEVEL_WORKING);
    assert_int_equal(level_parse("", 0), -1);
    assert_int_equal(model_lang_parse("khm", 3), LANG_KHM);
    model_free(m);
}

/* Each mistake, and what the message must say. */
static const struct mistake {
    const char *table, *line, *says;
} mistakes[] = {
    {"sectors.tsv", "1\tagro-industry.tulips\t-\tTulips\tTulipes\tT", "id 1 is taken"},
    {"sectors.tsv", "120\tenergy\t-\tEnergy\tÉnergie\tE", "twice"},
    {"sectors.tsv", "120\tflowers.tulips\t-\tTulips\tTulipes\tT", "must stand before"},
    {"sectors.tsv", "128\tflowers\t-\tFlowers\tFleurs\tF", "not a number from 1 to 127"},
    {"sectors.tsv", "120\tflowers\t-\tFlowers\t\tF", "field 5 is empty"},
    {"sectors.tsv", "120\tflowers\tx\tFlowers\tFleurs\tF", "unknown flag"},
    {"sectors.tsv", "120\tflowers\t-\tFlowers", "expected 6 fields"},
    {"closeness.tsv", "energy.solar\tenergy.moon\t100", "unknown sector \"energy.moon\""},
    {"closeness.tsv", "energy.solar\tenergy.wind\t1001", "not a number from 1 to 1000"},
    {"closeness.tsv", "energy.solar\tenergy.solar\t500", "related to itself"},
    {"closeness.tsv", "energy.storage\tenergy.solar\t500", "twice"},
    {"regions.tsv", "63\tTH-1\t-\tA\tB\tC", "neither in KH nor in CA"},
    {"regions.tsv", "63\tKH-1\t-\tA\tB\tC", "twice"},
    {"tongues.tsv", "english\tEnglish\tanglais\tE", "not an ISO 639-3 code"},
    {"kinds.tsv", "barter\tBarter\tTroc\tB", "unknown kind"},
    {"levels.tsv", "basic\tbasic\tnotions\tB", "twice"},
    {"weights.tsv", "total.luck\t1\tno", "unknown weight"},
    {"weights.tsv", "total.need\t1\tno", "twice"},
    {"meets.tsv", "offer\tgoods\tseek\tgoods\t5", "twice"},
    {"meets.tsv", "wish\tgoods\tseek\tgoods\t5", "unknown side or kind"},
    {"lexicon.tsv", "topic\ttulip\tflowers\ttulip\ttulipe\t=", "unknown sector \"flowers\""},
    {"lexicon.tsv", "topic\ttulip\t-\ttulip\ttulipe\t=", "a topic needs a sector"},
    {"lexicon.tsv", "idea\ttulip\tenergy\ttulip\ttulipe\t=", "unknown class"},
    {"lexicon.tsv", "topic\trice\tenergy\trice\triz\t=", "twice"},
    {"lexicon.tsv", "topic\ttulip\tenergy\t=\ttulipe\t=", "no English words"},
    {"lexicon.tsv", "topic\ttulip\tenergy\ta\ttulipe\t=", "too short"},
    {"messages.eng.tsv", "need.wonder\tWhat?", "unknown message"},
    {"messages.fra.tsv", "need.more\tEncore {count}", "twice"},
};

static void refuses_mistakes_and_says_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        char err[512] = "";
        const struct mistake *x = &mistakes[i];
        assert_int_equal(load_with(x->table, x->line, err, sizeof err), -1);
        if (strstr(err, x->says) == NULL || strstr(err, x->table) == NULL ||
            strstr(err, ".tsv:") == NULL)
            fail_msg("%s: \"%s\" gives \"%s\"", x->table, x->line, err);
    }
}

/* Loads a copy in which table `name` is `text` alone. */
static void load_text(const char *name, const char *text, const char *says)
{
    char dir[] = "/tmp/spean-model-XXXXXX", path[1024], err[512] = "";
    struct model *m = NULL;
    assert_non_null(mkdtemp(dir));
    each_table(SOURCE, dir);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(model_load(dir, &m, err, sizeof err), -1);
    if (strstr(err, says) == NULL)
        fail_msg("%s gives \"%s\"", name, err);
    each_table(NULL, dir);
    rmdir(dir);
}

static void refuses_what_is_missing(void **state)
{
    (void)state;
    load_text("sectors.tsv", "", "no sectors");
    load_text("weights.tsv", "total.need\t6400\tx\n", "is missing");
    load_text("kinds.tsv", "goods\tGoods\tBiens\tG\n", "services is missing");
    load_text("levels.tsv", "basic\tbasic\tnotions\tB\n", "working is missing");
    load_text("messages.khm.tsv", "need.more\t{count}\n", "is missing");
    load_text("messages.khm.tsv", "need.more\t{number}\n", "no {number}");
    load_text("messages.khm.tsv", "need.more\t{count\n", "a brace without its partner");
    load_text("messages.khm.tsv", "need.more\tcount}\n", "a brace without its partner");
    load_text("messages.khm.tsv",
              "need.more\t{count}{count}{count}{count}{count}{count}{count}{count}{count}{count}"
              "{count}{count}{count}\n",
              "more than 12 placeholders");
}

static void names_the_missing_file(void **state)
{
    (void)state;
    struct model *m = NULL;
    char err[512] = "";
    assert_int_equal(model_load("/nonexistent", &m, err, sizeof err), -1);
    assert_non_null(strstr(err, "/nonexistent/sectors.tsv"));
    assert_null(m);
    model_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_what_is_shipped),
        cmocka_unit_test(names_everything_in_three_languages),
        cmocka_unit_test(refuses_mistakes_and_says_where),
        cmocka_unit_test(refuses_what_is_missing),
        cmocka_unit_test(names_the_missing_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
