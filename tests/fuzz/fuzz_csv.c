#include "fuzz.h"

#include <string.h>

#include "../../client/csv_reader.h"

/*
 * Any text as CSV: every record keeps the promises of csv_reader.h, and how the text is cut into
 * chunks changes nothing. The first byte says the delimiter and the size of the chunks.
 */

struct tally {
    uint64_t hash;
    long line;
    size_t records;
};

static void mix(struct tally *t, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        t->hash = (t->hash ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;
}

static int take(void *ctx, const struct csv_record *r)
{
    struct tally *t = ctx;

    FUZZ_PROMISE(r->line >= 1 && r->line >= t->line);
    FUZZ_PROMISE(r->n <= CSV_FIELDS_MAX);
    FUZZ_PROMISE(r->n > 0 || r->problem);
    t->line = r->line;
    t->records++;
    mix(t, &r->line, sizeof(r->line));
    for (size_t i = 0; i < r->n; i++) {
        FUZZ_PROMISE(r->fields[i][r->lens[i]] == '\0');
        mix(t, &r->lens[i], sizeof(r->lens[i]));
        mix(t, r->fields[i], r->lens[i]);
    }
    return r->problem && t->records > 100000 ? 1 : 0;
}

static struct tally read_all(char delimiter, const char *text, size_t len, size_t step)
{
    struct tally t = {.hash = 14695981039346656037u};
    struct csv_reader *r = csv_reader_new(delimiter, take, &t);
    int status = 0;

    if (!r)
        return t;
    for (size_t at = 0; at < len && status == 0; at += step)
        status = csv_reader_feed(r, text + at, len - at < step ? len - at : step);
    if (status == 0)
        csv_reader_end(r);
    csv_reader_free(r);
    return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char delimiters[] = ",;\t|";
    char *text;
    struct tally whole, cut;

    if (size == 0 || !(text = malloc(size)))
        return 0;
    memcpy(text, data + 1, size - 1);
    whole = read_all(delimiters[data[0] % 4], text, size - 1, size);
    cut = read_all(delimiters[data[0] % 4], text, size - 1, 1 + data[0] / 4);
    FUZZ_PROMISE(whole.records == cut.records && whole.hash == cut.hash);
    FUZZ_PROMISE(strchr(delimiters, csv_delimiter(text, size - 1)));
    free(text);
    return 0;
}
