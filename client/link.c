#include "link.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <spean/buf.h>
#include <spean/clock.h>
#include <spean/frame.h>
#include <spean/json_writer.h>

#include "address.h"
#include "answer.h"
#include "link_open.h"
#include "secure.h"

/* A daemon caps its output a connection far below these; a hostile one stops here. */
#define ANSWER_LINE_MAX (16 * 1024 * 1024)
#define READ_CHUNK (64 * 1024)

struct slot {
    int64_t number;  /* 0: free */
    json_t *message; /* the answer once it came */
};

struct link {
    int fd;
    struct secure *secure; /* of a tls: address, or NULL */
    uint64_t timeout_ms;
    const volatile sig_atomic_t *stop;
    struct buf in;
    size_t start; /* where the present line begins in `in` */
    struct frame frame;
    int64_t last; /* number of the last call */
    struct slot slots[LINK_PIPELINE_MAX];
    bool event;
    bool lost;
    char error[256];
};

static int link_lose(struct link *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int link_lose(struct link *l, const char *fmt, ...)
{
    va_list args;

    if (!l->lost) {
        va_start(args, fmt);
        vsnprintf(l->error, sizeof(l->error), fmt, args);
        va_end(args);
    }
    l->lost = true;
    return -1;
}

static int link_lose_errno(struct link *l)
{
    if (l->secure && secure_problem(l->secure))
        return link_lose(l, "the connection broke: %s", secure_problem(l->secure));
    if (errno == EINTR)
        return link_lose(l, "interrupted");
    return link_lose(l, "the connection broke: %s", strerror(errno));
}

struct link *link_open(const struct address *where, uint64_t timeout_ms,
                       const volatile sig_atomic_t *stop, char *err, size_t errlen)
{
    struct link *l = calloc(1, sizeof(*l));
    uint64_t deadline;

    if (!l) {
        snprintf(err, errlen, "no memory");
        return NULL;
    }
    l->timeout_ms = timeout_ms;
    l->stop = stop;
    buf_init(&l->in, ANSWER_LINE_MAX + 2 * READ_CHUNK);
    frame_init(&l->frame, ANSWER_LINE_MAX);
    deadline = clock_mono_ms() + timeout_ms;
    l->fd = socket_connect(where, deadline, stop, err, errlen);
    if (l->fd >= 0 && where->kind == ADDRESS_TLS)
        l->secure = secure_open(l->fd, where, deadline, stop, err, errlen);
    if (l->fd < 0 || (where->kind == ADDRESS_TLS && !l->secure)) {
        link_close(l);
        return NULL;
    }
    return l;
}

void link_close(struct link *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < LINK_PIPELINE_MAX; i++)
        json_decref(l->slots[i].message);
    buf_done(&l->in);
    secure_close(l->secure);
    if (l->fd >= 0)
        close(l->fd);
    free(l);
}

const char *link_error(const struct link *l)
{
    return l->error;
}

static struct slot *link_slot(struct link *l, int64_t number)
{
    for (size_t i = 0; i < LINK_PIPELINE_MAX; i++)
        if (l->slots[i].number == number)
            return &l->slots[i];
    return NULL;
}

/* One line from the daemon: an answer goes to its slot, a wake-up is noted. */
static int link_line(struct link *l, const char *line, size_t len)
{
    struct message m;
    struct slot *slot;

    if (message_parse(line, len, &m) < 0)
        return link_lose(l, "the server sent something that is no answer");
    switch (m.kind) {
    case MESSAGE_NOTIFICATION:
        l->event = true;
        json_decref(m.root);
        return 0;
    case MESSAGE_GENERAL_ERROR:
        link_lose(l, "the server refused the connection: %.180s", m.text);
        json_decref(m.root);
        return -1;
    case MESSAGE_ANSWER:
        break;
    }
    slot = link_slot(l, m.number);
    if (!slot || slot->message) {
        json_decref(m.root);
        return link_lose(l, "the server answered what was not asked");
    }
    slot->message = m.root;
    return 0;
}

/* Takes every whole line out of `in`. */
static int link_lines(struct link *l)
{
    size_t len;

    for (;;) {
        size_t from = l->start + l->frame.seen;
        const char *line = l->in.data + l->start;

        switch (frame_scan(&l->frame, l->in.data + from, l->in.len - from, &len)) {
        case FRAME_TOO_LONG:
            return link_lose(l, "the server sent a line that is too long");
        case FRAME_MORE:
            /* What was taken makes room, seldom enough to cost nothing. */
            if (l->start > 0 && (l->start == l->in.len || l->start >= READ_CHUNK)) {
                memmove(l->in.data, l->in.data + l->start, l->in.len - l->start);
                l->in.len -= l->start;
                l->start = 0;
            }
            return 0;
        case FRAME_LINE:
            l->start += len + 1;
            if (link_line(l, line, frame_trim(line, len)) < 0)
                return -1;
        }
    }
}

