#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <spean/ident.h>

static void uuids_are_version_7_of_their_time(void **state)
{
    uint8_t id[IDENT_BYTES], other[IDENT_BYTES];
    char text[IDENT_TEXT];

    (void)state;
    assert_int_equal(ident_make(id, INT64_C(0x017f22e279b0)), 0);
    ident_format(id, text);
    assert_memory_equal(text, "017f22e2-79b0-7", 15);
    assert_non_null(strchr("89ab", text[19]));
    assert_int_equal(ident_make(other, INT64_C(0x017f22e279b0)), 0);
    assert_memory_not_equal(id, other, IDENT_BYTES);
    /* a later one sorts behind */
    assert_int_equal(ident_make(other, INT64_C(0x017f22e279b1)), 0);
    assert_true(memcmp(id, other, IDENT_BYTES) < 0);
}

static void text_form_is_canonical_only(void **state)
{
    static const char good[] = "0190163d-8694-739b-aea5-966c26f8ad91";
    static const char *const bad[] = {
        "0190163D-8694-739B-AEA5-966C26F8AD91",  "0190163d8694739baea5966c26f8ad91",
        "0190163d-8694-739b-aea5-966c26f8ad9",   "0190163d-8694-739b-aea5-966c26f8ad911",
        "0190163d-8694-739b-aea5_966c26f8ad91",  "0190163d-8694-739b-aea5-966c26f8ad9g",
        "{190163d-8694-739b-aea5-966c26f8ad91}", "",
    };
    uint8_t id[IDENT_BYTES], kept[IDENT_BYTES];
    char text[IDENT_TEXT];

    (void)state;
    assert_int_equal(ident_parse(good, strlen(good), id), 0);
    assert_int_equal(id[0], 0x01);
    assert_int_equal(id[15], 0x91);
    ident_format(id, text);
    assert_string_equal(text, good);
    memcpy(kept, id, sizeof(kept));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (ident_parse(bad[i], strlen(bad[i]), id) != -1)
            fail_msg("took %s", bad[i]);
        assert_memory_equal(id, kept, sizeof(kept));
    }
}

static void sha256_of_the_standard(void **state)
{
    uint8_t a[DIGEST_BYTES], b[DIGEST_BYTES];
    char text[DIGEST_TEXT];

    (void)state;
    assert_int_equal(digest_sha256("abc", 3, a), 0);
    digest_format(a, text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(digest_sha256("", 0, b), 0);
    digest_format(b, text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_false(digest_equal(a, b));
    memcpy(b, a, sizeof(b));
    assert_true(digest_equal(a, b));
    b[31] ^= 1;
    assert_false(digest_equal(a, b));
}

static void tokens_are_plausible_and_differ(void **state)
{
    char a[TOKEN_TEXT], b[TOKEN_TEXT];

    (void)state;
    for (int i = 0; i < 200; i++) {
        assert_int_equal(token_make(a), 0);
        assert_int_equal(strlen(a), 55);
        assert_memory_equal(a, "spean_", 6);
        assert_true(token_plausible(a, 55));
    }
    assert_int_equal(token_make(b), 0);
    assert_string_not_equal(a, b);
}

/* Any one wrong character is found without asking the database. */
static void a_slip_is_noticed(void **state)
{
    char token[TOKEN_TEXT];

    (void)state;
    assert_int_equal(token_make(token), 0);
    for (int i = 0; i < 55; i++) {
        char right = token[i];

        token[i] = right == 'A' ? 'B' : 'A';
        assert_false(token_plausible(token, 55));
        token[i] = right;
    }
    assert_true(token_plausible(token, 55));
    assert_false(token_plausible(token, 54));
    assert_false(token_plausible("", 0));
}

/* Scanners compute the checksum from the published rule: a fixed example keeps it. */
static void the_checksum_never_changes(void **state)
{
    static const char token[] = "spean_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA40ESXM";

    (void)state;
    assert_int_equal(sizeof(token), TOKEN_TEXT);
    assert_true(token_plausible(token, 55));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uuids_are_version_7_of_their_time),
        cmocka_unit_test(text_form_is_canonical_only),
        cmocka_unit_test(sha256_of_the_standard),
        cmocka_unit_test(tokens_are_plausible_and_differ),
        cmocka_unit_test(a_slip_is_noticed),
        cmocka_unit_test(the_checksum_never_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
