#ifndef SPEAN_NET_H
#define SPEAN_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct event_base;
struct evbuffer;
struct log;
struct tls;

/*
 * Connections and worker loops on libevent. Knows bytes and lines, nothing of methods or databases:
 * one set of callbacks up. Everything of a worker is touched by that worker's thread alone; other
 * threads talk to it through worker_post.
 */

struct net_limits {
    size_t line;           /* bytes of a line after authentication */
    size_t line_anonymous; /* before */
    size_t output;         /* bytes waiting to be read by a client when another answer comes, then
                              it is dropped; one answer alone may be of any size */
    size_t output_mark;    /* reading from it stops above this */
    size_t buffers;        /* bytes of all buffers of the daemon together */
    unsigned in_flight;    /* requests of a connection not answered yet */
    unsigned connections;  /* of the daemon */
    unsigned turn;         /* lines of one connection handled in one turn of the loop */
    uint64_t idle_ms;      /* without a request; subscribers exempt */
    uint64_t stall_ms;     /* without taking a byte of what waits for it */
    uint64_t anonymous_ms; /* without a whole line, before authentication */
    uint64_t dead_peer_ms; /* until TCP gives a silent peer up; 0: as the system does */
};

struct worker;
struct conn; /* opaque to other rooms: they keep ids */

/* A connection is named by a uint64_t of slot and generation; stale ids are simply not found; never
 * 0. */

struct conn_peer {
    bool local; /* unix socket: uid, gid and pid are the peer's (SO_PEERCRED) */
    uid_t uid;
    gid_t gid;
    pid_t pid;
    char address[64]; /* "127.0.0.1:5123", "[::1]:5123" or "unix" */
    uint8_t ip[16];   /* the same as a number, IPv4 as ::ffff:127.0.0.1; zeroed for unix */
    /* Whom its TLS certificate stands for (tls.h), and until when; NULL: nobody. The text is valid
     * during the call. */
    const char *principal;
    int role;
    int64_t until_ms;
};

/*
 * What the worker calls; ctx is worker_options.ctx. A callback may answer and close any connection,
 * its own too: nothing is freed, and `closed` is not called, before the loop's next turn. Empty
 * lines are passed over. After the client's end of input what is owed is still answered, then it is
 * closed (a subscriber too).
 */
struct worker_callbacks {
    /* A new connection. *ret_user is kept for it (conn_user). -1 refuses it. */
    int (*opened)(void *ctx, uint64_t conn, const struct conn_peer *peer, void **ret_user);
    /*
     * One line without its end, valid for the call only. The handler owes an answer for it unless
     * it calls worker_conn_done without one (notifications).
     */
    void (*line)(void *ctx, uint64_t conn, void *user, const char *line, size_t len);
    /* The line was over the limit: answer (worker_conn_send) within the callback what should be
     * said; earlier lines still get their answers, then it is closed. */
    void (*too_long)(void *ctx, uint64_t conn, void *user, size_t limit);
    /* A line begins like HTTP, LSP or TLS (frame_stranger): the same. */
    void (*stranger)(void *ctx, uint64_t conn, void *user, int what);
    /* Gone: user is to be freed; its id is not found any more. */
    void (*closed)(void *ctx, uint64_t conn, void *user);
    /* A message of worker_post, in this worker's thread. */
    void (*message)(void *ctx, int type, void *data);
};

struct worker_options {
    const struct net_limits *limits; /* copied */
    struct net_shared *shared;       /* budget and counters of all workers */
    struct log *log;
    const struct worker_callbacks *callbacks;
    void *ctx;
    int number; /* 0.. */
};

/* A libevent base with room for a thousand timers, so that setting one needs no memory. locks:
 * other threads call it, too. NULL on no memory. */
struct event_base *loop_new(bool locks);

/* Counters and budgets that all workers share (atomics). */
struct net_shared *net_shared_new(void);
void net_shared_free(struct net_shared *s);
unsigned net_shared_connections(const struct net_shared *s);
size_t net_shared_buffered(const struct net_shared *s);
struct net_counters {     /* since the start */
    uint64_t opened;      /* connections that were accepted and announced */
    uint64_t turned_away; /* those beyond the limit */
    uint64_t dropped;     /* those that did not take what they were sent, or held too much */
    uint64_t tls_done, tls_failed; /* handshakes */
};
struct net_counters net_shared_counters(const struct net_shared *s);

