#include <spean/log.h>

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <spean/clock.h>
#include <spean/date.h>

#define LOG_LINE_MAX 2048
#define PRIORITY_PREFIX 3 /* <6> */

struct log {
    int fd;
    bool journal;
    log_sink *sink; /* of the journal, or NULL */
    _Atomic int level;
};

static const char *const level_words[] = {"error", "warn", "info", "debug"};
static const int level_priorities[] = {3, 4, 6, 7}; /* of syslog */

/* JOURNAL_STREAM names the device and inode of the journal's socket; a redirected descriptor is
 * another file. */
static bool fd_is_journal(int fd)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;

    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(fd, &st) == 0 &&
           (unsigned long long)st.st_dev == device && (unsigned long long)st.st_ino == inode;
}

struct log *log_new(int fd, enum log_level level)
{
    struct log *log = malloc(sizeof(*log));

    if (!log)
        return NULL;
    log->fd = fd;
    log->journal = fd_is_journal(fd);
    log->sink = NULL;
    atomic_init(&log->level, (int)level);
    return log;
}

void log_free(struct log *log)
{
    free(log);
}

void log_set_level(struct log *log, enum log_level level)
{
    if (log)
        atomic_store_explicit(&log->level, (int)level, memory_order_relaxed);
}

bool log_set_journal(struct log *log, log_sink *sink)
{
    if (log && log->journal)
        log->sink = sink;
    return log && log->journal;
}

int log_level_parse(const char *word, enum log_level *ret)
{
    for (int i = 0; i <= LOG_LEVEL_DEBUG; i++) {
        if (strcmp(word, level_words[i]) == 0) {
            *ret = (enum log_level)i;
            return 0;
        }
    }
    return -1;
}

static int prefix_format(const struct log *log, enum log_level level, const char *event, char *out,
                         size_t size)
{
    char stamp[STAMP_TEXT];

    if (log->journal)
        return snprintf(out, size, "<%d>%s", level_priorities[level], event);
    stamp_format(clock_wall_ms(), stamp);
    return snprintf(out, size, "%s %s %s", stamp, level_words[level], event);
}

bool log_wants(const struct log *log, enum log_level level)
{
    return log && (int)level <= atomic_load_explicit(&log->level, memory_order_relaxed);
}

void log_event(struct log *log, enum log_level level, const char *event, const char *fmt, ...)
{
    char line[LOG_LINE_MAX];
    size_t len;
    va_list ap;
    int n;

    if (!log_wants(log, level))
        return;
    n = prefix_format(log, level, event, line, sizeof(line));
    if (n < 0)
        return;
    len = (size_t)n < sizeof(line) - 1 ? (size_t)n : sizeof(line) - 1;
    if (fmt && *fmt && len < sizeof(line) - 2) {
        line[len++] = ' ';
        va_start(ap, fmt);
        n = vsnprintf(line + len, sizeof(line) - len, fmt, ap);
        va_end(ap);
        if (n > 0)
            len = (size_t)n < sizeof(line) - len ? len + (size_t)n : sizeof(line) - 1;
    }
    /* Whatever a caller let through, one event stays one line. */
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < ' ')
            line[i] = ' ';
    if (log->sink) {
        line[len] = '\0';
        if (log->sink(level_priorities[level], event, line + PRIORITY_PREFIX,
                      len - PRIORITY_PREFIX) == 0)
            return;
    }
    line[len] = '\n';
    while (write(log->fd, line, len + 1) < 0 && errno == EINTR)
        ;
}

const char *log_quote(char *out, size_t size, const char *text, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    size_t at = 0;

    if (size < 3) {
        if (size)
            out[0] = '\0';
        return out;
    }
    out[at++] = '"';
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        size_t need = c == '"' || c == '\\' ? 2 : c < ' ' || c >= 0x7f ? 4 : 1;

        if (at + need + 2 > size)
            break;
        if (need == 4) {
            out[at++] = '\\';
            out[at++] = 'x';
            out[at++] = hex[c >> 4];
            out[at++] = hex[c & 15];
            continue;
        }
        if (need == 2)
            out[at++] = '\\';
        out[at++] = (char)c;
    }
    out[at++] = '"';
    out[at] = '\0';
    return out;
}
