#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <spean/file.h>

struct place {
    char dir[32];
    char path[64];
};

static int place_make(void **state)
{
    struct place *p = calloc(1, sizeof(*p));

    if (!p)
        return -1;
    strcpy(p->dir, "/tmp/spean-file-XXXXXX");
    if (!mkdtemp(p->dir))
        return -1;
    snprintf(p->path, sizeof(p->path), "%s/x", p->dir);
    *state = p;
    return 0;
}

static int place_remove(void **state)
{
    struct place *p = *state;

    unlink(p->path);
    rmdir(p->dir);
    free(p);
    return 0;
}

static void write_bytes(const char *path, size_t n)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    for (size_t i = 0; i < n; i++)
        fputc((int)('a' + i % 26), f);
    assert_int_equal(fclose(f), 0);
}

static void reads_up_to_its_limit(void **state)
{
    static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 200000};
    struct place *p = *state;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        char *data = NULL;
        size_t len = 99;

        write_bytes(p->path, sizes[i]);
        assert_int_equal(file_read_at(p->dir, "x", sizes[i], &data, &len), 0);
        assert_int_equal(len, sizes[i]);
        assert_int_equal(strlen(data), sizes[i]);
        if (len > 0)
            assert_int_equal(data[len - 1], 'a' + (len - 1) % 26);
        free(data);
    }
}

static void refuses_a_larger_one(void **state)
{
    struct place *p = *state;
    char *data = NULL;
    size_t len = 99;

    write_bytes(p->path, 101);
    assert_int_equal(file_read(p->path, 100, &data, &len), -EFBIG);
    assert_null(data);
    assert_int_equal(len, 99);
}

/* /proc says 0 bytes of files that have content: the limit must hold while reading. */
static void the_limit_holds_where_the_size_lies(void **state)
{
    char *data = NULL;
    size_t len = 99;

    (void)state;
    if (access("/proc/self/status", R_OK) != 0)
        skip();
    assert_int_equal(file_read("/proc/self/status", 16, &data, &len), -EFBIG);
    assert_null(data);
    assert_int_equal(file_read("/proc/self/status", 65536, &data, &len), 0);
    assert_true(len > 16);
    free(data);
}

static void says_what_is_wrong(void **state)
{
    struct place *p = *state;
    char *data = NULL;
    char name[5000];
    size_t len = 99;

    assert_int_equal(file_read_at(p->dir, "none", 100, &data, &len), -ENOENT);
    assert_int_equal(file_read(p->dir, 100, &data, &len), -EISDIR);
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(file_read_at(p->dir, name, 100, &data, &len), -ENAMETOOLONG);
    /* a FIFO nobody writes to must not hang the reader */
    unlink(p->path);
    assert_int_equal(mkfifo(p->path, 0600), 0);
    assert_int_equal(file_read(p->path, 100, &data, &len), -EINVAL);
    assert_null(data);
    assert_int_equal(len, 99);
}

static void a_program_knows_where_it_lies(void **state)
{
    char dir[4096] = "untouched", whole[8192], link[4096] = "";

    (void)state;
    assert_int_equal(file_program_dir(dir, 3), -ENAMETOOLONG);
    assert_string_equal(dir, "untouched");
    assert_int_equal(file_program_dir(dir, sizeof(dir)), 0);
    assert_true(readlink("/proc/self/exe", link, sizeof(link) - 1) > 0);
    snprintf(whole, sizeof(whole), "%s%s", dir, strrchr(link, '/'));
    assert_string_equal(whole, link);
    assert_int_equal(file_program_dir(dir, strlen(dir)), -ENAMETOOLONG);
    assert_int_equal(file_program_dir(dir, strlen(dir) + 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_up_to_its_limit, place_make, place_remove),
        cmocka_unit_test_setup_teardown(refuses_a_larger_one, place_make, place_remove),
        cmocka_unit_test(the_limit_holds_where_the_size_lies),
        cmocka_unit_test_setup_teardown(says_what_is_wrong, place_make, place_remove),
        cmocka_unit_test(a_program_knows_where_it_lies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
