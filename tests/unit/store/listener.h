#ifndef TESTS_STORE_LISTENER_H
#define TESTS_STORE_LISTENER_H

#include "client.h"
#include "cluster.h"

#define IDS 8192 /* companies are numbered in the last two bytes of their id */

/* What a feed has told. */
struct listener {
    struct feed *feed;
    int rows_before; /* the last reset */
    int downs;
    int resets, rows, caught_ups, gone, docs, token_moves;
    bool up;
    uint64_t seq, database_seq;
    char epoch[64];
    int64_t versions[IDS];
    bool ordered; /* seq never went back */
    int starve;   /* so many rows from now on find no memory */
    int kill_at;  /* ends the feed's connection while the row of this number is given */
    int act_at;   /* calls act then */
    void (*act)(void);
    uint64_t about;
    bool loading;
};
extern struct event_base *base;
extern struct listener one, two;

int feed_setup(void **state); /* empty tables, no feed yet */
int feed_teardown(void **state);
void listen_on(struct listener *l, uint64_t poll_ms, const char *model);
/* Loads from there, if not NULL. */
void listen_logged(struct listener *l, uint64_t poll_ms, const char *model, const char *there,
                   struct log *log);
/* And follows the primary there. */
void listen_logged_at(struct listener *l, const char *primary, uint64_t poll_ms, const char *model,
                      const char *there, struct log *log);
/* A log of the feed's, and whether it has said so. words_close is right after words_open failed,
 * too. */
extern struct log *feed_log;
int words_open(void); /* 0 or -1 */
void words_close(void);
bool said(const char *what);
uint64_t counter(void);
/* Waits until it has told all that is in the change table now. */
void wait_even(struct listener *l);
/* The last load gave companies 1..count, each in its first version, and nothing else. */
void assert_all_told(const struct listener *l, int count);
/* Ends the load that is under way: the statement, or the backend. */
void cancel_copy(void);
void kill_copy(void);
/* Writes company n through the real function, as version expect + 1. 0 or -1. */
int write_company(PGconn *c, unsigned n, int64_t expect);
/* Companies 1..count as if they had been there always: no changes. */
void fill(int count);
/* Gives them long profiles, so that a load that tells these does not fit into buffers. */
void widen(void);

#define FEED_TEST(f) cmocka_unit_test_setup_teardown(f, feed_setup, feed_teardown)
#define FEED_MAIN(tests)                                                                           \
    int code = cluster_start(&cluster);                                                            \
    if (code == 0)                                                                                 \
        code = cmocka_run_group_tests(tests, NULL, NULL);                                          \
    else                                                                                           \
        code = code > 0 ? 0 : 1;                                                                   \
    cluster_stop(&cluster);                                                                        \
    return code

#endif
