#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app.h"
#include "settings.h"

/* A directory for the user's configuration, and an app whose messages can be read. */
struct world {
    char dir[64];
    struct app app;
    char *said;
    size_t said_len;
    char err[500];
};

static const char *const variables[] = {"SPEAN_SERVER", "SPEAN_TOKEN", "XDG_CONFIG_HOME",
                                        "HOME",         "LC_ALL",      "LC_MESSAGES",
                                        "LANG",         "COLUMNS"};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        unsetenv(variables[i]);
    strcpy(w->dir, "/tmp/spean-settings-XXXXXX");
    if (!mkdtemp(w->dir))
        return -1;
    setenv("XDG_CONFIG_HOME", w->dir, 1);
    w->app.out = tmpfile();
    w->app.err = open_memstream(&w->said, &w->said_len);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    char command[128];
    int r;

    app_done(&w->app);
    fclose(w->app.out);
    fclose(w->app.err);
    free(w->said);
    snprintf(command, sizeof(command), "rm -r %s", w->dir);
    r = system(command);
    free(w);
    return r;
}

static void put(const struct world *w, const char *name, const char *text, mode_t mode)
{
    char path[200];
    FILE *f;

    snprintf(path, sizeof(path), "%s/spean", w->dir);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/%s", w->dir, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    chmod(path, mode);
}

/* Loads with up to two words of options. */
static int load(struct world *w, const char *one, const char *two)
{
    char a[200], b[200], *argv[] = {a, b};
    struct args args;

    snprintf(a, sizeof(a), "%s", one ? one : "");
    snprintf(b, sizeof(b), "%s", two ? two : "");
    assert_int_equal(args_parse(&args, (one != NULL) + (two != NULL), argv, common_options, NULL,
                                false, NULL, w->err, sizeof(w->err)),
                     0);
    return settings_load(&w->app, &args, w->err, sizeof(w->err));
}

static void test_presets(void **state)
{
    struct world *w = *state;

    assert_int_equal(load(w, NULL, NULL), 0);
    assert_true(w->app.loaded);
    assert_string_equal(w->app.server, "unix:/run/spean/speand.sock");
    assert_null(w->app.token);
    assert_string_equal(w->app.lang, "eng");
    assert_int_equal(w->app.timeout_ms, 30000);
    assert_int_equal(w->app.style.format, FORMAT_PLAIN);
    assert_false(w->app.style.colour);
}

static void test_order_of_server(void **state)
{
    struct world *w = *state;

    put(w, "spean/spean.conf", "[client]\nserver = tcp:file:1\ntimeout = 5s\nformat = csv\n", 0600);
    assert_int_equal(load(w, NULL, NULL), 0);
    assert_string_equal(w->app.server, "tcp:file:1");
    assert_int_equal(w->app.timeout_ms, 5000);
    assert_int_equal(w->app.style.format, FORMAT_CSV);
    setenv("SPEAN_SERVER", "tcp:environment:1", 1);
    assert_int_equal(load(w, "--format", "json"), 0);
    assert_string_equal(w->app.server, "tcp:environment:1");
    assert_int_equal(w->app.style.format, FORMAT_JSON);
    assert_int_equal(load(w, "--server=tcp:option:1", NULL), 0);
    assert_string_equal(w->app.server, "tcp:option:1");
    setenv("SPEAN_SERVER", "", 1); /* empty is not set */
    assert_int_equal(load(w, NULL, NULL), 0);
    assert_string_equal(w->app.server, "tcp:file:1");
}

static void test_home(void **state)
{
    struct world *w = *state;
    char dir[100];

    unsetenv("XDG_CONFIG_HOME");
    setenv("HOME", w->dir, 1);
    snprintf(dir, sizeof(dir), "%s/.config", w->dir);
    mkdir(dir, 0700);
    snprintf(dir, sizeof(dir), "%s/.config/spean", w->dir);
    mkdir(dir, 0700);
    put(w, ".config/spean/spean.conf", "[client]\nserver = tcp:home:1\n", 0600);
    assert_int_equal(load(w, NULL, NULL), 0);
    assert_string_equal(w->app.server, "tcp:home:1");
}

