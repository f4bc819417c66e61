#include "copy_stream.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/*
 * The binary COPY, byte by byte: a whole stream is the same however it is cut; one that is cut off
 * is not whole anywhere, and no damage of its frame is taken for rows.
 */

#define COLS 3
#define MAX 64 /* bytes of a row */

#define HEAD "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"
#define END "\377\377"
#define ROW_ONE "\0\3\0\0\0\2ab\377\377\377\377\0\0\0\0"                     /* ab, null, empty */
#define ROW_TWO "\0\3\0\0\0\1x\0\0\0\10\0\0\0\0\0\0\1\2\0\0\0\4\xff\xfe\0\1" /* x, 258, bytes */
#define BYTES(s) (s), sizeof(s) - 1

struct seen {
    int rows;
    int refuse_at; /* no such row can be */
    struct buf all;
};

static int on_row(void *ctx, const struct copy_field *fields)
{
    struct seen *seen = ctx;

    for (int i = 0; i < COLS; i++) {
        buf_addf(&seen->all, fields[i].bytes ? "%zu:" : "null", fields[i].len);
        buf_add(&seen->all, fields[i].bytes, fields[i].len);
        buf_addc(&seen->all, ' ');
    }
    assert_false(seen->all.failed);
    return ++seen->rows == seen->refuse_at ? -1 : 0;
}

#define ROWS "2:ab null 0: 1:x 8:\0\0\0\0\0\0\1\2 4:\xff\xfe\0\1 "

static struct seen seen;
static struct copy_stream stream;

/* In pieces of so many bytes, each in a block of its own, so that reading past one is found. */
static int give(const char *bytes, size_t len, size_t step)
{
    int rc = 0;

    for (size_t at = 0; at < len && rc == 0; at += step) {
        size_t n = len - at < step ? len - at : step;
        char *piece = malloc(n);
        assert_non_null(piece);
        memcpy(piece, bytes + at, n);
        rc = copy_stream_add(&stream, piece, n);
        free(piece);
    }
    return rc;
}

static void anew(void)
{
    copy_stream_reset(&stream);
    buf_reset(&seen.all);
    seen.rows = seen.refuse_at = 0;
}

static int setup(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof(seen));
    buf_init(&seen.all, 1 << 20);
    copy_stream_init(&stream, COLS, MAX, on_row, &seen);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    copy_stream_reset(&stream);
    buf_done(&seen.all);
    return 0;
}

static const char valid[] = HEAD ROW_ONE ROW_TWO END;
#define VALID_LEN (sizeof(valid) - 1)

static void assert_all_seen(void)
{
    assert_true(copy_stream_whole(&stream));
    assert_int_equal(2, seen.rows);
    assert_int_equal(sizeof(ROWS) - 1, seen.all.len);
    assert_memory_equal(ROWS, seen.all.data, seen.all.len);
}

static void test_any_pieces(void **state)
{
    (void)state;
    for (size_t step = 1; step <= VALID_LEN; step++) {
        anew();
        assert_int_equal(0, give(valid, VALID_LEN, step));
        assert_all_seen();
    }
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    for (size_t len = 0; len < VALID_LEN; len++)
        for (size_t step = 1; step <= len + 1; step += step < 8 ? 1 : len) {
            anew();
            assert_int_equal(0, give(valid, len, step));
            assert_false(copy_stream_whole(&stream));
            assert_true(seen.rows <= 2);
            /* and goes on from there */
            assert_int_equal(0, give(valid + len, VALID_LEN - len, VALID_LEN));
            assert_all_seen();
        }
}

static void test_nothing_behind_the_end(void **state)
{
    (void)state;
    for (size_t step = 1; step <= VALID_LEN + 1; step += VALID_LEN) {
        anew();
        assert_int_equal(-1, give(BYTES(HEAD ROW_ONE END "\0"), step));
        assert_false(copy_stream_whole(&stream));
        assert_int_equal(1, seen.rows);
    }
    anew();
    assert_int_equal(-1, give(BYTES(HEAD END END), 1));
    assert_int_equal(-1, copy_stream_add(&stream, "", 0));
}

