#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spean/ini.h>

struct conf {
    char *host;
    char *note;
    int64_t port;
    int64_t line;
    int64_t idle;
    bool tls;
};

#define OPT(section, name, type, preset, min, max)                                                 \
    {                                                                                              \
        section, #name, type, offsetof(struct conf, name), preset, min, max, "Help."               \
    }

static const struct opt opts[] = {
    OPT("net", host, OPT_STRING, "localhost", 0, 0),
    OPT("net", port, OPT_INT, "8551", 0, 65535),
    OPT("net", tls, OPT_BOOL, "no", 0, 0),
    OPT("limits", line, OPT_BYTES, "1m", 1024, 16777216),
    OPT("limits", idle, OPT_MS, "5min", 0, 86400000),
    OPT("limits", note, OPT_STRING, "", 0, 0),
};
#define N (sizeof(opts) / sizeof(*opts))

static int conf_init(void **state)
{
    struct conf *c = calloc(1, sizeof(*c));

    *state = c;
    return c ? opts_default(opts, N, c) : -1;
}

static int conf_done(void **state)
{
    opts_done(opts, N, *state);
    opts_done(opts, N, *state); /* twice is safe */
    free(*state);
    return 0;
}

static void assert_read(struct conf *c, const char *text)
{
    char err[200] = "";

    if (opts_read(opts, N, c, text, err, sizeof(err)) != 0)
        fail_msg("refused: %s", err);
}

static void assert_refused(struct conf *c, const char *text, const char *want)
{
    char err[200] = "";

    if (opts_read(opts, N, c, text, err, sizeof(err)) != -1)
        fail_msg("took: %s", text);
    if (strncmp(err, want, strlen(want)) != 0)
        fail_msg("\"%s\" for: %s", err, text);
}

static void defaults_are_parsed_like_values(void **state)
{
    struct conf *c = *state;

    assert_string_equal(c->host, "localhost");
    assert_int_equal(c->port, 8551);
    assert_int_equal(c->line, 1048576);
    assert_int_equal(c->idle, 300000);
    assert_false(c->tls);
    assert_string_equal(c->note, "");
}

static void reads_every_type_and_unit(void **state)
{
    struct conf *c = *state;

    assert_read(
        c, "\xef\xbb\xbf# a comment\r\n[net]\r\nhost = ស្ពាន.example ; here\r\nport=0\ntls: yes\n"
           "[limits]\nline = 64k\nidle=90s\n; done");
    assert_string_equal(c->host, "ស្ពាន.example");
    assert_int_equal(c->port, 0);
    assert_true(c->tls);
    assert_int_equal(c->line, 65536);
    assert_int_equal(c->idle, 90000);
    assert_read(c, "[limits]\nline = 2048\nidle = 250ms\n[net]\ntls=off\n");
    assert_int_equal(c->line, 2048);
    assert_int_equal(c->idle, 250);
    assert_false(c->tls);
    assert_read(c, "[limits]\nidle = 0\n");
    assert_int_equal(c->idle, 0);
    assert_read(c, "[limits]\nidle = 1d\n");
    assert_int_equal(c->idle, 86400000);
    assert_read(c, "");
}

static void an_indented_line_goes_on(void **state)
{
    struct conf *c = *state;

    assert_read(c, "[limits]\nnote = one\n  two\n\tthree\n");
    assert_string_equal(c->note, "one two three");
    /* the first one under a header is an option of its own */
    assert_read(c, "[limits]\n  note = four\n");
    assert_string_equal(c->note, "four");
    assert_refused(c, "[net]\nport = 1\n  2\n", "line 3: indented");
}

