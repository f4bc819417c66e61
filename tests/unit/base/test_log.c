#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <spean/date.h>
#include <spean/log.h>

/* What stands in the file behind fd. */
static size_t read_back(int fd, char *out, size_t size)
{
    ssize_t n = pread(fd, out, size - 1, 0);

    assert_true(n >= 0);
    out[n] = '\0';
    return (size_t)n;
}

static int temporary_fd(void)
{
    char path[] = "/tmp/spean-log-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    unlink(path);
    return fd;
}

static void one_event_is_one_line(void **state)
{
    char text[8192];
    int64_t ms;
    int fd = temporary_fd();
    struct log *log = log_new(fd, LOG_LEVEL_INFO);

    (void)state;
    unsetenv("JOURNAL_STREAM");
    log_event(log, LOG_LEVEL_INFO, "started", "pid=%d note=%s", 7, "a\nb\033c");
    log_event(log, LOG_LEVEL_DEBUG, "hidden", "x=1");
    log_set_level(log, LOG_LEVEL_DEBUG);
    log_event(log, LOG_LEVEL_DEBUG, "shown", "%s", "");
    log_event(NULL, LOG_LEVEL_ERROR, "nowhere", "x=%d", 1);
    read_back(fd, text, sizeof(text));
    assert_int_equal(stamp_parse(text, STAMP_TEXT - 1, &ms), 0);
    assert_non_null(strstr(text, "Z info started pid=7 note=a b c\n"));
    assert_non_null(strstr(text, "Z debug shown \n"));
    assert_null(strstr(text, "hidden"));
    log_free(log);
    log_free(NULL);
    close(fd);
}

static void a_long_line_is_cut(void **state)
{
    char text[8192], word[5000];
    int fd = temporary_fd();
    struct log *log = log_new(fd, LOG_LEVEL_ERROR);
    size_t n;

    (void)state;
    memset(word, 'w', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    log_event(log, LOG_LEVEL_ERROR, "big", "w=%s", word);
    log_event(log, LOG_LEVEL_ERROR, word, "x=%d", 1);
    n = read_back(fd, text, sizeof(text));
    assert_int_equal(n, 4096);
    assert_int_equal(text[2047], '\n');
    assert_int_equal(text[4095], '\n');
    log_free(log);
    close(fd);
}

static void the_journal_gets_priorities(void **state)
{
    char text[512], stream[64];
    struct stat st;
    int fd = temporary_fd();
    struct log *log;

    (void)state;
    assert_int_equal(fstat(fd, &st), 0);
    snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log = log_new(fd, LOG_LEVEL_WARN);
    unsetenv("JOURNAL_STREAM");
    log_event(log, LOG_LEVEL_WARN, "slow", "ms=%d", 5);
    log_event(log, LOG_LEVEL_ERROR, "broken", "x=%d", 1);
    read_back(fd, text, sizeof(text));
    assert_string_equal(text, "<4>slow ms=5\n<3>broken x=1\n");
    log_free(log);
    close(fd);
}

static void *shout(void *arg)
{
    for (int i = 0; i < 200; i++)
        log_event(arg, LOG_LEVEL_INFO, "shout", "text=%s", "0123456789012345678901234567890123");
    return NULL;
}

static void threads_do_not_mix_lines(void **state)
{
    static char text[400 * 128];
    char path[] = "/tmp/spean-log-XXXXXX";
    int fd = mkstemp(path), shared = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    struct log *log = log_new(shared, LOG_LEVEL_INFO);
    pthread_t threads[2];
    int lines = 0;

    (void)state;
    unlink(path);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, shout, log), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    read_back(fd, text, sizeof(text));
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++)
        assert_non_null(strstr(line, "Z info shout text=0123456789012345678901234567890123"));
    assert_int_equal(lines, 400);
    log_free(log);
    close(shared);
    close(fd);
}

static void levels_have_names(void **state)
{
    enum log_level level = LOG_LEVEL_WARN;

    (void)state;
    assert_int_equal(log_level_parse("debug", &level), 0);
    assert_int_equal(level, LOG_LEVEL_DEBUG);
    assert_int_equal(log_level_parse("Debug", &level), -1);
    assert_int_equal(log_level_parse("", &level), -1);
    assert_int_equal(level, LOG_LEVEL_DEBUG);
}

static void quoting_escapes_and_cuts(void **state)
{
    char out[32];

    (void)state;
    assert_string_equal(log_quote(out, sizeof(out), "a\"b\\c\n\xc3\xa9", 8),
                        "\"a\\\"b\\\\c\\x0a\\xc3\\xa9\"");
    /* never half an escape, never over the size */
    for (size_t size = 0; size < 12; size++) {
        memset(out, '!', sizeof(out));
        log_quote(out, size, "x\n\ny", 4);
        if (size > 0)
            assert_true(strlen(out) < size);
        assert_int_equal(out[size], '!');
    }
    assert_string_equal(log_quote(out, 8, "x\n\ny", 4), "\"x\\x0a\"");
    assert_string_equal(log_quote(out, 7, "x\n\ny", 4), "\"x\"");
    assert_string_equal(log_quote(out, 3, NULL, 0), "\"\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_event_is_one_line),       cmocka_unit_test(a_long_line_is_cut),
        cmocka_unit_test(the_journal_gets_priorities), cmocka_unit_test(threads_do_not_mix_lines),
        cmocka_unit_test(levels_have_names),           cmocka_unit_test(quoting_escapes_and_cuts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
