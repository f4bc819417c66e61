#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spean/file.h>

#include "app.h"
#include "company_find.h"

/* Runs a command line with no daemon to be found; what was said is in *ret_said. */
static int run(const char *line, char **ret_out, char **ret_said)
{
    static char text[500];
    char *argv[40];
    size_t out_len, said_len;
    struct app app = {0};
    int argc = 0, r;

    snprintf(text, sizeof(text), "%s", line);
    for (char *s = strtok(text, " "); s; s = strtok(NULL, " "))
        argv[argc++] = s;
    app.out = open_memstream(ret_out, &out_len);
    app.err = open_memstream(ret_said, &said_len);
    r = command_run(&app, argc, argv);
    app_done(&app);
    fclose(app.out);
    fclose(app.err);
    return r;
}

static void expect(const char *line, int code, const char *out, const char *said)
{
    char *got_out = NULL, *got_said = NULL;
    int got = run(line, &got_out, &got_said);

    if (got != code || !strstr(got_out, out) || !strstr(got_said, said))
        fail_msg("%s: %d\n%s\n%s", line, got, got_out, got_said);
    free(got_out);
    free(got_said);
}

static void test_usage(void **state)
{
    (void)state;
    expect("", EXIT_USAGE, "", "usage: spean");
    expect("nope", EXIT_USAGE, "", "no command \"nope\"");
    expect("company", EXIT_USAGE, "", "company get");
    expect("company nope", EXIT_USAGE, "", "no command \"company nope\"");
    expect("company get", EXIT_USAGE, "", "something is missing");
    expect("company get a b", EXIT_USAGE, "", "too much");
    expect("company list --limit 0", EXIT_USAGE, "", "--limit");
    expect("match x --min-score 101", EXIT_USAGE, "", "--min-score");
    expect("match x --kind gold", EXIT_USAGE, "", "goods");
    expect("match x --nope", EXIT_USAGE, "", "--nope");
    expect("export --format table", EXIT_USAGE, "", "ndjson");
    expect("token create me", EXIT_USAGE, "", "--role");
    expect("company edit", EXIT_USAGE, "", "--new");
    expect("company edit x --new", EXIT_USAGE, "", "--new");
    expect("--server nowhere status", EXIT_USAGE, "", "bad server address");
    expect("--server tls:127.0.0.1:1 status", EXIT_NO_CONNECTION, "", "cannot connect");
    expect("--lang xx status", EXIT_USAGE, "", "eng, fra, khm");
}

static void test_no_connection(void **state)
{
    (void)state;
    expect("--server unix:/nonexistent/s status", EXIT_NO_CONNECTION, "", "/nonexistent/s");
    expect("match a:b --server unix:/nonexistent/s", EXIT_NO_CONNECTION, "", "/nonexistent/s");
}

static void test_help(void **state)
{
    const struct command *c;
    char line[200];

    (void)state;
    expect("--help", EXIT_DONE, "company search TEXT...", "");
    expect("help", EXIT_DONE, "Exit codes", "");
    expect("company --help", EXIT_DONE, "company archive", "");
    expect("help company edit", EXIT_DONE, "usage: spean company edit", "");
    for (size_t i = 0; (c = command_at(i)); i++) {
        snprintf(line, sizeof(line), "%s %s --help", c->noun, c->verb ? c->verb : "");
        expect(line, EXIT_DONE, c->summary, "");
    }
}

/* A command or an option that the manual does not know is not finished. */
static void test_manual(void **state)
{
    char *page, name[100];
    size_t len;
    const struct command *c;

    (void)state;
    assert_int_equal(file_read(SPEAN_SOURCE_DIR "/docs/man/spean.1", 1 << 20, &page, &len), 0);
    for (size_t i = 0; (c = command_at(i)); i++) {
        const char *at, *next;
        char *entry;

        snprintf(name, sizeof(name), ".It Ic %s%s%s", c->noun, c->verb ? " " : "",
                 c->verb ? c->verb : "");
        at = strstr(page, name);
        if (!at)
            fail_msg("the manual has no \"%s\"", name);
        next = strstr(at + 1, "\n.It Ic ");
        if (next && strncmp(next + 1, name, strlen(name)) == 0) /* two forms of one command */
            next = strstr(next + 1, "\n.It Ic ");
        entry = next ? strndup(at, (size_t)(next - at)) : strdup(at);
        for (const struct option_entry *o = c->options; o && o->name; o++) {
            snprintf(name, sizeof(name), "Fl -%s", o->name);
            if (!strstr(entry, name))
                fail_msg("the manual's entry of %s does not know --%s", c->noun, o->name);
        }
        free(entry);
    }
    for (const struct option_entry *o = common_options; o->name; o++) {
        snprintf(name, sizeof(name), "Fl -%s", o->name);
        assert_non_null(strstr(page, name));
    }
    free(page);
}

/* What a message holds cannot steer the terminal. */
static void test_messages_are_escaped(void **state)
{
    (void)state;
    expect("\033[2Jx", EXIT_USAGE, "", "\\x1B[2Jx");
}

static void test_company_words(void **state)
{
    size_t system = 0;

    (void)state;
    assert_int_equal(company_word("01a20bbc-d0f4-700e-b3d2-1056d538b6c4", &system), WORD_ID);
    assert_int_equal(company_word("salesforce:0015g00000XyZ", &system), WORD_EXTERNAL);
    assert_int_equal(system, 10);
    assert_int_equal(company_word("ca-registry:12:3", &system), WORD_EXTERNAL);
    assert_int_equal(system, 11);
    assert_int_equal(company_word("Angkor Rice", &system), WORD_NAME);
    assert_int_equal(company_word("ស្ពាន", &system), WORD_NAME);
    assert_int_equal(company_word("Acme: Rice", &system), WORD_NAME);
    assert_int_equal(company_word("Acme:", &system), WORD_NAME);
    assert_int_equal(company_word(":x", &system), WORD_NAME);
    assert_int_equal(company_word("Ltd. Mill: the best", &system), WORD_NAME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usage),
        cmocka_unit_test(test_no_connection),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_manual),
        cmocka_unit_test(test_messages_are_escaped),
        cmocka_unit_test(test_company_words),
    };
    setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
    unsetenv("SPEAN_SERVER");
    unsetenv("SPEAN_TOKEN");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
