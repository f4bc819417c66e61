#include "tokens.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Linked instead of CRYPTO_memcmp (--wrap), which takes as long wherever two things differ. */
int __real_CRYPTO_memcmp(const void *a, const void *b, size_t len);
int __wrap_CRYPTO_memcmp(const void *a, const void *b, size_t len);

static size_t compared; /* bytes, since it was set to 0 */

int __wrap_CRYPTO_memcmp(const void *a, const void *b, size_t len)
{
    compared += len;
    return __real_CRYPTO_memcmp(a, b, len);
}

static void digest_for(int n, uint8_t ret[DIGEST_BYTES])
{
    /* Few first bytes, so that many begin alike and the whole digest has to decide. */
    memset(ret, 0, DIGEST_BYTES);
    ret[0] = (uint8_t)(n % 3);
    ret[20] = (uint8_t)n;
    ret[21] = (uint8_t)(n >> 8);
}

static void fill(struct tokens *t, int count)
{
    uint8_t digest[DIGEST_BYTES];
    char id[32], name[32];

    for (int n = 0; n < count; n++) {
        digest_for(n, digest);
        snprintf(id, sizeof id, "id%d", n);
        snprintf(name, sizeof name, "name%d", n);
        assert_int_equal(tokens_add(t, id, name, ROLE_STAFF, digest, INT64_MAX), 0);
    }
    tokens_sort(t);
}

static void each_is_found_and_no_other(void **state)
{
    struct tokens t = {0};
    uint8_t digest[DIGEST_BYTES];
    char name[32];

    (void)state;
    digest_for(1, digest);
    assert_null(tokens_find(&t, digest));
    fill(&t, 1000);
    for (int n = 0; n < 1000; n++) {
        digest_for(n, digest);
        snprintf(name, sizeof name, "name%d", n);
        assert_non_null(tokens_find(&t, digest));
        assert_string_equal(tokens_find(&t, digest)->principal.name, name);
    }
    digest_for(1000, digest);
    assert_null(tokens_find(&t, digest));
    digest[31] = 1;
    assert_null(tokens_find(&t, digest));
    tokens_done(&t);
}

/* Whoever comes near a token learns nothing from the time it takes: beyond the bytes that choose
 * where to look, all are compared, whether the first or the last one differs. */
static void a_near_miss_costs_as_much_as_a_hit(void **state)
{
    static const int places[] = {8, 9, 16, 20, 30, 31};
    struct tokens t = {0};
    uint8_t digest[DIGEST_BYTES];

    (void)state;
    fill(&t, 1);
    digest_for(0, digest);
    compared = 0;
    assert_non_null(tokens_find(&t, digest));
    assert_int_equal(compared, DIGEST_BYTES);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        digest_for(0, digest);
        digest[places[i]] ^= 0x80;
        compared = 0;
        assert_null(tokens_find(&t, digest));
        assert_int_equal(compared, DIGEST_BYTES);
    }
    tokens_done(&t);
}

static void removed_is_gone(void **state)
{
    struct tokens t = {0};
    uint8_t digest[DIGEST_BYTES];

    (void)state;
    fill(&t, 9);
    tokens_remove(&t, "id4");
    tokens_remove(&t, "unknown");
    assert_int_equal(t.count, 8);
    for (int n = 0; n < 9; n++) {
        digest_for(n, digest);
        assert_int_equal(tokens_find(&t, digest) == NULL, n == 4);
    }
    tokens_done(&t);
}

static void hex_is_read_strictly(void **state)
{
    char hex[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    uint8_t digest[DIGEST_BYTES];

    (void)state;
    assert_int_equal(digest_parse(hex, digest), 0);
    assert_int_equal(digest[1], 0x11);
    assert_int_equal(digest[31], 0xff);
    assert_int_equal(digest_parse("00", digest), -1);
    hex[5] = 'G';
    assert_int_equal(digest_parse(hex, digest), -1);
}

static void roles_have_words(void **state)
{
    (void)state;
    for (const char *const *word = role_words; *word; word++)
        assert_string_equal(role_name(role_parse(*word)), *word);
    assert_int_equal(role_parse("root"), ROLE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_found_and_no_other),
        cmocka_unit_test(a_near_miss_costs_as_much_as_a_hit),
        cmocka_unit_test(removed_is_gone),
        cmocka_unit_test(hex_is_read_strictly),
        cmocka_unit_test(roles_have_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
