#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <spean/file.h>
#include <stdlib.h>
#include <string.h>

static struct config *parse(const char *text)
{
    struct config *c = NULL;
    char err[256] = "";

    if (config_parse(text, NULL, 0, &c, err, sizeof err) != 0)
        fail_msg("%s", err);
    return c;
}

static void refused(const char *text, const char *says)
{
    struct config *c = NULL;
    char err[256] = "";

    assert_int_equal(config_parse(text, NULL, 0, &c, err, sizeof err), -1);
    assert_null(c);
    if (strstr(err, says) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err, says);
}

/* The figures of the protocol document. */
static void defaults_are_the_contract(void **state)
{
    struct config *c = parse("");
    struct net_limits net = config_net_limits(c);
    struct rpc_limits rpc = config_rpc_limits(c);

    (void)state;
    assert_string_equal(c->listen.tcp, "127.0.0.1:8551");
    assert_int_equal(net.line, 1 << 20);
    assert_int_equal(net.line_anonymous, 64 << 10);
    assert_int_equal(net.output, 1 << 20);
    assert_int_equal(net.in_flight, 64);
    assert_int_equal(net.connections, 10000);
    assert_int_equal(net.idle_ms, 300000);
    assert_int_equal(net.stall_ms, 60000);
    assert_int_equal(rpc.depth, 32);
    assert_int_equal(rpc.elements, 32768);
    assert_int_equal(rpc.batch, 100);
    assert_int_equal(c->limits.request, 5000);
    assert_int_equal(c->limits.idempotency, 86400000);
    assert_int_equal(c->daemon.workers, 1);
    assert_int_equal(c->staff, (gid_t)-1);
    assert_int_equal(c->mode, 0666);
    /* Of the tree that this lies in, as build/tests does; build/PRESET/tests is too deep. */
    if (strcmp(c->daemon.model_dir, SPEAN_SOURCE_DIR "/conf/model") == 0) {
        assert_string_equal(c->daemon.sql_dir, SPEAN_SOURCE_DIR "/sql");
    } else {
        assert_string_equal(c->daemon.model_dir, SPEAN_DATA_DIR "/model");
        assert_string_equal(c->daemon.sql_dir, SPEAN_DATA_DIR "/sql");
    }
    config_free(c);
}

static void what_is_set_is_taken(void **state)
{
    static const char *const settings[] = {"limits.batch=7", "listen.tcp=[::1]:0",
                                           "database.conninfo=host=/tmp dbname=x"};
    struct config *c = NULL;
    char err[256];

    (void)state;
    assert_int_equal(
        config_parse("[limits]\nbatch = 5\nline = 2m\n[listen]\nunix =\n"
                     "unix_mode = 0660\nstaff_group = root\n[daemon]\nlog_level = debug\n",
                     settings, 3, &c, err, sizeof err),
        0);
    assert_int_equal(c->limits.batch, 7); /* settings come after the file */
    assert_int_equal(c->limits.line, 2 << 20);
    assert_string_equal(c->listen.tcp, "[::1]:0");
    assert_string_equal(c->listen.path, "");
    assert_string_equal(c->database.conninfo, "host=/tmp dbname=x");
    assert_int_equal(c->mode, 0660);
    assert_int_equal(c->staff, 0);
    assert_int_equal(c->level, LOG_LEVEL_DEBUG);
    config_free(c);
}

/* What this processor lacks is refused; what it has is taken. */
static void a_kernel_has_to_run_here(void **state)
{
    static const char *const names[] = {"auto", "scalar", "avx2", "avx512"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[64];
        struct config *c = NULL;
        char err[256] = "";
        enum index_kernel which;

        snprintf(text, sizeof text, "[daemon]\nkernel = %s\n", names[i]);
        assert_int_equal(index_kernel_parse(names[i], &which), 0);
        if (!index_kernel_runs(which)) {
            refused(text, "this processor has no");
            continue;
        }
        assert_int_equal(config_parse(text, NULL, 0, &c, err, sizeof err), 0);
        assert_int_equal(c->kernel, which);
        config_free(c);
    }
}

static void bad_values_are_named(void **state)
{
    (void)state;
    refused("[listen]\ntcp = example.org:8551\n", "numeric address");
    refused("[listen]\ntcp = 127.0.0.1\n", "numeric address");
    refused("[listen]\ntcp = 0.0.0.0:8551\n", "insecure_remote_without_tls");
    refused("[listen]\nunix = run/s\n", "absolute");
    refused("[listen]\nunix_mode = 0999\n", "octal");
    refused("[listen]\nunix_mode = 4666\n", "octal");
    refused("[listen]\nstaff_group = no-such-group-here\n", "no group");
    refused("[database]\nconninfo = dbname='open\n", "connection string");
    refused("[database]\npool = 0\n", "line 2");
    refused("[daemon]\nlog_level = loud\n", "log_level");
    refused("[daemon]\nkernel = mmx\n", "\"mmx\" is not auto, scalar, avx2 or avx512");
    refused("[daemon]\nworkers = 65\n", "line 2");
    refused("[limits]\nline = 1\n", "line 2");
    refused("[limits]\nline = many\n", "line 2");
    refused("[limits]\nidle = 300\n", "line 2");
    refused("[limits]\nin_flight = -1\n", "line 2");
    refused("[limits]\nno_such = 1\n", "no_such");
    refused("[nowhere]\nline = 1m\n", "line 1");
    refused("[limits]\nline\n", "line 2");
}

