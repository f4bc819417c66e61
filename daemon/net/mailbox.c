#include "mailbox.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

int mailbox_init(struct mailbox *m)
{
    *m = (struct mailbox){.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    m->last = &m->first;
    if (m->fd < 0)
        return -1;
    if (pthread_mutex_init(&m->lock, NULL) != 0) {
        close(m->fd);
        return -1;
    }
    return 0;
}

void mailbox_done(struct mailbox *m)
{
    struct letter *l = mailbox_close(m);

    while (l != NULL) {
        struct letter *next = l->next;

        free(l);
        l = next;
    }
    pthread_mutex_destroy(&m->lock);
    close(m->fd);
}

/* Under the lock. Should it ever fail, the next letter tries again. */
static void mailbox_signal(struct mailbox *m)
{
    const uint64_t one = 1;

    while (!m->woken) {
        m->woken = write(m->fd, &one, sizeof one) == (ssize_t)sizeof one;
        if (!m->woken && errno != EINTR)
            break;
    }
}

void mailbox_wake(struct mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    if (!m->closed)
        mailbox_signal(m);
    pthread_mutex_unlock(&m->lock);
}

int mailbox_put(struct mailbox *m, const struct letter *letter)
{
    struct letter *copy = malloc(sizeof *copy);
    int ret = -1;

    if (copy == NULL)
        return -1;
    *copy = *letter;
    copy->next = NULL;
    pthread_mutex_lock(&m->lock);
    if (!m->closed && m->count < MAILBOX_MAX) {
        mailbox_signal(m);
        *m->last = copy;
        m->last = &copy->next;
        m->count++;
        ret = 0;
    }
    pthread_mutex_unlock(&m->lock);
    if (ret != 0)
        free(copy);
    return ret;
}

static struct letter *mailbox_empty(struct mailbox *m, bool close_it)
{
    struct letter *all;
    uint64_t count;

    pthread_mutex_lock(&m->lock);
    while (read(m->fd, &count, sizeof count) > 0 || errno == EINTR)
        ;
    m->woken = false;
    all = m->first;
    m->first = NULL;
    m->last = &m->first;
    m->count = 0;
    if (close_it)
        m->closed = true;
    pthread_mutex_unlock(&m->lock);
    return all;
}

struct letter *mailbox_take(struct mailbox *m)
{
    return mailbox_empty(m, false);
}

struct letter *mailbox_close(struct mailbox *m)
{
    return mailbox_empty(m, true);
}