static void errors_name_their_line(void **state)
{
    struct conf *c = *state;

    assert_refused(c, "[net]\nport = 8551\nprot = 1\n", "line 3: no option \"prot\" in [net]");
    assert_refused(c, "port = 1\n", "line 1: no option \"port\" in []");
    assert_refused(c, "\n\n[nets]\n", "line 3: an unknown section");
    assert_refused(c, "[ne]\n", "line 1: an unknown section");
    assert_refused(c, "[net\nport = 1\n", "line 1: a section that is not closed");
    assert_refused(c, "[net]\nport\n", "line 2: neither");
    assert_refused(c, "[net]\nport = \n", "line 2: port wants a whole number");
    assert_refused(c, "[net]\nport = 65536\n", "line 2: port must be from 0 to 65535");
    assert_refused(c, "[net]\nport = -1\n", "line 2: port must be");
    assert_refused(c, "[net]\nport = 0x10\n", "line 2: port wants");
    assert_refused(c, "[net]\nport = 1k\n", "line 2: port wants");
    assert_refused(c, "[net]\nport = 99999999999999999999\n", "line 2: port wants");
    assert_refused(c, "[net]\ntls = maybe\n", "line 2: tls wants yes or no");
    assert_refused(c, "[net]\nhost = \xff\n", "line 2: host wants text");
    assert_refused(c, "[limits]\nline = 1t\n", "line 2: line wants");
    assert_refused(c, "[limits]\nline = 9223372036854775807g\n", "line 2: line wants");
    assert_refused(c, "[limits]\nline = 100\n", "line 2: line must be from 1024");
    assert_refused(c, "[limits]\nidle = 5\n", "line 2: idle wants a duration");
    assert_refused(c, "[limits]\nidle = 5 s\n", "line 2: idle wants a duration");
    assert_refused(c, "[limits]\nidle = -5s\n", "line 2: idle must be");
}

/* inih reads lines of 200 bytes; a longer one must be refused, never silently cut in two. */
static void a_long_line_is_refused_not_cut(void **state)
{
    struct conf *c = *state;
    char text[400], value[300];

    for (int n = 150; n < 290; n++) {
        char err[200];

        memset(value, 'v', sizeof(value));
        value[n] = '\0';
        snprintf(text, sizeof(text), "[limits]\nnote = %s\n", value);
        if (opts_read(opts, N, c, text, err, sizeof(err)) == 0)
            assert_string_equal(c->note, value);
        else
            assert_memory_equal(err, "line 2: too long", 16);
    }
}

/* The first error is told, and nothing after it is applied. */
static void reading_stops_at_the_first_error(void **state)
{
    struct conf *c = *state;

    assert_refused(c, "[net]\nport = 1\ntls = what\nport = x\nhost = other\n", "line 3: tls");
    assert_int_equal(c->port, 1);
    assert_string_equal(c->host, "localhost");
}

static void a_default_out_of_bounds_is_found(void **state)
{
    static const struct opt bad[] = {OPT("net", host, OPT_STRING, "kept", 0, 0),
                                     OPT("net", port, OPT_INT, "70000", 0, 65535)};
    struct conf c;

    (void)state;
    assert_int_equal(opts_default(bad, 2, &c), -1);
    opts_done(bad, 2, &c);
}

static void sets_one(void **state)
{
    struct conf *c = *state;
    char err[10];

    assert_int_equal(opts_set(opts, N, c, "net", "port", "99", err, sizeof(err)), 0);
    assert_int_equal(c->port, 99);
    assert_int_equal(opts_set(opts, N, c, "net", "porter", "99", err, sizeof(err)), -1);
    assert_string_equal(err, "no option");
}

#define WITH_CONF(test) cmocka_unit_test_setup_teardown(test, conf_init, conf_done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CONF(defaults_are_parsed_like_values),
        WITH_CONF(reads_every_type_and_unit),
        WITH_CONF(an_indented_line_goes_on),
        WITH_CONF(errors_name_their_line),
        WITH_CONF(a_long_line_is_refused_not_cut),
        WITH_CONF(reading_stops_at_the_first_error),
        cmocka_unit_test(a_default_out_of_bounds_is_found),
        WITH_CONF(sets_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