static void test_no_rows(void **state)
{
    (void)state;
    assert_int_equal(0, give(BYTES(HEAD END), 100));
    assert_true(copy_stream_whole(&stream));
    assert_int_equal(0, seen.rows);
}

/* Refused, in one piece and byte by byte, after so many rows, and for good. */
static void assert_refused(const char *bytes, size_t len, int rows)
{
    for (size_t step = 1; step <= len; step += len - 1) {
        anew();
        assert_int_equal(-1, give(bytes, len, step));
        assert_int_equal(rows, seen.rows);
        assert_false(copy_stream_whole(&stream));
        assert_int_equal(-1, give(BYTES(ROW_ONE), 100));
        assert_int_equal(-1, give(BYTES(END), 100));
        assert_int_equal(rows, seen.rows);
        assert_false(copy_stream_whole(&stream));
    }
}

/* Each bit of what must stand before the rows. The lower half of the flags may be anything. */
static void test_heads(void **state)
{
    char bytes[VALID_LEN];

    (void)state;
    for (size_t at = 0; at < 19; at++)
        for (int bit = 0; bit < 8; bit++) {
            memcpy(bytes, valid, VALID_LEN);
            bytes[at] ^= (char)(1 << bit);
            if (at == 13 || at == 14) {
                anew();
                assert_int_equal(0, give(bytes, VALID_LEN, 7));
                assert_all_seen();
            } else if (at < 18 || bit >= 6) {
                assert_refused(bytes, VALID_LEN, 0);
            }
        }
}

