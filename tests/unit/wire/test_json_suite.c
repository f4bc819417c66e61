#include "help.h"

#include <dirent.h>

#include <spean/file.h>
#include <spean/text.h>

#define SUITE SPEAN_SOURCE_DIR "/../shared/data/torture/JSONTestSuite/test_parsing"
#define NAUGHTY SPEAN_SOURCE_DIR "/../shared/data/torture/blns/blns.json"

/* Runs one check on every file of the suite whose name starts so. */
static void each_file(const char *prefix, void (*check)(const char *name, const char *, size_t))
{
    struct dirent *entry;
    DIR *dir = opendir(SUITE);
    size_t count = 0;

    if (!dir) {
        print_message("no JSONTestSuite at %s: skipped\n", SUITE);
        skip();
    }
    while ((entry = readdir(dir))) {
        char *text;
        size_t len;

        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
            continue;
        assert_int_equal(file_read_at(SUITE, entry->d_name, 1 << 20, &text, &len), 0);
        check(entry->d_name, text, len);
        free(text);
        count++;
    }
    closedir(dir);
    assert_true(count > 0);
}

/* What a line of this text is answered with: 0 for calls that could run. */
static int code_of(const char *text, size_t len)
{
    struct rpc_doc doc = {0};
    struct rpc_error e = {0};
    int code;

    if (rpc_parse(text, len, &help_limits, &doc, &e) < 0)
        code = e.code;
    else
        code = doc.calls[0].error.code;
    rpc_doc_done(&doc);
    rpc_error_done(&e);
    return code;
}

static void refused(const char *name, const char *text, size_t len)
{
    int code = code_of(text, len);

    if (code != RPC_PARSE && code != RPC_INVALID_REQUEST && code != RPC_TOO_LARGE)
        fail_msg("%s: %d", name, code);
}

static void test_refused(void **state)
{
    (void)state;
    each_file("n_", refused);
    each_file("i_", refused);
}

/* All valid JSON is understood as JSON, so refused only for what it is not: a call. */
static void understood(const char *name, const char *text, size_t len)
{
    int code = code_of(text, len);
    /* The protocol takes no member twice, and no U+0000 in a name. */
    bool ours = strstr(name, "duplicated_key") || strstr(name, "escaped_null_in_key");

    if (code != (ours ? RPC_PARSE : RPC_INVALID_REQUEST))
        fail_msg("%s: %d", name, code);
}

static void test_understood(void **state)
{
    (void)state;
    each_file("y_", understood);
}

/* A profile that describes itself with this text comes through checks and writer unchanged. */
static void round_trip(const char *name, const char *text, size_t len)
{
    struct rpc_error e = {0};
    json_t *value = json_pack("{s:s, s:s, s:{s:s%}}", "country", "KH", "name", "X", "description",
                              "eng", text, len);
    json_t *profile = profile_merge(NULL, value, HELP_TODAY);
    struct buf nfc;

    buf_init(&nfc, 1 << 20);
    assert_non_null(profile);
    if (profile_check(profile, &help_codes, &e) < 0)
        fail_msg("%s: %s", name, json_dumps(e.fields, 0));
    assert_int_equal(text_nfc(&nfc, text, len), 0);
    json_t *stored = json_object_get(json_object_get(profile, "description"), "eng");
    assert_int_equal(json_string_length(stored), nfc.len);
    assert_memory_equal(json_string_value(stored), nfc.data, nfc.len);
    buf_done(&nfc);
    json_decref(profile);
    json_decref(value);
}

static void strings_round_trip(const char *name, const char *text, size_t len)
{
    json_t *value = json_loadb(text, len, JSON_DECODE_ANY, NULL); /* NULL where U+0000 is in it */
    size_t n;
    json_t *entry;

    if (json_is_string(value))
        round_trip(name, json_string_value(value), json_string_length(value));
    json_array_foreach(value, n, entry)
    {
        if (json_is_string(entry))
            round_trip(name, json_string_value(entry), json_string_length(entry));
    }
    json_decref(value);
}

static void test_strings_round_trip(void **state)
{
    (void)state;
    each_file("y_", strings_round_trip);
}

static void test_naughty_strings(void **state)
{
    json_t *list = json_load_file(NAUGHTY, 0, NULL), *entry;
    size_t n;

    (void)state;
    if (!list) {
        print_message("no naughty strings at %s: skipped\n", NAUGHTY);
        skip();
    }
    json_array_foreach(list, n, entry)
        round_trip("blns", json_string_value(entry), json_string_length(entry));
    assert_true(n > 400);
    json_decref(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_understood),
        cmocka_unit_test(test_strings_round_trip),
        cmocka_unit_test(test_naughty_strings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
