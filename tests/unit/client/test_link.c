#include "cmocka_all.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "address.h"
#include "link.h"

#define PATIENCE_MS 60000 /* where only the end of the test depends on it */

/*
 * A daemon of our own making: a thread that takes one connection and plays a script on it. It reads
 * so many lines, says its piece, and so on, then closes.
 */
struct step {
    int lines;       /* to read first; -1: until the client closes */
    const char *say; /* NULL: nothing */
};
#define CHATTER                                                                                    \
    (-2) /* lines: reads nothing and says it again and again, until the client closes              \
          */

struct daemon {
    char path[64];
    int listener;
    pthread_t thread;
    const struct step *steps; /* ends with {0, NULL} */
    size_t flood;             /* bytes of answer said before the first step is read */
};

/* False when the client is gone. */
static bool say(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return true;
}

/* False when the client is gone. */
static int read_line(int fd)
{
    char c = 0;

    while (c != '\n')
        if (recv(fd, &c, 1, 0) != 1)
            return 0;
    return 1;
}

static void *play(void *arg)
{
    struct daemon *d = arg;
    int fd = accept(d->listener, NULL, NULL);

    if (d->flood) {
        char *text = malloc(d->flood);

        memset(text, 'x', d->flood);
        say(fd, text, d->flood);
        free(text);
    }
    for (const struct step *s = d->steps; s->lines || s->say; s++) {
        for (int i = 0; s->lines == -1 || i < s->lines; i++)
            if (!read_line(fd))
                break;
        if (s->say)
            while (say(fd, s->say, strlen(s->say)) && s->lines == CHATTER)
                ;
    }
    close(fd);
    return NULL;
}