static void test_extension(void **state)
{
    static const char head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\3abc" ROW_ONE ROW_TWO END;
    static const char largest[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\055";
    static const char larger[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\056";
    static const char huge[] = "PGCOPY\n\377\r\n\0\0\0\0\0\377\377\377\377";

    (void)state;
    for (size_t step = 1; step < sizeof(head); step++) {
        anew();
        assert_int_equal(0, give(BYTES(head), step));
        assert_all_seen();
    }
    anew();
    assert_int_equal(0, give(BYTES(largest), 100)); /* 19 + 45 = MAX */
    assert_refused(BYTES(larger), 0);
    assert_refused(BYTES(huge), 0);
}

static void test_field_counts(void **state)
{
    (void)state;
    assert_refused(BYTES(HEAD ROW_ONE "\0\0"), 1);
    assert_refused(BYTES(HEAD ROW_ONE "\0\2\0\0\0\0\0\0\0\0" END), 1);
    assert_refused(BYTES(HEAD ROW_ONE "\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" END), 1);
    assert_refused(BYTES(HEAD ROW_ONE "\1\3\0\0\0\0\0\0\0\0\0\0\0\0" END), 1);
    assert_refused(BYTES(HEAD ROW_ONE "\377\376" END), 1); /* -2 */
    assert_refused(BYTES(HEAD "\377\3" END), 0);
    assert_refused(BYTES(HEAD "\200\0" END), 0);
}

static void test_lengths(void **state)
{
    /* 2 + 3 * 4 bytes of frame leave 50 of MAX. */
    static const char fits[] = HEAD "\0\3\0\0\0\0\0\0\0\062"
                                    "0123456789012345678901234567890123456789"
                                    "0123456789\377\377\377\377";
    static const char larger[] = HEAD "\0\3\0\0\0\0\0\0\0\063"
                                      "0123456789012345678901234567890123456789"
                                      "0123456789+\0\0\0\0";
    static const char null_beyond[] = HEAD "\0\3\0\0\0\066"
                                           "0123456789012345678901234567890123456789"
                                           "01234567890123\377\377\377\377\377\377\377\377";

    (void)state;
    assert_int_equal(0, give(BYTES(fits), 1));
    assert_int_equal(0, give(BYTES(END), 1));
    assert_true(copy_stream_whole(&stream));
    assert_int_equal(1, seen.rows);
    assert_refused(BYTES(larger), 0);
    assert_refused(BYTES(null_beyond), 0);
    assert_refused(BYTES(HEAD ROW_ONE "\0\3\0\0\0\0\0\0\0\0\0\0\0\063"),
                   1);                                               /* before its bytes come */
    assert_refused(BYTES(HEAD ROW_ONE "\0\3\0\0\0\100"), 1);         /* alone too long */
    assert_refused(BYTES(HEAD ROW_ONE "\0\3\377\377\377\376"), 1);   /* -2 is no null */
    assert_refused(BYTES(HEAD ROW_ONE "\0\3\177\377\377\377"), 1);   /* 2 GiB */
    assert_refused(BYTES(HEAD ROW_ONE "\0\3\200\0\0\0\0\0\0\0"), 1); /* -2 GiB */
}

/* Each byte of the rows made another. The frame has no sum to check, so that a length that takes in
 * some of what follows, and leaves what looks like a frame, cannot be told from a longer field:
 * that is two in 11,000 here. All else is seen. */
static void test_damaged_rows(void **state)
{
    char bytes[VALID_LEN];
    int same = 0, merged = 0;

    (void)state;
    for (size_t at = 19; at < VALID_LEN; at++)
        for (int value = 0; value < 256; value++) {
            memcpy(bytes, valid, VALID_LEN);
            if (bytes[at] == (char)value)
                continue;
            bytes[at] = (char)value;
            anew();
            int whole = give(bytes, VALID_LEN, VALID_LEN);
            int rows = seen.rows;
            bool ended = copy_stream_whole(&stream);
            anew();
            assert_int_equal(whole, give(bytes, VALID_LEN, 1));
            assert_int_equal(rows, seen.rows);
            assert_int_equal(ended, copy_stream_whole(&stream));
            same += ended && rows == 2;
            merged += ended && rows != 2;
        }
    assert_int_equal(15 * 255 + 1, same); /* those that a field holds, and 8 for the length of x */
    assert_int_equal(3, merged); /* a length of the first row takes in all before the end */
}

static void test_row_that_cannot_be(void **state)
{
    (void)state;
    for (size_t step = 1; step <= VALID_LEN; step += VALID_LEN - 1) {
        anew();
        seen.refuse_at = 1;
        assert_int_equal(-1, give(valid, VALID_LEN, step));
        assert_int_equal(1, seen.rows);
        assert_int_equal(-1, give(BYTES(ROW_TWO END), 100));
        assert_false(copy_stream_whole(&stream));
        assert_int_equal(1, seen.rows);
    }
}

static void test_int8(void **state)
{
    int64_t n = 5;

    (void)state;
    assert_int_equal(-1, copy_field_int8(&(struct copy_field){NULL, 0}, &n));
    assert_int_equal(-1, copy_field_int8(&(struct copy_field){"\0\0\0\1", 4}, &n));
    assert_int_equal(-1, copy_field_int8(&(struct copy_field){"\0\0\0\0\0\0\0\0\1", 9}, &n));
    assert_int_equal(-1, copy_field_int8(&(struct copy_field){"", 0}, &n));
    assert_int_equal(5, n);
    assert_int_equal(0, copy_field_int8(&(struct copy_field){"\0\0\0\0\0\0\1\2", 8}, &n));
    assert_int_equal(258, n);
    assert_int_equal(
        0, copy_field_int8(&(struct copy_field){"\377\377\377\377\377\377\377\376", 8}, &n));
    assert_int_equal(-2, n);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_any_pieces),
        TEST(test_cut_anywhere),
        TEST(test_nothing_behind_the_end),
        TEST(test_no_rows),
        TEST(test_heads),
        TEST(test_extension),
        TEST(test_field_counts),
        TEST(test_lengths),
        TEST(test_damaged_rows),
        TEST(test_row_that_cannot_be),
        TEST(test_int8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
