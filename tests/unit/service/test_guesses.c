#include "guesses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE 60000

static struct guess_source source_of(const char *ip_hex)
{
    struct conn_peer peer = {0};
    struct guess_source s;

    for (size_t i = 0; i < sizeof peer.ip; i++) {
        unsigned byte;
        assert_int_equal(sscanf(ip_hex + 2 * i, "%2x", &byte), 1);
        peer.ip[i] = (uint8_t)byte;
    }
    guess_source_set(&s, &peer);
    return s;
}

static struct guess_source source_v4(unsigned n)
{
    char hex[40];

    snprintf(hex, sizeof hex, "00000000000000000000ffff%08x", n);
    return source_of(hex);
}

static struct guess_source source_user(uid_t uid)
{
    const struct conn_peer peer = {.local = true, .uid = uid};
    struct guess_source s;

    guess_source_set(&s, &peer);
    return s;
}

static const uint8_t *digest_of(uint32_t n)
{
    static uint8_t digests[4][DIGEST_BYTES];
    static unsigned next;
    uint8_t *digest = digests[next++ % 4];

    memset(digest, 7, DIGEST_BYTES);
    memcpy(digest, &n, sizeof n);
    return digest;
}

static void ten_in_a_minute_wherever_it_begins(void **state)
{
    struct guesses *g = guesses_new(10, MINUTE);
    struct guess_source a = source_v4(1), b = source_v4(2);
    uint64_t tries[4000], now = 5;
    size_t count = 0;

    (void)state;
    assert_non_null(g);
    for (; now < 10 * MINUTE; now += 37 + now % 411)
        if (!guesses_blocked(g, &a, digest_of((uint32_t)now), now)) {
            tries[count++] = now;
            guesses_wrong(g, &a, digest_of((uint32_t)now), now);
        }
    assert_in_range(count, 90, 101);
    for (size_t i = 0; i + 10 < count; i++)
        assert_true(tries[i + 10] - tries[i] >= MINUTE);
    assert_false(guesses_blocked(g, &b, NULL, now)); /* others have nothing to do with it */
    guesses_free(g);
}

static void the_last_one_allowed_is_told(void **state)
{
    struct guesses *g = guesses_new(3, MINUTE);
    struct guess_source a = source_user(0);

    (void)state;
    assert_false(guesses_wrong(g, &a, NULL, 1000));
    assert_false(guesses_wrong(g, &a, NULL, 1000));
    assert_false(guesses_blocked(g, &a, NULL, 1000));
    assert_true(guesses_wrong(g, &a, NULL, 1000));
    assert_true(guesses_blocked(g, &a, NULL, 1000));
    assert_true(guesses_blocked(g, &a, NULL, 1000 + MINUTE - 1));
    assert_false(guesses_wrong(g, &a, NULL, 1000)); /* those that were under way */
    assert_false(guesses_blocked(g, &a, NULL, 1000 + MINUTE));
    guesses_set(g, 0, MINUTE); /* no limit */
    for (int i = 0; i < 500; i++)
        assert_false(guesses_wrong(g, &a, NULL, 2000));
    assert_false(guesses_blocked(g, &a, NULL, 2000));
    guesses_set(g, 1000000, MINUTE); /* as many as there are places */
    assert_true(guesses_blocked(g, &a, NULL, 2000));
    guesses_free(g);
}

static void what_was_right_from_there_still_is(void **state)
{
    struct guesses *g = guesses_new(2, MINUTE);
    struct guess_source a = source_v4(1), b = source_v4(2);

    (void)state;
    guesses_right(g, &a, digest_of(1), false, 10);
    guesses_wrong(g, &a, digest_of(8), 10);
    guesses_wrong(g, &a, digest_of(9), 10);
    assert_true(guesses_blocked(g, &a, digest_of(8), 20));
    assert_true(guesses_blocked(g, &a, digest_of(2), 20));
    assert_true(guesses_blocked(g, &a, NULL, 20));
    assert_false(guesses_blocked(g, &a, digest_of(1), 20));
    guesses_wrong(g, &a, digest_of(1), 30); /* revoked since */
    assert_true(guesses_blocked(g, &a, digest_of(1), 40));
    guesses_wrong(g, &b, digest_of(8), 50);
    guesses_wrong(g, &b, digest_of(9), 50);
    guesses_right(g, &b, digest_of(9), true, 60); /* made a moment ago elsewhere: no guess at all */
    assert_false(guesses_blocked(g, &b, digest_of(3), 60));
    guesses_right(g, &b, digest_of(9), true, 60); /* more forgiving than there were wrongs */
    guesses_right(g, &b, digest_of(9), true, 60);
    assert_false(guesses_blocked(g, &b, digest_of(3), 60));
    guesses_free(g);
}

static void sources(void **state)
{
    const struct {
        const char *a, *b;
        bool same;
    } pairs[] = {
        {"20010db8000000010000000000000001", "20010db8000000010000000000000001", true},
        {"20010db8000000010000000000000001", "20010db800000001ffffffffffffffff", true},
        {"20010db8000000010000000000000001", "20010db8000000020000000000000001", false},
        {"00000000000000000000ffff7f000001", "00000000000000000000ffff7f000002", false},
        {"00000000000000000000000000000001", "00000000000000000000ffff7f000001", false},
    };
    const struct {
        struct guess_source source;
        const char *text;
    } texts[] = {
        {source_of("20010db8000000010000000000000001"), "2001:0db8:0000:0001::/64"},
        {source_v4(0xcb007105), "203.0.113.5"},
        {source_user(1000), "uid:1000"},
    };
    char text[GUESS_SOURCE_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct guess_source a = source_of(pairs[i].a), b = source_of(pairs[i].b);
        assert_int_equal(memcmp(&a, &b, sizeof a) == 0, pairs[i].same);
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        guess_source_format(&texts[i].source, text);
        assert_string_equal(text, texts[i].text);
    }
}

/* Far more sources than there are places: whoever goes on trying stays blocked. */
static void the_table_is_bounded(void **state)
{
    struct guesses *g = guesses_new(2, MINUTE);
    struct guess_source steady = source_v4(7);
    unsigned blocked = 0;
    uint64_t now = 1000;

    (void)state;
    guesses_wrong(g, &steady, NULL, now);
    guesses_wrong(g, &steady, NULL, now);
    for (unsigned n = 0; n < 2000; n++) {
        struct guess_source other = source_v4(1000 + n);
        if (n % 16 == 0) /* its place would be another's after a while of silence */
            guesses_wrong(g, &steady, NULL, ++now);
        guesses_wrong(g, &other, NULL, ++now);
        guesses_wrong(g, &other, NULL, ++now);
        assert_true(guesses_blocked(g, &other, NULL, now));
    }
    assert_true(guesses_blocked(g, &steady, NULL, now));
    for (unsigned n = 0; n < 100000; n++) {
        struct guess_source other = source_v4(10000 + n);
        guesses_wrong(g, &other, NULL, ++now % 1000 + 6000);
    }
    for (unsigned n = 0; n < 2000; n++) {
        struct guess_source other = source_v4(1000 + n);
        blocked += guesses_blocked(g, &other, NULL, 7000);
    }
    assert_int_equal(blocked, 0); /* their places are others' by now */
    guesses_free(g);
    guesses_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_in_a_minute_wherever_it_begins),
        cmocka_unit_test(the_last_one_allowed_is_told),
        cmocka_unit_test(what_was_right_from_there_still_is),
        cmocka_unit_test(sources),
        cmocka_unit_test(the_table_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
