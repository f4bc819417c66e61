#include "method.h"
#include "reason.h"
#include "tokens.h"
#include "view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <spean/buf.h>
#include <spean/file.h>

/* The table, the document and what rpc.discover tells have to say the same. */

static char *document;

static int document_read(void **state)
{
    size_t len;

    (void)state;
    return file_read_at(SPEAN_SOURCE_DIR, "docs/PROTOCOL.md", 1 << 20, &document, &len);
}

static int document_free(void **state)
{
    (void)state;
    free(document);
    return 0;
}

static bool documented(const char *before, const char *word, const char *after)
{
    char text[128];

    snprintf(text, sizeof text, "%s%s%s", before, word, after);
    if (strstr(document, text))
        return true;
    print_error("docs/PROTOCOL.md lacks %s\n", text);
    return false;
}

static void every_method_is_documented(void **state)
{
    (void)state;
    for (const struct method *m = methods; m->name; m++) {
        assert_true(documented("\n### ", m->name, "\n"));
        char head[80];
        snprintf(head, sizeof head, "\n### %s\n", m->name);
        const char *section = strstr(document, head);
        const char *end = strstr(section + 4, "\n##");
        for (const struct param *p = m->params; p->name; p++) {
            const char *at = strstr(section, p->name);
            if (!at || (end && at > end))
                fail_msg("docs/PROTOCOL.md: %s lacks its param %s", m->name, p->name);
        }
    }
}

static void every_reason_is_documented(void **state)
{
    const struct rpc_code_info *codes;
    char row[128];
    size_t count;

    (void)state;
    codes = rpc_codes(&count);
    for (size_t i = 0; i < count; i++) {
        snprintf(row, sizeof row, "| %d | `%s` | %s |", codes[i].code, codes[i].reason,
                 codes[i].retryable ? "yes" : "no");
        assert_true(documented("", row, ""));
    }
    for (int why = 0; why < REASON_COUNT; why++) {
        struct rpc_error e = {0};
        reason_set(&e, (enum reason)why);
        bool retryable = rpc_error_is_no_memory(&e);
        for (size_t i = 0; i < count; i++)
            retryable = retryable || (codes[i].code == e.code && codes[i].retryable);
        assert_string_equal(e.reason, reason_word((enum reason)why));
        snprintf(row, sizeof row, "| %d | `%s` | %s |", e.code, e.reason, retryable ? "yes" : "no");
        assert_true(documented("", row, ""));
    }
}

static void every_field_is_documented(void **state)
{
    (void)state;
    for (const char *const *field = profile_fields(); *field; field++)
        assert_true(documented("`", *field, "`"));
}

static void lists_may_be_asked_for_all_but_contacts(void **state)
{
    const char *const *word = view_words;

    (void)state;
    for (const char *const *field = profile_fields(); *field; field++) {
        if (strcmp(*field, "contacts") == 0)
            continue;
        assert_non_null(*word);
        assert_string_equal(*word++, *field);
    }
    assert_null(*word);
}

static void discovery_is_whole(void **state)
{
    struct buf out;
    json_t *doc, *list;
    size_t i = 0;

    (void)state;
    buf_init(&out, 1 << 20);
    assert_int_equal(methods_discover(&out), 0);
    doc = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(doc);
    list = json_object_get(doc, "methods");
    for (const struct method *m = methods; m->name; m++, i++) {
        const json_t *one = json_array_get(list, i);
        const char *ref = strstr(m->schema, "#/components/schemas/");
        assert_string_equal(json_string_value(json_object_get(one, "name")), m->name);
        assert_true(json_is_array(json_object_get(one, "params")));
        if (ref) {
            char name[32] = "";
            sscanf(ref + strlen("#/components/schemas/"), "%31[A-Za-z]", name);
            assert_non_null(json_object_get(
                json_object_get(json_object_get(doc, "components"), "schemas"), name));
        }
    }
    assert_int_equal(json_array_size(list), i);
    json_decref(doc);
    buf_done(&out);
}

static void strangers_may_call_four(void **state)
{
    int open = 0;

    (void)state;
    for (const struct method *m = methods; m->name; m++) {
        open += m->roles == 0;
        if (strncmp(m->name, "token.", 6) == 0)
            assert_int_equal(m->roles, ROLE_ADMIN);
        if (m->roles)
            assert_true(m->roles & ROLE_ADMIN);
    }
    assert_int_equal(open, 4);
    assert_int_equal(method_find("company.upsert")->roles & ROLE_VIEWER, 0);
    assert_null(method_find("company"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_is_documented),
        cmocka_unit_test(every_reason_is_documented),
        cmocka_unit_test(every_field_is_documented),
        cmocka_unit_test(lists_may_be_asked_for_all_but_contacts),
        cmocka_unit_test(discovery_is_whole),
        cmocka_unit_test(strangers_may_call_four),
    };

    return cmocka_run_group_tests(tests, document_read, document_free);
}
