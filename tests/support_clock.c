#include "support_clock.h"

#include <time.h>

#include "../api/base.h"

static int64_t utc_off, boot_off;

static int64_t read_clock(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t utc_now(void)
{
    return read_clock(CLOCK_REALTIME) + utc_off;
}

static int64_t boot_now(void)
{
    return read_clock(CLOCK_BOOTTIME) + boot_off;
}

void clocks_set_off(int64_t utc_ms, int64_t boot_ms)
{
    utc_off = utc_ms;
    boot_off = boot_ms;
    clock_replace(utc_now, boot_now);
}

void clocks_put_on(int64_t utc_ms, int64_t boot_ms)
{
    clocks_set_off(utc_off + utc_ms, boot_off + boot_ms);
}

void clocks_set_right(void)
{
    utc_off = boot_off = 0;
    clock_replace(NULL, NULL);
}
