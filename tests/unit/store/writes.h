#ifndef TESTS_STORE_WRITES_H
#define TESTS_STORE_WRITES_H

#include "client.h"
#include "cluster.h"

#define A "00000000-0000-7000-8000-00000000000a"
#define B "00000000-0000-7000-8000-00000000000b"
#define C "00000000-0000-7000-8000-00000000000c"

#define DOC_A                                                                                      \
    "{\"country\":\"KH\",\"name\":\"Battambang Rice\",\"region\":\"KH-2\",\"city\":\"X\","         \
    "\"status\":\"published\",\"sectors\":[\"agro-industry.rice\",\"energy\"],"                    \
    "\"valid_until\":\"2027-01-31\",\"verified\":null,"                                            \
    "\"external_ids\":[{\"system\":\"crm\",\"id\":\"1\"},{\"system\":\"osh\",\"id\":\"1\"}]}"
#define DOC_B                                                                                      \
    "{\"country\":\"CA\",\"name\":\"Ets Qu\u00e9b\u00e9cois\",\"status\":\"draft\","               \
    "\"sectors\":[],\"external_ids\":[{\"system\":\"crm\",\"id\":\"2\"}]}"

int writes_setup(void **state); /* empty tables */
int writes_teardown(void **state);
/* One company as the service sends it, in one of a few static places; doc and the rest are JSON. */
const char *one_write(const char *id, int expect, const char *type, const char *doc,
                      const char *contacts, const char *keys);
/* Writes one or two (NULL: none) with an idempotency key or without. */
const struct answer *write_keyed(const char *key, const char *digest, const char *one,
                                 const char *two);
const struct answer *write_two(const char *one, const char *two);
void write_a_and_b(void);
void assert_refused(const struct answer *a, const char *sqlstate);

#define WRITES_TEST(f) cmocka_unit_test_setup_teardown(f, writes_setup, writes_teardown)
#define WRITES_MAIN(tests)                                                                         \
    int code = cluster_start(&cluster);                                                            \
    if (code == 0)                                                                                 \
        code = cmocka_run_group_tests(tests, NULL, NULL);                                          \
    else                                                                                           \
        code = code > 0 ? 0 : 1;                                                                   \
    cluster_stop(&cluster);                                                                        \
    return code

#endif
