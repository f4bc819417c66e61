#ifndef SPEAN_NET_MAILBOX_H
#define SPEAN_NET_MAILBOX_H

#include <pthread.h>
#include <spean/net.h>

/*
 * How other threads talk to a worker: a list under a mutex, and an eventfd that wakes the loop.
 * The only lock of the room, and never held during a callback.
 */

enum letter_kind {
    LETTER_POST,   /* type, data: for the worker's owner */
    LETTER_ADOPT,  /* fd: an accepted socket */
    LETTER_REFUSE, /* fd: an accepted socket; tell it that there is no place */
    LETTER_LIMITS, /* limits */
    LETTER_TLS     /* tls: the reloaded one */
};

struct letter {
    struct letter *next;
    enum letter_kind kind;
    int type;
    void *data;
    int fd;
    bool local;
    struct tls *tls; /* a reference, or NULL */
    struct net_limits limits;
};

struct mailbox {
    pthread_mutex_t lock;
    struct letter *first, **last;
    size_t count;
    bool closed;
    bool woken; /* the eventfd has been written since it was read */
    int fd;     /* eventfd, non-blocking */
};

#define MAILBOX_MAX 65536 /* letters waiting */

int mailbox_init(struct mailbox *m); /* 0 or -1 */
void mailbox_done(struct mailbox *m);
/* Any thread. A copy of the letter is kept. 0, or -1: closed, full or no memory. */
int mailbox_put(struct mailbox *m, const struct letter *letter);
/* Any thread. Wakes the reader without a letter; needs no memory. */
void mailbox_wake(struct mailbox *m);
/* The reader's: all letters in order (a list to free one by one), or NULL. */
struct letter *mailbox_take(struct mailbox *m);
/* The same, and from now on nothing is accepted. */
struct letter *mailbox_close(struct mailbox *m);

#endif
