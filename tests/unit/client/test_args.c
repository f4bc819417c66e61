#include "cmocka_all.h"

#include <stdio.h>
#include <string.h>

#include "args.h"

static const char *const colours[] = {"red", "green", NULL};
static const struct option_entry common[] = {
    {"help", 'h', NULL, NULL, "help"},
    {"colour", 'c', "COLOUR", colours, "colour"},
    {0},
};
static const struct option_entry own[] = {
    {"limit", 'n', "N", NULL, "limit"},
    {"all", 'a', NULL, NULL, "all"},
    {0},
};

/* Parses a line parted at blanks; the words live in a buffer of this function. */
static int parse(const char *line, struct args *ret, bool leading, int *ret_used, char *err)
{
    static char text[400];
    static char *argv[40];
    int argc = 0;

    snprintf(text, sizeof(text), "%s", line);
    for (char *s = strtok(text, " "); s; s = strtok(NULL, " "))
        argv[argc++] = s;
    return args_parse(ret, argc, argv, common, own, leading, ret_used, err, 200);
}

static void test_forms(void **state)
{
    static const char *const lines[] = {
        "x --limit 5 y -a", "--limit=5 x y --all", "-n 5 -a x y",
        "-an5 x y",         "-a x -n5 y",          "x -a --limit 7 y --limit 5",
    };
    char err[200];

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct args a;

        assert_int_equal(parse(lines[i], &a, false, NULL, err), 0);
        assert_int_equal(a.words, 2);
        assert_string_equal(a.word[0], "x");
        assert_string_equal(a.word[1], "y");
        assert_string_equal(args_get(&a, "limit"), "5");
        assert_true(args_has(&a, "all"));
        assert_false(args_has(&a, "help"));
        assert_null(args_get(&a, "colour"));
    }
}

static void test_words_that_look_like_options(void **state)
{
    char err[200];
    struct args a;

    (void)state;
    assert_int_equal(parse("- -a -- -a --limit", &a, false, NULL, err), 0);
    assert_int_equal(a.options, 1);
    assert_int_equal(a.words, 3);
    assert_string_equal(a.word[0], "-");
    assert_string_equal(a.word[1], "-a");
    assert_string_equal(a.word[2], "--limit");
}

static void test_leading(void **state)
{
    char err[200];
    struct args a;
    int used;

    (void)state;
    assert_int_equal(parse("-c red company --all", &a, true, &used, err), 0);
    assert_int_equal(used, 2);
    assert_string_equal(args_get(&a, "colour"), "red");
    assert_int_equal(a.words, 0);
}

static void test_refused(void **state)
{
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"--nope", "--nope"},     {"-z", "-z"},         {"--limit", "--limit"},
        {"-n", "--limit"},        {"--all=1", "--all"}, {"--colour blue", "red, green"},
        {"-cblue", "red, green"}, {"--lim 5", "--lim"},
    };
    char err[200];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct args a;

        if (parse(cases[i].line, &a, false, NULL, err) == 0)
            fail_msg("taken: %s", cases[i].line);
        if (!strstr(err, cases[i].says))
            fail_msg("%s: \"%s\"", cases[i].line, err);
    }
}

static void test_too_many(void **state)
{
    char *argv[ARGS_OPTIONS_MAX + 1], flag[] = "-a", err[200];
    struct args a;

    (void)state;
    for (int i = 0; i <= ARGS_OPTIONS_MAX; i++)
        argv[i] = flag;
    assert_int_equal(args_parse(&a, ARGS_OPTIONS_MAX, argv, common, own, false, NULL, err, 200), 0);
    assert_int_equal(args_parse(&a, ARGS_OPTIONS_MAX + 1, argv, common, own, false, NULL, err, 200),
                     -1);
}

static void test_int(void **state)
{
    static const char *const bad[] = {"-n 0",  "-n 11",    "-n x",
                                      "-n 5x", "--limit=", "-n 99999999999999999999"};
    char err[200];
    struct args a;
    int64_t n = 77;

    (void)state;
    assert_int_equal(parse("-n 10", &a, false, NULL, err), 0);
    assert_int_equal(args_int(&a, "limit", 1, 10, 3, &n, err, sizeof(err)), 0);
    assert_int_equal(n, 10);
    assert_int_equal(parse("", &a, false, NULL, err), 0);
    assert_int_equal(args_int(&a, "limit", 1, 10, 3, &n, err, sizeof(err)), 0);
    assert_int_equal(n, 3);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(parse(bad[i], &a, false, NULL, err), 0);
        assert_int_equal(args_int(&a, "limit", 1, 10, 3, &n, err, sizeof(err)), -1);
        assert_int_equal(n, 3);
        assert_non_null(strstr(err, "1 to 10"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),    cmocka_unit_test(test_words_that_look_like_options),
        cmocka_unit_test(test_leading),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_too_many), cmocka_unit_test(test_int),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
