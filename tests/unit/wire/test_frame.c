#include "help.h"

#include <spean/frame.h>

/* What a stream is cut into: lengths of lines, then how it ended. */
struct cut {
    size_t lines[16];
    size_t count;
    enum frame_result end;
};

/* Feeds the stream in chunks of `step` bytes, as a connection does. */
static struct cut feed(const char *stream, size_t len, size_t limit, size_t step)
{
    struct cut cut = {.end = FRAME_MORE};
    struct frame f;
    size_t at = 0;

    frame_init(&f, limit);
    while (at < len) {
        size_t chunk = len - at < step ? len - at : step, line, before = f.seen;
        enum frame_result r = frame_scan(&f, stream + at, chunk, &line);

        if (r == FRAME_TOO_LONG) {
            cut.end = r;
            return cut;
        }
        if (r == FRAME_MORE) {
            at += chunk;
            continue;
        }
        at += line - before + 1;
        assert_int_equal(f.seen, 0);
        cut.lines[cut.count++] = line;
    }
    return cut;
}

static void test_one_line(void **state)
{
    struct cut cut = feed("abc\n", 4, 10, 100);

    (void)state;
    assert_int_equal(cut.count, 1);
    assert_int_equal(cut.lines[0], 3);
    assert_int_equal(cut.end, FRAME_MORE);
}

static void test_empty_lines(void **state)
{
    struct cut cut = feed("\n\r\n\n", 4, 0, 100);

    (void)state;
    assert_int_equal(cut.count, 3);
    assert_int_equal(cut.lines[1], 1);
    assert_int_equal(frame_trim("\r", 1), 0);
}

/* However the bytes arrive, the lines are the same. */
static void test_any_chunks(void **state)
{
    static const char *const streams[] = {
        "one\ntwo\r\nthree\n",
        "12345\n12345\r\n123456\n",
        "12345\r\r\n",
        "\r\n\r\n",
        "no end",
        "123456",
        "12345\rx\nnext\n",
        "a\n\n\nb\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
        size_t len = strlen(streams[i]);
        struct cut whole = feed(streams[i], len, 5, len);

        for (size_t step = 1; step < len; step++) {
            struct cut parts = feed(streams[i], len, 5, step);
            assert_int_equal(parts.count, whole.count);
            assert_int_equal(parts.end, whole.end);
            assert_memory_equal(parts.lines, whole.lines, sizeof(whole.lines));
        }
    }
}

/* The limit is of the line without its end, LF or CRLF. */
static void test_limit(void **state)
{
    (void)state;
    assert_int_equal(feed("12345\n", 6, 5, 100).count, 1);
    assert_int_equal(feed("12345\r\n", 7, 5, 100).count, 1);
    assert_int_equal(feed("12345\r\n", 7, 5, 1).count, 1);
    assert_int_equal(feed("123456\n", 7, 5, 100).end, FRAME_TOO_LONG);
    assert_int_equal(feed("12345\r\r\n", 8, 5, 100).end, FRAME_TOO_LONG);
}

/* Too long is said as soon as it is known: no need to wait for an end that may never come. */
static void test_limit_without_end(void **state)
{
    (void)state;
    assert_int_equal(feed("123456", 6, 5, 1).end, FRAME_TOO_LONG);
    assert_int_equal(feed("12345", 5, 5, 1).end, FRAME_MORE);
    assert_int_equal(feed("12345\r", 6, 5, 1).end, FRAME_MORE);
    assert_int_equal(feed("12345\rx", 7, 5, 1).end, FRAME_TOO_LONG);
}

static void test_line_length_untouched(void **state)
{
    struct frame f;
    size_t line = 77;

    (void)state;
    frame_init(&f, 5);
    assert_int_equal(frame_scan(&f, "abc", 3, &line), FRAME_MORE);
    assert_int_equal(frame_scan(&f, NULL, 0, &line), FRAME_MORE);
    assert_int_equal(line, 77);
    assert_int_equal(frame_scan(&f, "abc", 3, &line), FRAME_TOO_LONG);
    assert_int_equal(line, 77);
}

static void test_trim(void **state)
{
    (void)state;
    assert_int_equal(frame_trim("", 0), 0);
    assert_int_equal(frame_trim("a\r", 2), 1);
    assert_int_equal(frame_trim("a\r\r", 3), 2);
    assert_int_equal(frame_trim("\ra", 2), 2);
}

static void test_strangers(void **state)
{
    static const struct {
        const char *line;
        enum frame_stranger what;
    } cases[] = {
        {"GET / HTTP/1.1", STRANGER_HTTP},
        {"POST /rpc HTTP/1.1", STRANGER_HTTP},
        {"OPTIONS * HTTP/1.1", STRANGER_HTTP},
        {"get / http/1.0", STRANGER_HTTP},
        {"PRI * HTTP/2.0", STRANGER_HTTP},
        {"Content-Length: 12", STRANGER_LSP},
        {"content-length:12", STRANGER_LSP},
        {"Content-Type: application/json", STRANGER_LSP},
        {"\x16\x03\x01", STRANGER_TLS},
        {"{\"jsonrpc\":\"2.0\"}", STRANGER_NOT},
        {"[]", STRANGER_NOT},
        {"", STRANGER_NOT},
        {"GETTING", STRANGER_NOT},
        {"Content", STRANGER_NOT},
        {"\x16", STRANGER_NOT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(frame_stranger(cases[i].line, strlen(cases[i].line)), cases[i].what);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_line),
        cmocka_unit_test(test_empty_lines),
        cmocka_unit_test(test_any_chunks),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_limit_without_end),
        cmocka_unit_test(test_line_length_untouched),
        cmocka_unit_test(test_trim),
        cmocka_unit_test(test_strangers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
