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

/* Every {placeholder} of the text must be one that the message is given. */
static int holders_check(struct table *t, const char *text, const char *holders)
{
    for (const char *at = strpbrk(text, "{}"); at != NULL; at = strpbrk(at, "{}")) {
        size_t len = strcspn(at + 1, "{}");
        if (*at == '}' || at[1 + len] != '}')
            return table_fail(t, "a brace without its partner");
        if (!holder_known(holders, at + 1, len))
            return table_fail(t, "this message has no {%.*s}", (int)len, at + 1);
        at += len + 2;
    }
    return 0;
}

int messages_read(struct table *t, enum model_lang lang)
{
    const char **texts = t->m->messages.text[lang];
    int rc;
    while ((rc = table_next(t, 2)) > 0) {
        size_t i = 0;
        while (i < MSG_COUNT && strcmp(message_rows[i].key, t->t.field[0]) != 0)
            i++;
        if (i == MSG_COUNT)
            return table_fail(t, "unknown message \"%s\"", t->t.field[0]);
        if (texts[i] != NULL)
            return table_fail(t, "%s stands here twice", t->t.field[0]);
        if (holders_check(t, t->t.field[1], message_rows[i].holders) < 0)
            return -1;
        texts[i] = t->t.field[1];
    }
    for (size_t i = 0; rc == 0 && i < MSG_COUNT; i++)
        if (texts[i] == NULL)
            return table_fail(t, "%s is missing", message_rows[i].key);
    return rc;
}

static int holder_fill(const struct message_arg *args, const char *name, size_t len,
                       struct buf *out)
{
    for (; args != NULL && args->name != NULL; args++)
        if (strlen(args->name) == len && memcmp(args->name, name, len) == 0)
            return buf_add(out, args->s, args->len);
    return 0; /* a placeholder that this use leaves empty */
}

int message_format(const struct model *m, enum model_lang lang, enum message msg,
                   const struct message_arg *args, struct buf *out)
{
    const char *at = m->messages.text[lang][msg];
    while (*at != '\0') {
        size_t len = (size_t)(strchrnul(at, '{') - at);
        if (len > 0 && buf_add(out, at, len) < 0)
            return -1;
        at += len;
        if (*at == '\0')
            break;
        len = (size_t)(strchrnul(at, '}') - at);
        if (holder_fill(args, at + 1, len - 1, out) < 0)
            return -1;
        at += len + 1;
        /* "... Inc." at the end of a sentence: its stop is the sentence's. */
        if (*at == '.' && out->len > 0 && out->data[out->len - 1] == '.')
            at++;
    }
    return 0;
}