static void options_are_looked_at_together(void **state)
{
    (void)state;
    refused("[limits]\nline = 8k\nline_anonymous = 16k\n", "line_anonymous");
    refused("[limits]\noutput = 8k\noutput_mark = 16k\n", "output_mark");
    refused("[limits]\nbuffers = 1m\n", "buffers");
    config_free(parse("[listen]\ntcp = 0.0.0.0:8551\ninsecure_remote_without_tls = yes\n"));
}

static void settings_have_a_form(void **state)
{
    static const char *const bad[] = {"limits",        "limits.line", "=",
                                      "limits=line.x", ".=",          "limits.nothing=1"};
    struct config *c = NULL;
    char err[256];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(config_parse("", &bad[i], 1, &c, err, sizeof err), -1);
        assert_null(c);
    }
}

static void a_secret_is_not_repeated(void **state)
{
    struct config *c = NULL;
    char err[256];

    (void)state;
    assert_int_equal(
        config_parse("[database]\nconninfo = password=hush user\n", NULL, 0, &c, err, sizeof err),
        -1);
    assert_null(strstr(err, "hush"));
}

/* The file that is installed is the table's print: no option is missing there, none is made up. */
static void installed_file_is_the_table(void **state)
{
    char *printed = NULL, *file = NULL, *open;
    size_t len = 0, file_len = 0;
    FILE *out = open_memstream(&printed, &len);
    const struct opt *options;
    size_t count;

    (void)state;
    assert_non_null(out);
    config_print(out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(file_read(SPEAN_SOURCE_DIR "/conf/speand.conf", 1 << 20, &file, &file_len), 0);
    assert_string_equal(file, printed);
    config_free(parse(printed));
    /* With the marks before the options taken away it is a valid file of all of them. */
    for (open = printed; (open = strstr(open, "\n#")) != NULL; open++)
        if (open[2] != ' ')
            open[1] = ' ';
    options = config_options(&count);
    for (size_t i = 0; i < count; i++) {
        char line[64];

        assert_true(strlen(options[i].help) > 10);
        snprintf(line, sizeof line, "\n %s =", options[i].name);
        assert_non_null(strstr(printed, line));
    }
    for (open = printed; (open = strstr(open, "\n ")) != NULL; open++)
        memmove(open + 1, open + 2, strlen(open + 1));
    config_free(parse(printed));
    free(printed);
    free(file);
}

struct changes {
    char live[256], other[256];
};

static void note(void *ctx, const struct opt *o, bool live)
{
    struct changes *ch = ctx;
    char *into = live ? ch->live : ch->other;

    strcat(into, o->name);
    strcat(into, " ");
}

static void changes_are_told_apart(void **state)
{
    struct config *a = parse("");
    struct config *b =
        parse("[limits]\nline = 2m\nrequest_timeout = 6s\n[daemon]\n"
              "log_level = warn\nworkers = 2\n[listen]\ninsecure_remote_without_tls = yes\n");
    struct changes ch = {{0}, {0}};

    (void)state;
    config_compare(a, b, note, &ch);
    assert_string_equal(ch.live, "log_level line ");
    assert_string_equal(ch.other, "insecure_remote_without_tls workers request_timeout ");
    config_free(a);
    config_free(b);
}

static void files_are_read(void **state)
{
    struct config *c = NULL;
    char err[256];

    (void)state;
    assert_int_equal(config_load("/nonexistent/speand.conf", NULL, 0, &c, err, sizeof err), -1);
    assert_non_null(strstr(err, "/nonexistent/speand.conf"));
    assert_int_equal(config_load("/", NULL, 0, &c, err, sizeof err), -1);
    assert_int_equal(
        config_load(SPEAN_SOURCE_DIR "/conf/speand.conf", NULL, 0, &c, err, sizeof err), 0);
    config_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_contract),
        cmocka_unit_test(what_is_set_is_taken),
        cmocka_unit_test(a_kernel_has_to_run_here),
        cmocka_unit_test(bad_values_are_named),
        cmocka_unit_test(options_are_looked_at_together),
        cmocka_unit_test(settings_have_a_form),
        cmocka_unit_test(a_secret_is_not_repeated),
        cmocka_unit_test(installed_file_is_the_table),
        cmocka_unit_test(changes_are_told_apart),
        cmocka_unit_test(files_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
