#include "messages.h"

#include "model_in.h"

#include <spean/buf.h>

#include <string.h>

static const struct message_row {
    const char *key, *holders;
} message_rows[MSG_COUNT] = {
#define MESSAGE_ROW(name, key, holders) {key, holders},
    MESSAGES(MESSAGE_ROW)
#undef MESSAGE_ROW
};

static const char *const holder_words[HOLDERS_END] = {
#define HOLDER_WORD(name, word) [HOLDER_##name] = word,
    HOLDERS(HOLDER_WORD)
#undef HOLDER_WORD
};

/* True if name is one of the words of list. */
static bool holder_known(const char *list, const char *name, size_t len)
{
    for (const char *at = list; *at != '\0';) {
        size_t n = strcspn(at, " ");
        if (n == len && memcmp(at, name, len) == 0)
            return true;
        at += n + (at[n] == ' ');
    }
    return false;
}

/* HOLDER_NONE: there is none of that name. */
static enum holder holder_get(const char *name, size_t len)
{
    int h = HOLDERS_END;
    while (--h > HOLDER_NONE)
        if (strlen(holder_words[h]) == len && memcmp(holder_words[h], name, len) == 0)
            break;
    return (enum holder)h;
}

/* Every {placeholder} of the text must be one that the message is given. */
static int text_read(struct table *t, const char *text, const char *holders,
                     struct message_text *ret)
{
    *ret = (struct message_text){.s = text, .len = (uint16_t)strlen(text)};
    if (strlen(text) > UINT16_MAX)
        return table_fail(t, "too long");
    for (const char *at = strpbrk(text, "{}"); at != NULL; at = strpbrk(at, "{}")) {
        size_t len = strcspn(at + 1, "{}");
        if (*at == '}' || at[1 + len] != '}')
            return table_fail(t, "a brace without its partner");
        if (!holder_known(holders, at + 1, len))
            return table_fail(t, "this message has no {%.*s}", (int)len, at + 1);
        if (ret->count == PIECES_MAX)
            return table_fail(t, "more than %d placeholders", PIECES_MAX);
        ret->pieces[ret->count++] =
            (struct message_piece){.at = (uint16_t)(at - text),
                                   .len = (uint16_t)(len + 2),
                                   .holder = (uint8_t)holder_get(at + 1, len)};
        at += len + 2;
    }
    return 0;
}

int messages_read(struct table *t, enum model_lang lang)
{
    struct message_text *texts = t->m->messages.text[lang];
    int rc;
    while ((rc = table_next(t, 2)) > 0) {
        size_t i = 0;
        while (i < MSG_COUNT && strcmp(message_rows[i].key, t->t.field[0]) != 0)
            i++;
        if (i == MSG_COUNT)
            return table_fail(t, "unknown message \"%s\"", t->t.field[0]);
        if (texts[i].s != NULL)
            return table_fail(t, "%s stands here twice", t->t.field[0]);
        if (text_read(t, t->t.field[1], message_rows[i].holders, &texts[i]) < 0)
            return -1;
    }
    for (size_t i = 0; rc == 0 && i < MSG_COUNT; i++)
        if (texts[i].s == NULL)
            return table_fail(t, "%s is missing", message_rows[i].key);
    return rc;
}

static int holder_fill(const struct message_arg *args, enum holder holder, struct buf *out)
{
    for (; args != NULL && args->holder != HOLDER_NONE; args++)
        if (args->holder == holder)
            return buf_add(out, args->s, args->len);
    return 0; /* a placeholder that this use leaves empty */
}

int message_format(const struct model *m, enum model_lang lang, enum message msg,
                   const struct message_arg *args, struct buf *out)
{
    const struct message_text *text = &m->messages.text[lang][msg];
    size_t at = 0;
    for (size_t i = 0; i < text->count; i++) {
        const struct message_piece *p = &text->pieces[i];
        if (p->at > at && buf_add(out, text->s + at, p->at - at) < 0)
            return -1;
        if (holder_fill(args, (enum holder)p->holder, out) < 0)
            return -1;
        at = (size_t)p->at + p->len;
        /* "... Inc." at the end of a sentence: its stop is the sentence's. */
        if (text->s[at] == '.' && out->len > 0 && out->data[out->len - 1] == '.')
            at++;
    }
    return text->len > at ? buf_add(out, text->s + at, text->len - at) : 0;
}
