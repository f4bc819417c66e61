#ifndef TESTS_STORE_CLIENT_H
#define TESTS_STORE_CLIENT_H

#include <event2/event.h>
#include <spean/clock.h>
#include <spean/statements.h>

/* What a test waits at most: 20 s, more as SPEAN_TEST_PATIENCE says (sanitizers are slow). */
#define WAIT_MS client_wait_ms()
uint64_t client_wait_ms(void);

/*
 * A pool under test, which keeps the answer to each statement by its number. Runs the loop until a
 * condition holds: expression over the test's variables.
 */
#define ANSWERS_MAX 4096

struct answer {
    int times; /* done was called */
    enum store_status status;
    char sqlstate[6];
    PGresult *res; /* a copy, NULL unless STORE_OK */
};

struct client {
    struct event_base *base;
    struct pool *pool;
    uint64_t next; /* number of the next statement */
    struct answer answers[ANSWERS_MAX];
    int count;    /* answers so far */
    bool running; /* inside pool_run: done may not be called */
};

extern struct client client; /* for programs that need one */

void client_open(struct client *c, const struct store_options *o,
                 const struct store_statement *statements, size_t count);
void client_close(struct client *c);
struct store_options client_options(const char *conninfo);
/* Text parameters, NULL is SQL null. The number, or -1 if it was refused at once. */
int64_t client_run(struct client *c, size_t which, uint64_t timeout_ms, int params,
                   const char *const *values);
/* One turn of the loop, 10 ms at most. */
void loop_turn(struct event_base *base);

/* false after WAIT_MS */
#define WAIT_UNTIL(base, condition)                                                                \
    do {                                                                                           \
        uint64_t wait_end = clock_mono_ms() + WAIT_MS;                                             \
        while (!(condition) && clock_mono_ms() < wait_end)                                         \
            loop_turn(base);                                                                       \
        assert_true(condition);                                                                    \
    } while (0)

/* Runs one statement and waits for it. */
const struct answer *client_ask(struct client *c, size_t which, int params,
                                const char *const *values);
#define ASK(c, which, ...)                                                                         \
    client_ask(c, which, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),            \
               (const char *[]){__VA_ARGS__})
/* Value of a column by name, "(null)", or "(none)" if there is no such row or column. */
const char *cell(const struct answer *a, int row, const char *column);

#endif