static struct link *start_patient(struct daemon *d, const struct step *steps, size_t flood,
                                  const volatile sig_atomic_t *stop, uint64_t timeout_ms)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct address where = {.kind = ADDRESS_UNIX};
    char dir[] = "/tmp/spean-link-XXXXXX", err[200];
    struct link *l;

    assert_non_null(mkdtemp(dir));
    snprintf(d->path, sizeof(d->path), "%s/s", dir);
    snprintf(name.sun_path, sizeof(name.sun_path), "%s", d->path);
    snprintf(where.path, sizeof(where.path), "%s", d->path);
    d->steps = steps;
    d->flood = flood;
    d->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(d->listener, (const struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(listen(d->listener, 1), 0);
    assert_int_equal(pthread_create(&d->thread, NULL, play, d), 0);
    l = link_open(&where, timeout_ms, stop, err, sizeof(err));
    assert_non_null(l);
    return l;
}

static struct link *start(struct daemon *d, const struct step *steps, size_t flood,
                          const volatile sig_atomic_t *stop)
{
    return start_patient(d, steps, flood, stop, PATIENCE_MS);
}

static void stop_daemon(struct daemon *d, struct link *l)
{
    link_close(l);
    pthread_join(d->thread, NULL);
    close(d->listener);
    unlink(d->path);
    *strrchr(d->path, '/') = '\0';
    rmdir(d->path);
}

static void test_call(void **state)
{
    static const struct step steps[] = {
        {1, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"po"}, /* in pieces, and CRLF */
        {0, "ng\"}\r\n"},
        {1, "{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":1001,\"message\":\"none\"}}\n"},
        {-1, NULL},
        {0, NULL},
    };
    struct daemon d;
    struct link *l = start(&d, steps, 0, NULL);
    struct answer a;

    (void)state;
    link_call(l, "system.ping", NULL, PATIENCE_MS, &a);
    assert_int_equal(a.kind, ANSWER_RESULT);
    assert_string_equal(json_string_value(a.result), "pong");
    answer_done(&a);
    link_call(l, "company.get", NULL, PATIENCE_MS, &a);
    assert_int_equal(a.kind, ANSWER_ERROR);
    assert_int_equal(a.code, 1001);
    answer_done(&a);
    stop_daemon(&d, l);
}

static void test_pipeline_out_of_order(void **state)
{
    static const struct step steps[] = {
        {3, "{\"id\":3,\"result\":30}\n{\"jsonrpc\":\"2.0\",\"method\":\"changes.event\","
            "\"params\":{}}\n{\"id\":1,\"result\":10}\n{\"id\":2,\"result\":20}\n"},
        {-1, NULL},
        {0, NULL},
    };
    int64_t n[3];
    struct daemon d;
    struct link *l = start(&d, steps, 0, NULL);
    struct answer a;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(link_send(l, "x", NULL, &n[i]), 0);
    assert_int_equal(link_collect(l, n[1], PATIENCE_MS, &a), n[1]);
    assert_int_equal(json_integer_value(a.result), 20);
    answer_done(&a);
    assert_int_equal(link_wait_event(l, 0), 1);
    assert_int_equal(link_wait_event(l, 0), 0);
    for (int i = 0; i < 2; i++) { /* whichever */
        int64_t got = link_collect(l, 0, PATIENCE_MS, &a);

        assert_true(got == n[0] || got == n[2]);
        assert_int_equal(json_integer_value(a.result), got * 10);
        answer_done(&a);
    }
    stop_daemon(&d, l);
}

static void test_too_much_at_once(void **state)
{
    static const struct step steps[] = {{-1, NULL}, {0, NULL}};
    char *huge = malloc(LINK_LINE_MAX + 2);
    int64_t n;
    struct daemon d;
    struct link *l = start(&d, steps, 0, NULL);
    json_t *params;

    (void)state;
    memset(huge, 'x', LINK_LINE_MAX + 1);
    huge[LINK_LINE_MAX + 1] = '\0';
    params = json_pack("{s:s}", "text", huge);
    assert_int_equal(link_send(l, "x", params, &n), -1); /* and nothing is harmed */
    for (int i = 0; i < LINK_PIPELINE_MAX; i++)
        assert_int_equal(link_send(l, "x", NULL, &n), 0);
    assert_int_equal(link_send(l, "x", NULL, &n), -1);
    assert_true(link_error(l)[0] != '\0');
    json_decref(params);
    free(huge);
    stop_daemon(&d, l);
}

/* Ends lost, whatever the daemon does; *says is part of the message. */
static void lost(const struct step *steps, size_t flood, uint64_t timeout_ms, const char *says)
{
    struct daemon d;
    struct link *l = start(&d, steps, flood, NULL);
    struct answer a;

    link_call(l, "x", NULL, timeout_ms, &a);
    assert_int_equal(a.kind, ANSWER_LOST);
    if (!strstr(a.message, says))
        fail_msg("\"%s\" does not say \"%s\"", a.message, says);
    answer_done(&a);
    link_call(l, "x", NULL, timeout_ms, &a); /* and stays so */
    assert_int_equal(a.kind, ANSWER_LOST);
    stop_daemon(&d, l);
}

static void test_lost(void **state)
{
    static const struct step closes[] = {{1, NULL}, {0, NULL}};
    static const struct step half[] = {{1, "{\"id\":1,"}, {0, NULL}};
    static const struct step nonsense[] = {{1, "HTTP/1.1 400 Bad Request\r\n"}, {0, NULL}};
    static const struct step unasked[] = {{1, "{\"id\":9,\"result\":1}\n"}, {-1, NULL}, {0, NULL}};
    static const struct step twice[] = {
        {1, "{\"id\":1,\"result\":1}\n{\"id\":1,\"result\":1}\n"}, {-1, NULL}, {0, NULL}};
    static const struct step refuses[] = {
        {1, "{\"id\":null,\"error\":{\"code\":-32013,\"message\":\"too many connections\"}}\n"},
        {0, NULL}};
    static const struct step silent[] = {{-1, NULL}, {0, NULL}};
    struct daemon d;
    struct link *l = start(&d, twice, 0, NULL);
    struct answer a;

    (void)state;
    lost(closes, 0, PATIENCE_MS, "closed");
    lost(half, 0, PATIENCE_MS, "closed");
    lost(nonsense, 0, PATIENCE_MS, "no answer");
    lost(unasked, 0, PATIENCE_MS, "not asked");
    lost(refuses, 0, PATIENCE_MS, "too many connections");
    lost(silent, 0, 50, "in time");
    lost(silent, 17 * 1024 * 1024, PATIENCE_MS, "too long");
    link_call(l, "x", NULL, PATIENCE_MS, &a);
    answer_done(&a);
    link_call(l, "x", NULL, PATIENCE_MS, &a);
    assert_int_equal(a.kind, ANSWER_LOST);
    stop_daemon(&d, l);
}

/* A daemon that talks without end and says nothing holds nobody up: neither who waits for an answer
 * nor who wants to be heard. */
static void test_chatter(void **state)
{
    static const char word[] = "{\"jsonrpc\":\"2.0\",\"method\":\"changes.event\"}\n";
    static char words[1000 * sizeof(word)]; /* so much at once that it is never all read */
    static const struct step steps[] = {{CHATTER, words}, {0, NULL}};
    char *large = calloc(1, LINK_LINE_MAX / 2);
    json_t *params;
    int64_t n;
    struct daemon d;
    struct link *l;
    int sent = 0;

    (void)state;
    for (int i = 0; i < 1000; i++)
        memcpy(words + strlen(words), word, sizeof(word));
    lost(steps, 0, 50, "no answer in time");
    memset(large, 'x', LINK_LINE_MAX / 2 - 1);
    params = json_pack("{s:s}", "text", large);
    l = start_patient(&d, steps, 0, NULL, 50);
    for (int i = 0; i < LINK_PIPELINE_MAX && sent == 0; i++)
        sent = link_send(l, "x", params, &n);
    assert_int_equal(sent, -2);
    assert_non_null(strstr(link_error(l), "took nothing in time"));
    json_decref(params);
    free(large);
    stop_daemon(&d, l);
}

static void test_interrupted(void **state)
{
    static const struct step silent[] = {{-1, NULL}, {0, NULL}};
    volatile sig_atomic_t stop = 0;
    struct daemon d;
    struct link *l = start(&d, silent, 0, &stop);
    struct answer a;

    (void)state;
    stop = 1;
    link_call(l, "x", NULL, 60000, &a);
    assert_int_equal(a.kind, ANSWER_LOST);
    assert_string_equal(a.message, "interrupted");
    stop_daemon(&d, l);
}

static void test_no_daemon(void **state)
{
    struct address where = {.kind = ADDRESS_UNIX, .path = "/nonexistent/socket"};
    char err[300] = "";

    (void)state;
    assert_null(link_open(&where, 1000, NULL, err, sizeof(err)));
    assert_non_null(strstr(err, "/nonexistent/socket"));
    where = (struct address){.kind = ADDRESS_TLS, .host = "127.0.0.1", .port = "1"};
    assert_null(link_open(&where, 1000, NULL, err, sizeof(err)));
    assert_non_null(strstr(err, "cannot connect"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call),
        cmocka_unit_test(test_pipeline_out_of_order),
        cmocka_unit_test(test_too_much_at_once),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_chatter),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_no_daemon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