/* Reads what is there, once. 0 or -1 (lost). */
static int link_read(struct link *l)
{
    char *room = buf_reserve(&l->in, READ_CHUNK);
    ssize_t n;

    if (!room)
        return link_lose(l, "no memory for the answer");
    n = l->secure ? secure_recv(l->secure, room, READ_CHUNK) : recv(l->fd, room, READ_CHUNK, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n < 0)
        return link_lose_errno(l);
    if (n == 0)
        return link_lose(l, "the server closed the connection");
    l->in.len += (size_t)n;
    return link_lines(l);
}

/* Waits until there is something to read (or, if writing, room); reads it. 1 when the deadline
 * passed, 0, or -1 (lost). */
static int link_turn(struct link *l, bool writing, uint64_t deadline_ms)
{
    int seen = socket_wait(l->fd, writing ? POLLIN | POLLOUT : POLLIN, deadline_ms, l->stop);

    if (seen < 0)
        return link_lose_errno(l);
    if (seen == 0)
        return 1;
    return seen & ~POLLOUT ? link_read(l) : 0;
}

static int link_write(struct link *l, const char *data, size_t len)
{
    uint64_t deadline = clock_mono_ms() + l->timeout_ms;

    while (len > 0) {
        ssize_t n =
            l->secure ? secure_send(l->secure, data, len) : send(l->fd, data, len, MSG_NOSIGNAL);

        if (n > 0) {
            data += n;
            len -= (size_t)n;
            deadline = clock_mono_ms() + l->timeout_ms;
            continue;
        }
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            int failed = errno;

            /* The daemon may have said why before it closed. */
            while (!l->lost && clock_mono_ms() < deadline &&
                   link_turn(l, false, clock_mono_ms()) == 0)
                ;
            errno = failed;
            return link_lose_errno(l);
        }
        if (link_turn(l, true, deadline) < 0)
            return -1;
        if (clock_mono_ms() >= deadline) /* also when it talks all the time */
            return link_lose(l, "the server took nothing in time");
    }
    return 0;
}

static int link_compose(struct buf *line, int64_t number, const char *method, const json_t *params)
{
    struct json_writer w;

    jw_init(&w, line);
    jw_object(&w);
    jw_key_text(&w, "jsonrpc", "2.0");
    jw_key_int(&w, "id", number);
    jw_key_text(&w, "method", method);
    if (params) {
        jw_key(&w, "params");
        jw_json(&w, params);
    }
    jw_object_end(&w);
    buf_addc(line, '\n');
    return line->failed ? -1 : 0;
}

int link_send(struct link *l, const char *method, const json_t *params, int64_t *ret_number)
{
    struct slot *slot = link_slot(l, 0);
    int64_t number = l->last + 1;
    struct buf line;
    int r;

    if (l->lost)
        return -2;
    if (!slot) {
        snprintf(l->error, sizeof(l->error), "too many calls under way");
        return -1;
    }
    buf_init(&line, LINK_LINE_MAX + 1);
    if (link_compose(&line, number, method, params) < 0) {
        snprintf(l->error, sizeof(l->error), "the request is over %d bytes", LINK_LINE_MAX);
        r = -1;
    } else {
        l->last = number;
        slot->number = number;
        r = link_write(l, line.data, line.len) < 0 ? -2 : 0;
    }
    buf_done(&line);
    if (r == 0)
        *ret_number = number;
    return r;
}

/* The slot asked for, if its answer has come; number 0: any that has. */
static struct slot *link_ready(struct link *l, int64_t number)
{
    for (size_t i = 0; i < LINK_PIPELINE_MAX; i++)
        if (l->slots[i].message && (number == 0 || l->slots[i].number == number))
            return &l->slots[i];
    return NULL;
}

static int64_t link_collect_lost(struct link *l, struct answer *ret)
{
    *ret = (struct answer){.kind = ANSWER_LOST};
    snprintf(ret->message, sizeof(ret->message), "%s", l->error);
    return -1;
}

int64_t link_collect(struct link *l, int64_t number, uint64_t timeout_ms, struct answer *ret)
{
    uint64_t deadline = clock_mono_ms() + timeout_ms;
    struct slot *slot;
    int64_t got;

    while (!(slot = link_ready(l, number))) {
        if (l->lost)
            return link_collect_lost(l, ret);
        /* What comes may be no answer to anything, and more of it for ever. */
        if (link_turn(l, false, deadline) == 1 ||
            (clock_mono_ms() >= deadline && !link_ready(l, number)))
            link_lose(l, "no answer in time");
    }
    answer_take(ret, slot->message);
    got = slot->number;
    *slot = (struct slot){0};
    return got;
}

void link_call(struct link *l, const char *method, const json_t *params, uint64_t timeout_ms,
               struct answer *ret)
{
    int64_t number;
    int r = link_send(l, method, params, &number);

    if (r == 0)
        link_collect(l, number, timeout_ms, ret);
    else
        link_collect_lost(l, ret);
}

int link_wait_event(struct link *l, uint64_t timeout_ms)
{
    uint64_t deadline = clock_mono_ms() + timeout_ms;
    int r = 0;

    while (!l->event && !l->lost && r == 0)
        r = link_turn(l, false, deadline);
    if (l->lost)
        return -1;
    r = l->event;
    l->event = false;
    return r;
}