struct worker *worker_new(const struct worker_options *options);
void worker_free(struct worker *w); /* after its thread has been joined */
struct event_base *
worker_base(struct worker *w);      /* for timers and database sockets of this worker */
int worker_start(struct worker *w); /* makes the thread; 0 or -1 */
/* Waits for its end (worker_drain); one that never ran is ended here. `closed` of all connections
 * and all messages posted have been called after. */
void worker_join(struct worker *w);

/* From any thread. 0, or -1 on no memory or when the worker has ended (data stays the caller's). */
int worker_post(struct worker *w, int type, void *data);
/* Hands over an accepted socket; closes it on failure. From any thread. tls: it begins with a TLS
 * handshake, and `opened` is called after that; NULL: it does not. */
int worker_adopt(struct worker *w, int fd, bool local);
int worker_adopt_tls(struct worker *w, int fd, struct tls *tls);
/* After a reload: connections whose client certificate stands for somebody else now, or for nobody,
 * end once they have what they are owed. Any thread. */
void worker_set_tls(struct worker *w, struct tls *tls);
/* Stops reading new lines everywhere; ends when every answer owed is out, or at the deadline. Any
 * thread. */
void worker_drain(struct worker *w, uint64_t deadline_ms);
void worker_set_limits(struct worker *w, const struct net_limits *limits); /* any thread, copied */
/* Monotonic ms of the worker's last finished turn: what a watchdog looks at. Any thread. */
uint64_t worker_heartbeat(const struct worker *w);

/* The rest from the worker's own thread only. */

/* An answer of `len` bytes (the LF is added) that settles one line. Unknown ids are fine. */
void worker_conn_send(struct worker *w, uint64_t conn, const char *bytes, size_t len);
/* The same from parts, which follow each other. */
void worker_conn_sendv(struct worker *w, uint64_t conn, const struct iovec *parts, size_t count);
/* Bytes that settle nothing: notifications to a subscriber. */
void worker_conn_notify(struct worker *w, uint64_t conn, const char *bytes, size_t len);
/* A line is settled without an answer. */
void worker_conn_done(struct worker *w, uint64_t conn);
/* Closes after what waits is written. */
void worker_conn_close(struct worker *w, uint64_t conn);
/* Authenticated: the larger line limit holds from now on. */
void worker_conn_trust(struct worker *w, uint64_t conn, bool trusted);
void worker_conn_subscribe(struct worker *w, uint64_t conn,
                           bool on); /* exempt from the idle limit */
/* Bytes that wait for the client to read them; 0 if gone. */
size_t worker_conn_waiting(struct worker *w, uint64_t conn);
void *worker_conn_user(struct worker *w, uint64_t conn); /* NULL if gone */

/* Listeners: on the main thread's base; give accepted sockets to workers in turn. */
struct listener;
struct listener_options {
    struct event_base *base;
    struct worker **workers;
    size_t worker_count;
    struct net_shared *shared;
    unsigned max_connections;
    struct tls *tls; /* NULL: plain; the listener takes a reference */
    struct log *log;
};
/* fd: bound and listening (socket activation), owned from now on. NULL on failure. */
struct listener *listener_new_fd(const struct listener_options *o, int fd);
/* address "127.0.0.1:8551", "[::1]:8551"; numeric only. NULL with a message in err. */
struct listener *listener_new_tcp(const struct listener_options *o, const char *address, char *err,
                                  size_t errlen);
/* Whether an address has the form of listener_new_tcp, and does not leave the machine. 0 or -1. */
int net_address_check(const char *address, bool *ret_loopback);
/* mode: of the socket file; a dead socket in the way is replaced, a live one refused. */
struct listener *listener_new_unix(const struct listener_options *o, const char *path, mode_t mode,
                                   char *err, size_t errlen);
void listener_free(struct listener *l);      /* closes; a socket file that it made is removed */
int listener_port(const struct listener *l); /* TCP port bound, or 0 */
void listener_set_max(struct listener *l, unsigned max_connections);
/* For connections accepted from now on; a plain listener stays plain. */
void listener_set_tls(struct listener *l, struct tls *tls);
bool listener_is_tls(const struct listener *l);
/* Whether a listening socket is neither loopback nor unix: what it gets has crossed a network. */
bool net_socket_remote(int fd);
/* Accepts nobody until released; who connects meanwhile waits in the system's queue. */
void listener_hold(struct listener *l);
int listener_release(struct listener *l); /* 0 or -1 */
/* A bound, listening TCP socket for somebody else's server; -1 with a message. */
int net_listen_tcp(const char *address, char *err, size_t errlen);

#endif
