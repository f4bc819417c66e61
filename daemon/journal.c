#include "journal.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#define KEY_MAX 48

static void entry_add(struct journal_entry *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* What does not fit is left out whole: it stands in MESSAGE. */
static void entry_add(struct journal_entry *e, const char *fmt, ...)
{
    size_t room = JOURNAL_TEXT - e->used;
    va_list ap;
    int n;

    if (e->count == JOURNAL_FIELDS)
        return;
    va_start(ap, fmt);
    n = vsnprintf(e->text + e->used, room, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= room)
        return;
    e->at[e->count] = e->used;
    e->len[e->count++] = (size_t)n;
    e->used += (size_t)n;
}

/* Bytes of the value that begins here, and where the text of it is; escapes stay as they are. */
static size_t value_scan(const char *value, const char **ret_text, size_t *ret_len)
{
    size_t n = 1;

    if (value[0] != '"') {
        *ret_text = value;
        *ret_len = strcspn(value, " ");
        return *ret_len;
    }
    while (value[n] != '\0' && value[n] != '"')
        n += value[n] == '\\' && value[n + 1] != '\0' ? 2 : 1;
    *ret_text = value + 1;
    *ret_len = n - 1;
    return value[n] == '"' ? n + 1 : n;
}

/* key=value becomes SPEAN_KEY; what is not of this form is passed over. */
static const char *entry_add_pair(struct journal_entry *e, const char *at)
{
    size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789_");
    char key[KEY_MAX];
    const char *text;
    size_t whole, value;

    if (len == 0 || len >= sizeof key || at[len] != '=')
        return at + strcspn(at, " ");
    for (size_t i = 0; i < len; i++)
        key[i] = at[i] >= 'a' && at[i] <= 'z' ? (char)(at[i] - 'a' + 'A') : at[i];
    key[len] = '\0';
    whole = value_scan(at + len + 1, &text, &value);
    entry_add(e, "SPEAN_%s=%.*s", key, (int)value, text);
    return at + len + 1 + whole;
}

void journal_entry_make(struct journal_entry *e, int priority, const char *event, const char *line,
                        size_t len)
{
    const char *at = line + strcspn(line, " ");

    e->count = e->used = 0;
    entry_add(e, "MESSAGE=%.*s", (int)len, line);
    entry_add(e, "PRIORITY=%d", priority);
    entry_add(e, "SYSLOG_IDENTIFIER=speand");
    entry_add(e, "SPEAN_EVENT=%s", event);
    while (*at != '\0')
        at = *at == ' ' ? at + 1 : entry_add_pair(e, at);
}

int journal_send(int priority, const char *event, const char *line, size_t len)
{
    struct iovec fields[JOURNAL_FIELDS];
    struct journal_entry e;

    journal_entry_make(&e, priority, event, line, len);
    for (size_t i = 0; i < e.count; i++)
        fields[i] = (struct iovec){.iov_base = e.text + e.at[i], .iov_len = e.len[i]};
    return sd_journal_sendv(fields, (int)e.count) < 0 ? -1 : 0;
}
