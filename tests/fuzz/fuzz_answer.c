#include "fuzz.h"

#include <locale.h>
#include <string.h>

#include <spean/buf.h>
#include <spean/text.h>

#include "../../client/answer.h"
#include "../../client/company_view.h"
#include "../../client/json_diff.h"
#include "../../client/match_view.h"
#include "../../client/titles.h"

/*
 * Any bytes as a line from a daemon that means harm: refused, or a message within its promises; and
 * what is shown of it steers no terminal, whatever it is shown as. The first byte says how.
 */

/* What must reach no terminal: C0 but tab and line end (CSV ends its lines in CR LF), DEL, C1,
 * bidi. */
static void promise_safe(const char *s, size_t len)
{
    FUZZ_PROMISE(text_valid(s, len));
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];

        FUZZ_PROMISE(c >= 0x20 || c == '\n' || c == '\t' || (c == '\r' && s[i + 1] == '\n'));
        FUZZ_PROMISE(c != 0x7f);
        FUZZ_PROMISE(c != 0xc2 || (unsigned char)s[i + 1] >= 0xa0);
        FUZZ_PROMISE(strncmp(s + i, "\xe2\x80\xaa", 3) < 0 ||
                     strncmp(s + i, "\xe2\x80\xae", 3) > 0);
        FUZZ_PROMISE(strncmp(s + i, "\xe2\x81\xa6", 3) < 0 ||
                     strncmp(s + i, "\xe2\x81\xa9", 3) > 0);
    }
}

static void print_list(FILE *f, const struct style *style, const struct column *columns, size_t n,
                       const json_t *result)
{
    struct printer *p = printer_new(f, style, columns, n);
    const json_t *list = json_object_get(result, "companies");

    for (size_t i = 0; p && i < json_array_size(list); i++)
        FUZZ_PROMISE(printer_add(p, json_array_get(list, i)) == 0);
    FUZZ_PROMISE(printer_end(p) == 0);
}

/* As every command prints: lists, a record, a value, a match. */
static void print_result(FILE *f, const struct style *style, json_t *result)
{
    static const char *const langs[] = {"eng", "fra", "khm"};
    struct buf out;

    titles_put(json_object_get(result, "titles"), result, "sectors");
    print_list(f, style, company_table_columns, company_table_column_count, result);
    print_list(f, style, company_columns, company_column_count, result);
    FUZZ_PROMISE(output_record(f, style, company_columns, company_column_count, result) == 0);
    FUZZ_PROMISE(output_json(f, style, result) == 0);
    buf_init(&out, 1 << 26);
    FUZZ_PROMISE(match_text(&out, style, langs[style->columns % 3], "Mill", result) == 0);
    FUZZ_PROMISE(cell_reason(&out, NULL, result) == 0 || out.failed);
    buf_done(&out);
    buf_init(&out, 1 << 26);
    FUZZ_PROMISE(match_text(&out, style, langs[style->columns % 3], "Mill", result) == 0);
    FUZZ_PROMISE(fwrite(out.data, 1, out.len, f) == out.len);
    buf_done(&out);
}

/* The patch from one value to another, applied by hand, gives the other (but for its nulls). */
static void diff(json_t *result)
{
    json_t *before = json_object_get(result, "before"), *after = json_object_get(result, "after");
    json_t *patch;

    if (!json_is_object(before) || !json_is_object(after))
        return;
    patch = json_diff(before, after);
    FUZZ_PROMISE(json_is_object(patch));
    if (json_equal(before, after))
        FUZZ_PROMISE(json_object_size(patch) == 0);
    json_decref(patch);
    patch = json_diff(after, after);
    FUZZ_PROMISE(json_object_size(patch) == 0);
    json_decref(patch);
    json_prune(after);
}

static void show(uint8_t how, json_t *result)
{
    const struct style style = {.format = (enum format)(how % 5),
                                .columns = how & 8 ? 0 : 20u + how,
                                .terminal = true,
                                .raw = how & 16};
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);

    if (!f)
        return;
    print_result(f, &style, result);
    FUZZ_PROMISE(fclose(f) == 0);
    promise_safe(text, len);
    free(text);
    diff(result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct message m = {0};
    struct answer a;

    if (size == 0)
        return 0;
    setlocale(LC_CTYPE, "C.UTF-8"); /* widths */
    if (message_parse((const char *)data + 1, size - 1, &m) < 0) {
        FUZZ_PROMISE(!m.root);
        return 0;
    }
    switch (m.kind) {
    case MESSAGE_GENERAL_ERROR:
        FUZZ_PROMISE(m.text);
        json_decref(m.root);
        return 0;
    case MESSAGE_NOTIFICATION:
        json_decref(m.root);
        return 0;
    case MESSAGE_ANSWER:
        break;
    }
    FUZZ_PROMISE(m.number > 0);
    answer_take(&a, m.root);
    FUZZ_PROMISE(a.kind == ANSWER_RESULT ? a.result && !a.error : a.error && !a.result);
    FUZZ_PROMISE(memchr(a.reason, '\0', sizeof(a.reason)));
    FUZZ_PROMISE(memchr(a.message, '\0', sizeof(a.message)));
    if (a.result)
        show(data[0], a.result);
    answer_done(&a);
    FUZZ_PROMISE(!a.result && !a.error);
    return 0;
}
