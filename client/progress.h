#ifndef SPEAN_CLIENT_PROGRESS_H
#define SPEAN_CLIENT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A line on a terminal that says how far long work has come; silent anywhere else. */
struct progress {
    FILE *f;          /* NULL: silent */
    const char *what; /* "importing": borrowed */
    uint64_t total;   /* 0: unknown */
    uint64_t started_ms;
    uint64_t shown_ms;
    bool shown;
};

void progress_start(struct progress *p, FILE *f, bool terminal, const char *what, uint64_t total);
/* Draws at most ten times a second. */
void progress_update(struct progress *p, uint64_t done, const char *unit);
/* Clears the line; call it before any message too. */
void progress_clear(struct progress *p);

#endif
