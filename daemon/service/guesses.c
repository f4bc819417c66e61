#include "guesses.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SETS 512 /* sources are in one of so many sets, each with a few places */
#define WAYS 8
#define GOOD 16 /* tokens remembered as right */

struct source {
    struct guess_source name;
    uint64_t heard_ms;           /* when it last tried; 0: the place is free */
    uint64_t wrong[GUESSES_MAX]; /* when; 0: not. A ring, of which the last `limit` count */
    unsigned next;               /* where the next one goes */
    uint64_t good[GOOD];         /* the first bytes of digests; 0: none */
    unsigned next_good;
};

struct guesses {
    pthread_mutex_t lock;
    uint64_t seed[2]; /* so that nobody outside can tell who shares a set with whom */
    unsigned limit;   /* 0: no limit */
    uint64_t window_ms;
    struct source sources[SETS][WAYS];
};

struct guesses *guesses_new(unsigned limit, uint64_t window_ms)
{
    struct guesses *g = calloc(1, sizeof *g);

    if (!g || getrandom(g->seed, sizeof g->seed, 0) != sizeof g->seed ||
        pthread_mutex_init(&g->lock, NULL) != 0) {
        free(g);
        return NULL;
    }
    guesses_set(g, limit, window_ms);
    return g;
}

void guesses_free(struct guesses *g)
{
    if (!g)
        return;
    pthread_mutex_destroy(&g->lock);
    free(g);
}

void guesses_set(struct guesses *g, unsigned limit, uint64_t window_ms)
{
    pthread_mutex_lock(&g->lock);
    g->limit = limit < GUESSES_MAX ? limit : GUESSES_MAX;
    g->window_ms = window_ms;
    pthread_mutex_unlock(&g->lock);
}

void guess_source_set(struct guess_source *ret, const struct conn_peer *peer)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    memset(ret, 0, sizeof *ret);
    if (peer->local) { /* ff00::/8 is nobody's address */
        ret->key[0] = 0xff;
        memcpy(ret->key + 1, &peer->uid, sizeof peer->uid);
    } else if (memcmp(peer->ip, mapped, sizeof mapped) == 0) {
        memcpy(ret->key, peer->ip, sizeof ret->key);
    } else {
        memcpy(ret->key, peer->ip, 8);
    }
}

void guess_source_format(const struct guess_source *source, char out[GUESS_SOURCE_TEXT])
{
    const uint8_t *k = source->key;
    uid_t uid;

    if (k[0] == 0xff) {
        memcpy(&uid, k + 1, sizeof uid);
        snprintf(out, GUESS_SOURCE_TEXT, "uid:%lu", (unsigned long)uid);
    } else if (k[10] == 0xff) {
        snprintf(out, GUESS_SOURCE_TEXT, "%u.%u.%u.%u", k[12], k[13], k[14], k[15]);
    } else {
        snprintf(out, GUESS_SOURCE_TEXT, "%02x%02x:%02x%02x:%02x%02x:%02x%02x::/64", k[0], k[1],
                 k[2], k[3], k[4], k[5], k[6], k[7]);
    }
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static struct source *set_of(struct guesses *g, const struct guess_source *name)
{
    uint64_t half[2];

    memcpy(half, name->key, sizeof half);
    return g->sources[mix(mix(half[0] ^ g->seed[0]) + (half[1] ^ g->seed[1])) % SETS];
}

static struct source *source_find(struct guesses *g, const struct guess_source *name)
{
    struct source *set = set_of(g, name);

    for (size_t i = 0; i < WAYS; i++)
        if (set[i].heard_ms && memcmp(&set[i].name, name, sizeof *name) == 0)
            return &set[i];
    return NULL;
}

/* The source's place, which may have been another's. */
static struct source *source_get(struct guesses *g, const struct guess_source *name,
                                 uint64_t now_ms)
{
    struct source *s = source_find(g, name), *set = set_of(g, name);

    if (!s) {
        s = &set[0];
        for (size_t i = 1; i < WAYS; i++)
            if (set[i].heard_ms < s->heard_ms)
                s = &set[i];
        memset(s, 0, sizeof *s);
        s->name = *name;
    }
    s->heard_ms = now_ms ? now_ms : 1;
    return s;
}

/* The place of the wrong try that was made `back` tries ago, 1 the last. */
static uint64_t *wrong_at(struct source *s, unsigned back)
{
    return &s->wrong[(s->next + GUESSES_MAX - back) % GUESSES_MAX];
}

/* All that are allowed were made within the window. */
static bool source_full(const struct guesses *g, struct source *s, uint64_t now_ms)
{
    uint64_t first;

    if (g->limit == 0)
        return false;
    first = *wrong_at(s, g->limit);
    return first != 0 && now_ms - first < g->window_ms;
}

static uint64_t digest_head(const uint8_t *digest)
{
    uint64_t head;

    memcpy(&head, digest, sizeof head);
    return head ? head : 1;
}

static uint64_t *good_find(struct source *s, const uint8_t *digest)
{
    uint64_t head = digest_head(digest);

    for (size_t i = 0; i < GOOD; i++)
        if (s->good[i] == head)
            return &s->good[i];
    return NULL;
}

bool guesses_blocked(struct guesses *g, const struct guess_source *source, const uint8_t *digest,
                     uint64_t now_ms)
{
    struct source *s;
    bool blocked;

    if (!g)
        return false;
    pthread_mutex_lock(&g->lock);
    s = source_find(g, source);
    blocked = s && source_full(g, s, now_ms) && !(digest && good_find(s, digest));
    pthread_mutex_unlock(&g->lock);
    return blocked;
}

bool guesses_wrong(struct guesses *g, const struct guess_source *source, const uint8_t *digest,
                   uint64_t now_ms)
{
    uint64_t *good;
    struct source *s;
    bool before, full;

    if (!g)
        return false;
    pthread_mutex_lock(&g->lock);
    s = source_get(g, source, now_ms);
    before = source_full(g, s, now_ms);
    s->wrong[s->next] = now_ms ? now_ms : 1;
    s->next = (s->next + 1) % GUESSES_MAX;
    good = digest ? good_find(s, digest) : NULL;
    if (good) /* no longer */
        *good = 0;
    full = source_full(g, s, now_ms);
    pthread_mutex_unlock(&g->lock);
    return full && !before;
}

void guesses_right(struct guesses *g, const struct guess_source *source,
                   const uint8_t digest[DIGEST_BYTES], bool forgive, uint64_t now_ms)
{
    struct source *s;

    if (!g)
        return;
    pthread_mutex_lock(&g->lock);
    s = source_get(g, source, now_ms);
    if (!good_find(s, digest)) {
        s->good[s->next_good] = digest_head(digest);
        s->next_good = (s->next_good + 1) % GOOD;
    }
    if (forgive && *wrong_at(s, 1) != 0) { /* which of the tries it was does not matter */
        *wrong_at(s, 1) = 0;
        s->next = (s->next + GUESSES_MAX - 1) % GUESSES_MAX;
    }
    pthread_mutex_unlock(&g->lock);
}
