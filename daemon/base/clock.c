#include <spean/clock.h>

#include <time.h>

/* clock_gettime can't fail for these two clocks. */
static int64_t clock_read_ms(clockid_t id)
{
    struct timespec ts = {0};

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

uint64_t clock_mono_ms(void)
{
    return (uint64_t)clock_read_ms(CLOCK_MONOTONIC);
}

uint64_t clock_mono_us(void)
{
    struct timespec ts = {0};

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
    return clock_read_ms(CLOCK_REALTIME);
}

int32_t clock_today(void)
{
    int64_t ms = clock_wall_ms();
    int64_t day = ms / 86400000;

    if (ms % 86400000 < 0)
        day--;
    return (int32_t)day;
}
