#ifndef SPEAN_NET_CONN_H
#define SPEAN_NET_CONN_H

#include <spean/frame.h>
#include <spean/net.h>
#include <sys/queue.h>

struct event;
struct evbuffer;
struct ssl_st;

/*
 * A connection: bytes in, lines up, bytes out. It is touched by its worker's thread alone. Nothing
 * here frees a connection inside a callback: conn_drop makes it dead and the worker's next turn
 * buries it, so a handler may answer, close or overflow its own connection while it holds the line.
 */
enum conn_state {
    CONN_OPEN,      /* lines are read and handed up */
    CONN_FINISHING, /* input is thrown away; what is owed and what waits still goes out */
    CONN_LINGERING, /* all is out and our side is shut; waits for the other side to read it */
    CONN_DEAD       /* socket closed; to be freed by the next turn */
};

enum conn_tls { /* how far TLS is; without, only the first */
                CONN_TLS_NONE,
                CONN_TLS_FRESH,   /* not a byte has been looked at */
                CONN_TLS_SHAKING, /* in the handshake: nothing else is read or written */
                CONN_TLS_OPEN
};

struct conn {
    struct worker *worker;
    uint64_t id;
    void *user;
    int fd;
    enum conn_state state;
    bool announced;  /* `opened` was called and accepted it: `closed` is owed */
    bool counted;    /* in net_shared.connections (else in refused) */
    bool eof;        /* the client will send no more */
    bool more;       /* the input may hold a whole line that was not handed up yet */
    bool busy;       /* inside a callback about this connection */
    bool queued;     /* on the worker's todo list */
    bool reading;    /* event_read is added */
    bool writing;    /* event_write is added */
    bool closing;    /* worker_conn_close: what is owed will not come */
    bool curt;       /* no lingering: nothing was said that could get lost */
    bool trusted;    /* authenticated: the larger line limit */
    bool subscribed; /* exempt from the idle limit */
    bool cut;        /* TLS: the end of input was not said, so the last line may not be whole */
    bool ssl_write;  /* TLS: to go on reading it has to write */
    enum conn_tls tls_stage;
    struct ssl_st *ssl; /* NULL: plain */
    struct tls *tls;    /* of ssl; a reference */
    struct frame frame;
    struct evbuffer *in, *out;
    struct event *event_read, *event_write;
    unsigned in_flight;   /* lines handed up and not settled */
    uint64_t lines;       /* handed up so far */
    uint64_t active_ms;   /* when it was opened, later when the last line came or was answered */
    uint64_t taken_ms;    /* when the client last took a byte, or when something began to wait */
    uint64_t deadline_ms; /* of finishing, of lingering */
    size_t accounted;     /* what net_shared.buffered holds of it */
    TAILQ_ENTRY(conn) todo;
};

#define CONN_READ 16384      /* bytes read at once */
#define CONN_READ_LONG 65536 /* the same in the middle of a long line */
#define CONN_SMALL 16384     /* buffers that are never in the way of the budget */
#define CONN_FINISH_MS 45000 /* longer than any request may take */
#define CONN_LINGER_MS 2000  /* for the client to read the last words */
#define CONN_PART_MS 200     /* the same when the daemon stops, and others wait for the next one */

/* Takes the socket over, or closes it on failure. counted: see the member. NULL: no connection. */
struct conn *conn_new(struct worker *w, int fd, bool counted);
/* Its part of a turn of the loop: writes, hands up lines, or frees it when it is dead. */
void conn_turn(struct conn *c);
/* The bytes of all parts and an LF; settle: one line is answered by them. */
void conn_send(struct conn *c, const struct iovec *parts, size_t count, bool settle);
/* A line is settled (with or without an answer). */
void conn_settle(struct conn *c);
/* No more lines; closes when what is owed (unless `closing` is set) and what waits is out. */
void conn_finish(struct conn *c);
/* The daemon stops: like conn_finish, and one that is owed nothing is not waited for. */
void conn_retire(struct conn *c);
/* Closes at once, whatever waits. */
void conn_drop(struct conn *c);
/* Looks at its deadlines. */
void conn_tick(struct conn *c, uint64_t now_ms);
/* Applies changed limits, or a changed state of trust. */
void conn_relimit(struct conn *c);
/* Bytes are counted into the daemon's budget. */
void conn_account(struct conn *c);
void conn_free(struct conn *c);

/* ---- conn_open.c ---- */

/* Takes an accepted socket over, whatever comes of it, and calls `opened`. */
void conn_open(struct worker *w, int fd, bool local, struct tls *tls);
/* A connection beyond the limit: is told so, lingers, is never announced. */
void conn_refuse(struct worker *w, int fd, struct tls *tls);
/* Calls `opened`, and refuses the connection when it says so. */
void conn_announce(struct conn *c, const struct conn_peer *peer);
/* The address of a TCP peer; 0 or -1. */
int conn_peer_address(int fd, struct conn_peer *ret);

/* ---- conn_tls.c: OpenSSL on the connection's own socket ---- */

/* It begins with a handshake; 0 or -1 (no memory). */
int conn_tls_begin(struct conn *c, struct tls *tls);
static inline bool conn_tls_shaking(const struct conn *c)
{
    return c->tls_stage == CONN_TLS_FRESH || c->tls_stage == CONN_TLS_SHAKING;
}
/* A step of the handshake; at its end the connection is announced. */
void conn_tls_shake(struct conn *c);
/* Like recv(2): bytes, 0 at the end of input, -1 with errno. */
ssize_t conn_tls_recv(struct conn *c, void *bytes, size_t size);
/* Writes what it can of `out`: like evbuffer_write. */
int conn_tls_send(struct conn *c);
/* Says that nothing more will come. */
void conn_tls_bye(struct conn *c);
void conn_tls_free(struct conn *c);
/* The TLS of the listeners was reloaded. */
void conn_tls_review(struct conn *c, struct tls *tls);

/* ---- conn_input.c ---- */

/* True if nothing more is taken from the client for now. */
bool conn_full(const struct conn *c);
void conn_on_readable(int fd, short what, void *arg);
/* Hands up as many lines as a turn allows. */
void conn_lines(struct conn *c);

/* ---- conn_review: the one function that decides about events and the next state ---- */
void conn_review(struct conn *c);
void conn_flush(struct conn *c);

#endif
