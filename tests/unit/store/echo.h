#ifndef TESTS_STORE_ECHO_H
#define TESTS_STORE_ECHO_H

#include "client.h"
#include "cluster.h"

#include <sys/types.h>

/* Statements that show what a pool does, and what every test of it begins and ends with. */
enum { ECHO, FAIL, SLEEP, PID, DEFERRED, LENGTH, ALL, STATEMENTS };
extern const struct store_statement echo_statements[STATEMENTS];

int echo_setup(void **state);
int echo_teardown(void **state);
/* One text parameter. The number, or -1 if it was refused at once. */
int64_t run(size_t which, uint64_t timeout_ms, const char *value);
pid_t backend_pid(void);
/* Runs the tests on a cluster of their own. */
int echo_begin(void); /* as cluster_start */
#define ECHO_TEST(f) cmocka_unit_test_setup_teardown(f, echo_setup, echo_teardown)
#define ECHO_MAIN(tests)                                                                           \
    int code = echo_begin();                                                                       \
    if (code == 0)                                                                                 \
        code = cmocka_run_group_tests(tests, NULL, NULL);                                          \
    else                                                                                           \
        code = code > 0 ? 0 : 1;                                                                   \
    cluster_stop(&cluster);                                                                        \
    return code

#endif
