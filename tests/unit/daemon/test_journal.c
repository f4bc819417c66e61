#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <spean/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal.h"

static const char *field(const struct journal_entry *e, const char *name)
{
    static char text[JOURNAL_TEXT];
    size_t len = strlen(name);

    for (size_t i = 0; i < e->count; i++)
        if (e->len[i] > len && strncmp(e->text + e->at[i], name, len) == 0 &&
            e->text[e->at[i] + len] == '=') {
            snprintf(text, sizeof text, "%.*s", (int)(e->len[i] - len - 1),
                     e->text + e->at[i] + len + 1);
            return text;
        }
    return NULL;
}

static void keys_become_fields(void **state)
{
    static const char line[] = "call method=match.list code=0 request=0-7-19 "
                               "principal=\"a \\\"b\\\" c\" empty= last=\"x";
    struct journal_entry e;

    (void)state;
    journal_entry_make(&e, 7, "call", line, strlen(line));
    assert_string_equal(field(&e, "MESSAGE"), line);
    assert_string_equal(field(&e, "PRIORITY"), "7");
    assert_string_equal(field(&e, "SYSLOG_IDENTIFIER"), "speand");
    assert_string_equal(field(&e, "SPEAN_EVENT"), "call");
    assert_string_equal(field(&e, "SPEAN_METHOD"), "match.list");
    assert_string_equal(field(&e, "SPEAN_REQUEST"), "0-7-19");
    assert_string_equal(field(&e, "SPEAN_PRINCIPAL"), "a \\\"b\\\" c");
    assert_string_equal(field(&e, "SPEAN_LAST"), "x");
    assert_int_equal(e.count, 10);
}

static void odd_lines_do_no_harm(void **state)
{
    char line[3000] = "event";
    struct journal_entry e;

    (void)state;
    for (int i = 0; i < 100; i++)
        strcat(line, " k=v");
    journal_entry_make(&e, 6, "event", line, strlen(line));
    assert_int_equal(e.count, JOURNAL_FIELDS);
    memset(line + 5, 'x', 2900);
    memcpy(line + 5, " key=", 5);
    line[2905] = '\0';
    journal_entry_make(&e, 6, "event", line, strlen(line));
    assert_string_equal(field(&e, "MESSAGE"), line);
    assert_null(field(&e, "SPEAN_KEY")); /* no room for it a second time */
    journal_entry_make(&e, 6, "event", "event = Key=1 =x a\"b=\" \"", 23);
    assert_int_equal(e.count, 4);
}

static int sent, refuse;
static char sent_line[256];

static int sink(int priority, const char *event, const char *line, size_t len)
{
    sent++;
    assert_int_equal(priority, 4);
    assert_string_equal(event, "low");
    snprintf(sent_line, sizeof sent_line, "%.*s", (int)len, line);
    return refuse ? -1 : 0;
}

static size_t written(int fd, char *out, size_t size)
{
    ssize_t n = pread(fd, out, size - 1, 0);

    assert_true(n >= 0);
    out[n] = '\0';
    return (size_t)n;
}

/* The journal is taken only where the descriptor leads there, and when it takes the event. */
static void descriptor_decides(void **state)
{
    char path[] = "/tmp/spean-journal-XXXXXX", stream[64], text[512];
    int fd = mkstemp(path);
    struct stat st;
    struct log *log;

    (void)state;
    assert_true(fd >= 0);
    unlink(path);
    assert_int_equal(fstat(fd, &st), 0);
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino + 1);
    setenv("JOURNAL_STREAM", stream, 1); /* redirected: another file */
    log = log_new(fd, LOG_LEVEL_INFO);
    assert_false(log_set_journal(log, sink));
    log_event(log, LOG_LEVEL_WARN, "low", "n=%d", 1);
    assert_int_equal(sent, 0);
    assert_true(written(fd, text, sizeof text) > 0);
    assert_non_null(strstr(text, "warn low n=1\n"));
    log_free(log);

    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log = log_new(fd, LOG_LEVEL_INFO);
    assert_true(log_set_journal(log, sink));
    log_event(log, LOG_LEVEL_WARN, "low", "n=%d", 2);
    assert_int_equal(sent, 1);
    assert_string_equal(sent_line, "low n=2");
    assert_int_equal(written(fd, text, sizeof text), 0);
    refuse = 1; /* no journal behind the socket: it is not lost */
    log_event(log, LOG_LEVEL_WARN, "low", "n=%d", 3);
    written(fd, text, sizeof text);
    assert_string_equal(text, "<4>low n=3\n");
    log_free(log);
    unsetenv("JOURNAL_STREAM");
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_become_fields),
        cmocka_unit_test(odd_lines_do_no_harm),
        cmocka_unit_test(descriptor_decides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
