#include "cmocka_all.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "complete.h"
#include "shell_line.h"

/* The candidates for a line (its end is the unfinished word) with a blank after each. */
static char *candidates(const char *line)
{
    static char text[4000];
    char *copy = strdup(line), *words[20], *next = copy;
    json_t *found;
    size_t n = 0;

    while (next)
        words[n++] = strsep(&next, " ");
    found = complete_words(n, words);
    text[0] = '\0';
    for (size_t i = 0; i < json_array_size(found); i++) {
        strcat(text, json_string_value(json_array_get(found, i)));
        strcat(text, " ");
    }
    json_decref(found);
    free(copy);
    return text;
}

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(candidates("comp"), "company ");
    assert_non_null(strstr(candidates(""), "match "));
    assert_string_equal(candidates("company "), "get list search edit archive confirm erase ");
    assert_string_equal(candidates("company e"), "edit erase ");
    assert_string_equal(candidates("--format json company se"), "search ");
    assert_string_equal(candidates("company --lang khm arch"), "archive ");
    assert_string_equal(candidates("match --ki"), "--kind ");
    assert_string_equal(candidates("match --kind j"), "joint-venture ");
    assert_string_equal(candidates("match x --kind "),
                        "goods services technology capital training distribution joint-venture "
                        "research ");
    assert_string_equal(candidates("-f t"), "table ");
    assert_string_equal(candidates("token create --role in"), "integration ");
    /* A company, a file, a number: anything. */
    assert_string_equal(candidates("match "), "");
    assert_string_equal(candidates("import "), "");
    assert_string_equal(candidates("match --limit "), "");
    assert_string_equal(candidates("nonsense "), "");
}

static void shell(const char *line, const char *more, const char *choices)
{
    char *got_choices = NULL, *got = shell_complete(line, strlen(line), &got_choices);

    assert_string_equal(got, more);
    if (choices)
        assert_string_equal(got_choices, choices);
    free(got);
    free(got_choices);
}

static void test_shell(void **state)
{
    (void)state;
    shell("comp", "any ", NULL);
    shell("company a", "rchive ", "archive");
    shell("token ", "", "create  list  revoke");
    shell("co", "mpany ", NULL);
    shell("company s", "earch ", NULL);
    shell("match --re", "gion ", NULL);
    shell("status --lang f", "ra ", NULL);
    shell("ex", "p", "export  explain");
    shell("zzz", "", "");
}

/* The table itself: every command says what it does, and can be found. */
static void test_table(void **state)
{
    const struct command *c;

    (void)state;
    for (size_t i = 0; (c = command_at(i)); i++) {
        assert_ptr_equal(command_find(c->noun, c->verb), c);
        assert_true(strlen(c->summary) > 10);
        assert_non_null(c->words);
        assert_non_null(c->run);
        for (const struct option_entry *o = c->options; o && o->name; o++) {
            assert_true(o->help && *o->help);
            for (const struct option_entry *k = common_options; k->name; k++) {
                assert_string_not_equal(o->name, k->name);
                assert_false(o->letter && o->letter == k->letter);
            }
        }
    }
    assert_null(command_find("company", NULL));
    assert_null(command_find("company", "nope"));
    assert_null(command_find("match", "get"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_shell),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
