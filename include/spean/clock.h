#ifndef SPEAN_CLOCK_H
#define SPEAN_CLOCK_H

#include <stdint.h>

/* Milliseconds on the monotonic clock: for deadlines and durations, never for dates. */
uint64_t clock_mono_ms(void);
/* The same in microseconds. */
uint64_t clock_mono_us(void);
/* Milliseconds since 1970-01-01 UTC. */
int64_t clock_wall_ms(void);
/* Days since 1970-01-01 UTC, today. */
int32_t clock_today(void);

#endif
