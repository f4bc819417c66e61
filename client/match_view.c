#include "match_view.h"

#include <string.h>

#include <spean/buf.h>
#include <spean/text.h>

#define BAR_COLUMNS 20

int cell_reason(struct buf *out, const json_t *value, const json_t *record)
{
    const json_t *factors = json_object_get(record, "factors"), *best = NULL;
    double most = -1;

    (void)value;
    for (size_t i = 0; i < json_array_size(factors); i++) {
        const json_t *f = json_array_get(factors, i);
        double counted = json_number_value(json_object_get(f, "value")) *
                         json_number_value(json_object_get(f, "weight"));

        if (counted > most) {
            most = counted;
            best = f;
        }
    }
    return cell_text(out, json_object_get(best, "reason"));
}

int bar(struct buf *out, double value, size_t columns)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    size_t filled;

    if (!(value > 0))
        value = 0;
    if (value > 100)
        value = 100;
    filled = (size_t)(value * (double)columns * 8 / 100 + 0.5);
    for (size_t i = 0; i < filled / 8; i++)
        buf_adds(out, "█");
    buf_adds(out, eighths[filled % 8]);
    for (size_t i = (filled + 7) / 8; i < columns; i++)
        buf_adds(out, "·");
    return out->failed ? -1 : 0;
}

static void tone(struct buf *out, const struct style *style, const char *sgr)
{
    if (style->colour)
        buf_addf(out, "\033[%sm", sgr);
}

/* "score      87.3  █████" */
static void score_line(struct buf *out, const struct style *style, const char *title,
                       const json_t *value)
{
    double number = json_number_value(value);

    buf_addf(out, "%-12s", title);
    buf_addf(out, "%5.1f  ", number);
    tone(out, style, "32");
    bar(out, number, BAR_COLUMNS);
    tone(out, style, "0");
}

static void factor_lines(struct buf *out, const struct style *style, const json_t *factor)
{
    const char *name = json_string_value(json_object_get(factor, "name"));
    const char *reason = json_string_value(json_object_get(factor, "reason"));
    struct buf title;

    buf_init(&title, 4096);
    screen_text(&title, name ? name : "?", strlen(name ? name : "?"), 12);
    buf_addc(out, '\n');
    score_line(out, style, title.data ? title.data : "", json_object_get(factor, "value"));
    buf_addf(out, "  counts %.0f%%\n", json_number_value(json_object_get(factor, "weight")));
    if (reason && *reason)
        screen_wrap(out, reason, strlen(reason), style->columns, 4);
    buf_done(&title);
}

static void match_head(struct buf *out, const struct style *style, const char *name,
                       const json_t *match)
{
    const char *other = json_string_value(json_path(match, "company.name"));
    const char *language = json_string_value(json_object_get(match, "language"));

    tone(out, style, "1");
    screen_text(out, name, strlen(name), 0);
    buf_adds(out, "  ⇄  ");
    screen_text(out, other ? other : "?", strlen(other ? other : "?"), 0);
    tone(out, style, "0");
    buf_adds(out, "\n\n");
    score_line(out, style, "score", json_object_get(match, "score"));
    buf_adds(out, "\n");
    score_line(out, style, "a to b", json_object_get(match, "a_to_b"));
    buf_adds(out, "  how well the second serves the first\n");
    score_line(out, style, "b to a", json_object_get(match, "b_to_a"));
    buf_adds(out, "  how well the first serves the second\n");
    buf_addf(out, "%-12s", "language");
    screen_text(out, language ? language : "none", strlen(language ? language : "none"), 0);
    buf_addc(out, '\n');
}

int match_text(struct buf *out, const struct style *style, const char *name, const json_t *match)
{
    const json_t *factors = json_object_get(match, "factors");
    const char *why = json_string_value(json_path(match, "excluded.sentence"));

    match_head(out, style, name, match);
    for (size_t i = 0; i < json_array_size(factors); i++)
        factor_lines(out, style, json_array_get(factors, i));
    if (why && *why) {
        buf_addc(out, '\n');
        screen_wrap(out, why, strlen(why), style->columns, 0);
    }
    return out->failed ? -1 : 0;
}
