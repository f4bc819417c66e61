#include "cmocka_all.h"

#include <string.h>

#include "address.h"

static struct address good(const char *text)
{
    struct address a = {0};
    char err[200] = "";

    if (address_parse(text, &a, err, sizeof(err)) < 0)
        fail_msg("%s: %s", text, err);
    return a;
}

static void test_unix(void **state)
{
    struct address a = good("unix:/run/spean/speand.sock");

    (void)state;
    assert_int_equal(a.kind, ADDRESS_UNIX);
    assert_string_equal(a.path, "/run/spean/speand.sock");
}

static void test_hosts(void **state)
{
    static const struct {
        const char *text;
        enum address_kind kind;
        const char *host, *port;
    } cases[] = {
        {"tcp:127.0.0.1:8551", ADDRESS_TCP, "127.0.0.1", "8551"},
        {"tcp:spean.example.org:1", ADDRESS_TCP, "spean.example.org", "1"},
        {"tcp:localhost", ADDRESS_TCP, "localhost", "8551"},
        {"tls:host:65535", ADDRESS_TLS, "host", "65535"},
        {"tls:host", ADDRESS_TLS, "host", "8552"},
        {"tcp:[::1]:99", ADDRESS_TCP, "::1", "99"},
        {"tcp:[fe80::1%eth0]", ADDRESS_TCP, "fe80::1%eth0", "8551"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct address a = good(cases[i].text);

        assert_int_equal(a.kind, cases[i].kind);
        assert_string_equal(a.host, cases[i].host);
        assert_string_equal(a.port, cases[i].port);
    }
}

static void test_bad(void **state)
{
    static const char *const bad[] = {
        "",          "/run/x",   "unix:",       "unix:relative",  "tcp:",       "tcp::8551",
        "tcp:h:",    "tcp:h:0",  "tcp:h:65536", "tcp:h:99999999", "tcp:h:-1",   "tcp:h:1x",
        "tcp:::1:1", "tcp:[::1", "tcp:[::1]8",  "tcp:[]:1",       "http://h:1", "tcp:h: 1",
    };
    char err[200], longer[400];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct address a = {.kind = ADDRESS_TLS, .host = "kept"};

        err[0] = '\0';
        if (address_parse(bad[i], &a, err, sizeof(err)) == 0)
            fail_msg("taken: %s", bad[i]);
        assert_true(err[0] != '\0');
        assert_string_equal(a.host, "kept"); /* untouched on failure */
    }
    memset(longer, 'a', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    memcpy(longer, "unix:/", 6);
    assert_int_equal(address_parse(longer, &(struct address){0}, err, sizeof(err)), -1);
    memcpy(longer, "tcp:aa", 6);
    assert_int_equal(address_parse(longer, &(struct address){0}, err, sizeof(err)), -1);
    longer[5 + 107] = '\0'; /* the longest path that a socket may have */
    memcpy(longer, "unix:/", 6);
    assert_int_equal(address_parse(longer, &(struct address){0}, err, sizeof(err)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unix),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