static void test_bad_configuration(void **state)
{
    static const char *const bad[] = {"[client]\nservre = x\n", "[nobody]\n",
                                      "server = x\n",           "[client]\ntimeout = soon\n",
                                      "[client]\nlang = tlh\n", "[client]\nformat = xml\n"};
    struct world *w = *state;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        put(w, "spean/spean.conf", bad[i], 0600);
        w->err[0] = '\0';
        if (load(w, NULL, NULL) == 0)
            fail_msg("taken: %s", bad[i]);
        assert_true(w->err[0] != '\0');
    }
    /* A file that was asked for must be there. */
    assert_int_equal(load(w, "--config", "/nonexistent.conf"), -1);
}

static void test_token(void **state)
{
    struct world *w = *state;
    char text[300], path[100];

    put(w, "token", "  spean_abc \n", 0600);
    snprintf(path, sizeof(path), "%s/token", w->dir);
    snprintf(text, sizeof(text), "[client]\ntoken_file = %s\n", path);
    put(w, "spean/spean.conf", text, 0600);
    assert_int_equal(load(w, NULL, NULL), 0);
    assert_string_equal(w->app.token, "spean_abc");
    setenv("SPEAN_TOKEN", "spean_environment", 1);
    assert_int_equal(load(w, NULL, NULL), 0);
    assert_string_equal(w->app.token, "spean_environment");
    assert_int_equal(load(w, "--token-file", path), 0);
    assert_string_equal(w->app.token, "spean_abc");
    fflush(w->app.err);
    assert_int_equal(w->said_len, 0);
    chmod(path, 0640);
    assert_int_equal(load(w, "--token-file", path), 0);
    fflush(w->app.err);
    assert_non_null(strstr(w->said, "others can read"));
    put(w, "token", " \n", 0600);
    assert_int_equal(load(w, "--token-file", path), -1);
    assert_int_equal(load(w, "--token-file", "/nonexistent"), -1);
}

static void test_language(void **state)
{
    static const struct {
        const char *name, *value, *lang;
    } cases[] = {
        {"LANG", "fr_CA.UTF-8", "fra"},  {"LANG", "C.UTF-8", "eng"},
        {"LC_MESSAGES", "km_KH", "khm"}, {"LC_MESSAGES", "de_DE", "eng"},
        {"LC_ALL", "fr", "fra"},         {"LC_ALL", "C", "eng"},
        {"LC_ALL", "", "eng"},           {"LC_MESSAGES", "km@latin", "khm"},
        {"LC_MESSAGES", "kmx", "eng"},
    };
    struct world *w = *state;

    setenv("LANG", "en_US", 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        setenv(cases[i].name, cases[i].value, 1);
        assert_int_equal(load(w, NULL, NULL), 0);
        assert_string_equal(w->app.lang, cases[i].lang);
    }
    assert_int_equal(load(w, "--lang", "khm"), 0);
    assert_string_equal(w->app.lang, "khm");
}

static void test_columns(void **state)
{
    struct world *w = *state;

    setenv("COLUMNS", "72", 1);
    assert_int_equal(load(w, NULL, NULL), 0);
    assert_int_equal(w->app.style.columns, 72);
    setenv("COLUMNS", "nonsense", 1);
    assert_int_equal(load(w, NULL, NULL), 0);
    assert_int_equal(w->app.style.columns, 0); /* not a terminal: no limit */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_presets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order_of_server, setup, teardown),
        cmocka_unit_test_setup_teardown(test_home, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_configuration, setup, teardown),
        cmocka_unit_test_setup_teardown(test_token, setup, teardown),
        cmocka_unit_test_setup_teardown(test_language, setup, teardown),
        cmocka_unit_test_setup_teardown(test_columns, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
