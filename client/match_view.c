#include "match_view.h"

#include <string.h>

#include <spean/buf.h>
#include <spean/text.h>

#include "labels.h"

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

/* What match_text writes with. */
struct page {
    struct buf *out;
    const struct style *style;
    const char *lang;
    size_t title; /* columns of the titles */
};

/* Most columns of the titles, which may be names of companies. */
#define TITLE_MAX 34

/* before + text, escaped and cut, padded to the titles' width. */
static void page_title(struct page *p, const char *before, const char *text)
{
    struct buf title, shown;
    size_t width;

    buf_init(&title, 8192);
    buf_init(&shown, 64 * 1024);
    buf_adds(&title, before);
    buf_adds(&title, text);
    if (title.data)
        screen_text(&shown, title.data, title.len, p->title);
    width = shown.data ? text_width(shown.data, shown.len) : 0;
    buf_adds(p->out, shown.data ? shown.data : "");
    buf_addf(p->out, "%*s", (int)(p->title > width ? p->title - width : 0) + 2, "");
    p->out->failed = p->out->failed || title.failed || shown.failed;
    buf_done(&title);
    buf_done(&shown);
}

/* "score      87.3  █████" */
static void page_score(struct page *p, const char *before, const char *title, const json_t *value)
{
    double number = json_number_value(value);

    page_title(p, before, title);
    buf_addf(p->out, "%5.1f  ", number);
    tone(p->out, p->style, "32");
    bar(p->out, number, BAR_COLUMNS);
    tone(p->out, p->style, "0");
}

static void page_factor(struct page *p, const json_t *factor)
{
    const char *name = json_string_value(json_object_get(factor, "name"));
    const char *reason = json_string_value(json_object_get(factor, "reason"));

    buf_addc(p->out, '\n');
    page_score(p, "", name ? label_factor(p->lang, name) : "?", json_object_get(factor, "value"));
    buf_addf(p->out, "  %s %.0f%%\n", label_text(p->lang, LABEL_COUNTS),
             json_number_value(json_object_get(factor, "weight")));
    if (reason && *reason)
        screen_wrap(p->out, reason, strlen(reason), p->style->columns, 4);
}

static size_t title_width(const char *lang, const char *name, const char *other)
{
    size_t before = text_width(label_text(lang, LABEL_FOR), strlen(label_text(lang, LABEL_FOR)));
    size_t a = text_width(name, strlen(name)), b = text_width(other, strlen(other));
    size_t width = before + (a > b ? a : b);

    return width < TITLE_MAX ? width : TITLE_MAX;
}

static void page_head(struct page *p, const char *name, const char *other, const json_t *match)
{
    const char *language = json_string_value(json_object_get(match, "language"));
    const char *before = label_text(p->lang, LABEL_FOR);

    tone(p->out, p->style, "1");
    screen_text(p->out, name, strlen(name), 0);
    buf_adds(p->out, "  ⇄  ");
    screen_text(p->out, other, strlen(other), 0);
    tone(p->out, p->style, "0");
    buf_adds(p->out, "\n\n");
    page_score(p, "", label_text(p->lang, LABEL_SCORE), json_object_get(match, "score"));
    buf_addc(p->out, '\n');
    page_score(p, before, name, json_object_get(match, "a_to_b"));
    buf_addc(p->out, '\n');
    page_score(p, before, other, json_object_get(match, "b_to_a"));
    buf_addc(p->out, '\n');
    page_title(p, "", label_text(p->lang, LABEL_LANGUAGE));
    if (!language)
        language = label_text(p->lang, LABEL_NONE);
    screen_text(p->out, language, strlen(language), 0);
    buf_addc(p->out, '\n');
}

int match_text(struct buf *out, const struct style *style, const char *lang, const char *name,
               const json_t *match)
{
    const json_t *factors = json_object_get(match, "factors");
    const char *why = json_string_value(json_path(match, "excluded.sentence"));
    const char *other = json_string_value(json_path(match, "company.name"));
    struct page p = {.out = out, .style = style, .lang = lang};

    if (!other)
        other = "?";
    p.title = title_width(lang, name, other);
    page_head(&p, name, other, match);
    for (size_t i = 0; i < json_array_size(factors); i++)
        page_factor(&p, json_array_get(factors, i));
    if (why && *why) {
        buf_addc(out, '\n');
        screen_wrap(out, why, strlen(why), style->columns, 0);
    }
    return out->failed ? -1 : 0;
}
